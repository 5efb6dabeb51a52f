"""The matrix form: equations of whole arrays, with the matrices laid out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from bptui.core.arrays import Array
from bptui.core.derivation.equation import Equation
from bptui.core.derivation.expression import (
    Activated,
    Constant,
    Expression,
    Function,
    Index,
    LastSample,
    LogSumExp,
    MatrixProduct,
    Negative,
    Power,
    Product,
    Quantity,
    Quotient,
    Setting,
    Stable,
    Sum,
    Total,
    Transposed,
    signed,
)
from bptui.core.derivation.lines import Span, TextLine
from bptui.core.derivation.scope import evaluate
from bptui.core.derivation.symbols import Symbols
from bptui.core.derivation.tokens import Path, aligned, number

SUM, PRODUCT, POWER, ATOM = 1, 2, 3, 4
MOST_ROWS = MOST_COLUMNS = 4
"""Rows and columns of a matrix that are written out; of more, the first and the last."""
NARROW = 90
"""Columns of text below which a matrix shows one column less."""


@dataclass(frozen=True)
class Block:
    """Lines of equal width, placed by their middle; ``breaks``: a line may end before it."""

    lines: tuple[TextLine, ...]
    width: int
    breaks: bool = False


def text_block(text: str, role: str = "operator", breaks: bool = False) -> Block:
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
    matrix = array if array.ndim == 2 else array[np.newaxis, :]
    at = None if wanted is None else ((0, *wanted) if array.ndim == 1 else wanted)
    rows = kept(matrix.shape[0], MOST_ROWS, at[0] if at else None)
    columns = kept(matrix.shape[1], most, at[1] if at else None)
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
        node = equation.expression
        lines = self._flow(first, _Form(self, equation, False).blocks(node))
        value = equation.array
        if not isinstance(node, Quantity):
            lines += self._flow(again, _Form(self, equation, True).blocks(node))
        return lines + self._flow(
            again, [matrix_block(value, self.value_digits, wanted, "value", self.most_columns)]
        )

    def symbols_of(self, node: Expression, equation: Equation, level: int = PRODUCT) -> str:
        """A part of an equation in symbols alone; all of it with ``level`` SUM."""
        blocks = _Form(self, equation, False).blocks(node, level, (-1,))
        return "".join(span.text for block in blocks for line in block.lines for span in line)

    def _flow(self, start: Block, blocks: Sequence[Block]) -> list[TextLine]:
        """Blocks beside each other, going on below where they do not fit."""
        lines: list[TextLine] = []
        row, used = [start], start.width
        for place, block in enumerate(blocks):
            ahead = block.width
            for after in blocks[place + 1 :]:
                if after.breaks:
                    break
                ahead += after.width
            if block.breaks and used + ahead > self.width and used > start.width:
                lines += _beside(row)
                row, used = [text_block(" " * start.width)], start.width
            row.append(block)
            used += block.width
        return lines + _beside(row)


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


@dataclass(frozen=True)
class _Form:
    """One pass over an expression: with its symbols or with its numbers."""

    writer: MatrixWriter
    equation: Equation
    numbers: bool

    def blocks(self, node: Expression, level: int = SUM, path: Path = ()) -> list[Block]:
        found = self._written(node, level, path)
        if path in self.equation.marks and not self.numbers:
            return [
                replace(
                    block,
                    lines=tuple(
                        tuple(replace(span, marked=bool(span.text.strip())) for span in line)
                        for line in block.lines
                    ),
                )
                for block in found
            ]
        return found

    def _written(self, node: Expression, level: int, path: Path) -> list[Block]:
        symbols = self.writer.symbols
        match node:
            case Quantity() | Transposed(Quantity()):
                if self.numbers:
                    return [self._matrix(node)]
                inner = node.of if isinstance(node, Transposed) else node
                assert isinstance(inner, Quantity), "the pattern says so"
                text = symbols.text(inner)
                return [text_block(text + "^T" * isinstance(node, Transposed), "quantity")]
            case Setting(name, value):
                text = number(value, self.writer.digits) if self.numbers else name
                return [text_block(text, "number" if self.numbers else "setting")]
            case Constant(value, text, _):
                return [text_block(symbols.constant(text) or number(value), "constant")]
            case Sum(terms):
                return self._wrapped(self._sum(terms, path), level > SUM)
            case Product(factors):
                return self._wrapped(self._product(factors, path), level > PRODUCT)
            case MatrixProduct(left, right):
                written = [
                    *self.blocks(left, POWER, (*path, 0)),
                    text_block(symbols.matrix_times, breaks=True),
                    *self.blocks(right, POWER, (*path, 1)),
                ]
                return self._wrapped(written, level > PRODUCT)
            case Quotient(top, bottom):
                written = [
                    *self.blocks(top, PRODUCT, (*path, 0)),
                    text_block(" / ", breaks=True),
                    *self.blocks(bottom, POWER, (*path, 1)),
                ]
                return self._wrapped(written, level > PRODUCT)
            case Negative(of):
                inner_blocks = [text_block("-"), *self.blocks(of, PRODUCT, (*path, 0))]
                return self._wrapped(inner_blocks, level > SUM)
            case Power(base, exponent):
                raised = exponent.value if isinstance(exponent, Constant) else None
                written = self.blocks(base, ATOM, (*path, 0))
                if short := symbols.raised(raised or 0.0):
                    return [*written, text_block(short)]
                return [*written, text_block("^"), *self.blocks(exponent, ATOM, (*path, 1))]
            case Activated(name, argument, _):
                if self.numbers and path:
                    return [self._matrix(node)]
                return self._call(name, argument, (*path, 0))
            case Stable(textbook, _):
                return self.blocks(textbook, level, (*path, 0))
            case Total(of, axis):
                over = {None: "sum", 0: "sum over samples", 1: "sum over units"}[axis]
                return self._call(over, of, (*path, 0))
            case LastSample(of):
                return self._call("last sample", of, (*path, 0))
            case LogSumExp(of):
                return self._call("ln sum e^", of, (*path, 0))
            case Function(name, argument):
                shown = {"exp": "e^", "sqrt": symbols.root, "ln_one_plus_exp": "ln(1 + e^"}.get(
                    name, name
                )
                return [
                    *self._call(shown, argument, (*path, 0)),
                    *([text_block(")")] if shown.count("(") else []),
                ]
            case Transposed(of):
                return [*self.blocks(of, ATOM, (*path, 0)), text_block("^T")]
            case _:
                return [self._matrix(node)]

    def _matrix(self, node: Expression) -> Block:
        array = evaluate(node, self.equation.scope)
        return matrix_block(array, self.writer.digits, most=self.writer.most_columns)

    def _wrapped(self, blocks: list[Block], wrap: bool) -> list[Block]:
        return [text_block("("), *blocks, text_block(")")] if wrap else blocks

    def _call(self, name: str, argument: Expression, path: Path) -> list[Block]:
        return [text_block(f"{name}("), *self.blocks(argument, SUM, path), text_block(")")]

    def _sum(self, terms: tuple[Expression, ...], path: Path) -> list[Block]:
        written: list[Block] = []
        for place, term in enumerate(terms):
            at, (sign, part) = (*path, place), signed(term)
            if place or sign == "-":
                written.append(text_block(f" {sign} " if place else sign, breaks=place > 0))
            written += self.blocks(part, PRODUCT, (*at, 0) if sign == "-" else at)
        return written

    def _product(self, factors: tuple[Expression, ...], path: Path) -> list[Block]:
        """``⊙`` between arrays, ``·`` where one of the two is a number."""
        written: list[Block] = []
        before: tuple[int, ...] = ()
        for place, factor in enumerate(factors):
            shape = self.equation.scope.shape(factor)
            if place:
                symbols = self.writer.symbols
                sign = symbols.elementwise if before and shape else symbols.times
                written.append(text_block(sign, breaks=True))
            written += self.blocks(factor, POWER if place else PRODUCT, (*path, place))
            before = before or shape
        return written
