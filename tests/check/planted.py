"""Functions as users write them, right or wrong on purpose, in plain loops.

Nothing here is taken from the diagnosis but the form in which trials are handed to it.
"""

from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np

from bptui.check.comparing import is_result
from bptui.check.judging import Finding, findings_of
from bptui.check.search import Cause, diagnose
from bptui.check.trials import Case, FunctionName, Trial

from ..core.reference import Array, PlainRun

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
    return Diagnosis(findings, diagnose(trials[0], findings))


def scaled(factor: Callable[[Case], float]) -> Bend:
    """Code whose results are a constant times what they should be."""

    def bend(numbers: Numbers, case: Case, call: int) -> Numbers:
        before, times = case.right[call].parameters.named(), factor(case)
        start = {name: before.get(name, 0.0) for name in numbers}
        every = {n: start[n] + times * (numbers[n] - start[n]) for n in numbers if is_result(n)}
        return every | {name: each for name, each in numbers.items() if name == "loss"}

    return bend


def in_full(case: Case, call: int, function: FunctionName, dtype: type = np.float64) -> Numbers:
    """Every quantity of one call as it should be, sample by sample, its start in ``dtype``."""
    start, names = case.right[call].parameters, case.experiment.network.names
    run = PlainRun(case.experiment)
    run.weights = [each.astype(dtype) for each in start.weights]
    run.biases = start.biases and [each.astype(dtype) for each in start.biases]
    loss, weights, biases = run.play()
    if function == "step":
        weights, biases = run.weights, run.biases or []
        made = {}
    else:
        made = run.values | {"loss": np.array([[loss]])}
    named = [(names.weight_gradient, names.bias_gradient), (names.weights, names.bias)]
    for name, arrays in zip(named[function == "step"], (weights, biases), strict=True):
        made |= {name(layer): array for layer, array in enumerate(arrays, 1)}
    return made


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
        for call in range(len(case.right)):
            numbers = in_full(case, call, function, dtype)
            if bend is not None:
                numbers = bend(numbers, case, call)
            observed.append({name: each.astype(np.float64) for name, each in numbers.items()})
        trials.append(Trial(case, function, tuple(observed), precision))
    return trials
