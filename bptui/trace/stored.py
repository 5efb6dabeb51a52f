"""Leaves values in a folder for the process at its other end: JSON, and their arrays as bytes.

Both the user's Python and bptui import it.
"""

from __future__ import annotations

import json
import os

import numpy as np

from bptui.trace.tape import Reference, Value

ALIGNED = 16
"""Where arrays begin in their file: at multiples of so many bytes."""


def write(folder: str, name: str, value: Value) -> None:
    """Leave a value in a folder; it is there when it is whole."""
    arrays: list[Value] = []

    def plain(value: Value) -> Value:
        """Return a value as JSON can hold it; the arrays in it by their numbers."""
        kind = type(value)
        if kind is int or kind is str or kind is float or kind is bool or value is None:
            return value
        if kind is Reference:
            return {"entry": value.entry}
        if isinstance(value, np.ndarray | np.generic):
            arrays.append(np.asarray(value))
            return {"array": len(arrays) - 1}
        if isinstance(value, tuple):
            return {"tuple": [plain(part) for part in value]}
        if isinstance(value, list):
            return [plain(part) for part in value]
        if isinstance(value, dict):
            return {"dict": {name: plain(part) for name, part in value.items()}}
        return value if isinstance(value, (bool, int, float, str)) else str(value)

    made, whole = plain(value), os.path.join(folder, name)
    with open(f"{whole}.bin", "wb") as file:
        for array in arrays:
            file.write(array.tobytes() + bytes(-array.nbytes % ALIGNED))
    kinds = [(array.dtype.str, array.shape) for array in arrays]
    with open(f"{whole}.part", "w", encoding="utf-8") as stream:
        stream.write(json.dumps([made, kinds]))  # much faster than json.dump
    os.rename(f"{whole}.part", whole)  # the process may be ended while it writes


def read(folder: str, name: str) -> Value:
    """Return a value that was left in a folder.

    Raises :class:`FileNotFoundError` where none was.
    """
    whole = os.path.join(folder, name)
    with open(whole, encoding="utf-8") as stream:
        made, kinds = json.loads(stream.read())
    with open(f"{whole}.bin", "rb") as file:
        memory = bytearray(file.read())
    arrays, start = list[Value](), 0
    for kind, shape in kinds:
        arrays.append(np.ndarray(shape, kind, memory, start))
        start += arrays[-1].nbytes + -arrays[-1].nbytes % ALIGNED

    def value(part: Value) -> Value:
        if type(part) is list:
            return [value(inner) for inner in part]
        if type(part) is not dict:
            return part
        ((kind, held),) = part.items()
        if kind == "tuple":
            return tuple([value(inner) for inner in held])
        if kind == "entry":
            return Reference(held)
        return arrays[held] if kind == "array" else {name: value(one) for name, one in held.items()}

    return value(made)
