"""numpy's functions that take numbers from places, or put some there, as what indexing does.

Runs in the user's Python, as all that records does: it imports numpy alone.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from bptui.trace.tape import Value

NAMES = {
    "take_along_axis": ("arr", "indices", "axis"),
    "put_along_axis": ("arr", "indices", "values", "axis"),
    "copyto": ("dst", "src", "casting", "where"),
    "putmask": ("a", "mask", "values"),
    "fill_diagonal": ("a", "val", "wrap"),
    "put": ("a", "ind", "v", "mode"),
}
"""The names of their arguments, in order."""


class Places(NamedTuple):
    """An array, an index into it, and what is put there; None for what is taken."""

    array: Value
    index: Value
    value: Value = None


def places_of(name: str, arguments: tuple[Value, ...], words: dict[str, Value]) -> Places | None:
    """Return what a call does as an indexing; None for any other."""
    if name not in NAMES or len(arguments) > len(NAMES[name]):
        return None
    given: dict[str, Value] = dict(zip(NAMES[name], arguments, strict=False)) | words
    every: list[Value] = [given.get(key) for key in NAMES[name]]
    array, *parts = every
    if not isinstance(array, np.ndarray) or given.get("wrap") or "mode" in given:
        return None
    first = name in ("copyto", "fill_diagonal")
    value: Value = None if name == "take_along_axis" else parts[0 if first else 1]
    one = np.ndim(value) == 0
    index: Value = None
    if name in ("copyto", "putmask"):
        mask = given.get("where", True) if name == "copyto" else parts[0]
        index = ... if mask is True else np.asarray(mask) if one else None
    elif name == "fill_diagonal":
        index = tuple(np.arange(min(array.shape)) for _ in array.shape) if one else None
    elif name == "put" and (one or np.shape(value) == np.shape(parts[0])):
        index = np.unravel_index(np.asarray(parts[0]) % array.size, array.shape)
    elif name.endswith("_axis") and given.get("axis") is not None:
        index = _along(array.shape, np.asarray(parts[0]), given["axis"])
    return None if index is None else Places(array, index, value)


def _along(shape: tuple[int, ...], indices: Value, axis: int) -> tuple[Value, ...]:
    """Return the index of what stands at ``indices`` along an axis, beside the other axes."""
    grid = list(np.ogrid[tuple(map(slice, shape))])
    grid[axis] = indices
    return tuple(grid)
