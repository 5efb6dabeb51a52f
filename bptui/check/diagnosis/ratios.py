"""Finds constant ratios between what was found and what is right, and what they mean."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TypeAlias

import numpy as np

from bptui.check.diagnosis.compared import Called
from bptui.check.diagnosis.findings import Ratio
from bptui.check.diagnosis.trials import Trial
from bptui.core.arrays import Array

Factors: TypeAlias = Mapping[Trial, float]
"""What the right numbers are multiplied by, trial by trial."""
CLOSE = 1e-4


def _outputs(trial: Trial) -> float:
    return float(trial.case.experiment.network.layers[-1])


def _inputs(trial: Trial) -> float:
    return float(trial.case.experiment.network.layers[0])


def _rate(trial: Trial) -> float:
    return trial.case.experiment.training.learning_rate


MEANINGS: dict[str, Callable[[Trial], float]] = {
    "twice": lambda trial: 2.0,
    "half": lambda trial: 0.5,
    "the batch size": lambda trial: float(trial.case.samples),
    "1/the batch size": lambda trial: 1.0 / trial.case.samples,
    "twice the batch size": lambda trial: 2.0 * trial.case.samples,
    "half the batch size": lambda trial: 0.5 * trial.case.samples,
    "2/the batch size": lambda trial: 2.0 / trial.case.samples,
    "1/twice the batch size": lambda trial: 0.5 / trial.case.samples,
    "the learning rate": _rate,
    "1/the learning rate": lambda trial: 1.0 / _rate(trial) if _rate(trial) else 0.0,
    "the number of outputs": _outputs,
    "1/the number of outputs": lambda trial: 1.0 / _outputs(trial),
    "2/the number of outputs": lambda trial: 2.0 / _outputs(trial),
    "1/the number of inputs": lambda trial: 1.0 / _inputs(trial),
    "the batch size/the number of inputs": lambda trial: trial.case.samples / _inputs(trial),
    "the batch size/the number of outputs": lambda trial: trial.case.samples / _outputs(trial),
    "half the number of outputs": lambda trial: 0.5 * _outputs(trial),
}


def constant_factor(call: Called, name: str, expected: Array) -> float | None:
    """What ``expected`` is multiplied by in every number that was found; None for no constant."""
    actual, allowed = call.found[name], call.allowed(name, expected)
    if name in call.before:
        expected, actual = expected - call.before[name], actual - call.before[name]
    square = float(np.sum(expected * expected))
    if square == 0.0 or not np.isfinite(square) or not np.isfinite(actual).all():
        return None
    factor = float(np.sum(actual * expected)) / square
    off = float(np.max(np.abs(actual - factor * expected)))
    return None if abs(factor) < CLOSE or off > allowed * max(1.0, abs(factor)) else factor


def factors(calls: Sequence[Called], name: str) -> Factors | None:
    """The constant factor of ``name`` in each trial; None where in one of them there is none."""
    found: dict[Trial, float] = {}
    for call in calls:
        if name not in call.found or call.kinked or not np.isfinite(call.expected[name]).all():
            continue
        factor = constant_factor(call, name, call.expected[name])
        if factor is None:
            return None
        known = found.setdefault(call.trial, factor)
        if abs(known - factor) > _margin(call, name, known):
            return None
    return found or None


def _margin(call: Called, name: str, factor: float) -> float:
    """How far rounding may move a factor."""
    expected = call.expected[name]
    size = call.size(name, expected)
    return max(CLOSE, 2.0 * call.allowed(name, expected) / size) * max(1.0, abs(factor))


def ratio_of(calls: Sequence[Called], name: str) -> Ratio | None:
    """The constant ratio of ``name``, with everything it can mean; None where there is none."""
    found = factors(calls, name)
    if found is None or all(_close(each, 1.0) for each in found.values()):
        return None
    value = next(each for each in found.values() if not _close(each, 1.0))
    meanings = tuple(_meanings(found))
    constant = all(_close(each, value) for each in found.values())
    numbers = sum(call.found[name].size for call in calls if name in call.found)
    if not meanings and not (constant and numbers > 1):
        return None
    return Ratio(value, meanings)


def _meanings(found: Factors) -> list[str]:
    made: list[str] = []
    for sign, words in ((1.0, "{}"), (-1.0, "the opposite sign and {}")):
        if sign < 0.0 and all(_close(each, -1.0) for each in found.values()):
            made.append("the opposite sign")
        for name, meaning in MEANINGS.items():
            values = {trial: meaning(trial) for trial in found}
            if all(_close(each, 1.0) for each in values.values()) or (
                "batch" in name and all(trial.case.samples == 1 for trial in found)
            ):
                continue  # a batch size of 1 everywhere says nothing
            if "inputs" in name and len({_inputs(trial) for trial in found}) == 1:
                continue  # nor does a constant that only happens to be their number
            if "outputs" in name and all(_outputs(trial) == 1.0 for trial in found):
                continue  # what one output is multiplied by is told without it
            if all(_close(each, sign * values[trial]) for trial, each in found.items()):
                made.append(words.format(name))
    return made


def _close(one: float, other: float) -> bool:
    return abs(one - other) <= CLOSE * max(1e-9, min(abs(one), abs(other)))
