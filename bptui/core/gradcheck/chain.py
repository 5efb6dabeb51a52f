"""The chain of operations from the loss to the update: which are right, and what spoils them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np

from bptui.core.arrays import Array
from bptui.core.gradcheck.comparison import Comparison
from bptui.core.gradcheck.derivatives import Derivatives, Differences
from bptui.core.gradcheck.updates import UpdateFault, update_faults
from bptui.core.mistakes import MISTAKES
from bptui.core.network import Parameters
from bptui.core.snapshot import Snapshot
from bptui.core.training import Engine

Truth = Mapping[str, Derivatives]
"""The numerical derivatives by the names of what backpropagation computes: dL/dout_o, gW2, ..."""


@dataclass(frozen=True, eq=False)
class Link:
    """An operation of the backward pass, or an update, and what is wrong with it.

    ``results`` are what it computed; ``faults`` what an update failed to do. ``follows_from`` are
    the wrong results that it was computed from; ``mistakes`` are those of the preset that are made
    in it.
    """

    operation: str
    follows_from: tuple[str, ...] = ()
    results: tuple[Comparison, ...] = ()
    faults: tuple[UpdateFault, ...] = ()
    mistakes: tuple[str, ...] = ()

    @property
    def wrong(self) -> bool:
        return bool(self.faults) or any(bool(each.wrong.any()) for each in self.results)

    @property
    def origin(self) -> bool:
        """Whether it is wrong though all that it was computed from is right."""
        return self.wrong and not self.follows_from

    def passes_to(self, other: Link) -> bool:
        """Whether ``other`` is computed from wrong results of this link."""
        return any(each.name in other.follows_from for each in self.results)


def analytic(snapshot: Snapshot, name: str) -> Array:
    """What backpropagation gave for ``name``; biases' gradients as (fan_out,)."""
    return snapshot.values[name]


def compared(
    snapshot: Snapshot,
    name: str,
    derivatives: Derivatives,
    differences: Differences | None = None,
    right: Snapshot | None = None,
) -> Comparison:
    """What ``snapshot`` has for ``name`` beside its derivatives; ``right`` as for :func:`chain`."""
    places = derivatives.places
    known = None if right is None else places.of(analytic(right, name))
    found = places.of(analytic(snapshot, name))
    return Comparison(name, found, derivatives, differences, known)


def chain(snapshot: Snapshot, truth: Truth, right: Snapshot | None = None) -> tuple[Link, ...]:
    """The links of one step, in order, without the mistakes behind them.

    ``right``: the same step without the preset's mistakes, if it has any.
    """
    faults, links, spoilt = update_faults(snapshot), list[Link](), set[str]()
    names = snapshot.experiment.network.names
    for operation in snapshot.operations:
        if operation.stage == "backward":
            results = tuple(
                compared(snapshot, name, truth[name], right=right) for name in operation.writes
            )
            sources = tuple(each for each in operation.reads if each in spoilt)
            links.append(Link(operation.name, sources, results))
            spoilt |= {each.name for each in results if each.wrong.any()}
        elif operation.stage == "update":
            layer = operation.layer
            whole = operation.name != f"update {names.weights(layer)}"
            own = tuple(each for each in faults if whole or each.layer == layer)
            links.append(Link(operation.name, faults=own))
    return tuple(links)


