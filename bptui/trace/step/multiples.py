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
PROBES = 16
"""Numbers that are compared before all are."""


class Match(NamedTuple):
    """Numbers that are ``factor`` times a true gradient; ``entry`` None for the whole change."""

    factor: float
    entry: int | None

    @property
    def whole(self) -> bool:
        """Whether all of the change is a known multiple: nothing is, where there is no gradient."""
        return self.entry is None and not np.isnan(self.factor)


ASIDE = 1.0 + 3.7e-6
"""Moves factors away from where rounding turns: 0.3 / 128 ends with a 5 in the sixth digit."""


def rounded(factor: float) -> float:
    """Return a factor as it is compared with others: one of five digits stays as it is."""
    return float(f"{factor * ASIDE:.5g}")


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

    c is NaN where both are zero but for ``noise``, and where that leaves too few of its digits.
    """
    one, other = list(values), list(true)
    if one[0].size != other[0].size:
        return None
    if _surely_apart(one, other, noise):
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
    close = CLOSE * abs(factor) * np.abs(wanted).max()
    if off <= close:
        return factor
    return float("nan") if off <= close + noise.values else None


def right_value(values: Values, wanted: Values, exact: bool) -> bool:
    """Whether values are the wanted ones, or as many times as much where no scale is known."""
    pairs = zip(values, wanted, strict=True)
    if any(one.shape != other.shape or not np.isfinite(one).all() for one, other in pairs):
        return False
    factor = multiple_as_it_is(values, wanted)
    if factor is None:
        return False
    zeros = np.isnan(factor)
    return bool(zeros or (abs(factor - 1.0) <= CLOSE if exact else factor > 0))


def _surely_apart(one: Sequence[Any], other: Sequence[Any], noise: Noise) -> bool:
    """Whether a few numbers tell that values are no multiple: most are not, and soon told so."""
    if other[0].size == 1:
        first, true = one[0].item(), other[0].item()
        for value, wanted in zip(one[1:], other[1:], strict=True):
            ours, theirs = first * wanted.item(), value.item() * true
            close = CLOSE * (abs(ours) + abs(theirs))
            if abs(ours - theirs) > 4.0 * (close + noise.values * (abs(true) + abs(wanted.item()))):
                return True
        return False
    sizes = [float(np.abs(part).max(initial=0.0)) for part in other]
    most = max(sizes)
    if most == 0.0:
        return largest(one) > noise.values
    if other[0].size < 2 * PROBES or not noise.true < most < np.inf:
        return False
    draw = sizes.index(most)
    flat, wanted = one[draw].reshape(-1), other[draw].reshape(-1)
    largest_at = int(np.abs(wanted).argmax())
    factor = float(flat[largest_at] / wanted[largest_at])
    probes = [*range(0, flat.size, flat.size // PROBES), int(np.abs(flat).argmax())]
    with np.errstate(all="ignore"):  # nothing is a multiple of what is not finite
        off = np.abs(flat[probes] - factor * wanted[probes]).max()
    return not off <= 4.0 * (CLOSE * abs(factor) * most + noise.values)


class Multiples:
    """Arrays of one size: tells soon of which of them values may be multiples."""

    def __init__(self, arrays: Sequence[Values]) -> None:
        """Take each array in all draws."""
        rows: list[tuple[int, Numbers]] = []
        for number, draws in enumerate(arrays):
            rows.append((number, _flat(draws)))
            if draws[0].ndim == 2 and min(draws[0].shape) > 1:
                rows.append((number, _flat([part.T for part in draws])))
        size = rows[0][1].size
        self.probes = np.arange(0, size, max(1, size // PROBES))
        self.numbers = np.array([number for number, _ in rows])
        self.largest_at = np.array([int(np.abs(row).argmax()) for _, row in rows])
        self.largest = np.array(
            [row[at] for (_, row), at in zip(rows, self.largest_at, strict=True)]
        )
        self.known = np.stack([row[self.probes] for _, row in rows])
        self.mixed = np.random.default_rng(0).standard_normal(size)
        """Numbers by which all are mixed into one: few alone may differ, in sparse arrays."""
        self.mixtures = np.array([row @ self.mixed for _, row in rows])
        self.zero = set(self.numbers[self.largest == 0.0].tolist())

    def of(self, values: Values) -> list[int]:
        """Return the numbers of the arrays that values may be multiples of, in order."""
        flat = _flat(values)
        with np.errstate(all="ignore"):
            factors = flat[self.largest_at] / self.largest
            off = np.abs(flat[self.probes] - factors[:, None] * self.known).max(axis=1)
            close = 4.0 * CLOSE * np.abs(factors * self.largest)
            mixed = np.abs(flat @ self.mixed - factors * self.mixtures)
            near = (off <= close) & (mixed <= close * np.abs(self.mixed).sum()) & (factors != 0.0)
        return sorted({*self.numbers[near].tolist(), *(() if flat.any() else self.zero)})


def combination(values: Sequence[Any], *parts: Sequence[Any]) -> tuple[float, ...] | None:
    """Return how many times each of some parts stands in the sum of them that ``values`` are."""
    flat = _flat(values)
    columns = [_flat(part) for part in parts]
    if len(flat) < 2 * len(columns) or any(len(column) != len(flat) for column in columns):
        return None
    matrix = np.stack(columns, axis=1)
    if not np.isfinite(matrix).all():
        return None
    found, _, rank, _ = np.linalg.lstsq(matrix, flat, rcond=None)
    off = np.abs(flat - matrix @ found).max()
    close = rank == len(columns) and off <= CLOSE * np.abs(matrix * found).max(axis=0).min()
    return tuple(map(float, found)) if close else None


def varies(array: Numbers) -> bool:
    """Whether not all numbers of an array are the same."""
    return array.size > 1 and bool((array != array.flat[0]).any())


def largest(parts: Iterable[Any]) -> float:
    """Return the size of the largest number, 0 where there is none."""
    return max((float(np.abs(part).max()) for part in parts if np.size(part)), default=0.0)


def along(change: Iterable[Any], true: Iterable[Any]) -> bool:
    """Whether a change goes along a gradient rather than against it."""
    pairs = zip(change, true, strict=True)
    return sum(float(np.vdot(one, shaped(other, one.shape))) for one, other in pairs) > 0.0


def shaped(numbers: Numbers, shape: tuple[int, ...]) -> Numbers:
    """Return numbers in another shape of their size, turned where that is a transpose."""
    if numbers.shape == shape or numbers.size != math.prod(shape):
        return numbers
    return numbers.T if numbers.T.shape == shape else numbers.reshape(shape)


def _flat(parts: Iterable[Any]) -> Numbers:
    return np.concatenate([part.reshape(-1) for part in parts])
