"""Backpropagation's results against the numerical derivatives, number by number, with verdicts."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, Literal, TypeAlias

import numpy as np

from bptui.core.arrays import Array, Integers
from bptui.core.engine import Snapshot
from bptui.core.network import Names

Kind: TypeAlias = Literal["weights", "biases", "net", "out"]
Verdict: TypeAlias = Literal["right", "wrong", "kink"]
"""``kink``: not differentiable here, and the analytic value is one that may stand for it."""
Mask: TypeAlias = np.ndarray[Any, np.dtype[np.bool_]]

TOLERANCE = 1e-9
"""The relative error that a right result stays below, but for what rounding explains."""
LEAST_RATIO = 1e-3
"""A constant factor is told between this and its reciprocal."""


@dataclass(frozen=True, eq=False)
class Places:
    """Numbers of one array by which the loss is differentiated.

    ``rows`` and ``columns`` (numbers,) are their indices: the fan-in and the unit of a weight, 0
    and the unit of a bias, the row of the batch and the unit of a pre-activation or activation.
    ``total``: how many the array has.
    """

    kind: Kind
    layer: int
    rows: Integers
    columns: Integers
    total: int

    @property
    def size(self) -> int:
        return len(self.rows)

    @property
    def parameters(self) -> bool:
        """Whether these are weights or biases."""
        return self.kind in ("weights", "biases")

    @property
    def units(self) -> Integers:
        """Of which units a column is moved at a time: for each parameter, or for all samples."""
        return self.columns if self.parameters else np.unique(self.columns)

    def of(self, array: Array) -> Array:
        """Return the values at these places of the array."""
        return array[self.columns] if self.kind == "biases" else array[self.rows, self.columns]

    def index(self, position: int) -> tuple[int, ...]:
        """Return the index in the array of the number at ``position``."""
        row, column = int(self.rows[position]), int(self.columns[position])
        return (column,) if self.kind == "biases" else (row, column)

    def parameter(self, names: Names, position: int) -> str:
        """Return the name of the weight or bias at ``position``: w5 or b_h1."""
        row, column = int(self.rows[position]), int(self.columns[position])
        if self.kind == "biases":
            return f"b_{names.unit(self.layer, column)}"
        return names.weight(self.layer, row, column)


@dataclass(frozen=True, eq=False)
class Comparison:
    """``analytic`` is what backpropagation gave at ``places`` of the array ``name``.

    ``right`` and ``left`` are the one-sided derivatives, the same where there is one derivative;
    ``lowest`` and ``highest`` bound what may stand for it at a kink. ``rounding`` is how far
    rounding can take a right result from it. ``central`` are central differences, shown beside
    gradients of parameters; they decide nothing. All are (numbers,).
    """

    name: str
    places: Places
    analytic: Array
    right: Array
    left: Array
    lowest: Array
    highest: Array
    rounding: Array
    central: Array | None = None

    def of(self, other: Snapshot) -> Comparison:
        """Return what another step from the same state has here beside the same derivatives."""
        return replace(self, analytic=self.places.of(other.values[self.name]))

    @cached_property
    def numerical(self) -> Array:
        """The derivatives; at a kink the one-sided one that is nearer to the analytic value."""
        with np.errstate(all="ignore"):
            nearer = np.abs(self.analytic - self.left) < np.abs(self.analytic - self.right)
        return np.where(nearer, self.left, self.right)

    @cached_property
    def relative_error(self) -> Array:
        """|a - n| / max(|a|, |n|); 0 where both are 0, nan where one is not finite."""
        with np.errstate(all="ignore"):
            apart = np.abs(self.analytic - self.numerical)
            largest = np.maximum(np.abs(self.analytic), np.abs(self.numerical))
            error: Array = np.where(largest == 0.0, 0.0, apart / largest)
        return error

    @cached_property
    def kink(self) -> Mask:
        """Where the loss has no derivative: those of the two sides differ, or are not finite."""
        with np.errstate(all="ignore"):
            apart = self.highest - self.lowest
            smooth: Mask = apart <= self._allowed(self.lowest, self.highest)
        return ~smooth

    @cached_property
    def wrong(self) -> Mask:
        """Where the analytic value is no derivative; not finite, it is never a finite one."""
        lowest, highest, a = self.lowest, self.highest, self.analytic
        with np.errstate(all="ignore"):
            fits = (a >= lowest - self._allowed(a, lowest)) & (
                a <= highest + self._allowed(a, highest)
            )
        # a derivative that has overflowed itself says nothing about another number
        known = np.isfinite(lowest) & np.isfinite(highest)
        wrong: Mask = known & ~(fits & np.isfinite(a))
        return wrong

    @property
    def at_kink(self) -> Mask:
        """Where there is no derivative, and the analytic value may stand for one."""
        return self.kink & ~self.wrong

    @cached_property
    def rounded(self) -> Mask:
        """Where it is right though later digits differ: as far as rounding explains."""
        rounded: Mask = ~self.wrong & ~self.kink & (self.relative_error > TOLERANCE)
        return rounded

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
        a, n, size = self.analytic, self.right, np.abs(self.right)
        telling = self.wrong & ~self.kink
        if not telling.any() or (self.wrong & self.kink).any():
            return None
        if (n[telling] == 0.0).any() or not telling[size > self.rounding].all():
            return None
        with np.errstate(all="ignore"):
            ratios = a[telling] / n[telling]
            first = float(ratios[size[telling].argmax()])
            rounding = self.rounding[telling] / size[telling]
            same = bool((np.abs(ratios - first) <= TOLERANCE * abs(first) + rounding).all())
        # of absurd sizes, or of nothing, a factor says little
        telling_size = LEAST_RATIO <= abs(first) <= 1.0 / LEAST_RATIO
        return first if same and telling_size else None

    def _allowed(self, one: Array, other: Array) -> Array:
        allowed: Array = TOLERANCE * np.maximum(np.abs(one), np.abs(other)) + self.rounding
        return allowed
