"""Equations as lines: symbols in rows of terms, below them the numbers, and the value."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import ClassVar

from bptui.core.arrays import Array
from bptui.explain.equation import Equation
from bptui.explain.expression import Expression
from bptui.explain.lines import (
    MOST_COLUMNS,
    Axes,
    Block,
    Headings,
    Span,
    TextLine,
    beside,
    broken,
    matrix_block,
    stripped,
    whole_of,
)
from bptui.explain.printer import Token, operator, symbols_of
from bptui.explain.rows import KEPT, RowPrinter, Terms
from bptui.explain.symbols import Symbols

SHORT = 8
"""Columns of text that are no line of their own beside arrays, such as - 0.1."""
LABEL_GAP = 3
"""Blanks before the label at the end of a row."""
NARROW = 90
"""Columns of text below which a matrix shows one column less."""


class EquationWriter:
    """Writes equations into ``width`` columns.

    Numbers put in have ``digits`` significant digits, values ``value_digits``. ``brief`` leaves the
    line with the values of terms out where the value fits behind the numbers. ``headings`` name
    rows and columns of matrices, and light what belongs to what is selected.
    """

    printer: ClassVar[type[RowPrinter]] = RowPrinter
    labels_symbols: ClassVar[bool] = True
    """Whether symbols say over how many samples they are summed."""
    stacks: ClassVar[bool] = True
    """Whether arrays are written over several lines."""

    def __init__(
        self,
        symbols: Symbols,
        width: int,
        digits: int = 6,
        value_digits: int = 7,
        brief: bool = False,
        headings: Headings | None = None,
    ) -> None:
        self.symbols, self.width, self.brief, self.headings = symbols, width, brief, headings
        self.digits, self.value_digits = digits, value_digits
        self.most_columns = MOST_COLUMNS if width >= NARROW else MOST_COLUMNS - 1

    # what is written otherwise in other forms

    def start(self, equation: Equation) -> tuple[TextLine, TextLine]:
        """Return what an equation begins with, and what its later lines begin with."""
        name, relation = self.symbols.assigned(equation.left)
        lit = self.headings is not None and self.headings.is_lit(equation.left)
        named = Span(name, "lit" if lit else "name")
        first = (named, Span(" ", "operator"), Span(f"{relation} ", "operator"))
        return first, (Span(" " * (len(name) + 1) + "= ", "operator"),)

    def below(self, margin: int, sign: str = "") -> TextLine:
        """Return what a line begins with that goes on, or that begins with a sign."""
        if not sign:
            return (Span(" " * margin, "operator"),)
        return Span(" " * (margin - 2), "operator"), Span(f"{sign} ", "operator")

    def columns(self, text: str) -> int:
        """Return how wide a text is."""
        return len(text)

    def block(self, token: Token, symbols: bool, is_array: bool) -> Block:
        """Return a symbol, as wide as the number below it, or that number, or an array."""
        if token.array is not None and not symbols:
            axes = self.axes(token.node, token.array)
            whole = matrix_block(token.array, self.digits, axes, most=self.most_columns)
            return whole._replace(breaks=token.breaks)
        if is_array:
            return self.one_line(replace(token, marked=token.marked and symbols), symbols)
        return self.one_line(token, symbols, self.room(token, symbols))

    def room(self, token: Token, symbols: bool) -> int:
        """Return how wide the block of a token among single numbers is: quicker than to make it."""
        return max(len(token.symbol), len(token.number))

    def breakable(self, tokens: Sequence[Token]) -> Sequence[Token]:
        """Return tokens that do not fit on a line so that lines may end between them."""
        return tokens

    def value(self, equation: Equation) -> Block:
        """Return the value of an equation; the number of a matrix that is wanted stands out."""
        array, axes, at = equation.array, self.axes(equation.left, equation.array), equation.wanted
        return matrix_block(array, self.value_digits, axes, at, "value", self.most_columns)

    # what is the same in all of them

    def axes(self, node: Expression | None, array: Array) -> Axes:
        """Return the headings of an array that ``node`` stands for."""
        return Axes() if self.headings is None else self.headings.axes(node, array)

    def numbers(self, equation: Equation, compact: bool = False) -> list[TextLine]:
        """Return symbols, numbers, where it helps the terms' values, and the value.

        ``compact`` puts the value behind the numbers where it fits.
        """
        is_array = equation.left.index is None
        first, again = self.start(equation)
        printer = self._printer(equation)
        terms = printer.terms(equation.expression)
        value = self.value(equation)
        last = beside([Block((again,), self._length(again)), value])
        lines = self._block(first, terms, True, is_array)
        if equation.is_known:  # nothing is computed: the name, then the value
            return [*lines, *last]
        if is_array:
            terms = self._printer(equation, numbers=True).terms(equation.expression)
        lines += self._block(again, terms, False, is_array)
        behind = (Span(" = ", "operator"), *value.lines[0])

        def fits(at: int = -1) -> bool:
            return compact and self._length((*lines[at], *behind)) <= self.width

        short = equation.array.ndim or (is_array and self.stacks) or (self.brief and fits())
        partial = [] if short else printer.partial(equation, terms, self.value_digits)
        if partial:
            lines += self._wrapped(again, partial, self._length(again), self.width)
        # behind the numbers; of a sum over samples behind its symbols, as those may be many lines
        at, label = (0, lines[0][-1:]) if lines[-1][-1].role == "label" else (-1, ())
        if fits(at) and all(span.role == "label" for span in label):
            lines[at] = (*stripped(lines[at][: len(lines[at]) - len(label)]), *behind, *label)
            return lines
        return [*lines, *last]

    def formula(self, equation: Equation) -> str:
        """Return the right-hand side in symbols, on one line."""
        terms = self._printer(equation).terms(equation.expression)
        return symbols_of(terms.joined(terms.symbols))

    def one_line(self, token: Token, symbols: bool, width: int = 0) -> Block:
        """Return the symbol or the number of a token, in so many columns or as many as it has."""
        text = token.symbol if symbols else token.number
        role: str = token.role if symbols or token.role in KEPT else "number"
        role = "lit" if self.headings and self.headings.is_lit(token.node) else role
        of = whole_of(token.node) if symbols else None
        span = Span(text, role, token.marked and bool(text.strip()), of)
        return Block(((span,),), width or self.columns(text), token.breaks)

    def _printer(self, equation: Equation, *, numbers: bool = False) -> RowPrinter:
        return self.printer(self.symbols, equation.scope, self.digits, equation.marks, numbers)

    def _block(
        self, first: TextLine, terms: Terms, symbols: bool, is_array: bool
    ) -> list[TextLine]:
        rows = terms.symbols if symbols else terms.numbers
        every = rows if terms.symbols is terms.numbers else (*terms.symbols, *terms.numbers)
        told = every if self.labels_symbols else () if symbols else rows
        labels = [len(row.label) + LABEL_GAP for row in told if row.label]

        def widths(tokens: Iterable[Token]) -> list[int]:
            if is_array:
                return [self.block(token, symbols, is_array).width for token in tokens]
            return [self.room(token, symbols) for token in tokens]

        joined, margin = terms.joined(rows), self._length(first)
        if not labels and (len(rows) == 1 or margin + sum(widths(joined)) <= self.width):
            return self._wrapped(first, joined, margin, self.width, symbols, is_array)
        columns: dict[tuple[str, ...], list[int]] = {}
        for row in every:
            wide, shape = widths(row.tokens), _shape(row.tokens)
            columns[shape] = [*map(max, columns.get(shape, wide), wide)]
        margin += sum(widths(terms.before))
        room = self.width - max(labels, default=0)
        lines: list[TextLine] = []
        for place, row in enumerate(rows):
            begun = [] if place else [*terms.before, *row.minus]
            behind = [operator(row.tail)] if row.tail else []
            behind += terms.after if place == len(rows) - 1 else ()
            # signs stand under the = where nothing comes before the first term
            margin += place == 1 and len(rows[0].minus)
            written = self._wrapped(
                self.below(margin, row.sign) if place else first,
                [*begun, *row.tokens, *behind],
                margin,
                room,
                symbols,
                is_array,
                [*widths(begun), *columns[_shape(row.tokens)], *widths(behind)],
            )
            if row.label and labels:
                written[-1] = (*written[-1], Span(" " * LABEL_GAP + row.label, "label"))
            lines += written
        return lines

    def _wrapped(
        self,
        start: TextLine,
        tokens: Sequence[Token],
        margin: int,
        room: int,
        symbols: bool = False,
        is_array: bool = False,
        widths: Sequence[int] = (),
    ) -> list[TextLine]:
        used = self._length(start)
        blocks = [self.block(token, symbols, is_array) for token in tokens]
        widths = widths or [block.width for block in blocks]
        if used + sum(widths) > room and (fixed := self.breakable(tokens)) is not tokens:
            blocks = [self.block(token, symbols, is_array) for token in fixed]
        blocks = [
            block if block.width == width else block._replace(width=width)
            for block, width in zip(blocks, widths, strict=True)
        ]
        parts = [(block.width, block.breaks) for block in blocks]
        lines: list[TextLine] = []
        margin += not is_array
        least = margin + SHORT * (is_array and self.stacks)
        for places in broken(parts, room, used, margin, least):
            begun = self.below(margin) if lines else start
            lines += beside([Block((begun,), self._length(begun)), *(blocks[k] for k in places)])
        return lines

    def _length(self, line: Iterable[Span]) -> int:
        return sum([self.columns(span.text) for span in line])


def _shape(tokens: Sequence[Token]) -> tuple[str, ...]:
    """Return what rows must share for their columns to be the same."""
    return tuple(token.symbol if token.role == "operator" else "" for token in tokens)
