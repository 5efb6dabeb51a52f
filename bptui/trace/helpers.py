"""Moves the blame from lines that use a function of slopes to the line in it that is wrong.

Where every value that a line of a function has given is not what its users needed, and no other
argument would have given it, the function is wrong and its users are not.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from bptui.trace.comparing import Numbers, Values, multiple
from bptui.trace.lines import Lines, Repair


def blame_helpers(lines: Lines, line: Callable[[int], int]) -> None:
    """Put one repair of a function's line in the place of repairs of the lines that use it."""
    needed: dict[int, Values] = {}
    users: dict[int, Repair] = {}
    for repair in lines.repairs:
        for entry in repair.pinned:
            helper = _helper(lines, entry, line)
            if helper is not None:
                needed[helper[0]], users[helper[0]] = helper[1], repair
    for place in dict.fromkeys(lines.truth.tape.notes[entry].place for entry in needed):
        calls = lines.places.get(place, [])
        repairs = list(dict.fromkeys(users[call] for call in calls if call in users))
        whole = {entry for repair in repairs for entry in repair.entries}
        several = len(calls) > 1 and len(whole) == len(calls) and all(c in needed for c in calls)
        if several and not all(_other_argument(lines, c, needed[c]) for c in calls):
            mended = frozenset().union(*(repair.mended for repair in repairs))
            sources = tuple(source for repair in repairs for source in repair.stands_for)
            merged = Repair(place, tuple(calls), sources, mended)
            lines.repairs = [merged, *(other for other in lines.repairs if other not in repairs)]
            lines.current.update({call: needed[call] for call in calls})
            lines.follows |= whole


def _helper(lines: Lines, entry: int, line: Callable[[int], int]) -> tuple[int, Values] | None:
    """Return the one factor of a product that another line has made, and what it should be."""
    notes, inputs = lines.truth.tape.notes, lines.truth.tape.inputs
    own, factors, stack = line(notes[entry].place), list[int](), [entry]
    while stack:
        one = stack.pop()
        if notes[one].call == "multiply" and line(notes[one].place) == own:
            stack += inputs[one]
        else:
            factors.append(one)
    shape = lines.values[entry][0].shape
    made = [
        factor
        for factor in factors
        if factor in lines.values and line(notes[factor].place) != own
        if lines.values[factor][0].shape == shape
        if not lines.factors(factor) or not np.ptp(lines.values[factor][0])
    ]
    if len(made) != 1 or len(factors) < 2:
        return None
    needed: Values = []
    for draw, right in enumerate(lines.current[entry]):
        rest: Numbers = np.asarray(1.0)
        for factor in factors:
            if factor != made[0]:
                rest = rest * _value(lines, factor, draw)
        with np.errstate(all="ignore"):
            found = np.where(rest == 0, lines.values[made[0]][draw], right / rest)
        needed.append(found)
    return made[0], needed


def _value(lines: Lines, entry: int, draw: int) -> Numbers:
    if entry in lines.current:
        return np.asarray(lines.current[entry][draw])
    return np.asarray(lines.truth.numbers(lines.truth.graph.nodes[entry])[draw])


def _other_argument(lines: Lines, call: int, needed: Values) -> bool:
    """Whether the function gives what is needed for another forward value than it was given."""
    tape, backward = lines.truth.tape, set(lines.backward)
    inner = {e for e in tape.ancestors(call) & backward if not lines.factors(e)}
    given = {e for entry in inner for e in tape.inputs[entry] if e in lines.forward}
    return len(given) == 1 and any(
        multiple(found[call], needed) is not None
        for found in lines.replay.with_others(given.pop(), lines.forward, inner)
        if call in found
    )
