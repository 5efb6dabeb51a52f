"""Gives what a statement has at hand: lists and dicts of the program, and items of those.

They are at hand though the statement never reads them: ``h[t - 1]`` beside ``h[t]``, ``d[j]`` by
``d``, another slice of an array. What they are is computed from the lists, and from the counts.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from bptui.trace.paths import replaced
from bptui.trace.step.multiples import Values
from bptui.trace.tape import Value


@dataclass(frozen=True)
class Held:
    """A list or a dict of the program."""

    told: tuple[Value, ...]
    """Its kind, its identity, how long it was, and what it held but numbers, by its keys."""
    items: Mapping[int, Mapping[Value, int]]
    """The entries of all items, by the identity of what holds them, and their keys."""
    values: Callable[[int], Values | None]

    def __len__(self) -> int:
        _, own, length, _ = self.told
        return max(int(length), len(self.items.get(own, ())))

    def entries(self) -> dict[tuple[Value, ...], int]:
        """Return the entries of all numbers in it, and in lists within it, by their keys."""
        _, own, _, plain = self.told
        found: dict[tuple[Value, ...], int] = {
            (key,): entry for key, entry in self.items.get(own, {}).items()
        }
        for key, part in plain:
            inner = replace(self, told=part).entries() if type(part) is tuple else {}
            found |= {(key, *keys): entry for keys, entry in inner.items()}
        return found

    def in_draw(self, draw: int) -> Any:  # noqa: ANN401  a list or a dict
        """Return it with the numbers of a draw; None stands for what is unknown."""
        kind, own, _, plain = self.told
        found: dict[Value, Any] = {}
        for key, entry in self.items.get(own, {}).items():
            values = self.values(entry)
            number = None if values is None else values[draw]
            found[key] = number if number is None or number.ndim else float(number)
        for key, part in plain:
            found[key] = replace(self, told=part).in_draw(draw) if type(part) is tuple else part
        return found if kind == "dict" else [found.get(place) for place in range(len(self))]


def beside(statement: ast.stmt, around: Collection[ast.AST]) -> Iterator[str]:
    """Yield the texts of items beside those that a statement reads, the nearest first.

    They are those whose index is one less, or one more, and others of the same ``around`` it.
    """
    items = [node for node in ast.walk(statement) if isinstance(node, ast.Subscript)]
    yield from map(ast.unparse, items)
    yield from (ast.unparse(other) for item in items for other in next_to(item))
    roots = {ast.unparse(_root(item)) for item in items}
    for node in around:
        if isinstance(node, ast.Subscript) and ast.unparse(_root(node)) in roots:
            yield ast.unparse(node)


def next_to(item: ast.Subscript) -> Iterator[ast.Subscript]:
    """Yield the items whose index is one less, and one more."""
    yield from (ast.Subscript(item.value, index, ast.Load()) for index in _beside(item.slice))


def rows(
    statement: ast.stmt, names: Mapping[str, Values], counts: Collection[str]
) -> Iterator[str]:
    """Yield the texts of rows of what is in sight, by the counts in a statement's indices."""
    indices = [node.slice for node in ast.walk(statement) if isinstance(node, ast.Subscript)]
    used = {part.id for one in indices for part in ast.walk(one) if isinstance(part, ast.Name)}
    for count in sorted(used.intersection(counts)):
        yield from (f"{name}[{count}]" for name, values in names.items() if values[0].ndim)


def _root(node: ast.expr) -> ast.expr:
    """Return what an item is an item of, in the end."""
    while isinstance(node, ast.Subscript):
        node = node.value
    return node


def _beside(index: ast.expr) -> Iterator[ast.expr]:
    """Yield an index that is one less, and one more; else such counts in it."""
    for count in _counts(index):
        yield from (replaced(index, [count], _stepped(count, step)) for step in (1, -1))


def _counts(index: ast.AST) -> Iterator[ast.expr]:
    """Yield what counts in an index: it itself, or the parts of what is computed of counts."""
    match index:
        case ast.Constant(int()) | ast.Name():
            yield index
        case ast.BinOp(_, ast.Add() | ast.Sub(), ast.Constant(int())):
            yield index
        case ast.Call(_, arguments):
            for argument in arguments:
                yield from _counts(argument)
        case _:
            for part in ast.iter_child_nodes(index):
                yield from _counts(part)


def _stepped(index: ast.expr, step: int) -> ast.expr:
    match index:
        case ast.Constant(int(number)):
            return ast.Constant(number + step)
        case ast.BinOp(inner, ast.Add(), ast.Constant(int(number))):
            index, step = inner, step + number
        case ast.BinOp(inner, ast.Sub(), ast.Constant(int(number))):
            index, step = inner, step - number
    if not step:
        return index
    return ast.BinOp(index, ast.Add() if step > 0 else ast.Sub(), ast.Constant(abs(step)))
