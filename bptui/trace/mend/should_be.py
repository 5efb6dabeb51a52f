"""What should stand in a wrong line: the smallest edit of it that gives the right value."""

from __future__ import annotations

import ast
import copy
from collections.abc import Mapping, Sequence
from functools import partial

import numpy as np

from bptui.core.graph.node import Node
from bptui.trace.judge.repair import Argument, Repair
from bptui.trace.judge.wrong_lines import Lines
from bptui.trace.mend.mending import Evaluation, written
from bptui.trace.mend.recalled import Recalled, arguments_of
from bptui.trace.mend.sight import Seeing, Sight
from bptui.trace.mend.statement_edits import accumulated, edits, exchanged
from bptui.trace.paths import called, given_as, put, within
from bptui.trace.record.recording import Recording
from bptui.trace.source import Place, Source
from bptui.trace.step.multiples import Numbers, Values, right_value

TURNS = 2
"""The last turns of a loop that an edit is tried in, besides the first."""
MANY, MORE = 12_000, 2_000
"""Edits that are tried at most, and where one gives a multiple of what is wanted or none gives
anything: something in the line has no known value."""


def view_of(
    source: Source, recorder: Recording, places: Sequence[Place], lines: Lines, repair: Repair
) -> View | None:
    """Return the statement of a repair with what was recorded of it; None where there is none."""
    statement = source.statement(*places[repair.place][:2])
    return None if statement is None else View(source, recorder, places, lines, statement)


