"""Reads what is added to a variable: a sum of its old value and a product of the rate."""

from __future__ import annotations

from collections.abc import Collection
from heapq import heappop, heappush
from itertools import islice
from typing import NamedTuple

import numpy as np

from bptui.trace.tape import Reference, Tape, Value

SAME = ("getitem", "transpose", "reshape", "copy", "positive")
"""What may give all of an array: W[:], b.T of a vector."""
KEPT = 0.95
"""The least part of a parameter that a weight decay leaves; a momentum keeps less."""
DEEPEST, FACTORS = 8, 64
"""Terms of a sum that are looked through for the old value, and parts of a product."""
PRODUCTS = ("multiply", "divide", "negative", "transpose", "reshape")


class Sum(NamedTuple):
    """A sum of an old value and something."""

    old: int
    added: Value
    own: bool
    """Whether what is added depends on the old value."""
    same: bool
    """Whether it was the old value of the same variable."""
    decayed: bool = False
    """Whether only the most part of the old value stands in it: (1 - decay) * W."""


class Product(NamedTuple):
    """What is added, as a product."""

    scalars: frozenset[float]
    """The sizes of single numbers among its factors: the rate is one."""
    sign: int
    """Of those numbers; 0 where it is not told."""


def sum_of(
    tape: Tape,
    entry: int,
    numbers: Value,
    family: set[int],
    former: int | None,
    afters: set[int],
) -> Sum | None:
    """Return an entry as the sum of an old value and what is added to it.

    The old value is what the rest depends on, else the ``former`` one of the variable. For a part
    of an array ``numbers`` are its old values, and ``family`` the array's entries.
    """
    others: list[Value] = []
    here = entry
    found: Sum | None = None
    for _ in range(DEEPEST):
        note = tape.notes[here]
        if note.call not in ("add", "subtract") or len(note.arguments) < 2:
            break
        left, right = note.arguments[:2]
        for term, other in ((left, right), (right, left)):
            if not isinstance(term, Reference):
                continue
            taken_away = term is right and note.call == "subtract"
            whole = term.entry if family else whole_of(tape, term.entry)
            if former is not None and _is_once(tape, whole, former):
                whole = former
            if whole != former and (taken_away or not _may_be(tape, term.entry, entry, numbers)):
                continue
            rest = [other, *reversed(others)]
            wanted = family or {term.entry, whole}
            depending = (
                part
                for part in rest
                if isinstance(part, Reference)
                and part.entry not in wanted
                and tape.depends(part.entry, wanted)
            )
            added = next(depending, None)  # but not a former velocity beside it
            own = added is not None
            same = bool(family) or whole == former
            most = None if own or taken_away or family else _decayed(tape, term.entry)
            if most is not None and any(
                tape.depends(part.entry, {most}) for part in rest if isinstance(part, Reference)
            ):
                return Sum(most, other, own=True, same=same or most == former, decayed=True)
            if own or (same and not taken_away):
                return Sum(whole, added or other, own, same)
            if isinstance(other, Reference) and not taken_away:  # else that one was the old value
                found = found or Sum(whole, other, own, same)
        if not isinstance(left, Reference):
            break
        if found is None and numbers is None and note.call == "subtract":
            found = Sum(left.entry, right, own=False, same=False)  # takes another shape
        if left.entry in afters:
            break
        others.append(right)
        here = left.entry
    return found


def whole_of(tape: Tape, entry: int) -> int:
    """Return the entry that an entry shows in its shape: W of W[:], W.copy() and a square W.T."""
    while tape.notes[entry].call in SAME and tape.inputs[entry]:
        given = tape.inputs[entry][0]
        if tape.shape(entry) != tape.shape(given):
            break
        entry = given
    return entry


def _is_once(tape: Tape, entry: int, old: int) -> bool:
    """Tell whether an entry is an old value times 1, as of a momentum that is 1."""
    note = tape.notes[entry]
    parts = note.arguments if note.call == "multiply" else ()
    rest = [part for part in parts if part != Reference(old)]
    return len(rest) == 1 < len(parts) and _number(tape, rest[0]) == 1.0


