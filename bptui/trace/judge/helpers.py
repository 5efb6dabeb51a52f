"""Moves the blame from lines that use a function of slopes to the line in it that is wrong.

Where every value that a line of a function has given is not what its users needed, and no other
argument would have given it, the function is wrong and its users are not.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from typing import NamedTuple

import numpy as np

from bptui.trace.judge.repair import Repair, moved
from bptui.trace.judge.replay import Changes
from bptui.trace.judge.wrong_lines import Lines
from bptui.trace.step.multiples import Numbers, Values, multiple, right_value, rounded, varies


def blame_helpers(lines: Lines, line: Callable[[int], int]) -> None:
    """Put one repair of a slope's line in the place of repairs of the lines that use it."""
    for found in _makers(lines, line):
        repairs = list(dict.fromkeys(found.users.values()))
        if not all(repair in lines.repairs for repair in repairs):
            continue
        changed = lines.replay.carried(found.needed, lines.without(*repairs))
        if changed is not None and lines.mends(changed, *repairs):  # else it is read rightly, too
            lines.put(moved(found.place, found.needed, repairs), repairs, changed)


class _Maker(NamedTuple):
    """A line that makes factors of wrong products of other lines: what each of them should be."""

    place: int
    needed: dict[int, Values]
    users: dict[int, Repair]
    """The products, with the repairs that they belong to."""


def _makers(lines: Lines, line: Callable[[int], int]) -> list[_Maker]:
    """Return the lines that explain whole repairs, and better than others, the best first."""
    needed: dict[int, Values] = {}
    users: dict[int, dict[int, Repair]] = {}
    factors: set[int] = set()
    for repair in lines.repairs:
        for entry in repair.pinned if not repair.updated else ():
            product = _product(lines, entry, line)
            made_so = Changes()
            if entry != product:  # it is right as it is made, then
                made_so[entry] = lines.without(repair).get(entry, lines.values[entry])
                if lines.truth.tape.notes[entry].call != "multiply":
                    factors.add(entry)  # it may be wrong itself
            for made, values in _factors(lines, product, line, made_so).items():
                if right_value(values, needed.setdefault(made, values), exact=True):
                    users.setdefault(made, {})[entry] = repair
                else:
                    users[made] = {}
    found: list[_Maker] = []
    called = _called(lines, needed)
    for place, calls in (lines.places | called).items():
        if all(users.get(call) and not _known(lines, call) for call in calls):
            explained = {e: repair for call in calls for e, repair in users[call].items()}
            found.append(_Maker(place, {call: needed[call] for call in calls}, explained))

    return [
        maker
        for maker in sorted(found, key=lambda one: -len(one.users))
        if len(set(maker.users.values())) > 1 or factors.isdisjoint(maker.users)
        if maker.place in called
        or not all(_other(lines, *one, [*maker.users], line) for one in maker.needed.items())
    ]


def _called(lines: Lines, needed: Collection[int]) -> dict[int, list[int]]:
    """Return what functions give by where it gets its first name, but for what others are given."""
    bindings = lines.truth.tape.bindings
    begun = {b.frame: b.place for b in reversed(bindings)}
    first = {b.entry: b for b in reversed(bindings) if not b.name.startswith("return ")}
    given = {b.entry for b in bindings if b.name.startswith("return ")}.intersection(first, needed)
    groups: dict[int, list[int]] = {}
    for entry in sorted(given):
        if begun[first[entry].frame] != first[entry].place:
            groups.setdefault(first[entry].place, []).append(entry)
    return groups


def _product(lines: Lines, entry: int, line: Callable[[int], int]) -> int:
    """Return the product that a value is a factor of in its line, if it is for nothing else."""
    notes, inputs = lines.truth.tape.notes, lines.truth.tape.inputs
    while True:
        users = [user for user in lines.backward if entry in inputs[user]]
        same = len(users) == 1 and line(notes[users[0]].place) == line(notes[entry].place)
        if not same or notes[users[0]].call != "multiply":
            return entry
        (entry,) = users


