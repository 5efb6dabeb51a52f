"""Finds the condition that a program decides wrongly by, where it leaves numbers at zero or not.

An ``if`` computes nothing that could be put right: what stands under it is seen to be wrong, and is
right but for where it is zero. So is what a function gives that returns one number or another, and
a function that is right but chosen where another belongs.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator

import numpy as np

from bptui.trace.judge.arguments import given_by_others
from bptui.trace.judge.repair import Repair
from bptui.trace.mend.layouts import opposite
from bptui.trace.mend.mending import read_in
from bptui.trace.mend.recalled import arguments_of
from bptui.trace.mend.should_be import View
from bptui.trace.paths import called
from bptui.trace.step.multiples import CLOSE, right_value

DEEP = 4
"""Functions that call each other, at most, between a statement and what chooses it."""


def decided_by(view: View, repair: Repair) -> tuple[int, str | None] | None:
    """Return the place of the condition that is wrong, with how it should stand if that is known.

    None where no condition explains what is wrong.
    """
    values = view.lines.truth.tape.values  # a mask decides itself
    entries = (e for e in repair.entries if np.asarray(values[e]).dtype.kind != "b")
    pairs = ((view.lines.values[e], view.lines.right_value(e)) for e in entries)
    known = [(own, right) for own, right in pairs if right and own[0].shape == right[0].shape]
    if not known:
        return None
    own, right = (
        np.concatenate([np.ravel(v) for v in every]) for every in zip(*known, strict=True)
    )
    wrong = np.abs(own - right) > CLOSE * np.abs(right).max()
    if not wrong.any() or not ((own == 0) | (right == 0))[wrong].all():
        return None
    conditions = _around(view) or _called(view)
    if len(conditions) != 1 or not any(opposite(conditions[0].test)):
        return None
    (node,) = conditions
    place = next(iter(_inside(view, node.test)), None)
    all_wrong = ((own == 0) != (right == 0))[(own != 0) | (right != 0)].all()
    return None if place is None else (place, _turned(view, node) if all_wrong else None)


def chosen_by(view: View, repair: Repair) -> int | None:
    """Return the place of what chooses a function where another belongs; None where nothing does.

    The function is right where else it is called, or another one would be right in its place: its
    choice is wrong, by a condition, or by what the function with the condition is given.
    """
    lines, tape = view.lines, view.lines.truth.tape
    choice = next(_choices(view), None)
    if choice is not None and given_by_others(lines, repair):
        return choice
    for entry in () if choice is None else lines.places.get(repair.place, ()):
        given = {one: lines.current[one] for one in tape.inputs[entry] if one in lines.current}
        changed = lines.replay.carried(given, {}, last=entry) if given else {}
        own, right = (changed or {}).get(entry, lines.values[entry]), lines.right_value(entry)
        if right is None or right_value(own, right, exact=True):
            return choice
    return None


def _choices(view: View) -> Iterator[int]:
    """Yield the places of the choices that lead to a statement, the innermost first."""
    tree, arguments = view.source.tree, arguments_of(view.source.tree)
    node: ast.stmt | ast.expr = view.statement
    for depth in range(DEEP):
        function = view.source.part(node.lineno)
        choices = [
            one
            for one in ast.walk(function)
            if isinstance(one, ast.IfExp) or (isinstance(one, ast.If) and _of_two(one))
            if node in ast.walk(one) and node not in ast.walk(one.test)
        ]
        name = getattr(function, "name", "")
        calls = [one for one in ast.walk(tree) if isinstance(one, ast.Call) and called(one) == name]
        taken = dict[str, ast.expr]()
        for call in calls if len(calls) == 1 else ():
            taken = dict(zip(arguments.get(name, ()), call.args, strict=False))
            taken |= {word.arg: word.value for word in call.keywords if word.arg}
            node = call
        for choice in choices[-1:]:
            given = [taken[one] for one in taken.keys() & read_in(choice.test)]
            computed = [one for one in given if not isinstance(one, ast.Constant | ast.Name)]
            if given and all(isinstance(one, ast.Constant) for one in given):
                computed = [*calls]  # it chooses the same every time
            if not computed and depth:  # a statement itself may be wrong by chance in one turn
                computed = [choice if isinstance(choice, ast.IfExp) else choice.test]
            yield from (place for one in computed for place in _inside(view, one))
        if not taken:
            return


def _of_two(node: ast.If) -> bool:
    """Whether one of two statements is carried out that give the same name, or return."""
    given = [
        ast.unparse(one.targets[0]) if isinstance(one, ast.Assign) else type(one)
        for one in (*node.body, *node.orelse)
    ]
    return len(given) == 2 and given[0] == given[1]


def _inside(view: View, node: ast.expr) -> list[int]:
    """Return the places of the source within an expression."""
    first, last = (node.lineno, node.col_offset), (node.end_lineno or 0, node.end_col_offset or 0)
    return [number for number, place in enumerate(view.places) if first <= place[:2] < last]


def _around(view: View) -> list[ast.If | ast.IfExp]:
    """Return the ``if`` that a statement stands under, if there is one."""
    line, found = view.statement.lineno, list[ast.If | ast.IfExp]()
    for node in ast.walk(view.source.tree):
        if isinstance(node, ast.If) and node.lineno < line <= (node.end_lineno or 0):
            found = [node]  # within the one before
    return found


def _called(view: View) -> list[ast.If | ast.IfExp]:
    """Return the conditions in the functions that a statement calls."""
    names = {called(node) for node in ast.walk(view.statement) if isinstance(node, ast.Call)}
    nodes = (n for n in ast.walk(view.source.tree) if isinstance(n, ast.FunctionDef))
    inner = (part for node in nodes if node.name in names for part in ast.walk(node))
    return [part for part in inner if isinstance(part, ast.If | ast.IfExp)]


def _turned(view: View, node: ast.If | ast.IfExp) -> str | None:
    """Return a line with a condition turned round; None where that cannot be written."""
    text, whole = view.source.lines[node.lineno - 1].strip(), ast.unparse(node.test)
    new = next(opposite(node.test), None)
    return text.replace(whole, ast.unparse(new)) if new and text.count(whole) == 1 else None
