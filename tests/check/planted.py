"""Functions as users write them, wrong on purpose: the plain loops behind ``gradients``, ``step``.

Nothing here is taken from the diagnosis but the form in which trials are handed to it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np

from bptui.check.judging import WRONG, Finding, findings_of
from bptui.check.search import diagnose
from bptui.check.slips import Cause, Slip
from bptui.check.trials import Case, FunctionName, Trial
from bptui.core.experiment import Experiment

from ..core.reference import (
    FUNCTIONS,
    LOSSES,
    Array,
    PlainRun,
    jacobian,
    sample_loss_gradient,
)

Numbers = dict[str, Array]
Bend = Callable[[Numbers, Case, int], Numbers]
"""Changes what a call would have given: (numbers, case, call) -> numbers."""


@dataclass
class Code:
    """Code with ``mistakes`` in it, written for an experiment with ``settings`` put otherwise."""

    mistakes: tuple[str, ...] = ()
    settings: Mapping[str, object] | None = None
    activations: tuple[str, ...] | None = None
    bend: Bend | None = None

    def experiment(self, case: Case) -> Experiment:
        made = case.experiment
        training = replace(made.training, mistakes=self.mistakes, **dict(self.settings or {}))
        network = made.network
        if self.activations is not None:
            network = replace(network, activations=self.activations)
        return replace(made, training=training, network=network)

    def trial(self, case: Case, function: FunctionName) -> Trial:
        """The calls of one case in one life, each with the parameters of its right step."""
        return self.both(case)[function]

    def both(self, case: Case) -> dict[FunctionName, Trial]:
        """What both functions give; raises ValueError where shapes do not fit."""
        plain, names = PlainRun(self.experiment(case)), case.experiment.network.names
        gradients: list[Numbers] = []
        after: list[Numbers] = []
        for call, snapshot in enumerate(case.right):
            start = snapshot.parameters
            plain.weights = [each.copy() for each in start.weights]
            plain.biases = None if start.biases is None else [each.copy() for each in start.biases]
            loss, of_weights, of_biases = plain.play()
            made: Numbers = {"loss": np.array([[loss]])}
            moved: Numbers = {}
            for layer, each in enumerate(of_weights, 1):
                made[names.weight_gradient(layer)] = each
                moved[names.weights(layer)] = plain.weights[layer - 1].copy()
            for layer, each in enumerate(of_biases, 1):
                made[names.bias_gradient(layer)] = each
                moved[names.bias(layer)] = (plain.biases or [])[layer - 1].copy()
            bend = self.bend or (lambda numbers, case, call: numbers)
            gradients.append(bend(made, case, call))
            after.append(bend(moved, case, call))
        return {
            "gradients": Trial(case, "gradients", tuple(gradients)),
            "step": Trial(case, "step", tuple(after)),
        }

    def trials(self, cases: Sequence[Case], function: FunctionName) -> list[Trial]:
        """Those cases in which the code can run at all."""
        made = []
        for case in cases:
            try:
                made.append(self.trial(case, function))
            except ValueError:  # it back-propagates through a matrix that is not square
                continue
        return made


class Diagnosis(NamedTuple):
    """What is found in trials: a verdict on each quantity, and what explains what is wrong."""

    findings: tuple[Finding, ...]
    causes: tuple[Cause, ...]

    @property
    def right(self) -> bool:
        return not any(each.verdict in WRONG for each in self.findings)

    @property
    def first_wrong(self) -> Finding | None:
        return next((each for each in self.findings if each.verdict == "wrong"), None)


def diagnosed(trials: Sequence[Trial]) -> Diagnosis:
    findings = findings_of(trials)
    return Diagnosis(findings, diagnose(trials, findings))


def cause_of(*names: str) -> Cause:
    """The cause with these names."""
    return Cause(tuple(map(Slip, names)))


def only(names: Sequence[str]) -> Bend:
    """Code that returns these quantities and no others."""

    def bend(numbers: Numbers, case: Case, call: int) -> Numbers:
        return {name: each for name, each in numbers.items() if name in names}

    return bend


def scaled(factor: Callable[[Case], float], names: Sequence[str] = ()) -> Bend:
    """Code whose results, or those named, are a constant times what they should be."""

    def bend(numbers: Numbers, case: Case, call: int) -> Numbers:
        right = case.right[call]
        before: Numbers = {}
        for layer, each in enumerate(right.parameters.weights, 1):
            before[f"W{layer}"] = each
        for layer, each in enumerate(right.parameters.biases or (), 1):
            before[f"b{layer}"] = each
        made = {}
        for name, each in numbers.items():
            if name == "loss" or (names and name not in names):
                made[name] = each
            elif name in before:
                made[name] = before[name] + factor(case) * (each - before[name])
            else:
                made[name] = factor(case) * each
        return made

    return bend


def in_full(case: Case, call: int, dtype: type = np.float64) -> Numbers:
    """Every quantity of one call as it should be, computed in ``dtype`` sample by sample."""
    experiment, start = case.experiment, case.right[call].parameters
    names, depth, training = experiment.network.names, experiment.network.depth, experiment.training
    weights = [each.astype(dtype) for each in start.weights]
    biases = [each.astype(dtype) for each in start.biases or ()]
    x, t = experiment.data.inputs.astype(dtype), experiment.data.targets.astype(dtype)
    kinds = experiment.network.activations
    share = 1.0 / len(x) if training.reduction == "mean" else 1.0
    rows: dict[str, list[Array]] = {}

    def add(name: str, row: Array) -> None:
        rows.setdefault(name, []).append(row)

    loss = 0.0
    for sample, target in zip(x, t, strict=True):
        outs, nets = [sample], []
        for layer in range(depth):
            net = outs[-1] @ weights[layer]
            nets.append(net + biases[layer] if biases else net)
            outs.append(FUNCTIONS[kinds[layer]](nets[-1]))
            add(names.net(layer + 1), nets[-1])
            add(names.out(layer + 1), outs[-1])
        loss += share * float(LOSSES[training.loss](outs[-1], target))
        back = dtype(share) * sample_loss_gradient(training.loss, outs[-1], target)
        for layer in reversed(range(depth)):
            delta = jacobian(kinds[layer], nets[layer]).astype(dtype) @ back
            add(names.delta(layer + 1), delta)
            add(names.weight_gradient(layer + 1), np.outer(outs[layer], delta))
            add(names.bias_gradient(layer + 1), delta)
            back = weights[layer] @ delta
    made = {name: np.array(each) for name, each in rows.items()}
    for layer in range(1, depth + 1):
        w, g = weights[layer - 1], names.weight_gradient(layer)
        made[g] = made[g].sum(axis=0) + dtype(2.0 * training.l2) * w
        made[names.bias_gradient(layer)] = made[names.bias_gradient(layer)].sum(axis=0)
        if not biases:
            del made[names.bias_gradient(layer)]
        loss += training.l2 * float(np.sum(w * w))
    return made | {"loss": np.array([[loss]], dtype=dtype)}


def right_trials(
    cases: Sequence[Case],
    function: FunctionName,
    dtype: type = np.float64,
    precision: float = 1e-9,
    bend: Bend | None = None,
) -> list[Trial]:
    """Right code that gives everything, in ``dtype``; ``bend`` changes what it gives."""
    trials = []
    for case in cases:
        observed = []
        for call, snapshot in enumerate(case.right):
            numbers, names = in_full(case, call, dtype), case.experiment.network.names
            if function == "step":
                rate, start = dtype(case.experiment.training.learning_rate), snapshot.parameters
                after: Numbers = {}
                for layer, each in enumerate(start.weights, 1):
                    gradient = numbers[names.weight_gradient(layer)]
                    after[names.weights(layer)] = each.astype(dtype) - rate * gradient
                for layer, each in enumerate(start.biases or (), 1):
                    gradient = numbers[names.bias_gradient(layer)]
                    after[names.bias(layer)] = each.astype(dtype) - rate * gradient
                numbers = after
            if bend is not None:
                numbers = bend(numbers, case, call)
            observed.append({name: each.astype(np.float64) for name, each in numbers.items()})
        trials.append(Trial(case, function, tuple(observed), precision))
    return trials
