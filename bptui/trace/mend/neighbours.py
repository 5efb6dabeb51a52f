"""Finds the items beside those that a statement reads: ``h[t - 1]`` by ``h[t]``, ``d[j]`` by ``d``.

They are at hand though the statement never reads them; which they are, the program's counts tell.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping

from bptui.trace.paths import replaced
from bptui.trace.step.multiples import Values
from bptui.trace.tape import Value

Location = tuple[Value, ...]
"""What an item means: that it is one, of which list or dict, and its key."""


def neighbours(
    statement: ast.stmt,
    read: Mapping[str, Location],
    held: Mapping[Location, int],
    counts: Mapping[str, Value],
) -> Iterator[tuple[str, int]]:
    """Yield the texts of items beside those that a statement reads, with their entries.

    ``read`` tells what texts of items mean there, ``held`` the entries of items, ``counts`` the
    variables that may stand in an index.
    """
    for node in ast.walk(statement):
        if not isinstance(node, ast.Subscript) or ast.unparse(node) not in read:
            continue
        _, holder, key = read[ast.unparse(node)]
        value = _value(node.slice, counts)
        length = key - value if type(key) is type(value) is int else 0  # of a list, from its end
        for index in _beside(node.slice, value, counts):
            other = _value(index, counts)
            if type(other) is int and other < 0:
                other += length
            entry = held.get(("item", holder, other))
            if entry is not None:
                yield ast.unparse(ast.Subscript(node.value, index, ast.Load())), entry


def rows(
    statement: ast.stmt, names: Mapping[str, Values], counts: Mapping[str, Value]
) -> Iterator[tuple[str, Values]]:
    """Yield the rows of what is in sight by the counts that a statement has in an index."""
    indices = [node.slice for node in ast.walk(statement) if isinstance(node, ast.Subscript)]
    used = {part.id for one in indices for part in ast.walk(one) if isinstance(part, ast.Name)}
    known = [(count, counts[count]) for count in sorted(used & counts.keys())]
    for count, at in known:
        for name, values in names.items() if type(at) is int else ():
            if values[0].ndim and 0 <= at < len(values[0]):
                yield f"{name}[{count}]", [part[at] for part in values]


def _beside(index: ast.expr, value: Value, counts: Mapping[str, Value]) -> Iterator[ast.expr]:
    """Yield an index that is one less, and one more; of a text the counts in it."""
    if type(value) is int:
        yield from (_stepped(index, step) for step in (-1, 1))
        return
    for part in ast.walk(index):
        if isinstance(part, ast.Name) and type(counts.get(part.id)) is int:
            yield from (replaced(index, [part], _stepped(part, step)) for step in (-1, 1))


def _stepped(index: ast.expr, step: int) -> ast.expr:
    match index:
        case ast.BinOp(inner, ast.Add(), ast.Constant(int(number))):
            index, step = inner, step + number
        case ast.BinOp(inner, ast.Sub(), ast.Constant(int(number))):
            index, step = inner, step - number
    if not step:
        return index
    return ast.BinOp(index, ast.Add() if step > 0 else ast.Sub(), ast.Constant(abs(step)))


def _value(index: ast.expr, counts: Mapping[str, Value]) -> Value:
    """Return what an index is; None where counts do not tell it."""
    names = {"__builtins__": {"str": str}, **counts}
    try:
        return eval(compile(ast.fix_missing_locations(ast.Expression(index)), "", "eval"), names)
    except (NameError, TypeError, ValueError, ZeroDivisionError):
        return None
