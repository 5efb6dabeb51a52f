"""Lines beside the current one, in the cells that it leaves free, with marks of their own."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np

from bptui.core.arrays import Array, Integers

Cell = tuple[int, int]
"""A row and a column of characters."""

BRAILLE = 0x2800
BITS = ((0x01, 0x08), (0x02, 0x10), (0x04, 0x20), (0x40, 0x80))
"""The bit of each dot of a braille character: four rows of two."""
APART = 3
"""Columns that marks of a series of points keep between each other."""
MOST_MARKS = 3
"""A line carries its mark so often at most, and at least once where there is room."""


@dataclass(frozen=True, eq=False)
class Series:
    """The losses at ``steps``, the lowest and the highest around each; NaN is left out.

    A ``line`` carries its ``mark`` in places, ``points`` consist of marks alone, ``dots`` are a
    braille line of one dot a column. All of them are drawn through the middle: bands would cover
    each other.
    """

    steps: Integers
    lows: Array
    highs: Array
    kind: Literal["line", "dots", "points"] = "line"
    mark: str = ""

    def scaled(self, lows: Array, highs: Array) -> Series:
        """Return the same with other values, of which those that are not finite are left out."""
        drawn = np.isfinite(lows) & np.isfinite(highs)
        return replace(self, steps=self.steps[drawn], lows=lows[drawn], highs=highs[drawn])


@dataclass(frozen=True)
class Area:
    """A plot area of so many characters, and the values at its edges; step 0 is at the left."""

    columns: int
    rows: int
    last: int
    low: float
    high: float

    def places(self, series: Series) -> tuple[Integers, Integers]:
        """Return the columns and rows of dots of a series: two and four a character."""
        middle = series.lows / 2.0 + series.highs / 2.0
        shares = (middle - self.low) / (self.high - self.low)
        across = series.steps / self.last * (2 * self.columns - 1) + 0.5
        down = shares * (4 * self.rows - 1) + 0.5
        return across.astype(np.intp), 4 * self.rows - 1 - down.astype(np.intp)

    def line(self, series: Series) -> list[Cell]:
        """Return the row and the column of each dot of a line through all values."""
        x, y = self.places(series)
        lengths = np.maximum(np.maximum(np.abs(np.diff(x)), np.abs(np.diff(y))), 1)
        ends = np.concatenate([[0], np.cumsum(lengths)])[: x.size]
        places = np.arange(ends.max(initial=-1) + 1)
        rows, columns = (np.rint(np.interp(places, ends, at)) if x.size else x for at in (y, x))
        return [*zip(rows.astype(int).tolist(), columns.astype(int).tolist(), strict=True)]


def draw(
    area: Area, beside: Sequence[Series], rows: Sequence[str]
) -> tuple[list[str], dict[Cell, int]]:
    """Draw the series into the rows of the plot area; return these and who owns which cell.

    Lines only take what is free; marks stand over everything, or equal lines could not be told
    apart.
    """
    texts = [list(row) for row in rows]
    bits, owners, marks = defaultdict[Cell, int](int), dict[Cell, int](), dict[Cell, str]()
    lines = [series for series in beside if series.kind == "line"]
    for number, series in enumerate(beside):
        placed = _points(area, series) if series.kind == "points" else []
        dots = area.line(series) if series.kind != "points" else []
        middle = _middle(dots)
        if series.kind == "dots":
            dots = [(row, 2 * column) for row, column in middle]
        for row, column in dots:
            cell = row // 4, column // 2
            if rows[cell[0]][cell[1]] == " ":
                bits[cell] |= BITS[row % 4][column % 2]
                owners.setdefault(cell, number)
        if series.mark and series.kind == "line":
            cells = [(row // 4, column) for row, column in middle]
            placed = _marks(cells, lines.index(series), len(lines), marks)
        for cell in placed:
            if cell not in marks:
                marks[cell], owners[cell] = series.mark, number
    for (row, column), dotted in bits.items():
        texts[row][column] = chr(BRAILLE + dotted)
    for (row, column), mark in marks.items():
        texts[row][column] = mark
    return ["".join(row) for row in texts], owners


def _middle(dots: Sequence[Cell]) -> list[Cell]:
    """Return the row of the middle of a line's dots, for each column of characters it reaches."""
    rows = defaultdict[int, set[int]](set)
    for row, column in dots:
        rows[column // 2].add(row)
    return [(sorted(found)[len(found) // 2], column) for column, found in sorted(rows.items())]


def _points(area: Area, series: Series) -> list[Cell]:
    """Return cells of points that keep apart; one that is drawn stays as others come."""
    x, y = area.places(series)
    _, first = np.unique(x // 2 // APART, return_index=True)
    return [(int(y[at]) // 4, int(x[at]) // 2) for at in first]


def _marks(cells: list[Cell], number: int, of: int, taken: dict[Cell, str]) -> list[Cell]:
    """Return where on a line's ``cells`` its marks stand, clear of those of the lines before."""
    repeats = max(1, min(MOST_MARKS, len(cells) // (4 * of)))
    places: list[Cell] = []
    for repeat in range(repeats):
        wanted = int((repeat + (number + 0.5) / of) * len(cells) / repeats)
        nearest = sorted(range(len(cells)), key=lambda at: abs(at - wanted))[:16]
        free = [cells[at] for at in nearest if cells[at] not in taken and cells[at] not in places]
        places += free[:1]
    return places