def _decayed(tape: Tape, entry: int) -> int | None:
    """Return the entry of which an entry is the most part, by a number that is a little below 1."""
    note = tape.notes[entry]
    if note.call == "multiply" and len(note.arguments) == 2:
        for number, array in (note.arguments, note.arguments[::-1]):
            value = _number(tape, number)
            same = isinstance(array, Reference) and tape.shape(array.entry) == tape.shape(entry)
            if same and value is not None and KEPT < value < 1.0:
                return whole_of(tape, array.entry)
    return None


def _number(tape: Tape, part: Value) -> float | None:
    """Return an argument's value where it is a number; lists may be multiplied with, too."""
    value = tape.values[part.entry] if isinstance(part, Reference) else part
    single = isinstance(value, int | float | np.ndarray | np.generic) and np.size(value) == 1
    return float(np.asarray(value).reshape(())) if single else None


def _may_be(tape: Tape, term: int, entry: int, numbers: Value) -> bool:
    if numbers is None:
        return tape.shape(term) == tape.shape(entry)
    return bool(np.array_equal(np.ravel(tape.values[term]), np.ravel(numbers)))


def share_of(tape: Tape, entry: int, old: int) -> float | None:
    """Return how many times an old value stands in a sum; None where it does not."""
    shares, waiting = {entry: 1.0}, [-entry]
    while waiting and (one := -heappop(waiting)) > old:  # with all of its share: the last one first
        note, share = tape.notes[one], shares[one]
        terms: list[tuple[Value, float]] = []
        if note.call in (*SAME, "negative", "add", "subtract"):
            signs = (-share, -share) if note.call == "negative" else (share, share)
            signs = (share, -share) if note.call == "subtract" else signs
            terms += zip(note.arguments, signs, strict=False)
        elif note.call == "multiply":
            for number, array in (note.arguments[:2], note.arguments[1::-1]):
                value = _number(tape, number)
                terms += [] if value is None else [(array, share * value)]
        for part, own in terms:
            if isinstance(part, Reference):
                if part.entry not in shares:
                    heappush(waiting, -part.entry)
                shares[part.entry] = shares.get(part.entry, 0.0) + own
    return shares.get(old)


def product_of(tape: Tape, added: Value, old: int = -1) -> Product:
    """Return a product as its single numbers and its sign.

    What depends on an ``old`` value is its gradient, which may be a single number of any sign. A
    sign within what has a name is its own.
    """
    scalars: set[float] = set()
    sign, parts = 1, [(added, True)]
    for part, own in islice(parts, FACTORS):
        call = tape.notes[part.entry].call if isinstance(part, Reference) else ""
        number = _number(tape, part)
        if number is not None:
            computed = isinstance(part, Reference) and part.entry != old >= 0
            if not (computed and tape.depends(part.entry, {old})):
                scalars.add(abs(number))
                sign = -sign if own and number < 0 and call not in PRODUCTS else sign
        elif call in ("add", "subtract"):
            sign = 0  # a memory of gradients may have another sign
        if call in PRODUCTS and isinstance(part, Reference):
            own = own and part.entry not in tape.named
            sign = -sign if own and call == "negative" else sign
            parts += [(factor, own) for factor in tape.notes[part.entry].arguments]
    return Product(frozenset(scalars), sign)


def partial_sums(tape: Tape, entries: Collection[int]) -> set[int]:
    """Return the sums among entries that are a part of what one call of ``sum`` adds up."""
    users = dict[int, set[int]]()
    for user in entries:
        for entry in tape.inputs[user]:
            users.setdefault(entry, set()).add(user)

    def of(entry: int, user: int) -> bool:
        one, other = tape.notes[entry], tape.notes[user]
        return (one.call, one.place) == (other.call, other.place) == ("add", one.place)

    alone = {entry: min(own) for entry, own in users.items() if len(own) == 1}
    return {e for e, user in alone.items() if of(e, user) and e not in tape.named}
