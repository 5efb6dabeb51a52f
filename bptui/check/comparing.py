"""One call of a user's function beside what is right, quantity by quantity."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise

import numpy as np

from bptui.check.trials import SINGLE_ROUNDING, Case, Quantities, Trial, at_kink, rounding
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
MOST_DECIMALS = 7
UNCHANGED, ADDED_TO_NOTHING = "it is not changed", "it is the change alone, without the old numbers"
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
        """Yield all that is right: a loss may be without its penalty, a slope of either side.

        A step may train what the preset keeps fixed, of which it need not know.
        """
        yield self.expected[name]
        if name in self.snapshot.experiment.frozen and name in self.before:
            rate = self.snapshot.experiment.training.learning_rate
            yield self.before[name] - rate * self.snapshot.values[f"g{name}"]
        if name == "loss":
            yield self.expected["data_loss"]
        network = self.snapshot.experiment.network
        for side in (1.0, -1.0) if self.kinked else ():
            moved: dict[str, Array] = {}
            for layer, activation in enumerate(network.activations, 1):
                net = self.expected[network.names.net(layer)]
                away = net + side * rounding(net)
                moved[network.names.net(layer)] = np.where(at_kink(activation, net), away, net)
            yield self.made_of(name, moved)

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

    @cached_property
    def kinked(self) -> bool:
        """Tell whether a unit of the preset's own numbers stands at a kink, or may by rounding."""
        network, values = self.snapshot.experiment.network, self.snapshot.values
        return self.trial.case.own and any(
            at_kink(activation, values[network.names.net(layer)]).any()
            for layer, activation in enumerate(network.activations, 1)
        )


def calls_of(trials: Sequence[Trial]) -> list[Called]:
    return [Called(each, number) for each in trials for number in range(len(each.observed))]


def _largest(array: Array) -> float:
    return float(np.abs(array).max())


@dataclass(frozen=True)
class Ratio:
    """``found`` is a constant times what was expected, in every number of every trial.

    ``meanings`` says what that makes of the right numbers: "times 2", "divided by the batch size",
    "with the opposite sign", ...; several where several fit; empty for a constant that has no name,
    whose ``value`` is then the same everywhere.
    """

    value: float
    meanings: tuple[str, ...]

    @property
    def text(self) -> str:
        """Return the meanings, or the value."""
        return " or ".join(self.meanings) or f"times {number(self.value)}"


def _constants(case: Case) -> dict[str, float]:
    """Return the constants that have names, by what they make of what is multiplied with them."""
    layers, batch = case.experiment.network.layers, float(case.samples)
    rate, outputs = case.experiment.training.learning_rate, float(layers[-1])
    named = {"2": 2.0, "the batch size": batch, "twice the batch size": 2.0 * batch}
    named |= {"the learning rate": rate, "the number of outputs": outputs}
    made = {f"times {name}": value for name, value in named.items()}
    made |= {f"divided by {name}": 1.0 / value for name, value in named.items() if value}
    made["divided by the number of inputs"] = 1.0 / layers[0]
    made["times half the batch size"] = 0.5 * batch
    made["times half the number of outputs"] = 0.5 * outputs
    made["times 2/the batch size"] = 2.0 / batch
    made["times 2/the number of outputs"] = 2.0 / outputs
    made["times the batch size/the number of inputs"] = batch / layers[0]
    return made | {"times the batch size/the number of outputs": batch / outputs}


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
        if name not in call.found or call.kinked or not np.isfinite(call.expected[name]).all():
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


def ratio_of(calls: Sequence[Called], name: str) -> Ratio | None:
    """Return the constant ratio of ``name``, with everything it can mean; None for none."""
    found = factors(calls, name)
    if found is None or all(_close(each, 1.0) for each in found.values()):
        return None
    value = next(each for each in found.values() if not _close(each, 1.0))
    meanings = tuple(_meanings(found))
    constant = all(_close(each, value) for each in found.values())
    numbers = sum(call.found[name].size for call in calls if name in call.found)
    return Ratio(value, meanings) if meanings or (constant and numbers > 1) else None


def _meanings(found: Mapping[Trial, float]) -> list[str]:
    cases = [trial.case for trial in found]
    values = [_constants(case) for case in cases]
    # a batch size or a number of outputs of 1 everywhere says nothing, nor does a constant that
    # only happens to be the number of inputs
    layers = [case.experiment.network.layers for case in cases]
    idle = {
        "batch": all(case.samples == 1 for case in cases),
        "inputs": len({each[0] for each in layers}) == 1,
        "outputs": all(each[-1] == 1 for each in layers),
    }
    silent = [word for word, nothing in idle.items() if nothing]
    if all(_close(each, -1.0) for each in found.values()):
        return ["with the opposite sign"]
    made: list[str] = []
    for sign, words in ((1.0, ""), (-1.0, " and with the opposite sign")):
        for name in values[0]:
            told = [each[name] for each in values]
            if all(_close(each, 1.0) for each in told) or any(word in name for word in silent):
                continue
            pairs = zip(found.values(), told, strict=True)
            if all(_close(each, sign * value) for each, value in pairs):
                made.append(name + words)
    return made


def _close(one: float, other: float) -> bool:
    return abs(one - other) <= CLOSE * max(1e-9, min(abs(one), abs(other)))


def notice_of(calls: Sequence[Called], name: str) -> str:
    """Return what is striking about a wrong array in every call; "" for nothing."""
    (first, *more) = [dict.fromkeys(_notices(call, name)) for call in calls]
    told = next((text for text in first if all(text in each for each in more)), "")
    pairs = [(one, other) for one, other in pairwise(calls) if one.trial is other.trial]
    same = pairs and all(np.array_equal(one.found[name], other.found[name]) for one, other in pairs)
    return told or ("it is the same whatever weights are given" if same else "")


def _notices(call: Called, name: str) -> Iterator[str]:
    found, expected = (call.change(name, each[name]) for each in (call.found, call.expected))
    allowed = call.allowed(name, call.expected[name])

    def like(change: Array) -> bool:
        return change.shape == found.shape and bool((np.abs(found - change) <= allowed).all())

    if not found.any():
        yield UNCHANGED if name in call.before else "it is all zeros"
    if found.size > 1 and like(expected.T):
        yield "it is the transpose of the correct one"
    if name in call.before:
        if (np.abs(call.found[name] - expected) <= allowed).all():
            yield ADDED_TO_NOTHING
        for digits in range(1, MOST_DECIMALS):
            if np.array_equal(call.found[name], np.round(call.found[name], digits)):
                yield f"it is rounded to {digits} decimals"
