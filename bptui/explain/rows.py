"""Equations on single numbers as rows of terms, in text as in LaTeX."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

from bptui.core.graph.node import PRODUCT, SUM
from bptui.explain.equation import Equation
from bptui.explain.expression import (
    SAMPLES,
    Activated,
    Constant,
    Expression,
    Series,
    Setting,
    count,
    evaluate,
    is_leaf,
    is_op,
    negative,
    rebuild,
    signed,
)
from bptui.explain.formulas import MOST_TERMS
from bptui.explain.printer import Path, Printer, Token, operator, shown


class Row(NamedTuple):
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


class Terms(NamedTuple):
    """An expression as rows, with what stands before and behind all of them.

    A sum over samples has its symbols once and its numbers for each sample.
    """

    symbols: tuple[Row, ...]
    numbers: tuple[Row, ...]
    before: tuple[Token, ...] = ()
    after: tuple[Token, ...] = ()

    def joined(self, rows: Sequence[Row]) -> list[Token]:
        """Return the rows behind each other, with what stands around them."""
        found = [*self.before]
        for place, row in enumerate(rows):
            found += [operator(f" {row.sign} ", breaks=1)] if place else row.unary
            found += [*row.tokens, operator(row.tail)] if row.tail else row.tokens
        return [*found, *self.after]


@dataclass(frozen=True)
class RowWriter:
    """Makes rows of what ``printer`` writes; values have ``value_digits`` digits."""

    printer: Printer
    value_digits: int

    def terms(self, node: Expression) -> Terms:
        """Return the expression as rows of terms, one row where it is no series."""
        path: Path = ()
        before: list[Token] = []
        after: tuple[Token, ...] = ()
        while is_op(node, "multiply") and _is_scaled(node.parts):
            # a path to the product itself would mark the series too
            *factors, last = node.parts
            for place, factor in enumerate(factors):
                before += self.printer.tokens(factor, PRODUCT, (*path, place))
                before.append(operator(self.printer.times()))
            opened, closed = map(operator, self.printer.wide_brackets)
            before, after = [*before, opened], (closed, *after)
            node, path = last, (*path, len(factors))
        parts = {path: node}
        if is_op(node, "add"):
            parts = {(*path, place): part for place, part in enumerate(node.parts)}
        at = next((at for at, part in parts.items() if _sums_samples(part)), None)
        if at is None:
            rows = self._bracketed(self._rows(node, path))
            return Terms(rows, rows, tuple(before), after)
        # the other terms of a sum follow the sum over samples
        sigma, symbols, numbers = self._over_samples(parts.pop(at), at)
        rest = [self._row(part, PRODUCT, place) for place, part in parts.items()]
        both = self._bracketed([*symbols, *rest]), self._bracketed([*numbers, *rest])
        return Terms(*both, (*before, sigma), after)

    def _over_samples(self, node: Expression, path: Path) -> tuple[Token, list[Row], list[Row]]:
        """Return the sign of a sum over samples, its symbols, and the numbers of each sample."""
        terms, row = node.parts, self.printer.symbols.row
        symbols = self._rows(terms[0], (*path, 0))
        symbols[0] = symbols[0]._replace(label=f"over {count(terms)} {row}s")
        numbers: list[Row] = []
        for place in shown(len(terms)):
            if place is None:
                left_out = count(terms) - MOST_TERMS
                numbers.append(Row((self.printer.more(left_out, f" {row}s"),)))
            else:
                first, *rest = self._rows(terms[place], (*path, place))
                label = f"{row} {count(terms[: place + 1])}"
                numbers += [first._replace(label=label), *rest]
        several = len(symbols) > 1 or is_op(terms[0], "add")
        opened, closed = self.printer.wide_brackets if several else ("", "")
        symbols[-1] = symbols[-1]._replace(tail=closed)
        return self.printer.sigma(count(terms), opened), symbols, numbers

    def _rows(self, node: Expression, path: Path) -> list[Row]:
        """Return a row for each term of a series, or of a sum with one among its terms."""
        if isinstance(node, Series):
            return [
                Row((self.printer.more(count(node.parts) - MOST_TERMS),))
                if place is None
                else self._row(node.parts[place], PRODUCT, (*path, place))
                for place in shown(len(node.parts))
            ]
        if is_op(node, "add") and any(isinstance(term, Series) for term in node.parts):
            terms = enumerate(node.parts)
            return [row for place, term in terms for row in self._rows(term, (*path, place))]
        return [self._row(node, SUM, path)]

    def _row(self, node: Expression, level: int, path: Path) -> Row:
        """Return a term in a row of its own: the minus that it begins with is the row's sign."""
        level = SUM if is_op(node, "negative") else level
        tokens = self.printer.tokens(node, level, path)
        minus = tokens[0].symbol == "-"
        return Row(tuple(tokens[minus:]), "-" if minus else "+", "", node)

    def _bracketed(self, rows: Sequence[Row]) -> tuple[Row, ...]:
        """Return negative numbers in parentheses in all rows that have a sign before them."""
        return tuple(
            row._replace(tokens=tuple(self.printer.bracketed(row.tokens)))
            if place or row.sign == "-"
            else row
            for place, row in enumerate(rows)
        )

    # the values of the parts

    def partial(self, equation: Equation, terms: Terms) -> list[Token]:
        """Return the values of the terms or factors, where they say more than the numbers."""
        if len(terms.numbers) > 1:
            return self._values_of_rows(terms)
        whole = equation.expression
        while isinstance(whole, Activated) and not whole.by_name:
            whole = whole.parts[1]
        if not is_op(whole, "add", "multiply", "divide") or all(map(is_leaf, whole.parts)):
            return []

        def known(part: Expression) -> Expression:
            sign, inner = signed(part) if is_op(whole, "add") else ("+", part)
            return negative(self._known(inner)) if sign == "-" else self._known(inner)

        return self._values.tokens(rebuild(whole, known))

    @property
    def _values(self) -> Printer:
        return replace(self.printer, digits=self.value_digits, marks=frozenset())

    def _known(self, node: Expression) -> Expression:
        """Return a part that is only its value."""
        if isinstance(node, Constant) and node.text:
            return node
        return Setting("", float(evaluate(node, self.printer.scope)))

    def _values_of_rows(self, terms: Terms) -> list[Token]:
        if all(len(row.tokens) == 1 for row in terms.numbers):
            return []  # they are values already
        before = "".join(token.number for token in terms.before if token.number.strip())
        values = [operator(before)] if before else []
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


def _is_scaled(factors: Sequence[Expression]) -> bool:
    """Tell whether the last factor of a product, and only that, is a series."""
    series = [isinstance(factor, Series) for factor in factors]
    return series[-1] and not any(series[:-1])
