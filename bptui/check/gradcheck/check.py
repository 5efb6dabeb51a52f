"""The gradient check of one step: every gradient against its numerical value, link by link."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, NamedTuple, TypeAlias

import numpy as np

from bptui.check.gradcheck.derivatives import (
    SMALLEST,
    ForwardPass,
    Kind,
    Mask,
    Places,
)
from bptui.core.arrays import Array
from bptui.core.backprop import Operation
from bptui.core.engine import Snapshot
from bptui.core.errors import UnusableError
from bptui.core.graph.node import Values, evaluate
from bptui.core.mistakes import mistaken_step
from bptui.explain.expression import Scope

Verdicts: TypeAlias = np.ndarray[Any, np.dtype[np.str_]]
Progress = Callable[[float], None]
"""Is told the share of the work that is done, 0 to 1; may raise to give up."""

TOLERANCE = 1e-9
"""The relative error that a right result stays below, but for what rounding explains."""
ROUNDING = 1e-13
"""How far rounding takes a result, relative to the sizes of what it is computed from."""
LEAST_RATIO = 1e-3
"""A constant factor is told between this and its reciprocal."""


@dataclass(frozen=True, eq=False)
class Comparison:
    """``analytic`` is what backpropagation gave for the numbers of a gradient.

    ``sides`` are derivatives, all the same where there is one: from the right, from the left, and
    where the numbers stand. ``rounding`` is how far rounding can take a right result from them.
    """

    places: Places
    analytic: Array
    sides: Array
    rounding: float
    forward: ForwardPass

    def central(self, position: int) -> float | None:
        """Return the central difference, which decides nothing; None at a kink."""
        return None if self.kink[position] else self.forward.central(self.places, position)

    @property
    def name(self) -> str:
        return self.places.name

    @cached_property
    def numerical(self) -> Array:
        """The derivatives; at a kink the nearest number between those of the sides."""
        found: Array = np.fmin(
            np.fmax(self.analytic, self.sides.min(axis=0)), self.sides.max(axis=0)
        )
        return found

    @cached_property
    def relative_error(self) -> Array:
        """|a - n| / max(|a|, |n|); 0 where both are 0, nan where one is not finite."""
        with np.errstate(all="ignore"):
            apart = np.abs(self.analytic - self.numerical)
            largest = np.maximum(np.abs(self.analytic), np.abs(self.numerical))
            return np.where(largest == 0.0, 0.0, apart / largest)

    @cached_property
    def kink(self) -> Mask:
        """Where the loss has no derivative: those of the sides differ, or are not finite."""
        with np.errstate(all="ignore"):
            return ~self._near(self.sides.min(axis=0), self.sides.max(axis=0))

    @cached_property
    def wrong(self) -> Mask:
        """Where the analytic value is no derivative; not finite, it is never a finite one."""
        with np.errstate(all="ignore"):
            fits = self._near(self.analytic, self.numerical) & np.isfinite(self.analytic)
        # a derivative that has overflowed itself says nothing about another number
        return np.isfinite(self.sides).all(axis=0) & ~fits

    @cached_property
    def verdicts(self) -> Verdicts:
        """Return wrong, kink (no derivative, and a value that may stand for one) or right."""
        return np.select([self.wrong, self.kink], ["wrong", "kink"], "right")

    @cached_property
    def rounded(self) -> Mask:
        """Where it is right though later digits differ: as far as rounding explains."""
        return ~self.wrong & ~self.kink & (self.relative_error > TOLERANCE)

    @cached_property
    def ratio(self) -> float | None:
        """The constant factor of the analytic values, where all are that far from the true ones."""
        a, n = self.analytic[self.wrong], self.sides[0][self.wrong]
        if not a.size or (self.wrong & self.kink).any() or (np.abs(n) <= self.rounding).any():
            return None
        with np.errstate(all="ignore"):
            factor = float(a @ n) / float(n @ n)
            allowed = TOLERANCE * np.abs(a) + self.rounding * max(1.0, abs(factor))
            same = bool((np.abs(a - factor * n) <= allowed).all())
        # of absurd sizes, or of nothing, a factor says little
        return factor if same and LEAST_RATIO <= abs(factor) <= 1.0 / LEAST_RATIO else None

    def _near(self, one: Array, other: Array) -> Mask:
        allowed = TOLERANCE * np.maximum(np.abs(one), np.abs(other)) + self.rounding
        near: Mask = np.abs(one - other) <= allowed
        return near


class UpdateFault(NamedTuple):
    """A ``parameter`` (W2, b1) that did not become what it should have; or did not change."""

    parameter: str
    never_applied: bool


@dataclass(frozen=True)
class Link:
    """An operation of the backward pass, or an update, and what is wrong with it.

    ``off``: it has computed something else than the right formulas make of the step's forward pass.
    ``faults`` are what an update failed to do. ``follows_from`` are the wrong results that it was
    computed from; ``mistakes`` are those of the preset that are made in it.
    """

    operation: str
    off: bool = False
    follows_from: tuple[str, ...] = ()
    faults: tuple[UpdateFault, ...] = ()
    mistakes: tuple[str, ...] = ()

    @property
    def wrong(self) -> bool:
        return self.off or bool(self.faults)

    @property
    def verdict(self) -> str:
        """Return right, follows (from a wrong result that it was computed from) or wrong."""
        return ("follows" if self.follows_from else "wrong") if self.wrong else "right"


@dataclass(frozen=True, eq=False)
class GradientCheck:
    """``gradients`` holds a comparison for each of gW1, gb1, gW2, ...; ``links`` the chain.

    ``idle_mistakes``: those of the preset without which the step is the same, or which make nothing
    of it wrong.
    """

    snapshot: Snapshot
    gradients: tuple[Comparison, ...]
    links: tuple[Link, ...]
    idle_mistakes: tuple[str, ...] = ()

    @property
    def right(self) -> bool:
        """Tell whether no link is wrong."""
        return self.first_wrong is None

    @property
    def first_wrong(self) -> Link | None:
        """The first operation whose result is not the true derivative, or the update."""
        return next((each for each in self.links if each.wrong), None)

    @property
    def hidden_mistakes(self) -> tuple[str, ...]:
        """The preset's mistakes that act in this step, but where others hide their errors."""
        known = {name for each in self.links for name in each.mistakes} | {*self.idle_mistakes}
        made = self.snapshot.experiment.training.mistakes
        return tuple(name for name in made if name not in known)

    @property
    def total(self) -> int:
        """Weights and biases that there are."""
        return sum(each.places.size for each in self.gradients)


