"""The tape: what a program computed, call by call, and the names that it gave to the values.

Runs in the user's Python, as all that records does: it imports the standard library and numpy.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, NamedTuple, TypeAlias

import numpy as np

Value: TypeAlias = Any
"""Whatever a program computes with: numbers, arrays, lists of them, objects of its own."""


POWERS = ("power", "float_power", "pow", "math.pow")
ROOTS = ("sqrt", "math.sqrt")
ABSOLUTES = ("absolute", "abs", "fabs", "math.fabs")
"""What numpy and Python call one function by."""


class Reference(NamedTuple):
    """Stands for a value that an earlier entry has given."""

    entry: int


class Note(NamedTuple):
    """An entry of the tape: what was called, on what, and where in the source."""

    call: str
    """A leaf (``leaf``, ``constant``) or a function of numpy or Python by its name."""
    arguments: tuple[Value, ...]
    """References to entries, plain values, and lists of both."""
    keywords: dict[str, Value]
    place: int


class Binding(NamedTuple):
    """A name that was given to a value: ``when`` counts entries of the tape."""

    when: int
    frame: int
    """Which call of a function the name belongs to; 0 for a global name."""
    name: str
    entry: int
    place: int
    location: tuple[Value, ...]
    """What the name means, the same for the same variable at any time."""


class Caller(NamedTuple):
    """From where a function of the program was called: in which call, and the first place there."""

    function: str
    frame: int
    place: int


def callers(
    called: Iterable[tuple[int, str, int, str, int]], places: Iterable[tuple[str, int]]
) -> dict[int, Caller]:
    """Return the callers by the frames, as they were recorded, from files and lines of places."""
    first: dict[tuple[str, int], int] = {}
    for number, (file, line) in enumerate(places):
        first.setdefault((file, line), number)
    return {
        frame: Caller(function, outer, first[file, line])
        for frame, function, outer, file, line in called
        if (file, line) in first
    }


def references(note: Note) -> list[int]:
    """Return the entries that a note is computed from."""
    found: list[int] = []

    def walk(value: Value) -> None:
        if isinstance(value, Reference):
            found.append(value.entry)
        elif isinstance(value, (list, tuple)):
            for part in value:
                walk(part)

    walk(note.arguments)
    for value in note.keywords.values():
        walk(value)
    return found


def index_of(values: Sequence[Value], index: Value) -> Value:
    """Return a recorded index as numpy takes it: which numbers a mask takes stays as it was."""
    if isinstance(index, Reference):
        known = np.asarray(values[index.entry])
        return known if known.ndim else known.item()
    if isinstance(index, list):
        return np.asarray([index_of(values, part) for part in index])
    if isinstance(index, tuple) and index[0] == "slice":
        return slice(*(index_of(values, part) for part in index[1:]))
    return Ellipsis if index == ("ellipsis",) else index


LONG = 30_000
"""Entries whose pasts are kept as numbers of so many bits."""


@dataclass
class Tape:
    """What was recorded, with what each entry is computed from."""

    notes: Sequence[Note]
    values: Sequence[Value]
    bindings: Sequence[Binding]
    read_at: Callable[[int], Collection[str]] = lambda place: ()
    """Tells the names whose values the expression at a place takes; those that are known."""
    compared: Collection[tuple[int, bool]] = ()
    """Single numbers that were compared, and whether what was asked is so."""
    callers: Mapping[int, Caller] = field(default_factory=dict)
    inputs: list[list[int]] = field(init=False)

    def __post_init__(self) -> None:
        self.notes = [self._with_root(note) for note in self.notes]
        self.inputs = [references(note) for note in self.notes]

    def _with_root(self, note: Note) -> Note:
        """Return ``x ** 0.5`` as the square root that it is; a named exponent may be learned."""
        if note.call in POWERS and len(note.arguments) == 2:
            exponent = note.arguments[1]
            if isinstance(exponent, Reference):
                exponent = None if exponent.entry in self.named else self.values[exponent.entry]
            if np.ndim(exponent) == 0 and exponent == 0.5:
                return note._replace(call="sqrt", arguments=note.arguments[:1])
        return note

    @cached_property
    def named(self) -> set[int]:
        """The entries that have names."""
        return {binding.entry for binding in self.bindings}

    @cached_property
    def read(self) -> set[int]:
        """The entries that others are computed from."""
        return set().union(*self.inputs)

    @cached_property
    def _pasts(self) -> list[int]:
        """What each of the first entries was computed from, and itself, as the bits of a number."""
        found: list[int] = []
        for entry, inputs in enumerate(self.inputs[:LONG]):
            past = 1 << entry
            for source in inputs:
                past |= found[source]
            found.append(past)
        return found

    def depends(self, entry: int, on: set[int]) -> bool:
        """Whether an entry was computed from one of others."""
        if len(on) == 1 and entry < LONG:
            return bool(self._pasts[entry] >> min(on) & 1)
        first, seen, stack = min(on, default=entry), {entry}, [entry]
        while stack:
            top = stack.pop()
            if top in on:
                return True
            for source in self.inputs[top]:
                if source >= first and source not in seen:
                    seen.add(source)
                    stack.append(source)
        return False

    def dependents(
        self, of: set[int], end: int, short_of: Collection[int] = frozenset()
    ) -> set[int]:
        """Return what is computed from entries before ``end``, not through some; and those."""
        found = set(of)
        for entry in range(min(of, default=end), end):
            if not found.isdisjoint(self.inputs[entry]) and entry not in short_of:
                found.add(entry)
        return found

    def ancestors(self, entry: int, short_of: Collection[int] = ()) -> set[int]:
        """Return what an entry is computed from, and the entry: not through some others."""
        return self.behind([entry], short_of)

    def behind(self, entries: Iterable[int], short_of: Collection[int] = ()) -> set[int]:
        """Return what entries are computed from, and those: not through some others."""
        seen = set(entries)
        stack = [*seen]
        while stack:
            top = stack.pop()
            for source in () if top in short_of else self.inputs[top]:
                if source not in seen:
                    seen.add(source)
                    stack.append(source)
        return seen

    def shape(self, entry: int) -> tuple[int, ...]:
        """Return the shape of an entry's value."""
        return np.shape(self.values[entry])
