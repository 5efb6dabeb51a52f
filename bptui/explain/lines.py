"""Equations as lines of text: symbols, below them the numbers, and the value."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import ClassVar, NamedTuple, TypeAlias

import numpy as np

from bptui.core.arrays import Array
from bptui.explain.equation import Equation
from bptui.explain.expression import Index, Quantity
from bptui.explain.printer import Printer, Token, number, operator, symbols_of
from bptui.explain.rows import Row, RowWriter, Terms
from bptui.explain.symbols import Symbols

KEPT = ("operator", "constant")
"""Roles of what stays as it is where numbers are put in."""
LABEL_GAP = 3
"""Blanks before the label at the end of a row."""
MOST_ROWS = MOST_COLUMNS = 4
"""Rows and columns of a matrix that are written out; of more, the first and the last."""
SHORT = 8
"""Columns of text that are no line of their own, such as - 0.1."""
NARROW = 90
"""Columns of text below which a matrix shows one column less."""


class Span(NamedTuple):
    """A piece of a line. ``role`` says what it is, so that a screen can give it a colour."""

    text: str
    role: str
    marked: bool = False


TextLine: TypeAlias = tuple[Span, ...]


def plain(line: Iterable[Span]) -> str:
    """Return the text of a line."""
    return "".join(span.text for span in line).rstrip()


def broken(
    parts: Sequence[tuple[int, int]], room: int, used: int, margin: int, least: int
) -> list[list[int]]:
    """Return the places of parts, given by width and where to break, on lines of ``room``.

    ``used``: of the first line, ``margin``: of later ones; none ends before it is wider than
    ``least``. See :attr:`~bptui.explain.printer.Token.breaks`.
    """
    if used + sum(width for width, _ in parts) <= room:
        return [[*range(len(parts))]]
    lines: list[list[int]] = [[]]
    for place, (width, breaks) in enumerate(parts):
        if breaks and used > least:
            later = range(place + 1, len(parts))
            end = next((k for k in later if 0 < parts[k][1] <= breaks), len(parts))
            if used + sum(ahead for ahead, _ in parts[place:end]) > room:
                lines.append([])
                used = margin
        lines[-1].append(place)
        used += width
    return lines


class EquationWriter:
    """Writes equations into ``width`` columns.

    Numbers put in have ``digits`` significant digits, values ``value_digits``. ``brief`` leaves the
    line with the values of terms out where the value fits behind the numbers.
    """

    printer: ClassVar[type[Printer]] = Printer
    labels_symbols: ClassVar[bool] = True
    """Whether symbols say over how many samples they are summed."""

    def __init__(
        self,
        symbols: Symbols,
        width: int,
        digits: int = 6,
        value_digits: int = 7,
        brief: bool = False,
    ) -> None:
        self.symbols, self.width, self.brief = symbols, width, brief
        self.digits, self.value_digits = digits, value_digits
        self.most_columns = MOST_COLUMNS if width >= NARROW else MOST_COLUMNS - 1

    # what is written otherwise in other forms

    def start(self, equation: Equation) -> tuple[TextLine, TextLine]:
        """Return what an equation begins with, and what its later lines begin with."""
        name, relation = self.symbols.assigned(equation.left)
        first = (Span(f"{name} ", "name"), Span(f"{relation} ", "operator"))
        return first, (Span(" " * (len(name) + 1) + "= ", "operator"),)

    def below(self, margin: int, sign: str = "") -> TextLine:
        """Return what a line begins with that goes on, or that begins with a sign."""
        if not sign:
            return (Span(" " * (margin + 1), "operator"),)
        return Span(" " * (margin - 2), "operator"), Span(f"{sign} ", "operator")

    def columns(self, text: str) -> int:
        """Return how wide a text is."""
        return len(text)

    def widths(self, tokens: Sequence[Token], *, symbols: bool) -> list[int]:
        """Return how wide the columns of tokens are, whose numbers stand below their symbols."""
        return [max(len(token.symbol), len(token.number)) for token in tokens]

    def breakable(self, tokens: Sequence[Token]) -> Sequence[Token]:
        """Return tokens that do not fit on a line so that lines may end between them."""
        return tokens

    def value(self, equation: Equation, wanted: Index | None) -> str:
        """Write the value of an equation."""
        return number(equation.value, self.value_digits)

    # single numbers

    def numbers(
        self, equation: Equation, compact: bool = False, wanted: Index | None = None
    ) -> list[TextLine]:
        """Return symbols, numbers, where it helps the terms' values, and the value.

        ``compact`` puts the value behind the numbers where it fits.
        """
        first, again = self.start(equation)
        writer = self._rows_of(equation)
        terms = writer.terms(equation.expression)
        last = Span(self.value(equation, wanted), "value")
        lines = self._block(first, terms, terms.symbols, symbols=True)
        if equation.is_known:
            # nothing is computed: the name, then the value
            return [*lines, (*again, last)]
        if equation.left.index is None:
            writer = self._rows_of(equation, numbers=True)
            terms = writer.terms(equation.expression)
        lines += self._block(again, terms, terms.numbers, symbols=False)
        behind = (Span(" = ", "operator"), last)

        def fits() -> bool:
            return compact and self._length((*lines[-1], *behind)) <= self.width

        short = equation.array.ndim or (self.brief and fits())
        partial = [] if short else writer.partial(equation, terms)
        if partial:
            margin = self._length(again)
            lines += self._wrapped(
                again, partial, self.widths(partial, symbols=False), margin, self.width
            )
        if fits() and lines[-1][-1].role != "label":
            return [*lines[:-1], (*lines[-1], *behind)]
        return [*lines, (*again, last)]

    def formula(self, equation: Equation) -> str:
        """Return the right-hand side in symbols, on one line."""
        terms = self._rows_of(equation).terms(equation.expression)
        return symbols_of(terms.joined(terms.symbols))

    def _rows_of(self, equation: Equation, *, numbers: bool = False) -> RowWriter:
        printer = self.printer(self.symbols, equation.scope, self.digits, equation.marks, numbers)
        return RowWriter(printer, self.value_digits)

    def _block(
        self, first: TextLine, terms: Terms, rows: Sequence[Row], *, symbols: bool
    ) -> list[TextLine]:
        """Return the rows on one line where they fit, else one below the other."""
        every = (*terms.symbols, *terms.numbers)
        told = every if self.labels_symbols else () if symbols else rows
        labels = [len(row.label) + LABEL_GAP for row in told if row.label]
        joined = terms.joined(rows)
        widths = self.widths(joined, symbols=symbols)
        margin = self._length(first)
        if not labels and (len(rows) == 1 or margin + sum(widths) <= self.width):
            return self._wrapped(first, joined, widths, margin, self.width, symbols=symbols)
        lines: list[TextLine] = []
        columns: dict[tuple[str, ...], list[int]] = {}
        for row in every:
            widths = self.widths(row.tokens, symbols=symbols)
            shape = _shape(row.tokens)
            columns[shape] = [*map(max, columns.get(shape, widths), widths)]
        margin += sum(self.widths(terms.before, symbols=symbols))
        room = self.width - max(labels, default=0)
        for place, row in enumerate(rows):
            begun = [] if place else [*terms.before, *row.unary]
            behind = [operator(row.tail)] if row.tail else []
            behind += terms.after if place == len(rows) - 1 else ()
            widths = [*columns[_shape(row.tokens)], *self.widths(behind, symbols=symbols)]
            # signs stand under the = where nothing comes before the first term
            margin += place == 1 and rows[0].sign == "-"
            written = self._wrapped(
                self.below(margin, row.sign) if place else first,
                [*begun, *row.tokens, *behind],
                [*self.widths(begun, symbols=symbols), *widths],
                margin,
                room,
                symbols=symbols,
            )
            if row.label and labels:
                written[-1] = (*written[-1], Span(" " * LABEL_GAP + row.label, "label"))
            lines += written
        return lines

    def _wrapped(
        self,
        start: TextLine,
        tokens: Sequence[Token],
        widths: Sequence[int],
        margin: int,
        room: int,
        *,
        symbols: bool = False,
    ) -> list[TextLine]:
        """Return tokens in their columns, going on behind ``margin`` below where ``room`` ends."""
        if self._length(start) + sum(widths) > room:
            tokens = self.breakable(tokens)
        parts = [(width, token.breaks) for token, width in zip(tokens, widths, strict=True)]
        lines: list[TextLine] = []
        for line in broken(parts, room, self._length(start), margin + 1, margin + 1):
            spans = [*(self.below(margin) if lines else start)]
            for token, width in ((tokens[place], widths[place]) for place in line):
                text = token.symbol if symbols else token.number
                role = token.role if symbols or token.role in KEPT else "number"
                gap = width - self.columns(text)
                spans += [Span(text, role, token.marked)]
                spans += [Span(" " * gap, "operator")] if gap > 0 else []
            lines.append(tuple(spans))
        return lines

    def _length(self, line: Iterable[Span]) -> int:
        return sum(self.columns(span.text) for span in line)

    # arrays

    def matrices(self, equation: Equation, wanted: Index | None = None) -> list[TextLine]:
        """Return an equation of arrays in symbols, in numbers, and its value."""
        first, again = self.start(equation)
        symbols = [
            text_block(token.symbol, token.role, token.breaks, token.marked)
            for token in self._array_tokens(equation)
        ]
        lines = self._flow(first, symbols)
        if not isinstance(equation.expression, Quantity):
            tokens = self._array_tokens(equation, numbers=True)
            lines += self._flow(again, [*map(self._number, tokens)])
        value = matrix_block(equation.array, self.value_digits, wanted, "value", self.most_columns)
        return lines + self._flow(again, [value])

    def _array_tokens(self, equation: Equation, *, numbers: bool = False) -> list[Token]:
        printer = Printer(self.symbols, equation.scope, self.digits, equation.marks, numbers)
        return printer.tokens(equation.expression)

    def _number(self, token: Token) -> Block:
        if token.array is not None:
            return matrix_block(token.array, self.digits, most=self.most_columns)
        role = token.role if token.role in KEPT else "number"
        return text_block(token.number, role, token.breaks)

    def _flow(self, start: TextLine, blocks: Sequence[Block]) -> list[TextLine]:
        """Return blocks beside each other, going on below where they do not fit."""
        margin = _length(start)
        parts = [(block.width, block.breaks) for block in blocks]
        lines: list[TextLine] = []
        for places in broken(parts, self.width, margin, margin, margin + SHORT):
            first = text_block(" " * margin) if lines else Block((start,), margin)
            lines += _beside([first, *(blocks[place] for place in places)])
        return lines


def _shape(tokens: Sequence[Token]) -> tuple[str, ...]:
    """Return what rows must share for their columns to be the same."""
    return tuple(token.symbol if token.role == "operator" else "" for token in tokens)


def _length(line: Iterable[Span]) -> int:
    return sum(len(span.text) for span in line)


# matrices


class Block(NamedTuple):
    """Lines of equal width, placed by their middle; ``breaks``: a line may end before it."""

    lines: tuple[TextLine, ...]
    width: int
    breaks: int = 0


def text_block(text: str, role: str = "operator", breaks: int = 0, marked: bool = False) -> Block:
    """Return a block of one line."""
    return Block(((Span(text, role, marked and bool(text.strip())),),), len(text), breaks)


def aligned(texts: Sequence[str]) -> list[str]:
    """Return numbers of a column with blanks on both sides: their points stand below each other."""
    heads = [re.split(r"[.e]", text, maxsplit=1)[0] for text in texts]
    before = max(map(len, heads))
    after = max(len(text) - len(head) for text, head in zip(texts, heads, strict=True))
    return [
        (" " * (before - len(head)) + text).ljust(before + after)
        for text, head in zip(texts, heads, strict=True)
    ]


def kept(count: int, most: int, wanted: int | None = None) -> list[int | None]:
    """Return the places shown of ``count``, ``wanted`` among them; None stands for a gap."""
    if count <= most:
        return list(range(count))
    chosen = {*range(most - 2), count - 1}
    chosen.add(wanted if wanted is not None and wanted not in chosen else most - 2)
    places: list[int | None] = []
    last = -1
    for place in sorted(chosen):
        places += [place] if place == last + 1 else [None, place]
        last = place
    return places


def excerpt(
    array: Array, wanted: Index | None = None, most: int = MOST_COLUMNS
) -> tuple[Array, Index | None, list[int | None], list[int | None]]:
    """Return the array as a matrix, where ``wanted`` is in it, its rows and columns shown."""
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
    """Return an array in brackets, its columns aligned; a number as it is.

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
    size = ""
    if len(rows) < matrix.shape[0] or len(columns) < matrix.shape[1]:
        size = f" {matrix.shape[0]}x{matrix.shape[1]}"
    for place, (row, texts) in enumerate(zip(rows, zip(*cells, strict=True), strict=True)):
        brackets = _brackets(place, len(rows))
        spans = [Span(brackets[0], "operator")]
        for position, (column, text) in enumerate(zip(columns, texts, strict=True)):
            here = at is not None and (row, column) == tuple(at)
            gap = " " * (len(text) - len(text.lstrip()) + (1 if position else 0))
            spans += [Span(gap, "operator"), Span(text.strip(), "selected" if here else role)]
            spans.append(Span(" " * (len(text) - len(text.rstrip())), "operator"))
        told = size if place == len(rows) // 2 else " " * len(size)
        lines.append((*spans, Span(brackets[1], "operator"), Span(told, "label")))
    width = sum(len(column[0]) for column in cells) + len(cells) + 1 + len(size)
    return Block(tuple(lines), width)


def _brackets(row: int, rows: int) -> str:
    if rows == 1:
        return "[]"
    return "⎡⎤" if row == 0 else "⎣⎦" if row == rows - 1 else "⎢⎥"


def _beside(blocks: Sequence[Block]) -> list[TextLine]:
    """Return blocks on one row, their middle lines level."""
    height = max(len(block.lines) for block in blocks)
    rows: list[TextLine] = []
    for y in range(height):
        spans: list[Span] = []
        for block in blocks:
            inner = y - (height // 2 - len(block.lines) // 2)
            line = block.lines[inner] if 0 <= inner < len(block.lines) else ()
            spans += [*line, Span(" " * (block.width - _length(line)), "operator")]
        rows.append(tuple(span for span in spans if span.text))
    return rows
