"""Losses over steps: the current line with its axes, and others beside it."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
import numpy.typing as npt
import plotext

from bptui.charts import axes
from bptui.charts.axes import Floats, Scale, grouped, magnitude, power_of_ten, round_up, short
from bptui.charts.series import Area, Series, draw

LEAST_WIDTH, LEAST_HEIGHT = 16, 4


@dataclass(frozen=True)
class Chart:
    """Lines of equal width. The plot area begins at column ``left``, above row ``bottom``."""

    lines: tuple[str, ...]
    left: int
    bottom: int
    last: int
    """The step at the right end of the axis, ``columns`` wide; step 0 is at ``left``."""
    columns: int
    scale: Scale
    unit: float | None
    """What values on the scale are multiplied with; None: they are exponents of ten."""
    owners: Mapping[tuple[int, int], int] = field(default_factory=dict)
    """Which of the series beside the current one a row and column of ``lines`` belongs to."""

    def column(self, step: int) -> int | None:
        """The column of ``step``, or None where the chart does not reach it."""
        if not 0 <= step <= self.last:
            return None
        dots = 2 * self.columns  # plotext places two braille dots a column
        return self.left + int(step / self.last * (dots - 1) + 0.5) // 2

    def row(self, loss: float) -> int | None:
        """The row of a loss, or None where the chart does not reach it."""
        if not math.isfinite(loss) or (self.unit is None and loss <= 0.0):
            return None
        row = self.scale.row(math.log10(loss) if self.unit is None else loss / self.unit)
        return row if 0 <= row < self.bottom else None

    def step(self, column: int) -> int | None:
        """The step in the middle of a column, or None beside the plot area."""
        dots = 2 * self.columns
        dot = 2 * (column - self.left) + 0.5
        if not 0 < dot < dots:
            return None
        return min(int(dot / (dots - 1) * self.last + 0.5), self.last)


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
    bottom = height - 2
    unit = None if logarithmic else magnitude(everything)
    if unit is None:
        scale = axes.logarithmic(float(everything.min()), float(everything.max()), bottom)
        labels = [power_of_ten(round(tick)) for tick in scale.ticks]
    else:  # the largest losses do not survive plotext's factor of 1e8
        everything = everything / unit
        scale = axes.linear(float(everything.min()), float(everything.max()), bottom)
        labels = [short(tick * unit) for tick in scale.ticks]
        current = current.scaled(current.lows / unit, current.highs / unit)
        others = [each.scaled(each.lows / unit, each.highs / unit) for each in others]
    margin = max(9, *map(len, labels))  # of one width, so that the plot area never shifts sideways
    left, last = margin + 1, round_up(last)
    room = width - left - 1
    parts = next((each for each in (5, 2) if room // each > len(grouped(last)) + 1), 1)
    columns = room // parts * parts + 1  # as many between each two ticks
    area = Area(columns, bottom, last, scale.low, scale.high)
    rows, owned = draw(area, others, _curve(current, area))
    ticks = {scale.row(tick): label for tick, label in zip(scale.ticks, labels, strict=True)}
    lines = [
        f"{ticks.get(place, ''):>{margin}}{'┤' if place in ticks else '│'}{row}".ljust(width)
        for place, row in enumerate(rows)
    ]
    lines += _steps(width, left, columns, parts, last)
    owners = {(row, left + column): number for (row, column), number in owned.items()}
    return Chart(tuple(lines), left, bottom, last, columns, scale, unit, owners)


def _curve(series: Series, area: Area) -> list[str]:
    """The current losses in braille, each column from its lowest to its highest."""
    x, y = np.repeat(series.steps, 2), np.column_stack([series.lows, series.highs]).ravel()
    if np.array_equal(series.lows, series.highs):
        x, y = x[::2], y[::2]
    plotext.clear_figure()
    plotext.theme("clear")
    plotext.limit_size(False, False)  # else to the terminal it found when it was imported
    plotext.plotsize(area.columns, area.rows)
    plotext.frame(False)
    plotext.xticks([], [])
    plotext.yticks([], [])
    plotext.plot(x.tolist(), y.tolist(), marker="braille")
    plotext.xlim(0, area.last)
    plotext.ylim(area.low, area.high)
    lines = plotext.uncolorize(plotext.build()).split("\n")[: area.rows]
    return [line.ljust(area.columns)[: area.columns] for line in lines]


def _steps(width: int, left: int, columns: int, parts: int, last: int) -> list[str]:
    """The axis of steps and the line below it: ticks and their labels, evenly spaced."""
    axis, below = [*("└" + "─" * columns).rjust(left + columns).ljust(width)], [" "] * width
    for part in range(parts + 1):
        at = left + (columns - 1) // parts * part
        axis[at] = "┬"
        label = grouped(last * part // parts)
        start = min(at - (len(label) - 1) // 2, width - len(label))
        below[start : start + len(label)] = label
    return ["".join(axis), "".join(below)]


def _drawable(series: Series, last: int, logarithmic: bool) -> Series:
    """What of ``series`` can be drawn up to step ``last``, on the scale that it is drawn on."""
    count = int(np.searchsorted(series.steps, last, side="right"))  # it may have grown meanwhile
    lows, highs = series.lows[:count], series.highs[:count]
    if logarithmic:
        with np.errstate(invalid="ignore", divide="ignore"):
            lows, highs = np.log10(lows), np.log10(highs)
    return replace(series, steps=series.steps[:count]).scaled(lows, highs)
