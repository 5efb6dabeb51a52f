"""Moves the blame to another line than the wrong one where an edit of that line puts all right.

What a line computes on the way back need not be the gradient of anything: a slope, a sum, a copy
that is changed later, another name. Such a value is seen to be wrong only in the line that makes a
gradient of it; and what is added to a right part of a gradient makes that seem to be wrong. Where
no small edit of a line mends it, one of a line before or behind it may.
"""

from __future__ import annotations

import ast
import time
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from itertools import islice
from typing import NamedTuple

import numpy as np

from bptui.trace.judge.arguments import blame_call
from bptui.trace.judge.candidates import ALL
from bptui.trace.judge.repair import Repair, moved
from bptui.trace.judge.replay import Changes
from bptui.trace.judge.wrong_lines import Lines
from bptui.trace.mend.decided import chosen_by, decided_by
from bptui.trace.mend.idle import IDLE, idle
from bptui.trace.mend.mending import Evaluation, Sight, read_in
from bptui.trace.mend.should_be import View
from bptui.trace.mend.statement_edits import edits
from bptui.trace.paths import Element, Path, within
from bptui.trace.step.multiples import Values, multiple, right_value, rounded
from bptui.trace.step.parts import WRITES

EDITS = 2_000
"""Edits of a line that are tried at most."""
LINES = 4
"""Lines that are looked at before a wrong one, and behind it, the nearest first."""
TURNS = 16_000
"""Turns of a loop, of all edits, in which a line is carried out with those at most."""

Viewed = Callable[[Repair], View | None]
Users = Mapping[int, Collection[int]]


class _Origin(NamedTuple):
    """What a line gives; where it only names that, with who reads it by this name."""

    place: int
    made: Sequence[int]
    users: Users

    @property
    def repair(self) -> Repair:
        return Repair(self.place, tuple(self.made), (), frozenset(), frozenset(self.users))


class _Wrong(NamedTuple):
    """What seems to be wrong first, and what it should be; by its repair the rest is right, too."""

    repairs: Sequence[Repair]
    """The first one is of this; the others are to be mended, too."""
    own: Collection[int]
    """What else its line makes."""
    entry: int
    wanted: Values
    right: Changes


@np.errstate(all="ignore")
def blame_origins(lines: Lines, viewed: Viewed) -> None:
    """Put a repair of another line in the place of one that no small edit of its line gives.

    So it is with several that one edit of one line mends.
    """
    _of_all(lines, viewed)
    for repair in list(lines.repairs):
        if time.monotonic() > lines.until:
            return
        view = viewed(repair)  # of a loop that names what it hands on there is none
        if repair.updated or repair.argument:
            continue
        if view and (nothing := idle(view, repair)) is not None:
            lines.said[nothing.place, nothing.entries] = IDLE
            lines.put(nothing, [repair], lines.current)
            continue
        mended = view and view.should_be(repair)
        decided = decided_by(view, repair) if view else None
        if decided and not (mended and lines.values[repair.entries[0]][0].shape):
            lines.said[decided[0], repair.entries] = decided[1]
            lines.put(moved(decided[0], repair.entries, [repair]), [repair], lines.current)
            continue
        chosen = chosen_by(view, repair) if view else None
        if chosen is not None:
            lines.said[chosen, repair.entries] = ""  # for the other calls it is right as it is
            lines.put(moved(chosen, repair.entries, [repair]), [repair], lines.current)
            continue
        if mended and not _by_parameter(lines, view, mended):
            continue
        entry = next(filter(lines.is_wrong, repair.entries), repair.entries[0])
        wanted, renamed = lines.right_value(entry), lines.replay.renamed
        if wanted is None:
            continue
        if (other := _of_term(lines, repair)) is not None:
            lines.put(other[0], [repair], other[1])
            continue
        before = lines.current, {entry: list(names) for entry, names in renamed.items()}
        wrong = _Wrong([repair], view.own if view else (), entry, wanted, lines.current)
        lines.current = lines.without(repair)
        for entry in repair.renamed:
            renamed.pop(entry, None)
        if not _mended_elsewhere(lines, wrong, _origins(lines, wrong), viewed):
            lines.current, lines.replay.renamed = before
            if not mended:
                blame_call(lines, repair)


