"""Numerical derivatives: what they are of, and their values from each side of a kink."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, TypeAlias

import numpy as np

from bptui.core.arrays import Array
from bptui.core.batches import Indices

Kind: TypeAlias = Literal["weights", "biases", "net", "out"]
STEP = 1e-100
"""The complex step h: its error, h^2 times a third derivative, is far below all that matters."""
SMALLEST = 1e-160
"""What it cannot tell from 0: that error of very wide inputs, or a derivative whose product with h
underflows."""


@dataclass(frozen=True, eq=False)
class Places:
    """Numbers of one array by which the loss is differentiated.

    ``rows`` and ``columns`` (numbers,) are their indices: the fan-in and the unit of a weight, 0
    and the unit of a bias, the row of the batch and the unit of a pre-activation or activation.
    ``total``: how many the array has.
    """

    kind: Kind
    layer: int
    rows: Indices
    columns: Indices
    total: int

    @property
    def size(self) -> int:
        return len(self.rows)

    @property
    def whole(self) -> bool:
        """Whether it is all of the array."""
        return self.size == self.total

    def of(self, array: Array) -> Array:
        """The values at these places of the array."""
        return array[self.columns] if self.kind == "biases" else array[self.rows, self.columns]

    def index(self, position: int) -> tuple[int, ...]:
        """The index in the array of the number at ``position``."""
        row, column = int(self.rows[position]), int(self.columns[position])
        return (column,) if self.kind == "biases" else (row, column)


@dataclass(frozen=True, eq=False)
class Derivatives:
    """The derivatives of the loss at ``places``, each array (numbers,).

    ``right`` and ``left`` are the one-sided ones, the same where there is one derivative; ``off``
    and ``on`` are what all kinks give where relu's derivative at 0 is taken as 0 or as 1 (that of
    leaky_relu as its slope or 1). ``rounding`` bounds how far the result of backpropagation in
    float64 may be from them though its formulas are right.
    """

    places: Places
    right: Array
    left: Array
    off: Array
    on: Array
    rounding: Array

    @property
    def lowest(self) -> Array:
        lowest: Array = np.minimum.reduce([self.right, self.left, self.off, self.on])
        return lowest

    @property
    def highest(self) -> Array:
        highest: Array = np.maximum.reduce([self.right, self.left, self.off, self.on])
        return highest


@dataclass(frozen=True, eq=False)
class Differences:
    """Central differences and their error estimates (numbers,); nan beside a kink."""

    values: Array
    errors: Array
