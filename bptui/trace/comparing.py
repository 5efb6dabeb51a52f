"""Compares numbers with true gradients: the same, a multiple, or something else."""

from __future__ import annotations

from collections.abc import Iterable
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


def multiple(values: Iterable[Any], true: Iterable[Any]) -> float | None:
    """Return c where ``values`` are c times ``true`` in all draws, transposed or not; else None."""
    one, other = list(values), list(true)
    if one[0].size != other[0].size:
        return None
    flat = _flat(one)
    if not np.isfinite(flat).all():
        return None
    turned = [part.T for part in other] if other[0].ndim == 2 and min(other[0].shape) > 1 else None
    for reference in (other, turned) if turned else (other,):
        wanted = _flat(reference)
        square = wanted @ wanted
        if not square and not flat.any():
            return float("nan")  # nothing is right where there is no gradient
        if not square or not np.isfinite(square):
            continue
        factor = float(flat @ wanted / square)
        off = np.abs(flat - factor * wanted).max() if factor else np.inf
        if off <= CLOSE * abs(factor) * np.abs(wanted).max():
            return factor
    return None


def _flat(parts: Iterable[Any]) -> Numbers:
    return np.concatenate([part.reshape(-1) for part in parts])
