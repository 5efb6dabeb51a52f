"""The matrix form: equations of whole arrays, with the matrices laid out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from bptui.core.arrays import Array
from bptui.explain.equation import Equation
from bptui.explain.expression import Expression, Index, Quantity
from bptui.explain.lines import KEPT, Span, TextLine
from bptui.explain.printer import PRODUCT, Printer, Token, aligned, broken, number
from bptui.explain.symbols import Symbols

MOST_ROWS = MOST_COLUMNS = 4
"""Rows and columns of a matrix that are written out; of more, the first and the last."""
SHORT = 8
"""Columns of text that are no line of their own, such as - 0.1."""
NARROW = 90
"""Columns of text below which a matrix shows one column less."""


@dataclass(frozen=True)
class Block:
    """Lines of equal width, placed by their middle; ``breaks``: a line may end before it."""

    lines: tuple[TextLine, ...]
    width: int
    breaks: int = 0


def text_block(text: str, role: str = "operator", breaks: int = 0) -> Block:
    return Block(((Span(text, role),),), len(text), breaks)


def kept(count: int, most: int, wanted: int | None = None) -> list[int | None]:
    """The places shown of ``count``, ``wanted`` among them; None stands for a gap."""
    if count <= most:
        return list(range(count))
    chosen = {*range(most - 2), count - 1}
    chosen.add(wanted if wanted is not None and wanted not in chosen else most - 2)
    places: list[int | None] = []
    for place in sorted(chosen):
        last = next((each for each in reversed(places) if each is not None), None)
        if last is not None and place > last + 1:
            places.append(None)
        places.append(place)
    return places


def excerpt(
    array: Array, wanted: Index | None = None, most: int = MOST_COLUMNS
) -> tuple[Array, Index | None, list[int | None], list[int | None]]:
    """The array as a matrix, the place of ``wanted`` in it, and its rows and columns shown."""
    matrix = array if array.ndim == 2 else array[np.newaxis, :]
    at = None if wanted is None else ((0, *wanted) if array.ndim == 1 else wanted)
    rows = kept(matrix.shape[0], MOST_ROWS, at[0] if at else None)
    return matrix, at, rows, kept(matrix.shape[1], most, at[1] if at else None)


def matrix_block(
    array: Array,
    digits: int,
    wanted: Index | None = None,
    role: str = "number",
    most: int = MOST_COLUMNS,
) -> Block:
    """An array in brackets, its columns aligned; a number as it is.

    ``wanted`` is the place of a number that is shown whatever is left out, and stands out.
    """
    if array.ndim == 0:
        return text_block(number(float(array), digits), role)
    matrix, at, rows, columns = excerpt(array, wanted, most)
    cells = [
        aligned(
            ["…" if r is None or c is None else number(float(matrix[r, c]), digits) for r in rows]
        )
        for c in columns
    ]
    lines: list[TextLine] = []
    for place, (row, texts) in enumerate(zip(rows, zip(*cells, strict=True), strict=True)):
        left, right = _brackets(place, len(rows))
        spans = [Span(left, "operator")]
        for position, (column, text) in enumerate(zip(columns, texts, strict=True)):
            here = at is not None and (row, column) == tuple(at)
            gap = " " * (len(text) - len(text.lstrip()) + (1 if position else 0))
            spans += [Span(gap, "operator"), Span(text.strip(), "selected" if here else role)]
            spans.append(Span(" " * (len(text) - len(text.rstrip())), "operator"))
        lines.append((*spans, Span(right, "operator")))
    width = sum(len(column[0]) for column in cells) + len(cells) + 1
    if len(rows) < matrix.shape[0] or len(columns) < matrix.shape[1]:
        size = f" {matrix.shape[0]}x{matrix.shape[1]}"
        middle = len(lines) // 2
        lines = [
            (*line, Span(size if k == middle else " " * len(size), "label"))
            for k, line in enumerate(lines)
        ]
        width += len(size)
    return Block(tuple(lines), width)


def _brackets(row: int, rows: int) -> tuple[str, str]:
    if rows == 1:
        return "[", "]"
    if row == 0:
        return "⎡", "⎤"
    return ("⎣", "⎦") if row == rows - 1 else ("⎢", "⎥")


class MatrixWriter:
    """Writes equations of arrays into ``width`` columns."""

    def __init__(
        self, symbols: Symbols, width: int, digits: int = 6, value_digits: int = 7
    ) -> None:
        self.symbols, self.width = symbols, width
        self.most_columns = MOST_COLUMNS if width >= NARROW else MOST_COLUMNS - 1
        self.digits, self.value_digits = digits, value_digits

    def lines(self, equation: Equation, wanted: Index | None = None) -> list[TextLine]:
        """The equation in symbols, in numbers, and its value."""
        name, relation = self.symbols.assigned(equation.left)
        start = (Span(f"{name} ", "name"), Span(f"{relation} ", "operator"))
        first = Block((start,), len(name) + 3)
        again = text_block(" " * (len(name) + 1) + "= ")
        lines = self._flow(first, self._blocks(equation))
        if not isinstance(equation.expression, Quantity):
            lines += self._flow(again, self._blocks(equation, numbers=True))
        value = matrix_block(equation.array, self.value_digits, wanted, "value", self.most_columns)
        return lines + self._flow(again, [value])

    def symbols_of(self, node: Expression, equation: Equation, level: int = PRODUCT) -> str:
        """A part of an equation in symbols alone; all of it with ``level`` SUM."""
        tokens = Printer(self.symbols, equation.scope).tokens(node, level)
        return "".join(token.symbol for token in tokens)

    def _blocks(self, equation: Equation, *, numbers: bool = False) -> list[Block]:
        printer = Printer(self.symbols, equation.scope, self.digits, equation.marks, numbers)
        tokens = printer.tokens(equation.expression)
        return [*map(self._number if numbers else _symbol, tokens)]

    def _number(self, token: Token) -> Block:
        if token.array is not None:
            return matrix_block(token.array, self.digits, most=self.most_columns)
        role = token.role if token.role in KEPT else "number"
        return text_block(token.number, role, token.breaks)

    def _flow(self, start: Block, blocks: Sequence[Block]) -> list[TextLine]:
        """Blocks beside each other, going on below where they do not fit."""
        parts = [(block.width, block.breaks) for block in blocks]
        lines: list[TextLine] = []
        for places in broken(parts, self.width, start.width, start.width, start.width + SHORT):
            first = text_block(" " * start.width) if lines else start
            lines += _beside([first, *(blocks[place] for place in places)])
        return lines


def _symbol(token: Token) -> Block:
    marked = token.marked and bool(token.symbol.strip())
    span = Span(token.symbol, token.role, marked)
    return Block(((span,),), len(token.symbol), token.breaks)


def _beside(blocks: Sequence[Block]) -> list[TextLine]:
    """Blocks on one row, their middle lines level."""
    height = max(len(block.lines) for block in blocks)
    middle = height // 2
    rows: list[TextLine] = []
    for y in range(height):
        spans: list[Span] = []
        for block in blocks:
            inner = y - (middle - len(block.lines) // 2)
            if 0 <= inner < len(block.lines):
                line = block.lines[inner]
                used = sum(len(span.text) for span in line)
                spans += [*line, Span(" " * (block.width - used), "operator")]
            else:
                spans.append(Span(" " * block.width, "operator"))
        rows.append(tuple(span for span in spans if span.text))
    return rows
