"""The loss chart as text: the one place that knows plotext."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import plotext

Floats = npt.NDArray[np.float64]
LEAST_WIDTH, LEAST_HEIGHT = 16, 4


@dataclass(frozen=True)
class Chart:
    """Lines of equal width. The plot area begins at column ``left``, above row ``bottom``."""

    lines: tuple[str, ...]
    left: int
    bottom: int
    last: int
    """The step at the right edge; step 0 is at ``left``."""

    def column(self, step: int) -> int | None:
        """The column of ``step``, or None where the chart does not reach it."""
        if not 0 <= step <= self.last:
            return None
        dots = 2 * (len(self.lines[0]) - self.left)  # plotext places two braille dots a column
        return self.left + int(step / self.last * (dots - 1) + 0.5) // 2


def round_up(value: float) -> int:
    """The next number of the kind 10, 20, 50, 100, ...: an axis that seldom changes."""
    power = 10
    while True:
        for factor in (1, 2, 5):
            if value <= factor * power:
                return factor * power
        power *= 10


def ticks(low: float, high: float, most: int) -> list[float]:
    """At most ``most`` + 1 round values, evenly spaced, that enclose ``low`` to ``high``."""
    if high - low <= abs(high) * 1e-12:
        margin = abs(high) * 0.1 or 1.0
        low, high = low - margin if low else low, high + margin
    raw = (high - low) / max(most - 1, 1)
    power = 10.0 ** math.floor(math.log10(raw))
    step = next(factor * power for factor in (1, 2, 2.5, 5, 10) if factor * power >= raw * 0.999)
    first, last = math.floor(low / step + 1e-9), math.ceil(high / step - 1e-9)
    return [number * step for number in range(first, last + 1)]


def decades(low: float, high: float, most: int) -> list[float]:
    """Whole exponents that enclose ``low`` to ``high`` (both exponents), thinned to ``most``."""
    first, last = math.floor(low + 1e-9), math.ceil(high - 1e-9)
    last = max(last, first + 1)
    stride = -(-(last - first) // max(most - 1, 1))
    return [float(number) for number in range(first, last + stride, stride)]


def magnitude(values: Floats) -> float:
    """The power of ten of the largest of ``values`` in size, kept away from the ends of float64."""
    largest = float(np.abs(values).max())
    return 10.0 ** min(max(math.floor(math.log10(largest)), -300), 300) if largest else 1.0


def power_of_ten(exponent: int) -> str:
    """0.001, 1, 100, 1e-08: without computing what float64 may not hold."""
    return short(10.0**exponent) if -4 <= exponent <= 4 else f"1e{exponent:+03d}"


def short(value: float, digits: int = 4) -> str:
    """A tick's label: at most so many digits."""
    return f"{value:.{digits}g}"


def distinct(values: list[float]) -> list[str]:
    """Labels of as few digits as tell the ticks apart, four at least."""
    for digits in range(4, 17):
        labels = [short(value, digits) for value in values]
        if len(set(labels)) == len(labels):
            break
    return labels


def loss_chart(
    steps: npt.NDArray[np.intp],
    lows: Floats,
    highs: Floats,
    *,
    last: int,
    width: int,
    height: int,
    logarithmic: bool,
) -> Chart | None:
    """The losses at ``steps``, each column from its lowest to its highest; NaN is left out.

    ``last`` is the last step played, which the axis reaches. None where there is nothing finite to
    draw (above zero, on a logarithmic scale) or no room.
    """
    if logarithmic:
        with np.errstate(invalid="ignore", divide="ignore"):
            lows, highs = np.log10(lows), np.log10(highs)
    drawn = np.isfinite(lows) & np.isfinite(highs)
    if not drawn.any() or width < LEAST_WIDTH or height < LEAST_HEIGHT:
        return None
    x = np.repeat(steps[drawn], 2)
    y = np.column_stack([lows[drawn], highs[drawn]]).ravel()
    if np.array_equal(lows, highs, equal_nan=True):
        x, y = x[::2], y[::2]
    most = max(height // 3, 2)
    if logarithmic:
        marks = decades(float(y.min()), float(y.max()), most)
        labels = [power_of_ten(int(mark)) for mark in marks]
    else:
        scale = magnitude(y)  # plotext multiplies by 1e8, which the largest losses do not survive
        y = y / scale
        marks = ticks(float(y.min()), float(y.max()), most)
        labels = distinct([mark * scale for mark in marks])
    margin = max(9, *map(len, labels))
    last = round_up(last)
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
    lines = tuple(line.ljust(width)[:width] for line in text.split("\n")[:height])
    return Chart(lines, margin + 1, height - 2, last)
