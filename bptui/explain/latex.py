r"""Equations in LaTeX, as lines for align* or aligned: symbols, numbers, and the value.

Keeps to what amsmath, MathJax and KaTeX all know: no \operatorname, no macros of its own.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from itertools import groupby
from typing import ClassVar, NamedTuple

import numpy as np

from bptui.core.arrays import Array
from bptui.explain.equation import Equation
from bptui.explain.expression import (
    Constant,
    Expression,
    Index,
    Negative,
    Power,
    Quantity,
    Quotient,
    Setting,
    Transposed,
)
from bptui.explain.matrices import MOST_COLUMNS, excerpt
from bptui.explain.printer import (
    UNARY,
    Path,
    Printer,
    Role,
    Token,
    broken,
    number,
    operator,
)
from bptui.explain.rows import RowWriter, Terms
from bptui.explain.symbols import Symbols

SETTINGS = {
    "learning_rate": r"\eta",
    "momentum": r"\mu",
    "beta1": r"\beta_{1}",
    "beta2": r"\beta_{2}",
    "rho": r"\rho",
    "epsilon": r"\epsilon",
    "l2": r"\lambda",
}
"""The symbols of what an experiment sets."""
CONSTANTS = {"√(2/π)": r"\sqrt{2 / \pi}"}
MOST_SYMBOLS, MOST_NUMBERS, MOST_VALUES = 12, 8, 5
"""Symbols, numbers put in and values with all their digits that stand beside each other."""
SHORT = 4
r"""Signs of a short symbol or number: 1, 0.05, \eta."""
_EXPONENT = re.compile(r"e([+-])0*(\d+)")
_OPENED = re.compile(r"\{|\\left\b|\\begin")
_CLOSED = re.compile(r"\}|\\right\b|\\end\b")
_LONE_MATRIX = re.compile(
    r"\\left\((\\begin\{pmatrix\}(?:(?!\\begin|\\left).)*?\\end\{pmatrix\}(?:_\{[^{}]*\})?)\\right\)(?!\^)"
)


class LatexPrinter(Printer):
    """Writes expressions in LaTeX."""

    brackets = (r"\left(", r"\right)")
    wide_brackets = (r"\bigl( ", r" \bigr)")
    calls: ClassVar[Mapping[str, str]] = {
        "exp": "e^{«0»}",
        "ln": r"\ln \left(«0»\right)",
        "sqrt": r"\sqrt{«0»}",
        "tanh": r"\tanh \left(«0»\right)",
        "tanh'": r"\tanh' \left(«0»\right)",
        "abs": r"\left|«0»\right|",
        "sign": r"\mathrm{sgn} \left(«0»\right)",
        "ln_one_plus_exp": r"\ln\left(1 + e^{«0»}\right)",
        "Maximum": r"\max\left(«0», «1»\right)",
        "Minimum": r"\min\left(«0», «1»\right)",
        "Choice": r"\begin{cases} «1» & «0» > 0 \\ «2» & \text{else} \end{cases}",
        "Transposed": r"«0:atom»^{\mathsf{T}}",
        "LastSample": r"\text{last sample} \left(«0»\right)",
        "LogSumExp": r"\ln \sum_{\text{units}} e^{«0»}",
        "Total": r"\sum «0:unary»",
        "Total 0": r"\sum_{\text{samples}} «0:unary»",
        "Total 1": r"\sum_{\text{units}} «0:unary»",
    }

    def called(self, name: str, node: Expression, path: Path, nest: int) -> list[Token]:
        shown = name.replace("_", r"\_")
        form = self.calls.get(name, rf"\mathrm{{{shown}}} \left(«0»\right)")
        return self.filled(form.replace("'}", "}'"), node, path, nest)

    def token(self, symbol: str, value: Array | float, role: Role) -> Token:
        if isinstance(value, np.ndarray) and value.ndim:
            return Token(symbol, matrix_text(value, self.digits), role, array=value)
        return Token(symbol, number_text(float(value), self.digits), role)

    def name(self, node: Expression) -> str:
        match node:
            case Quantity():
                return quantity_text(node, self.symbols)
            case Transposed(of):
                return rf"{{{self.name(of)}}}^{{\mathsf{{T}}}}"
        assert isinstance(node, Setting)
        return SETTINGS.get(node.name, node.name)

    def constant(self, node: Constant) -> str:
        if node.text.startswith("1/"):
            return rf"\frac{{1}}{{{node.text[2:]}}}"
        return CONSTANTS[node.text] if node.text else number_text(node.value, 6)

    def sign(self, name: str, breaks: int = 0) -> Token:
        if name == "matrix_times":
            return Token(r" \, ", r" \cdot ", breaks=breaks)
        return operator(r" \odot " if name == "elementwise" else r" \cdot ", breaks)

    def more(self, terms: int, of: str = "") -> Token:
        return operator(rf"{{\underbrace{{\cdots}}_{{{terms}\text{{ more{of}}}}}}}")

    def sigma(self, terms: int, opened: str) -> Token:
        return Token(rf"\sum_{{{terms}\text{{ samples}}}} {opened}", "")

    def quotient(
        self, top: Expression, bottom: Expression, level: int, path: Path, nest: int
    ) -> list[Token]:
        node, inner = Quotient(top, bottom), top.of if isinstance(top, Negative) else top
        # a fraction bar below a matrix or another fraction would be hard to read
        if isinstance(bottom, Constant) and (isinstance(inner, Quotient) or self.is_array(inner)):
            found = self.filled(r"\frac{1}{«1»} \, «0:unary»", node, path, nest)
            return self.wrapped(found, level > UNARY)
        return self.filled(r"\frac{«0»}{«1»}", node, path, nest)

    def power(self, base: Expression, exponent: Expression, path: Path, nest: int) -> list[Token]:
        first, *found = self.filled("«0:atom»^{«1»}", Power(base, exponent), path, nest)
        if first.role != "operator":
            symbol, value = first.symbol, first.number
            high = symbol.startswith(r"\frac")
            symbol = rf"\left({symbol}\right)" if high else f"{{{symbol}}}"
            if value.startswith("-") or r"\times" in value:
                value = rf"\left({value}\right)"
            first = replace(first, symbol=symbol, number=value)
        return [first, *found]


class LatexWriter:
    """Writes equations as lines of LaTeX that are to be joined by ``\\\\``.

    Numbers put in have ``digits`` significant digits, values ``value_digits``.
    """

    def __init__(self, symbols: Symbols, digits: int = 6, value_digits: int = 10) -> None:
        self.symbols, self.digits, self.value_digits = symbols, digits, value_digits

    def lines(self, equation: Equation, wanted: Index | None = None) -> list[str]:
        """The equation; the number of a matrix at ``wanted`` stands out."""
        left = quantity_text(replace(equation.left, new=False), self.symbols)
        relation = r"\leftarrow" if equation.left.new else "="
        value = matrix_text(equation.array, self.value_digits, wanted)
        writer = self._writer(equation, numbers=False)
        terms = writer.terms(equation.expression)
        lines = _set(terms, rf"{left} &{relation} ", symbols=True)
        if equation.note:
            note = equation.note.replace("_", r"\_")
            lines[0] += rf" \qquad \text{{({note})}}"
        if equation.is_known:
            return [*lines, f"&= {value}"]
        if equation.left.index is None:
            writer = self._writer(equation, numbers=True)
            terms = writer.terms(equation.expression)
        lines += _set(terms, "&= ", symbols=False)
        if equation.array.ndim == 0 and (partial := writer.partial(equation, terms)):
            pieces = _pieces(partial, symbols=False)
            lines += _flow(pieces, "&= ", MOST_VALUES)
            fits = _width(pieces) < MOST_VALUES
        else:
            used = _width(_pieces(terms.joined(terms.numbers), symbols=False))
            fits = not any(row.label for row in terms.numbers)
            fits &= used + 2 * _columns(equation.array) <= MOST_NUMBERS
        if not fits:
            return [*lines, f"&= {value}"]
        lines[-1] += f" = {value}"
        return lines

    def _writer(self, equation: Equation, *, numbers: bool) -> RowWriter:
        printer = LatexPrinter(self.symbols, equation.scope, self.digits, equation.marks, numbers)
        return RowWriter(printer, self.value_digits)


class _Piece(NamedTuple):
    """A token's symbol or number; ``width``: how many of them stand beside each other."""

    text: str
    width: float
    breaks: int
    marked: bool


