"""What should stand in a wrong line: the smallest edit of it that gives the right value."""

from __future__ import annotations

import ast
import copy
from collections.abc import Iterable, Mapping, Sequence
from functools import partial

import numpy as np

from bptui.trace.judge.repair import Argument, Repair
from bptui.trace.judge.wrong_lines import Lines
from bptui.trace.mend.held_values import Held
from bptui.trace.mend.mending import Evaluation, Sight, written
from bptui.trace.mend.recalled import arguments_of
from bptui.trace.mend.sight import LAST, Seeing
from bptui.trace.mend.statement_edits import accumulated, edits, exchanged, simpler
from bptui.trace.paths import Element, at, called, given_as, places, put, within
from bptui.trace.record.recording import Recording
from bptui.trace.source import Place, Source
from bptui.trace.step.multiples import Values, right_value
from bptui.trace.step.parts import part_put

MANY, MORE = 11_000, 2_000
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
            tries = [self.mended_by_reading, self.mended_by_adding, self.mended]
            tries += [self.mended_by_another_list]
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
        made, named = next(accumulated(self.statement), None), self._binding(repair.entries[-1])
        if made is None or named is None or repair.updated:
            return None
        lines, first = self.lines, self.lines.truth.step.first
        same = [b.entry for b in self._bound if b.location == named.location]
        last = max(lines.values.keys() & {*same}, default=-1)
        own = [entry for entry in same if first <= entry <= last]
        right = lines.right_value(last) if len(own) > 1 else None
        if right is None:
            return None
        sums = [np.zeros_like(one) for one in right]
        everywhere = np.arange(right[0].size).reshape(right[0].shape)
        for entry in own:
            part = part_put(lines.truth.tape, entry) or (entry, everywhere, entry)
            terms = lines.values.get(part[2]) or self._values(part[2]) or []
            for total, term in zip(sums, terms, strict=False):
                if np.shape(term) != np.shape(part[1]):
                    return None
                np.add.at(total.reshape(-1), part[1], term)
        return written(made) if right_value(sums, right, exact=True) else None

    def mended_by_another_list(self, repair: Repair) -> str | None:
        """Return the statement with another list of as many numbers in the place of one."""
        sight, inputs = self.sight(repair.entries[0]), self.lines.truth.tape.inputs
        known = sight.known if sight is not None and not repair.renamed else {}
        lists = {name: one.entries() for name, one in known.items() if isinstance(one, Held)}
        for path in places(self.statement):
            own = lists.get(text := ast.unparse(at(self.statement, path)), {})
            for name, other in lists.items():
                if name == text or not own or own.keys() != other.keys():
                    continue
                users = {e: [one for one in self.own if e in inputs[one]] for e in own.values()}
                names = {
                    e: (users[e], values)
                    for key, e in own.items()
                    if users[e] and (values := self._values(other[key])) is not None
                }
                renaming = partial(self.lines.replay.renaming, names)
                if names and self.lines.mended_by(repair, renaming):
                    return written(put(self.statement, path, ast.Name(name)))
        return None

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
                    target, value = ast.unparse(update.target), ast.unparse(self._here(update))
                    if target not in value:  # as with a decay: it is another one by then
                        found[target] = f"({target} {sign} {value})"
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
        exact = self.lines.factor is not None or bool(repair.updated)
        inner = self._element(repair)
        if inner is None and not repair.renamed:
            turns = self.turns(wrong)
        else:
            tried = dict.fromkeys([wrong[0], *wrong[-LAST:]])
            element = inner[1] if inner and not repair.renamed else None
            sights = [self.sight(entry, entry in repair.renamed, element) for entry in tried]
            turns = [[sight] for sight in sights if sight is not None]
            turns = turns if len(turns) == len(tried) else []
        statement = inner[1] if inner else self.statement
        return self.whole(self._edited(statement, self._wanted(turns), exact), inner)

    def whole(self, made: ast.stmt | None, inner: Element | None) -> str | None:
        """Return the text of the statement by what is made of it, or of an element of it."""
        if inner is not None and isinstance(made, ast.Assign):
            made = put(self.statement, inner[0], made.value)
        return written(made)

    def _element(self, repair: Repair) -> Element | None:
        """Return the part of the statement that a repair is of, where it gives several values."""
        if repair.renamed:
            binding = self._binding(repair.entries[0], anew=True)
            return None if binding is None else given_as(self.statement, binding.name)
        place = self._place(next(filter(self.lines.is_wrong, repair.entries), repair.entries[0]))
        return within(self.statement, self.places[place if self._inside(place) else repair.place])

    def all_mended(self, repairs: Sequence[Repair]) -> str | None:
        """Return the statement as it should stand where several parts of it are wrong."""
        made = self.statement
        for repair in repairs:
            told, inner = self.should_be(repair), self._element(repair)
            if told is None or inner is None or len(repairs) == 1:
                return told
            made = put(made, inner[0], at(ast.parse(told).body[0], inner[0]))
        return written(made)

    def giving(self, repair: Repair, wanted: Values, exact: bool = True) -> str | None:
        """Return the statement with the smallest edit that gives these numbers, or a multiple."""
        sight = self.sight(repair.entries[0], bool(repair.renamed))
        turns = [] if sight is None else [([sight], wanted)]
        return written(self._edited(self.statement, turns, exact))

    def _wanted(self, turns: Sequence[Sequence[Sight]]) -> list[tuple[Sequence[Sight], Values]]:
        """Return turns with what is wanted behind them; none where it is not known of all."""
        ends = [(row, self._put(row) or self.lines.right_value(row[-1].entry)) for row in turns]
        found = [(row, wanted) for row, wanted in ends if wanted is not None]
        return found if len(found) == len(ends) else []

    def _put(self, row: Sequence[Sight]) -> Values | None:
        """Return what there should be behind turns that each write a part; None for others."""
        tape, before = self.lines.truth.tape, row[0].before
        parts = [(part_put(tape, one.entry), self.lines.right_value(one.entry)) for one in row]
        if before is None or len(row) < 2:
            return None
        made = [np.array(one, dtype=np.float64) for one in before]
        for part, right in parts:
            if part is None or right is None or right[0].shape != made[0].shape:
                return None
            for whole, one in zip(made, right, strict=True):
                whole.reshape(-1)[part[1]] = one.reshape(-1)[part[1]]
        return made

    def _edited(
        self, statement: ast.stmt, turns: Sequence[tuple[Sequence[Sight], Values]], exact: bool
    ) -> ast.stmt | None:
        """Return the first edit that gives the numbers, else if not ``exact`` a multiple."""
        if not turns:
            return None
        first = turns[0][0][0]
        tried = [(Evaluation(*row), wanted) for row, wanted in turns]
        own = [(evaluation.of(statement), wanted) for evaluation, wanted in tried]
        if all(found and right_value(found, wanted, exact=True) for found, wanted in own):
            return None  # something in sight was changed in place: no edit mends that
        scaled, left = None, MANY if own[0][0] else MORE
        sizes = {name: first.known[name] for name in first.counts}
        lists = {name: one for name, one in first.known.items() if isinstance(one, Held)}
        sizes |= {f"len({name})": len(one) for name, one in lists.items()}
        counts = {name: [np.asarray(size)] for name, size in sizes.items() if size > 1}
        for edited in edits(statement, {**first.names, **counts}, first.counts):
            fitting = _fitting(edited, tried, {True, exact or scaled is not None})
            if True in fitting:
                less = (one for one in simpler(edited, statement) if _fitting(one, tried, {True}))
                return next(less, edited)
            if fitting:
                scaled, left = edited, MORE
            left -= 1
            if not left:
                break
        return scaled


def _fitting(
    edited: ast.stmt, tried: Iterable[tuple[Evaluation, Values]], ways: set[bool]
) -> set[bool]:
    """Return the ways, exactly or but for a factor, in which an edit gives what is wanted."""
    for evaluation, wanted in tried:
        found = evaluation.of(edited, wanted)
        ways = {one for one in ways if found and right_value(found, wanted, one)}
        if not ways:
            break
    return ways


class _WrittenOut(ast.NodeTransformer):
    """Writes what names are given in their place."""

    def __init__(self, given: Mapping[str, ast.expr]) -> None:
        self.given = given

    def visit_Name(self, node: ast.Name) -> ast.expr:
        return copy.deepcopy(self.given.get(node.id, node))


def _holds(loop: ast.For, statement: ast.stmt) -> bool:
    return loop.lineno <= statement.lineno <= (loop.end_lineno or 0)
