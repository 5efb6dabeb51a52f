"""What should stand in a wrong line: its statement, what is in sight there, and the right value."""

from __future__ import annotations

import ast
import copy
import re
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from bptui.core.graph.node import Node
from bptui.trace.comparing import Numbers, Values, right_value
from bptui.trace.edits import SINGLE, accumulated, called, edits, exchanged
from bptui.trace.lines import Lines
from bptui.trace.mending import Evaluation, written
from bptui.trace.recalled import arguments_of, recalled
from bptui.trace.recording import Recording
from bptui.trace.repair import Argument, Repair
from bptui.trace.replay import as_it_is
from bptui.trace.source import Place, Source, has
from bptui.trace.tape import Binding, Reference

PLAIN = re.compile(r"[^\W\d]\w*(\.\w+)*(\[('\w+'|\d+)\])?")
ITEM = re.compile(r"\[\d+\]")
TURNS = 2
"""The last turns of a loop that an edit is tried in, besides the first."""
MANY, MORE = 12_000, 2_000
"""Edits that are tried at most, and where one gives a multiple of what is wanted or none gives
anything: something in the line has no known value."""
NEAR = 200
"""Entries of one statement, at most."""


def view_of(
    source: Source, recorder: Recording, places: Sequence[Place], lines: Lines, repair: Repair
) -> View | None:
    """Return the statement of a repair with what was recorded of it; None where there is none."""
    statement = source.statement(*places[repair.place][:2])
    return None if statement is None else View(source, recorder, places, lines, statement)


class Sight(NamedTuple):
    """What a statement can be evaluated with: its binding, and the values in its sight."""

    binding: Binding
    names: dict[str, Values]
    known: dict[str, Any]
    before: Values | None


