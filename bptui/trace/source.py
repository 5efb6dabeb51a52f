"""A program's text: its statements, its functions, and what stands at a place."""

from __future__ import annotations

import ast
import math
import re
from typing import Any

import numpy as np

Place = tuple[int, int, int, int]
"""First line, column, last line, and column of an expression or statement."""

SIMPLE = (ast.Assign, ast.AugAssign, ast.AnnAssign, ast.Return, ast.Expr)
DEFINITIONS = (ast.FunctionDef, ast.Import, ast.ImportFrom)


TOLD = re.compile(r"^\s*#\s*bptui:\s*(\w+)\s+(.+?)\s*$", re.MULTILINE)


def told_in(text: str) -> dict[str, str]:
    """Return what comments of a program tell: ``# bptui: loss NAME``."""
    return dict(TOLD.findall(text))


class Source:
    """A program's text, its statements and its functions."""

    def __init__(self, text: str) -> None:
        self.text, self.tree = text, ast.parse(text)
        self.rows = [row.encode() for row in text.splitlines()]
        self.functions = self._functions()
        self._normal: dict[Place, str | None] = {}

    def _functions(self) -> dict[str, Any]:
        """Return the functions at the program's top level, to evaluate expressions with."""
        known: dict[str, Any] = {"np": np, "numpy": np, "math": math}
        for node in self.tree.body:
            if isinstance(node, DEFINITIONS):
                try:
                    exec(compile(ast.Module([node], []), "<program>", "exec"), known)
                except Exception:  # an import that is not there, a decorator that fails
                    continue
        return known

    def statement(self, line: int) -> ast.stmt | None:
        """Return the simple statement that a line belongs to."""
        found = [
            node
            for node in ast.walk(self.tree)
            if isinstance(node, SIMPLE) and node.lineno <= line <= (node.end_lineno or node.lineno)
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

    def piece(self, place: Place) -> str:
        """Return the text at a place, on one line."""
        first, start, last, end = place
        rows = self.rows[first - 1 : last]
        if len(rows) == 1:
            return rows[0][start:end].decode()
        return b" ".join([rows[0][start:], *rows[1:-1], rows[-1][:end]]).decode()
