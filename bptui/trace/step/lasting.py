"""Tells updates of parameters from sums that look like them: what lasts, and is no memory."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

import numpy as np

from bptui.trace.step.sums import whole_of
from bptui.trace.tape import Binding, Reference, Tape

if TYPE_CHECKING:
    from bptui.trace.step.updates import Update

NEXT = 50
"""Sums with a value that are looked at behind another sum with it: updates may be lost for ever."""


def without_memory(found: list[Update]) -> list[Update]:
    """Leave out what only later comes to depend on itself: a momentum, not a weight decay."""
    begun: dict[int, bool] = {}
    for update in found:
        begun[update.after] = begun.get(update.before, update.sum.decayed)
    return [update for update in found if begun[update.after] or not update.sum.decayed]


def without_terms(tape: Tape, found: list[Update]) -> list[Update]:
    """Leave out sums with a parameter that it is updated by itself: gradients with its decay."""
    users: dict[int, list[Update]] = {}
    for update in found:
        users.setdefault(update.before, []).append(update)
    terms = {
        update.after
        for group in users.values()
        for number, update in enumerate(group)
        for other in group[number + 1 : number + 1 + NEXT]
        if isinstance(other.sum.added, Reference)
        and other.binding.place != update.binding.place
        and tape.depends(other.sum.added.entry, {update.after})
    }
    return [update for update in found if update.after not in terms]


def without_averages(tape: Tape, found: list[Update], sure: Iterable[Update]) -> list[Update]:
    """Leave out what follows a parameter: 0.99 * target + 0.01 * W, as a copy of the network does.

    What is added is a multiple of W as a ``sure`` update has left it, or of its distance from
    there.
    """
    left = {update.after for update in sure}

    def follows(update: Update) -> bool:
        part, near = update.sum.added, update.sum.decayed
        while isinstance(part, Reference) and part.entry not in left:
            arrays = [one for one in tape.inputs[part.entry] if tape.shape(one)]
            taken = [whole_of(tape, one) for one in arrays[1:]]
            apart = tape.notes[part.entry].call == "subtract" and taken == [update.before]
            scaled = tape.notes[part.entry].call == "multiply" and len(arrays) == 1
            if not (apart or scaled):
                return False
            near, part = near or apart, Reference(arrays[0])
        return near and isinstance(part, Reference)

    return [update for update in found if not follows(update)]


def without_sums(tape: Tape, found: Iterable[Update]) -> list[Update]:
    """Leave out what is added to nothing, or to what its own statement has made so: no parameter.

    A parameter may begin as 0, too: what is added depends on what is computed from it elsewhere,
    and not only by the updates of others.
    """
    places: dict[int, int] = {}
    for binding in tape.bindings:
        places.setdefault(binding.entry, binding.place)
    kept: list[Update] = []
    afters, own = set[int](), set[int]()
    for update in found:
        before, added = update.before, update.sum.added
        nothing = before not in tape.named and not np.any(tape.values[before])
        if nothing and not (update.sum.own or update.sum.same):
            continue
        if places.get(before) == update.binding.place and before not in afters:
            forward = tape.dependents({before}, update.after, own) & tape.named - {before}
            if not isinstance(added, Reference) or not tape.depends(added.entry, forward):
                continue
        kept.append(update)
        afters.add(update.after)
        own |= {update.after} if update.sum.own else set()
    return kept


def without_passes(tape: Tape, found: Iterable[Update]) -> list[Update]:
    """Leave out another variable's sum with a value that only updates make depend on it.

    As ``z = X @ W + b`` does, once more, after W was updated.
    """
    kept: list[Update] = []
    afters: set[int] = set()
    for update in found:
        added = update.sum.added
        other = update.sum.own and not update.sum.same and isinstance(added, Reference)
        if other and added.entry not in tape.dependents({update.before}, update.after, afters):
            continue
        kept.append(update)
        afters.add(update.after)
    return kept


def reworked(
    tape: Tape, found: Iterable[Update], bindings: Iterable[tuple[Binding, int | None]]
) -> dict[int, int]:
    """Return what is made of parameters between updates: clipped, scaled, rounded, with noise.

    Each with the value that an update has left in the same variable. What another parameter comes
    into is none: ``x = relu(x @ W)``.
    """
    made: dict[int, int] = {}
    after = {update.after: update.before for update in found}
    family = {before: before for before in after.values()}
    for binding, former in bindings:
        entry = binding.entry
        if entry in after:
            family[entry] = family[after[entry]]
        elif former in family and former != entry and tape.shape(entry) == tape.shape(former):
            own = {entry, whole_of(tape, entry)}  # a copy stands for what is copied
            behind = tape.ancestors(entry, short_of={former, *after}) - own
            left = max(after.keys() & behind, default=former)  # in the same expression, it may be
            family[left] = family[after.get(left, left)]
            if left in behind and {family.get(one, family[former]) for one in behind} == {
                family[former]
            }:
                family |= dict.fromkeys(own, family[former])
                made |= dict.fromkeys(own, made.get(left, left))
    return made


def lasting(found: list[Update], made_of: Mapping[int, int]) -> list[Update]:
    """Keep the updates of what was there before the first of them and goes on from each.

    What is computed anew in every step, as x + f(x) of a residual block, starts again and again.
    Where all do, the program trains several times: the first one counts. ``made_of``: what comes
    between updates, and of what.
    """

    def left(update: Update) -> int:
        return made_of.get(update.before, update.before)

    def going_on(sites: dict[int, list[Update]]) -> dict[int, list[Update]]:
        used = {left(update) for updates in sites.values() for update in updates}
        kept = {p: own for p, own in sites.items() if any(update.after in used for update in own)}
        return kept if len(kept) == len(sites) else going_on(kept)

    sites: dict[int, list[Update]] = {}
    for update in found:
        sites.setdefault(update.site, []).append(update)
    while True:
        made = {update.after for updates in sites.values() for update in updates}
        kept = {
            place: updates
            for place, updates in sites.items()
            if _lasts([left(update) for update in updates], updates[0].after, made)
        }
        kept = going_on(kept) or kept  # a program that makes one step shows no more of it
        if len(kept) == len(sites):
            break
        sites = kept
    every = [update for updates in sites.values() for update in updates]
    afters = {update.after for update in found}
    again = (u for u in found if left(u) not in afters and left(u) > found[0].after)
    if not every and (restart := next(again, None)):
        return lasting([update for update in found if update.after < restart.after], made_of)
    return sorted(every, key=lambda update: update.after)


def _lasts(olds: list[int], first: int, made: set[int]) -> bool:
    return len(set(olds)) == len(olds) and all(old < first for old in olds if old not in made)


def added_alike(tape: Tape, update: Update, ways: Iterable[tuple[str, frozenset[float]]]) -> bool:
    """Whether something is added in one of some ways: with a number, but 1, that is a factor."""
    scalars = update.product(tape).scalars
    return any(
        update.call == call and (not (scalars - {1.0}).isdisjoint(rates) or scalars == rates)
        for call, rates in ways
    )


def has_its_data(tape: Tape, update: Update, sums: set[int]) -> bool:
    """Whether what is added, at a rate, is made of data that were combined with the old value.

    But not where that was compared with anything: then what is added depends on it, too. Nor in
    ``sums`` such as this, and where these read it: gradients are added up so.
    """
    added = update.sum.added
    if not isinstance(added, Reference) or not update.product(tape).scalars:
        return False
    empty = {entry for entry, note in enumerate(tape.notes) if note.call == "zeros_like"}
    places = {tape.notes[entry].place for entry in sums}
    later = tape.dependents({update.before}, update.after, sums) - {update.before}
    forward = {entry for entry in later if tape.notes[entry].place not in places}

    def data(entries: Iterable[int]) -> set[int]:
        behind = tape.behind(entries, empty | sums)
        return {e for e in behind if tape.shape(e) and not any(map(tape.shape, tape.inputs[e]))}

    decided = not forward.isdisjoint(entry for entry, _ in tape.compared)
    return not (decided or data(forward).isdisjoint(data([added.entry]) - {update.before}))
