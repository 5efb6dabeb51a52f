"""Equations on single numbers as lines of text: symbols, then numbers, then the value."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from bptui.explain.equation import Equation
from bptui.explain.printer import Printer, Token, broken, number, operator
from bptui.explain.rows import Row, RowWriter, Terms
from bptui.explain.symbols import Symbols

KEPT = ("operator", "constant")
"""Roles of what stays as it is where numbers are put in."""
LABEL_GAP = 3
"""Blanks before the label at the end of a row."""


@dataclass(frozen=True)
class Span:
    """A piece of a line. ``role`` says what it is, so that a screen can give it a colour."""

    text: str
    role: str
    marked: bool = False


TextLine: TypeAlias = tuple[Span, ...]


def plain(line: Iterable[Span]) -> str:
    return "".join(span.text for span in line).rstrip()


class EquationWriter:
    """Writes equations into ``width`` columns.

    Numbers put in have ``digits`` significant digits, values ``value_digits``. ``brief`` leaves the
    line with the values of terms out where the value fits behind the numbers.
    """

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

    def lines(self, equation: Equation, compact: bool = False) -> list[TextLine]:
        """Symbols, numbers, where it helps the terms' values, and the value.

        ``compact`` puts the value behind the numbers where it fits.
        """
        name, relation = self.symbols.assigned(equation.left)
        writer = self._writer(equation)
        terms = writer.terms(equation.expression)
        indent = len(name) + 1
        first = (Span(f"{name} ", "name"), Span(f"{relation} ", "operator"))
        again = (Span(" " * indent, "operator"), Span("= ", "operator"))
        value = number(equation.value, self.value_digits)
        lines = self._block(first, terms, terms.symbols, symbols=True)
        if equation.is_known:
            # nothing is computed: the name, then the value
            return [*lines, (*again, Span(value, "value"))]
        lines += self._block(again, terms, terms.numbers, symbols=False)
        fits = _length(lines[-1]) + 3 + len(value) <= self.width
        partial = [] if self.brief and compact and fits else writer.partial(equation, terms)
        if partial:
            lines += self._wrapped(again, partial, [*map(_width, partial)], indent + 2)
        last = Span(value, "value")
        if compact and not partial and _length(lines[-1]) + 3 + len(value) <= self.width:
            lines[-1] = (*lines[-1], Span(" = ", "operator"), last)
            return lines
        return [*lines, (*again, last)]

    def formula(self, equation: Equation) -> str:
        """The right-hand side in symbols, on one line."""
        terms = self._writer(equation).terms(equation.expression)
        return "".join(token.symbol for token in terms.joined(terms.symbols))

    def _writer(self, equation: Equation) -> RowWriter:
        printer = Printer(self.symbols, equation.scope, self.digits, equation.marks)
        return RowWriter(printer, self.value_digits)

    def _block(
        self, first: TextLine, terms: Terms, rows: Sequence[Row], *, symbols: bool
    ) -> list[TextLine]:
        """The rows on one line where they fit, else one below the other."""
        before, after = (*terms.before, *terms.sigma), terms.after
        labels = [
            len(row.label) + LABEL_GAP for row in (*terms.symbols, *terms.numbers) if row.label
        ]
        joined = terms.joined(rows)
        widths = [*map(_width, joined)]
        margin = _length(first)
        if not labels and (len(rows) == 1 or margin + sum(widths) <= self.width):
            return self._wrapped(first, joined, widths, margin, symbols=symbols)
        lines: list[TextLine] = []
        columns = _columns((*terms.symbols, *terms.numbers))
        margin += sum(map(_width, before))
        room = self.width - max(labels, default=0)
        for place, row in enumerate(rows):
            tokens, widths = [*row.tokens], [*columns[_shape(row.tokens)]]
            if row.tail:
                tokens, widths = [*tokens, operator(row.tail)], [*widths, len(row.tail)]
            if place == 0:
                begun = [*before, *row.unary]
                tokens, widths = [*begun, *tokens], [*map(_width, begun), *widths]
            if place == len(rows) - 1:
                tokens, widths = [*tokens, *after], [*widths, *map(_width, after)]
            start = first
            margin += place == 1 and rows[0].sign == "-"
            if place:  # signs stand under the = where nothing comes before the first term
                sign = Span(f"{row.sign} ", "operator")
                start = (Span(" " * (margin - 2), "operator"), sign)
            written = self._wrapped(start, tokens, widths, margin, room, symbols=symbols)
            if row.label:
                label = Span(" " * LABEL_GAP + row.label, "label")
                written[-1] = (*written[-1], label)
            lines += written
        return lines

    def _wrapped(
        self,
        start: TextLine,
        tokens: Sequence[Token],
        widths: Sequence[int],
        margin: int,
        room: int = 0,
        *,
        symbols: bool = False,
    ) -> list[TextLine]:
        """Tokens in their columns, going on behind ``margin`` below where ``room`` ends."""
        used, parts = _length(start), [(widths[k], each.breaks) for k, each in enumerate(tokens)]
        places = broken(parts, room or self.width, used, margin + 1)
        lines: list[TextLine] = []
        for line in places:
            spans = [Span(" " * (margin + 1), "operator")] if lines else [*start]
            for token, width in ((tokens[place], widths[place]) for place in line):
                text = token.symbol if symbols else token.number
                role = token.role if symbols or token.role in KEPT else "number"
                spans.append(Span(text, role, token.marked))
                if width > len(text):
                    spans.append(Span(" " * (width - len(text)), "operator"))
            lines.append(tuple(spans))
        return lines


def _shape(tokens: Sequence[Token]) -> tuple[str, ...]:
    """What rows must share for their columns to be the same."""
    return tuple(each.symbol if each.role == "operator" else "" for each in tokens)


def _columns(rows: Iterable[Row]) -> dict[tuple[str, ...], list[int]]:
    """The widths of the columns of rows of each shape."""
    found: dict[tuple[str, ...], list[int]] = {}
    for row in rows:
        widths = [*map(_width, row.tokens)]
        known = found.setdefault(_shape(row.tokens), widths)
        found[_shape(row.tokens)] = [*map(max, known, widths)]
    return found


def _width(token: Token) -> int:
    return max(len(token.symbol), len(token.number))


def _length(line: Iterable[Span]) -> int:
    return sum(len(span.text) for span in line)
