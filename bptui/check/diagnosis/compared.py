"""One call of a user's function held against what is right, quantity by quantity."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

from bptui.check.diagnosis.trials import Trial
from bptui.core.activations import ACTIVATIONS, evaluate
from bptui.core.arrays import Array
from bptui.core.engine import Snapshot
from bptui.core.network import Network

TOLERANCE = 1e-5
"""Relative: what arithmetic in single precision may lose, far below what a mistake changes."""
SINGLE_ROUNDING = 2e-7
"""Relative rounding of parameters that were carried in single precision."""
COARSE = 1e-3
"""Precision from which on numbers are taken to be half precision, parameters included."""
BEND = 1e-3
"""How much the slopes on both sides of a kink differ at least."""


def chain(network: Network, function: str) -> list[str]:
    """The quantities of a step in the order in which they follow from each other."""
    names, layers = network.names, range(1, network.depth + 1)
    made: list[str] = []
    if function == "step":
        for layer in reversed(layers):
            made += [names.weights(layer), *([names.bias(layer)] if network.bias else [])]
        return made
    for layer in layers:
        made += [names.net(layer), names.out(layer)]
    made.append("loss")
    for layer in reversed(layers):
        made += [names.delta(layer), names.weight_gradient(layer)]
        made += [names.bias_gradient(layer)] if network.bias else []
    return made


def is_result(name: str) -> bool:
    """Whether it is a gradient, or a parameter after the step."""
    return name.startswith(("gW", "gb", "W", "b"))


@dataclass(frozen=True)
class Difference:
    """``right``: small enough; ``error``: the largest difference over the largest expected number.

    ``index``: the first number that is wrong, or the worst where none is.
    """

    right: bool
    error: float
    index: tuple[int, ...]


@dataclass(frozen=True, eq=False)
class Called:
    """Call ``number`` of ``trial``."""

    trial: Trial
    number: int

    @property
    def snapshot(self) -> Snapshot:
        return self.trial.case.right[self.number]

    @property
    def found(self) -> Mapping[str, Array]:
        return self.trial.observed[self.number]

    @property
    def own(self) -> bool:
        return self.trial.case.own

    @cached_property
    def expected(self) -> dict[str, Array]:
        """What is right, by name: parameters are those after the step."""
        return {**self.snapshot.values, **self.snapshot.updated_parameters.named()}

    @cached_property
    def before(self) -> dict[str, Array]:
        """The parameters before the step, by name."""
        return self.snapshot.parameters.named()

    def size(self, name: str, expected: Array) -> float:
        """The largest expected number; of a parameter its largest change."""
        change = expected - self.before[name] if name in self.before else expected
        return _largest(change)

    def allowed(self, name: str, expected: Array) -> float:
        """How far a number may be off ``expected``."""
        precision = self.trial.precision
        most = max(precision, TOLERANCE) * max(
            self.size(name, expected), self._terms.get(name, 0.0)
        )
        if name in self.before:
            rounding = precision if precision > COARSE else SINGLE_ROUNDING
            most += rounding * _largest(self.before[name])
        # numbers of a preset may be saturated, so that only rounding errors are left of a gradient
        return most + (precision if self.own else 0.0)

    @cached_property
    def _terms(self) -> dict[str, float]:
        """What the numbers of gradients and changes are sums of, without their signs.

        Where the terms cancel, rounding errors are as large as theirs.
        """
        experiment, values = self.snapshot.experiment, self.snapshot.values
        names, rate = experiment.network.names, experiment.training.learning_rate
        made: dict[str, float] = {}
        for layer in range(1, names.depth + 1):
            source, delta = np.abs(values[names.out(layer - 1)]), np.abs(values[names.delta(layer)])
            weights = _largest(source.T @ delta)
            biases = _largest(delta.sum(axis=0))
            made |= {
                names.weight_gradient(layer): weights,
                names.weights(layer): rate * weights,
                names.bias_gradient(layer): biases,
                names.bias(layer): rate * biases,
            }
        return made

    def difference(self, name: str, expected: Array | None = None) -> Difference:
        """What was found beside ``expected``, or beside what is right."""
        if expected is not None:
            return self._difference(name, expected)
        first = self._difference(name, self.expected[name])
        if name == "loss" and not first.right:  # without the penalty it is the loss of the data
            second = self._difference(name, self.expected["data_loss"])
            return second if second.right else first
        return first

    def gives(self, name: str, made: Array) -> bool:
        """Whether ``made`` is what was found, which must be finite."""
        if name not in self._limits:
            self._limits[name] = self.allowed(name, self.found[name])
        return bool((np.abs(self.found[name] - made) <= self._limits[name]).all())

    def near(self, name: str, made: Array) -> bool:
        """Whether ``made`` cannot be told from what is right."""
        return bool((np.abs(made - self.expected[name]) <= self.margin(name)).all())

    def margin(self, name: str) -> float:
        """How far a number may be off what is right."""
        if name not in self._margins:
            self._margins[name] = self.allowed(name, self.expected[name])
        return self._margins[name]

    @cached_property
    def _limits(self) -> dict[str, float]:
        """How far numbers may be from those that were found."""
        return {}

    @cached_property
    def _margins(self) -> dict[str, float]:
        return {}

    def _difference(self, name: str, expected: Array) -> Difference:
        found = self.found[name]
        if not np.isfinite(expected).all():
            return Difference(True, 0.0, (0,) * found.ndim)
        off = np.abs(found - expected)
        off[~np.isfinite(off)] = np.inf
        allowed = self.allowed(name, expected)
        wrong = off > allowed
        place = int(np.argmax(wrong if wrong.any() else off))
        worst, size = float(off.max()), self.size(name, expected) or _largest(expected)
        error = worst / size if size > 0.0 else (0.0 if worst <= allowed else np.inf)
        index = tuple(int(each) for each in np.unravel_index(place, off.shape))
        return Difference(not wrong.any(), error, index)

    @cached_property
    def kinked(self) -> bool:
        """Whether a unit of the preset's own numbers stands at a kink, or may by rounding."""
        network = self.snapshot.experiment.network
        return self.own and any(
            at_kink(activation, net).any()
            for activation, net in (
                (each, self.snapshot.values[network.names.net(layer)])
                for layer, each in enumerate(network.activations, 1)
            )
        )


def at_kink(activation: str, net: Array, near: float | None = None) -> npt.NDArray[np.bool_]:
    """Which pre-activations are so near to a kink, by default but for rounding."""
    if ACTIVATIONS[activation].pullback is not None:
        return np.zeros(net.shape, dtype=bool)
    step = rounding(net) if near is None else near
    below, here, above = (evaluate(activation, net + side * step) for side in (-1.0, 0.0, 1.0))
    bend: Array = np.abs(above - here - (here - below)) / step
    return bend > BEND + step  # which smooth ones have, too


def rounding(net: Array) -> float:
    """How far pre-activations may be from what they are with less rounding."""
    return SINGLE_ROUNDING * max(1.0, _largest(net))


def calls_of(trials: Sequence[Trial]) -> list[Called]:
    return [Called(each, number) for each in trials for number in range(len(each.observed))]


def _largest(array: Array) -> float:
    return float(np.maximum.reduce(np.abs(array), axis=None))
