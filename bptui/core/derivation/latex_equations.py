r"""Equations in LaTeX, as lines for align* or aligned: symbols, numbers, and the value."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from bptui.core.derivation.elements import SAMPLES
from bptui.core.derivation.equation import Equation
from bptui.core.derivation.expression import (
    Activated,
    Constant,
    Expression,
    Index,
    Negative,
    Product,
    Quantity,
    Quotient,
    Series,
    Setting,
    Sum,
    count,
    is_leaf,
    is_scaled_series,
)
from bptui.core.derivation.latex import PRODUCT, SUM, LatexForm, dot, more
from bptui.core.derivation.latex_pieces import (
    Piece,
    bracketed,
    joined,
    matrix_piece,
    measure,
    number_piece,
    operator,
    quantity_text,
)
from bptui.core.derivation.scope import evaluate
from bptui.core.derivation.symbols import Symbols
from bptui.core.derivation.tokens import MOST_TERMS, Path, shown

PAGE = 84
"""Digits that stand beside each other on a page of A4, some room left for what is estimated."""
_INDENT = 4.0
_SHORT = 0.4
"""Terms that take no more than this part of a line need none of their own."""


@dataclass(frozen=True)
class _Row:
    """One term of a long sum: the sign before it, a label behind it."""

    pieces: tuple[Piece, ...]
    sign: str = "+"
    label: str = ""
    node: Expression | None = None


@dataclass(frozen=True)
class _Terms:
    """An expression as rows, with what stands before and behind all of them."""

    rows: tuple[_Row, ...]
    before: tuple[Piece, ...] = ()
    after: tuple[Piece, ...] = ()


class LatexWriter:
    """Writes equations as lines of LaTeX that are to be joined by ``\\\\``.

    Numbers put in have ``digits`` significant digits, values ``value_digits``.
    """

    def __init__(
        self, symbols: Symbols, digits: int = 6, value_digits: int = 10, width: float = PAGE
    ) -> None:
        self.symbols, self.width = symbols, width
        self.digits, self.value_digits = digits, value_digits

    def left(self, equation: Equation) -> str:
        return quantity_text(replace(equation.left, new=False), self.symbols)

    def lines(
        self, equation: Equation, room: float = 0.0, wanted: Index | None = None
    ) -> list[str]:
        """The equation; ``room`` is the width of the left-hand sides that it is aligned with."""
        left, node = self.left(equation), equation.expression
        space = self.width - max(room, measure(left)) - 3
        relation = r"\leftarrow" if equation.left.new else "="
        value = self._value(equation, wanted, space)
        symbols = self._terms(node, self._form(equation, numbers=False))
        lines = self._set(symbols, rf"{left} &{relation} ", space)
        if equation.note:
            note = equation.note.replace("_", r"\_")
            lines[0] += rf" \qquad \text{{({note})}}"
        if isinstance(node, Quantity | Constant | Setting):
            # nothing is computed: the name, then the value
            return [*lines, f"&= {value.text}"]
        numbers = self._terms(node, self._form(equation, numbers=True))
        lines += self._set(numbers, "&= ", space)
        partial: list[Piece] = []
        if equation.left.index is not None or self._is_number(equation):
            partial = self._partial(node, numbers, equation)
        if partial:
            lines += self._broken(partial, "&= ", space)
        used = _width(partial or _flat(numbers))
        labelled = not partial and any(row.label for row in numbers.rows)
        if not labelled and used + value.width + 3 <= space:
            lines[-1] += f" = {value.text}"
            return lines
        return [*lines, f"&= {value.text}"]

    def _form(self, equation: Equation, *, numbers: bool) -> LatexForm:
        return LatexForm(self.symbols, equation.scope, self.digits, equation.marks, numbers)

    def _is_number(self, equation: Equation) -> bool:
        return equation.scope.array(equation.left.name, equation.left.new).ndim == 0

    def _value(self, equation: Equation, wanted: Index | None, space: float) -> Piece:
        array = evaluate(equation.expression, equation.scope)
        if equation.left.index is not None or self._is_number(equation):
            return number_piece(float(array), self.value_digits)
        whole = equation.scope.array(equation.left.name, equation.left.new)
        shaped = np.broadcast_to(array, whole.shape)
        # very small numbers with all their digits may be wider than a page
        for digits in (self.value_digits, self.digits):
            piece = matrix_piece(shaped, digits, wanted)
            if piece.width <= space:
                break
        return piece

    # --- terms

    def _terms(self, node: Expression, form: LatexForm, path: Path = ()) -> _Terms:
        """The expression as rows of terms, one row where it is no series."""
        match node:
            case Series(terms, over) if over == SAMPLES:
                return self._samples(terms, form, path)
            case Product(factors) if is_scaled_series(factors):
                # a path to the product itself would mark the series too
                before: list[Piece] = []
                for place, factor in enumerate(factors[:-1]):
                    before += [*form.pieces(factor, PRODUCT, (*path, place)), dot(False)]
                inner = self._terms(factors[-1], form, (*path, len(factors) - 1))
                opened, closed = operator(r"\bigl( ", 1.0), operator(r" \bigr)", 1.0)
                return _Terms(inner.rows, (*before, opened, *inner.before), (*inner.after, closed))
        return _Terms(tuple(self._rows(node, form, path)))

    def _samples(self, terms: Sequence[Expression], form: LatexForm, path: Path) -> _Terms:
        """A sum over samples has its symbols once and its numbers for each sample."""
        if not form.numbers:
            sigma = operator(rf"\sum_{{{count(terms)}\text{{ samples}}}} ", 8.0)
            pieces = form.pieces(terms[0], SUM, (*path, 0))
            if isinstance(terms[0], Series | Sum):
                opened, closed = operator(r"\bigl( ", 1.0), operator(r" \bigr)", 1.0)
                return _Terms((_Row(tuple(pieces)),), (sigma, opened), (closed,))
            return _Terms((_Row(tuple(pieces)),), (sigma,))
        rows: list[_Row] = []
        for place in shown(len(terms)):
            if place is None:
                rows.append(_Row((more(count(terms) - MOST_TERMS),)))
                continue
            row = _row(terms[place], SUM, (*path, place), form)
            rows.append(replace(row, label=f"sample {count(terms[: place + 1])}"))
        return _Terms(_bracketed(rows))

    def _rows(self, node: Expression, form: LatexForm, path: Path) -> list[_Row]:
        """A row for each term of a series, or of a sum with one among its terms; else one row."""
        rows: list[_Row] = []
        if isinstance(node, Series):
            for place in shown(len(node.terms)):
                if place is None:
                    rows.append(_Row((more(count(node.terms) - MOST_TERMS),)))
                else:
                    rows.append(_row(node.terms[place], PRODUCT, (*path, place), form))
        elif isinstance(node, Sum) and any(isinstance(each, Series) for each in node.terms):
            for place, term in enumerate(node.terms):
                rows += self._rows(term, form, (*path, place))
        else:
            rows.append(_row(node, SUM, path, form))
        return [*_bracketed(rows)]

    # --- lines

    def _set(self, terms: _Terms, start: str, space: float) -> list[str]:
        """The rows on one line where they fit, else one below the other."""
        whole = _flat(terms)
        labelled = any(row.label for row in terms.rows)
        if len(terms.rows) == 1 or (not labelled and _width(whole) <= space):
            return self._broken(whole, start, space)
        if not labelled and all(_width(row.pieces) <= _SHORT * space for row in terms.rows):
            # short terms go on below each other, but none is broken itself
            return self._broken(_flat(terms, only_signs=True), start, space)
        lines: list[str] = []
        for place, row in enumerate(terms.rows):
            pieces = [*row.pieces]
            first = place == 0
            before = start if first else rf"&\quad {row.sign} "
            if first:
                pieces = [*terms.before, *_unary(row), *pieces]
            if place == len(terms.rows) - 1:
                pieces += terms.after
            taken = (10.0 if row.label else 0.0) + (0.0 if first else _INDENT)
            written = self._broken(pieces, before, space - taken)
            if row.label:
                written[-1] += rf" \qquad \text{{({row.label})}}"
            lines += written
        return lines

    def _broken(self, pieces: Sequence[Piece], start: str, space: float) -> list[str]:
        """Pieces on a line, going on below where they do not fit."""
        lines: list[str] = []
        line: list[Piece] = []
        used = 0.0
        for place, piece in enumerate(pieces):
            ahead = piece.width
            for after in pieces[place + 1 :]:
                if after.breaks:
                    break
                ahead += after.width
            if piece.breaks and line and used + ahead > space:
                lines.append(start + joined(line).text.strip())
                start, line, used = r"&\qquad ", [], _INDENT
            line.append(piece)
            used += piece.width
        return [*lines, start + joined(line).text.strip()]

    # --- the values of the parts

    def _partial(self, node: Expression, terms: _Terms, equation: Equation) -> list[Piece]:
        """The values of the terms or factors, where they are more than the numbers put in."""
        if len(terms.rows) > 1:
            return self._values_of_rows(terms, equation)
        while isinstance(node, Activated) and not node.by_name:
            node = node.body
        if isinstance(node, Quotient):
            if is_leaf(node.top) and is_leaf(node.bottom):
                return []
            top, bottom = self._number(node.top, equation), self._number(node.bottom, equation)
            width = max(top.width, bottom.width) + 1
            return [Piece(rf"\frac{{{top.text}}}{{{bottom.text}}}", width)]
        if not isinstance(node, Product | Sum):
            return []
        parts = node.factors if isinstance(node, Product) else node.terms
        if all(map(is_leaf, parts)):
            return []
        written: list[Piece] = []
        for part in parts:
            negative = isinstance(node, Sum) and isinstance(part, Negative)
            inner = self._number(
                part.of if isinstance(part, Negative) and negative else part, equation
            )
            if written:
                sign = operator(f" {'-' if negative else '+'} ", breaks=True)
                written += [sign if isinstance(node, Sum) else dot(True), *bracketed([inner])]
            else:
                written += [operator("-"), *bracketed([inner])] if negative else [inner]
        return written

    def _values_of_rows(self, terms: _Terms, equation: Equation) -> list[Piece]:
        if all(row.node is None or is_leaf(row.node) for row in terms.rows):
            return []  # they are values already
        written = [*terms.before]
        for place, row in enumerate(terms.rows):
            sign, piece = "+", row.pieces[0]
            if row.node is not None:
                piece = self._number(row.node, equation)
                if place and piece.text.startswith("-"):
                    sign, piece = "-", replace(piece, text=piece.text[1:])
            written += [operator(f" {sign} ", breaks=True)] if place else []
            written.append(piece)
        return [*written, *terms.after]

    def _number(self, node: Expression, equation: Equation) -> Piece:
        if isinstance(node, Constant) and node.text:
            return self._form(equation, numbers=True).text(node, PRODUCT, ())
        value = float(evaluate(node, equation.scope))
        return number_piece(value, self.value_digits)


def _row(node: Expression, level: int, path: Path, form: LatexForm) -> _Row:
    """One term in a row of its own: the minus that it begins with is the row's sign."""
    pieces = form.pieces(node, SUM if isinstance(node, Negative) else level, path)
    negative = pieces[0].text.strip() == "-"
    return _Row(tuple(pieces[negative:]), "-" if negative else "+", "", node)


def _unary(first: _Row) -> list[Piece]:
    """The sign of the first of several rows."""
    return [operator("-", 1.5)] if first.sign == "-" else []


def _bracketed(rows: Sequence[_Row]) -> tuple[_Row, ...]:
    """Negative numbers in parentheses in all rows that have a sign before them."""
    return tuple(
        replace(row, pieces=tuple(bracketed(row.pieces))) if place or row.sign == "-" else row
        for place, row in enumerate(rows)
    )


def _width(pieces: Sequence[Piece]) -> float:
    return sum(piece.width for piece in pieces)


def _flat(terms: _Terms, only_signs: bool = False) -> list[Piece]:
    """All rows behind each other; a line may break before their signs."""
    written = [*terms.before]
    for place, row in enumerate(terms.rows):
        written += [operator(f" {row.sign} ", breaks=True)] if place else _unary(row)
        written += (
            [replace(each, breaks=False) for each in row.pieces] if only_signs else row.pieces
        )
    return [*written, *terms.after]
