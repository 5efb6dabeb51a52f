"""What a statement of the program sees: the values of all that has a name there, in all draws."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable, Mapping, Sequence
from functools import cached_property
from typing import Any

import numpy as np

from bptui.trace.judge.wrong_lines import Lines
from bptui.trace.mend.held_values import Held, beside, next_to, rows
from bptui.trace.mend.mending import Evaluation, Sight
from bptui.trace.mend.recalled import Recalled, computed, recalled
from bptui.trace.paths import SINGLE, called
from bptui.trace.record.recording import Recording
from bptui.trace.source import Place, Source, has
from bptui.trace.step.multiples import Values
from bptui.trace.step.parts import WRITES
from bptui.trace.tape import Binding, Reference, Value

PLAIN = re.compile(r"[^\W\d]\w*(\.\w+)*(\[('\w+'|\d+)\])?")
ITEM = re.compile(r"\[\d+\]")
NEAR = 200
"""Entries of one statement, at most."""
IN_A_ROW, LAST = 64, 2
"""Turns of a loop that are told as they follow each other; the last ones that are told else."""
PUTTING = (*WRITES, "add.at")


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
    def _bound(self) -> list[Binding]:
        """The names that the statement gives."""
        return [binding for binding in self.recorder.bindings if self._inside(binding.place)]

    @cached_property
    def _of_matrices(self) -> bool:
        """Whether a star is the product of matrices here, as of what numpy calls matrix."""
        notes = self.lines.truth.tape.notes
        products = (notes[entry].place for entry in self.own if notes[entry].call == "matmul")
        texts = (self.source.normal(self.places[place]) for place in products)
        made = (ast.parse(text or "0", mode="eval").body for text in texts)
        return any(isinstance(one, ast.BinOp) and isinstance(one.op, ast.Mult) for one in made)

    def turns(self, entries: Iterable[int]) -> list[list[Sight]]:
        """Return what the statement sees where it makes entries, in turns that change one value.

        A turn of a loop that adds to what the last one gave, or writes another part of it, follows
        that one. Of such rows of turns the first is told, and the last ones; of long ones the ends.
        """
        row_of: dict[int, list[Binding]] = {}
        for one in self._bound:
            former = self._former(one.entry) if one.entry in self.own else -1
            row_of[one.entry] = row = row_of.get(former, [])
            row.append(one)
        named = [one for one in map(self._binding, entries) if one is not None]
        told = [*{id(row): row for row in (row_of[one.entry] for one in named)}.values()]
        told = told[:1] + told[1:][-LAST:]
        if len(told) == 1 and len(told[0]) > IN_A_ROW:
            told = [[one] for one in (told[0][0], *told[0][-LAST:])]
        return [self._with_items([*map(self._at, row)]) for row in told]

    def _former(self, entry: int) -> int:
        """Return the entry of what the statement changes; -1 where it changes nothing recorded."""
        given = self._changed(entry)
        return given.entry if isinstance(given, Reference) else -1

    def _changed(self, entry: int) -> Value:
        """Return what the statement changes: a reference, a plain number, or None."""
        note = self.lines.truth.tape.notes[entry]
        changes = isinstance(self.statement, ast.AugAssign) or note.call in PUTTING
        return note.arguments[0] if note.arguments and changes else None

    def _binding(self, entry: int, anew: bool = False) -> Binding | None:
        """Return the name that the statement gives an entry, or to what is made of it."""
        of = (b for b in self._bound if (b.entry == entry if anew else b.when > entry))
        return next(of, None)

    def sight(
        self, entry: int, anew: bool = False, element: ast.Assign | None = None
    ) -> Sight | None:
        """Return what the statement, or an element of it, sees where it makes an entry.

        None where it binds nothing. An entry is made ``anew`` where the statement but names it.
        """
        binding = self._binding(entry, anew)
        if element is not None:
            found = self._in_element(element, entry)
        else:
            found = binding and self._at(binding, binding.when if anew else entry)
        return None if found is None else self._with_items([found])[0]

    def _at(self, binding: Binding, first: int | None = None) -> Sight:
        """Return what is in sight where a name is given, in a turn in which an entry is made."""
        first = binding.entry if first is None else first
        since = max((b.when for b in self._bound if b.when <= first), default=first - NEAR)
        start = min((entry for entry in self.own if since <= entry <= first), default=first)
        return self._sight(binding, start, self._before(binding, start))

    def _in_element(self, element: ast.Assign, entry: int) -> Sight | None:
        """Return what an element of the statement can be evaluated with, where it has an entry."""
        value = element.value
        span = (value.lineno, value.col_offset, value.end_lineno, value.end_col_offset)
        ends = [one for one in self.own if self.places[self._place(one)] == span]
        end = next((one for one in ends if one >= entry), None)
        if end is None:
            return None
        before = max((one for one in ends if one < end), default=end - NEAR)
        inner = (e for e in self.own if has(value, self.places[self._place(e)][:2]))
        start = min(entry for entry in inner if before < entry <= end)
        first, last = self.source.around(self.statement.lineno)
        near = (
            b.frame
            for b in reversed(self.recorder.bindings)
            if b.when <= start and first <= self.places[b.place][0] <= last
        )
        binding = Binding(end, next(near, 0) if first else 0, "", end, self._place(end), ())
        return self._sight(binding, start, None)

    def _sight(self, binding: Binding, start: int, before: Values | None) -> Sight:
        latest = {b.location: (b.when, b.entry) for b in self.recorder.bindings if b.when <= start}
        for when, _, entry, item in self.recorder.reads:
            if item and when <= self._last_read(binding):
                latest[item] = max((when, entry), latest.get(item, (0, 0)))
        items: dict[int, dict[Value, int]] = {}
        for where, (_, entry) in latest.items():
            if where[0] == "item":
                items.setdefault(where[1], {})[where[2]] = entry
        known = {**self.source.modules, **self._plain(binding, start, items)}
        known |= recalled(self.source, self.recorder, self.places, self.lines.truth, binding.when)
        newest = {where: entry for where, (_, entry) in latest.items()}
        names = self._in_sight(binding, start, known.pop("self", None), known, newest)
        names |= self._next_to(binding, start, known, items)
        if self._of_matrices:
            every = names.items()
            names = {n: [np.asmatrix(v) for v in vs] if vs[0].ndim == 2 else vs for n, vs in every}
        return Sight(names, known, before, binding.name, binding.entry)

    def _next_to(
        self,
        binding: Binding,
        start: int,
        known: Mapping[str, Any],
        items: Mapping[int, Mapping[Value, int]],
    ) -> dict[str, Values]:
        """Return the items next to those that the statement reads, of lists that objects hold."""
        counts = {name: value for name, value in known.items() if type(value) is int}
        found: dict[str, Values] = {}
        for when, place, _, item in self.recorder.reads:
            if not item or not start <= when <= self._last_read(binding) or not self._inside(place):
                continue
            text = self.source.normal(self.places[place])
            node = ast.parse(text or "0", mode="eval").body
            for other in next_to(node) if isinstance(node, ast.Subscript) else ():
                try:
                    key = eval(ast.unparse(other.slice), {"__builtins__": {}}, counts)
                except (NameError, TypeError, ArithmeticError):
                    continue  # of something else than counts
                entry = items.get(item[1], {}).get(key)
                if entry is not None and (values := self._values(entry)) is not None:
                    found[ast.unparse(other)] = values
        return found

    def _last_read(self, binding: Binding) -> int:
        """Return when a turn has read all: the next turn of a loop may read others."""
        return binding.entry if binding.entry in self.own else binding.when

    def _with_items(self, turns: list[Sight]) -> list[Sight]:
        """Return turns with the values of items that are at hand in them, the nearest first."""
        around = [*ast.walk(self.source.part(self.statement.lineno))]
        near = dict.fromkeys(beside(self.statement, around))
        counts = [name for name, one in turns[0].known.items() if type(one) in (int, str)]
        calls = [node for node in ast.walk(self.source.tree) if isinstance(node, ast.Call)]
        own = (call for call in calls if isinstance(turns[0].known.get(called(call)), Recalled))
        scales = (call for call in calls if called(call) == "sqrt")
        parts = (node for node in around if isinstance(node, ast.Subscript))
        by_name = (part for part in parts if isinstance(part.slice, ast.Name))
        of_rows = rows(self.statement, turns[0].names, counts)
        every = (ast.unparse(n) for n in ast.walk(self.statement) if isinstance(n, ast.Subscript))
        views = {text[text.index("[") :] for text in every if "None" in text}
        raised = (name + view for view in views for name in turns[0].names if PLAIN.fullmatch(name))
        far = [*of_rows, *raised, *map(ast.unparse, (*own, *scales, *by_name))]
        single = ITEM.search(ast.unparse(self.statement))  # else a number of a list is no idea
        made: list[Sight] = []
        for turn, items in zip(turns, Evaluation(*turns).each([*near, *far]), strict=True):
            names = {**{text: items[text] for text in near if text in items}, **turn.names, **items}
            fit = {n: v for n, v in names.items() if single or v[0].size > 1 or not ITEM.search(n)}
            made.append(turn._replace(names=fit))
        return made

    def _plain(
        self, binding: Binding, start: int, items: Mapping[int, Mapping[Value, int]]
    ) -> dict[str, Any]:
        """Return the variables in sight that hold no numbers to derive by, and lists of numbers."""
        line, found = self.statement.lineno, dict[str, Any]()
        for when, frame, name, value in self.recorder.plain:
            near = frame == binding.frame or (not frame and self.source.sees(line, name))
            if near and when <= start and not name.startswith("return "):
                listed = type(value) is tuple
                found[name] = Held(value, items, self._values) if listed else value
        for when, place, value in self.recorder.turning:
            if when <= start and self._inside(place):
                found[self.source.piece(self.places[place])] = value
        return found

    def _before(self, binding: Binding, start: int) -> Values | None:
        """Return the former value of the statement's target."""
        given, former = self._changed(binding.entry), self._former(binding.entry)
        if isinstance(given, int | float):  # as in total = 0
            return [np.asarray(float(given))] * len(self.lines.truth.draws)
        if former < 0 and isinstance(self.statement, ast.Assign):
            old = [
                one.entry
                for one in self.recorder.bindings
                if one.when <= start and one.location == binding.location
                if one is not binding
            ]
            former = old[-1] if old else -1
        return None if former < 0 else self._values(former)

    def _values(self, entry: int) -> Values | None:
        lines = self.lines
        if entry in lines.current:
            return lines.current[entry]
        recorded = np.asarray(lines.truth.tape.values[entry])
        node = lines.truth.graph.nodes.get(entry)
        if recorded.dtype.kind not in "iub":
            recorded = recorded.astype(np.float64)
            if node is not None:
                return self._computed_again(entry) or lines.truth.numbers(node)
        return [recorded] * len(lines.truth.draws)

    def _computed_again(self, entry: int) -> Values | None:
        """Return what an entry that leads to no update is by the right values of what was wrong."""
        lines, truth, nodes = self.lines, self.lines.truth, self.lines.truth.graph.nodes
        if entry not in truth.dependent or entry in lines.values or entry in lines.forward:
            return None
        behind = truth.tape.behind([entry], lines.current) & lines.current.keys()
        right = [
            {nodes[one]: lines.current[one][n] for one in behind} for n, _ in enumerate(truth.draws)
        ]
        pairs = zip(right, truth.draws, strict=True)
        return [computed(nodes[entry], *pair) for pair in pairs] if behind else None

    def _around(
        self, read: set[int], latest: Mapping[tuple[Any, ...], int]
    ) -> tuple[set[int], set[Any]]:
        """Return the calls of functions around the statement's own, and what its ``self`` may be.

        What it has ``read`` tells both; ``latest`` is what variables are where it begins.
        """
        named = {ast.unparse(node) for node in ast.walk(self.statement) if isinstance(node, SINGLE)}
        known = [b for b in self.recorder.bindings if {b.entry, latest.get(b.location)} & read]
        spans = self.source.outside(self.statement.lineno)
        within = ((b, self.places[b.place][0]) for b in known if b.name in named)
        frames = {b.frame for b, line in within if any(one <= line <= two for one, two in spans)}
        owners = [b for b in known if b.entry in read and _of_self(b)]
        # what one layer gives is what the next one takes, so what it is called here counts first
        sure = {b.location[1] for b in owners if b.name in named}
        return frames, sure or {b.location[1] for b in owners}

    def _in_sight(
        self,
        binding: Binding,
        start: int,
        owner: int | None,
        known: Mapping[str, Any],
        latest: Mapping[tuple[Any, ...], int],
    ) -> dict[str, Values]:
        """Return the expressions with a known value in the statement's sight, the latest first.

        ``owner`` is the object that ``self`` is, ``known`` what else has a name, ``latest`` what
        variables and items are.
        """
        found: dict[str, int] = {}
        tape = self.lines.truth.tape
        read = {e for own in self.own if start <= own <= binding.when for e in tape.inputs[own]}
        outer, objects = self._around(read, latest)
        frames = {0, binding.frame, *outer}
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
            if _of_self(other) and not (takes_self and (not ours or other.location[1] in ours)):
                continue  # of another layer
            if other.frame == 0 and not self.source.sees(self.statement.lineno, other.name):
                continue  # of another module
            near = other.frame in frames or other.name.startswith("self.")
            if other.when <= start and near and PLAIN.fullmatch(other.name):
                found.pop(other.name, None)
                found[other.name] = other.entry
                anew -= {other.name}
                anew |= {other.name} if (other.place, other.entry) in renamed else set()
                kind = other.location[0]
                if kind in ("attribute", "item"):
                    held[other.name] = other.location
                if kind == "attribute" and other.frame != binding.frame and not _of_self(other):
                    others.add(other.name)
        found |= {name: latest[where] for name, where in held.items() if name in found}
        for when, place, entry, _ in self.recorder.reads:  # a comprehension's variables, and items
            text = self.source.normal(self.places[place]) if self._inside(place) else None
            if text is not None and when <= self._last_read(binding):
                found.pop(text, None)
                found[text] = entry
        latest_first = [*found][::-1]
        order = sorted(latest_first, key=others.__contains__)
        of = {name: self.lines.right_value if name in anew else self._values for name in order}
        values = ((name, of[name](found[name])) for name in order)
        known = {name: one for name, one in values if one is not None}
        first: dict[tuple[bytes, ...], int] = {}
        same = {name: tuple(part.tobytes() for part in one) for name, one in known.items()}
        for name in known:
            first[same[name]] = min(found[name], first.get(same[name], found[name]))
        # what has the numbers of an earlier value by chance, as a difference from 0, comes last
        later = sorted(known, key=lambda name: found[name] > first[same[name]])
        return {name: known[name] for name in later}


def _of_self(binding: Binding) -> bool:
    return binding.name.startswith("self.") and len(binding.location) > 1