def _of_all(lines: Lines, viewed: Viewed) -> None:
    """Put a repair of one line, of which all that is wrong is computed, in the place of all."""
    repairs = list(lines.repairs)
    if len(repairs) < 2 or any(one.updated or one.argument or one.renamed for one in repairs):
        return
    every = []
    for repair in repairs:
        if time.monotonic() > lines.until:
            return
        entry, view = next(filter(lines.is_wrong, repair.entries), None), viewed(repair)
        wanted = None if entry is None else lines.right_value(entry)
        if entry is None or view is None or wanted is None:
            return
        every.append(_Wrong(repairs, view.own, entry, wanted, lines.current))
    first, *others = (dict.fromkeys(_places(lines, wrong)) for wrong in every)
    shared = [place for place in first if all(place in other for other in others)]
    before, lines.current = lines.current, {}
    origins = (_Origin(place, lines.places[place], {}) for place in shared[:LINES])
    if not _mended_elsewhere(lines, every[0], origins, viewed):
        lines.current = before


def _mended_elsewhere(
    lines: Lines, wrong: _Wrong, origins: Iterable[_Origin], viewed: Viewed
) -> bool:
    """Put a repair of one of some lines in the place of others, where an edit of it mends all."""
    for (place, made, users), replaced, changed, text in _of_origins(lines, wrong, origins, viewed):
        entries = tuple(entry for entry in made if entry in replaced)
        for entry, reading in users.items():
            lines.replay.renamed.setdefault(entry, []).insert(0, (reading, replaced[entry]))
        lines.said[place, entries] = text
        lines.put(moved(place, entries, wrong.repairs, users), wrong.repairs, changed)
        return True
    return False


def _by_parameter(lines: Lines, view: View | None, mended: str) -> bool:
    """Whether a line is only mended by the length of a parameter, which may be another number."""
    stands = ast.unparse(view.statement) if view else ""
    lengths = {f"len({parameter.name})" for parameter in lines.truth.parameters}
    return any(length in mended and length not in stands for length in lengths)


def _of_term(lines: Lines, repair: Repair) -> tuple[Repair, Changes] | None:
    """Return the repair of what is added to a right path's part of a gradient, and what changes.

    None where that stands in the same line, or does not mend as much.
    """
    tape, found = lines.truth.tape, Changes()
    for entry in repair.entries if not repair.renamed else ():
        terms, right = tape.inputs[entry], lines.right_value(entry)
        known_terms = len(terms) == 2 and lines.values.keys() >= {*terms}
        if tape.notes[entry].call != "add" or not known_terms or right is None:
            return None
        parts = [term for term in terms if any(part >= 0 for _, part in lines.factors(term))]
        if len(parts) == 2:  # what is no other value's whole gradient is not all of its own
            parts = [term for term in terms if any(part == ALL for _, part in lines.factors(term))]
        own = [term for term in terms if term not in parts and lines.values[term][0].any()]
        shapes = {lines.values[term][0].shape for term in terms}
        if len(parts) != 1 or len(own) != 1 or len(shapes) != 1:
            return None
        known = lines.current.get(parts[0], lines.values[parts[0]])
        found[own[0]] = [one - other for one, other in zip(right, known, strict=True)]
    places = {tape.notes[entry].place for entry in found}
    if len(places) != 1 or repair.place in places:
        return None
    changed = lines.replay.carried(found, lines.without(repair), lines.others(repair))
    if changed is None or not lines.mends(changed, repair):
        return None
    return moved(places.pop(), found, [repair]), changed