def check_gradients(snapshot: Snapshot, progress: Progress | None = None) -> GradientCheck:
    """Check the step of ``snapshot``.

    Raises :class:`UnusableError` where the loss is not finite: it has no derivatives then.
    """
    if not np.isfinite(snapshot.loss):
        raise UnusableError(
            "step",
            f"a loss of {snapshot.loss} at step {snapshot.step}",
            "a step before training diverged",
        )
    forward, truth = ForwardPass(snapshot), dict[str, Comparison]()
    layers = snapshot.experiment.network.depth
    for layer in range(1, layers + 1):
        truth |= {each.name: each for each in _compared(forward, snapshot, layer)}
        if progress is not None:
            progress(layer / layers)
    return GradientCheck(snapshot, tuple(truth.values()), *_chain(snapshot, forward, truth))


def _compared(forward: ForwardPass, snapshot: Snapshot, layer: int) -> Iterator[Comparison]:
    """Yield what backpropagation gave for a layer's parameters beside the derivatives."""
    with np.errstate(all="ignore"):
        found, rounding = forward.derivatives(layer), ROUNDING * forward.scale(layer)
    parts: dict[Kind, Array] = {"weights": found[:, :-1], "biases": found[:, -1]}
    for kind, sides in [*parts.items()][: 1 + forward.network.bias]:
        places = Places(forward.network.names, kind, layer, sides.shape[1:])
        flat = np.array([side.ravel(order="F") for side in sides])
        analytic = snapshot.values[places.name].ravel(order="F")
        yield Comparison(places, analytic, flat, rounding, forward)