def _factors(
    lines: Lines, entry: int, line: Callable[[int], int], known: Changes
) -> dict[int, Values]:
    """Return the factors of a product that other lines have made, and what each should be alone.

    Those that are ``known`` have other values than they should have now.
    None where a factor that its own line makes may be what is wrong.
    """
    notes, inputs = lines.truth.tape.notes, lines.truth.tape.inputs
    own, factors, stack = line(notes[entry].place), list[int](), [entry]
    while stack:
        one = stack.pop()
        if notes[one].call == "multiply" and line(notes[one].place) == own:
            stack += inputs[one]
        else:
            factors.append(one)
    shape = lines.values[entry][0].shape
    right = lines.forward | lines.truth.later
    right |= lines.suspects.names.right_slopes
    made = [
        factor
        for factor in factors
        if factor in lines.values and lines.values[factor][0].shape == shape
        if factor not in right and notes[factor].place not in lines.in_forward
        if factors.count(factor) == 1 and not _known(lines, factor)  # else as in a * a
    ]
    made = [one for one in made if one not in lines.behind_right] or made  # a sign may be lost
    ours = [factor for factor in factors if line(notes[factor].place) == own]
    late = not lines.truth.later.isdisjoint(factors)  # as a weight after its update
    if len(factors) < 2 or late or any(factor in made for factor in ours):
        return {}
    found: dict[int, Values] = {}
    for one in made:
        for draw, wanted in enumerate(lines.current[entry]):
            rest: Numbers = np.asarray(1.0)
            for factor in factors:
                if factor != one:
                    rest = rest * (known.get(factor) or lines.value(factor))[draw]
            with np.errstate(all="ignore"):
                needed = np.where(rest == 0, lines.values[one][draw], wanted / rest)
            found.setdefault(one, []).append(needed)
    # of what should be the same number everywhere there is a factor too many
    return {
        one: values
        for one, values in found.items()
        if values[0].size == 1 or multiple(values, map(np.ones_like, values)) is None
    }


def _known(lines: Lines, entry: int) -> bool:
    """Whether a value is a multiple of a true gradient, and no coincidence as ones may be."""
    values = lines.current.get(entry, lines.values[entry])
    varied = values[0].size == 1 or varies(values[0])
    found = map(abs, lines.standing.compared(values, single=True).values())
    known = (factor for factor in found if 0.0 < factor < np.inf)  # NaN is no gradient at all
    sizes = (size for factor in known for size in (factor, 1.0 / factor))
    plain = (size for size in sizes if values[0].size > 1 or rounded(size) == round(size))
    return varied and bool(lines.factors(entry) or any(plain))


def _frame(lines: Lines, entry: int) -> int:
    """Return the call of a function that has computed an entry: that of the next name given."""
    return next((b.frame for b in lines.truth.tape.bindings if b.when > entry), 0)


def _other(
    lines: Lines, call: int, needed: Values, users: Sequence[int], line: Callable[[int], int]
) -> bool:
    """Whether a function gives what is needed for another forward value.

    A line of the same call as its users is given nothing by them, but for what their lines make.
    """
    tape, backward = lines.truth.tape, set(lines.backward)
    own = {line(tape.notes[user].place) for user in users}
    inner, given, stack = {call}, set[int](), [call]
    while stack:
        for part in tape.inputs[stack.pop()]:
            made = line(tape.notes[part].place) in own
            if made or part not in backward or lines.factors(part):
                given |= {part} & lines.truth.dependent
            elif part not in inner:
                inner.add(part)
                stack.append(part)
    frame = _frame(lines, call)
    same = frame in {_frame(lines, user) for user in users}
    if len(given) != 1 or (same and line(tape.notes[min(given)].place) not in own):
        return False
    if not same and not any(b.frame == frame and b.entry in given for b in tape.bindings):
        return False  # it takes it from an object itself
    return any(
        (multiple(found[call], needed) or 0.0) > 0.0
        for found in lines.replay.with_others(given.pop(), lines.forward, inner)
        if call in found
    )
