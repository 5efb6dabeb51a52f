r"""Equations in LaTeX, as lines for align* or aligned: symbols, numbers, and the value."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from itertools import groupby
from typing import ClassVar

import numpy as np

from bptui.core.arrays import Array
from bptui.core.graph.node import OPS, POWER, UNARY
from bptui.explain.chain import Chain
from bptui.explain.equation import Equation
from bptui.explain.expression import Apply, Constant, Expression, Index, Quantity
from bptui.explain.formulas import MOST_TERMS
from bptui.explain.lines import Block, Span, TextLine, excerpt
from bptui.explain.printer import Role, Token, number, operator, symbols_of
from bptui.explain.rows import RowPrinter
from bptui.explain.symbols import Symbols
from bptui.explain.writer import EquationWriter

WIDTH = 84
"""About as many letters and digits as fit on a line of a page."""
_EXPONENT = re.compile(r"e([+-])0*(\d+)")
_ROWS = re.compile(r"\\begin\{\w+\}(.*?)\\end\{\w+\}")
_MACRO = re.compile(r"\\(?:begin|end)\{\w+\}|\\[a-zA-Z]+|[{}^_\\, ]|&")
_LONE_MATRIX = re.compile(
    r"\\left\((\\begin\{pmatrix\}(?:(?!\\begin|\\left).)*?\\end\{pmatrix\}(?:_\{[^{}]*\})?)\\right\)(?!\^)"
)


class LatexPrinter(RowPrinter):
    r"""Writes LaTeX that amsmath, MathJax and KaTeX all know: no macros of its own."""

    form = "latex"
    brackets = (r"\left(", r"\right)")
    wide_brackets = (r"\bigl( ", r" \bigr)")
    own: ClassVar[Mapping[str, str]] = {
        "tanh'": r"\tanh' \left({0}\right)",
        "sum 0 False": r"\sum_{{\text{{samples}}}} {0:unary}",
        "sum 1 True": r"\sum_{{\text{{units}}}} {0:unary}",
        "getitem -1": r"\text{{last sample}} \left({0}\right)",
        "log_sum_exp": r"\ln \sum_{{\text{{units}}}} e^{{{0}}}",
        "ln_one_plus_exp": r"\ln\left(1 + e^{{{0}}}\right)",
        "over a number": r"\frac{{1}}{{{1}}} \, {0:unary}",
    }
    greek: ClassVar[Mapping[str, str]] = {
        "learning_rate": r"\eta",
        "momentum": r"\mu",
        "beta1": r"\beta_{1}",
        "beta2": r"\beta_{2}",
        "rho": r"\rho",
        "epsilon": r"\epsilon",
        "l2": r"\lambda",
    }

    def leaf(self, node: Expression) -> Token:
        if isinstance(node, Constant):
            text = {"√(2/π)": r"\sqrt{2 / \pi}"}.get(node.text, latex_number(node.value, 6))
            if node.text.startswith("1/"):
                text = rf"\frac{{1}}{{{node.text[2:]}}}"
            return Token(text, text, "constant")
        return super().leaf(node)

    def name(self, quantity: Quantity, transposed: bool = False) -> str:
        name = self.symbols.latex(quantity)
        return rf"{{{name}}}^{{\mathsf{{T}}}}" if transposed else name

    def token(
        self, symbol: str, value: Array | float, role: Role, node: Expression | None = None
    ) -> Token:
        if isinstance(value, np.ndarray) and value.ndim:
            return Token(symbol, matrix_text(value, self.digits), role, array=value)
        return Token(symbol, latex_number(float(value), self.digits), role)

    def times(self, elementwise: bool = False) -> str:
        return r" \odot " if elementwise else r" \cdot "

    def filled(self, template: str, node: Expression, nest: int) -> list[Token]:
        found = super().filled(template, node, nest)
        # between matrices in symbols nothing stands
        dot = Token(r" \, ", r" \cdot ", breaks=nest)
        return [dot if token.symbol == dot.symbol else token for token in found]

    def more(self, terms: int, of: str = "") -> Token:
        return operator(rf"{{\underbrace{{\cdots}}_{{{terms}\text{{ more{of}}}}}}}")

    def sigma(self, terms: int, opened: str) -> Token:
        return Token(rf"\sum_{{{terms}\text{{ samples}}}} {opened}", "")

    def called(self, name: str) -> str:
        if name in self.own or name in OPS:
            return super().called(name)
        shown, prime, _ = name.replace("_", r"\_").partition("'")
        return rf"\mathrm{{{{{shown}}}}}{prime} \left({{0}}\right)"

    def notation(self, node: Apply) -> tuple[str, int]:
        template, binds = super().notation(node)
        if node.op != "divide":
            return template, binds
        top, bottom = node.parts
        inner = top.signed[1]
        # a fraction bar below a matrix or another fraction would be hard to read
        if isinstance(bottom, Constant) and (inner.is_op("divide") or self.is_array(inner)):
            return self.own["over a number"], UNARY
        return template, POWER

    def power(self, base: Expression, exponent: Expression, nest: int) -> list[Token]:
        node = Apply("power", (base, exponent))
        first, *found = self.filled(self.called("power"), node, nest)
        if first.role != "operator":
            symbol, value = first.symbol, first.number
            high = symbol.startswith(r"\frac")
            symbol = rf"\left({symbol}\right)" if high else f"{{{symbol}}}"
            if value.startswith("-") or r"\times" in value:
                value = rf"\left({value}\right)"
            first = replace(first, symbol=symbol, number=value)
        return [first, *found]


def latex_number(value: float, digits: int) -> str:
    r"""Write 0.15, 4.7 \times 10^{-8}, \mathrm{nan}."""
    text = number(value, digits)
    if not np.isfinite(value):
        return text.replace("nan", r"\mathrm{nan}").replace("inf", r"\mathrm{inf}")
    return _EXPONENT.sub(
        lambda found: rf" \times 10^{{{'-' if found[1] == '-' else ''}{found[2]}}}", text
    )


class LatexWriter(EquationWriter):
    """Writes equations as lines of LaTeX that are to be joined by ``\\\\``."""

    printer = LatexPrinter
    labels_symbols = stacks = False

    def __init__(self, symbols: Symbols, digits: int = 6, value_digits: int = 10) -> None:
        super().__init__(symbols, WIDTH, digits, value_digits)

    def lines(self, equation: Equation) -> list[str]:
        """Return the equation."""
        lines = [_text(line) for line in self.numbers(equation, True)]
        if equation.note:
            note = equation.note.replace("_", r"\_")
            lines[0] += rf" \qquad \text{{({note})}}"
        return lines

    def links(self, chain: Chain) -> list[str]:
        """Return the links of a gradient, below each what it is."""
        name = self.symbols.latex
        columns = chain.written(
            name, lambda above, below: rf"\frac{{\partial {above}}}{{\partial {below}}}"
        )
        of = rf"\frac{{\partial L}}{{\partial {name(chain.of)}}}"
        first, *other = dict.fromkeys((*map(name, chain.called), of))
        lines = [f"{first} &= " + "".join(f"{each} = " for each in other)]
        lines[0] += "".join(rf"\sum_{{{letter}}} " for letter in chain.sums)
        for place, (factor, values, word, _) in enumerate(columns):
            named = ", ".join(values[:MOST_TERMS]) + r", \cdots" * (len(values) > MOST_TERMS)
            below = named or (rf"\text{{{word}}}" if word else "")
            if place and glyphs(lines[-1]) > WIDTH:
                lines.append(r"&\quad ")
            lines[-1] += r"\cdot " if place else ""
            lines[-1] += rf"\underbrace{{{factor}}}_{{{below}}} " if below else f"{factor} "
        if chain.added is not None:
            added = LatexPrinter(self.symbols, chain.scope).tokens(chain.added)
            lines[-1] += f"+ {symbols_of(added)}"
        return [line.rstrip() for line in lines] if columns else []

    def start(self, equation: Equation) -> tuple[TextLine, TextLine]:
        left = self.symbols.latex(replace(equation.left, new=False))
        relation = r"\leftarrow" if equation.left.new else "="
        return (Span(f"{left} &{relation} ", "name"),), (Span("&= ", "operator"),)

    def below(self, margin: int, sign: str = "") -> TextLine:
        return (Span(rf"&\quad {sign} " if sign else r"&\qquad", "operator"),)

    def columns(self, text: str) -> int:
        return glyphs(text)

    def block(self, token: Token, symbols: bool, is_array: bool) -> Block:
        return self.one_line(token, symbols)

    def room(self, token: Token, symbols: bool) -> int:
        return glyphs(token.symbol if symbols else token.number)

    def value(self, equation: Equation) -> Block:
        text = matrix_text(equation.array, self.value_digits, equation.wanted)
        return Block(((Span(text, "value"),),), glyphs(text))

    def breakable(self, tokens: Sequence[Token]) -> list[Token]:
        r"""Give outer brackets a fixed size, so that lines may end in them, but nowhere deeper."""
        size = "Bigg" if any(token.array is not None for token in tokens) else "Big"
        found: list[Token] = []
        brackets = braces = 0
        for token in tokens:
            text = token.symbol if token.role == "operator" else ""
            brackets -= text.startswith(r"\right")
            breaks = token.breaks if brackets < 2 and not braces else 0
            if text and not brackets and not braces:
                fixed = re.sub(r"\\left(.)", rf"\\{size}l\1 ", text)
                fixed = re.sub(r"\\right(.)", rf" \\{size}r\1", fixed)
                token = replace(token, symbol=fixed, number=fixed) if fixed != text else token
            found.append(replace(token, breaks=breaks))
            brackets += r"\left" in text
            braces += text.count("{") - text.count("}")
        return found


def _text(line: TextLine) -> str:
    """Return a line; what is marked next to each other shares a coloured box."""
    written = ""
    for (marked, label), run in groupby(line, key=lambda s: (s.marked, s.role == "label")):
        text = "".join(span.text for span in run)
        if label:
            text = rf" \qquad \text{{({text.strip()})}}"
        # two readings of \color, as a switch and as a command of two arguments, are the same
        written += rf"{{\color{{red}}{{\boxed{{{text.strip()}}}}}}}" if marked else text
    return _LONE_MATRIX.sub(r"\1", written.strip())


def glyphs(text: str) -> int:
    """Count the letters and digits that a formula is wide; of a matrix its widest row's."""
    widest = _ROWS.sub(lambda rows: max(rows[1].split(r"\\"), key=_letters), text)
    return _letters(widest)


def _letters(text: str) -> int:
    return len(_MACRO.sub("", text.replace("&", "  ")))


def matrix_text(array: Array, digits: int, wanted: Index | None = None) -> str:
    """Return an array between parentheses, with dots and its size where numbers are left out.

    The number at ``wanted`` is shown in bold whatever is left out. A number is only itself.
    """
    if array.ndim == 0:
        return latex_number(float(array), digits)
    matrix, at, rows, columns, left_out = excerpt(array, wanted)

    def cell(row: int | None, column: int | None) -> str:
        if row is None or column is None:
            return r"\ddots" if row is column else r"\vdots" if row is None else r"\cdots"
        text = latex_number(float(matrix[row, column]), digits)
        return rf"\mathbf{{{text}}}" if at == (row, column) else text

    lines = r" \\ ".join(" & ".join(cell(row, column) for column in columns) for row in rows)
    size = rf"_{{{matrix.shape[0]} \times {matrix.shape[1]}}}" if left_out else ""
    return rf"\begin{{pmatrix}} {lines} \end{{pmatrix}}{size}"
