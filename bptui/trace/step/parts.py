"""Reads assignments to parts of arrays: which places get which value, and what was there before."""

from __future__ import annotations

import numpy as np

from bptui.trace.tape import Reference, Tape, Value, index_of

WRITES = ("setitem", "put")
"""What writes a part of an array."""


def value_put(tape: Tape, entry: int) -> int | None:
    """Return what is assigned: the entry, or what it writes into an array."""
    written = tape.notes[entry].call in WRITES
    return _written(tape, entry)[2] if written else entry


def before_others(tape: Tape, entry: int, own: set[int], afters: set[int], family: set[int]) -> int:
    """Return an array as it was before other parts were made of it, by what is no update."""
    while entry not in afters and (part := part_put(tape, entry)) is not None:
        before, places, value = part
        if not own.isdisjoint(np.reshape(places, -1).tolist()):
            break
        if not tape.depends(value, family - {entry}):
            break
        entry = before
    return entry


def part_put(tape: Tape, entry: int) -> tuple[int, Value, int] | None:
    """Return the array of which an entry assigns a part, the part's places in it, and its value."""
    if tape.notes[entry].call not in WRITES:
        return None
    before, places, value = _written(tape, entry)
    older = np.asarray(tape.values[before])
    try:
        if tape.notes[entry].call == "setitem":
            places = np.arange(older.size).reshape(older.shape)[places]
        _ = older.reshape(-1)[places]
    except (IndexError, TypeError):
        return None
    return None if value is None else (before, places, value)


def _written(tape: Tape, entry: int) -> tuple[int, Value, int | None]:
    """Return what an assignment to a part changes: array before, places, and the value's entry."""
    note = tape.notes[entry]
    before = note.arguments[0].entry
    if note.call == "put":
        part, places = note.arguments[1].entry, note.arguments[2]
        inner = tape.notes[part]
        if inner.call == "setitem":
            _, inside, value = _written(tape, part)
            try:
                return before, np.asarray(places)[inside], value
            except (IndexError, TypeError):
                return before, None, None
        return before, places, part
    value = note.arguments[2].entry if isinstance(note.arguments[2], Reference) else None
    return before, tuple(index_of(tape.values, part) for part in note.arguments[1]), value
