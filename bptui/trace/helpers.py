"""Moves the blame from lines that use a function of slopes to the line in it that is wrong.

Where every value that a line of a function has given is not what its users needed, and no other
argument would have given it, the function is wrong and its users are not.
"""

from __future__ import annotations

from collections.abc import Callable
from itertools import combinations

import numpy as np

from bptui.trace.candidates import Source
from bptui.trace.comparing import Numbers, Values, multiple
from bptui.trace.lines import Lines
from bptui.trace.repair import Repair
from bptui.trace.tape import Reference

MOST = 6
"""Paths of a gradient of which all sums are looked at."""


def blame_helpers(lines: Lines, line: Callable[[int], int]) -> None:
    """Put one repair of a slope's line in the place of repairs of the lines that use it."""
    while any(_blame_term(lines, repair, line) for repair in lines.repairs):
        pass
    needed: dict[int, Values] = {}
    users: dict[int, Repair] = {}
    for repair in lines.repairs:
        for entry in repair.pinned if not repair.updated else ():
            helper = _helper(lines, _product(lines, entry, line), line)
            if helper is not None:
                needed[helper[0]], users[helper[0]] = helper[1], repair
    groups = lines.places | {p: [*group] for p, (_, group) in lines.suspects.named.items()}
    for place, calls in groups.items():
        repairs = list(dict.fromkeys(users[call] for call in calls if call in users))
        whole = {entry for repair in repairs for entry in repair.entries}
        every = len(whole) == len(calls) and all(call in needed for call in calls)
        if every and calls and not all(_other(lines, call, needed[call]) for call in calls):
            mended = frozenset().union(*(repair.mended for repair in repairs))
            sources = tuple(source for repair in repairs for source in repair.stands_for)
            renamed = frozenset(calls) - {*lines.places.get(place, ())}
            merged = Repair(place, tuple(calls), sources, mended, renamed)
            lines.repairs = [merged, *(other for other in lines.repairs if other not in repairs)]
            for call in calls:
                if call in renamed:
                    name = lines.suspects.named[place][1][call], needed[call]
                    lines.replay.renamed.setdefault(call, []).insert(0, name)
                else:
                    lines.current[call] = needed[call]
            lines.follows |= whole


def _product(lines: Lines, entry: int, line: Callable[[int], int]) -> int:
    """Return the product that a value is a factor of in its line, if it is for nothing else."""
    notes, inputs = lines.truth.tape.notes, lines.truth.tape.inputs
    while True:
        users = [user for user in lines.backward if entry in inputs[user]]
        same = len(users) == 1 and line(notes[users[0]].place) == line(notes[entry].place)
        if not same or notes[users[0]].call != "multiply":
            return entry
        (entry,) = users


def _helper(lines: Lines, entry: int, line: Callable[[int], int]) -> tuple[int, Values] | None:
    """Return the one factor of a product that another line has made, and what it should be."""
    notes, inputs = lines.truth.tape.notes, lines.truth.tape.inputs
    own, factors, stack = line(notes[entry].place), list[int](), [(entry, entry)]
    named: set[int] = set()
    while stack:
        one, user = stack.pop()
        if notes[one].call == "multiply" and line(notes[one].place) == own:
            stack += [(inner, one) for inner in inputs[one]]
            continue
        factors.append(one)
        for place, (_, group) in lines.suspects.named.items():
            if user in group.get(one, ()) and line(place) != own:
                named.add(one)
    shape = lines.values[entry][0].shape
    made = [
        factor
        for factor in factors
        if factor in lines.values and lines.values[factor][0].shape == shape
        if factor in named
        or (
            factor not in lines.forward | lines.suspects.computed_again | lines.truth.later
            and factor not in lines.suspects.right_slopes
            and line(notes[factor].place) != own
            and notes[factor].place not in lines.in_forward
            and not _known(lines, factor)
        )
    ]
    if len(made) != 1 or len(factors) < 2:
        return None
    behind = (lines.truth.tape.ancestors(factor) for factor in factors if factor != made[0])
    if any(made[0] in entries for entries in behind):
        return None  # as a in a * (2 - a): the line has its own part in it
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


