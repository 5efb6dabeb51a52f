"""Lines of text: spans with a role, where a line may end, and matrices in brackets."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import NamedTuple, TypeAlias

import numpy as np

from bptui.core.arrays import Array
from bptui.explain.expression import Index, Quantity
from bptui.explain.headings import Axes
from bptui.explain.printer import kept, number

MOST_ROWS = MOST_COLUMNS = 4
"""Rows and columns of a matrix that are written out; of more, the first and the last."""


class Span(NamedTuple):
    """A piece of a line. ``role`` says what it is, so that a screen can give it a colour.

    A symbol, and a number of an array, has the ``quantity`` it stands for, and what is to be
    ``told`` of it where it is a factor of the chain rule; on several paths that stands for others,
    ``also``.
    """

    text: str
    role: str
    marked: bool = False
    quantity: Quantity | None = None
    told: str = ""
    also: tuple[Quantity, ...] = ()


TextLine: TypeAlias = tuple[Span, ...]


def plain(line: Iterable[Span]) -> str:
    """Return the text of a line."""
    return "".join(span.text for span in line).rstrip()


def broken(
    parts: Sequence[tuple[int, int]], room: int, used: int, margin: int, least: int
) -> list[list[int]]:
    """Return the places of parts, given by width and where to break, on lines of ``room``.

    ``used``: of the first line, ``margin``: of later ones; none ends before it is wider than
    ``least``. See :attr:`~bptui.explain.printer.Token.breaks`.
    """
    if used + sum(width for width, _ in parts) <= room:
        return [[*range(len(parts))]]
    lines: list[list[int]] = [[]]
    for place, (width, breaks) in enumerate(parts):
        if breaks and used > least:
            later = range(place + 1, len(parts))
            end = next((k for k in later if 0 < parts[k][1] <= breaks), len(parts))
            if used + sum(ahead for ahead, _ in parts[place:end]) > room:
                lines.append([])
                used = margin
        lines[-1].append(place)
        used += width
    return lines


class Block(NamedTuple):
    """Lines of equal width, placed by their middle; ``breaks``: a line may end before it."""

    lines: tuple[TextLine, ...]
    width: int
    breaks: int = 0


def stripped(line: TextLine) -> TextLine:
    """Return a line without the blanks at its end, which keep columns in line."""
    while not line[-1].text.strip():
        line = line[:-1]
    return line


def beside(blocks: Sequence[Block]) -> list[TextLine]:
    """Return blocks on one row, their middle lines level.

    Blanks that keep columns in line stand behind brackets that are closed, not before them.
    """
    height = max(len(block.lines) for block in blocks)
    rows: list[TextLine] = []
    for y in range(height):
        spans, blanks = list[Span](), 0
        for block in blocks:
            inner = y - (height // 2 - len(block.lines) // 2)
            line = block.lines[inner] if 0 <= inner < len(block.lines) else ()
            if blanks and not (height == 1 and line and line[0].text.startswith(")")):
                spans.append(Span(" " * blanks, "operator"))
                blanks = 0
            spans += line
            blanks += max(block.width - sum([len(span.text) for span in line]), 0)
        spans.append(Span(" " * blanks, "operator"))
        rows.append(tuple([span for span in spans if span.text]))
    return rows


# arrays


def excerpt(
    array: Array, wanted: Index | None = None, most: int = MOST_COLUMNS
) -> tuple[Array, Index | None, list[int | None], list[int | None], bool]:
    """Return a matrix, where ``wanted`` is in it, its rows and columns shown, whether not all."""
    matrix = array if array.ndim == 2 else array[np.newaxis, :]
    at = None if wanted is None else ((0, *wanted) if array.ndim == 1 else wanted)
    rows = kept(matrix.shape[0], MOST_ROWS, at[0] if at else None)
    columns = kept(matrix.shape[1], most, at[1] if at else None)
    left_out = len(rows) < matrix.shape[0] or len(columns) < matrix.shape[1]
    return matrix, at, rows, columns, left_out


def aligned(texts: Sequence[str], least: int = 0) -> list[str]:
    """Return numbers of a column with blanks on both sides: their points stand below each other.

    They are ``least`` columns wide, or wider.
    """
    heads = [re.split(r"[.e]", text, maxsplit=1)[0] for text in texts]
    before = max(map(len, heads))
    padded = [" " * (before - len(head)) + text for text, head in zip(texts, heads, strict=True)]
    width = max(map(len, padded))
    return [text.ljust(width).rjust(least) for text in padded]


def matrix_block(
    array: Array,
    digits: int,
    axes: Axes,
    wanted: Index | None = None,
    role: str = "number",
    most: int = MOST_COLUMNS,
) -> Block:
    """Return an array in brackets, its columns aligned; a number as it is.

    ``wanted`` is the place of a number that is shown whatever is left out, and stands out. Rows and
    columns have the headings of ``axes``; where some are lit, their numbers stand out from others.
    """
    if array.ndim == 0:
        text = number(float(array), digits)
        return Block(((Span(text, role),),), len(text))
    matrix, at, rows, columns, left_out = excerpt(array, wanted, most)
    above, ahead = [*map(axes.columns, columns)], [*map(axes.rows, rows)]
    cells = [
        aligned(
            ["…" if r is None or c is None else number(float(matrix[r, c]), digits) for r in rows],
            len(heading.name),
        )
        for c, heading in zip(columns, above, strict=True)
    ]
    if any(heading.lit for heading in (*above, *ahead)):
        role = "number"
    size = f" {matrix.shape[0]}x{matrix.shape[1]}" if left_out else ""
    brackets = ["⎡⎤", *["⎢⎥"] * (len(rows) - 2), "⎣⎦"] if len(rows) > 1 else ["[]"]
    margin = max(len(heading.name) for heading in ahead)
    margin += 2 * (margin > 0)
    lines: list[TextLine] = []
    if any(heading.name for heading in above):
        names = [Span(" " * margin, "operator")]
        for texts, heading in zip(cells, above, strict=True):
            names += [
                Span(" " * (1 + len(texts[0]) - len(heading.name)), "operator"),
                Span(heading.name, "lit" if heading.lit else "label"),
            ]
        lines.append((*names, Span(" " * (1 + len(size)), "operator")))
    for place, (row, heading) in enumerate(zip(rows, ahead, strict=True)):
        named = Span(heading.name, "lit" if heading.lit else "label")
        gap = ":" * bool(heading.name)  # behind a sign the name alone would read as a factor
        spans = [named, Span(gap.ljust(margin - len(heading.name)), "operator")] if margin else []
        spans.append(Span(brackets[place][0], "operator"))
        for number_of, (column, texts) in enumerate(zip(columns, cells, strict=True)):
            text, is_wanted = texts[place], at is not None and at == (row, column)
            lit = row is not None and column is not None and (heading.lit or above[number_of].lit)
            left, right = len(text) - len(text.lstrip()), len(text) - len(text.rstrip())
            spans += [
                Span(" " * (left + (number_of > 0)), "operator"),
                Span(
                    text.strip(),
                    "selected" if is_wanted else "lit" if lit else role,
                    quantity=axes.at(row, column) if array.ndim > 1 else axes.at(column),
                ),
                Span(" " * right, "operator"),
            ]
        told = size if place == len(rows) // 2 else " " * len(size)
        lines.append((*spans, Span(brackets[place][1], "operator"), Span(told, "label")))
    return Block(tuple(lines), max(len(plain(line)) for line in lines))
