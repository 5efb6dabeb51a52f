"""Takes note of names: which value a program gives a name to, and in which call of a function."""

from __future__ import annotations

import sys
from itertools import count
from types import FrameType

import numpy as np

from bptui.trace.record.operators import is_of_program
from bptui.trace.record.recording import Enough, Recording, is_number
from bptui.trace.tape import Binding, Value

LONGEST = 64
"""Entries of a list or a dict up to which its numbers are known by its name."""


def key_of(index: Value) -> Value:
    """Return a key of a list or a dict as it is told from others: a number of numpy as Python's."""
    if isinstance(index, np.generic):
        index = index.item()
    if isinstance(index, tuple):
        return tuple(map(key_of, index))
    return index if isinstance(index, int | str) else repr(index)


def _of_program(frame: FrameType) -> FrameType:
    """Return the innermost frame that is none of the recorder's."""
    while frame.f_back is not None and frame.f_globals.get("__package__") == __package__:
        frame = frame.f_back
    return frame


class Names(Recording):
    """The names that a program has given, while it runs."""

    def __init__(self, limit: int = 300_000) -> None:
        super().__init__(limit)
        self._calls: dict[int, int] = {}
        self._numbers = count(1)
        self._latest: dict[int, tuple[int, str]] = {}

    def frame(self) -> int:
        """Return the number of the function call that the program is in; 0 outside of all."""
        return self._number(_of_program(sys._getframe(1)))

    def _number(self, frame: FrameType) -> int:
        if frame.f_code.co_name == "<module>":
            return 0
        known = self._calls.get(id(frame))
        if known is None:
            known = self._calls[id(frame)] = next(self._numbers)
        return known

    def enter(self, at: int, *parameters: Value) -> None:
        """Take note that a function's body begins, with its parameters: names and values."""
        inner = sys._getframe(1)
        frame = self._calls[id(inner)] = next(self._numbers)
        if inner.f_back is not None:
            outer = _of_program(inner.f_back)
            told = (self._number(outer), outer.f_code.co_filename, outer.f_lineno)
            self.callers.append((frame, inner.f_code.co_name, *told))
        for name, value in zip(parameters[::2], parameters[1::2], strict=True):
            self._named(at, frame, name, value)
            if name == "self":
                self.plain.append((len(self.tape), frame, name, self.identity(value)))
            else:
                self._held(at, frame, name, value)

    def bind(self, at: int, name: str, value: Value) -> Value:
        """Take note that a name is given to a value, and return it."""
        frame = self.frame()
        self._named(at, frame, name, value)
        self._held(at, frame, name, value)
        return value

    def bind_global(self, at: int, name: str, value: Value) -> Value:
        """Take note that a function gives a global name to a value, and return it."""
        self._named(at, 0, name, value)
        return value

    def _named(self, at: int, frame: int, name: str, value: Value) -> None:
        if is_number(value):
            self.bound(at, frame, name, value, ("name", frame, name))
        elif value is None or isinstance(value, bool | int | str):
            self.plain.append((len(self.tape), frame, name, value))
        elif (held := self.contents(at, frame, name, value)) is not None:
            self.plain.append((len(self.tape), frame, name, held))

    def _held(self, at: int, frame: int, text: str, value: Value) -> None:
        """Take note of the numbers that an object of the program holds: loss.data, W1.grad."""
        held = getattr(value, "__dict__", None)
        if isinstance(held, dict) and len(held) <= LONGEST and is_of_program(type(value)):
            for name, part in held.items():
                if is_number(part):
                    own = ("attribute", self.identity(value), name)
                    self.bound(at, frame, f"{text}.{name}", part, own)

    def contents(
        self, at: int, frame: int, text: str, value: Value, most: int = LONGEST * LONGEST
    ) -> Value:
        """Take note of the numbers in a list or a dict, and in those in it: ``most`` of them.

        Return what it is: its kind, its identity, how long it is, and what it holds but numbers.
        """
        if not isinstance(value, list | tuple | dict):
            return None
        kind, own, held = type(value).__name__, self.identity(value), list[Value]()
        pairs = value.items() if isinstance(value, dict) else enumerate(value)
        for key, part in pairs if len(value) <= min(LONGEST, most) else ():
            name = f"{text}[{key!r}]"
            if is_number(part):
                self.bound(at, frame, name, part, ("item", own, key_of(key)))
            elif part is None or isinstance(part, bool | int | str):
                held.append((key_of(key), part))
            elif (inner := self.contents(at, frame, name, part, most // len(value))) is not None:
                held.append((key_of(key), inner))
        return kind, own, len(value), held

    def item_of(self, owner: Value, index: Value) -> tuple[Value, ...]:
        """Return what an item of a list or a dict means."""
        if isinstance(owner, list | tuple) and isinstance(index, int) and index < 0:
            index += len(owner)
        return "item", self.identity(owner), key_of(index)

    def bound(
        self, at: int, frame: int, name: str, value: Value, location: tuple[Value, ...]
    ) -> None:
        """Take note that a number is known by a name."""
        binding = Binding(len(self.tape), frame, name, self.entry_of(value, at), at, location)
        self.bindings.append(binding)
        if isinstance(value, np.ndarray):
            self._latest[id(self.buffer(value))] = (frame, name)
        self.watch(binding)
        self.stop_if_long()

    def rebound(self, at: int, text: str, array: Value) -> None:
        """Take note that a part of an array was written to, by the array that owns the memory."""
        self._whole(at, self.frame(), text.partition("[")[0], array)

    def rewritten(self, at: int, array: Value, entry: int) -> None:
        """Take note that a function has written into an array, which keeps its latest name."""
        self.changed(array, entry, at)
        latest = self._latest.get(id(self.buffer(array)))
        if latest is not None:
            self._whole(at, *latest, array)

    def _whole(self, at: int, frame: int, name: str, array: Value) -> None:
        buffer = self.buffer(array)
        whole = array if buffer.entry is None else buffer.owner
        self.bound(at, frame, name, whole, ("memory", id(buffer)))

    def stop_if_long(self) -> None:
        """End the program where the tape has become as long as was wanted, or takes much room."""
        if len(self.tape) > self.limit or self.room < 0:
            raise Enough

    def caught(self) -> None:
        """End the program although it catches whatever is raised."""
        error = sys.exc_info()[1]
        if isinstance(error, Enough):
            raise error
