"""Points at the first wrong line: the earliest value that, put right, puts the gradients right.

Each value of the program's backward pass is replaced by true gradients of its shape, one after the
other, and what follows from it is computed again as the program computes it. Where gradients of
parameters that were wrong come out right and none that was right breaks, that value is where the
mistake was made. What a loop computes again and again is replaced in all of its turns at once.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np

from bptui.core.graph.node import Node, evaluate, ordered
from bptui.trace.truth import Judged, Key, StepTruth, multiple
from bptui.trace.updates import Parameter

Values = list[Any]
"""One array for each draw."""
Changes = dict[int, Values]


class Repair(NamedTuple):
    """Values that are wrong, of one place in the source, and whose true gradients belong there."""

    place: int
    entries: tuple[int, ...]
    stands_for: tuple[int, ...]
    mended: frozenset[Key]
    """The parameters that come out right."""


@dataclass
class Lines:
    """The program's backward pass, judged."""

    truth: StepTruth
    judged: Judged
    turns: Sequence[tuple[int, int]]
    """When each turn of a loop began, and the loop's place."""
    repairs: list[Repair] = field(default_factory=list)
    follows: set[int] = field(default_factory=set)
    """Entries that are wrong only because of those."""

    def __post_init__(self) -> None:
        truth, tape = self.truth, self.truth.tape
        graph = truth.graph
        loss = ordered([self.judged.loss.node])
        self.forward = {graph.entry[node] for node in loss if node in graph.entry}
        behind: set[int] = set()
        for parameter in truth.parameters:
            behind |= tape.ancestors(parameter.after)
        self.backward = sorted(behind & truth.dependent - self.forward)
        self.true = self._gradients()
        self.values: Changes = {e: truth.numbers(graph.nodes[e]) for e in self.backward}
        self.groups: dict[int, list[int]] = {}
        for entry in self.backward:
            if self.values[entry][0].dtype.kind == "f":
                self.groups.setdefault(tape.notes[entry].place, []).append(entry)
        self.sources: dict[tuple[int, int], list[int]] = {}
        for source in sorted(self.true):
            entry, consumer = source
            key = (tape.notes[entry].place, tape.notes[consumer].place if consumer >= 0 else consumer)
            self.sources.setdefault(key, []).append(self.numbered(source))

    # the truth

    def numbered(self, source: tuple[int, int]) -> int:
        return self._number[source]

    def _gradients(self) -> dict[tuple[int, int], Values]:
        """Return the true gradient of each forward value, and what each consumer adds to it."""
        graph, found = self.truth.graph, self.judged.gradients
        wanted: dict[tuple[int, int], Node] = {}
        for node, gradient in found.of.items():
            if node not in graph.entry:
                continue
            entry = graph.entry[node]
            wanted[entry, -1] = gradient
            links = found.links.get(node, ())
            if len(links) > 1:
                for link in links:
                    consumer = graph.entry.get(link.consumer)
                    if consumer is not None:
                        wanted[entry, consumer] = link.contribution
        true: dict[tuple[int, int], Values] = {}
        for draw in self.truth.draws:
            values = evaluate(wanted.values(), draw)
            for parameter in self.truth.parameters:
                if parameter.places is not None and (parameter.before, -1) in wanted:
                    whole = np.broadcast_to(values[wanted[parameter.before, -1]], graph.nodes[parameter.before].shape)
                    part = parameter.taken(whole)
                    true.setdefault((parameter.before, -2 - min(parameter.places)), []).append(part.reshape(()) if part.size == 1 else part)
            for source, gradient in wanted.items():
                shape = graph.nodes[source[0]].shape
                true.setdefault(source, []).append(np.broadcast_to(values[gradient], shape))
        self._number = {source: number for number, source in enumerate(sorted(true))}
        self._source = {number: source for source, number in self._number.items()}
        return true

    # the search

    def find(self) -> None:
        """Look for repairs until all gradients are right, or no more is found."""
        wrong = {key for key, match in self.judged.matches.items() if match is None and key not in self.judged.missing}
        right = set(self.judged.matches) - wrong
        self.usual: set[float] | None = None
        whole = [m.factor for m in self.judged.matches.values() if m is not None and m.entry is None and not np.isnan(m.factor)]
        self.factor = max(set(whole), key=whole.count) if whole else None
        self.segments = self._segments()
        current: Changes = {}
        while wrong:
            found = self._next(wrong, right, current)
            if found is None:
                break
            repair, current = found
            self.repairs.append(repair)
            wrong -= repair.mended
            right |= repair.mended
        self.wrong, self.current = wrong, current
        first = {entry for repair in self.repairs for entry in repair.entries}
        updating: set[int] = set()
        for parameter in self.truth.parameters:
            true = [parameter.taken(each) for each in self.true.get((parameter.before, -1), [])]
            behind = self.truth.tape.ancestors(parameter.after)
            found = [e for e, values in current.items() if e in behind and true and values[0].size == true[0].size and multiple(values, true) is not None]
            if found:
                updating |= behind - self.truth.tape.ancestors(min(found)) - {min(found)}
        self.follows = {
            entry for entry, values in current.items()
            if entry not in first and entry not in updating and multiple(values, self.values[entry]) is None
        }

    def _next(self, wrong: set[Key], right: set[Key], current: Changes) -> tuple[Repair, Changes] | None:
        tape, found = self.truth.tape, self.truth.parameters
        suspects = set().union(*(tape.ancestors(p.after) for p in found if p.key in wrong))
        self._learn_factors(right)
        known = {e: self._stands_for(e, current) for e in self.backward}
        suspected: list[tuple[int, int, list[int]]] = []
        for place, group in self.groups.items():
            entries = [e for e in group if e in suspects]
            doubtful = [e for e in entries if not known[e]] or entries
            if entries and not any(repair.place == place for repair in self.repairs):
                suspected.append((doubtful[0], place, entries))
        parameters = {p.before for p in found}
        best: tuple[tuple[int, int], Repair, Changes] | None = None
        # first what is no true gradient, then what is that of another value, then the gradient of
        # a parameter itself: there any mistake could be mended
        for stage in range(3):
            for first, place, entries in sorted(suspected):
                if stage < 2 and bool(known[first]) != (stage == 1):
                    continue
                for pairs in self._candidates(entries):
                    last = any(self._source[number][0] in parameters for number in pairs.values())
                    if last != (stage == 2) or (stage == 1 and not self._missing(pairs, known, first)):
                        continue
                    tried = self._tried(pairs, wrong, right, current)
                    if tried is None or (best is not None and best[0] <= (-len(tried[0]), stage)):
                        continue
                    mended, changed = tried
                    repair = Repair(place, tuple(pairs), tuple(pairs.values()), mended)
                    best = (-len(mended), stage), repair, changed
                    if len(mended) == len(wrong):
                        return repair, changed
        return best and best[1:]

    def _tried(
        self, pairs: dict[int, int], wrong: set[Key], right: set[Key], current: Changes
    ) -> tuple[frozenset[Key], Changes] | None:
        """Return what a replacement mends and all that it changes; None where it breaks something."""
        scale = 1.0
        for _ in range(2):
            replaced = {
                e: [scale * each for each in self._shaped(s, self.values[e][0].shape)] for e, s in pairs.items()
            }
            changed = self._carried(replaced, current)
            if changed is None:
                return None
            factors = {p.key: self._fits(p, changed) for p in self.truth.parameters}
            mended = frozenset(key for key in wrong if factors[key] is not None)
            if not mended or not all(factors[key] is not None for key in right):
                return None
            off = {f for key in mended if (f := factors[key]) is not None and not self._agrees(f)}
            if not off:
                return mended, changed
            assert self.factor is not None
            scale *= self.factor / next(iter(off))
        return None

    def _agrees(self, factor: float) -> bool:
        return self.factor is None or np.isnan(factor) or abs(factor - self.factor) <= 1e-5 * abs(self.factor)

    def _learn_factors(self, right: set[Key]) -> None:
        """Note which multiples of true gradients stand behind gradients that are right."""
        tape = self.truth.tape
        self.usual: set[float] | None = None
        if not self.judged.ratios:
            return
        behind = set().union(*(tape.ancestors(p.after) for p in self.truth.parameters if p.key in right), set())
        self.usual = {
            float(f"{factor:.5g}")
            for entry in self.backward
            if entry in behind and self.values[entry][0].size > 1
            for true in self.true.values()
            if true[0].size == self.values[entry][0].size and (factor := multiple(self.values[entry], true)) is not None
        }

    def _stands_for(self, entry: int, current: Changes) -> set[int]:
        """Return the forward values of whose true gradients a value is a multiple."""
        values = current.get(entry, self.values[entry])
        if values[0].size == 1 or values[0].dtype.kind != "f":
            return set()
        found: set[int] = set()
        for source, true in self.true.items():
            if true[0].size == values[0].size:
                factor = multiple(values, true)
                if factor is not None and (self.usual is None or float(f"{factor:.5g}") in self.usual):
                    found.add(self._number[source])
        return found

    def _missing(self, pairs: dict[int, int], known: dict[int, set[int]], first: int) -> bool:
        """Whether nothing that the program has is what should stand there."""
        return not any(number in stands for stands in known.values() for number in pairs.values())

    def _segments(self) -> list[int]:
        """Return where the turns begin of the outermost loop that goes forward and back in each."""
        loops: dict[int, list[int]] = {}
        first = min(self.forward | set(self.backward), default=0)
        last = max(self.backward, default=0)
        for when, place in self.turns:
            if when <= last:
                loops.setdefault(place, []).append(when)
        for starts in sorted(loops.values(), key=lambda each: each[0]):
            inside = [start for start in starts if start >= first - 1]
            if len(inside) < 2 or len(inside) > 1000:
                continue
            spans = list(zip(inside, [*inside[1:], last + 1], strict=True))
            both = [
                any(a <= e < b for e in self.forward) and any(a <= e < b for e in self.backward) for a, b in spans
            ]
            if all(both):
                return inside
        return []

    def _segment(self, entry: int) -> int:
        return sum(start <= entry for start in self.segments)

    def _candidates(self, entries: list[int]) -> Iterator[dict[int, int]]:
        """Yield what the entries may stand for: values of one place, in order or the other way."""
        seen: set[tuple[tuple[int, int], ...]] = set()
        for chosen in (entries, entries[-1:]):
            for sources in reversed(list(self.sources.values())):
                for backwards in (True, False):
                    for offset in (0, 1):
                        paired = self._paired(chosen, sources, backwards, offset)
                        key = tuple(sorted(paired.items()))
                        if paired and key not in seen:
                            seen.add(key)
                            yield paired

    def _paired(self, entries: list[int], sources: list[int], backwards: bool, offset: int) -> dict[int, int]:
        """Return pairs of an entry and what it may stand for, turn by turn; none where one is odd."""
        theirs: dict[int, list[int]] = {}
        for source in sources:
            theirs.setdefault(self._segment(self._source[source][0]), []).append(source)
        ours: dict[int, list[int]] = {}
        for entry in entries:
            ours.setdefault(self._segment(entry), []).append(entry)
        result: dict[int, int] = {}
        for segment, own in ours.items():
            there = theirs.get(segment) or (theirs.get(0) if len(theirs) == 1 else None) or []
            there = (there[::-1] if backwards else there)[offset:]
            if len(there) < len(own) - 1 or not there:
                return {}
            for entry, source in zip(own, there, strict=False):
                size = self.values[entry][0].size
                if self.true[self._source[source]][0].size != size and size != 1:
                    return {}
                result[entry] = source
        return result

    def _shaped(self, number: int, shape: tuple[int, ...]) -> Values:
        true = self.true[self._source[number]]
        if true[0].shape == shape or true[0].size != int(np.prod(shape)):
            return true
        return [each.T if each.T.shape == shape else each.reshape(shape) for each in true]

    def _carried(self, replaced: Changes, current: Changes) -> Changes | None:
        """Compute again what follows from values, as the program does; None where that fails."""
        changed = {**current, **replaced}
        graph, inputs = self.truth.graph, self.truth.tape.inputs
        stale, first = set(replaced), min(replaced)
        pinned = {entry for repair in self.repairs for entry in repair.entries} | set(replaced)
        for later in self.backward:
            if later <= first or later in pinned or not any(each in stale for each in inputs[later]):
                continue
            stale.add(later)
            node = graph.nodes[later]
            made: Values = []
            for number, draw in enumerate(self.truth.draws):
                values = [self._value(each, number, changed, draw) for each in node.inputs]
                try:
                    with np.errstate(all="ignore"):
                        made.append(np.asarray(node.op.evaluate(*values, **node.settings)))
                except (ValueError, IndexError, TypeError):
                    return None
            changed[later] = made
        return changed

    def _value(self, node: Node, number: int, changed: Changes, draw: dict[Node, Any]) -> Any:
        entry = self.truth.graph.entry.get(node)
        if entry in changed:
            return changed[entry][number]
        if node in draw and (entry is not None or not node.inputs):
            return draw[node]
        inner = [self._value(each, number, changed, draw) for each in node.inputs]
        return np.asarray(node.op.evaluate(*inner, **node.settings))

    def _fits(self, parameter: Parameter, changed: Changes) -> float | None:
        """Return the multiple of its true gradient by which a parameter changes; None for another."""
        after = changed.get(parameter.after)
        if after is None:
            match = self.judged.matches.get(parameter.key)
            return None if match is None else match.factor if match.entry is None else float("nan")
        node = self.truth.parameters[parameter]
        true = [parameter.taken(each) for each in self.true[parameter.before, -1]]
        change = [parameter.taken(new - draw[node]) for new, draw in zip(after, self.truth.draws, strict=True)]
        factor = multiple(change, true)
        if factor is not None:
            return factor
        if any(each is not None and each.entry is None for each in self.judged.matches.values()):
            return None
        behind = (
            (each, multiple(changed[each], true))
            for each in self.truth.tape.ancestors(parameter.after)
            if each in changed and changed[each][0].size == true[0].size and each != parameter.after
        )
        fits = any(factor is not None and self.truth._adapted(parameter.key, each) for each, factor in behind)
        return float("nan") if fits else None