def _of_origins(
    lines: Lines, wrong: _Wrong, origins: Iterable[_Origin], viewed: Viewed
) -> Iterator[tuple[_Origin, Changes, Changes, str | None]]:
    """Yield the lines by which all is mended: what they give, what changes, and their text."""
    known, tried = lines.current, set[tuple[ast.stmt, Path]]()
    for origin in origins:
        view = viewed(origin.repair) if time.monotonic() <= lines.until else None
        if view is None:
            continue
        inner = None if origin.users else within(view.statement, view.places[origin.place])
        if (key := (view.statement, inner[0] if inner else ())) in tried:
            continue
        tried.add(key)
        for text, replaced in _edited(lines, view, origin, inner, wrong):
            if replaced.keys().isdisjoint(origin.made):
                continue
            changed = _again(lines, origin, replaced)
            if changed is not None and lines.mends(changed, *wrong.repairs):
                yield origin, replaced, {**known, **changed}, text


def _again(
    lines: Lines, origin: _Origin, replaced: Changes, last: int | None = None
) -> Changes | None:
    """Return what changes by what a line gives; None where that fails."""
    if origin.users:
        names = {entry: (origin.users[entry], values) for entry, values in replaced.items()}
        return lines.replay.renaming(names, lines.current)
    return lines.replay.carried(replaced, lines.current, last=last)


def _origins(lines: Lines, wrong: _Wrong) -> Iterator[_Origin]:
    """Yield the lines that may be wrong instead: that name, make, or use what seems to be."""
    tape = lines.truth.tape
    behind = tape.ancestors(wrong.entry)
    own = wrong.repairs[0].place
    if tape.notes[wrong.entry].call in WRITES and own in lines.places:  # between those of others
        yield _Origin(own, lines.places[own], {})
    for place, (_, group) in lines.suspects.named.items():
        users = group.values()
        if place != wrong.repairs[0].place and any(not behind.isdisjoint(us) for us in users):
            yield _Origin(place, [*group], group)
    for place in (*islice(_places(lines, wrong), LINES), *islice(_behind(lines, wrong), LINES)):
        yield _Origin(place, lines.places[place], {})


def _places(lines: Lines, wrong: _Wrong) -> Iterator[int]:
    """Yield the places of other lines that made what a value is computed from, and no gradient."""
    inputs, notes = lines.truth.tape.inputs, lines.truth.tape.notes
    seen, queue = set[int](), [wrong.entry]
    for entry in queue:
        for part in sorted(inputs[entry], reverse=True):
            place = notes[part].place
            if part in seen or part not in lines.values or part in lines.forward:
                continue
            seen.add(part)
            if part in wrong.own:
                queue.append(part)
            elif not _is_usual(lines, part) and place not in lines.in_forward:
                queue.append(part)
                if part in lines.places.get(place, ()):
                    yield place


def _is_usual(lines: Lines, entry: int) -> bool:
    """Whether a value is all of another one's gradient, in a size that such have."""
    whole = (f for (_, part), f in lines.factors(entry).items() if part == ALL)
    return any(rounded(abs(factor)) in lines.standing.usual for factor in whole)


def _behind(lines: Lines, wrong: _Wrong) -> Iterator[int]:
    """Yield the places of other lines that make something of the same shape of a value."""
    inputs, shape = lines.truth.tape.inputs, lines.values[wrong.entry][0].shape
    for user in lines.backward:
        place = lines.truth.tape.notes[user].place
        used = wrong.entry in inputs[user] and user in lines.places.get(place, ())
        if used and user not in wrong.own and lines.values[user][0].shape == shape:
            yield place


