"""The places of expressions in the source: each is known by its number in a list."""

from __future__ import annotations

import ast


class Positions:
    """The places of a file: first line, column, last line, column behind the last."""

    def __init__(self, file: str, first: int = 0) -> None:
        self.file, self.first = file, first
        self.places: list[tuple[int, int, int, int]] = []

    def number(self, node: ast.AST) -> int:
        """Return the number of a node's place, counted from the first of the file."""
        line, column = getattr(node, "lineno", 0), getattr(node, "col_offset", 0)
        end = getattr(node, "end_lineno", None) or line
        self.places.append((line, column, end, getattr(node, "end_col_offset", None) or column))
        return self.first + len(self.places) - 1
