"""What a statement of the program sees: the values of all that has a name there, in all draws."""

from __future__ import annotations

import ast
import re
from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np

from bptui.core.graph.node import Node
from bptui.trace.judge.repair import Repair
from bptui.trace.judge.replay import as_it_is
from bptui.trace.judge.wrong_lines import Lines
from bptui.trace.mend.neighbours import neighbours, rows
from bptui.trace.mend.recalled import recalled
from bptui.trace.paths import SINGLE
from bptui.trace.record.recording import Recording
from bptui.trace.source import Place, Source, has
from bptui.trace.step.multiples import CLOSE, Values, largest
from bptui.trace.step.parts import part_put
from bptui.trace.tape import Binding, Reference, Value

PLAIN = re.compile(r"[^\W\d]\w*(\.\w+)*(\[('\w+'|\d+)\])?")
ITEM = re.compile(r"\[\d+\]")
NEAR = 200
"""Entries of one statement, at most."""


class Sight(NamedTuple):
    """What a statement can be evaluated with: its binding, and the values in its sight."""

    binding: Binding
    names: dict[str, Values]
    known: dict[str, Any]
    before: Values | None


class Seeing:
    """A statement of the program, with what was recorded of it."""

    def __init__(
        self,
        source: Source,
        recorder: Recording,
        places: Sequence[Place],
        lines: Lines,
        statement: ast.stmt,
    ) -> None:
        self.source, self.recorder, self.places, self.lines = source, recorder, places, lines
        self.statement = statement
        self.own = [entry for entry in lines.backward if self._inside(self._place(entry))]
        """The entries of the backward pass that the statement makes."""

    def _place(self, entry: int) -> int:
        return self.lines.truth.tape.notes[entry].place

    def _inside(self, place: int) -> bool:
        return place >= 0 and has(self.statement, self.places[place][:2])

    @cached_property
    def _writes(self) -> dict[int, list[tuple[int, Value]]]:
        """The entries by which turns of a loop write parts of one array, and which; by each."""
        found: dict[int, list[tuple[int, Value]]] = {}
        for entry in self.own:
            if (part := part_put(self.lines.truth.tape, entry)) is not None:
                found[entry] = found.get(part[0], [])
                found[entry].append((entry, part[1]))
        return found

    def turns(self, entry: int) -> list[int]:
        """Return all such entries, where no other number of the array is wrong."""
        writes = self._writes.get(entry, [])
        right = self.lines.right_value(writes[-1][0]) if len(writes) > 1 else None
        if right is None:
            return []
        pairs = zip(self.lines.values[writes[-1][0]], right, strict=True)
        left = [(own - new).copy() for own, new in pairs]
        for part in left:
            for _, places in writes:
                part.reshape(-1)[places] = 0.0
        return [one for one, _ in writes] if largest(left) <= CLOSE * largest(right) else []

    def sight(self, repair: Repair) -> Sight | None:
        """Return what the statement can be evaluated with; None where it binds nothing."""
        first = repair.entries[0]
        anew = first in repair.renamed
        bindings = (
            binding
            for binding in self.recorder.bindings
            if (binding.entry == first if anew else binding.when > first)
            if self._inside(binding.place)
        )
        binding = next(bindings, None)
        if binding is None:
            return None
        turns = [b.when for b in self.recorder.bindings if self._inside(b.place)]
        since = max((when for when in turns if when <= first), default=first - NEAR)
        start = min((entry for entry in self.own if since <= entry <= first), default=first)
        start = binding.when if anew else start
        return self._sight(binding, start, self._before(binding, start))

    def sight_of(self, element: ast.Assign, entry: int) -> Sight | None:
        """Return what an element of the statement can be evaluated with, where it has an entry."""
        value = element.value
        span = (value.lineno, value.col_offset, value.end_lineno, value.end_col_offset)
        ends = [one for one in self.own if self.places[self._place(one)] == span]
        end = next((one for one in ends if one >= entry), None)
        if end is None:
            return None
        before = max((one for one in ends if one < end), default=end - NEAR)
        start = min(one for one in self.own if before < one <= end)
        first, last = self.source.around(self.statement.lineno)
        near = (
            b.frame
            for b in reversed(self.recorder.bindings)
            if b.when <= start and first <= self.places[b.place][0] <= last
        )
        binding = Binding(end, next(near, 0) if first else 0, "", end, self._place(end), ())
        return self._sight(binding, start, None)

    def _sight(self, binding: Binding, start: int, before: Values | None) -> Sight:
        known = {**self.source.modules, **self._plain(binding, start)}
        truth = self.lines.truth
        known |= recalled(self.source, self.recorder, self.places, truth, binding.when)
        names = self._in_sight(binding, start, known.pop("self", None), known)
        return Sight(binding, names, known, before)

    def _plain(self, binding: Binding, start: int) -> dict[str, Any]:
        """Return the variables in sight that hold no numbers to derive by."""
        line, found = self.statement.lineno, dict[str, Any]()
        for when, frame, name, value in self.recorder.plain:
            own = name.removeprefix("len(").removesuffix(")")
            near = frame == binding.frame or (not frame and self.source.sees(line, own))
            if near and when <= start and not own.startswith("return "):
                found[own] = value if name == own else range(value)  # as long as the list
        return found

    def _before(self, binding: Binding, start: int) -> Values | None:
        """Return the former value of the statement's target."""
        note = self.lines.truth.tape.notes[binding.entry]
        changes = isinstance(self.statement, ast.AugAssign)
        if changes or note.call in ("setitem", "put", "add.at"):
            if note.arguments and isinstance(note.arguments[0], Reference):
                turns = [] if changes else self.turns(binding.entry)
                right = self.lines.right_value(turns[-1]) if turns else None
                return right or self._values(note.arguments[0].entry)
        elif isinstance(self.statement, ast.Assign):
            old = [
                former.entry
                for former in self.recorder.bindings
                if former.when <= start and former.location == binding.location
                if former is not binding
            ]
            return self._values(old[-1]) if old else None
        return None

    def _objects(self, read: set[int]) -> set[Any]:
        """Return the objects that the statement's ``self`` may be, by what it has read."""
        named = {ast.unparse(node) for node in ast.walk(self.statement) if isinstance(node, SINGLE)}
        owners = [b for b in self.recorder.bindings if b.entry in read and _of_self(b)]
        # what one layer gives is what the next one takes, so what it is called here counts first
        sure = {b.location[1] for b in owners if b.name in named}
        return sure or {b.location[1] for b in owners}

    def _values(self, entry: int) -> Values | None:
        lines = self.lines
        if entry in lines.current:
            return lines.current[entry]
        recorded = np.asarray(lines.truth.tape.values[entry])
        graph = lines.truth.graph
        node = graph.nodes.get(entry)
        inputs = () if node is None or entry in lines.values else node.inputs
        if node is not None and any(graph.entry.get(one) in lines.current for one in inputs):
            return self._again(node)  # computed, but left out
        if recorded.dtype.kind not in "iub":
            recorded = recorded.astype(np.float64)
            if node is not None:
                return lines.truth.numbers(node)
        return [recorded] * len(lines.truth.draws)

    def _again(self, node: Node) -> Values | None:
        """Return what the program makes of right values, but leaves out where it is wrong."""
        entries = self.lines.truth.graph.entry
        parts = [
            self._values(entries[one]) if one in entries else self.lines.truth.numbers(one)
            for one in node.inputs
        ]
        given = [part for part in parts if part is not None]
        if len(given) < len(parts):
            return None
        return [as_it_is(node, list(draw)) for draw in zip(*given, strict=True)]

    def _enclosing(self, read: set[int], latest: Mapping[tuple[Any, ...], int]) -> set[int]:
        """Return the calls of the functions around the statement's own, by what it has read.

        ``latest`` are the entries that variables have where the statement begins.
        """
        spans = self.source.outside(self.statement.lineno)
        if not spans:
            return set()
        named = {ast.unparse(node) for node in ast.walk(self.statement) if isinstance(node, SINGLE)}
        bindings = (b for b in self.recorder.bindings if b.name in named)
        known = (b for b in bindings if b.entry in read or latest.get(b.location) in read)
        return {
            b.frame
            for b in known
            if any(first <= self.places[b.place][0] <= last for first, last in spans)
        }

    def _in_sight(
        self, binding: Binding, start: int, owner: int | None, known: Mapping[str, Any]
    ) -> dict[str, Values]:
        """Return the expressions with a known value in the statement's sight, the latest first.

        ``owner`` is the object that ``self`` is, ``known`` what else has a name.
        """
        found: dict[str, int] = {}
        latest = {b.location: b.entry for b in self.recorder.bindings if b.when <= start}
        tape = self.lines.truth.tape
        read = {e for own in self.own if start <= own <= binding.when for e in tape.inputs[own]}
        objects = self._objects(read)
        frames = {0, binding.frame, *self._enclosing(read, latest)}
        held: dict[str, tuple[Any, ...]] = {}
        renamed = {(one.place, entry) for one in self.lines.repairs for entry in one.renamed}
        anew: set[str] = set()  # what is mended by another name
        others: set[str] = set()
        """What objects hold that are known elsewhere: by which name is chance."""
        takes_self = self.source.takes(self.statement.lineno, "self")
        local = {n for when, frame, n, _ in self.recorder.plain if 0 < frame == binding.frame}
        for other in self.recorder.bindings:
            if other is binding:
                break
            if other.frame == 0 and other.name in local:
                continue  # a count in a function hides an array of its name
            ours = {owner} if owner and other.location[0] == "attribute" else objects
            if _of_self(other) and ours and other.location[1] not in ours:
                continue  # of another layer
            if other.frame == 0 and not self.source.sees(self.statement.lineno, other.name):
                continue  # of another module
            if _of_self(other) and not takes_self:
                continue
            near = other.frame in frames or other.name.startswith("self.")
            if other.when <= start and near and PLAIN.fullmatch(other.name):
                found.pop(other.name, None)
                found[other.name] = other.entry
                anew -= {other.name}
                anew |= {other.name} if (other.place, other.entry) in renamed else set()
                if other.location[0] == "attribute":
                    held[other.name] = other.location
                    if other.frame != binding.frame and not _of_self(other):
                        others.add(other.name)
        found |= {name: latest[where] for name, where in held.items() if name in found}
        first, last = self.source.around(self.statement.lineno)
        last_read = max(start, binding.entry)  # the next turn of a loop may read others
        owners: dict[str, tuple[Any, ...]] = {}
        items_of = {where: entry for where, entry in latest.items() if where[0] == "item"}
        for when, place, entry, item in self.recorder.reads:
            if when <= last_read and item:
                items_of[item] = entry
            if when <= last_read and first <= self.places[place][0] <= last:
                text = self.source.normal(self.places[place])
                if text is not None and item:
                    owners[text] = item
                turning = text is not None and text.isidentifier()  # in a comprehension
                if text is not None and (self._inside(place) or not turning):
                    found.pop(text, None)
                    found[text] = entry
        counts = {name: one for name, one in known.items() if type(one) in (int, str)}
        for text, entry in neighbours(self.statement, owners, items_of, counts):
            found.pop(text, None)
            found[text] = entry
        latest_first = list(found)[::-1]
        order = sorted(latest_first, key=others.__contains__)
        of = {name: self.lines.right_value if name in anew else self._values for name in order}
        values = {name: of[name](found[name]) for name in order}
        items = ITEM.search(ast.unparse(self.statement))  # else a number of a list is no idea
        given = {
            name: known
            for name, known in values.items()
            if known is not None and (items or known[0].size > 1 or not ITEM.search(name))
        }
        return given | dict(rows(self.statement, given, counts))


def _of_self(binding: Binding) -> bool:
    return binding.name.startswith("self.") and len(binding.location) > 1
