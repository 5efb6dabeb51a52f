"""Backpropagation's results against the numerical derivatives, number by number, with verdicts."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Literal, TypeAlias

import numpy as np

from bptui.core.arrays import Array
from bptui.core.gradcheck.derivatives import Derivatives, Differences
from bptui.core.gradcheck.functions import Mask

Verdict: TypeAlias = Literal["right", "wrong", "kink"]
"""``kink``: not differentiable here, and the analytic value is one that may stand for it."""

TOLERANCE = 1e-9
"""The relative error that a right result stays below, but for rounding that its bound explains."""
CONFIRMING = 1e-6
"""How near the central difference comes, relatively, beside what its own estimate allows."""


@dataclass(frozen=True, eq=False)
class Comparison:
    """``analytic`` (numbers,) is what backpropagation gave for the array ``name``."""

    name: str
    analytic: Array
    derivatives: Derivatives
    differences: Differences | None = None

    @cached_property
    def numerical(self) -> Array:
        """The derivatives; on a kink the one-sided one that is nearer to the analytic value."""
        right, left = self.derivatives.right, self.derivatives.left
        with np.errstate(invalid="ignore"):
            nearer: Array = np.where(
                np.abs(self.analytic - left) < np.abs(self.analytic - right), left, right
            )
        return nearer

    @cached_property
    def relative_error(self) -> Array:
        """|a - n| / max(|a|, |n|); 0 where both are 0, nan where one is not finite."""
        largest = np.maximum(np.abs(self.analytic), np.abs(self.numerical))
        with np.errstate(invalid="ignore"):
            apart = np.abs(self.analytic - self.numerical)
            error: Array = np.divide(
                apart, largest, np.where(largest == 0, 0.0, apart), where=largest > 0
            )
        return error

    @cached_property
    def kink(self) -> Mask:
        """Where the loss has no derivative: one-sided ones differ, or the conventions do."""
        lowest, highest = self.derivatives.lowest, self.derivatives.highest
        with np.errstate(invalid="ignore"):
            apart: Mask = highest - lowest > self._allowed(lowest, highest)
        return apart

    @cached_property
    def wrong(self) -> Mask:
        """Where the analytic value is no derivative; what is not finite never is."""
        lowest, highest, a = self.derivatives.lowest, self.derivatives.highest, self.analytic
        with np.errstate(invalid="ignore"):
            fits = (a >= lowest - self._allowed(a, lowest)) & (
                a <= highest + self._allowed(a, highest)
            )
        wrong: Mask = ~(fits & np.isfinite(a) & np.isfinite(lowest) & np.isfinite(highest))
        return wrong

    @cached_property
    def rounded(self) -> Mask:
        """Where it is right though the digits differ early: as far as rounding explains."""
        rounded: Mask = ~self.wrong & ~self.kink & (self.relative_error > TOLERANCE)
        return rounded

    @cached_property
    def confirmed(self) -> Mask:
        """Where the central difference agrees with the complex step; off kinks, where it exists."""
        if self.differences is None:
            return np.zeros(self.analytic.shape, dtype=bool)
        values, n = self.differences.values, self.derivatives.right
        with np.errstate(invalid="ignore"):
            size = np.maximum(np.abs(values), np.abs(n))
            allowed = CONFIRMING * size + 10.0 * (
                self.differences.errors + self.derivatives.rounding
            )
            agrees: Mask = (np.abs(values - n) <= allowed) & ~self.kink
        return agrees

    @property
    def doubtful(self) -> Mask:
        """Where the two numerical values disagree, so that the verdict stands on one alone."""
        if self.differences is None:
            return np.zeros(self.analytic.shape, dtype=bool)
        known = np.isfinite(self.differences.values)
        doubtful: Mask = known & ~self.confirmed & ~self.kink
        return doubtful

    def verdict(self, position: int) -> Verdict:
        if self.wrong[position]:
            return "wrong"
        return "kink" if self.kink[position] else "right"

    @cached_property
    def largest_error(self) -> tuple[float, int] | None:
        """The largest relative error of the right ones, and where; not of those ``rounded``."""
        fair = ~self.wrong & ~self.kink & ~self.rounded
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
        allowed = TOLERANCE * abs(first) + self.derivatives.rounding[telling] / np.abs(n[telling])
        same = bool((np.abs(ratios - first) <= allowed).all())
        return first if same and np.isfinite(first) else None

    def _allowed(self, one: Array, other: Array) -> Array:
        size = np.maximum(np.abs(one), np.abs(other))
        allowed: Array = TOLERANCE * size + self.derivatives.rounding
        return allowed
