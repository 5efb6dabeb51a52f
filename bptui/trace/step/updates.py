"""Finds the changes of parameters in a recorded program.

A parameter is what gets a new value that is the old one plus something that depends on the old
one: W - rate * dW, where dW has come from a forward pass through W. Counters, sums of losses and
gradients that are added up are no such thing, as what they add does not depend on them.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np

from bptui.trace.step.lasting import (
    added_alike,
    has_its_data,
    lasting,
    reworked,
    without_averages,
    without_memory,
    without_passes,
    without_sums,
    without_terms,
)
from bptui.trace.step.parts import WRITES, before_others, part_put, value_put
from bptui.trace.step.sums import Product, Sum, product_of, sum_of
from bptui.trace.step.unused_gradients import NO_LINE
from bptui.trace.tape import Binding, Reference, Tape, Value

BETWEEN = ("clip", "maximum", "minimum", "where", "round", "around", "multiply", "divide")
"""What a new value is made of the sum by that updates it, in the same expression."""


class Update(NamedTuple):
    """One change of a parameter: the entries of its value before and after, and its statement."""

    before: int
    after: int
    binding: Binding
    part: str
    """Which part of an array was changed; empty where all of it was."""
    places: Value
    sum: Sum
    call: str
    """``add`` or ``subtract``."""
    site: int = -1
    """The place that gives the new value its name: of functions what they return is named later."""

    def product(self, tape: Tape) -> Product:
        """Return what is added, as a product."""
        return product_of(tape, self.sum.added, self.sum.old)


def updates_of(tape: Tape) -> tuple[list[Update], dict[int, int]]:
    """Return all changes of parameters in their order, and what is made of them in between.

    What is added to a variable without depending on it counts where it is added as parameters are,
    by the same line or with the same rate: its gradient is wrong. So it does if nothing depends on
    what it is added to, where data come together with the variable before that, and are added.
    """
    found: list[Update] = []
    seen: set[int] = set()
    afters: set[int] = set()
    bindings = [*with_former(tape)]
    named = {b.entry: b.place for b in reversed(tape.bindings) if not b.name.startswith("return ")}
    for binding, former in bindings:
        if binding.entry not in seen:
            seen.add(binding.entry)
            change = _change(tape, binding, former, afters)
            if change is None and (inner := _limited(tape, binding.entry)) is not None:
                change = _change(tape, binding._replace(entry=inner), former, afters)
                change = change if change and change.sum.same else None
            if change is not None:
                found.append(change._replace(site=named.get(binding.entry, binding.place)))
                afters.add(change.after)
    found = without_memory(found)
    found = without_averages(tape, found, without_terms(tape, found))
    found = without_sums(tape, without_terms(tape, found))
    sites = {update.site for update in found if update.sum.own}
    own = [update for update in found if update.site in sites]
    made_of = reworked(tape, own, bindings)
    sure = [update for update in lasting(own, made_of) if update.sum.own]
    sites = {update.site for update in sure}
    ways = {(u.call, u.product(tape).scalars) for u in sure if u.sum.same}
    others = {u.site: u for u in found if u.sum.same and u.site not in sites}
    sums = {e for u in found if u.sum.same for e in (u.after, value_put(tape, u.after)) if e}
    sites |= {
        place
        for place, update in others.items()
        if (added_alike(tape, update, ways) if sure else has_its_data(tape, update, sums))
    }
    found = lasting([update for update in found if update.site in sites], made_of)
    return without_passes(tape, found), made_of


def with_former(tape: Tape) -> Iterator[tuple[Binding, int | None]]:
    """Yield the bindings with the entry that the variable of each had before, if it had one."""
    latest: dict[tuple[Value, ...], int] = {}
    changed: dict[int | None, int] = {}  # in place, under all of their names
    for binding in tape.bindings:
        former = latest.get(binding.location)
        while former in changed:
            former = changed[former]
        if binding.location[0] == "memory":
            if former is None:
                given = tape.inputs[binding.entry]
                named = latest.get(("name", binding.frame, binding.name))
                former = named if named in given else next(iter(given), None)
            if former is not None and former < binding.entry:
                changed[former] = binding.entry
        latest[binding.location] = binding.entry
        yield binding, former


def _change(tape: Tape, binding: Binding, former: int | None, afters: set[int]) -> Update | None:
    """Return the update that a binding is, where it is one of something.

    ``former`` is the entry that its variable had before, ``afters`` those that updates have made.
    """
    entry = binding.entry
    note = tape.notes[entry]
    if note.call in ("add", "subtract"):
        made = sum_of(tape, entry, None, set(), former, afters)
        if made is None:
            return None
        made = made._replace(own=made.own or note.place == NO_LINE)  # it is made of a gradient
        return Update(made.old, entry, binding, "", None, made, note.call)
    part = part_put(tape, entry)
    every = part is not None and np.size(part[1]) == np.size(tape.values[part[0]])
    scattered = tape.notes[part[2]] if part and every else note  # by a view of all: W.T
    if scattered.call in ("add.at", "subtract.at"):
        old = part[0] if part else note.arguments[0].entry
        added = scattered.arguments[-1]
        own = isinstance(added, Reference) and tape.depends(added.entry, {old})
        made = Sum(old, added, own, same=True)
        return Update(old, entry, binding, "", None, made, scattered.call.removesuffix(".at"))
    if part is None:
        return None
    before, places, value = part
    numbers = np.asarray(tape.values[before]).reshape(-1)[places]
    oldest = before
    family = {oldest}
    while tape.notes[oldest].call in WRITES:
        oldest = tape.notes[oldest].arguments[0].entry
        family.add(oldest)
    made = sum_of(tape, value, numbers, family, None, afters)
    if made is None:
        return None
    flat = tuple(np.reshape(places, -1).tolist())
    before = before_others(tape, before, set(flat), afters, family)
    return Update(before, entry, binding, repr(flat), flat, made, tape.notes[value].call)


def _limited(tape: Tape, entry: int) -> int | None:
    """Return the sum without a name that a value is made of: np.clip(W - rate * dW, -1, 1)."""
    if tape.notes[entry].call not in BETWEEN:
        return None
    sums = {
        one
        for one in tape.inputs[entry]
        if tape.notes[one].call in ("add", "subtract") and one not in tape.named
        if tape.shape(one) == tape.shape(entry)
    }
    return sums.pop() if len(sums) == 1 else None


def lost_updates(tape: Tape, times: int = 2) -> list[Binding]:
    """Return the updates of names that nothing reads, of one old value so many ``times``."""
    read = {entry for inputs in tape.inputs for entry in inputs}
    local = [b for b in tape.bindings if b.name.isidentifier() and b.entry not in read]
    found: dict[int, list[Update]] = {}
    for binding in local:
        update = _change(tape, binding, None, set())
        if update is not None and update.sum.own:
            found.setdefault(binding.place, []).append(update)
    again = ([u for u in updates if u.before == updates[0].before] for updates in found.values())
    return [updates[0].binding for updates in again if len(updates) >= times]


def updates_between(tape: Tape, first: int, last: int) -> int:
    """Return how often a value, or any part of it, was updated from one entry to another."""
    names = {binding.entry: binding for binding in reversed(tape.bindings)}
    parts: list[str] = []
    while last > first and last in names:
        change = _change(tape, names[last], None, set())
        if change is None:
            break
        parts.append(change.part)
        last = change.before
    return max(map(parts.count, parts), default=0)
