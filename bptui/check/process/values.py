"""What the user's function returned, taken apart into arrays of real numbers.

Runs in the user's process, so errors of the user's own objects are raised as they are.
"""

from __future__ import annotations

import itertools
from collections import deque
from collections.abc import Iterator, KeysView, Mapping, ValuesView

import numpy as np

from bptui.check.answers import AnyArray, Given
from bptui.check.process.describe import (
    DEEPEST,
    REAL,
    describe,
    detached,
    is_numeric,
    shape_of,
    told,
)

MOST_MEMBERS = 100_000
_LAZY = (Iterator, range, deque, KeysView, ValuesView)


class TooLargeError(Exception):
    """More numbers than anybody asked for."""


class Taker:
    """Takes values apart that hold at most ``most`` bytes together."""

    def __init__(self, most: int) -> None:
        self.left = most

    def given(self, value: object) -> Given:
        """``value`` as lists, tuples, dicts, iterators and arrays of numbers, or "other"."""
        try:
            return self._given(value)
        except TooLargeError:
            return Given("other", text=f"{describe(value)}, more numbers than expected")

    def argument(self, value: object) -> AnyArray | tuple[AnyArray, ...]:
        """An argument after the call; an empty tuple where it no longer holds numbers."""
        try:
            if isinstance(value, list):
                return self._members(_plain(value)) or ()
            array = self._array(value)
        except TooLargeError:
            return ()
        return () if array is None else array

    def _given(self, value: object) -> Given:
        if value is None:
            return Given("nothing")
        if isinstance(value, Mapping):
            return self._dict(value)
        plain = _plain(value)
        if not isinstance(plain, (list, tuple)):
            array = self._array(plain)
            if array is None:
                return Given("other", text=told(value))
            return Given("array", (array,))
        parts = _parts(plain)
        if len(parts) == 2 and _is_pair(*parts):
            weights, biases = map(self._part, parts)
            if weights is not None and biases is not None:
                return Given("pair", weights, biases)
        members = self._members(plain)
        if members is None and all(map(_is_layer, plain)):
            members = self._part([each for layer in plain for each in layer])
        if members is None:
            return Given("other", text=told(value))
        return Given("sequence", members)

    def _dict(self, value: Mapping[object, object]) -> Given:
        items: list[tuple[str, AnyArray | tuple[AnyArray, ...]]] = []
        unusable = []
        for name, each in value.items():
            if not isinstance(name, str):
                return Given("other", text=told(value))
            if each is None:
                continue
            plain = _plain(each)
            part: AnyArray | tuple[AnyArray, ...] | None = self._array(plain)
            if part is None and isinstance(plain, (list, tuple)):
                part = self._members(plain)
            if part is None:
                unusable.append(f"{name} is {told(plain)}")
            else:
                items.append((name, part))
        return Given("dict", items=tuple(items), text="; ".join(unusable))

    def _part(self, value: object) -> tuple[AnyArray, ...] | None:
        """One of a pair; None stands for a part that was not given."""
        if value is None:
            return ()
        assert isinstance(value, (list, tuple))
        return self._members([each for each in value if each is not None])

    def _members(self, values: object) -> tuple[AnyArray, ...] | None:
        assert isinstance(values, (list, tuple))
        arrays = []
        for each in values:
            array = self._array(each)
            if array is None:
                return None
            arrays.append(array)
        return tuple(arrays)

    def _array(self, value: object) -> AnyArray | None:
        """``value`` as one array of real numbers, or None."""
        if isinstance(value, (list, tuple)):
            if shape_of(value) is None:  # cheaper than numpy's try, and without its guesses
                return None
        elif not is_numeric(value):
            return None
        array = _as_array(value)
        if array is None or array.dtype.kind not in REAL:
            return None
        self.left -= array.size * array.itemsize
        if self.left < 0:
            raise TooLargeError
        return array


def _as_array(value: object) -> AnyArray | None:
    try:
        array = np.asarray(detached(value))
    except (ValueError, OverflowError):  # ragged
        return None
    if array.dtype.kind == "O":  # fractions, decimals, integers beyond 64 bits
        try:
            return array.astype(np.float64)
        except (TypeError, ValueError, OverflowError):
            return None
    return array


def _plain(value: object, depth: int = 0) -> object:
    """``value`` with lists in the place of iterators and of arrays that hold objects, all down."""
    if isinstance(value, np.ndarray) and value.dtype.kind == "O" and value.ndim:
        array = _as_array(value)
        return _plain(list(value), depth) if array is None else array
    if isinstance(value, _LAZY) and not hasattr(value, "__array__"):
        value = list(itertools.islice(value, MOST_MEMBERS + 1))
        if len(value) > MOST_MEMBERS:
            raise TooLargeError
    if isinstance(value, (list, tuple)) and depth <= DEEPEST:
        return [_plain(each, depth + 1) for each in value]
    return value


def _depth(value: object, most: int = DEEPEST) -> int:
    """How many indices lead to a number."""
    if isinstance(value, (list, tuple)):
        return 1 + (_depth(value[0], most - 1) if value and most else 0)
    return len(shape_of(value) or ())


def _parts(values: list[object] | tuple[object, ...]) -> list[object]:
    """The members of a list of two; where they are stacked, of all layers, as lists of arrays."""
    if len(values) != 2:
        return list(values)
    weights, biases = values
    weights = _unstacked(weights, (3,))
    # a second array beside the first one is the next layer's
    return [weights, _unstacked(biases, (1, 2)) if isinstance(weights, (list, tuple)) else biases]


def _unstacked(value: object, depths: tuple[int, ...]) -> object:
    if isinstance(value, (list, tuple)) or not is_numeric(value) or _depth(value) not in depths:
        return value
    array = _as_array(value)
    return value if array is None else list(array)


def _is_layer(value: object) -> bool:
    """Whether it is the weights' and the biases' gradients of one layer."""
    return isinstance(value, (list, tuple)) and len(value) == 2 and _depth(value[0]) == 2


def _is_pair(first: object, second: object) -> bool:
    """Whether two members are all weights' and all biases' gradients, and not two layers'.

    One index leads to a layer and two more to a weight, so three deep is a list of matrices. A
    first list that is no rectangle cannot be the matrix of a layer either.
    """
    sequences = [each for each in (first, second) if each is not None]
    if not sequences or not all(isinstance(each, (list, tuple)) for each in sequences):
        return False
    if len(sequences) == 1:
        return True
    return _depth(first) >= 3 or shape_of(first) is None
