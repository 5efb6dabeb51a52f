"""Finds statements that do nothing: they write where nobody reads, or what stands there already.

What should have been changed by them is seen to be wrong before them or behind them.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from bptui.trace.judge.repair import Repair, moved
from bptui.trace.judge.wrong_lines import Lines
from bptui.trace.mend.should_be import View
from bptui.trace.step.parts import WRITES
from bptui.trace.tape import Reference, Tape

IDLE = "it changes nothing that is read"


def idle(view: View, repair: Repair) -> Repair | None:
    """Return the repair of a statement that does nothing in the place of one; None without such.

    It writes an array of the same shape as one that is wrong, or that a wrong value is computed
    from, between the lines that make and first read that.
    """
    lines, tape, end = view.lines, view.lines.truth.tape, view.lines.truth.step.end
    wrong = next(filter(lines.is_wrong, sorted(repair.entries)), None)
    writes = [*_idle_writes(tape, lines.truth.step.first, end)]
    for array in _arrays(lines, wrong) if wrong is not None and writes else ():
        users = [user for user in lines.backward if array in tape.inputs[user]]
        for write in writes:
            place = tape.notes[write].place
            own = view.places[place][0]
            others = (e for e in users if view.places[tape.notes[e].place][0] != own)
            if array < write < min(others, default=end) and _differs(tape, write, array):
                still = array != wrong or repair.renamed
                return moved(place, repair.entries, [repair], repair.entries if still else ())
    return None


def _arrays(lines: Lines, entry: int) -> Iterator[int]:
    """Yield a value, and what its line computes it from, before other turns of it do."""
    tape, place = lines.truth.tape, lines.truth.tape.notes[entry].place
    seen, queue = {entry}, [entry]
    for one in queue:
        yield one
        if tape.notes[one].place == place:
            parts = [part for part in tape.inputs[one] if part in lines.values and part not in seen]
            seen.update(parts)
            queue += parts


def _idle_writes(tape: Tape, first: int, end: int) -> Iterator[int]:
    """Yield what writes into arrays in a step, where nobody reads, or what is there already."""
    notes = tape.notes
    for entry in range(first, end):
        if notes[entry].call in WRITES and tape.shape(entry):
            *place, given = notes[entry].arguments
            taken = notes[given.entry].arguments if isinstance(given, Reference) else ()
            if entry not in tape.read or [*taken] == place:  # x[i] = x[i]
                yield entry


def _differs(tape: Tape, write: int, array: int) -> bool:
    """Whether what is written is another array of the same shape, or changed by its statement."""
    same = np.array_equal(tape.values[write], tape.values[array])
    return tape.shape(write) == tape.shape(array) and (write in tape.read or not same)
