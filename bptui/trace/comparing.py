"""Compares numbers with true gradients: the same, a multiple, or something else."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

import numpy as np

Numbers = np.ndarray[Any, np.dtype[np.float64]]
Values = list[Any]
"""One array for each draw."""

CLOSE = 1e-6


class Match(NamedTuple):
    """Numbers that are ``factor`` times a true gradient; ``entry`` None for the whole change."""

    factor: float
    entry: int | None

    @property
    def whole(self) -> bool:
        """Whether all of the change is a known multiple: nothing is, where there is no gradient."""
        return self.entry is None and not np.isnan(self.factor)


def rounded(factor: float) -> float:
    """Return a factor as it is compared with others."""
    return float(f"{factor:.5g}")


class Noise(NamedTuple):
    """What rounding makes of zero: the sizes below which numbers and true gradients tell nothing.

    A bias before a batch norm has no gradient, and its sum over the batch is 1e-17, not 0.
    """

    values: float = 0.0
    true: float = 0.0


EXACT = Noise()


def multiple(values: Iterable[Any], true: Iterable[Any]) -> float | None:
    """Return c where ``values`` are c times ``true`` in all draws, transposed or not; else None."""
    one, other = list(values), list(true)
    factor = multiple_as_it_is(one, other)
    if factor is None and other[0].ndim == 2 and min(other[0].shape) > 1:
        factor = multiple_as_it_is(one, [part.T for part in other])
    return factor


def multiple_as_it_is(
    values: Iterable[Any], true: Iterable[Any], noise: Noise = EXACT
) -> float | None:
    """Return c where ``values`` are c times ``true``, number by number, in all draws; else None.

    c is NaN where both are zero but for ``noise``.
    """
    one, other = list(values), list(true)
    if one[0].size != other[0].size:
        return None
    flat, wanted = _flat(one), _flat(other)
    if not np.isfinite(flat).all():
        return None
    square = wanted @ wanted
    if largest(one) <= noise.values and largest(other) <= noise.true:
        return float("nan")  # nothing is right where there is no gradient
    if not square or not np.isfinite(square):
        return None
    factor = float(flat @ wanted / square)
    off = np.abs(flat - factor * wanted).max() if factor else np.inf
    close = CLOSE * abs(factor) * np.abs(wanted).max() + noise.values
    return factor if off <= close else None


def multiple_and_share(
    values: Sequence[Any], true: Sequence[Any], own: Sequence[Any]
) -> tuple[float, float] | None:
    """Return c and k where ``values`` are c times ``true`` and k times ``own``; else None."""
    flat = _flat(values)
    columns = np.stack([_flat(true), _flat(own)], axis=1)
    enough = len(flat) >= 2 * columns.shape[1]
    if len(flat) != len(columns) or not enough or not np.isfinite(columns).all():
        return None
    found, _, rank, _ = np.linalg.lstsq(columns, flat, rcond=None)
    off = np.abs(flat - columns @ found).max()
    close = rank == 2 and off <= CLOSE * np.abs(columns * found).max(axis=0).min()
    return (float(found[0]), float(found[1])) if close else None


def largest(parts: Iterable[Any]) -> float:
    """Return the size of the largest number, 0 where there is none."""
    return max((float(np.abs(part).max()) for part in parts if np.size(part)), default=0.0)


def shaped(numbers: Numbers, shape: tuple[int, ...]) -> Numbers:
    """Return numbers in another shape of their size, turned where that is a transpose."""
    if numbers.shape == shape or numbers.size != math.prod(shape):
        return numbers
    return numbers.T if numbers.T.shape == shape else numbers.reshape(shape)


def _flat(parts: Iterable[Any]) -> Numbers:
    return np.concatenate([part.reshape(-1) for part in parts])