class View(Seeing):
    """A statement of the program that is wrong, and how it should stand."""

    def should_be(self, repair: Repair) -> str | None:
        """Return the statement as it should stand; None where no small edit gives it."""
        said, key = self.lines.said, (repair.place, repair.entries)
        if repair.argument is not None:
            return self._given(repair.argument)
        if key not in said:
            tries = (self.mended_by_reading, self.mended_by_adding, self.mended)
            said[key] = next(filter(None, (mend(repair) for mend in tries)), None)
        return said[key]

    # in all turns of a loop: the change is carried out on the graph

    def mended_by_reading(self, repair: Repair) -> str | None:
        """Return the statement with the former value of a parameter that is updated too early."""
        former = partial(self.lines.replay.with_former, self.own)
        if not self.lines.mended_by(repair, former):
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
        adding = partial(self.lines.replay.edited, writes, _added)
        return written(made) if self.lines.mended_by(repair, adding) else None

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
                    target, value = ast.unparse(update.target), self._here(update)
                    found[target] = f"({target} {sign} {ast.unparse(value)})"
        return found

    def _here(self, update: ast.AugAssign) -> ast.expr:
        """Return what an update adds, without the names that only the loops around it know."""
        given: dict[str, ast.expr] = {}
        for loop in ast.walk(self.source.tree):
            if isinstance(loop, ast.For) and _holds(loop, update) > _holds(loop, self.statement):
                for node in ast.walk(loop):
                    if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name):
                        given[node.targets[0].id] = node.value
        value: ast.expr = _WrittenOut(given).visit(copy.deepcopy(update.value))
        return value

    # once: the statement is carried out with the numbers that were drawn

    def mended(self, repair: Repair) -> str | None:
        """Return the statement with the smallest edit that gives the right values.

        It has to in the first turn of a loop in which the value is wrong, and in the last ones; in
        all of them where each writes a part.
        """
        wrong = list(filter(self.lines.is_wrong, repair.entries)) or list(repair.entries)
        tried = dict.fromkeys([*self.turns(wrong[-1]), wrong[0], *wrong[-TURNS:]])
        exact = self.lines.factor is not None or bool(repair.updated)
        place = self._place(wrong[0])
        own = place if self._inside(place) else repair.place
        inner = within(self.statement, self.places[own])
        sights = [self.sight(repair._replace(entries=(entry,))) for entry in tried]
        if repair.renamed:
            inner = next((given_as(self.statement, s.binding.name) for s in sights if s), None)
        elif inner is not None:
            sights = [self.sight_of(inner[1], entry) for entry in tried]
        if inner is None:
            return written(self._edited(self.statement, self._wanted(sights), exact))
        path, element = inner
        made = self._edited(element, self._wanted(sights), exact)
        return (
            written(put(self.statement, path, made.value)) if isinstance(made, ast.Assign) else None
        )

    def giving(self, repair: Repair, wanted: Values, exact: bool = True) -> str | None:
        """Return the statement with the smallest edit that gives these numbers, or a multiple."""
        sight = self.sight(repair)
        turns = [] if sight is None else [(sight, wanted)]
        return written(self._edited(self.statement, turns, exact))

    def _called(self, sight: Sight) -> dict[str, Values]:
        """Return the calls of the program's functions that stand in it, as its ``sigmoid(z)``."""
        found: dict[str, Values] = {}
        for node in ast.walk(self.source.tree):
            if isinstance(node, ast.Call) and isinstance(sight.known.get(called(node)), Recalled):
                arguments = list(map(ast.unparse, node.args))
                if len(arguments) == 1 and arguments[0] in sight.names:
                    found[ast.unparse(node)] = sight.names[arguments[0]]  # of their shape
        return found

    def _wanted(self, sights: Sequence[Sight | None]) -> list[tuple[Sight, Values]]:
        """Return sights with what is wanted there; none where it is not known of all of them."""
        ends = ((one, [one.binding.entry, *self.turns(one.binding.entry)]) for one in sights if one)
        known = [(one, self.lines.right_value(turns[-1])) for one, turns in ends]
        found = [(one, wanted) for one, wanted in known if wanted is not None]
        return found if len(found) == len(sights) else []

    def _edited(
        self, statement: ast.stmt, turns: Sequence[tuple[Sight, Values]], exact: bool
    ) -> ast.stmt | None:
        """Return the first edit that gives the numbers, else if not ``exact`` a multiple."""
        if not turns:
            return None
        first = turns[0][0]
        tried = [(Evaluation(*sight[1:], sight.binding.name), wanted) for sight, wanted in turns]
        own = [(evaluation.of(statement), wanted) for evaluation, wanted in tried]
        if all(found and right_value(found, wanted, exact=True) for found, wanted in own):
            return None  # something in sight was changed in place: no edit mends that
        scaled, left = None, MANY if own[0][0] else MORE
        sizes = {name: value for name, value in first.known.items() if type(value) is int}
        lists = {name: one for name, one in first.known.items() if isinstance(one, range)}
        sizes |= {f"len({name})": len(one) for name, one in lists.items()}
        counts = {name: [np.asarray(size)] for name, size in sizes.items() if size > 1}
        for edited in edits(statement, {**first.names, **self._called(first), **counts}):
            fitting = {True, False} if not exact and scaled is None else {True}
            for evaluation, wanted in tried:
                found = evaluation.of(edited, wanted)
                fitting = {one for one in fitting if found and right_value(found, wanted, one)}
                if not fitting:
                    break
            if True in fitting:
                return edited
            if fitting:
                scaled, left = edited, MORE
            left -= 1
            if not left:
                break
        return scaled


class _WrittenOut(ast.NodeTransformer):
    """Writes what names are given in their place."""

    def __init__(self, given: Mapping[str, ast.expr]) -> None:
        self.given = given

    def visit_Name(self, node: ast.Name) -> ast.expr:
        return copy.deepcopy(self.given.get(node.id, node))


def _holds(loop: ast.For, statement: ast.stmt) -> bool:
    return loop.lineno <= statement.lineno <= (loop.end_lineno or 0)


def _added(node: Node, values: list[Numbers]) -> Numbers:
    """Return what an assignment to a part would give if it added to the part."""
    whole, part, *_ = values
    made = np.array(whole)
    index = node.settings["index"]
    made[index] += part
    return made
