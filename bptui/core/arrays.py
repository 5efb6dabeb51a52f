"""The array type of the core, and calls: numpy functions bound to the buffers they work on."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

# what numpy.typing's NDArray stands for, which takes time to load
Array: TypeAlias = np.ndarray[tuple[Any, ...], np.dtype[np.float64]]
Integers: TypeAlias = np.ndarray[tuple[Any, ...], np.dtype[np.intp]]
Call: TypeAlias = Callable[[], object]
"""A numpy function bound to its buffers, to be run again and again: partial(np.add, a, b, c)."""

CACHE_LINE = 64


def run(calls: Iterable[Call]) -> None:
    """Run ``calls`` in order. Overflow to inf is silent: losses are checked for it afterwards."""
    with np.errstate(all="ignore"):
        for call in calls:
            call()


def zeros(*shape: int) -> Array:
    """Return zeros that begin at a cache line, which numpy's loops and BLAS read faster."""
    size = math.prod(shape)
    raw = np.zeros(size + CACHE_LINE // 8)
    start = -raw.__array_interface__["data"][0] // 8 % (CACHE_LINE // 8)
    return raw[start : start + size].reshape(shape)


def frozen(array: ArrayLike) -> Array:
    """Return a read-only, C-contiguous float64 copy of ``array``."""
    copy = np.array(array, dtype=np.float64, order="C")
    copy.setflags(write=False)
    return copy


def as_json(record: object) -> str:
    """Return ``record`` on one line, in which every number reads back to the same bits.

    Arrays are lists of lists; JSON has no number that is not finite: "nan", "inf" and "-inf".
    """
    return json.dumps(_plain(record), allow_nan=False)


def _plain(value: object) -> object:
    if isinstance(value, dict):
        return {name: _plain(part) for name, part in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(part) for part in value]
    if isinstance(value, np.ndarray | np.generic):
        numbers = value.tolist()
        finite = value.dtype.kind == "f" and np.isfinite(value).all()
        return numbers if finite else _plain(numbers)
    if isinstance(value, float) and not math.isfinite(value):
        return str(value)
    return value
