"""One call of a user's function beside what is right, quantity by quantity."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

import numpy as np

from bptui.check.numbers.trials import SINGLE_ROUNDING, Quantities, Trial
from bptui.core.arrays import Array
from bptui.core.engine import Snapshot
from bptui.core.graph.node import Node, Values, evaluate
from bptui.core.network import Network
from bptui.core.step import Step, as_written, training_step
from bptui.explain.printer import number

TOLERANCE = 1e-5
"""Relative: what arithmetic in single precision may lose, far below what a mistake changes."""
COARSE = 1e-3
"""Precision from which on numbers are taken to be half precision, parameters included."""
CLOSE = 1e-4
"""How near factors are to each other that are the same, relatively."""
UNCHANGED, ADDED_TO_NOTHING = "not changed", "the change alone, without the old numbers"
"""Of a parameter after a step."""


def chain(network: Network, function: str) -> list[str]:
    """Return the quantities of a step in the order in which they follow from each other."""
    names, layers = network.names, range(1, network.depth + 1)
    if function == "step":
        return [name for layer in reversed(layers) for name in network.parameters_of(layer)]
    made = [name(layer) for layer in layers for name in (names.net, names.out)] + ["loss"]
    for layer in reversed(layers):
        made += [names.delta(layer), *(f"g{name}" for name in network.parameters_of(layer))]
    return made


def is_result(name: str) -> bool:
    """Tell whether it is a gradient, or a parameter after the step."""
    return name.startswith(("gW", "gb", "W", "b"))


@dataclass(frozen=True, eq=False)
class Called:
    """Call ``number`` of ``trial``."""

    trial: Trial
    number: int

    @property
    def snapshot(self) -> Snapshot:
        return self.trial.case.right[self.number]

    @property
    def found(self) -> Quantities:
        return self.trial.observed[self.number]

    @cached_property
    def expected(self) -> dict[str, Array]:
        """What is right, by name: parameters are those after the step."""
        return {**self.snapshot.values, **self.snapshot.updated_parameters.named()}

    @cached_property
    def before(self) -> dict[str, Array]:
        """The parameters before the step, by name."""
        return self.snapshot.parameters.named()

    def change(self, name: str, value: Array) -> Array:
        """Return the value, or of a parameter how much it has changed."""
        return value - self.before[name] if name in self.before else value

    def size(self, name: str, expected: Array) -> float:
        """Return the largest expected number; of a parameter its largest change."""
        return _largest(self.change(name, expected))

    def allowed(self, name: str, expected: Array) -> float:
        """Return how far a number may be off ``expected``."""
        precision = self.trial.precision
        size = max(self.size(name, expected), self._terms(name))
        most = max(precision, TOLERANCE) * size
        if name in self.before:
            rounding = precision if precision > COARSE else SINGLE_ROUNDING
            most += rounding * _largest(self.before[name])
        # numbers of a preset may be saturated, so that only rounding errors are left of a gradient
        return most + (precision if self.trial.case.own else 0.0)

    def _terms(self, name: str) -> float:
        """Return what the numbers of a gradient or change are sums of, without their signs.

        Where the terms cancel, rounding errors are as large as theirs.
        """
        if not is_result(name):
            return 0.0
        experiment, values = self.snapshot.experiment, self.snapshot.values
        names, layer = experiment.network.names, int(name.lstrip("gWb"))
        rate = 1.0 if name.startswith("g") else experiment.training.learning_rate
        source, delta = np.abs(values[names.out(layer - 1)]), np.abs(values[names.delta(layer)])
        return rate * _largest(source.T @ delta if "W" in name else delta.sum(axis=0))

    def off(self, name: str) -> Array:
        """Return how far each number is from what is right; more than 0 where it is wrong."""
        found, nearest = self.found[name], np.full(self.found[name].shape, np.inf)
        for expected in self._right_values(name):
            if not np.isfinite(expected).all():
                return np.zeros(found.shape)
            off = np.nan_to_num(np.abs(found - expected), nan=np.inf)
            off[off <= self.allowed(name, expected)] = 0.0
            nearest = min(nearest, off, key=lambda each: float(each.max()))
        return nearest

    def error(self, name: str) -> float:
        """Return the largest difference over the largest expected number."""
        expected = self.expected[name]
        if not np.isfinite(expected).all():
            return 0.0
        worst = float(np.nan_to_num(np.abs(self.found[name] - expected), nan=np.inf).max())
        size = self.size(name, expected) or _largest(expected)
        return worst / size if size > 0.0 else 0.0 if worst == 0.0 else np.inf

    def _right_values(self, name: str) -> Iterator[Array]:
        """Yield all that is right: a loss may be without its penalty.

        A step may train what the preset keeps fixed, of which it need not know.
        """
        yield self.expected[name]
        if name in self.snapshot.experiment.frozen and name in self.before:
            rate = self.snapshot.experiment.training.learning_rate
            yield self.before[name] - rate * self.snapshot.values[f"g{name}"]
        if name == "loss":
            yield self.expected["data_loss"]

    def made_of(self, name: str, own: Mapping[str, Array]) -> Array:
        """Return what the right formula makes of some of its own numbers."""
        data = {each: self.expected[each] for each in ("input", "target")}
        known: dict[Node, Values] = self._step.given({**self.before, **data, **own})
        node = self._step.computed[name]
        known = {
            each: value for each, value in known.items() if each is not node or not node.inputs
        }
        # what keeps digits takes other numbers than those given
        made = as_written(node, known.keys())
        found: Array = evaluate([made], known)[made]
        return found if found.ndim else found.reshape(1, 1)

    @cached_property
    def _step(self) -> Step:
        return training_step(self.snapshot.experiment, self.trial.case.samples)

    def gives(self, name: str, made: Array) -> bool:
        """Tell whether ``made`` is what was found, which must be finite."""
        return bool((np.abs(made - self.found[name]) <= self._limits[name]).all())

    @cached_property
    def _limits(self) -> dict[str, float]:
        """How far numbers may be from those that were found."""
        return {name: self.allowed(name, found) for name, found in self.found.items()}


def calls_of(trials: Sequence[Trial]) -> list[Called]:
    return [Called(each, number) for each in trials for number in range(len(each.observed))]


def _largest(array: Array) -> float:
    return float(np.abs(array).max())


def factor_of(call: Called, name: str, expected: Array) -> float | None:
    """Return what ``expected`` is multiplied by in every number that was found, if anything."""
    actual, allowed = call.change(name, call.found[name]), call.allowed(name, expected)
    expected = call.change(name, expected)
    square = float(np.sum(expected * expected))
    if square == 0.0 or not np.isfinite(square) or not np.isfinite(actual).all():
        return None
    factor = float(np.sum(actual * expected)) / square
    off = float(np.max(np.abs(actual - factor * expected)))
    return None if abs(factor) < CLOSE or off > allowed * max(1.0, abs(factor)) else factor


def factors(calls: Sequence[Called], name: str) -> Mapping[Trial, float] | None:
    """Return the constant factor of ``name`` in each trial; None where in one there is none."""
    found: dict[Trial, float] = {}
    for call in calls:
        if name not in call.found or not np.isfinite(call.expected[name]).all():
            continue
        expected = call.expected[name]
        factor = factor_of(call, name, expected)
        if factor is None:
            return None
        known = found.setdefault(call.trial, factor)
        # rounding may move it
        margin = max(CLOSE, 2.0 * call.allowed(name, expected) / call.size(name, expected))
        if abs(known - factor) > margin * max(1.0, abs(known)):
            return None
    return found or None


class Ratio(NamedTuple):
    """What the right numbers are multiplied with in every trial, and the words for it.

    That is a constant, or one times the batch size or divided by it, whose ``value`` is the first.
    """

    value: float
    text: str


def ratio_of(calls: Sequence[Called], name: str) -> Ratio | None:
    """Return the ratio of ``name``, if there is one and it is not 1."""
    found = factors(calls, name) or {}
    numbers = sum(call.found[name].size for call in calls if name in call.found)
    if numbers < 2 or all(_close(factor, 1.0) for factor in found.values()):
        return None
    powers = ((0, ""), (1, "times the batch size"), (-1, "divided by the batch size"))
    for power, batch in powers:
        left = [factor / trial.case.samples**power for trial, factor in found.items()]
        if all(_close(one, left[0]) for one in left):
            size = abs(left[0])
            said = ["" if _close(size, 1.0) else f"times {number(size)}", batch]
            said += ["with the opposite sign"] * (left[0] < 0.0)
            return Ratio(next(iter(found.values())), " and ".join(filter(None, said)))
    return None


def _close(one: float, other: float) -> bool:
    return abs(one - other) <= CLOSE * max(1e-9, min(abs(one), abs(other)))


def notice_of(calls: Sequence[Called], name: str) -> str:
    """Return what is striking about a wrong array in every call; "" for nothing."""
    (first, *more) = [[*_notices(call, name)] for call in calls]
    return next((text for text in first if all(text in each for each in more)), "")


def _notices(call: Called, name: str) -> Iterator[str]:
    found, expected = (call.change(name, each[name]) for each in (call.found, call.expected))
    allowed = call.allowed(name, call.expected[name])
    if not found.any():
        yield UNCHANGED if name in call.before else "all zeros"
    if name in call.before and (np.abs(call.found[name] - expected) <= allowed).all():
        yield ADDED_TO_NOTHING
