r"""Expressions in LaTeX: the same trees as in text, with symbols or with the numbers put in.

Keeps to what amsmath, MathJax and KaTeX all know: no \operatorname, no macros of its own.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from bptui.core.derivation.expression import (
    ONE,
    Activated,
    Choice,
    Constant,
    Expression,
    Function,
    LastSample,
    LogSumExp,
    MatrixProduct,
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
    Total,
    Transposed,
    children,
    count,
    signed,
)
from bptui.core.derivation.latex_pieces import (
    BRACKET_WIDTH,
    CLOSE,
    CONSTANTS,
    MATRIX,
    OPEN,
    SETTINGS,
    Piece,
    bracketed,
    joined,
    matrix_piece,
    number_piece,
    operator,
    quantity_text,
    symbol,
)
from bptui.core.derivation.scope import Scope, evaluate
from bptui.core.derivation.symbols import Symbols
from bptui.core.derivation.tokens import MOST_TERMS, Path, shown

SUM, PRODUCT, ATOM = 1, 2, 4
LONG = 45.0
"""What is wider stands in parentheses that lines may break in."""
_OVER = {None: "", 0: r"_{\text{samples}}", 1: r"_{\text{units}}"}
_KNOWN = {
    "tanh": r"\tanh",
    "abs": r"\operatorname{abs}",
    "sign": r"\operatorname{sgn}",
    "ln": r"\ln",
    "tanh'": r"\tanh'",
}


@dataclass(frozen=True)
class LatexForm:
    """One pass over an expression. ``marks`` are paths of nodes that stand out."""

    symbols: Symbols
    scope: Scope
    digits: int
    marks: frozenset[Path]
    numbers: bool

    def pieces(self, node: Expression, level: int = SUM, path: Path = ()) -> list[Piece]:
        """The pieces of ``node``, in parentheses where ``level`` binds more tightly than it."""
        found = self._written(node, level, path)
        if path in self.marks:
            return [replace(piece, marked=True) for piece in found]
        return found

    def text(self, node: Expression, level: int, path: Path) -> Piece:
        """``node`` as a single piece, never broken."""
        return joined(self.pieces(node, level, path))

    def _written(self, node: Expression, level: int, path: Path) -> list[Piece]:
        match node:
            case Quantity() | Transposed(Quantity()):
                return [self._quantity(node)]
            case Setting(name, value):
                if self.numbers:
                    return [number_piece(value, self.digits)]
                return [symbol(SETTINGS[name])]
            case Constant():
                return [constant(node)]
            case Sum(terms):
                return wrapped(self._added(terms, SUM, path), level > SUM)
            case Series(terms):
                return wrapped(self._added(terms, PRODUCT, path), level > SUM)
            case Product(factors):
                return wrapped(self._product(factors, path), level > PRODUCT)
            case MatrixProduct(left, right):
                written = [
                    *self.pieces(left, ATOM, (*path, 0)),
                    dot() if self.numbers else operator(r" \, ", 1.0, breaks=True),
                    *self.pieces(right, ATOM, (*path, 1)),
                ]
                return wrapped(written, level > PRODUCT)
            case Negative(of):
                inner = [operator("-", 1.5), *bracketed(self.pieces(of, PRODUCT, (*path, 0)))]
                return wrapped(inner, level > SUM)
            case Quotient(top_of, Constant()) if self._is_high(top_of):
                written = [
                    self._fraction(ONE, node.bottom, path),
                    operator(r" \, ", 0.5),
                    *self.pieces(top_of, ATOM, (*path, 0)),
                ]
                return wrapped(written, level > PRODUCT)
            case Quotient(top_of, bottom):
                return [self._fraction(top_of, bottom, path)]
            case Power(base, exponent):
                return [self._power(base, exponent, path)]
            case Transposed(of):
                inner = self.pieces(of, ATOM, (*path, 0))
                return [*inner, operator(r"^{\mathsf{T}}", 1.0)]
            case Stable(textbook, _):
                return self.pieces(textbook, level, (*path, 0))
            case _:
                return self._called(node, level, path)

    def _called(self, node: Expression, level: int, path: Path) -> list[Piece]:
        """Functions, and what is written like them."""
        match node:
            case Activated(name, argument, body, by_name):
                if not by_name and not self.is_array(node):
                    return self.pieces(body, level, (*path, 1))
                if self.numbers and path and self.is_array(node):
                    return [matrix_piece(evaluate(node, self.scope), self.digits)]
                return self._call(_KNOWN.get(name, words(name)), argument, (*path, 0))
            case Function("exp", argument):
                inner = self.text(argument, SUM, (*path, 0))
                return [Piece(f"e^{{{inner.text}}}", 1 + 0.75 * inner.width)]
            case Function("ln_one_plus_exp", argument):
                inner = self.text(argument, SUM, (*path, 0))
                text = rf"\ln\left(1 + e^{{{inner.text}}}\right)"
                return [Piece(text, 8 + 0.75 * inner.width)]
            case Function("sqrt", argument):
                inner = self.text(argument, SUM, (*path, 0))
                return [Piece(rf"\sqrt{{{inner.text}}}", inner.width + 2)]
            case Function(name, argument):
                return self._call(_KNOWN[name], argument, (*path, 0))
            case Total(of, axis):
                return [
                    operator(rf"\sum{_OVER[axis]} ", 3 + 4 * (axis is not None)),
                    *self.pieces(of, ATOM, (*path, 0)),
                ]
            case LastSample(of):
                return self._call(r"\text{last sample}", of, (*path, 0))
            case LogSumExp(of):
                inner = self.text(of, SUM, (*path, 0))
                text = rf"\ln \sum_{{\text{{units}}}} e^{{{inner.text}}}"
                return wrapped([Piece(text, 9 + inner.width)], level > PRODUCT)
            case Maximum(first, second):
                one, other = self.text(first, SUM, (*path, 0)), self.text(second, SUM, (*path, 1))
                text = rf"\max\left({one.text}, {other.text}\right)"
                return [Piece(text, 7 + one.width + other.width)]
            case Choice(condition, positive, otherwise):
                parts = [
                    self.text(each, SUM, (*path, place))
                    for place, each in enumerate((condition, positive, otherwise))
                ]
                case_of, yes, no = (part.text for part in parts)
                text = (
                    rf"\begin{{cases}} {yes} & {case_of} > 0 \\ {no} & \text{{else}} \end{{cases}}"
                )
                return [Piece(text, 10 + sum(part.width for part in parts))]
            case _:
                raise AssertionError(f"{type(node).__name__} has no LaTeX")

    def _is_high(self, node: Expression) -> bool:
        """Whether a fraction bar below it would make it hard to read: matrices and fractions."""
        inner = node.of if isinstance(node, Negative) else node
        return isinstance(inner, Quotient) or self.is_array(node)

    def is_array(self, node: Expression) -> bool:
        """Whether the expression is of arrays, not of single numbers."""
        if isinstance(node, Quantity):
            return node.index is None and self.scope.array(node.name, node.new).ndim > 0
        if isinstance(node, Total) and node.axis is None:
            return False
        return any(map(self.is_array, children(node)))

    def _quantity(self, node: Quantity | Transposed) -> Piece:
        if self.numbers:
            return matrix_piece(evaluate(node, self.scope), self.digits)
        if isinstance(node, Quantity):
            return symbol(quantity_text(node, self.symbols))
        assert isinstance(node.of, Quantity), "the pattern says so"
        text = quantity_text(node.of, self.symbols)
        return symbol(rf"{{{text}}}^{{\mathsf{{T}}}}")

    def _call(self, name: str, argument: Expression, path: Path) -> list[Piece]:
        pieces = self.pieces(argument, SUM, path)
        bare = len(pieces) == 1 and pieces[0].text.startswith(MATRIX)
        return [operator(f"{name} ", symbol(name).width + 1), *wrapped(pieces, not bare)]

    def _fraction(self, top: Expression, bottom: Expression, path: Path) -> Piece:
        one, other = self.text(top, SUM, (*path, 0)), self.text(bottom, SUM, (*path, 1))
        return Piece(rf"\frac{{{one.text}}}{{{other.text}}}", max(one.width, other.width) + 1)

    def _power(self, base: Expression, exponent: Expression, path: Path) -> Piece:
        inner = self.text(base, ATOM, (*path, 0))
        raised = self.text(exponent, SUM, (*path, 1))
        bare = isinstance(base, Quantity | Setting | Constant)
        if bare and (inner.text.startswith((r"\frac", "-")) or r"\times" in inner.text):
            inner = Piece(rf"\left({inner.text}\right)", inner.width + 2)
        elif bare and not self.numbers:
            inner = replace(inner, text=f"{{{inner.text}}}")
        return Piece(f"{inner.text}^{{{raised.text}}}", inner.width + raised.width)

    def _added(self, terms: tuple[Expression, ...], first: int, path: Path) -> list[Piece]:
        """Terms with their signs; ``first`` is the level of the first one. Many only in part."""
        written: list[Piece] = []
        places = range(len(terms)) if first == SUM else shown(len(terms))
        for place in places:
            if place is None:
                written += [operator(" + ", breaks=True), more(count(terms) - MOST_TERMS)]
                continue
            at, (sign, term) = (*path, place), signed(terms[place])
            if sign == "-":
                part = self.pieces(term, PRODUCT, (*at, 0))
                if at in self.marks:
                    part = [replace(piece, marked=True) for piece in part]
            else:
                part = self.pieces(term, PRODUCT if place else first, at)
            if place or sign == "-":
                written.append(operator(f" {sign} ", breaks=True) if place else operator("-", 1.5))
                part = bracketed(part)
            written += part
        return written

    def _product(self, factors: tuple[Expression, ...], path: Path) -> list[Piece]:
        r"""\odot between arrays, \cdot where one of the two is a number."""
        written: list[Piece] = []
        array = False
        for place, factor in enumerate(factors):
            here = self.is_array(factor)
            inner = ATOM if isinstance(factor, MatrixProduct) else PRODUCT
            part = self.pieces(factor, inner, (*path, place))
            if place:
                sign = operator(r" \odot ", 3.0, True) if array and here else dot()
                written += [sign, *bracketed(part)]
            else:
                written += part
            array = array or here
        return written


def dot(breaks: bool = True) -> Piece:
    return operator(r" \cdot ", 1.5, breaks)


def more(count: int) -> Piece:
    return operator(rf"{{\underbrace{{\cdots}}_{{{count}\text{{ more}}}}}}", 6.0)


def words(name: str) -> str:
    r"""\mathrm{sigmoid}, with a prime behind it; leaky\_relu."""
    plain = name.removesuffix("'").replace("_", r"\_")
    prime = "'" if name.endswith("'") else ""
    return rf"\mathrm{{{plain}}}{prime}"


def constant(node: Constant) -> Piece:
    if node.text.startswith("1/"):
        return Piece(rf"\frac{{1}}{{{node.text[2:]}}}", len(node.text) - 1.0)
    if node.text:
        return symbol(CONSTANTS[node.text])
    return replace(number_piece(node.value, 6), leaf=False)


def wrapped(pieces: list[Piece], wrap: bool) -> list[Piece]:
    """Within parentheses; those around much have a fixed size, so that lines may break inside."""
    if not wrap:
        return pieces
    whole = joined([OPEN, *pieces, CLOSE])
    if whole.width <= LONG:
        return [whole]
    size = "Bigg" if MATRIX in whole.text else "Big"
    opened, closed = rf"\{size}l( ", rf" \{size}r)"
    return [operator(opened, BRACKET_WIDTH), *pieces, operator(closed, BRACKET_WIDTH)]