def _edited(
    lines: Lines, view: View, origin: _Origin, inner: Element | None, wrong: _Wrong
) -> Iterator[tuple[str | None, Changes]]:
    """Yield edits of a line by which a wrong value may become the right one, what they give."""
    statement = inner[1] if inner else view.statement

    def seen(entry: int) -> Sight | None:
        return view.sight(entry, entry in origin.users, inner and inner[1])

    before = lines.truth.tape.ancestors(wrong.entry).intersection(origin.made)
    before -= {wrong.entry} if origin.place != wrong.repairs[0].place else set()
    later = not before and not origin.users
    known, turns = lines.current, dict[int, Evaluation]()
    near = seen(max(before or origin.made) if not later else min(origin.made))
    if near is None or near.entry not in lines.values:
        return
    evaluation, at = Evaluation(near), near.entry
    sums = {sight.entry: sight for sight in filter(None, map(seen, sorted(before)))}
    others = {entry: Evaluation(sight) for entry, sight in sums.items() if entry != at}
    left = TURNS
    for edited in islice(edits(statement, near.names, near.counts), EDITS):
        if later and not read_in(statement) <= read_in(edited):
            continue  # it would no longer read what seems to be wrong
        found = evaluation.of(edited)
        shape = lines.values[at][0].shape
        if found is None or (found[0].shape != shape if later else found[0].ndim != len(shape)):
            continue
        if later:
            if not _is_gradient(lines, wrong.repairs[0], at, found):
                continue
        else:
            left -= len(others)
            turns_too = others if left > 0 else {}
            ways = _in_all_turns(lines, edited, {at: found}, turns_too)
            if not any(_gives(lines, origin, wrong, way) for way in ways):
                continue
        if not turns:
            lines.current = known if later else wrong.right  # as when the line is mended
            sights = [sight for sight in map(seen, origin.made) if sight is not None]
            turns = {sight.entry: Evaluation(sight) for sight in sights}
            lines.current = known
        every = {entry: turn.of(edited) for entry, turn in turns.items()}
        if all(every.values()) and every.keys() <= lines.values.keys():
            replaced = {entry: values for entry, values in every.items() if values}
            for way in (replaced, *_added_up(lines, edited, replaced)):
                yield view.whole(edited, inner), way


def _in_all_turns(
    lines: Lines, edited: ast.stmt, last: Changes, others: Mapping[int, Evaluation]
) -> Iterator[Changes]:
    """Yield what a line gives in one turn of a loop alone, in the others too, and added up."""
    yield last
    found = {e: values for e, turn in others.items() if (values := turn.of(edited))}
    if found and len(found) == len(others):
        yield last | found
        yield from _added_up(lines, edited, last | found)


def _added_up(lines: Lines, edited: ast.stmt, made: Changes) -> Iterator[Changes]:
    """Yield what turns of a sum give where each begins with what the one before it has given."""
    both = [values for entry, own in made.items() for values in (own, lines.values[entry])]
    same = len({values[0].shape for values in both}) == 1  # else they are sums of several
    if isinstance(edited, ast.AugAssign) and len(made) > 1 and same:
        more, found = [np.asarray(0.0) for _ in lines.truth.draws], Changes()
        for entry, values in sorted(made.items()):
            own = lines.values[entry]
            more = [sum_ + new - old for sum_, new, old in zip(more, values, own, strict=True)]
            found[entry] = [old + sum_ for old, sum_ in zip(own, more, strict=True)]
        yield found


def _gives(lines: Lines, origin: _Origin, wrong: _Wrong, replaced: Changes) -> bool:
    """Whether what seems to be wrong is right by what a line gives."""
    changed = _again(lines, origin, replaced, last=wrong.entry)
    new = None if changed is None else changed.get(wrong.entry)
    return new is not None and right_value(new, wrong.wanted, exact=lines.factor is not None)


def _is_gradient(lines: Lines, repair: Repair, entry: int, values: Values) -> bool:
    """Whether values may be the gradient of a parameter, or its new value."""
    for parameter in lines.truth.parameters:
        if parameter.key in repair.mended:
            true, updates = lines.fitting.true_of(parameter), entry == parameter.after
            change = lines.fitting.change(parameter, {entry: values}) if updates else values
            if true is not None and multiple(change, true) is not None:
                return True
    return False
