"""What values of a backward pass may stand for: true gradients, paired with them turn by turn."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import numpy as np

from bptui.core.graph.node import Node, evaluate
from bptui.trace.comparing import Values
from bptui.trace.losses import Judged
from bptui.trace.truth import StepTruth

Source = tuple[int, int]
"""A forward value's entry, and which part of its gradient: ALL of it, what one consumer (an
entry) adds, or below ALL that of a parameter's numbers from PART - the first of them on."""
ALL = -1
PART = -2
USES = 4
"""Uses of a function in one turn of a loop, at most."""


def true_gradients(truth: StepTruth, judged: Judged) -> dict[Source, Values]:
    """Return the true gradient of each forward value, and what each consumer adds to it."""
    graph, found = truth.graph, judged.gradients
    wanted: dict[Source, Node] = {}
    for node, gradient in found.of.items():
        entry = graph.entry.get(node)
        if entry is None:
            continue
        wanted[entry, ALL] = gradient
        links = found.links.get(node, ())
        if len(links) > 1:
            for link in links:
                consumer = graph.entry.get(link.consumer)
                if consumer is not None:
                    wanted[entry, consumer] = link.contribution
    true: dict[Source, Values] = {}
    for draw in truth.draws:
        values = evaluate(wanted.values(), draw)
        for source, gradient in wanted.items():
            shape = graph.nodes[source[0]].shape
            true.setdefault(source, []).append(np.broadcast_to(values[gradient], shape))
    for parameter in truth.parameters:
        if parameter.places is not None and (parameter.before, ALL) in wanted:
            parts = [parameter.taken(whole) for whole in true[parameter.before, ALL]]
            true[parameter.before, PART - min(parameter.places)] = [
                part.reshape(()) if part.size == 1 else part for part in parts
            ]
    return true


class Candidates:
    """Pairs the entries of one place in the backward pass with forward values of one place."""

    def __init__(
        self,
        truth: StepTruth,
        true: Mapping[Source, Values],
        values: Mapping[int, Values],
        starts: Sequence[int],
    ) -> None:
        """Take ``values`` of the backward pass, and when the turns of its loop ``starts``."""
        self.true, self.values, self.starts = true, values, starts
        notes = truth.tape.notes
        self.sources: dict[tuple[int, int], list[Source]] = {}
        for source in sorted(true):
            entry, part = source
            key = (notes[entry].place, notes[part].place if part >= 0 else part)
            self.sources.setdefault(key, []).append(source)

    def of(self, entries: list[int], odd: bool = False) -> Iterator[dict[int, Source]]:
        """Yield what entries may stand for: values of one place, in order or the other way.

        ``odd`` ones are of another size.
        """
        seen: set[tuple[tuple[int, Source], ...]] = set()
        for chosen in (entries, entries[-1:]):
            for sources in self._of_one_use(len(chosen)):
                for backwards in (True, False):
                    for offset in (0, 1):
                        paired = self._paired(chosen, sources, backwards, offset, odd)
                        key = tuple(paired.items())
                        if paired and key not in seen:
                            seen.add(key)
                            yield paired

    def _of_one_use(self, turns: int) -> Iterator[list[Source]]:
        """Yield the sources of one place, and of one use where each turn uses it several times."""
        for sources in reversed(list(self.sources.values())):
            yield sources
            uses, rest = divmod(len(sources), turns)
            if turns > 1 < uses <= USES and not rest:
                for use in range(uses):
                    yield sources[use::uses]

    def _paired(
        self,
        entries: list[int],
        sources: list[Source],
        backwards: bool,
        offset: int,
        odd: bool,
    ) -> dict[int, Source]:
        """Return pairs of an entry and what it may stand for; none where one is of another size."""
        theirs: dict[int, list[Source]] = {}
        for source in sources:
            entry, part = source  # each turn adds its part to the gradient of a parameter
            theirs.setdefault(self._turn(max(entry, part)), []).append(source)
        ours: dict[int, list[int]] = {}
        for entry in entries:
            ours.setdefault(self._turn(entry), []).append(entry)
        result: dict[int, Source] = {}
        for turn, own in ours.items():
            there = theirs.get(turn) or (theirs.get(0) if len(theirs) == 1 else None) or []
            there = (there[::-1] if backwards else there)[offset:]
            if len(there) < len(own) - 1 or not there:
                return {}
            for entry, source in zip(own, there, strict=False):
                size = self.values[entry][0].size
                if (size not in (1, self.true[source][0].size)) != odd:
                    return {}
                result[entry] = source
        return result

    def _turn(self, entry: int) -> int:
        return sum(start <= entry for start in self.starts)