def _set(terms: Terms, start: str, *, symbols: bool) -> list[str]:
    """The terms on one line where they are few, else one below the other."""
    rows, most = (terms.symbols, MOST_SYMBOLS) if symbols else (terms.numbers, MOST_NUMBERS)
    labelled = any(row.label for row in rows) and not symbols
    whole = _pieces(terms.joined(rows), symbols=symbols)
    if len(rows) == 1 or (not labelled and _width(whole) <= most):
        return _flow(whole, start, most)
    lines: list[str] = []
    for place, row in enumerate(rows):
        tokens = [*row.tokens, operator(row.tail)]
        before = rf"&\quad {row.sign} " if place else start
        if not place:
            tokens = [*terms.before, *terms.sigma, *row.unary, *tokens]
        if place == len(rows) - 1:
            tokens += terms.after
        lines += _flow(_pieces(tokens, symbols=symbols), before, most)
        if labelled and row.label:
            lines[-1] += rf" \qquad \text{{({row.label})}}"
    return lines


def _pieces(tokens: Sequence[Token], *, symbols: bool) -> list[_Piece]:
    """Symbols or numbers; short ones, and those in fractions and powers, take half a place."""
    found: list[_Piece] = []
    depth = 0
    for token in tokens:
        text, width = token.symbol if symbols else token.number, 0.0
        if token.role == "operator":
            depth += text.count("{") - text.count("}")
        elif token.array is not None and not symbols:
            width = _columns(token.array)
        else:
            width = 0.5 if len(text) <= SHORT else 1
        found.append(_Piece(text, width / 2 if depth else width, token.breaks, token.marked))
    return found