def explained(
    snapshot: Snapshot, truth: Truth, right: Snapshot | None
) -> tuple[tuple[Link, ...], tuple[str, ...]]:
    """The links, with the mistakes behind those that are wrong, and the idle mistakes.

    A mistake is behind a wrong link where errors begin there when the step makes that mistake
    alone, and where the link comes out otherwise when it makes all but that one. Where errors begin
    only because mistakes meet, the second is enough, best if the link is right then. A mistake is
    idle if the step is the same without it; so are all if nothing is wrong.
    """
    links, made = chain(snapshot, truth, right), snapshot.experiment.training.mistakes
    if not any(each.wrong for each in links):
        return links, made
    if len(made) < 2:
        return tuple(replace(each, mistakes=made if each.origin else ()) for each in links), ()
    alone = {name: _origins(chain(made_with(snapshot, (name,)), truth, right)) for name in made}
    without = {name: made_with(snapshot, tuple(m for m in made if m != name)) for name in made}
    explained: list[Link] = []
    for link in links:
        mattering, begun = list[str](), list[str]()
        if link.wrong:
            # passed on by what the link is computed from; no other mistake leaves out an update
            passed = {name for each in explained if each.passes_to(link) for name in each.mistakes}
            own = [name for name in made if name not in passed and _may_be_in(link, name)]
            mattering = [name for name in own if _matters(link, snapshot, without[name])]
            begun = [name for name in own if _kind(link) in alone[name]]
        behind = [name for name in begun if name in mattering]
        if link.origin:
            cure = [name for name in mattering if _kind(link) not in _wrong(without[name], truth)]
            behind = behind or begun or cure or mattering
        explained.append(replace(link, mistakes=tuple(behind)))
    named = {name for each in explained for name in each.mistakes}
    idle = [name for name in made if name not in named and _same(links, snapshot, without[name])]
    return tuple(explained), tuple(idle)


def _same(links: tuple[Link, ...], snapshot: Snapshot, other: Snapshot) -> bool:
    """Whether all of ``other`` is as in ``snapshot``, gradients and updated parameters."""
    if any(_matters(each, snapshot, other) for each in links):
        return False
    pairs = zip(
        *map(_arrays, (snapshot.parameters, snapshot.updated_parameters, other.updated_parameters)),
        strict=True,
    )
    return all(
        np.allclose(there, here, 1e-9, 1e-9 * float(np.abs(here - before).max()), equal_nan=True)
        for before, here, there in pairs
    )


def _arrays(parameters: Parameters) -> list[Array]:
    return [*parameters.weights, *(parameters.biases or ())]


def _kind(link: Link) -> str:
    """The operation's name; all updates are alike, since mistakes may split them."""
    return "update" if link.operation.startswith("update") else link.operation


def _origins(links: tuple[Link, ...]) -> set[str]:
    return {_kind(each) for each in links if each.origin}


def _may_be_in(link: Link, mistake: str) -> bool:
    return not link.faults or MISTAKES[mistake].shows_in == "update"


def _wrong(snapshot: Snapshot, truth: Truth) -> set[str]:
    return {_kind(each) for each in chain(snapshot, truth) if each.wrong}


def _matters(link: Link, snapshot: Snapshot, other: Snapshot) -> bool:
    """Whether the link's results are others in ``other``, the same step without a mistake."""
    if link.faults:
        still = {each.name for each in update_faults(other)}
        return any(each.name not in still for each in link.faults)
    for each in link.results:
        places = each.derivatives.places
        found = places.of(analytic(other, each.name))
        allowed = 1e-9 * np.abs(each.analytic) + each.derivatives.rounding
        with np.errstate(invalid="ignore"):
            near = np.abs(found - each.analytic) <= allowed
            equal = (found == each.analytic) | (np.isnan(found) & np.isnan(each.analytic))
            if not (near | equal).all():
                return True
    return False


def made_with(snapshot: Snapshot, mistakes: tuple[str, ...]) -> Snapshot:
    """The same step from the same state with other mistakes."""
    training = replace(snapshot.experiment.training, mistakes=mistakes)
    engine = Engine(replace(snapshot.experiment, training=training))
    state = engine.state
    state.parameters[:] = state.layout.flatten(snapshot.parameters)
    for name, slot in zip(state.slot_names, state.slots, strict=True):
        slot[:] = state.layout.flatten(snapshot.slots[name])
    if state.accumulated is not None:
        state.accumulated[:] = state.layout.flatten(snapshot.slots["accumulated"])
    engine.step = snapshot.step
    return engine.record()