class View:
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

    def should_be(self, repair: Repair) -> str | None:
        """Return the statement as it should stand; None where no small edit gives it."""
        if repair.argument is not None:
            return self._given(repair.argument)
        tries = (self.mended_by_reading, self.mended_by_adding, self.mended)
        return next(filter(None, (mend(repair) for mend in tries)), None)

    # in all turns of a loop: the change is carried out on the graph

    def mended_by_reading(self, repair: Repair) -> str | None:
        """Return the statement with the former value of a parameter that is updated too early."""
        others, known = self.lines.others(repair), self.lines.without(repair)
        changed = self.lines.replay.with_former(self.own, known, others)
        if changed is None or not self.lines.mends(changed, repair):
            return None
        return written(next(exchanged(self.statement, self._undone()), None))

    def mended_by_adding(self, repair: Repair) -> str | None:
        """Return the statement with ``+=`` where each turn writes over what the last one wrote."""
        made = next(accumulated(self.statement), None)
        if made is None or repair.updated:
            return None
        if not isinstance(made.target, ast.Subscript):
            return written(made) if self._is_sum(repair) else None
        nodes = self.lines.truth.graph.nodes
        writes = [entry for entry in self.own if nodes[entry].op.name == "setitem"]
        if len(writes) < 2:
            return None
        others, known = self.lines.others(repair), self.lines.without(repair)
        changed = self.lines.replay.edited(writes, _added, known, others)
        return written(made) if changed and self.lines.mends(changed, repair) else None

    def _is_sum(self, repair: Repair) -> bool:
        """Whether a variable should be the sum of all that its statement gives it in a loop."""
        entry, lines = repair.entries[-1], self.lines
        right = lines.right_value(entry)
        named = [b for b in self.recorder.bindings if self._inside(b.place)]
        last = next((b for b in reversed(named) if b.entry == entry), None)
        if right is None or last is None:
            return False
        own = [b.entry for b in named if b.location == last.location and b.when <= last.when]
        terms = [lines.values.get(one) or self._values(one) for one in own]
        given = [term for term in terms if term is not None]
        shapes = {part.shape for term in given for part in term}
        if len(own) < 2 or len(given) < len(own) or shapes != {right[0].shape}:
            return False
        sums = [np.sum(draw, axis=0) for draw in zip(*given, strict=True)]
        return right_value(sums, right, exact=True)

    def _given(self, argument: Argument) -> str | None:
        """Return the statement with another argument of the call in it."""
        names = arguments_of(self.source.tree).get(argument.function, ())
        made, new = copy.deepcopy(self.statement), ast.parse(argument.text, mode="eval").body
        calls = (node for node in ast.walk(made) if isinstance(node, ast.Call))
        for call in (call for call in calls if called(call) == argument.function):
            for word in call.keywords:
                if word.arg == argument.name:
                    word.value = new
                    return written(made)
            if argument.name in names[: len(call.args)]:
                call.args[names.index(argument.name)] = new
                return written(made)
        return None

    def _undone(self) -> dict[str, str]:
        """Return the texts of parameters with how to have their value from before the update."""
        found: dict[str, str] = {}
        for parameter in self.lines.truth.parameters:
            for binding in parameter.statements:
                update = self.source.statement(self.places[binding.place][0])
                if isinstance(update, ast.AugAssign) and isinstance(update.op, ast.Sub | ast.Add):
                    sign = "+" if isinstance(update.op, ast.Sub) else "-"
                    target = ast.unparse(update.target)
                    found[target] = f"({target} {sign} {ast.unparse(update.value)})"
        return found

    # once: the statement is carried out with the numbers that were drawn

    def mended(self, repair: Repair) -> str | None:
        """Return the statement with the smallest edit that gives the right values.

        It has to in the first turn of a loop in which the value is wrong, and in the last ones.
        """
        wrong = list(filter(self.lines.is_wrong, repair.entries)) or list(repair.entries)
        tried = dict.fromkeys([wrong[0], *wrong[-TURNS:]])
        sights = [self.sight(repair._replace(entries=(entry,))) for entry in tried]
        turns = []
        for sight in sights:
            wanted = sight and self.lines.right_value(sight.binding.entry)
            if sight is None or wanted is None:
                return None
            turns.append((sight, wanted))
        return self._edited(turns, exact=self.lines.factor is not None or bool(repair.updated))

    def giving(self, repair: Repair, wanted: Values) -> str | None:
        """Return the statement with the smallest edit that gives these numbers."""
        sight = self.sight(repair)
        return None if sight is None else self._edited([(sight, wanted)], exact=True)

    def _edited(self, turns: Sequence[tuple[Sight, Values]], exact: bool) -> str | None:
        """Return the first edit that gives the numbers, else if not ``exact`` a multiple."""
        first = turns[0][0]
        tried = [(Evaluation(*sight[1:], sight.binding.name), wanted) for sight, wanted in turns]
        own = [(evaluation.of(self.statement), wanted) for evaluation, wanted in tried]
        if all(found and right_value(found, wanted, exact=True) for found, wanted in own):
            return None  # something in sight was changed in place: no edit mends that
        scaled, left = None, MANY if own[0][0] else MORE
        counts = {n: [np.asarray(v)] for n, v in first.known.items() if type(v) is int and v > 1}
        for edited in edits(self.statement, {**first.names, **counts}):
            sizes = (True, False) if not exact and scaled is None else (True,)
            fitting = set(sizes)
            for evaluation, wanted in tried:
                found = evaluation.of(edited, wanted)
                fitting = {one for one in fitting if found and right_value(found, wanted, one)}
                if not fitting:
                    break
            if True in fitting:
                return written(edited)
            if fitting:
                scaled, left = edited, MORE
            left -= 1
            if not left:
                break
        return written(scaled)

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
        known = {**self.source.modules, **self._plain(binding)}
        truth = self.lines.truth
        known |= recalled(self.source, self.recorder, self.places, truth, binding.when)
        return Sight(binding, self._in_sight(binding, start), known, self._before(binding, start))

    def _plain(self, binding: Binding) -> dict[str, Any]:
        """Return the variables in sight that hold no numbers to derive by."""
        line = self.statement.lineno
        return {
            name: value
            for when, frame, name, value in self.recorder.plain
            if frame == binding.frame or (not frame and self.source.sees(line, name))
            if when <= binding.when
        }

    def _before(self, binding: Binding, start: int) -> Values | None:
        """Return the former value of the statement's target."""
        note = self.lines.truth.tape.notes[binding.entry]
        changes = isinstance(self.statement, ast.AugAssign)
        if changes or note.call in ("setitem", "put", "add.at"):
            if note.arguments and isinstance(note.arguments[0], Reference):
                return self._values(note.arguments[0].entry)
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
            if node is not None and all(node in draw for draw in lines.truth.draws):
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

    def _in_sight(self, binding: Binding, start: int) -> dict[str, Values]:
        """Return the expressions with a known value in the statement's sight, the latest first."""
        found: dict[str, int] = {}
        tape = self.lines.truth.tape
        read = {e for own in self.own if start <= own <= binding.when for e in tape.inputs[own]}
        objects = self._objects(read)
        takes_self = self.source.takes(self.statement.lineno, "self")
        local = {n for when, frame, n, _ in self.recorder.plain if 0 < frame == binding.frame}
        for other in self.recorder.bindings:
            if other is binding:
                break
            if other.frame == 0 and other.name in local:
                continue  # a count in a function hides an array of its name
            if _of_self(other) and objects and other.location[1] not in objects:
                continue  # of another layer
            if other.frame == 0 and not self.source.sees(self.statement.lineno, other.name):
                continue  # of another module
            if _of_self(other) and not takes_self:
                continue
            near = other.frame in (0, binding.frame) or other.name.startswith("self.")
            if other.when <= start and near and PLAIN.fullmatch(other.name):
                found.pop(other.name, None)
                found[other.name] = other.entry
        first, last = self.source.around(self.statement.lineno)
        for when, place, entry in self.recorder.reads:
            if when <= binding.when and first <= self.places[place][0] <= last:
                text = self.source.normal(self.places[place])
                if text is not None:
                    found.pop(text, None)
                    found[text] = entry
        values = {name: self._values(entry) for name, entry in reversed(found.items())}
        items = ITEM.search(ast.unparse(self.statement))  # else a number of a list is no idea
        return {
            name: known
            for name, known in values.items()
            if known is not None and (items or known[0].size > 1 or not ITEM.search(name))
        }


def _of_self(binding: Binding) -> bool:
    return binding.name.startswith("self.") and len(binding.location) > 1


def _added(node: Node, values: list[Numbers]) -> Numbers:
    """Return what an assignment to a part would give if it added to the part."""
    whole, part, *_ = values
    made = np.array(whole)
    index = node.settings["index"]
    made[index] += part
    return made
