"""A program's text: its statements, and what stands at a place. Nothing of it runs here."""

from __future__ import annotations

import ast
import math
import re
from collections.abc import Mapping

import numpy as np

from bptui.trace.tape import Value

Place = tuple[int, int, int, int]
"""First line, column, last line, and column of an expression or statement."""

SIMPLE = (ast.Assign, ast.AugAssign, ast.AnnAssign, ast.Return, ast.Expr)


TOLD = re.compile(r"^\s*#\s*bptui:\s*(\w+)\s+(.+?)\s*$", re.MULTILINE)


def told_in(text: str) -> dict[str, str]:
    """Return what comments of a program tell: ``# bptui: loss NAME``."""
    return dict(TOLD.findall(text))


class Source:
    """A program's text, and its statements."""

    def __init__(self, text: str) -> None:
        self.text, self.tree = text, ast.parse(text)
        self.rows = [row.encode() for row in text.splitlines()]
        self.modules = self._modules()
        self._normal: dict[Place, str | None] = {}
        self._read: dict[Place, frozenset[str]] = {}

    def _modules(self) -> dict[str, Value]:
        """Return what the program has of numpy and math, by its names: all else stays with it."""
        roots = {"numpy": np, "math": math}
        known: dict[str, Value] = {"np": np, **roots}
        for node in ast.walk(self.tree):
            if isinstance(node, ast.Import):
                for name in node.names:
                    path = name.name if name.asname else name.name.partition(".")[0]
                    known |= {name.asname or path: _found(roots, path)}
            elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
                module = _found(roots, node.module)
                for name in node.names:
                    if name.name != "*":
                        known[name.asname or name.name] = getattr(module, name.name, None)
                    elif module is not None:
                        known |= {n: v for n, v in vars(module).items() if n[:1] != "_"}
        return {name: value for name, value in known.items() if value is not None}

    def statement(self, line: int, column: int | None = None) -> ast.stmt | None:
        """Return the simple statement that a line belongs to, the first one or that at a column."""
        found = [
            node
            for node in ast.walk(self.tree)
            if isinstance(node, SIMPLE) and node.lineno <= line <= (node.end_lineno or node.lineno)
            if column is None or has(node, (line, column))
        ]
        return min(found, key=lambda node: (node.end_lineno or 0) - node.lineno, default=None)

    def around(self, line: int) -> tuple[int, int]:
        """Return the first and last line of the function that a line stands in."""
        spans = [
            (node.lineno, node.end_lineno or node.lineno)
            for node in ast.walk(self.tree)
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
            if node.lineno <= line <= (node.end_lineno or 0)
        ]
        return max(spans, default=(0, len(self.rows)))

    def normal(self, place: Place) -> str | None:
        """Return the expression at a place as ``ast`` writes it; None where there is none."""
        if place not in self._normal:
            try:
                tree = ast.parse(self.piece(place), mode="eval")
                self._normal[place] = ast.unparse(tree)
            except SyntaxError:
                self._normal[place] = None
        return self._normal[place]

    def read_at(self, place: Place) -> frozenset[str]:
        """Return the names, attributes and items that an expression is computed of directly."""
        if place not in self._read:
            try:
                statement = ast.parse(self.piece(place).strip()).body[0]
            except (SyntaxError, IndexError):
                statement = ast.Pass()
            whole: ast.AST = statement.value if isinstance(statement, ast.Expr) else statement
            parts = [*ast.iter_child_nodes(whole)]
            listed = (ast.List, ast.Tuple, ast.keyword)
            parts += [e for part in parts if isinstance(part, listed) for e in ast.walk(part)]
            if isinstance(whole, ast.Call) and isinstance(whole.func, ast.Attribute):
                parts.append(whole.func.value)
            single = (ast.Name, ast.Attribute, ast.Subscript)
            self._read[place] = frozenset(ast.unparse(p) for p in parts if isinstance(p, single))
        return self._read[place]

    def piece(self, place: Place) -> str:
        """Return the text at a place, on one line."""
        first, start, last, end = place
        rows = self.rows[first - 1 : last]
        if len(rows) == 1:
            return rows[0][start:end].decode()
        return b" ".join([rows[0][start:], *rows[1:-1], rows[-1][:end]]).decode()


def has(node: ast.stmt, at: tuple[int, int]) -> bool:
    """Whether a line and column are those of a statement."""
    end = node.end_lineno or node.lineno, node.end_col_offset or 0
    return (node.lineno, node.col_offset) <= at < end


def _found(roots: Mapping[str, Value], path: str) -> Value:
    """Return a part of a module that is loaded; None where there is none."""
    first, *rest = path.split(".")
    found = roots.get(first)
    for name in rest:
        found = getattr(found, name, None)
    return found
