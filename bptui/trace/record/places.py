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
    """An array, an index into it, and what is put there; None for what is taken.

    Where there is a ``mask``, only there.
    """

    array: Value
    index: Value
    value: Value = None
    mask: Value = None


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
    mask: Value = None
    if name == "copyto":
        index, mask = ..., given.get("where")
    elif name == "putmask":
        if np.shape(parts[0]) == array.shape and (one or np.shape(value) == array.shape):
            index, mask = ..., parts[0]  # what has another shape is repeated
    elif name == "fill_diagonal":
        if one and array.ndim:
            index = tuple(np.arange(min(array.shape)) for _ in array.shape)
    elif name == "put" and (one or np.shape(value) == np.shape(parts[0])):
        places = np.asarray(parts[0])
        if array.size and places.dtype.kind in "iu":
            index = np.unravel_index(places % array.size, array.shape)
    elif name.endswith("_axis") and given.get("axis") in range(-array.ndim, array.ndim):
        index = _along(array.shape, np.asarray(parts[0]), given["axis"])
    return None if index is None else Places(array, index, value, mask)


def _along(shape: tuple[int, ...], indices: Value, axis: int) -> tuple[Value, ...]:
    """Return the index of what stands at ``indices`` along an axis, beside the other axes."""
    grid = list(np.ogrid[tuple(map(slice, shape))])
    grid[axis] = indices
    return tuple(grid)
