"""Finds the condition that a program decides wrongly by, where it leaves numbers at zero or not.

An ``if`` computes nothing that could be put right: what stands under it is seen to be wrong, and is
right but for where it is zero. So is what a function gives that returns one number or another.
"""

from __future__ import annotations

import ast

import numpy as np

from bptui.trace.judge.repair import Repair
from bptui.trace.mend.layouts import opposite
from bptui.trace.mend.should_be import View
from bptui.trace.paths import called
from bptui.trace.step.multiples import CLOSE


def decided_by(view: View, repair: Repair) -> tuple[int, str | None] | None:
    """Return the place of the condition that is wrong, with how it should stand if that is known.

    None where no condition explains what is wrong.
    """
    pairs = ((view.lines.values[e], view.lines.right_value(e)) for e in repair.entries)
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
    first, last = (node.test.lineno, node.test.col_offset), node.test.end_col_offset or 0
    inside = (n for n, p in enumerate(view.places) if first <= p[:2] < (first[0], last))
    place = next(inside, None)
    all_wrong = ((own == 0) != (right == 0))[(own != 0) | (right != 0)].all()
    return None if place is None else (place, _turned(view, node) if all_wrong else None)


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
