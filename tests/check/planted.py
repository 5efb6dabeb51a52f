"""Functions as users write them, right or wrong on purpose, in plain loops.

Nothing here is taken from the diagnosis but the form in which trials are handed to it.
"""

from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np

from bptui.check.comparing import is_result
from bptui.check.judging import Finding, findings_of
from bptui.check.search import diagnose
from bptui.check.slips import Cause
from bptui.check.trials import Case, FunctionName, Trial

from ..core.reference import FUNCTIONS, LOSSES, Array, jacobian, sample_loss_gradient

Numbers = dict[str, Array]
Bend = Callable[[Numbers, Case, int], Numbers]
"""Changes what a call would have given: (numbers, case, call) -> numbers."""


class Diagnosis(NamedTuple):
    """What is found in trials: a verdict on each quantity, and what explains what is wrong."""

    findings: tuple[Finding, ...]
    causes: tuple[Cause, ...]

    @property
    def right(self) -> bool:
        return not any(each.wrong for each in self.findings)

    @property
    def first_wrong(self) -> Finding | None:
        return next((each for each in self.findings if each.verdict == "wrong"), None)


def diagnosed(trials: Sequence[Trial]) -> Diagnosis:
    findings = findings_of(trials)
    return Diagnosis(findings, diagnose(trials, findings))


def scaled(factor: Callable[[Case], float]) -> Bend:
    """Code whose results are a constant times what they should be."""

    def bend(numbers: Numbers, case: Case, call: int) -> Numbers:
        before, times = case.right[call].parameters.named(), factor(case)
        start = {name: before.get(name, 0.0) for name in numbers}
        every = {n: start[n] + times * (numbers[n] - start[n]) for n in numbers if is_result(n)}
        return every | {name: each for name, each in numbers.items() if name == "loss"}

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
