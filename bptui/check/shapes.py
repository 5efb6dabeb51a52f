"""Values of a shape that was not meant: what should stand there, a column or a sum."""

from __future__ import annotations

import ast
from collections.abc import Collection, Iterator, Mapping

from bptui.trace.candidates import ALL
from bptui.trace.comparing import Values, multiple
from bptui.trace.judge import other_shape
from bptui.trace.lines import Lines
from bptui.trace.losses import Key

SQUARE = "a column (n, 1) and a row (n,) become a square (n, n)"
WHY = "the gradient has another shape than its parameter, which takes that shape"
SUMS = [
    (f".sum(axis={axis}{', keepdims=True' if keep else ''})", axis, keep)
    for axis in (0, 1)
    for keep in (False, True)
]
"""Sums over the samples, as code and as what they are."""


def as_column(statement: ast.stmt, piece: str, first: bool) -> str | None:
    """Return a statement in which a row is made a column, that of the two in a ``piece`` of it.

    ``first``: it is the first operand.
    """
    tree = ast.parse(piece, mode="eval").body
    if not isinstance(tree, ast.BinOp):
        return None
    whole, text = ast.unparse(tree), ast.unparse(tree.left if first else tree.right)
    column = f"{text}.reshape(-1, 1)"
    fixed = whole.replace(text, column, 1) if first else f"{whole[: -len(text)]}{column}"
    return ast.unparse(statement).replace(whole, fixed, 1)


def summed(
    lines: Lines, statement: ast.stmt, known: Mapping[str, int], updated: Collection[Key]
) -> str | None:
    """Return a statement with the sum over the samples that a gradient in it lacks.

    ``known`` are the entries of names in its sight, its own target among them, and ``updated`` the
    parameters that it updates.
    """
    if not isinstance(statement, ast.Assign | ast.AugAssign):
        return None
    text, value = ast.unparse(statement), ast.unparse(statement.value)
    head = text[: len(text) - len(value)]
    for part, entry in _parts(statement, known, bool(updated)):
        node = lines.truth.graph.nodes.get(entry)
        values = None if node is None else lines.truth.numbers(node)
        for code in _sums(lines, values, updated) if values else ():
            whole = f"({part})" if part == value and not part.isidentifier() else part
            return head + value.replace(part, whole + code, 1)
    return None


def _parts(
    statement: ast.Assign | ast.AugAssign, known: Mapping[str, int], updates: bool
) -> Iterator[tuple[str, int]]:
    """Yield the expressions with an entry that the gradient may be: a name, or all of it."""
    for node in ast.walk(statement.value) if updates else [statement.value]:
        if isinstance(node, ast.Name | ast.Attribute | ast.Subscript):
            text = ast.unparse(node)
            if text in known:
                yield text, known[text]
    if isinstance(statement, ast.Assign) and not updates:
        target = ast.unparse(statement.targets[0])
        if target in known:
            yield ast.unparse(statement.value), known[target]


def _sums(lines: Lines, values: Values, updated: Collection[Key]) -> Iterator[str]:
    """Yield the sums that make the gradient of such a parameter of some values."""
    for parameter in other_shape(lines.truth):
        if updated and parameter.key not in updated:
            continue
        true, shape = (
            lines.true.get((parameter.before, ALL)),
            lines.truth.tape.shape(parameter.before),
        )
        for code, axis, keep in SUMS:
            if true is None or values[0].ndim <= axis or values[0].size == true[0].size:
                continue
            made = [value.sum(axis=axis, keepdims=keep) for value in values]
            if made[0].shape == shape and multiple(made, true) is not None:
                yield code
