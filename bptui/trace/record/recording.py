"""Writes the tape: which entry gives the present value of a number or an array.

A number, or an array, is known by the object that holds it. Arrays share memory and change in
place, so an array belongs to a buffer, the memory of the array that owns it; the tape says what a
buffer holds, and a view of it reads from there.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

import numpy as np

from bptui.trace.record.buffers import Buffer, owner_of
from bptui.trace.tape import Binding, Note, Reference, Value

KINDS = "fbiuc"
"""The kinds of arrays that the tape keeps, by numpy's letters."""
ROOM = 4 << 30
"""Bytes that the arrays of a tape may take: every value that a program computes stays alive."""


class Enough(BaseException):
    """Ends the program once all that is wanted was seen."""


def is_number(value: object) -> bool:
    """Whether a value is a number or an array of numbers that the tape keeps."""
    if type(value) is float:
        return True
    if isinstance(value, np.ndarray):
        return value.dtype.kind in KINDS
    # there are two objects of np.bool_ in all, so none of them can be told from another
    return isinstance(value, np.number)


class Recording:
    """The tape, while it is written."""

    def __init__(self, limit: int = 300_000) -> None:
        self.limit, self.room = limit, ROOM
        self.tape: list[Note] = []
        self.values: list[Value] = []
        self.bindings: list[Binding] = []
        self.reads: list[tuple[int, int, int, tuple[Value, ...]]] = []
        """Numbers taken out of lists and dicts: when, where, the entry, and which item it was."""
        self.plain: list[tuple[int, int, str, Value]] = []
        """Whole numbers and the like by name: when, the frame, the name, and the value.

        Of lists and dicts what they are, without the numbers in them.
        """
        self.turning: list[tuple[int, int, Value]] = []
        """What a comprehension's variables are, if no numbers: when, where, and the value."""
        self.callers: list[tuple[int, str, int, str, int]] = []
        """Calls of functions: the frame, the name, then the caller's frame, file and line."""
        self.compared: list[tuple[int, bool]] = []
        """Single numbers that were compared, and whether what was asked is so."""
        self.turns: list[tuple[int, int]] = []
        """When a turn of a loop began, and the loop's place."""
        self.watch: Callable[[Binding], None] = lambda binding: None
        """Is told of every name that is given to a number."""
        self.alive: list[Value] = []
        """Whatever is known by its identity, so that nothing else takes it."""
        self._holders: dict[int, Value] = {}
        self._known: dict[int, tuple[int, int]] = {}
        self._buffers: dict[int, Buffer] = {}

    def write(
        self,
        call: str,
        arguments: tuple[Value, ...],
        keywords: dict[str, Value],
        at: int,
        value: Value,
    ) -> int:
        """Put a call on the tape, and return the number of its entry."""
        self.tape.append(Note(call, arguments, keywords, at))
        self.values.append(value)
        if isinstance(value, np.ndarray) and value.base is None:
            self.room -= value.nbytes
        return len(self.tape) - 1

    def entry_of(self, value: Value, at: int = -1) -> int:
        """Return the entry that gives a number's or an array's present value."""
        known = self._known.get(id(value))
        if not isinstance(value, np.ndarray):
            return known[0] if known else self.keep(value, self.write("leaf", (), {}, at, value))
        buffer = self.buffer(value)
        if known is not None and known[1] == buffer.version:
            return known[0]
        if buffer.owner is value and buffer.entry is not None:
            return self.keep(value, self._content(buffer, buffer.entry))
        if buffer.entry is not None:
            places = buffer.places(value)
            if places is not None:
                source = (Reference(buffer.entry), places)
                return self.keep(value, self.write("gather", source, {}, at, value))
        return self.keep(value, self.write("leaf", (), {}, at, value))

    def is_known(self, value: Value) -> bool:
        """Whether an entry of the tape gives what a number, or an array, holds now."""
        known = self._known.get(id(value))
        if known is None or not isinstance(value, np.ndarray):
            return known is not None
        return known[1] == self.buffer(value).version

    def buffer(self, array: Value) -> Buffer:
        """Return the memory that an array belongs to."""
        owner = owner_of(array)
        found = self._buffers.get(id(owner))
        if found is None:
            self.alive.append(owner)
            found = self._buffers[id(owner)] = Buffer(owner)
        return found

    def _content(self, buffer: Buffer, entry: int) -> int:
        """Return the entry that gives what a buffer holds in the shape of its owner."""
        shape = buffer.owner.shape
        if np.shape(self.values[entry]) != shape:  # it is known by a view of all of it
            given = (Reference(entry), list(shape))
            entry = buffer.entry = self.write("reshape", given, {}, -1, buffer.owner)
            buffer.shown.append(entry)
        return entry

    def identity(self, holder: Value) -> int:
        """Tell a list, dict or object that holds numbers from all others, also from later ones."""
        self._holders[id(holder)] = holder
        return id(holder)

    def keep(self, value: Value, entry: int) -> int:
        """Remember what gives a value; it is kept alive, so that nothing takes its identity."""
        version = 0
        if isinstance(value, np.ndarray):
            buffer = self.buffer(value)
            if buffer.entry is None and buffer.is_all(value):
                buffer.entry = entry
            buffer.shown.append(entry)
            version = buffer.version
        if id(value) not in self._known:
            self.alive.append(value)
        self._known[id(value)] = (entry, version)
        return entry

    def about_to_change(self, array: Value) -> Reference:
        """Keep what the tape shows of an array's memory, and return what the array holds."""
        before, buffer = self.entry_of(array), self.buffer(array)
        if buffer.entry is not None and not buffer.is_all(array):
            self._content(buffer, buffer.entry)
        self.room -= buffer.keep(self.values)
        return Reference(before)

    def changed(self, array: Value, entry: int, at: int) -> None:
        """Say that an array now holds what an entry gives."""
        buffer = self.buffer(array)
        if buffer.is_all(array):
            buffer.entry = entry
        elif buffer.entry is not None:
            places = buffer.places(array)
            if places is None:
                buffer.entry = self.write("leaf", (), {}, at, buffer.owner)
            else:
                put = (Reference(buffer.entry), Reference(entry), places)
                buffer.entry = self.write("put", put, {}, at, buffer.owner)
            buffer.shown.append(buffer.entry)
        buffer.version += 1
        self.keep(array, entry)

    def encoded(self, value: Value, at: int) -> Value:
        """Return an argument for the tape: references for numbers, plain values for the rest."""
        if is_number(value):
            return Reference(self.entry_of(value, at))
        if isinstance(value, (list, tuple, range)):
            return [self.encoded(part, at) for part in value]
        if isinstance(value, slice):
            ends = (value.start, value.stop, value.step)
            return ("slice", *(self.encoded(part, at) for part in ends))
        if isinstance(value, np.bool_):
            return bool(value)
        if value is None or isinstance(value, (bool, int, str)):
            return value
        if value is Ellipsis:
            return ("ellipsis",)
        if isinstance(value, (type, np.dtype)):
            return ("type", _dtype_name(value))
        return ("object", type(value).__name__)

    def concerned(self, values: Iterable[Value], within: bool = False) -> bool:
        """Whether numbers that the tape keeps are among the values, or in lists of them.

        Of single numbers in a list only those count that the tape has already: a long list of data
        would be a long tape.
        """
        for value in values:
            if is_number(value):
                if not within or isinstance(value, np.ndarray) or self.is_known(value):
                    return True
            elif isinstance(value, list | tuple) and self.concerned(value, within=True):
                return True
        return False

    def note(
        self,
        call: str,
        arguments: Iterable[Value],
        keywords: dict[str, Value],
        at: int,
        result: Value,
    ) -> Value:
        """Put a call on the tape that was carried out, where it gave new numbers."""
        several = isinstance(result, (list, tuple))
        parts = result if several else (result,)
        if not any(map(is_number, parts)):
            return result
        given = tuple(self.encoded(argument, at) for argument in arguments)
        named = {name: self.encoded(value, at) for name, value in keywords.items()}
        for number, part in enumerate(parts):
            if is_number(part) and not self.is_known(part):  # else it is handed through
                words = {**named, "pick": number} if several else named
                self.keep(part, self.write(call, given, words, at, part))
        return result


def _dtype_name(value: Value) -> str:
    try:
        return np.dtype(value).name
    except TypeError:
        return str(value)
