"""Axes of round numbers: where their ticks are, and what is written at them."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
REACH = 0.375
"""Rows from the middle of one to its outermost dot, of which it has four."""
LEAST_SHARE = 0.2
"""The least part of the largest loss that the linear axis shows."""


def round_up(value: float) -> int:
    """The next number of the kind 10, 20, 50, 100, ...: an axis that seldom changes."""
    power = 10
    while True:
        for factor in (1, 2, 5):
            if value <= factor * power:
                return factor * power
        power *= 10


@dataclass(frozen=True)
class Scale:
    """A vertical axis of so many ``rows``, counted from 0 upwards: ``first`` is the lowest.

    A tick stands in every ``stride``-th row, at a multiple of ``step``: ticks are even and round.
    """

    first: int
    rows: int
    stride: int
    step: float

    @property
    def unit(self) -> float:
        """From one row to the next."""
        return self.step / self.stride

    @property
    def low(self) -> float:
        """The value of the lowest of the four dots in each row."""
        return (self.first - REACH) * self.unit

    @property
    def high(self) -> float:
        """The value of the highest dot."""
        return (self.first + self.rows - 1 + REACH) * self.unit

    @property
    def ticks(self) -> list[float]:
        rows = range(self.first, self.first + self.rows)
        return [row // self.stride * self.step for row in rows if row % self.stride == 0]

    def row(self, value: float) -> int:
        """The row of ``value``, counted from the top: that of its dot, of four a row."""
        share = (value - self.low) / (self.high - self.low)
        return self.rows - 1 - math.floor(share * (4 * self.rows - 1) + 0.5) // 4


def linear(low: float, high: float, rows: int) -> Scale:
    """The scale of losses from ``low`` to ``high``: of all that fit the one that fills the most.

    It reaches over a part of ``high`` at least, so that it does not change with every first step.
    """
    low = min(low, high - LEAST_SHARE * abs(high))
    extent = (high - low) or 1.0
    power = math.floor(math.log10(extent / rows))
    powers = [10.0**each for each in range(power, power + 3)]
    # two ticks or more, and no more than about five
    strides = range(max(-(-rows // 5), min(rows // 2, 2), 1), max(rows // 2, 1) + 1)
    digits = (1, 2, 2.5, 5)
    steps = [(digit * each, stride) for each in powers for digit in digits for stride in strides]
    return _fitting(low, high, rows, steps, 0 if low >= 0.0 else None)


def logarithmic(low: float, high: float, rows: int) -> Scale:
    """The scale of exponents of ten from ``low`` to ``high``: ticks are whole ones."""
    near = [(1.0, stride) for stride in range(1, max(rows, 2))]
    far = [
        (float(digit * power), stride)
        for power in (1, 10, 100, 1000)
        for digit in (1, 2, 3, 5)
        for stride in (1, 2, 3)
    ]
    return _fitting(low, high, rows, near + far, None)


def _fitting(
    low: float, high: float, rows: int, steps: list[tuple[float, int]], floor: int | None
) -> Scale:
    """The finest scale with two ticks or more; what is free is below, down to row ``floor``."""
    for step, stride in sorted(steps, key=lambda each: (each[0] / each[1], -each[1])):
        unit = step / stride
        top, bottom = math.ceil(high / unit - REACH), math.floor(low / unit + REACH)
        first = top - rows + 1 if floor is None else max(top - rows + 1, floor)
        for lowest in range(first, bottom + 1):
            scale = Scale(lowest, rows, stride, step)
            if len(scale.ticks) > 1:
                return scale
    raise AssertionError("the coarsest scale holds every range")


def magnitude(values: Floats) -> float:
    """The power of ten of the largest of ``values`` in size, kept away from the ends of float64."""
    largest = float(np.abs(values).max())
    return 10.0 ** min(max(math.floor(math.log10(largest)), -300), 300) if largest else 1.0


def power_of_ten(exponent: int) -> str:
    """0.001, 1, 100, 1e-08: without computing what float64 may not hold."""
    return short(10.0**exponent) if -4 <= exponent <= 4 else f"1e{exponent:+03d}"


def short(value: float) -> str:
    """A tick's label: at most four digits."""
    return f"{value:.4g}"


def grouped(step: int) -> str:
    """The label of a step: 250 000."""
    return f"{step:,}".replace(",", " ")
