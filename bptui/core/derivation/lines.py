"""Equations on single numbers as lines of text: symbols, then numbers, then the value."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import TypeAlias

from bptui.core.derivation.elements import SAMPLES
from bptui.core.derivation.equation import Equation
from bptui.core.derivation.expression import (
    Activated,
    Constant,
    Expression,
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
from bptui.core.derivation.scope import evaluate
from bptui.core.derivation.symbols import Symbols
from bptui.core.derivation.tokens import (
    MOST_TERMS,
    PRODUCT,
    SUM,
    Path,
    Token,
    Tokenizer,
    bracketed,
    operator,
    shown,
)
from bptui.core.derivation.tokens import number as written

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


@dataclass(frozen=True)
class Row:
    """One term: its tokens, the sign before it, and what stands behind it."""

    tokens: tuple[Token, ...]
    sign: str = "+"
    label: str = ""
    node: Expression | None = None
    tail: str = ""


@dataclass(frozen=True)
class _Terms:
    """An expression as rows, with what stands before and behind all of them.

    A sum over samples has its symbols once and its numbers for each sample.
    """

    symbols: tuple[Row, ...]
    numbers: tuple[Row, ...]
    before: tuple[Token, ...] = ()
    after: tuple[Token, ...] = ()
    sigma: tuple[Token, ...] = ()


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
        node, tokenizer = equation.expression, self._tokenizer(equation)
        terms = self._terms(node, (), tokenizer)
        indent = len(name) + 1
        first = (Span(f"{name} ", "name"), Span(f"{relation} ", "operator"))
        again = (Span(" " * indent, "operator"), Span("= ", "operator"))
        value = written(equation.value, self.value_digits)
        lines = self._block(first, terms, terms.symbols, symbols=True)
        bare = node.body if isinstance(node, Activated) and not node.by_name else node
        if isinstance(bare, Quantity | Constant | Setting):
            # nothing is computed: the name, then the value
            return [*lines, (*again, Span(value, "value"))]
        lines += self._block(again, terms, terms.numbers, symbols=False)
        fits = _length(lines[-1]) + 3 + len(value) <= self.width
        partial = [] if self.brief and compact and fits else self._partial(node, terms, equation)
        if partial:
            lines += self._wrapped(again, partial, [*map(_width, partial)], indent + 2)
        last = Span(value, "value")
        if compact and not partial and _length(lines[-1]) + 3 + len(value) <= self.width:
            lines[-1] = (*lines[-1], Span(" = ", "operator"), last)
            return lines
        return [*lines, (*again, last)]

    def formula(self, equation: Equation) -> str:
        """The right-hand side in symbols, on one line."""
        terms = self._terms(equation.expression, (), self._tokenizer(equation))
        tokens = [*terms.before, *terms.sigma]
        for place, row in enumerate(terms.symbols):
            tokens += [operator(f" {row.sign} ")] if place else _unary(row)
            tokens += [*row.tokens, operator(row.tail)]
        return "".join(token.symbol for token in (*tokens, *terms.after))

    def _tokenizer(self, equation: Equation) -> Tokenizer:
        return Tokenizer(self.symbols, equation.scope, self.digits, equation.marks)

    def _terms(self, node: Expression, path: Path, tokenizer: Tokenizer) -> _Terms:
        """The expression as rows of terms, one row where it is no series."""
        match node:
            case Series(terms, over) if over == SAMPLES:
                return self._sample_terms(terms, path, tokenizer)
            case Product(factors) if is_scaled_series(factors):
                # a path to the product itself would mark the series too
                outer = [
                    tokenizer.tokens(each, PRODUCT, (*path, k)) for k, each in enumerate(factors)
                ]
                before = [
                    token for each in outer[:-1] for token in (*each, operator(self.symbols.times))
                ]
                inner = self._terms(factors[-1], (*path, len(factors) - 1), tokenizer)
                return replace(inner, before=(*before, operator("(")), after=(operator(")"),))
            case Sum(terms) if any(_sums_samples(each) for each in terms):
                return self._with_samples(terms, path, tokenizer)
        rows = tuple(self._rows(node, path, tokenizer))
        return _Terms(rows, rows)

    def _with_samples(
        self, terms: Sequence[Expression], path: Path, tokenizer: Tokenizer
    ) -> _Terms:
        """A sum over samples among other terms, which follow it."""
        place = next(k for k, each in enumerate(terms) if _sums_samples(each))
        found = terms[place]
        assert isinstance(found, Series), "the caller has looked"
        inner = self._sample_terms(found.terms, (*path, place), tokenizer)
        rest = [
            _row(each, PRODUCT, (*path, k), tokenizer) for k, each in enumerate(terms) if k != place
        ]
        return replace(
            inner,
            symbols=_bracketed([*inner.symbols, *rest]),
            numbers=_bracketed([*inner.numbers, *rest]),
        )

    def _sample_terms(
        self, terms: Sequence[Expression], path: Path, tokenizer: Tokenizer
    ) -> _Terms:
        symbols = self._rows(terms[0], (*path, 0), tokenizer)
        symbols[0] = replace(symbols[0], label=f"over {count(terms)} samples")
        numbers: list[Row] = []
        for place in shown(len(terms)):
            if place is None:
                numbers.append(Row((operator(f"… {count(terms) - MOST_TERMS} more samples"),)))
                continue
            rows = self._rows(terms[place], (*path, place), tokenizer)
            numbers += [replace(rows[0], label=f"sample {count(terms[: place + 1])}"), *rows[1:]]
        total = self.symbols.total
        sigma = Token(f"{total} ", " " * (len(total) + 1))
        if len(symbols) > 1:
            sigma = Token(f"{total} (", " " * (len(total) + 2))
            symbols[-1] = replace(symbols[-1], tail=")")
        return _Terms(_bracketed(symbols), _bracketed(numbers), sigma=(sigma,))

    def _rows(self, node: Expression, path: Path, tokenizer: Tokenizer) -> list[Row]:
        """A row for each term of a series, or of a sum with one among its terms; else one row."""
        rows: list[Row] = []
        if isinstance(node, Series):
            for place in shown(len(node.terms)):
                if place is None:
                    rows.append(Row((operator(f"… {count(node.terms) - MOST_TERMS} more"),)))
                else:
                    rows.append(_row(node.terms[place], PRODUCT, (*path, place), tokenizer))
        elif isinstance(node, Sum) and any(isinstance(each, Series) for each in node.terms):
            for place, term in enumerate(node.terms):
                rows += self._rows(term, (*path, place), tokenizer)
        else:
            rows.append(_row(node, SUM, path, tokenizer))
        return [*_bracketed(rows)]

    def _block(
        self, first: TextLine, terms: _Terms, rows: Sequence[Row], *, symbols: bool
    ) -> list[TextLine]:
        """The rows on one line where they fit, else one below the other."""
        before, after = (*terms.before, *terms.sigma), terms.after
        labels = [
            len(row.label) + LABEL_GAP for row in (*terms.symbols, *terms.numbers) if row.label
        ]
        joined = [*before]
        for place, row in enumerate(rows):
            joined += [operator(f" {row.sign} ", breaks=1)] if place else _unary(row)
            joined += row.tokens
        joined += after
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
                begun = [*before, *_unary(row)]
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
        lines: list[list[Span]] = [[*start]]
        used, room = _length(start), room or self.width
        for place, token in enumerate(tokens):
            if token.breaks and used > margin + 1:
                ahead = widths[place]
                for after in range(place + 1, len(tokens)):
                    if 0 < tokens[after].breaks <= token.breaks:
                        break
                    ahead += widths[after]
                if used + ahead > room:
                    lines.append([Span(" " * (margin + 1), "operator")])
                    used = margin + 1
            text = token.symbol if symbols else token.number
            role = token.role if symbols or token.role in ("operator", "constant") else "number"
            lines[-1].append(Span(text, role, token.marked))
            gap = widths[place] - len(text)
            if gap > 0:
                lines[-1].append(Span(" " * gap, "operator"))
            used += max(widths[place], len(text))
        return [tuple(line) for line in lines]

    def _partial(self, node: Expression, terms: _Terms, equation: Equation) -> list[Token]:
        """The values of the terms or factors, where they are more than the numbers put in."""
        if len(terms.numbers) > 1:
            return self._values_of_rows(terms, equation)
        while isinstance(node, Activated) and not node.by_name:
            node = node.body
        parts = _parts(node)
        if parts is None or all(map(is_leaf, parts)):
            return []
        between = {Sum: " + ", Quotient: " / "}.get(type(node), self.symbols.times)
        values: list[Token] = []
        for part in parts:
            negative = isinstance(node, Sum) and isinstance(part, Negative)
            inner = part.of if isinstance(part, Negative) and negative else part
            token = self._value(inner, equation)
            if values:
                values += [operator(" - " if negative else between, breaks=1)]
                values += bracketed([token])
            else:
                values += [operator("-"), *bracketed([token])] if negative else [token]
        return values

    def _values_of_rows(self, terms: _Terms, equation: Equation) -> list[Token]:
        if all(len(row.tokens) == 1 for row in terms.numbers):
            return []  # they are values already
        values = [operator("".join(each.number for each in terms.before))] if terms.before else []
        for place, row in enumerate(terms.numbers):
            sign, token = "+", row.tokens[0]
            if row.node is not None:
                token = self._value(row.node, equation)
                if place and token.number.startswith("-"):
                    sign, token = "-", Token(token.symbol[1:], token.number[1:], "quantity")
            values += [operator(f" {sign} ", breaks=1)] if place else []
            values.append(token)
        return [*values, *terms.after]

    def _value(self, node: Expression, equation: Equation) -> Token:
        if isinstance(node, Constant) and node.text:
            return operator(node.text)
        text = written(float(evaluate(node, equation.scope)), self.value_digits)
        return Token(text, text, "quantity")


def _row(node: Expression, level: int, path: Path, tokenizer: Tokenizer) -> Row:
    """One term in a row of its own: the minus that it begins with is the row's sign."""
    tokens = tokenizer.tokens(node, SUM if isinstance(node, Negative) else level, path)
    negative = tokens[0].symbol == "-"
    return Row(tuple(tokens[negative:]), "-" if negative else "+", "", node)


def _unary(first: Row) -> list[Token]:
    """The sign of the first of several rows."""
    return [operator("-")] if first.sign == "-" else []


def _bracketed(rows: Sequence[Row]) -> tuple[Row, ...]:
    """Negative numbers in parentheses in all rows that have a sign before them."""
    return tuple(
        replace(row, tokens=tuple(bracketed(row.tokens))) if place or row.sign == "-" else row
        for place, row in enumerate(rows)
    )


def _sums_samples(node: Expression) -> bool:
    return isinstance(node, Series) and node.over == SAMPLES


def _parts(node: Expression) -> tuple[Expression, ...] | None:
    """The terms or factors whose values are worth a line of their own."""
    match node:
        case Product(parts) | Sum(parts):
            return parts
        case Quotient(top, bottom):
            return (top, bottom)
        case _:
            return None


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
