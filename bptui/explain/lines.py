"""Lines of text: spans with a role, where a line may end, and matrices with their headings."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import NamedTuple, TypeAlias

import numpy as np

from bptui.core.arrays import Array
from bptui.explain.expression import Expression, Index, Quantity
from bptui.explain.printer import kept, number
from bptui.explain.symbols import Symbols, Unit

MOST_ROWS = MOST_COLUMNS = 4
"""Rows and columns of a matrix that are written out; of more, the first and the last."""
OF_SAMPLES = -1
"""In the place of a layer: the rows are samples."""


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


# arrays, and what their rows and columns are called


class Heading(NamedTuple):
    """What a row or a column is called, and whether it stands out."""

    name: str = ""
    lit: bool = False

    @property
    def span(self) -> Span:
        return Span(self.name, "lit" if self.lit else "label")


class Axes(NamedTuple):
    """The headings of rows and of columns by their places; of a gap, None, an empty one.

    ``whole``: the quantity of which the cells are the numbers, and whether it is transposed.
    """

    rows: Callable[[int | None], Heading] = lambda place: Heading()
    columns: Callable[[int | None], Heading] = lambda place: Heading()
    whole: Quantity | None = None
    transposed: bool = False

    def at(self, *place: int | None) -> Quantity | None:
        """Return the quantity of a cell; None for a gap, and where it is none by itself."""
        index = place[::-1] if self.transposed else place
        known = tuple(each for each in index if each is not None)
        return self.whole and replace(self.whole, index=known) if known == index else None


def whole_of(node: Expression | None) -> Quantity | None:
    """Return the quantity that a node is, maybe transposed; None for other expressions."""
    inner = node.parts[0] if node is not None and node.is_op("transpose") else node
    return inner if isinstance(inner, Quantity) else None


@dataclass(frozen=True)
class Headings:
    """Those of a network's arrays; what belongs to the units in ``lit`` stands out."""

    symbols: Symbols
    lit: frozenset[Unit] = frozenset()

    def axes(self, node: Expression | None, array: Array) -> Axes:
        """Return the headings of an array that ``node`` stands for, as far as they are known."""
        found = () if node is None else node.quantities()
        layers = self._layers(found[0].name) if found else None
        if node is None or layers is None or not array.ndim:
            return Axes()
        turned, whole = node.is_op("transpose"), whole_of(node)
        layers = layers[::-1] if turned else layers
        samples = array.shape[0] if layers[0] == OF_SAMPLES else array.shape[-1]
        rows, columns = (partial(self._heading, layer, samples) for layer in layers)
        return Axes(rows if array.ndim > 1 else Axes().rows, columns, whole, turned)

    def is_lit(self, node: Expression | None) -> bool:
        """Tell whether a number belongs to lit units alone: of a weight both ends are."""
        if not self.lit or not isinstance(node, Quantity) or node.index is None:
            return False
        layers = self._layers(node.name) or ()
        places = zip(layers[-len(node.index) :], node.index, strict=False)
        ends = {(layer, place) for layer, place in places if layer != OF_SAMPLES}
        return bool(ends) and ends <= self.lit

    def _layers(self, name: str) -> tuple[int, int] | None:
        """Return the layers of which rows and columns are the units, or OF_SAMPLES."""
        if name in ("input", "target"):
            return OF_SAMPLES, 0 if name == "input" else self.symbols.names.depth
        place = self.symbols.places.get(name)
        if place is None:
            return None
        weights = place.kind in ("weight", "weight_gradient")
        return place.layer - 1 if weights else OF_SAMPLES, place.layer

    def _heading(self, layer: int, samples: int, place: int | None) -> Heading:
        if place is None:
            return Heading()
        if layer == OF_SAMPLES:
            return Heading(f"s{place + 1}" * (samples > 1))
        return Heading(self.symbols.names.unit(layer, place), (layer, place) in self.lit)


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
            before = " " * (1 + len(texts[0]) - len(heading.name))
            names += [Span(before, "operator"), heading.span]
        lines.append((*names, Span(" " * (1 + len(size)), "operator")))
    for place, (row, heading) in enumerate(zip(rows, ahead, strict=True)):
        gap = ":" * bool(heading.name)  # behind a sign the name alone would read as a factor
        gap = gap.ljust(margin - len(heading.name))
        spans = [heading.span, Span(gap, "operator")] if margin else []
        spans.append(Span(brackets[place][0], "operator"))
        for column, texts, name in zip(columns, cells, above, strict=True):
            text, lit = texts[place], None not in (row, column) and (heading.lit or name.lit)
            kind = "selected" if at and at == (row, column) else "lit" if lit else role
            of = axes.at(row, column) if array.ndim > 1 else axes.at(column)
            left, right = len(text) - len(text.lstrip()), len(text) - len(text.rstrip())
            spans += [
                Span(" " * (left + (column != columns[0])), "operator"),
                Span(text.strip(), kind, quantity=of),
                Span(" " * right, "operator"),
            ]
        told = size if place == len(rows) // 2 else " " * len(size)
        lines.append((*spans, Span(brackets[place][1], "operator"), Span(told, "label")))
    return Block(tuple(lines), max(len(plain(line)) for line in lines))
