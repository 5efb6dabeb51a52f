r"""What LaTeX formulas are put together from: pieces of known width, numbers, matrices."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from bptui.core.arrays import Array
from bptui.core.derivation.expression import Index, Quantity
from bptui.core.derivation.matrices import MOST_COLUMNS, MOST_ROWS, kept
from bptui.core.derivation.symbols import Symbols
from bptui.core.derivation.tokens import number

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
CONSTANTS = {"1/2": r"\frac{1}{2}", "√(2/π)": r"\sqrt{2 / \pi}"}
MATRIX = r"\begin{pmatrix}"
ROW_END = r" \\ "
BINARY_WIDTH, BRACKET_WIDTH, COLUMN_GAP = 2.5, 1.0, 2.0
_EXPONENT = re.compile(r"e([+-])0*(\d+)")
_COMMAND = re.compile(r"\\[a-zA-Z]+|\\.|[{}^_&]")
_FRACTION = re.compile(
    r"\\frac\{([^{}]*(?:\{[^{}]*\}[^{}]*)*)\}\{((?:[^{}]|\{(?:[^{}]|\{[^{}]*\})*\})*)\}"
)


@dataclass(frozen=True)
class Piece:
    """A part of a formula; ``width`` is counted in digits, ``breaks``: a line may end before it.

    ``leaf``: one symbol or number and no operator.
    """

    text: str
    width: float
    breaks: bool = False
    marked: bool = False
    leaf: bool = False


def operator(text: str, width: float = BINARY_WIDTH, breaks: bool = False) -> Piece:
    return Piece(text, width, breaks)


OPEN, CLOSE = operator(r"\left(", BRACKET_WIDTH), operator(r"\right)", BRACKET_WIDTH)


def symbol(text: str) -> Piece:
    """A piece that is one symbol, its width estimated from what is left without commands."""
    return Piece(text, measure(text), leaf=True)


def measure(text: str) -> float:
    """About how many digits wide a symbol is; of a fraction the wider half counts."""
    while match := _FRACTION.search(text):
        wider = max(
            (_COMMAND.sub("", part.replace(r"\partial", "d")) for part in match.groups()), key=len
        )
        text = text[: match.start()] + wider + text[match.end() :]
    shown = text.replace(r"\partial", "d").replace(r"\delta", "d")
    return max(len(_COMMAND.sub("", shown).replace(" ", "")), 1)


def number_text(value: float, digits: int) -> str:
    r"""0.15, 4.7 \times 10^{-8}, \mathrm{nan}."""
    text = number(value if value else 0.0, digits)
    if not np.isfinite(value):
        return text.replace("nan", r"\mathrm{nan}").replace("inf", r"\mathrm{inf}")
    return _EXPONENT.sub(
        lambda each: rf" \times 10^{{{'-' if each[1] == '-' else ''}{each[2]}}}", text
    )


def number_piece(value: float, digits: int) -> Piece:
    text = number_text(value, digits)
    width = len(text) - 8 * (r"\times" in text) - 0.4 * ("." in text)
    return Piece(text, width, leaf=True)


def quantity_text(quantity: Quantity, symbols: Symbols) -> str:
    return "k" if quantity.name == "k" else symbols.latex(quantity)


def matrix_piece(array: Array, digits: int, wanted: Index | None = None) -> Piece:
    """An array between parentheses, with dots and its size where numbers are left out.

    The number at ``wanted`` is shown in bold whatever is left out.
    """
    if array.ndim == 0:
        return number_piece(float(array), digits)
    matrix = array if array.ndim == 2 else array[np.newaxis, :]
    at = None if wanted is None else ((0, *wanted) if array.ndim == 1 else wanted)
    rows = kept(matrix.shape[0], MOST_ROWS, at[0] if at else None)
    columns = kept(matrix.shape[1], MOST_COLUMNS, at[1] if at else None)
    widths = [1.0] * len(columns)
    lines: list[str] = []
    for row in rows:
        cells: list[str] = []
        for place, column in enumerate(columns):
            if row is None or column is None:
                dots = r"\ddots" if row is column else r"\vdots" if row is None else r"\cdots"
                cells.append(dots)
                continue
            cell = number_piece(float(matrix[row, column]), digits)
            widths[place] = max(widths[place], cell.width)
            cells.append(rf"\mathbf{{{cell.text}}}" if at == (row, column) else cell.text)
        lines.append(" & ".join(cells))
    text = rf"{MATRIX} {ROW_END.join(lines)} \end{{pmatrix}}"
    width = sum(widths) + COLUMN_GAP * (len(columns) - 1) + 4
    if len(rows) < matrix.shape[0] or len(columns) < matrix.shape[1]:
        text += rf"_{{{matrix.shape[0]} \times {matrix.shape[1]}}}"
        width += 6
    return Piece(text, width, leaf=True)


def joined(pieces: Sequence[Piece]) -> Piece:
    """All of them as one; those marked next to each other share a coloured box."""
    texts: list[str] = []
    run: list[str] = []
    for piece in pieces:
        if piece.marked:
            run.append(piece.text)
            continue
        texts += [boxed("".join(run))] if run else []
        run = []
        texts.append(piece.text)
    texts += [boxed("".join(run))] if run else []
    width = sum(each.width for each in pieces)
    return Piece("".join(texts), width + 2 * any(each.marked for each in pieces))


def boxed(text: str) -> str:
    # two readings of \color, as a switch and as a command of two arguments, come to the same here
    return rf"{{\color{{red}}{{\boxed{{{text.strip()}}}}}}}"


def bracketed(pieces: Sequence[Piece]) -> list[Piece]:
    """A negative number behind an operator in parentheses."""
    first = pieces[0]
    if first.leaf and first.text.startswith("-"):
        text, width = rf"({first.text})", first.width + 2 * BRACKET_WIDTH
        return [replace(first, text=text, width=width), *pieces[1:]]
    return [*pieces]