def _blame_term(lines: Lines, repair: Repair, line: Callable[[int], int]) -> bool:
    """Put the line of a wrong term in the place of the one that adds it up with right ones.

    What it should be is the sum of some paths of the gradient.
    """
    found: dict[int, Values] = {}
    for entry, source in zip(repair.entries, repair.stands_for, strict=True):
        if entry not in repair.renamed and (term := _term(lines, entry, source, line)):
            found[term[0]] = term[1]
    places = {lines.truth.tape.notes[entry].place for entry in found}
    if len(places) != 1 or repair.renamed:
        return False
    lines.follows |= {*repair.entries}
    lines.current |= found
    sources = repair.stands_for[: len(found)]
    moved = Repair(places.pop(), tuple(found), sources, repair.mended)
    lines.repairs[lines.repairs.index(repair)] = moved
    return True


def _term(
    lines: Lines, entry: int, source: Source, line: Callable[[int], int]
) -> tuple[int, Values] | None:
    """Return the one term of a sum that is wrong and made by another line; what it should be."""
    notes = lines.truth.tape.notes
    own, terms, stack = line(notes[entry].place), dict[int, float](), [(entry, 1.0)]
    while stack:
        one, sign = stack.pop()
        given = notes[one].arguments[:2]
        adds = notes[one].call in ("add", "subtract") and line(notes[one].place) == own
        if adds and all(isinstance(part, Reference) for part in given):
            signs = (sign, -sign if notes[one].call == "subtract" else sign)
            stack += [(part.entry, s) for part, s in zip(given, signs, strict=True)]
        else:
            terms[one] = sign
    wrong = [one for one in terms if one not in lines.values or not _known(lines, one)]
    if len(terms) < 2 or len(wrong) != 1 or wrong[0] not in lines.values:
        return None
    made = wrong[0]
    behind = lines.truth.tape.ancestors(made).intersection(lines.values) - {made}
    same = lines.values[made][0].shape == lines.values[entry][0].shape
    if line(notes[made].place) == own or not same or not any(map(lines.factors, behind)):
        return None  # it may be computed of no gradient
    right = lines.right_value(entry) or lines.values[entry]
    needed = [
        terms[made] * (whole - sum(s * _value(lines, t, d) for t, s in terms.items() if t != made))
        for d, whole in enumerate(right)
    ]
    paths = [true for (of, part), true in lines.true.items() if of == source[0] and part >= 0]
    for count in range(1, min(len(paths), MOST)):
        for some in combinations(paths, count):
            if multiple(needed, [sum(parts) for parts in zip(*some, strict=True)]) is not None:
                return made, needed
    return None


def _known(lines: Lines, entry: int) -> bool:
    """Whether a value is a multiple of a true gradient, and no coincidence as ones may be."""
    values = lines.current.get(entry, lines.values[entry])
    varied = values[0].size == 1 or bool(np.ptp(values[0]))
    return varied and bool(lines.factors(entry) or lines.standing.compared(values, single=True))


def _value(lines: Lines, entry: int, draw: int) -> Numbers:
    if entry in lines.current:
        return np.asarray(lines.current[entry][draw])
    return np.asarray(lines.truth.numbers(lines.truth.graph.nodes[entry])[draw])


def _other(lines: Lines, call: int, needed: Values) -> bool:
    """Whether what is needed is there, or the function gives it for another forward value."""
    tape, backward = lines.truth.tape, set(lines.backward)
    shape = needed[0].shape
    own = lines.places.get(tape.notes[call].place, ())
    known = [
        e for e in lines.truth.tape.named & (backward | lines.forward) if tape.shape(e) == shape
    ]
    there = (lines.truth.numbers(lines.truth.graph.nodes[e]) for e in known if e not in own)
    if shape and any((multiple(values, needed) or 0.0) > 0.0 for values in there):
        return True
    inner = {e for e in tape.ancestors(call) & backward if not lines.factors(e)}
    given = {e for entry in inner for e in tape.inputs[entry] if e in lines.forward}
    return len(given) == 1 and any(
        (multiple(found[call], needed) or 0.0) > 0.0
        for found in lines.replay.with_others(given.pop(), lines.forward, inner)
        if call in found
    )
