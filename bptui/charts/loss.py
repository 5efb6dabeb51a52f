"""Losses over steps: the current line with its axes, and others beside it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
import numpy.typing as npt
import plotext

from bptui.charts.axes import Floats, decades, distinct, magnitude, power_of_ten, round_up, ticks
from bptui.charts.series import Area, Series, draw

LEAST_WIDTH, LEAST_HEIGHT = 16, 4


@dataclass(frozen=True)
class Chart:
    """Lines of equal width. The plot area begins at column ``left``, above row ``bottom``."""

    lines: tuple[str, ...]
    left: int
    bottom: int
    last: int
    """The step at the right edge; step 0 is at ``left``."""
    owners: Mapping[tuple[int, int], int] = field(default_factory=dict)
    """Which of the series beside the current one a row and column of ``lines`` belongs to."""

    def column(self, step: int) -> int | None:
        """The column of ``step``, or None where the chart does not reach it."""
        if not 0 <= step <= self.last:
            return None
        dots = 2 * (len(self.lines[0]) - self.left)  # plotext places two braille dots a column
        return self.left + int(step / self.last * (dots - 1) + 0.5) // 2


def loss_chart(
    steps: npt.NDArray[np.intp],
    lows: Floats,
    highs: Floats,
    *,
    last: int,
    width: int,
    height: int,
    logarithmic: bool,
    beside: Sequence[Series] = (),
) -> Chart | None:
    """The losses at ``steps``, each column from its lowest to its highest; NaN is left out.

    ``last`` is the last step of all, which the axis reaches. None where there is nothing finite to
    draw (above zero, on a logarithmic scale) or no room.
    """
    current = _drawable(Series(steps, lows, highs), last, logarithmic)
    others = [_drawable(each, last, logarithmic).thin() for each in beside]
    everything = np.concatenate(
        [values for each in (current, *others) for values in (each.lows, each.highs)]
    )
    if not everything.size or width < LEAST_WIDTH or height < LEAST_HEIGHT:
        return None
    most = max(height // 3, 2)
    scale = 1.0
    if logarithmic:
        marks = decades(float(everything.min()), float(everything.max()), most)
        labels = [power_of_ten(int(mark)) for mark in marks]
    else:
        scale = magnitude(everything)  # the largest losses do not survive plotext's factor of 1e8
        everything = everything / scale
        marks = ticks(float(everything.min()), float(everything.max()), most)
        labels = distinct([mark * scale for mark in marks])
    margin = max(9, *map(len, labels))
    last = round_up(last)
    x = np.repeat(current.steps, 2)
    y = np.column_stack([current.lows, current.highs]).ravel() / scale
    if np.array_equal(current.lows, current.highs):
        x, y = x[::2], y[::2]
    plotext.clear_figure()
    plotext.theme("clear")
    plotext.limit_size(False, False)  # else to the terminal it found when it was imported
    plotext.plotsize(width, height)
    plotext.xaxes(True, False)
    plotext.yaxes(True, False)
    plotext.plot(x.tolist(), y.tolist(), marker="braille")
    plotext.xlim(0, last)
    plotext.ylim(marks[0], marks[-1])
    # labels of one width, so that the plot area never shifts sideways
    plotext.yticks(marks, [label.rjust(margin) for label in labels])
    at = [last * part // 5 for part in range(6)] if width >= 48 else [0, last // 2, last]
    plotext.xticks(at, [f"{step:,}".replace(",", " ") for step in at])
    text = plotext.uncolorize(plotext.build())
    lines = [line.ljust(width)[:width] for line in text.split("\n")[:height]]
    left, bottom = margin + 1, height - 2
    if not others:
        return Chart(tuple(lines), left, bottom, last)
    area = Area(width - left, bottom, last, marks[0], marks[-1])
    scaled = [each.scaled(each.lows / scale, each.highs / scale) for each in others]
    rows, owned = draw(area, scaled, [line[left:] for line in lines[:bottom]])
    lines[:bottom] = [line[:left] + row for line, row in zip(lines, rows, strict=False)]
    owners = {(row, left + column): number for (row, column), number in owned.items()}
    return Chart(tuple(lines), left, bottom, last, owners)


def _drawable(series: Series, last: int, logarithmic: bool) -> Series:
    """What of ``series`` can be drawn up to step ``last``, on the scale that it is drawn on."""
    count = int(np.searchsorted(series.steps, last, side="right"))  # it may have grown meanwhile
    lows, highs = series.lows[:count], series.highs[:count]
    if logarithmic:
        with np.errstate(invalid="ignore", divide="ignore"):
            lows, highs = np.log10(lows), np.log10(highs)
    return replace(series, steps=series.steps[:count]).scaled(lows, highs)
