"""Lines beside the current one, in the cells that it leaves free, with marks of their own."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
import numpy.typing as npt

from bptui.charts.axes import Floats

Steps = npt.NDArray[np.intp]
Dots = npt.NDArray[np.bool_]
Cell = tuple[int, int]
"""A row and a column of characters."""

BRAILLE = 0x2800
BITS = np.array([[0x01, 0x08], [0x02, 0x10], [0x04, 0x20], [0x40, 0x80]], dtype=np.uint8)
"""The bit of each dot of a braille character: four rows of two."""
APART = 3
"""Columns that marks of a series of points keep between each other."""
MOST_MARKS = 3
"""A line carries its mark so often at most, and at least once where there is room."""


@dataclass(frozen=True, eq=False)
class Series:
    """The losses at ``steps``, the lowest and the highest around each; NaN is left out.

    A ``line`` carries its ``mark`` in places, ``points`` consist of marks alone, ``dots`` are a
    braille line of one dot a column. All of them are drawn through the :meth:`thin` middle: bands
    would cover each other.
    """

    steps: Steps
    lows: Floats
    highs: Floats
    kind: Literal["line", "dots", "points"] = "line"
    mark: str = ""

    def scaled(self, lows: Floats, highs: Floats) -> Series:
        """Return the same with other values, of which those that are not finite are left out."""
        drawn = np.isfinite(lows) & np.isfinite(highs)
        return replace(self, steps=self.steps[drawn], lows=lows[drawn], highs=highs[drawn])

    def thin(self) -> Series:
        """Return the same with the middle between the lowest and the highest alone."""
        middle = self.lows / 2.0 + self.highs / 2.0
        return replace(self, lows=middle, highs=middle)


@dataclass(frozen=True)
class Area:
    """A plot area of so many characters, and the values at its edges; step 0 is at the left."""

    columns: int
    rows: int
    last: int
    low: float
    high: float

    def places(self, series: Series) -> tuple[Steps, Steps]:
        """Return the columns and rows of dots of a series: two and four a character."""
        shares = (series.highs - self.low) / (self.high - self.low)
        across = series.steps / self.last * (2 * self.columns - 1) + 0.5
        down = shares * (4 * self.rows - 1) + 0.5
        return across.astype(np.intp), 4 * self.rows - 1 - down.astype(np.intp)

    def line(self, series: Series) -> Dots:
        """Return the dots of a line through all values."""
        dots = np.zeros((4 * self.rows, 2 * self.columns), dtype=np.bool_)
        if not series.steps.size or not dots.size:
            return dots
        x, y = self.places(series)
        across, down = np.diff(x), np.diff(y)
        count = np.maximum(np.maximum(np.abs(across), np.abs(down)), 1)
        segment = np.repeat(np.arange(count.size), count)
        share = (np.arange(segment.size) - (np.cumsum(count) - count)[segment]) / count[segment]
        rows, columns = y[segment] + share * down[segment], x[segment] + share * across[segment]
        dots[np.rint(rows).astype(np.intp), np.rint(columns).astype(np.intp)] = True
        dots[y[-1], x[-1]] = True  # the end of the last segment, or all there is
        return dots


def draw(
    area: Area, beside: Sequence[Series], rows: Sequence[str]
) -> tuple[list[str], dict[Cell, int]]:
    """Draw the series into the rows of the plot area; return these and who owns which cell.

    Lines only take what is free; marks stand over everything, or equal lines could not be told
    apart.
    """
    texts = [list(row) for row in rows]
    free = np.array([[character == " " for character in row] for row in rows], dtype=np.bool_)
    bits = np.zeros((area.rows, area.columns), dtype=np.uint8)
    owners: dict[Cell, int] = {}
    marks: dict[Cell, str] = {}
    lines = [series for series in beside if series.kind == "line"]
    for number, series in enumerate(beside):
        if series.kind == "points":
            placed = _points(area, series)
        else:
            dots = area.line(series)
            middle = _middle(dots)
            if series.kind == "dots":
                dots = np.zeros_like(dots)
                for row, column in middle:
                    dots[row, 2 * column] = True
            own = np.where(free, _characters(dots), 0)
            for row, column in np.argwhere((own != 0) & (bits == 0)).tolist():
                owners[row, column] = number
            bits |= own
            placed = []
            if series.mark and series.kind == "line":
                cells = [(row // 4, column) for row, column in middle]
                placed = _marks(cells, lines.index(series), len(lines), marks)
        for cell in placed:
            if cell not in marks:
                marks[cell], owners[cell] = series.mark, number
    for row, column in np.argwhere(bits).tolist():
        texts[row][column] = chr(BRAILLE + int(bits[row, column]))
    for (row, column), mark in marks.items():
        texts[row][column] = mark
    return ["".join(row) for row in texts], owners


def _characters(dots: Dots) -> npt.NDArray[np.uint8]:
    """Return the braille bits of each character."""
    rows, columns = dots.shape[0] // 4, dots.shape[1] // 2
    bits = dots.reshape(rows, 4, columns, 2) * BITS[:, None, :]
    made: npt.NDArray[np.uint8] = np.bitwise_or.reduce(bits, axis=(1, 3)).astype(np.uint8)
    return made


def _middle(dots: Dots) -> list[Cell]:
    """Return the row of the middle of a line's dots, for each column of characters it reaches."""
    found = []
    for column in range(dots.shape[1] // 2):
        rows = np.flatnonzero(dots[:, 2 * column : 2 * column + 2].any(axis=1))
        if rows.size:
            found.append((int(rows[rows.size // 2]), column))
    return found


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
