"""Axes of round numbers: where their ticks are, and what is written at them."""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]


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
