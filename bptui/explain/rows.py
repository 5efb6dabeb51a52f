"""Equations on single numbers as rows of terms, in text as in LaTeX."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from bptui.explain.elements import SAMPLES
from bptui.explain.equation import Equation
from bptui.explain.expression import (
    Activated,
    Constant,
    Expression,
    Negative,
    Product,
    Quotient,
    Series,
    Setting,
    Sum,
    children,
    count,
    is_leaf,
    is_scaled_series,
    rebuild,
)
from bptui.explain.printer import (
    MOST_TERMS,
    PRODUCT,
    SUM,
    Path,
    Printer,
    Token,
    operator,
    shown,
)
from bptui.explain.scope import evaluate


@dataclass(frozen=True)
class Row:
    """One term: its tokens, the sign before it, and what stands behind it."""

    tokens: tuple[Token, ...]
    sign: str = "+"
    label: str = ""
    node: Expression | None = None
    tail: str = ""

    @property
    def unary(self) -> list[Token]:
        """The sign where it is the first of several rows."""
        return [operator("-")] if self.sign == "-" else []


@dataclass(frozen=True)
class Terms:
    """An expression as rows, with what stands before and behind all of them.

    A sum over samples has its symbols once and its numbers for each sample.
    """

    symbols: tuple[Row, ...]
    numbers: tuple[Row, ...]
    before: tuple[Token, ...] = ()
    after: tuple[Token, ...] = ()
    sigma: tuple[Token, ...] = ()

    def joined(self, rows: Sequence[Row]) -> list[Token]:
        """The rows behind each other, with what stands around them."""
        found = [*self.before, *self.sigma]
        for place, row in enumerate(rows):
            found += [operator(f" {row.sign} ", breaks=1)] if place else row.unary
            found += [*row.tokens, operator(row.tail)] if row.tail else row.tokens
        return [*found, *self.after]


@dataclass(frozen=True)
class RowWriter:
    """Makes rows of what ``printer`` writes; values have ``value_digits`` digits."""

    printer: Printer
    value_digits: int

    def terms(self, node: Expression, path: Path = ()) -> Terms:
        """The expression as rows of terms, one row where it is no series."""
        match node:
            case Series(terms, over) if over == SAMPLES:
                return self._sample_terms(terms, path)
            case Product(factors) if is_scaled_series(factors):
                # a path to the product itself would mark the series too
                before: list[Token] = []
                for place, each in enumerate(factors[:-1]):
                    before += self.printer.tokens(each, PRODUCT, (*path, place))
                    before.append(self.printer.sign("times"))
                inner = self.terms(factors[-1], (*path, len(factors) - 1))
                opened, closed = map(operator, self.printer.wide_brackets)
                return replace(inner, before=(*before, opened), after=(closed,))
            case Sum(terms) if any(_sums_samples(each) for each in terms):
                return self._with_samples(terms, path)
        rows = tuple(self._rows(node, path))
        return Terms(rows, rows)

    def _with_samples(self, terms: Sequence[Expression], path: Path) -> Terms:
        """A sum over samples among other terms, which follow it."""
        place = next(k for k, each in enumerate(terms) if _sums_samples(each))
        inner = self._sample_terms(children(terms[place]), (*path, place))
        rest = [self._row(each, PRODUCT, (*path, k)) for k, each in enumerate(terms) if k != place]
        return replace(
            inner,
            symbols=self._bracketed([*inner.symbols, *rest]),
            numbers=self._bracketed([*inner.numbers, *rest]),
        )

    def _sample_terms(self, terms: Sequence[Expression], path: Path) -> Terms:
        symbols = self._rows(terms[0], (*path, 0))
        symbols[0] = replace(symbols[0], label=f"over {count(terms)} samples")
        numbers: list[Row] = []
        for place in shown(len(terms)):
            if place is None:
                left_out = count(terms) - MOST_TERMS
                numbers.append(Row((self.printer.more(left_out, " samples"),)))
                continue
            rows = self._rows(terms[place], (*path, place))
            numbers += [replace(rows[0], label=f"sample {count(terms[: place + 1])}"), *rows[1:]]
        several = len(symbols) > 1 or isinstance(terms[0], Sum)
        opened, closed = self.printer.wide_brackets if several else ("", "")
        symbols[-1] = replace(symbols[-1], tail=closed)
        sigma = self.printer.sigma(count(terms), opened)
        return Terms(self._bracketed(symbols), self._bracketed(numbers), sigma=(sigma,))

    def _rows(self, node: Expression, path: Path) -> list[Row]:
        """A row for each term of a series, or of a sum with one among its terms; else one row."""
        rows: list[Row] = []
        if isinstance(node, Series):
            for place in shown(len(node.terms)):
                if place is None:
                    rows.append(Row((self.printer.more(count(node.terms) - MOST_TERMS),)))
                else:
                    rows.append(self._row(node.terms[place], PRODUCT, (*path, place)))
        elif isinstance(node, Sum) and any(isinstance(each, Series) for each in node.terms):
            for place, term in enumerate(node.terms):
                rows += self._rows(term, (*path, place))
        else:
            rows.append(self._row(node, SUM, path))
        return [*self._bracketed(rows)]

    def _row(self, node: Expression, level: int, path: Path) -> Row:
        """One term in a row of its own: the minus that it begins with is the row's sign."""
        tokens = self.printer.tokens(node, SUM if isinstance(node, Negative) else level, path)
        negative = tokens[0].symbol == "-"
        return Row(tuple(tokens[negative:]), "-" if negative else "+", "", node)

    def _bracketed(self, rows: Sequence[Row]) -> tuple[Row, ...]:
        """Negative numbers in parentheses in all rows that have a sign before them."""
        return tuple(
            replace(row, tokens=tuple(self.printer.bracketed(row.tokens)))
            if place or row.sign == "-"
            else row
            for place, row in enumerate(rows)
        )

    # --- the values of the parts

    def partial(self, equation: Equation, terms: Terms) -> list[Token]:
        """The values of the terms or factors, where they are more than the numbers put in."""
        if len(terms.numbers) > 1:
            return self._values_of_rows(terms)
        node = equation.expression
        while isinstance(node, Activated) and not node.by_name:
            node = node.body
        if not isinstance(node, Sum | Product | Quotient) or all(map(is_leaf, children(node))):
            return []
        whole = node

        def known(part: Expression) -> Expression:
            if isinstance(whole, Sum) and isinstance(part, Negative):
                return Negative(self._known(part.of))
            return self._known(part)

        return self._values.tokens(rebuild(node, known))

    @property
    def _values(self) -> Printer:
        return replace(self.printer, digits=self.value_digits, marks=frozenset())

    def _known(self, node: Expression) -> Expression:
        """A part that is only its value."""
        if isinstance(node, Constant) and node.text:
            return node
        return Setting("", float(evaluate(node, self.printer.scope)))

    def _values_of_rows(self, terms: Terms) -> list[Token]:
        if all(len(row.tokens) == 1 for row in terms.numbers):
            return []  # they are values already
        values = [operator("".join(each.number for each in terms.before))] if terms.before else []
        for place, row in enumerate(terms.numbers):
            sign, token = "+", row.tokens[0]
            if row.node is not None:
                token = self._values.leaf(self._known(row.node))
                if place and token.number.startswith("-"):
                    sign, token = "-", replace(token, number=token.number[1:])
            values += [operator(f" {sign} ", breaks=1)] if place else []
            values.append(token)
        return [*values, *terms.after]


def _sums_samples(node: Expression) -> bool:
    return isinstance(node, Series) and node.over == SAMPLES
