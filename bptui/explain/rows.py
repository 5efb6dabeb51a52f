"""The terms of an expression in rows: symbols, and below them their numbers."""

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
)
from bptui.explain.formulas import MOST_TERMS
from bptui.explain.printer import Printer, Token, kept, operator

KEPT = ("operator", "constant")
"""Roles of what stays as it is where numbers are put in."""


class Row(NamedTuple):
    """One term: its tokens, the minus before it, and what stands behind it."""

    tokens: tuple[Token, ...]
    minus: tuple[Token, ...] = ()
    label: str = ""
    node: Expression | None = None
    tail: str = ""

    @property
    def sign(self) -> str:
        return "-" if self.minus else "+"


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
            found += [operator(f" {row.sign} ", breaks=1)] if place else row.minus
            found += [*row.tokens, operator(row.tail)] if row.tail else row.tokens
        return [*found, *self.after]


@dataclass(frozen=True)
class RowPrinter(Printer):
    """Writes expressions as rows of terms."""

    def terms(self, node: Expression) -> Terms:
        """Return the expression as rows of terms, one row where it is no series."""
        before: list[Token] = []
        after: tuple[Token, ...] = ()
        opened, closed = map(operator, self.wide_brackets)
        if node.is_op("multiply"):
            *factors, last = node.parts
            if isinstance(last, Series) and not any(isinstance(each, Series) for each in factors):
                for factor in factors:
                    before += self.tokens(factor, PRODUCT)
                    before.append(operator(self.times()))
                before, after = [*before, opened], (closed,)
                node = last
        parts = [*node.terms_of("add")]
        for at, part in enumerate(parts):
            if isinstance(part, Series) and part.over == SAMPLES:
                # the other terms of a sum follow the sum over samples
                sigma, symbols, numbers = self._over_samples(parts.pop(at))
                rest = [self._row(part, PRODUCT) for part in parts]
                both = self._bracketed([*symbols, *rest]), self._bracketed([*numbers, *rest])
                return Terms(*both, (*before, sigma), after)
        rows = self._bracketed(self._rows(node))
        return Terms(rows, rows, tuple(before), after)

    def _over_samples(self, node: Expression) -> tuple[Token, list[Row], list[Row]]:
        terms, row = node.parts, self.symbols.row
        symbols = self._rows(terms[0])
        symbols[0] = symbols[0]._replace(label=f"over {count(terms)} {row}s")
        numbers: list[Row] = []
        for place in kept(len(terms)):
            if place is None:
                numbers.append(Row((self.more(count(terms) - MOST_TERMS, f" {row}s"),)))
            else:
                first, *rest = self._rows(terms[place])
                label = f"{row} {count(terms[: place + 1])}"
                numbers += [first._replace(label=label), *rest]
        several = len(symbols) > 1 or terms[0].is_op("add")
        opened, closed = self.wide_brackets if several else ("", "")
        symbols[-1] = symbols[-1]._replace(tail=closed)
        return self.sigma(count(terms), opened), symbols, numbers

    def _rows(self, node: Expression) -> list[Row]:
        if isinstance(node, Series):
            return [
                Row((self.more(count(node.parts) - MOST_TERMS),))
                if place is None
                else self._row(node.parts[place], PRODUCT)
                for place in kept(len(node.parts))
            ]
        if node.is_op("add") and any(isinstance(term, Series) for term in node.parts):
            return [row for term in node.parts for row in self._rows(term)]
        return [self._row(node, SUM)]

    def _row(self, node: Expression, level: int) -> Row:
        """Return a term in a row of its own: the minus that it begins with is the row's sign."""
        level = SUM if node.is_op("negative") else level
        tokens = self.tokens(node, level)
        minus = tokens[0].symbol == "-"
        return Row(tuple(tokens[minus:]), tuple(tokens[:minus]), "", node)

    def _bracketed(self, rows: Sequence[Row]) -> tuple[Row, ...]:
        """Return negative numbers in parentheses in all rows that have a sign before them."""
        return tuple(
            row._replace(tokens=tuple(self.bracketed(row.tokens))) if place or row.minus else row
            for place, row in enumerate(rows)
        )

    def partial(self, equation: Equation, terms: Terms, digits: int) -> list[Token]:
        """Return the values of the terms or factors, where they say more than the numbers."""
        printer = replace(self, digits=digits, marks=frozenset())
        if len(terms.numbers) == 1:
            whole = equation.expression
            while isinstance(whole, Activated) and not whole.by_name:
                whole = whole.parts[1]
            if not whole.is_op("add", "multiply", "divide") or all(
                part.is_leaf for part in whole.parts
            ):
                return []
            signs = whole.is_op("add")
            return printer.tokens(whole.rebuilt(lambda part: self._known(part, signs)))
        if all(len(row.tokens) == 1 for row in terms.numbers):
            return []  # they are values already
        before = "".join(token.number for token in terms.before if token.number.strip())
        values = [operator(before)] if before else []
        for place, row in enumerate(terms.numbers):
            sign, token = "+", row.tokens[0]
            if row.node is not None:
                token = printer.leaf(self._known(row.node))
                if place and token.number.startswith("-"):
                    sign, token = "-", replace(token, number=token.number[1:])
            values += [operator(f" {sign} ", breaks=1)] if place else []
            values.append(token)
        return [*values, *terms.after]

    def _known(self, node: Expression, signs: bool = False) -> Expression:
        """Return a part that is only its value, behind its minus where ``signs`` stay."""
        if signs and node.is_op("negative"):
            return -self._known(node.parts[0])
        if isinstance(node, Constant) and node.text:
            return node
        return Setting("", float(self.scope.evaluate(node)))
