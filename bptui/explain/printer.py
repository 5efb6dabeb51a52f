"""One printer of expressions: brackets, signs, the layout of sums and products, for every form.

It is the form of text; the others say what looks different in theirs.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import ClassVar, Literal, TypeAlias

import numpy as np

from bptui.core.arrays import Array
from bptui.explain.expression import (
    Activated,
    Constant,
    Expression,
    Function,
    MatrixProduct,
    Negative,
    Power,
    Product,
    Quantity,
    Quotient,
    Series,
    Setting,
    Stable,
    Sum,
    Total,
    Transposed,
    children,
    count,
    signed,
)
from bptui.explain.scope import Scope, evaluate
from bptui.explain.symbols import Symbols

Role: TypeAlias = Literal["operator", "quantity", "setting", "constant"]
Path: TypeAlias = tuple[int, ...]
SUM, PRODUCT, UNARY, POWER, ATOM = 1, 2, 3, 4, 5
"""How tightly a part is bound by what it stands in."""
MOST_TERMS = 4
"""Terms of a sum that are written out; of more, the first three and the last."""
_SLOT = re.compile("«(.)(:atom|:unary)?»")
_LEVELS = {None: SUM, ":unary": UNARY, ":atom": ATOM}


@dataclass(frozen=True)
class Token:
    """``symbol`` and ``number`` stand under each other; ``array``: it stands for a whole one.

    A line may end before it where ``breaks`` is not 0: at a 2 only where the lines between the 1s
    are too long, and so on.
    """

    symbol: str
    number: str
    role: Role = "operator"
    marked: bool = False
    breaks: int = 0
    array: Array | None = None


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


def broken(
    parts: Sequence[tuple[float, int]],
    room: float,
    used: float = 0,
    margin: float = 0,
    least: float | None = None,
) -> list[list[int]]:
    """The places of parts, given by width and :attr:`Token.breaks`, on lines as wide as ``room``.

    ``used``: of the first line, ``margin``: of later ones; none ends before it is wider than
    ``least``.
    """
    if used + sum(width for width, _ in parts) <= room:
        return [[*range(len(parts))]]
    lines: list[list[int]] = [[]]
    for place, (width, breaks) in enumerate(parts):
        if breaks and used > (margin if least is None else least):
            later = range(place + 1, len(parts))
            end = next((k for k in later if 0 < parts[k][1] <= breaks), len(parts))
            if used + sum(ahead for ahead, _ in parts[place:end]) > room:
                lines.append([])
                used = margin
        lines[-1].append(place)
        used += width
    return lines


@dataclass(frozen=True)
class Printer:
    """Writes expressions. ``marks`` are paths of nodes that stand out.

    ``numbers``: for the numbers, in which a layer's activations are not computed once more.
    """

    symbols: Symbols
    scope: Scope
    digits: int = 6
    marks: frozenset[Path] = frozenset()
    numbers: bool = False

    brackets: ClassVar[tuple[str, str]] = ("(", ")")
    wide_brackets: ClassVar[tuple[str, str]] = ("(", ")")
    """Around terms that may stand below each other."""
    negative: ClassVar[int] = SUM
    """How tightly the minus before a single part binds."""
    negated: ClassVar[int] = PRODUCT
    """How tightly that part has to."""
    calls: ClassVar[Mapping[str, str]] = {
        "": "name(«0»)",
        "exp": "e^(«0»)",
        "sqrt": "√(«0»)",
        "ln_one_plus_exp": "ln(1 + e^(«0»))",
        "Maximum": "max(«0», «1»)",
        "Minimum": "min(«0», «1»)",
        "Choice": "(«1» if «0» > 0 else «2»)",
        "Transposed": "«0:atom»^T",
        "LastSample": "last sample(«0»)",
        "LogSumExp": "ln sum e^(«0»)",
        "Total": "sum(«0»)",
        "Total 0": "sum over samples(«0»)",
        "Total 1": "sum over units(«0»)",
    }
    """How the parts of a node stand in what is written like a function; "" for all others."""

    def tokens(
        self, node: Expression, level: int = SUM, path: Path = (), nest: int = 1
    ) -> list[Token]:
        """The tokens of ``node``, in brackets where ``level`` binds more tightly than it.

        ``nest`` counts from 1 how deep it stands: see :attr:`Token.breaks`.
        """
        found = self.written(node, level, path, nest)
        return _marked(found) if path in self.marks else found

    def written(self, node: Expression, level: int, path: Path, nest: int) -> list[Token]:
        match node:
            case Quantity() | Setting() | Constant() | Transposed(Quantity()):
                return [self.leaf(node)]
            case Sum(terms):
                return self.wrapped(self._added(terms, SUM, path, nest), level > SUM)
            case Series(terms):
                return self.wrapped(self._added(terms, PRODUCT, path, nest), level > SUM)
            case Product(factors):
                return self.wrapped(self._multiplied(factors, path, nest), level > PRODUCT)
            case MatrixProduct(left, right):
                found = [
                    *self.tokens(left, UNARY, (*path, 0), nest + 1),
                    self.sign("matrix_times", nest),
                    *self.tokens(right, UNARY, (*path, 1), nest + 1),
                ]
                return self.wrapped(found, level > PRODUCT)
            case Negative(of):
                part = self.tokens(of, self.negated, (*path, 0), nest + 1)
                return self.wrapped([operator("-"), *self.bracketed(part)], level > self.negative)
            case Quotient(top, bottom):
                return self.quotient(top, bottom, level, path, nest)
            case Power(base, exponent):
                return self.wrapped(self.power(base, exponent, path, nest), level > POWER)
            case Activated(_, _, body, by_name):
                if not self.is_array(node):
                    if not by_name:
                        return self.tokens(body, level, (*path, 1), nest)
                elif self.numbers and path:
                    return [self.token("", evaluate(node, self.scope), "quantity")]
                return self.called(node.name, node, path, nest)
            case Stable(textbook):
                return self.tokens(textbook, level, (*path, 0), nest)
            case Function(name):
                return self.called(name, node, path, nest)
            case Total(_, axis) if axis is not None:
                return self.called(f"Total {axis}", node, path, nest)
            case _:
                return self.called(type(node).__name__, node, path, nest)

    def is_array(self, node: Expression) -> bool:
        """Whether the expression is of arrays, not of single numbers."""
        return self.scope.shape(node) != ()

    # --- what looks different in other forms

    def leaf(self, node: Expression) -> Token:
        """A quantity, also transposed, a setting or a constant."""
        if isinstance(node, Constant):
            text = self.constant(node)
            return Token(text, text, "constant")
        if isinstance(node, Setting):
            return self.token(self.name(node), node.value, "setting")
        inner = node.of if isinstance(node, Transposed) else node
        assert isinstance(inner, Quantity), "what is a leaf"
        value = self.scope.value(inner)
        return self.token(self.name(node), value if inner is node else value.T, "quantity")

    def token(self, symbol: str, value: Array | float, role: Role) -> Token:
        """A symbol and what it stands for."""
        if isinstance(value, np.ndarray) and value.ndim:
            return Token(symbol, "", role, array=value)
        return Token(symbol, number(float(value), self.digits), role)

    def name(self, node: Expression) -> str:
        """The symbol of a leaf."""
        match node:
            case Quantity():
                return self.symbols.text(node)
            case Transposed(of):
                return f"{self.name(of)}^T"
        assert isinstance(node, Setting)
        return node.name

    def constant(self, node: Constant) -> str:
        return self.symbols.constant(node.text) or number(node.value)

    def sign(self, name: str, breaks: int = 0) -> Token:
        """The sign of a product: times, elementwise or matrix_times."""
        return operator(str(getattr(self.symbols.signs, name)), breaks)

    def more(self, terms: int, of: str = "") -> Token:
        """Stands for terms that are left out."""
        return operator(f"… {terms} more{of}")

    def sigma(self, terms: int, opened: str) -> Token:
        """Stands before what is summed over so many samples."""
        text = f"{self.symbols.signs.total} {opened}"
        return Token(text, " " * len(text))

    def bracketed(self, tokens: Sequence[Token]) -> list[Token]:
        """A negative number behind an operator in parentheses: 0.5 · (-0.17)."""
        first = tokens[0]
        if first.role != "operator" and first.number.startswith("-"):
            return [replace(first, number=f"({first.number})"), *tokens[1:]]
        return [*tokens]

    def quotient(
        self, top: Expression, bottom: Expression, level: int, path: Path, nest: int
    ) -> list[Token]:
        found = [
            *self.tokens(top, PRODUCT, (*path, 0), nest),
            operator(" / ", nest + 1),
            *self.bracketed(self.tokens(bottom, UNARY, (*path, 1), nest + 1)),
        ]
        return self.wrapped(found, level > PRODUCT)

    def power(self, base: Expression, exponent: Expression, path: Path, nest: int) -> list[Token]:
        inner = self.tokens(base, ATOM, (*path, 0), nest + 1)
        # dL/dw1² would be another thing
        divided = len(inner) == 1 and "/" in inner[0].symbol
        inner = self.wrapped(inner, True) if divided else self.bracketed(inner)
        raised = self.symbols.raised(exponent.value) if isinstance(exponent, Constant) else ""
        if not raised:
            return [*inner, operator("^"), *self.tokens(exponent, ATOM, (*path, 1), nest + 1)]
        last = inner[-1]
        if last.array is not None:
            large = self.numbers and max(last.array.shape) >= MOST_TERMS
            return [*self.wrapped(inner, large), operator(raised)]  # its size may stand behind it
        ended = replace(last, symbol=last.symbol + raised, number=last.number + raised)
        return [*inner[:-1], ended]

    # --- what is the same in all of them

    def wrapped(self, tokens: list[Token], wrap: bool) -> list[Token]:
        opened, closed = self.brackets
        return [operator(opened), *tokens, operator(closed)] if wrap else tokens

    def called(self, name: str, node: Expression, path: Path, nest: int) -> list[Token]:
        """A node as :attr:`calls` have it."""
        form = self.calls.get(name) or self.calls[""].replace("name", name)
        return self.filled(form.replace("√", self.symbols.signs.root), node, path, nest)

    def filled(self, form: str, node: Expression, path: Path, nest: int) -> list[Token]:
        """The parts of a node in the slots of a ``form``."""
        parts = children(node)
        pieces = _SLOT.split(form)
        found = [operator(pieces[0])] if pieces[0] else []
        for slot, level, text in zip(pieces[1::3], pieces[2::3], pieces[3::3], strict=True):
            place = int(slot)
            found += self.tokens(parts[place], _LEVELS[level], (*path, place), nest + 1)
            found += [operator(text)] if text else []
        return found

    def _added(
        self, terms: tuple[Expression, ...], first: int, path: Path, nest: int
    ) -> list[Token]:
        """Terms with their signs; ``first`` is the level of the first one. Many only in part."""
        found: list[Token] = []
        for place in range(len(terms)) if first == SUM else shown(len(terms)):
            if place is None:
                found += [operator(" + ", nest), self.more(count(terms) - MOST_TERMS)]
                continue
            at, (sign, term) = (*path, place), signed(terms[place])
            if sign == "-":
                level = PRODUCT if place else self.negated
                part = self.tokens(term, level, (*at, 0), nest + 1)
                part = _marked(part) if at in self.marks else part
            else:
                part = self.tokens(term, PRODUCT if place else first, at, nest + 1)
            if place or sign == "-":
                found.append(operator(f" {sign} ", nest) if place else operator("-"))
                part = self.bracketed(part)
            found += part
        return found

    def _multiplied(self, factors: tuple[Expression, ...], path: Path, nest: int) -> list[Token]:
        """Factors with the signs that arrays and numbers have between them."""
        arrays = [*map(self.is_array, factors)]
        # a · b / c is as good as a · (b / c), but not where the b and c are arrays
        later = UNARY if any(arrays) else PRODUCT
        found: list[Token] = []
        array = False
        for place, (factor, here) in enumerate(zip(factors, arrays, strict=True)):
            part = self.tokens(factor, later if place else PRODUCT, (*path, place), nest + 1)
            if place:
                found.append(self.sign("elementwise" if array and here else "times", nest))
                part = self.bracketed(part)
            found += part
            array = array or here
        return found


def _marked(tokens: Sequence[Token]) -> list[Token]:
    return [replace(token, marked=True) for token in tokens]
