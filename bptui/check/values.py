"""Values on their way between bptui and the user's Python, as trees that JSON can hold.

Numbers, lists and None are as they are, ``{"array": [dtype, shape, base64]}``, ``{"dict": {...}}``,
and ``{"other": "a str"}`` stands for what holds no numbers. The user's Python imports this, too.
"""

from __future__ import annotations

import base64
import itertools
import sys
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np

DEEPEST, MOST_BYTES, MOST_MEMBERS = 16, 1 << 28, 1 << 21
"""Of what a function returned: lists in lists, an array, and what comes one after the other."""

AnyArray: TypeAlias = "np.ndarray[Any, np.dtype[Any]]"
Value: TypeAlias = "AnyArray | float | list[Value] | dict[str, Value] | Other | None"
"""What the user's code made: arrays as they came, dtypes kept; tuples and iterators are lists."""


@dataclass(frozen=True)
class Other:
    """Something in a returned value that holds no numbers: "a str"."""

    text: str


def encoded(value: Any, depth: int = 0) -> object:  # noqa: ANN401  # whatever it is
    """Return ``value`` as a tree."""
    if value is None:
        return None
    if type(value) in (bool, int, float):
        too_large = isinstance(value, int) and abs(value) > sys.float_info.max
        return {"other": "a whole number too large for a float"} if too_large else value
    if depth > DEEPEST:
        return {"other": "nested too deeply"}
    if isinstance(value, Mapping):
        if all(isinstance(name, str) for name in value):
            return {"dict": {name: encoded(one, depth + 1) for name, one in value.items()}}
        return {"other": "a dict whose keys are not names"}
    numeric = hasattr(value, "__array__") or hasattr(value, "__float__")
    if isinstance(value, Iterable) and not numeric and not isinstance(value, (str, bytes)):
        return [encoded(one, depth + 1) for one in itertools.islice(value, MOST_MEMBERS)]
    if not numeric or isinstance(value, (complex, type)):
        return {"other": _described(value)}
    if hasattr(value, "detach"):  # a torch tensor that remembers its gradient
        value = value.detach().cpu()
    found = np.asarray(value)
    if found.dtype.kind == "O":  # fractions, or arrays of different shapes
        return encoded(found.tolist() if found.ndim else float(value), depth + 1)
    if found.dtype.kind not in "biuf":
        return {"other": _described(found)}
    if found.nbytes > MOST_BYTES:
        return {"other": f"{_described(found)}, more numbers than expected"}
    found = found.astype("f8") if found.itemsize > 8 else found
    data = base64.b64encode(found.tobytes()).decode("ascii")
    return {"array": [found.dtype.str, [*found.shape], data]}


def _described(value: object) -> str:
    """Say what ``value`` is: "a str", "an array of complex numbers"."""
    if isinstance(value, np.ndarray):
        if value.dtype.kind in "biuf":
            return f"an array of {value.size:,} numbers"
        kind = "complex numbers" if value.dtype.kind == "c" else f"dtype {value.dtype}"
        return f"an array of {kind}"
    name = type(value).__name__
    return f"{'an' if name[:1].lower() in 'aeiou' else 'a'} {name}"


def decoded(tree: Any) -> Value:  # noqa: ANN401  # JSON
    """Return what a tree stands for; arrays are fresh and writable."""
    if isinstance(tree, list):
        return [decoded(one) for one in tree]
    if not isinstance(tree, dict):
        return tree  # type: ignore[no-any-return]  # a number, or None
    if "dict" in tree:
        return {name: decoded(one) for name, one in tree["dict"].items()}
    if "other" in tree:
        return Other(tree["other"])
    dtype, shape, data = tree["array"]
    return np.frombuffer(base64.b64decode(data), dtype).reshape(shape).copy()
