"""Lines beside the current one, in the cells that it leaves free, with marks of their own."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
import numpy.typing as npt

from bptui.charts.axes import Floats

Bits = npt.NDArray[np.uint8]

BRAILLE = 0x2800
DOTS: Bits = np.array([[0x01, 0x08], [0x02, 0x10], [0x04, 0x20], [0x40, 0x80]], dtype=np.uint8)
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

    steps: npt.NDArray[np.intp]
    lows: Floats
    highs: Floats
    kind: Literal["line", "dots", "points"] = "line"
    mark: str = ""

    def scaled(self, lows: Floats, highs: Floats) -> Series:
        """The same with other values, of which those that are not finite are left out."""
        drawn = np.isfinite(lows) & np.isfinite(highs)
        return replace(self, steps=self.steps[drawn], lows=lows[drawn], highs=highs[drawn])

    def thin(self) -> Series:
        """The same with the middle between the lowest and the highest alone."""
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

    def x(self, steps: npt.NDArray[np.intp]) -> npt.NDArray[np.intp]:
        """Columns of dots, two a character."""
        return (steps / self.last * (2 * self.columns - 1) + 0.5).astype(np.intp)

    def y(self, values: Floats) -> npt.NDArray[np.intp]:
        """Rows of dots from the top, four a character."""
        share = (values - self.low) / (self.high - self.low)
        return 4 * self.rows - 1 - (share * (4 * self.rows - 1) + 0.5).astype(np.intp)

    def line(self, series: Series) -> npt.NDArray[np.bool_]:
        """The dots of a line through all values."""
        dots = np.zeros((4 * self.rows, 2 * self.columns), dtype=np.bool_)
        if not series.steps.size or not dots.size:
            return dots
        x, y = self.x(series.steps), self.y(series.highs)
        across, down = np.diff(x), np.diff(y)
        count = np.maximum(np.maximum(np.abs(across), np.abs(down)), 1)
        ends = np.cumsum(count)
        segment = np.repeat(np.arange(count.size), count)
        share = (np.arange(segment.size) - (ends - count)[segment]) / count[segment]
        dots[
            np.rint(y[segment] + share * down[segment]).astype(np.intp),
            np.rint(x[segment] + share * across[segment]).astype(np.intp),
        ] = True
        dots[y[-1], x[-1]] = True  # the end of the last segment, or all there is
        return dots


Cells = dict[tuple[int, int], str]


def _characters(dots: npt.NDArray[np.bool_]) -> Bits:
    """The braille bits of each character."""
    rows, columns = dots.shape[0] // 4, dots.shape[1] // 2
    bits = dots.reshape(rows, 4, columns, 2).transpose(0, 2, 1, 3) * DOTS
    made: Bits = np.bitwise_or.reduce(bits.reshape(rows, columns, 8), axis=2).astype(np.uint8)
    return made


def _heights(dots: npt.NDArray[np.bool_]) -> list[tuple[int, int]]:
    """The row and column of the middle of a line's dots, for each column of characters."""
    found = []
    for column in range(dots.shape[1] // 2):
        rows = np.flatnonzero(dots[:, 2 * column : 2 * column + 2].any(axis=1))
        if rows.size:
            found.append((int(rows[rows.size // 2]), column))
    return found


def _dotted(dots: npt.NDArray[np.bool_]) -> npt.NDArray[np.bool_]:
    """One dot a character's width of a line."""
    thin = np.zeros_like(dots)
    for row, column in _heights(dots):
        thin[row, 2 * column] = True
    return thin


def _points(area: Area, series: Series) -> list[tuple[int, int]]:
    """The cells of points that keep apart; one that is drawn stays where it is as others come."""
    columns, rows = area.x(series.steps) // 2, area.y(series.highs) // 4
    _, first = np.unique(columns // APART, return_index=True)
    return [(int(rows[at]), int(columns[at])) for at in first]


def _marks(cells: list[tuple[int, int]], number: int, of: int, taken: Cells) -> list[int]:
    """Where among a line's ``cells`` its marks stand, clear of those of the ``of`` lines before."""
    repeats = max(1, min(MOST_MARKS, len(cells) // (4 * of)))
    places = []
    for repeat in range(repeats):
        wanted = int((repeat + (number + 0.5) / of) * len(cells) / repeats)
        nearest = sorted(range(len(cells)), key=lambda at: abs(at - wanted))
        free = (at for at in nearest[:16] if cells[at] not in taken and at not in places)
        places += [at for at, _ in zip(free, range(1), strict=False)]
    return places


def draw(
    area: Area, beside: Sequence[Series], rows: Sequence[str]
) -> tuple[list[str], dict[tuple[int, int], int]]:
    """The rows of the plot area with the series drawn in, and which of them owns which cell.

    Lines only take what is free; marks stand over everything, or equal lines could not be told
    apart.
    """
    free = np.array([[character == " " for character in row] for row in rows], dtype=np.bool_)
    bits = np.zeros((area.rows, area.columns), dtype=np.uint8)
    owners: dict[tuple[int, int], int] = {}
    marks: Cells = {}
    lines = [each for each in beside if each.kind == "line"]
    for number, series in enumerate(beside):
        if series.kind == "points":
            placed = _points(area, series) if series.steps.size else []
        else:
            dots = area.line(series)
            own = _characters(_dotted(dots) if series.kind == "dots" else dots)
            own[~free] = 0
            for row, column in np.argwhere((own != 0) & (bits == 0)).tolist():
                owners.setdefault((row, column), number)
            bits |= own
            placed = []
            if series.mark and series.kind == "line":
                cells = [(row // 4, column) for row, column in _heights(dots)]
                places = _marks(cells, lines.index(series), len(lines), marks) if cells else []
                placed = [cells[at] for at in places]
        for cell in placed:
            if cell not in marks:
                marks[cell], owners[cell] = series.mark, number
    texts = [list(row) for row in rows]
    for row, column in np.argwhere(bits).tolist():
        texts[row][column] = chr(BRAILLE + int(bits[row, column]))
    for (row, column), mark in marks.items():
        texts[row][column] = mark
    return ["".join(row) for row in texts], owners
