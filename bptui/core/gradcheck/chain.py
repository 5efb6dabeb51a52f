"""The chain of operations from the loss to the update: which are right, and what spoils them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np

from bptui.core.arrays import Array
from bptui.core.gradcheck.comparison import Comparison
from bptui.core.gradcheck.derivatives import Derivatives
from bptui.core.gradcheck.updates import UpdateFault, update_faults
from bptui.core.snapshot import Snapshot
from bptui.core.training import Engine

Truth = Mapping[str, Derivatives]
"""The numerical derivatives by the names of what backpropagation computes: dL/dout_o, gW2, ..."""


@dataclass(frozen=True, eq=False)
class Link:
    """An operation of the backward pass, or an update, and what is wrong with it.

    ``results`` are what it computed; ``faults`` what an update failed to do. ``follows_from`` are
    the wrong results that it was computed from; ``mistakes`` are those of the preset that are made
    in it where there are none.
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


def analytic(snapshot: Snapshot, name: str) -> Array:
    """What backpropagation gave for ``name``; biases' gradients as (fan_out,)."""
    return snapshot.values[name]


def chain(snapshot: Snapshot, truth: Truth) -> tuple[Link, ...]:
    """The links of one step, in order, without the mistakes behind them."""
    faults, links, spoilt = update_faults(snapshot), list[Link](), set[str]()
    names = snapshot.experiment.network.names
    for operation in snapshot.operations:
        if operation.stage == "backward":
            results = tuple(
                Comparison(name, truth[name].places.of(analytic(snapshot, name)), truth[name])
                for name in operation.writes
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


def explained(snapshot: Snapshot, truth: Truth) -> tuple[Link, ...]:
    """The links, with the mistakes of the preset behind those that are wrong.

    A mistake is behind a link where errors begin, where they begin there too when the step makes
    that mistake alone, and where the link comes out otherwise when it makes all but that one.
    """
    links, made = chain(snapshot, truth), snapshot.experiment.training.mistakes
    alone = {name: _origins(chain(_made_with(snapshot, (name,)), truth)) for name in made}
    without: dict[str, Snapshot] = {}
    explained: list[Link] = []
    for link in links:
        behind = [name for name in made if link.origin and _kind(link) in alone[name]]
        if len(made) > 1:
            for name in behind:
                others = tuple(each for each in made if each != name)
                without[name] = without.get(name) or _made_with(snapshot, others)
            behind = [name for name in behind if _matters(link, snapshot, without[name])] or behind
        explained.append(replace(link, mistakes=tuple(behind)))
    return tuple(explained)


def _kind(link: Link) -> str:
    """The operation's name; all updates are alike, since mistakes may split them."""
    return "update" if link.operation.startswith("update") else link.operation


def _origins(links: tuple[Link, ...]) -> set[str]:
    return {_kind(each) for each in links if each.origin}


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
            if not (np.abs(found - each.analytic) <= allowed).all():
                return True
    return False


def _made_with(snapshot: Snapshot, mistakes: tuple[str, ...]) -> Snapshot:
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
