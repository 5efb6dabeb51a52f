"""Finds statements that do nothing: they write where nobody reads, or what stands there already.

What should have been changed by them is seen to be wrong before them or behind them.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from bptui.trace.judge.repair import Repair, moved
from bptui.trace.judge.wrong_lines import Lines
from bptui.trace.mend.should_be import View
from bptui.trace.tape import Reference, Tape

WRITES = ("setitem", "put")
IDLE = "it changes nothing that is read"


def idle(view: View, repair: Repair) -> Repair | None:
    """Return the repair of a statement that does nothing in the place of one; None without such.

    It writes an array of the same shape as one that is wrong, or that a wrong value is computed
    from, between the lines that make and first read that.
    """
    lines, tape = view.lines, view.lines.truth.tape
    wrong = next(filter(lines.is_wrong, sorted(repair.entries)), None)
    for array in () if wrong is None else _arrays(lines, wrong):
        users = [user for user in lines.backward if array in tape.inputs[user]]
        for write in _idle_writes(tape, array, lines.truth.step.end):
            place = tape.notes[write].place
            own = view.places[place][0]
            others = (e for e in users if view.places[tape.notes[e].place][0] != own)
            if array < write < min(others, default=lines.truth.step.end):
                still = array != wrong or repair.renamed
                return moved(place, repair.entries, [repair], repair.entries if still else ())
    return None


def _arrays(lines: Lines, entry: int) -> Iterator[int]:
    """Yield a value, and what its line computes it from."""
    tape, queue = lines.truth.tape, [entry]
    yield entry
    for one in queue:
        yield from (part for part in tape.inputs[one] if part in lines.values)
        queue += [e for e in tape.inputs[one] if tape.notes[e].place == tape.notes[entry].place]


def _idle_writes(tape: Tape, array: int, end: int) -> Iterator[int]:
    """Yield what writes into arrays of the shape of one behind it, and changes nothing in them."""
    shape, values, notes = tape.shape(array), tape.values, tape.notes
    for entry in range(array + 1, end) if shape else ():
        if notes[entry].call in WRITES and tape.shape(entry) == shape:
            *place, given = notes[entry].arguments
            taken = notes[given.entry].arguments if isinstance(given, Reference) else ()
            unread = entry not in tape.read and not np.array_equal(values[entry], values[array])
            if unread or [*taken] == place:  # x[i] = x[i]
                yield entry
