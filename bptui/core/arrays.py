"""The array type of the core, and calls: numpy functions bound to the buffers they work on."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from functools import partial
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

# what numpy.typing's NDArray stands for, which takes time to load
Array: TypeAlias = np.ndarray[tuple[Any, ...], np.dtype[np.float64]]
Integers: TypeAlias = np.ndarray[tuple[Any, ...], np.dtype[np.intp]]
Call: TypeAlias = Callable[[], object]


def call(function: Callable[..., object], *arguments: object, **keywords: object) -> Call:
    """``call(np.add, a, b, out)``: a numpy function bound to its buffers, to be run repeatedly.

    np.maximum and np.minimum take ``out`` by keyword only: numpy deprecates it by position.
    """
    return partial(function, *arguments, **keywords)


def takes(calls: Iterable[Call], array: Array) -> bool:
    """Whether one of the calls is bound to ``array``."""
    return any(
        argument is array for each in calls if isinstance(each, partial) for argument in each.args
    )


def constant(value: float) -> Array:
    """A 0-d array: ufuncs take it faster than a Python float, which they convert at every call."""
    return np.array(value, dtype=np.float64)


def run(calls: Iterable[Call]) -> None:
    """Run ``calls`` in order. Overflow to inf is silent: losses are checked for it afterwards."""
    with np.errstate(all="ignore"):
        for each in calls:
            each()


CACHE_LINE = 64


def zeros(*shape: int) -> Array:
    """Zeros that begin at a cache line, which numpy's loops and BLAS read faster."""
    size = math.prod(shape)
    raw = np.zeros(size + CACHE_LINE // 8)
    start = -raw.ctypes.data // 8 % (CACHE_LINE // 8)
    return raw[start : start + size].reshape(shape)


def frozen(array: ArrayLike) -> Array:
    """A read-only, C-contiguous float64 copy of ``array``."""
    copy = np.array(array, dtype=np.float64, order="C")
    copy.setflags(write=False)
    return copy


def inner_product(vector: Array, out: Array) -> Call:
    """The call that writes the sum of squares of ``vector`` (any shape) into ``out`` (1, 1)."""
    return call(vector.reshape(1, -1).dot, vector.reshape(-1, 1), out)
