"""What values of a backward pass may stand for: true gradients, paired with them turn by turn."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from itertools import chain, groupby

from bptui.core.graph.node import Node
from bptui.trace.step.drawn import PRODUCTS
from bptui.trace.step.multiples import Multiples, Values, multiple, rounded, varies
from bptui.trace.step.possible_losses import Judged
from bptui.trace.step.truth import StepTruth
from bptui.trace.tape import Caller

Source = tuple[int, int]
"""A forward value's entry, and which part of its gradient: ALL of it, what one consumer (an
entry) adds, or below ALL that of a parameter's numbers from PART - the first of them on."""
ALL = -1
PART = -2
USES = 4
"""Uses of a function in one turn of a loop, at most."""
_Turns = dict[int, list[Source]]


def true_gradients(
    truth: StepTruth, judged: Judged, without: Collection[int]
) -> dict[Source, Values]:
    """Return the true gradient of each forward value, and what each consumer adds to it.

    None are of values ``without``, which nobody takes a gradient of.

    Of what has the other sign, as in ``1 / (1 + np.exp(-x @ W))``, people mean that of x @ W. What
    is computed twice of the same, as P[u], is one value.
    """
    graph, found = truth.graph, judged.gradients
    wanted: dict[Source, Node] = {}
    first = _once(truth, found.of)
    twice = {node for node, one in first.items() if node != one}
    twice |= {first[node] for node in twice}
    for node, gradient in found.of.items():
        entry = graph.entry.get(node)
        if entry is None or entry in truth.partial or entry in without:
            continue
        known = wanted.get((one := graph.entry[first[node]], ALL))
        wanted[one, ALL] = gradient if known is None else known + gradient
        links = found.links.get(node, ())
        if len(links) > 1 or node in twice:
            added: dict[int, Node] = {}  # of a square two links are one path
            for link in links:
                consumer = graph.entry.get(link.consumer)
                if consumer is not None:
                    part = link.contribution
                    part = added[consumer] + part if consumer in added else part
                    added[consumer] = wanted[one, consumer] = part
    true = truth.in_draws({one: (graph.nodes[one[0]], node) for one, node in wanted.items()})
    other = {entry for entry, _ in wanted if turned(truth, graph.nodes[entry])}
    true = {one: [-v for v in right] if one[0] in other else right for one, right in true.items()}
    for parameter in truth.parameters:
        if parameter.places is not None and (parameter.before, ALL) in wanted:
            parts = [parameter.taken(whole) for whole in true[parameter.before, ALL]]
            true[parameter.before, PART - min(parameter.places)] = [
                part.reshape(()) if part.size == 1 else part for part in parts
            ]
    return true


def _once(truth: StepTruth, nodes: Iterable[Node]) -> dict[Node, Node]:
    """Return for each node the first one that is the same operation on the same values."""
    entry = truth.graph.entry
    first: dict[Node, Node] = {}
    known: dict[tuple[object, ...], Node] = {}
    for node in sorted((node for node in nodes if node in entry), key=lambda node: entry[node]):
        inputs = tuple(first.get(part, part) for part in node.inputs)
        key = node.op.name, inputs, node.shape, truth.numbers(node)[0].tobytes() if inputs else node
        first[node] = known.setdefault(key, node)
    return first


