"""Losses over steps: the current line with its axes and others beside it, or a line of bars."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
import plotext

from bptui.charts.axes import (
    Scale,
    linear,
    logarithmic,
    magnitude,
    parts_of,
    power_of_ten,
    round_up,
)
from bptui.charts.series import Area, Cell, Series, draw
from bptui.core.arrays import Array, Integers

LEAST_WIDTH, LEAST_HEIGHT = 16, 4
BARS = np.array([*"▁▂▃▄▅▆▇█"])


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
    owners: Mapping[Cell, int] = field(default_factory=dict)
    """Which of the series beside the current one a row and column of ``lines`` belongs to."""

    def column(self, step: int) -> int | None:
        """Return the column of ``step``, or None where the chart does not reach it."""
        if not 0 <= step <= self.last:
            return None
        dots = 2 * self.columns  # plotext places two braille dots a column
        return self.left + int(step / self.last * (dots - 1) + 0.5) // 2

    def row(self, loss: float) -> int | None:
        """Return the row of a loss, or None where the chart does not reach it."""
        if not math.isfinite(loss) or (self.unit is None and loss <= 0.0):
            return None
        row = self.scale.row(math.log10(loss) if self.unit is None else loss / self.unit)
        return row if 0 <= row < self.bottom else None

    def step(self, column: int) -> int | None:
        """Return the step in the middle of a column, at the ends the outermost.

        None beside the plot area.
        """
        at, end = column - self.left, self.columns - 1
        if at in (0, end):
            return self.last if at else 0
        dot = 2 * at + 0.5
        return int(dot / (2 * end + 1) * self.last + 0.5) if 0 < at < end else None


def loss_chart(
    steps: Integers,
    lows: Array,
    highs: Array,
    *,
    last: int,
    width: int,
    height: int,
    logarithmic: bool,
    beside: Sequence[Series] = (),
) -> Chart | None:
    """Draw the losses at ``steps``, each column from its lowest to its highest, NaN left out.

    ``last`` is the last step of all, which the axis reaches. None where there is nothing finite to
    draw (above zero, on a logarithmic scale) or no room.
    """
    every = (Series(steps, lows, highs), *beside)
    drawn = [_drawable(series, last, logarithmic) for series in every]
    values = np.concatenate([part for line in drawn for part in (line.lows, line.highs)])
    if not values.size or width < LEAST_WIDTH or height < LEAST_HEIGHT:
        return None
    bottom = height - 2
    scale, unit, labels = _axis(values, bottom, logarithmic)
    if unit is not None:  # the largest losses do not survive plotext's factor of 1e8
        drawn = [line.scaled(line.lows / unit, line.highs / unit) for line in drawn]
    margin = max(9, *map(len, labels.values()))  # so that the plot area never shifts sideways
    left, last = margin + 1, round_up(last)
    room, label = width - left - 1, len(_grouped(last))

    def fits(count: int) -> bool:
        """Whether a blank is left before the last label, which the right edge moves to the left."""
        return room // count - max(label // 2 - room % count, 0) > label

    parts = next(filter(fits, parts_of(last)), 1)
    columns = room // parts * parts + 1  # as many between each two ticks
    area = Area(columns, bottom, last, scale.low, scale.high)
    rows, owned = draw(area, drawn[1:], _curve(drawn[0], area))
    lines = [
        f"{labels.get(place, ''):>{margin}}{'┤' if place in labels else '│'}{row}".ljust(width)
        for place, row in enumerate(rows)
    ]
    lines += _steps(width, left, columns, parts, last)
    owners = {(row, left + column): number for (row, column), number in owned.items()}
    return Chart(tuple(lines), left, bottom, last, columns, scale, unit, owners)


def _drawable(series: Series, last: int, logarithmic: bool) -> Series:
    """Return what of ``series`` can be drawn up to step ``last``, on the scale of the chart."""
    count = int(np.searchsorted(series.steps, last, side="right"))  # it may have grown meanwhile
    lows, highs = series.lows[:count], series.highs[:count]
    if logarithmic:
        with np.errstate(invalid="ignore", divide="ignore"):
            lows, highs = np.log10(lows), np.log10(highs)
    return replace(series, steps=series.steps[:count]).scaled(lows, highs)


def _axis(values: Array, rows: int, exponents: bool) -> tuple[Scale, float | None, dict[int, str]]:
    """Return the vertical axis, its unit, and what is written at which of its rows."""
    if exponents:
        scale = logarithmic(float(values.min()), float(values.max()), rows)
        return scale, None, {scale.row(tick): power_of_ten(round(tick)) for tick in scale.ticks}
    unit = magnitude(values)
    scale = linear(float(values.min() / unit), float(values.max() / unit), rows)
    return scale, unit, {scale.row(tick): f"{tick * unit:.4g}" for tick in scale.ticks}


def _curve(series: Series, area: Area) -> list[str]:
    """Draw the current losses in braille, each column from its lowest to its highest."""
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
    """Draw the axis of steps and the line below it: ticks and their labels, evenly spaced."""
    axis, below = [*("└" + "─" * columns).rjust(left + columns).ljust(width)], [" "] * width
    for part in range(parts + 1):
        at = left + (columns - 1) // parts * part
        axis[at] = "┬"
        label = _grouped(last * part // parts)
        start = min(at - (len(label) - 1) // 2, width - len(label))
        below[start : start + len(label)] = label
    return ["".join(axis), "".join(below)]


def _grouped(step: int) -> str:
    """Write a step as 250 000."""
    return f"{step:,}".replace(",", " ")


def sparkline(
    steps: Integers, lows: Array, highs: Array, width: int, *, logarithmic: bool
) -> tuple[str, Integers]:
    """Return bars for the losses at ``steps``, at most ``width``, and where each one begins.

    From the lowest to the highest as the losses are; a blank where none is finite.
    """
    count = max(min(width, steps.size), 0)
    starts = np.unique(np.linspace(0, steps.size, count, endpoint=False).astype(np.intp))
    if not starts.size:
        return "", steps[:0]
    with np.errstate(invalid="ignore", divide="ignore"):
        values = lows / 2.0 + highs / 2.0
        values = np.log10(values) if logarithmic else values
        values = np.fmax.reduceat(np.where(np.isfinite(values), values, np.nan), starts)
    drawn = np.isfinite(values)
    found, bars = values[drawn], np.full(starts.size, " ")
    low = found.min(initial=np.inf)
    span = found.max(initial=-np.inf) - low
    shares = (found - low) / span if span > 0.0 else np.full(found.size, 0.5)
    bars[drawn] = BARS[np.minimum(shares * len(BARS), len(BARS) - 1).astype(np.intp)]
    return "".join(bars), steps[starts]
