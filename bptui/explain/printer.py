"""One printer of expressions: brackets, signs, the layout of sums and products, for every form.

How an operation is written stands in its :class:`~bptui.core.graph.node.Notation`, as text, as
numpy code and in LaTeX; what is written otherwise here, in the tables of the printers.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import ClassVar, Literal, TypeAlias

import numpy as np

from bptui.core.arrays import Array
from bptui.core.graph.node import ATOM, LEVELS, OPS, POWER, PRODUCT, SUM, UNARY, slots
from bptui.explain.expression import (
    ZERO,
    Activated,
    Apply,
    Constant,
    Expression,
    Quantity,
    Scope,
    Series,
    Setting,
    Stable,
    count,
)
from bptui.explain.formulas import MOST_TERMS
from bptui.explain.symbols import Symbols

Role: TypeAlias = Literal["operator", "quantity", "setting", "constant"]


@dataclass(frozen=True)
class Token:
    """``symbol`` and ``number`` stand under each other; ``array``: it stands for a whole one.

    ``node`` is the quantity that it stands for, or the one that an array is made of.
    A line may end before it where ``breaks`` is not 0: at a 2 only where the lines between the 1s
    are too long, and so on.
    """

    symbol: str
    number: str
    role: Role = "operator"
    marked: bool = False
    breaks: int = 0
    array: Array | None = None
    node: Expression | None = None


def operator(text: str, breaks: int = 0) -> Token:
    """Return a token that stays as it is where numbers are put in."""
    return Token(text, text, "operator", False, breaks)


def number(value: float, digits: int = 6) -> str:
    """Write at most ``digits`` significant digits: 0.15, 0.620606, 4.7e-08."""
    return f"{value + 0.0:.{digits}g}"  # a negative zero is written 0


def symbols_of(tokens: Sequence[Token]) -> str:
    """Return the symbols on one line."""
    return "".join(token.symbol for token in tokens)


def kept(count: int, most: int = MOST_TERMS, wanted: int | None = None) -> list[int | None]:
    """Return the places shown of ``count``, ``wanted`` among them; None stands for a gap."""
    if count <= most:
        return list(range(count))
    chosen = {*range(most - 2), count - 1}
    chosen.add(wanted if wanted is not None and wanted not in chosen else most - 2)
    places: list[int | None] = []
    for last, place in zip((-1, *sorted(chosen)), sorted(chosen), strict=False):
        places += [place] if place == last + 1 else [None, place]
    return places


@dataclass(frozen=True)
class Printer:
    """Writes expressions as text. ``marks`` are the nodes that stand out, by their ids.

    ``numbers``: for the numbers, in which a layer's activations are not computed once more.
    """

    symbols: Symbols
    scope: Scope
    digits: int = 6
    marks: frozenset[int] = frozenset()
    numbers: bool = False

    form: ClassVar[Literal["code", "text", "latex"]] = "text"
    """The notation of operations that it uses."""
    own: ClassVar[Mapping[str, str]] = {
        "sum 0 False": "sum over samples({0})",
        "sum 1 True": "sum over units({0})",
        "getitem -1": "last sample({0})",
        "log_sum_exp": "ln sum e^({0})",
        "ln_one_plus_exp": "ln(1 + e^({0}))",
    }
    """Templates in place of the notation."""
    greek: ClassVar[Mapping[str, str]] = {}
    """The symbols of settings that are not their names."""
    brackets: ClassVar[tuple[str, str]] = ("(", ")")
    wide_brackets: ClassVar[tuple[str, str]] = ("(", ")")
    """Around terms that may stand below each other."""
    minus: ClassVar[tuple[int, int]] = (SUM, PRODUCT)
    """How tightly the minus before a single part binds, and how tightly that part has to."""

    def tokens(self, node: Expression, level: int = SUM, nest: int = 1) -> list[Token]:
        """Return the tokens of ``node``, in brackets where ``level`` binds more tightly than it.

        ``nest`` counts from 1 how deep it stands: see :attr:`Token.breaks`.
        """
        return self.marked(self.written(node, level, nest), node)

    def marked(self, tokens: list[Token], node: Expression) -> list[Token]:
        """Return the tokens of a node, which stand out where it does."""
        here = id(node) in self.marks
        return [replace(token, marked=True) for token in tokens] if here else tokens

    def written(self, node: Expression, level: int, nest: int) -> list[Token]:
        """Return the tokens of ``node`` without its own mark."""
        match node:
            case Quantity() | Setting() | Constant() | Apply("transpose", (Quantity(),)):
                return [self.leaf(node)]
            case Apply("add", terms) | Series(terms):
                first = PRODUCT if isinstance(node, Series) else SUM
                return self.wrapped(self._added(terms, first, nest), level > SUM)
            case Apply("multiply", factors):
                return self.wrapped(self._multiplied(factors, nest), level > PRODUCT)
            case Apply("negative", (of,)):
                binds, inner = self.minus
                part = self.tokens(of, inner, nest + 1)
                return self.wrapped([operator("-"), *self.bracketed(part)], level > binds)
            case Apply("power", (base, exponent)):
                return self.wrapped(self.power(base, exponent, nest), level > POWER)
            case Stable((textbook, _)):
                return self.tokens(textbook, level, nest)
            case Activated(name, (_, body), by_name):
                if not self.is_array(node):
                    if not by_name:
                        return self.tokens(body, level, nest)
                elif self.numbers and nest > 1:
                    return [self.token("", self.scope.evaluate(node), "quantity", node)]
                return self.filled(self.called(name), node, nest)
            case Apply():
                template, binds = self.notation(node)
                return self.wrapped(self.filled(template, node, nest), level > binds)
        raise AssertionError(f"{type(node).__name__} cannot be written")

    def is_array(self, node: Expression) -> bool:
        """Tell whether the expression is of arrays, not of single numbers."""
        return self.scope.shape(node) != ()

    # what looks different in other forms

    def leaf(self, node: Expression) -> Token:
        """Return a quantity, also transposed, a setting or a constant."""
        match node:
            case Constant(value, text):
                if self.symbols.ascii_only:
                    text = text.replace("√", "sqrt").replace("π", "pi")
                return Token(text or number(value), text or number(value), "constant")
            case Setting(name, value):
                return self.token(self.greek.get(name, name), value, "setting")
            case Quantity():
                return self.token(self.name(node), self.scope.value(node), "quantity", node)
            case Apply("transpose", (Quantity() as of,)):
                return self.token(self.name(of, True), self.scope.value(of).T, "quantity", node)
        raise AssertionError(f"{type(node).__name__} is no leaf")

    def name(self, quantity: Quantity, transposed: bool = False) -> str:
        """Write the symbol of a quantity, or of a transposed matrix."""
        return self.symbols.text(quantity) + "^T" * transposed

    def token(
        self, symbol: str, value: Array | float, role: Role, node: Expression | None = None
    ) -> Token:
        """Return a symbol and what it stands for."""
        if isinstance(value, np.ndarray) and value.ndim:
            return Token(symbol, "", role, array=value, node=node)
        return Token(symbol, number(float(value), self.digits), role, node=node)

    def times(self, elementwise: bool = False) -> str:
        """Write the sign between two factors."""
        return self.symbols.signs.elementwise if elementwise else self.symbols.signs.times

    def more(self, terms: int, of: str = "") -> Token:
        """Return what stands for terms that are left out."""
        return operator(f"… {terms} more{of}")

    def sigma(self, terms: int, opened: str) -> Token:
        """Return what stands before what is summed over so many samples."""
        text = f"{self.symbols.signs.total} {opened}"
        return Token(text, " " * len(text))

    def bracketed(self, tokens: Sequence[Token]) -> list[Token]:
        """Return a negative number behind an operator in parentheses: 0.5 · (-0.17)."""
        first = tokens[0]
        if first.role != "operator" and first.number.startswith("-"):
            return [replace(first, number=f"({first.number})"), *tokens[1:]]
        return [*tokens]

    def power(self, base: Expression, exponent: Expression, nest: int) -> list[Token]:
        """Return a power, its exponent raised where there is a sign for that."""
        inner = self.tokens(base, ATOM, nest + 1)
        # dL/dw1² would be another thing
        divided = len(inner) == 1 and "/" in inner[0].symbol
        inner = self.wrapped(inner, True) if divided else self.bracketed(inner)
        raised = self.symbols.raised(exponent.value) if isinstance(exponent, Constant) else ""
        if not raised:
            return [*inner, operator("^"), *self.tokens(exponent, ATOM, nest + 1)]
        last = inner[-1]
        if last.array is not None:
            large = self.numbers and max(last.array.shape) >= MOST_TERMS
            return [*self.wrapped(inner, large), operator(raised)]  # its size may stand behind it
        ended = replace(last, symbol=last.symbol + raised, number=last.number + raised)
        return [*inner[:-1], ended]

    # what is the same in all of them

    def wrapped(self, tokens: list[Token], wrap: bool) -> list[Token]:
        """Return the tokens in brackets, if they need them."""
        opened, closed = self.brackets
        return [operator(opened), *tokens, operator(closed)] if wrap else tokens

    def called(self, name: str) -> str:
        """Return the template of an operation or a function by its name."""
        notation = OPS[name].notation if name in OPS else None
        if name in self.own or notation is None:
            template = self.own.get(name, f"{name}({{0}})")
            return template.replace("sample", self.symbols.row).replace("unit", self.symbols.column)
        return str(getattr(notation, self.form)).replace("√", self.symbols.signs.root)

    def notation(self, node: Apply) -> tuple[str, int]:
        """Return how an operation is written, and how tightly it binds."""
        key = " ".join([node.op, *(str(value) for _, value in node.settings)])
        if node.op == "logaddexp" and node.parts[1] == ZERO:
            key = "ln_one_plus_exp"
        if key in self.own or node.op not in OPS:
            return self.called(key), ATOM
        notation = OPS[node.op].notation
        if node.op == "matmul" and self.form == "text":
            return f"{{0:unary}}{self.symbols.signs.matrix_times}{{1:unary}}", PRODUCT
        return self.called(node.op), ATOM if notation is None else notation.binds

    def filled(self, template: str, node: Expression, nest: int) -> list[Token]:
        """Return a template with the parts of a node, and its settings, in their slots."""
        found: list[Token] = []
        given = dict(node.settings) if isinstance(node, Apply) else {}
        pieces = slots(template)
        infix = len(pieces) == 2 and not pieces[0][0] and bool(pieces[1][1])
        for text, field, level in pieces:
            between = infix and bool(found)
            found += [operator(text, nest if between else 0)] if text else []
            if field.isdecimal():
                part = self.tokens(node.parts[int(field)], LEVELS[level], nest + 1)
                found += self.bracketed(part) if between else part
            elif field == "all":
                every = node.parts[:1] if isinstance(node, Activated) else node.parts
                for place, inner in enumerate(every):
                    found += [operator(", ")] if place else []
                    found += self.tokens(inner, SUM, nest + 1)
            elif field == "settings":
                found.append(operator(", ".join(f"{k}={value!r}" for k, value in given.items())))
            elif field:
                found.append(operator(repr(given[field.partition("!")[0]])))
        return found

    def _added(self, terms: tuple[Expression, ...], first: int, nest: int) -> list[Token]:
        """Return terms with their signs, many only in part; ``first`` is the level of the first."""
        found: list[Token] = []
        for place in range(len(terms)) if first == SUM else kept(len(terms)):
            if place is None:
                found += [operator(" + ", nest), self.more(count(terms) - MOST_TERMS)]
                continue
            sign, term = terms[place].signed
            level = PRODUCT if place else self.minus[1] if sign == "-" else first
            part = self.marked(self.tokens(term, level, nest + 1), terms[place])
            if place or sign == "-":
                found.append(operator(f" {sign} ", nest) if place else operator("-"))
                part = self.bracketed(part)
            found += part
        return found

    def _multiplied(self, factors: tuple[Expression, ...], nest: int) -> list[Token]:
        arrays = [*map(self.is_array, factors)]
        # a · b / c is as good as a · (b / c), but not where the b and c are arrays
        later = UNARY if any(arrays) else PRODUCT
        found: list[Token] = []
        array = False
        for place, (factor, here) in enumerate(zip(factors, arrays, strict=True)):
            part = self.tokens(factor, later if place else PRODUCT, nest + 1)
            if place:
                found.append(operator(self.times(array and here), nest))
                part = self.bracketed(part)
            found += part
            array = array or here
        return found


@dataclass(frozen=True)
class NumpyPrinter(Printer):
    """Writes numpy code, which binds as Python does."""

    form = "code"
    minus = (UNARY, UNARY)
    own: ClassVar[Mapping[str, str]] = {
        "sum None False": "np.sum({0})",
        "sum 0 False": "{0:atom}.sum(axis=0)",
        "log_sum_exp": "np.logaddexp.reduce({0}, axis=1, keepdims=True)",
        "ln_one_plus_exp": "np.logaddexp(0, {0})",
    }

    def code(self, node: Expression, level: int = SUM) -> str:
        """Return Python for an expression."""
        return symbols_of(self.tokens(node, level))

    def written(self, node: Expression, level: int, nest: int) -> list[Token]:
        match node:
            case Activated(_, (_, body)) | Stable((_, body)):
                return self.tokens(body, level)
            case Apply("transpose" | "power"):
                template, binds = self.notation(node)
                return self.wrapped(self.filled(template, node, nest), level > binds)
            case Constant():
                found = self.leaf(node)
                fraction = "/" in found.symbol.split("(")[0]
                return self.wrapped([found], fraction and level > PRODUCT)
        return super().written(node, level, nest)

    def leaf(self, node: Expression) -> Token:
        match node:
            case Quantity(name):
                return operator(self.symbols.code(name))
            case Setting(name):
                return operator(name)
            case Constant(value, _, code):
                return operator(code or repr(value).removesuffix(".0"))
        raise AssertionError(f"{type(node).__name__} is no leaf")

    def is_array(self, node: Expression) -> bool:
        return True

    def bracketed(self, tokens: Sequence[Token]) -> list[Token]:
        return [*tokens]

    def times(self, elementwise: bool = False) -> str:
        return " * "
