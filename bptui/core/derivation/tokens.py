"""Expressions on single numbers as tokens, each with its symbol and the number put in for it."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal, TypeAlias

from bptui.core.derivation.expression import (
    Activated,
    Choice,
    Constant,
    Expression,
    Function,
    Maximum,
    Negative,
    Power,
    Product,
    Quantity,
    Quotient,
    Series,
    Setting,
    Stable,
    Sum,
    count,
    signed,
)
from bptui.core.derivation.scope import Scope, evaluate
from bptui.core.derivation.symbols import Symbols

Role: TypeAlias = Literal["operator", "quantity", "setting", "constant"]
Path: TypeAlias = tuple[int, ...]
SUM, PRODUCT, POWER, ATOM = 1, 2, 3, 4
MOST_TERMS = 4
"""Terms of a sum that are written out; of more, the first three and the last."""


@dataclass(frozen=True)
class Token:
    """``symbol`` and ``number`` stand under each other.

    A line may end before it where ``breaks`` is not 0: at a 2 only where the lines between the 1s
    are too long, and so on.
    """

    symbol: str
    number: str
    role: Role = "operator"
    marked: bool = False
    breaks: int = 0


def operator(text: str, breaks: int = 0) -> Token:
    return Token(text, text, "operator", False, breaks)


def number(value: float, digits: int = 6) -> str:
    """At most ``digits`` significant digits: 0.15, 0.620606, 4.7e-08."""
    return f"{value + 0.0:.{digits}g}"  # a negative zero is written 0


def aligned(texts: Sequence[str]) -> list[str]:
    """Numbers of a column with blanks on both sides: their points stand below each other."""
    heads = [re.split(r"[.e]", each, maxsplit=1)[0] for each in texts]
    before = max(map(len, heads))
    after = max(len(each) - len(head) for each, head in zip(texts, heads, strict=True))
    return [
        (" " * (before - len(head)) + each).ljust(before + after)
        for each, head in zip(texts, heads, strict=True)
    ]


def shown(terms: int, most: int = MOST_TERMS) -> list[int | None]:
    """The places written out of so many ``terms``; None stands for those left out."""
    if terms <= most:
        return list(range(terms))
    return [*range(most - 1), None, terms - 1]


@dataclass(frozen=True)
class Tokenizer:
    """Writes expressions on single numbers. ``marks`` are paths of nodes that stand out."""

    symbols: Symbols
    scope: Scope
    digits: int = 6
    marks: frozenset[Path] = frozenset()

    def tokens(
        self, node: Expression, level: int = SUM, path: Path = (), nest: int = 1
    ) -> list[Token]:
        """The tokens of ``node``, in parentheses where ``level`` binds more tightly than it.

        ``nest`` counts from 1 how deep it stands: see :attr:`Token.breaks`.
        """
        found = self._written(node, level, path, nest)
        if path in self.marks:
            return [replace(token, marked=True) for token in found]
        return found

    def _written(self, node: Expression, level: int, path: Path, nest: int) -> list[Token]:
        match node:
            case Quantity():
                return [self._leaf(self.symbols.text(node), node, "quantity")]
            case Setting(name, _):
                return [self._leaf(name, node, "setting")]
            case Constant(value, text, _):
                return [
                    replace(operator(self.symbols.constant(text) or number(value)), role="constant")
                ]
            case Sum(terms):
                return self._wrapped(self._added(terms, SUM, path, nest), level > SUM)
            case Series(terms):
                return self._wrapped(self._added(terms, PRODUCT, path, nest), level > SUM)
            case Product(factors):
                return self._wrapped(self._product(factors, path, nest), level > PRODUCT)
            case Negative(of):
                inner = [operator("-"), *bracketed(self.tokens(of, PRODUCT, (*path, 0), nest + 1))]
                return self._wrapped(inner, level > SUM)
            case Quotient(top_of, bottom):
                written = [
                    *self.tokens(top_of, PRODUCT, (*path, 0), nest),
                    operator(" / ", nest + 1),
                    *self.tokens(bottom, POWER, (*path, 1), nest + 1),
                ]
                return self._wrapped(written, level > PRODUCT)
            case Power(base, exponent):
                inner = bracketed(self.tokens(base, ATOM, (*path, 0), nest + 1))
                if "/" in inner[0].symbol and len(inner) == 1:  # dL/dw1² would be another thing
                    inner = [
                        operator("("),
                        *self.tokens(base, SUM, (*path, 0), nest + 1),
                        operator(")"),
                    ]
                raised = (
                    self.symbols.raised(exponent.value) if isinstance(exponent, Constant) else ""
                )
                if raised:
                    last = inner[-1]
                    ended = replace(last, symbol=last.symbol + raised, number=last.number + raised)
                    return [*inner[:-1], ended]
                return [*inner, operator("^"), *self.tokens(exponent, ATOM, (*path, 1), nest + 1)]
            case Activated(name, argument, body, by_name):
                if not by_name:
                    return self.tokens(body, level, (*path, 1), nest)
                return self._call(name, [argument], path, nest)
            case Stable(textbook, _):
                return self.tokens(textbook, level, (*path, 0), nest)
            case Function("exp", argument):
                return self._call("e^", [argument], path, nest)
            case Function("ln_one_plus_exp", argument):
                return [
                    operator("ln(1 + "),
                    *self._call("e^", [argument], path, nest),
                    operator(")"),
                ]
            case Function("sqrt", argument):
                return self._call(self.symbols.root, [argument], path, nest)
            case Function(name, argument):
                return self._call(name, [argument], path, nest)
            case Maximum(first, second):
                return self._call("max", [first, second], path, nest)
            case Choice(condition, positive, otherwise):
                return [
                    operator("("),
                    *self.tokens(positive, SUM, (*path, 1), nest + 1),
                    operator(" if "),
                    *self.tokens(condition, SUM, (*path, 0), nest + 1),
                    operator(" > 0 else "),
                    *self.tokens(otherwise, SUM, (*path, 2), nest + 1),
                    operator(")"),
                ]
            case _:
                raise AssertionError(f"{type(node).__name__} has no single numbers")

    def _leaf(self, symbol: str, node: Expression, role: Role) -> Token:
        return Token(symbol, number(float(evaluate(node, self.scope)), self.digits), role)

    def _wrapped(self, tokens: list[Token], wrap: bool) -> list[Token]:
        return [operator("("), *tokens, operator(")")] if wrap else tokens

    def _call(self, name: str, arguments: list[Expression], path: Path, nest: int) -> list[Token]:
        written = [operator(f"{name}(")]
        for place, argument in enumerate(arguments):
            written += [operator(", ")] if place else []
            written += self.tokens(argument, SUM, (*path, place), nest + 1)
        return [*written, operator(")")]

    def _added(
        self, terms: tuple[Expression, ...], first: int, path: Path, nest: int
    ) -> list[Token]:
        """Terms with their signs; ``first`` is the level of the first one. Many only in part."""
        written: list[Token] = []
        places = range(len(terms)) if first == SUM else shown(len(terms))
        for place in places:
            if place is None:
                written += [operator(f" + … {count(terms) - MOST_TERMS} more", nest)]
                continue
            at, (sign, term) = (*path, place), signed(terms[place])
            if sign == "-":
                part = self.tokens(term, PRODUCT, (*at, 0), nest + 1)
                if at in self.marks:
                    part = [replace(token, marked=True) for token in part]
            else:
                part = self.tokens(term, PRODUCT if place else first, at, nest + 1)
            if place or sign == "-":
                written.append(operator(f" {sign} ", nest) if place else operator("-"))
                part = bracketed(part)
            written += part
        return written

    def _product(self, factors: tuple[Expression, ...], path: Path, nest: int) -> list[Token]:
        written: list[Token] = []
        for place, factor in enumerate(factors):
            part = self.tokens(factor, PRODUCT, (*path, place), nest + 1)
            written += [operator(self.symbols.times, nest), *bracketed(part)] if written else part
        return written


def bracketed(tokens: Sequence[Token]) -> list[Token]:
    """A negative number behind an operator in parentheses: 0.5 · (-0.17)."""
    first = tokens[0]
    if first.role != "operator" and first.number.startswith("-"):
        return [replace(first, number=f"({first.number})"), *tokens[1:]]
    return [*tokens]
