"""Memory that arrays share: which array owns it, and where in it a view's numbers stand."""

from __future__ import annotations

import numpy as np

from bptui.trace.tape import Value


class Buffer:
    """The memory of an array: ``entry`` gives its content, in the owner's order of rows."""

    def __init__(self, owner: Value) -> None:
        self.owner = owner
        self.entry: int | None = None
        self.version = 0
        """Counts the changes: what was known of a view before one is out of date."""
        self.shown: list[int] = []
        """Entries whose value on the tape still is this memory, not a copy of it."""
        self._numbered: Value = None

    def is_all(self, array: Value) -> bool:
        """Whether an array holds all of the memory, in the owner's order."""
        if array is self.owner:
            return True
        straight = array.flags.c_contiguous and self.owner.flags.c_contiguous
        same = array.size == self.owner.size and array.dtype == self.owner.dtype
        return bool(straight and same)

    def places(self, view: Value) -> Value:
        """Return where in the flattened owner the numbers of a view of it stand.

        None where the view reads the memory as numbers of another kind.
        """
        if view.dtype != self.owner.dtype:
            return None
        if not view.size:
            return np.zeros(view.shape, np.intp)
        size = self.owner.itemsize
        low, high = _bounds(self.owner)
        if self._numbered is None:
            self._numbered = np.zeros((high - low) // size, np.intp)
            own = _seen_as(self.owner, self._numbered, low)
            own[...] = np.arange(self.owner.size).reshape(self.owner.shape)
        start, end = _bounds(view)
        if start < low or end > high or (start - low) % size or any(s % size for s in view.strides):
            return None
        return _seen_as(view, self._numbered, low).copy()

    def reshaped(self) -> None:
        """Forget where the numbers stand: the owner has got another shape."""
        self._numbered = None

    def keep(self, values: list[Value]) -> int:
        """Copy what the tape still shows of this memory, which is about to be written to.

        Returns the bytes of the copy.
        """
        if not self.shown:
            return 0
        owner = self.owner
        straight = owner if owner.flags.c_contiguous else owner.T
        whole = straight.flags.c_contiguous and owner.size
        copied = straight.reshape(-1).view(np.uint8).copy() if whole else None
        low, high = _bounds(owner)
        for entry in self.shown:
            value = values[entry]
            if not isinstance(value, np.ndarray) or not value.size:
                continue
            start, end = _bounds(value)
            if end <= low or start >= high:
                continue  # kept already
            if copied is None or start < low or end > high:
                values[entry] = value.copy()
            else:
                values[entry] = np.ndarray(
                    value.shape, value.dtype, copied, start_of(value) - low, value.strides
                )
        self.shown.clear()
        return int(owner.nbytes)


def owner_of(array: Value) -> Value:
    """Return the array that owns the memory of a view."""
    base = _base(array)
    while base is not None:
        array, base = base, _base(base)
    return array


def _base(array: Value) -> Value:
    """Return the array that a view was made of, if it is one."""
    base = array.base
    if base is None or isinstance(base, np.ndarray):
        return base
    if isinstance(base, np.nditer):
        try:
            operands = base.operands
        except ValueError:  # it is closed
            return None
        return next((part for part in operands if np.may_share_memory(part, array)), None)
    between = getattr(base, "base", None)  # as_strided puts an object of its own there
    return between if isinstance(between, np.ndarray) else None


def start_of(array: Value) -> int:
    """Return the address of an array's first number."""
    return int(array.__array_interface__["data"][0])


def _bounds(array: Value) -> tuple[int, int]:
    """Return the lowest address of an array, and the one behind its highest."""
    low = high = start_of(array)
    for stride, length in zip(array.strides, array.shape, strict=True):
        if stride < 0:
            low += stride * (length - 1)
        else:
            high += stride * (length - 1)
    return low, high + array.itemsize


def _seen_as(array: Value, memory: Value, low: int) -> Value:
    """Return ``memory``, one whole number for each number of the owner, laid out as an array."""
    start = memory[(start_of(array) - low) // array.itemsize :]
    strides = tuple(stride // array.itemsize * memory.itemsize for stride in array.strides)
    return np.lib.stride_tricks.as_strided(start, array.shape, strides)
