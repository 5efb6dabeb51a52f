"""The plane of a picture: which numbers its columns and rows stand for, and its labels."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from rich.cells import cell_len

from bptui.app.lines import fitted, justified
from bptui.core.arrays import Array

Places = npt.NDArray[np.intp]
MARGIN = 0.08
LARGEST = 1e150
"""Differences of larger numbers could overflow."""


@dataclass(frozen=True)
class Span:
    """A range of numbers, ``low`` < ``high``."""

    low: float
    high: float

    @classmethod
    def around(cls, values: Array, margin: float = MARGIN) -> Span:
        """All of ``values`` and so much of their width on either side."""
        low = float(np.clip(values.min(), -LARGEST, LARGEST))
        high = float(np.clip(values.max(), -LARGEST, LARGEST))
        width = high - low
        # a single number, or several that differ by rounding, get room around them
        if width <= 1e-9 * max(abs(low), abs(high)) or width == 0.0:
            width, margin = max(abs(low), abs(high), 1.0), 0.5
        return cls(low - margin * width, high + margin * width)

    @property
    def width(self) -> float:
        return self.high - self.low

    def centres(self, count: int) -> Array:
        """The middles of ``count`` equal parts."""
        parts = np.arange(count, dtype=np.float64) + 0.5
        return self.low + parts * (self.width / count)

    def places(self, values: Array, count: int) -> Places:
        """In which of ``count`` equal parts each value lies; -1 or ``count`` where outside."""
        with np.errstate(all="ignore"):
            parts = np.floor((values - self.low) * (count / self.width))
        inside = np.where(np.isfinite(parts), np.clip(parts, -1, count), -1)
        # the upper end belongs to the last part
        return np.where(values == self.high, count - 1, inside).astype(np.intp)


def number(value: float) -> str:
    """A short form for the end of an axis: -1.24, 0, 3.1e+06."""
    return f"{value:.3g}".replace("-0", "0") if value == 0.0 else f"{value:.3g}"


@dataclass(frozen=True)
class Axes:
    """``width`` x ``height`` cells: numbers at the left, the plane, numbers in the last row."""

    x: Span
    y: Span
    x_name: str
    y_name: str
    width: int
    height: int
    right: int = 1
    """Cells kept free at the right."""

    @property
    def gutter(self) -> int:
        """The cells to the left of the plane."""
        numbers = max(len(number(self.y.low)), len(number(self.y.high)))
        return max(numbers, min(cell_len(self.y_name), 8)) + 2

    @property
    def columns(self) -> int:
        return max(self.width - self.gutter - self.right, 1)

    @property
    def rows(self) -> int:
        return max(self.height - 1, 1)

    def beside(self, row: int) -> str:
        """What stands to the left of a row of the plane."""
        text = ""
        if row == 0:
            text = number(self.y.high)
        elif row == self.rows - 1:
            text = number(self.y.low)
        elif row == self.rows // 2:
            text = self.y_name
        return justified(text, self.gutter - 1) + " "

    def below(self) -> str:
        """The row under the plane."""
        low, high = number(self.x.low), number(self.x.high)
        room = self.columns - len(low) - len(high) - 2
        name = fitted(self.x_name, max(room, 0))
        left = (self.columns - cell_len(name)) // 2
        left = min(max(left, len(low) + 1), self.columns - len(high) - 1 - cell_len(name))
        text = low + " " * max(left - len(low), 1) + name
        text += " " * max(self.columns - cell_len(text) - len(high), 1) + high
        return " " * self.gutter + text
