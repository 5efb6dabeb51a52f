"""Computes a recorded backward pass again, as the program does, with other numbers in it."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence

import numpy as np

from bptui.core.graph.node import Node
from bptui.trace.step.multiples import Numbers, Values
from bptui.trace.step.truth import StepTruth

Changes = dict[int, Values]
"""Other values of entries, one array for each draw."""
Compute = Callable[[Node, list[Numbers]], Numbers]

FAILURES = (ValueError, IndexError, TypeError)
"""What numpy raises for numbers of a shape that the program did not have in mind."""


def as_it_is(node: Node, values: list[Numbers]) -> Numbers:
    """Return what an operation gives."""
    return np.asarray(node.op.evaluate(*values, **node.settings))


def _first(node: Node, values: list[Numbers]) -> Numbers:
    return values[0]


class Replay:
    """The entries of a backward pass, which can be computed again."""

    def __init__(self, truth: StepTruth, backward: Sequence[int]) -> None:
        self.truth, self.backward = truth, backward
        self.renamed: dict[int, list[tuple[Collection[int], Values]]] = {}
        """What entries should be where they are read by another name: by which, and the values."""
        self.by_both: set[tuple[int, int]] = set()
        """Entries with those that read them by their old name, too: once by the new one, first."""
        self._known: dict[Node, Values] = {}
        self._idle = {entry for entry in backward if self._is_idle(entry)}
        """Clips that cut nothing: nor do they cut what should be there."""

    def carried(
        self,
        replaced: Changes,
        known: Mapping[int, Values],
        pinned: Collection[int] = (),
        last: int | None = None,
    ) -> Changes | None:
        """Return ``known`` with what follows from replaced values; None where that fails.

        What comes behind a ``last`` entry stays.
        """
        changed, first = {**known, **replaced}, min(replaced)
        later = [e for e in self.backward if e > first and e not in replaced and e not in pinned]
        if last is not None:
            later = [entry for entry in later if entry <= last]
        return self._again(later, set(replaced), changed, {})

    def renaming(
        self,
        names: Mapping[int, tuple[Collection[int], Values]],
        known: Mapping[int, Values],
        pinned: Collection[int] = (),
    ) -> Changes | None:
        """Return what changes where entries are others for those that read them by another name."""
        for entry, name in names.items():
            self.renamed.setdefault(entry, []).insert(0, name)
        users = {user for users, _ in names.values() for user in users}.difference(pinned)
        # of some only the shape is read, as by zeros_like
        reading = {user for user in users if self.truth.graph.nodes[user].inputs}
        later = [entry for entry in self.backward if entry not in pinned]
        changed = self._again(later, set(), dict(known), dict.fromkeys(reading, as_it_is))
        for entry in names:
            del self.renamed[entry][0]
        return changed

    def edited(
        self,
        entries: Collection[int],
        compute: Compute,
        known: Mapping[int, Values],
        pinned: Collection[int] = (),
    ) -> Changes | None:
        """Return what changes where entries are computed by another operation."""
        later = [entry for entry in self.backward if entry not in pinned]
        return self._again(later, set(), dict(known), dict.fromkeys(entries, compute))

    def with_former(
        self, entries: Collection[int], known: Mapping[int, Values], pinned: Collection[int] = ()
    ) -> Changes | None:
        """Return what changes where entries read parameters as they were before the update."""
        parameters, inputs = self.truth.parameters, self.truth.tape.inputs
        afters = {parameter.after for parameter in parameters}
        own = (entry for entry in self.backward if entry in entries and entry not in afters)
        reading = {entry for entry in own if not afters.isdisjoint(inputs[entry])}
        former = {p.after: (reading, self.truth.numbers(node)) for p, node in parameters.items()}
        return self.renaming(former, known, pinned) if reading else None

    def with_others(
        self, given: int, others: Collection[int], entries: Collection[int]
    ) -> Iterator[Changes]:
        """Yield what entries are if one they are computed from is another of the same shape."""
        nodes = self.truth.graph.nodes
        again = [entry for entry in self.backward if entry in entries]
        for other in others:
            if other != given and nodes[other].shape == nodes[given].shape:
                changed = self._again(again, {given}, {given: self.truth.numbers(nodes[other])}, {})
                if changed is not None:
                    yield changed

    def _again(
        self,
        entries: Sequence[int],
        stale: set[int],
        changed: Changes,
        edits: Mapping[int, Compute],
    ) -> Changes | None:
        graph, inputs = self.truth.graph, self.truth.tape.inputs
        with np.errstate(all="ignore"):
            for entry in entries:
                if entry not in edits and stale.isdisjoint(inputs[entry]):
                    continue
                stale.add(entry)
                usual = _first if entry in self._idle else as_it_is
                node, compute = graph.nodes[entry], edits.get(entry, usual)
                try:
                    changed[entry] = self._computed(node, compute, changed, entry)
                except FAILURES:
                    return None
        return changed

    def _is_idle(self, entry: int) -> bool:
        node, numbers = self.truth.graph.nodes[entry], self.truth.numbers
        clips = node.op.name == "clip" and node.shape == node.inputs[0].shape
        pairs = zip(numbers(node), numbers(node.inputs[0]), strict=True) if clips else ()
        return clips and all(np.array_equal(one, other) for one, other in pairs)

    def _computed(self, node: Node, compute: Compute, changed: Changes, user: int) -> Values:
        parts = list[Values]()
        for number, part in enumerate(node.inputs):
            both = (self.truth.graph.entry.get(part, -1), user) in self.by_both
            by_new = not both or part not in node.inputs[:number]
            parts.append(self._values(part, changed, user if by_new else -1))
        return [
            compute(node, [part[draw] for part in parts]) for draw in range(len(self.truth.draws))
        ]

    def _values(self, node: Node, changed: Changes, user: int) -> Values:
        """Return a node's values, as they are for the entry that uses it."""
        entry = self.truth.graph.entry.get(node)
        if entry is not None:
            renamed = self._renamed(entry, user) if self.renamed else None
            if renamed or entry in changed:
                return renamed or changed[entry]
        if node not in self._known:
            known = all(node in draw for draw in self.truth.draws)
            if not known or (entry is None and node.inputs):
                return self._computed(node, as_it_is, changed, user)
            self._known[node] = [np.asarray(draw[node]) for draw in self.truth.draws]
        return self._known[node]

    def _renamed(self, entry: int, user: int) -> Values | None:
        known = (values for users, values in self.renamed.get(entry, ()) if user in users)
        return next(known, None)
