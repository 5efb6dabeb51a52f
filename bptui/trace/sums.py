"""Reads what is added to a variable: a sum of its old value and a product of the rate."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from bptui.trace.tape import Reference, Tape, Value

ALL = (("ellipsis",), ("slice", None, None, None))
"""Indices, as the tape has them, that leave nothing out."""
DEEPEST = 8
"""Terms of a sum that are looked through for the old value."""
PRODUCTS = ("multiply", "divide", "negative", "transpose", "reshape")


class Sum(NamedTuple):
    """A sum of an old value and something."""

    old: int
    added: Value
    own: bool
    """Whether what is added depends on the old value."""
    same: bool
    """Whether it was the old value of the same variable."""


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
            whole = term.entry if family else _whole(tape, term.entry)
            if whole != former and (taken_away or not _may_be(tape, term.entry, entry, numbers)):
                continue
            rest = [*others, other]
            wanted = family or {term.entry, whole}
            own = any(
                tape.depends(part.entry, wanted)
                for part in rest
                if isinstance(part, Reference) and part.entry not in wanted
            )
            same = bool(family) or whole == former
            if own or (same and not taken_away):
                return Sum(whole, other, own, same)
            found = found or (None if taken_away else Sum(whole, other, own, same))
        if not isinstance(left, Reference):
            break
        if found is None and numbers is None and note.call == "subtract":
            found = Sum(left.entry, right, own=False, same=False)  # takes another shape
        if left.entry in afters:
            break
        others.append(right)
        here = left.entry
    return found


def _whole(tape: Tape, entry: int) -> int:
    """Return the entry of which an entry is a view of all: W of W[:] and W[...]."""
    note = tape.notes[entry]
    while note.call == "getitem" and all(part in ALL for part in note.arguments[1]):
        entry = note.arguments[0].entry
        note = tape.notes[entry]
    return entry


def _may_be(tape: Tape, term: int, entry: int, numbers: Value) -> bool:
    if numbers is None:
        return tape.shape(term) == tape.shape(entry)
    return bool(np.array_equal(tape.values[term], numbers))


def product_of(tape: Tape, added: Value, old: int = -1) -> Product:
    """Return a product as its single numbers and its sign.

    What depends on an ``old`` value is its gradient, which may be a single number of any sign.
    """
    scalars: set[float] = set()
    sign, stack = 1, [added]
    while stack:
        part = stack.pop()
        value = tape.values[part.entry] if isinstance(part, Reference) else part
        call = tape.notes[part.entry].call if isinstance(part, Reference) else ""
        if isinstance(value, int | float) or np.size(value) == 1:
            number = float(np.asarray(value).reshape(-1)[0])
            computed = isinstance(part, Reference) and part.entry != old >= 0
            if not (computed and tape.depends(part.entry, {old})):
                scalars.add(abs(number))
                sign = -sign if number < 0 and call not in PRODUCTS else sign
        elif call in ("add", "subtract"):
            sign = 0  # a memory of gradients may have another sign
        if call in PRODUCTS and isinstance(part, Reference):
            sign = -sign if call == "negative" else sign
            stack += tape.notes[part.entry].arguments
    return Product(frozenset(scalars), sign)