def _chain(
    snapshot: Snapshot, forward: ForwardPass, truth: Mapping[str, Comparison]
) -> tuple[tuple[Link, ...], tuple[str, ...]]:
    """Return the operations from the loss to the update, and the idle mistakes.

    A mistake is made in a link whose formula, without it, makes something else of the step's own
    numbers; it is told once, and not again of what is computed from there. It is idle if it is
    made in no link, or if nothing is wrong.
    """
    made, network = snapshot.experiment.training.mistakes, snapshot.experiment.network
    computed: dict[Operation, list[str]] = {}
    for each in snapshot.operations:
        if each.stage in ("backward", "update"):
            updated = [name for layer in each.layers for name in network.parameters_of(layer)]
            computed[each] = updated if each.stage == "update" else [*each.writes]
    every = [name for names in computed.values() for name in names]
    right, all_made = _values(snapshot, (), every), _values(snapshot, made, every)
    without = {m: _values(snapshot, tuple(o for o in made if o != m), every) for m in made}
    links, acting = list[Link](), set[str]()
    behind: dict[str, set[str]] = {}
    """The mistakes behind each wrong result."""
    for operation, names in computed.items():
        own = [m for m in made if any(_differ(all_made[n], without[m][n]) for n in names)]
        acting |= {*own}
        if operation.stage == "update":
            faults = filter(None, (_fault(snapshot, name, right[name]) for name in names))
            link = Link(operation.name, faults=tuple(faults))
        else:
            off = [name for name in names if _is_off(snapshot, forward, truth, name)]
            sources = tuple(name for name in operation.reads if name in behind)
            known = set[str]().union(*(behind[each] for each in sources))
            own = [name for name in own if name not in known]
            behind |= {name: known | {*own} for name in off}
            link = Link(operation.name, bool(off), sources)
        links.append(replace(link, mistakes=tuple(own)) if link.wrong else link)
    any_wrong = any(link.wrong for link in links)
    return tuple(links), tuple(m for m in made if m not in acting or not any_wrong)


def _is_off(
    snapshot: Snapshot, forward: ForwardPass, truth: Mapping[str, Comparison], name: str
) -> bool:
    """Return whether a result is not what right formulas make of the forward pass."""
    if name in truth:
        return bool(truth[name].wrong.any())
    found, right = snapshot.values[name], forward.right[name]
    with np.errstate(all="ignore"):
        return not np.allclose(found, right, rtol=TOLERANCE, atol=SMALLEST, equal_nan=True)


def _values(
    snapshot: Snapshot, mistakes: tuple[str, ...], names: Iterable[str]
) -> dict[str, Values]:
    """Return what each formula of a step with these mistakes makes of the step's own numbers."""
    experiment = snapshot.experiment.with_training(mistakes=mistakes)
    step = mistaken_step(experiment, len(snapshot.batch))
    given, found = step.given(Scope.of(snapshot).old), dict[str, Values]()
    for name in names:
        node = step.computed[name]
        known = {each: value for each, value in given.items() if each is not node}
        found[name] = evaluate([node], known if node.inputs else given)[node]
    return found


def _differ(one: Array, other: Array) -> bool:
    with np.errstate(all="ignore"):
        return not np.allclose(one, other, rtol=TOLERANCE, atol=0.0, equal_nan=True)


def _fault(snapshot: Snapshot, name: str, expected: Array) -> UpdateFault | None:
    """Return where the update is not what the optimizer makes of the step's own gradient.

    What the preset does not train, by train_weights and train_biases, is to stay.
    """
    before = snapshot.parameters.named()[name]
    after = snapshot.updated_parameters.named()[name]
    with np.errstate(all="ignore"):
        allowed = TOLERANCE * np.abs(expected - before) + ROUNDING * np.abs(before)
        near = (np.abs(after - expected) <= allowed) | (after == expected)
        wrong = ~(near | (np.isnan(after) & np.isnan(expected)))
    return UpdateFault(name, np.array_equal(after, before)) if wrong.any() else None
