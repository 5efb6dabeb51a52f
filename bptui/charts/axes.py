"""Axes of round numbers: where their ticks are, and what is written at them."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from bptui.core.arrays import Array

DIGITS = (1, 2, 5)
"""Ticks are so many times a power of ten apart, and an axis of steps is so long."""
PARTS = {1: (5, 2), 2: (4, 2), 5: (5,)}
"""Into so many parts such a length is divided: they are of the same kind."""
REACH = 0.375
"""Rows from the middle of one to its outermost dot, of which it has four."""
LEAST_SHARE = 0.2
"""The least part of the largest loss that the linear axis shows."""


def round_up(value: float, power: int = 10) -> int:
    """Return the next number of the kind 10, 20, 50, 100, ...; 10 is the least ``power``."""
    while value > 5 * power:
        power *= 10
    return next(digit * power for digit in DIGITS if value <= digit * power)


def parts_of(length: int) -> tuple[int, ...]:
    """Return into how many parts of round length a length of :func:`round_up` can be divided."""
    return PARTS[int(str(length)[0])]


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
    def low(self) -> float:
        """The value of the lowest of the four dots in each row."""
        return (self.first - REACH) * self.step / self.stride

    @property
    def high(self) -> float:
        """The value of the highest dot."""
        return (self.first + self.rows - 1 + REACH) * self.step / self.stride

    @property
    def ticks(self) -> list[float]:
        rows = range(self.first, self.first + self.rows)
        return [row // self.stride * self.step for row in rows if row % self.stride == 0]

    def row(self, value: float) -> int:
        """Return the row of ``value``, counted from the top: that of its dot, of four a row."""
        share = (value - self.low) / (self.high - self.low)
        return self.rows - 1 - math.floor(share * (4 * self.rows - 1) + 0.5) // 4


def linear(low: float, high: float, rows: int) -> Scale:
    """Return the scale of losses from ``low`` to ``high``: of all that fit the fullest.

    It reaches over a part of ``high`` at least, so that it does not change with every first step.
    """
    low = min(low, high - LEAST_SHARE * abs(high))
    power = math.floor(math.log10(((high - low) or 1.0) / rows))
    # two ticks or more, and no more than about five
    strides = range(max(-(-rows // 5), min(rows // 2, 2), 1), max(rows // 2, 1) + 1)
    units = [digit * 10.0**at for at in range(power, power + 3) for digit in DIGITS]
    steps = [(unit, stride) for unit in units for stride in strides]
    return _fitting(low, high, rows, steps, 0 if low >= 0.0 else None)


def logarithmic(low: float, high: float, rows: int) -> Scale:
    """Return the scale of exponents of ten from ``low`` to ``high``: ticks are whole ones."""
    steps = [(1.0, stride) for stride in range(1, max(rows, 2))]
    units = [float(digit * power) for power in (1, 10, 100, 1000) for digit in DIGITS]
    steps += [(unit, stride) for unit in units for stride in (1, 2, 3)]
    return _fitting(low, high, rows, steps, None)


def _fitting(
    low: float, high: float, rows: int, steps: list[tuple[float, int]], floor: int | None
) -> Scale:
    """Return the finest scale with two ticks or more, what is free below, down to row ``floor``."""
    for step, stride in sorted(steps, key=lambda pair: (pair[0] / pair[1], -pair[1])):
        unit = step / stride
        top, bottom = math.ceil(high / unit - REACH), math.floor(low / unit + REACH)
        first = top - rows + 1 if floor is None else max(top - rows + 1, floor)
        scales = (Scale(lowest, rows, stride, step) for lowest in range(first, bottom + 1))
        found = next((scale for scale in scales if len(scale.ticks) > 1), None)
        if found is not None:
            return found
    raise AssertionError("the coarsest scale holds every range")


def magnitude(values: Array) -> float:
    """Return the power of ten of the largest of ``values``, kept away from the ends of float64."""
    largest = float(np.abs(values).max())
    return 10.0 ** min(max(math.floor(math.log10(largest)), -300), 300) if largest else 1.0


def power_of_ten(exponent: int) -> str:
    """Write 0.001, 1, 100, 1e-08 without computing what float64 may not hold."""
    return f"{10.0**exponent:.4g}" if -4 <= exponent <= 4 else f"1e{exponent:+03d}"
