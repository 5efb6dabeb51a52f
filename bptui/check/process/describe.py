"""What a returned value is, in a few words, and where in it there is no number."""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from typing import Any

import numpy as np

REAL = "biuf"
"""Kinds of numpy's dtypes: booleans, integers, floats of any width."""
DEEPEST = 16
MOST_DESCRIBED = 5
MOST_LOOKED_AT = 1000


def is_numeric(value: object) -> bool:
    """Whether ``value`` is a number, or anything that numpy takes for an array."""
    numbers = (bool, int, float, np.ndarray, np.generic)
    return isinstance(value, numbers) or (
        (hasattr(value, "__array__") or hasattr(value, "__float__"))
        and not isinstance(value, (str, bytes, complex, type))
    )


def shape_of(value: object, depth: int = 0) -> tuple[int, ...] | None:
    """The shape of nested lists of numbers, or None where they have none."""
    if isinstance(value, (list, tuple)):
        if depth > DEEPEST:
            return None
        shapes = {shape_of(each, depth + 1) for each in value}
        if not shapes:
            return (0,)
        first = shapes.pop()
        return None if shapes or first is None else (len(value), *first)
    if not is_numeric(value):
        return None
    if isinstance(value, (int, float)):
        return ()
    shape = getattr(value, "shape", None)
    return tuple(shape) if isinstance(shape, tuple) else np.asarray(detached(value)).shape


def detached(value: Any) -> Any:  # noqa: ANN401  # objects of other libraries
    """A torch tensor that remembers its gradient without that, so that numpy reads it."""
    return value.detach().cpu() if hasattr(value, "detach") else value


def told(value: object) -> str:
    """:func:`describe`, and in nested lists what is no number: ", where [0][1] is a str"."""
    inside = ""
    members = value[:MOST_LOOKED_AT] if isinstance(value, (list, tuple)) else ()
    if all(isinstance(each, (list, tuple, np.ndarray)) for each in members):
        found = (trouble(each, f"[{place}]") for place, each in enumerate(members))
        inside = next(filter(None, found), "")
    return f"{describe(value)}, where {inside}" if inside else describe(value)


def trouble(value: object, place: str, depth: int = 1) -> str:
    """Why ``value``, at ``place`` of a nested list, is no array of numbers; "" where it is one."""
    if isinstance(value, (list, tuple)):
        if depth > DEEPEST:
            return f"{place[:3]} is nested too deeply"
        members = value[:MOST_LOOKED_AT]
        found = (trouble(each, f"{place}[{at}]", depth + 1) for at, each in enumerate(members))
        first = next(filter(None, found), "")
        shapes = list(itertools.islice(dict.fromkeys(map(shape_of, members)), 2))
        if first or len(shapes) < 2:
            return first
        one, other = shapes
        return f"the parts of {place} differ in shape, {one} and {other}"
    if not is_numeric(value):
        return f"{place} is {describe(value, 1)}"
    if isinstance(value, int):
        try:
            float(value)
        except OverflowError:
            return f"{place} is a whole number too large for a float"
    kind = getattr(getattr(value, "dtype", None), "kind", "f")
    return "" if kind in f"{REAL}O" else f"{place} is {describe(value, 1)}"


def describe(value: object, depth: int = 0) -> str:
    """What ``value`` is, in a few words: "a str", "a list of 2 dicts"."""
    if value is None:
        return "None"
    if isinstance(value, np.ndarray):
        numbers = "complex numbers" if value.dtype.kind == "c" else f"dtype {value.dtype}"
        sort = numbers if value.dtype.kind not in REAL else f"{value.size:,} numbers"
        return f"an array of {sort}"
    name = type(value).__name__
    if isinstance(value, (list, tuple)) and depth == 0:
        if not value:
            return f"an empty {name}"
        kinds = [describe(each, 1) for each in value[:MOST_DESCRIBED]]
        start = f"{_article(name)} {name} of"
        if len(value) > 1 and len(set(kinds)) == 1 and type(value[0]).__name__ in kinds[0]:
            return f"{start} {len(value):,} {type(value[0]).__name__}s"
        more = ", ..." if len(value) > MOST_DESCRIBED else ""
        return f"{start} {', '.join(kinds)}{more}"
    if isinstance(value, Mapping) and depth == 0 and not all(isinstance(k, str) for k in value):
        odd = next(each for each in value if not isinstance(each, str))
        return f"{_article(name)} {name} whose keys are not names but {type(odd).__name__}"
    return f"{_article(name)} {name}"


def _article(word: str) -> str:
    return "an" if word[:1].lower() in "aeiou" else "a"
