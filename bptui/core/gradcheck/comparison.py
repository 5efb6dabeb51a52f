"""Backpropagation's results against the numerical derivatives, number by number, with verdicts."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Literal, TypeAlias

import numpy as np

from bptui.core.arrays import Array
from bptui.core.gradcheck.derivatives import SMALLEST, Derivatives, Differences
from bptui.core.gradcheck.functions import Mask

Verdict: TypeAlias = Literal["right", "wrong", "kink", "unclear"]
"""``kink``: not differentiable here, and the analytic value is one that may stand for it.
``unclear``: rounding may have done so much that the value says nothing."""

TOLERANCE = 1e-9
"""The relative error that a right result stays below, but for rounding that its bound explains."""
CONFIRMING = 1e-6
"""How near the central difference comes, relatively, beside what its own estimate allows."""
LEAST_RATIO = 1e-3
"""A constant factor is told between this and its reciprocal."""
CLEAR = 1e-3
"""Numbers farther apart, relatively, are never called right, however large the bound is."""
TRUSTED = 1e-6
"""How near the gradient of the same step without mistakes is to one that rounding left alone."""


@dataclass(frozen=True, eq=False)
class Comparison:
    """``analytic`` (numbers,) is what backpropagation gave for the array ``name``.

    ``without_mistakes`` (numbers,) is what it gives for the same step where the preset's mistakes
    are not made.
    """

    name: str
    analytic: Array
    derivatives: Derivatives
    differences: Differences | None = None
    without_mistakes: Array | None = None

    @cached_property
    def numerical(self) -> Array:
        """The derivatives; on a kink the one-sided one that is nearer to the analytic value."""
        right, left = self.derivatives.right, self.derivatives.left
        with np.errstate(all="ignore"):
            nearer: Array = np.where(
                np.abs(self.analytic - left) < np.abs(self.analytic - right), left, right
            )
        return nearer

    @cached_property
    def relative_error(self) -> Array:
        """|a - n| / max(|a|, |n|); nan where one is not finite.

        0 where both are 0, or what a complex step cannot tell from it.
        """
        largest = np.maximum(np.abs(self.analytic), np.abs(self.numerical))
        with np.errstate(all="ignore"):
            apart = np.abs(self.analytic - self.numerical)
            none = largest <= SMALLEST
            error: Array = np.divide(apart, largest, np.where(none, 0.0, apart), where=~none)
        return error

    @cached_property
    def kink(self) -> Mask:
        """Where the loss has no derivative: one-sided ones differ, or the conventions do."""
        lowest, highest = self.derivatives.lowest, self.derivatives.highest
        with np.errstate(all="ignore"):
            apart: Mask = highest - lowest > self._allowed(lowest, highest)
        return apart

    @cached_property
    def wrong(self) -> Mask:
        """Where the analytic value is no derivative; not finite, it is never a finite one."""
        wrong: Mask = self._beyond_rounding | (self._far & self._sure)
        return wrong

    @cached_property
    def _beyond_rounding(self) -> Mask:
        """Where it lies outside the derivatives by more than rounding explains."""
        lowest, highest, a = self.derivatives.lowest, self.derivatives.highest, self.analytic
        with np.errstate(all="ignore"):
            fits = (a >= lowest - self._allowed(a, lowest)) & (
                a <= highest + self._allowed(a, highest)
            )
        # a derivative that has overflowed itself says nothing about another number
        known = np.isfinite(lowest) & np.isfinite(highest)
        wrong: Mask = known & ~(fits & np.isfinite(a))
        return wrong

    @cached_property
    def _far(self) -> Mask:
        """Where it lies outside the derivatives by more than a right one shows."""
        lowest, highest, a = self.derivatives.lowest, self.derivatives.highest, self.analytic
        with np.errstate(all="ignore"):
            outside = np.maximum(lowest - a, a - highest)
            size = np.maximum(np.abs(a), np.abs(self.numerical))
            far: Mask = ~(outside <= CLEAR * size + SMALLEST)
        return far

    @cached_property
    def _sure(self) -> Mask:
        """Where rounding did nothing, as the gradient without mistakes is the numerical one.

        Of zeros that agree nothing is learnt of numbers that are small in their array.
        """
        known, n = self.without_mistakes, self.derivatives.right
        if known is None or not n.size:
            return np.zeros(n.shape, dtype=bool)
        with np.errstate(all="ignore"):
            lowest, highest, size = self.derivatives.lowest, self.derivatives.highest, np.abs(n)
            allowed = TRUSTED * size
            same = (highest - lowest <= allowed) & (np.abs(known - n) <= allowed)
            large = np.abs(self.analytic) >= TRUSTED * np.abs(self.analytic).max()
            sure: Mask = same & ((size > SMALLEST) | large)
        return sure

    @cached_property
    def unclear(self) -> Mask:
        """Where rounding may explain a value that has nothing of the derivative."""
        unclear: Mask = ~self.wrong & self._far
        return unclear

    @cached_property
    def rounded(self) -> Mask:
        """Where it is right though the later digits differ: as far as rounding explains."""
        alike = ~self.wrong & ~self.unclear & ~self.kink
        rounded: Mask = alike & (self.relative_error > TOLERANCE)
        return rounded

    @cached_property
    def confirmed(self) -> Mask:
        """Where the central difference agrees with the complex step; off kinks, where it exists."""
        if self.differences is None:
            return np.zeros(self.analytic.shape, dtype=bool)
        values, n = self.differences.values, self.derivatives.right
        with np.errstate(all="ignore"):
            size = np.maximum(np.abs(values), np.abs(n))
            allowed = CONFIRMING * size + 10.0 * (
                self.differences.errors + self.derivatives.rounding
            )
            agrees: Mask = (np.abs(values - n) <= allowed) & ~self.kink
        return agrees

    @property
    def overflowed(self) -> Mask:
        """Where ``unclear`` comes of a derivative that is not finite."""
        overflowed: Mask = self.unclear & ~np.isfinite(self.numerical)
        return overflowed

    @property
    def doubtful(self) -> Mask:
        """Where the two numerical values disagree, so that the verdict stands on one alone."""
        if self.differences is None:
            return np.zeros(self.analytic.shape, dtype=bool)
        known = np.isfinite(self.differences.values)
        doubtful: Mask = known & ~self.confirmed & ~self.kink & ~self.unclear
        return doubtful

    def verdict(self, position: int) -> Verdict:
        if self.wrong[position]:
            return "wrong"
        if self.unclear[position]:
            return "unclear"
        return "kink" if self.kink[position] else "right"

    @cached_property
    def largest_error(self) -> tuple[float, int] | None:
        """The largest relative error of the right ones, and where; not of those ``rounded``."""
        fair = ~self.wrong & ~self.unclear & ~self.kink & ~self.rounded
        if not fair.any():
            return None
        position = int(np.where(fair, self.relative_error, -1.0).argmax())
        return float(self.relative_error[position]), position

    @cached_property
    def ratio(self) -> float | None:
        """The constant factor of the analytic values, where all are that far from the true ones."""
        a, n = self.analytic, self.derivatives.right
        telling = self.wrong & ~self.kink
        if not telling.any() or (self.wrong & self.kink).any():
            return None
        if (n[telling] == 0.0).any() or not telling[np.abs(n) > self.derivatives.rounding].all():
            return None
        with np.errstate(all="ignore"):
            ratios = a[telling] / n[telling]
            first = float(ratios[np.abs(n[telling]).argmax()])
            rounding = self.derivatives.rounding[telling] / np.abs(n[telling])
            same = bool((np.abs(ratios - first) <= TOLERANCE * abs(first) + rounding).all())
        # of absurd sizes, or of nothing, a factor says little
        telling_size = LEAST_RATIO <= abs(first) <= 1.0 / LEAST_RATIO
        return first if same and telling_size else None

    def _allowed(self, one: Array, other: Array) -> Array:
        size = np.maximum(np.abs(one), np.abs(other))
        allowed: Array = TOLERANCE * size + self.derivatives.rounding
        return allowed