def _columns(array: Array) -> int:
    """How many numbers of an array stand beside each other, dots among them."""
    return min(array.shape[-1], MOST_COLUMNS + 1) if array.ndim else 1


def _width(pieces: Sequence[_Piece]) -> float:
    return sum(piece.width for piece in pieces)


def _flow(pieces: Sequence[_Piece], start: str, most: int) -> list[str]:
    """Pieces on a line, going on below where they are more than ``most``."""
    if _width(pieces) <= most:
        return [start + _text(pieces)]
    pieces = _breakable(pieces, most)
    lines = broken([(each.width, each.breaks) for each in pieces], most, least=1)
    texts = [_text([pieces[place] for place in line]) for line in lines]
    return [start + texts[0], *(rf"&\qquad {text}" for text in texts[1:])]


def _breakable(pieces: Sequence[_Piece], most: int) -> list[_Piece]:
    r"""Give brackets around much a fixed size: no line may end between \left and \right."""
    found: list[_Piece] = []
    depth = opened = 0
    for place, piece in enumerate(pieces):
        if not depth and piece.text.endswith(r"\left("):
            opened = place
        found.append(piece._replace(breaks=0) if depth else piece)
        depth += len(_OPENED.findall(piece.text)) - len(_CLOSED.findall(piece.text))
        inner = pieces[opened + 1 : place]
        if not depth and piece.text.startswith(r"\right)") and _width(inner) > most:
            size = "Bigg" if any("pmatrix" in each.text for each in inner) else "Big"
            first, last = pieces[opened], piece
            found[opened - place - 1 :] = [
                first._replace(text=first.text.replace(r"\left(", rf"\{size}l( ")),
                *_breakable(inner, most),
                last._replace(text=last.text.replace(r"\right)", rf" \{size}r)")),
            ]
    return found


def _text(pieces: Sequence[_Piece]) -> str:
    """All of them as one; those marked next to each other share a coloured box."""
    written = ""
    for marked, run in groupby(pieces, key=lambda each: each.marked):
        text = "".join(each.text for each in run)
        # two readings of \color, as a switch and as a command of two arguments, are the same here
        written += rf"{{\color{{red}}{{\boxed{{{text.strip()}}}}}}}" if marked else text
    return _LONE_MATRIX.sub(r"\1", written.strip())


def number_text(value: float, digits: int) -> str:
    r"""0.15, 4.7 \times 10^{-8}, \mathrm{nan}."""
    text = number(value, digits)
    if not np.isfinite(value):
        return text.replace("nan", r"\mathrm{nan}").replace("inf", r"\mathrm{inf}")
    return _EXPONENT.sub(
        lambda each: rf" \times 10^{{{'-' if each[1] == '-' else ''}{each[2]}}}", text
    )


def quantity_text(quantity: Quantity, symbols: Symbols) -> str:
    return "k" if quantity.name == "k" else symbols.latex(quantity)


def matrix_text(array: Array, digits: int, wanted: Index | None = None) -> str:
    """An array between parentheses, with dots and its size where numbers are left out.

    The number at ``wanted`` is shown in bold whatever is left out. A number is only itself.
    """
    if array.ndim == 0:
        return number_text(float(array), digits)
    matrix, at, rows, columns = excerpt(array, wanted)
    lines: list[str] = []
    for row in rows:
        cells: list[str] = []
        for column in columns:
            if row is None or column is None:
                dots = r"\ddots" if row is column else r"\vdots" if row is None else r"\cdots"
                cells.append(dots)
                continue
            cell = number_text(float(matrix[row, column]), digits)
            cells.append(rf"\mathbf{{{cell}}}" if at == (row, column) else cell)
        lines.append(" & ".join(cells))
    text = r"\begin{pmatrix} " + r" \\ ".join(lines) + r" \end{pmatrix}"
    if len(rows) < matrix.shape[0] or len(columns) < matrix.shape[1]:
        text += rf"_{{{matrix.shape[0]} \times {matrix.shape[1]}}}"
    return text
