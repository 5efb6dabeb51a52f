"""Functions as users write them, wrong on purpose: the plain loops behind ``gradients``, ``step``.

Nothing here is taken from the diagnosis but the form in which trials are handed to it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from bptui.core.diagnosis.trials import Case, FunctionName, Trial
from bptui.core.experiment import Experiment

from .reference import Array, PlainRun

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

    def trial(
        self, case: Case, function: FunctionName, dtype: type = np.float64, precision: float = 1e-9
    ) -> Trial:
        """The calls of one case in one life, each with the parameters of its right step."""
        plain, observed = PlainRun(self.experiment(case)), []
        names, depth = case.experiment.network.names, case.experiment.network.depth
        for call, snapshot in enumerate(case.right):
            start = snapshot.parameters
            plain.weights = [each.copy() for each in start.weights]
            plain.biases = None if start.biases is None else [each.copy() for each in start.biases]
            loss, weight_gradients, bias_gradients = plain.play()
            numbers: Numbers = {"loss": np.array([[loss]])}
            for layer in range(1, depth + 1):
                if function == "gradients":
                    numbers[names.weight_gradient(layer)] = weight_gradients[layer - 1]
                    if bias_gradients:
                        numbers[names.bias_gradient(layer)] = bias_gradients[layer - 1]
                else:
                    numbers[names.weights(layer)] = plain.weights[layer - 1].copy()
                    if plain.biases is not None:
                        numbers[names.bias(layer)] = plain.biases[layer - 1].copy()
            if function == "step":
                del numbers["loss"]
            if self.bend is not None:
                numbers = self.bend(numbers, case, call)
            rounded = {
                name: each.astype(dtype).astype(np.float64) for name, each in numbers.items()
            }
            observed.append(rounded)
        return Trial(case, function, tuple(observed), precision)

    def trials(
        self,
        cases: Sequence[Case],
        function: FunctionName,
        dtype: type = np.float64,
        precision: float = 1e-9,
    ) -> list[Trial]:
        """Those cases in which the code can run at all."""
        made = []
        for case in cases:
            try:
                made.append(self.trial(case, function, dtype, precision))
            except ValueError:  # it back-propagates through a matrix that is not square
                continue
        return made


def only(names: Sequence[str]) -> Bend:
    """Code that returns these quantities and no others."""
    return lambda numbers, case, call: {name: numbers[name] for name in names}


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