def turned(truth: StepTruth, node: Node) -> bool:
    """Return whether a value without a name is that which is meant with the other sign."""
    if truth.graph.entry.get(node) in truth.tape.named:
        return False
    if node.op.name == "negative":
        return True
    factors = node.inputs if node.op.name in PRODUCTS else ()
    return sum(turned(truth, f) for f in factors if f.op.name == "negative") % 2 == 1


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
        self.depends, self.inputs = truth.tape.depends, truth.tape.inputs
        self.own = {parameter.before for parameter in truth.parameters}
        self.level = {s for s, (first, *_) in true.items() if first.any() and not varies(first)}
        """The sources whose gradients are the same number everywhere."""
        notes = truth.tape.notes
        self.sources: dict[tuple[int, ...], list[Source]] = {}
        for source in sorted(true):
            entry, part = source
            key = (notes[entry].place, notes[part].place if part >= 0 else max(part, PART))
            self.sources.setdefault(key, []).append(source)
        self._known: dict[int, list[_Turns]] = {}
        self._named = [(binding.when, binding.frame) for binding in truth.tape.bindings]
        self._split(truth.tape.callers)
        self._depths: dict[int, int] = {}
        """How many operations lie between parameters and entries, on the longest way."""
        for entry in sorted(truth.dependent):
            below = (self._depths.get(one, 0) for one in truth.tape.inputs[entry])
            self._depths[entry] = 1 + max(below, default=0)

    def _split(self, callers: Mapping[int, Caller]) -> None:
        """Take values of a function that is called in several loops by those, too."""
        for key, every in [*self.sources.items()]:
            groups: dict[int, list[Source]] = {}
            for source in every:
                caller = callers.get(self._call(source))
                groups.setdefault(caller.place if caller else -1, []).append(source)
            if len(groups) > 1:
                loops = {place: group for place, group in groups.items() if len(group) > 1}
                self.sources |= {(*key, place): group for place, group in loops.items()}

    def of(self, entries: list[int], odd: bool = False) -> Iterator[dict[int, Source]]:
        """Yield what entries may stand for: values of one place, in some order.

        ``odd`` ones are of another size.
        """
        seen: set[tuple[tuple[int, Source], ...]] = set()
        inner = {one for entry in entries for one in self.inputs[entry][:1]}
        ends = [entry for entry in entries if entry not in inner]  # what all turns have made
        for chosen in (entries, ends, entries[-1:]):
            ours: dict[int, list[int]] = {}
            for entry in chosen:
                ours.setdefault(self._turn(entry), []).append(entry)
            for theirs in self._orders(len(chosen)):
                for offset in (0, 1, 2):
                    paired = self._paired(ours, theirs, offset, odd)
                    key = tuple(paired.items())
                    if paired and key not in seen:
                        seen.add(key)
                        yield paired
        if 1 < len(entries) <= USES and len(set(map(self._turn, entries))) == 1 and not odd:
            yield from self._shared(entries)

    def _shared(self, entries: list[int]) -> Iterator[dict[int, Source]]:
        """Yield values of whose gradient each entry may be a share: every path goes back alone."""
        apart = not any(self.depends(one, {*entries} - {one}) for one in entries)
        for source, true in reversed([*self.true.items()]) if apart else ():
            same = all(self.values[entry][0].size == true[0].size for entry in entries)
            if same and source[0] not in self.own:
                yield dict.fromkeys(entries, source)

    def _orders(self, turns: int) -> list[_Turns]:
        """Return the sources of one place by turns: backwards, forwards, and layer by layer.

        They are those of one use, too, where each turn uses a place several times, and go backwards
        through each call of a function that is called several times.
        """
        if turns not in self._known:
            found: list[_Turns] = []
            for every in reversed(list(self.sources.values())):
                uses, rest = divmod(len(every), turns)
                several = turns > 1 < uses <= USES and not rest
                parts = [every[use::uses] for use in range(uses)] if several else []
                for sources in (every, *parts):
                    calls = ([*each][::-1] for _, each in groupby(sources, self._call))
                    layers = sorted(sources, key=lambda one: (-self._depths.get(one[0], 0), one))
                    ways = (sources[::-1], sources, layers, chain.from_iterable(calls))
                    for order in dict.fromkeys(map(tuple, ways)):
                        made: _Turns = {}
                        for source in order:
                            # each turn adds its part to the gradient of a parameter
                            made.setdefault(self._turn(max(source)), []).append(source)
                        found.append(made)
            self._known[turns] = found
        return self._known[turns]

    def _paired(
        self, ours: Mapping[int, list[int]], theirs: _Turns, offset: int, odd: bool
    ) -> dict[int, Source]:
        """Return pairs of an entry and what it may stand for; none where one is of another size."""
        result: dict[int, Source] = {}
        for turn, own in ours.items():
            there = theirs.get(turn) or (theirs.get(0) if len(theirs) == 1 else None) or []
            there = there[offset:]
            if len(there) < len(own) - 1 or not there:
                return {}
            for entry, source in zip(own, there, strict=False):
                values = self.values[entry][0]
                if (values.size not in (1, self.true[source][0].size)) != odd:
                    return {}
                if source in self.level and varies(values):
                    return {}  # as the gradient of each term of the loss: it is a factor too many
                result[entry] = source
        last = {source: entry for entry, source in result.items()}
        return {  # of what is added up, the sum
            entry: source
            for entry, source in result.items()
            if entry == last[source] or not self.depends(last[source], {entry})
        }

    def _call(self, source: Source) -> int:
        """Return the call of a function that uses a source: that of the next name given."""
        later = bisect_left(self._named, (max(source) + 1, 0))
        return self._named[later][1] if later < len(self._named) else 0

    def _turn(self, entry: int) -> int:
        return bisect_right(self.starts, entry)


class Standing:
    """The values of a backward pass beside all true gradients."""

    def __init__(
        self,
        true: Mapping[Source, Values],
        values: Mapping[int, Values],
        convention: float = 1.0,
    ) -> None:
        """Take which multiple of true gradients the program has by convention."""
        self.values = values
        self.usual = {1.0, convention}
        self._sizes: dict[int, list[tuple[Source, Values]]] = {}
        for source in sorted(true):
            self._sizes.setdefault(true[source][0].size, []).append((source, true[source]))
        self._multiples: dict[int, Multiples] = {}
        self._known: dict[int, dict[Source, float]] = {}

    def of(self, entry: int) -> dict[Source, float]:
        """Return the sources of an entry with the factors, the earliest forward value first."""
        if entry not in self._known:
            self._known[entry] = self.compared(self.values[entry])
        return self._known[entry]

    def compared(self, values: Values, single: bool = False) -> dict[Source, float]:
        """Return the sources of values with the factors.

        A number by itself is a multiple of many: only one that is equal, or as usual, counts,
        unless it is ``single``.
        """
        size = values[0].size
        same = self._sizes.get(size, [])
        if not same:
            return {}
        if size not in self._multiples:
            self._multiples[size] = Multiples([true for _, true in same])
        near = [same[number] for number in self._multiples[size].of(values)]
        compared = {source: multiple(values, true) for source, true in near}
        found = {source: factor for source, factor in compared.items() if factor is not None}
        if size > 1 or single:
            return found
        return {one: f for one, f in found.items() if rounded(abs(f)) in self.usual}


def gradient_text(name: str, factor: float = 1.0) -> str:
    """Return how a multiple of the gradient of a named value is written: ``-2 dL/d W1``."""
    size = rounded(abs(factor))
    return f"{'-' if factor < 0 else ''}{'' if size == 1.0 else f'{size:g} '}dL/d {name}"
