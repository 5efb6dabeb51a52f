"""The chain of operations from the loss to the update: which are right, and what spoils them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np

from bptui.check.gradcheck.comparison import TOLERANCE, Comparison, Mask
from bptui.check.gradcheck.forward import EPSILON, ForwardPass
from bptui.core.arrays import Array
from bptui.core.engine import Engine, Snapshot
from bptui.core.graph.node import evaluate
from bptui.core.mistakes import MISTAKES


@dataclass(frozen=True)
class UpdateFault:
    """Parameters ``name`` (W2, b1) that did not become what they should have.

    ``never_applied``: they stayed as they were. ``wrong``: how many numbers are concerned.
    """

    name: str
    never_applied: bool
    wrong: int


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

    @property
    def kind(self) -> str:
        """The operation's name; all updates are alike, since mistakes may split them."""
        return "update" if self.operation.startswith("update") else self.operation

    def passes_to(self, other: Link) -> bool:
        """Return whether ``other`` is computed from wrong results of this link."""
        return any(each.name in other.follows_from for each in self.results)


class Chains:
    """The chains of a step and of the same one with other mistakes, beside the same derivatives.

    ``truth`` holds the comparisons of ``snapshot`` by the names of what backpropagation computes.
    """

    def __init__(
        self, forward: ForwardPass, snapshot: Snapshot, truth: Mapping[str, Comparison]
    ) -> None:
        self._forward, self._shown, self._truth = forward, snapshot, truth

    def links(self, snapshot: Snapshot) -> tuple[Link, ...]:
        """Return the links of one step, in order, without the mistakes behind them."""
        faults, links, spoilt = self.faults(snapshot), list[Link](), set[str]()
        for operation in snapshot.operations:
            if operation.stage == "backward":
                results = tuple(self._truth[name].of(snapshot) for name in operation.writes)
                sources = tuple(each for each in operation.reads if each in spoilt)
                links.append(Link(operation.name, sources, results))
                spoilt |= {each.name for each in results if each.wrong.any()}
            elif operation.stage == "update":
                network, whole = snapshot.experiment.network, operation.name == "update"
                own = network.parameters_of(operation.layer)
                made = tuple(each for each in faults if whole or each.name in own)
                links.append(Link(operation.name, faults=made))
        return tuple(links)

    def faults(self, snapshot: Snapshot) -> list[UpdateFault]:
        """Return where the update is not what the optimizer makes of the step's own gradients.

        What the preset does not train, by train_weights and train_biases, is to stay.
        """
        step, found = self._forward.step, list[UpdateFault]()
        old, new = snapshot.parameters.named(), snapshot.updated_parameters.named()
        gradients = {
            step.nodes[f"g{name}"]: each for name, each in snapshot.gradients.named().items()
        }
        due = [step.updated[name] for name in old]
        values = evaluate(due, {**self._forward.leaves, **gradients})
        for (name, before), node in zip(old.items(), due, strict=True):
            expected, after = values[node], new[name]
            with np.errstate(all="ignore"):
                allowed = TOLERANCE * np.abs(expected - before) + 4.0 * EPSILON * np.abs(before)
                wrong = ~(_equal(after, expected) | (np.abs(after - expected) <= allowed))
            if wrong.any():
                stayed = np.array_equal(after, before)
                found.append(UpdateFault(name, stayed, int(wrong.sum())))
        return found

    def explained(self) -> tuple[tuple[Link, ...], tuple[str, ...]]:
        """Return the links, with the mistakes behind those that are wrong, and the idle mistakes.

        A mistake is behind a wrong link where errors begin there when the step makes that mistake
        alone, and where the link comes out otherwise when it makes all but that one. Where errors
        begin only because mistakes meet, the second is enough, best if the link is right then. A
        mistake is idle if the step is the same without it; so are all if nothing is wrong.
        """
        links, made = self.links(self._shown), self._shown.experiment.training.mistakes
        if not any(each.wrong for each in links):
            return links, made
        if len(made) < 2:
            return tuple(replace(each, mistakes=made if each.origin else ()) for each in links), ()
        alone = {name: self.links(made_with(self._shown, (name,))) for name in made}
        without = {
            name: made_with(self._shown, tuple(m for m in made if m != name)) for name in made
        }
        explained: list[Link] = []
        for link in links:
            mattering, begun = list[str](), list[str]()
            if link.wrong:
                # passed on by what the link is computed from; no other mistake leaves out an update
                passed = {m for each in explained if each.passes_to(link) for m in each.mistakes}
                own = [name for name in made if name not in passed and _may_be_in(link, name)]
                mattering = [name for name in own if self._matters(link, without[name])]
                begun = [m for m in own if link.kind in {x.kind for x in alone[m] if x.origin}]
            behind = [name for name in begun if name in mattering]
            if link.origin:
                cure = [m for m in mattering if not self._is_wrong(link.kind, without[m])]
                behind = behind or begun or cure or mattering
            explained.append(replace(link, mistakes=tuple(behind)))
        known = {name for each in explained for name in each.mistakes}
        idle = [
            name
            for name in made
            if name not in known and not any(self._matters(each, without[name]) for each in links)
        ]
        return tuple(explained), tuple(idle)

    def _is_wrong(self, kind: str, snapshot: Snapshot) -> bool:
        return any(each.wrong for each in self.links(snapshot) if each.kind == kind)

    def _matters(self, link: Link, other: Snapshot) -> bool:
        """Return whether the link's results are others in ``other``, the step without a mistake."""
        if link.faults:
            still = {each.name for each in self.faults(other)}
            return any(each.name not in still for each in link.faults)
        for each in link.results:
            found = each.of(other).analytic
            with np.errstate(invalid="ignore"):
                allowed = TOLERANCE * np.abs(each.analytic) + each.rounding
                near = np.abs(found - each.analytic) <= allowed
            if not (near | _equal(found, each.analytic)).all():
                return True
        return False


def _equal(one: Array, other: Array) -> Mask:
    equal: Mask = (one == other) | (np.isnan(one) & np.isnan(other))
    return equal


def _may_be_in(link: Link, mistake: str) -> bool:
    return not link.faults or MISTAKES[mistake].shows_in == "update"


def made_with(snapshot: Snapshot, mistakes: tuple[str, ...]) -> Snapshot:
    """Return the same step from the same state with other mistakes."""
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
