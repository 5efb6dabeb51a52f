"""Leaves values in a folder for the process at its other end: JSON, and their arrays as bytes.

Both the user's Python and bptui import it.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from bptui.trace.tape import Reference, Value

ALIGNED = 16
"""Where arrays begin in their file: at multiples of so many bytes."""


class Stored:
    """A record that is made ``plain`` part by part, and then written as a whole."""

    def __init__(self) -> None:
        self.arrays: list[Value] = []

    def plain(self, value: Value) -> Value:
        """Return a value as JSON can hold it; the arrays in it by their numbers."""
        if isinstance(value, Reference):
            return {"entry": value.entry}
        if type(value) is float:
            return value
        if isinstance(value, np.ndarray | np.generic):
            self.arrays.append(np.asarray(value))
            return {"array": len(self.arrays) - 1}
        if isinstance(value, tuple):
            return {"tuple": [self.plain(part) for part in value]}
        if isinstance(value, list):
            return [self.plain(part) for part in value]
        if isinstance(value, Mapping):
            return {"dict": {name: self.plain(part) for name, part in value.items()}}
        return value if value is None or isinstance(value, (bool, int, float, str)) else str(value)

    def write(self, folder: str, name: str, record: Mapping[str, Any]) -> None:
        """Leave a record in a folder; it is there when it is whole."""
        whole = os.path.join(folder, name)
        with open(f"{whole}.bin", "wb") as file:
            for array in self.arrays:
                file.write(array.tobytes() + bytes(-array.nbytes % ALIGNED))
        kinds = [(array.dtype.str, array.shape) for array in self.arrays]
        with open(f"{whole}.part", "w", encoding="utf-8") as stream:
            stream.write(json.dumps({**record, "arrays": kinds}))  # much faster than json.dump
        os.rename(f"{whole}.part", whole)  # the process may be ended while it writes


def read(folder: str, name: str) -> tuple[dict[str, Any], Callable[[Value], Value]]:
    """Return a record, and what gives the values that its plain parts were made of.

    Raises :class:`FileNotFoundError` where none was left.
    """
    whole = os.path.join(folder, name)
    with open(whole, encoding="utf-8") as stream:
        record = json.loads(stream.read())
    with open(f"{whole}.bin", "rb") as file:
        memory = bytearray(file.read())
    arrays, start = list[Value](), 0
    for kind, shape in record.pop("arrays"):
        arrays.append(np.ndarray(shape, kind, memory, start))
        start += arrays[-1].nbytes + -arrays[-1].nbytes % ALIGNED

    def value(part: Value) -> Value:
        if isinstance(part, list):
            return [value(inner) for inner in part]
        if not isinstance(part, dict):
            return part
        ((kind, held),) = part.items()
        if kind == "entry":
            return Reference(held)
        if kind == "array":
            return arrays[held]
        if kind == "tuple":
            return tuple(map(value, held))
        return {name: value(inner) for name, inner in held.items()}

    return record, value
