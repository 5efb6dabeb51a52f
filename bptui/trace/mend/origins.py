"""Moves the blame to another line than the wrong one where an edit of that line puts all right.

What a line computes on the way back need not be the gradient of anything: a slope, a sum, a copy
that is changed later, another name. Such a value is seen to be wrong only in the line that makes a
gradient of it; and what is added to a right part of a gradient makes that seem to be wrong. Where
no small edit of a line mends it, one of a line before or behind it may.
"""

from __future__ import annotations

import ast
import time
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from itertools import islice
from typing import NamedTuple

from bptui.trace.judge.arguments import blame_call
from bptui.trace.judge.repair import Repair, moved
from bptui.trace.judge.replay import Changes
from bptui.trace.judge.wrong_lines import Lines
from bptui.trace.mend.decided import decided_by
from bptui.trace.mend.mending import Evaluation, read_in, written
from bptui.trace.mend.should_be import View
from bptui.trace.mend.statement_edits import edits
from bptui.trace.paths import put, within
from bptui.trace.step.multiples import Values, multiple, right_value

EDITS = 2_000
"""Edits of a line that are tried at most."""
LINES = 4
"""Lines that are looked at before a wrong one, and behind it, the nearest first."""

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


class _Found(NamedTuple):
    """A line with what it should give, what changes by that, and how it should stand."""

    origin: _Origin
    replaced: Changes
    changed: Changes
    text: str | None


def blame_origins(lines: Lines, viewed: Viewed) -> None:
    """Put a repair of another line in the place of one that no small edit of its line gives."""
    for repair in list(lines.repairs) if time.monotonic() <= lines.until else ():
        view = viewed(repair)  # of a loop that names what it hands on there is none
        if repair.updated or repair.argument:
            continue
        mended = view and view.should_be(repair)
        decided = decided_by(view, repair) if view else None
        if decided and not (mended and lines.values[repair.entries[0]][0].shape):
            lines.said[decided[0], repair.entries] = decided[1]
            lines.put(moved(decided[0], repair.entries, [repair]), [repair], lines.current)
            continue
        if mended:
            continue
        wrong = next(filter(lines.is_wrong, repair.entries), repair.entries[0])
        wanted, renamed = lines.right_value(wrong), lines.replay.renamed
        if wanted is not None and multiple(lines.values[wrong], wanted) is not None:
            continue  # many lines could make up for a factor
        before = lines.current, {entry: list(names) for entry, names in renamed.items()}
        lines.current = lines.without(repair)
        for entry in repair.renamed:
            renamed.pop(entry, None)
        own = view.own if view else ()
        found = next(_of_origins(lines, repair, own, viewed, wrong, wanted), None)
        if found is None:
            lines.current, lines.replay.renamed = before
            blame_call(lines, repair)
            continue
        place, made, users = found.origin
        entries = tuple(entry for entry in made if entry in found.replaced)
        for entry, reading in users.items():
            renamed.setdefault(entry, []).insert(0, (reading, found.replaced[entry]))
        lines.said[place, entries] = found.text
        lines.put(moved(place, entries, [repair], users), [repair], found.changed)


def _of_origins(
    lines: Lines,
    repair: Repair,
    own: Collection[int],
    viewed: Viewed,
    wrong: int,
    wanted: Values | None,
) -> Iterator[_Found]:
    """Yield edits of other lines that mend all that a repair does, ``wrong`` being ``wanted``."""
    known = lines.current
    if wanted is None:
        return
    for origin in _origins(lines, repair, own, viewed, wrong):
        view = viewed(origin.repair)
        for text, replaced in _edited(lines, view, origin, repair, wrong, wanted) if view else ():
            changed = _again(lines, origin, replaced)
            if changed is not None and _mends(lines, changed, repair):
                yield _Found(origin, replaced, {**known, **changed}, text)


def _again(
    lines: Lines, origin: _Origin, replaced: Changes, last: int | None = None
) -> Changes | None:
    """Return what changes by what a line gives; None where that fails."""
    if origin.users:
        names = {entry: (origin.users[entry], values) for entry, values in replaced.items()}
        return lines.replay.renaming(names, lines.current)
    return lines.replay.carried(replaced, lines.current, last=last)


def _origins(
    lines: Lines, repair: Repair, own: Collection[int], viewed: Viewed, wrong: int
) -> Iterator[_Origin]:
    """Yield the lines that may be wrong instead: that name, make, or use what seems to be."""
    tape = lines.truth.tape
    behind = tape.ancestors(wrong)
    if repair.renamed:
        made = tape.notes[wrong].place
        yield _Origin(made, lines.places.get(made, [wrong]), {})
    for place, (_, group) in lines.suspects.named.items():
        if place != repair.place and any(not behind.isdisjoint(us) for us in group.values()):
            yield _Origin(place, [*group], group)
    for place in islice(_places(lines, own, wrong), LINES):
        yield _Origin(place, lines.places[place], {})
    yield from islice(_behind(lines, repair, own, viewed, wrong), LINES)


def _places(lines: Lines, own: Collection[int], wrong: int) -> Iterator[int]:
    """Yield the places of other lines that made what a value is computed from, and no gradient."""
    inputs, notes = lines.truth.tape.inputs, lines.truth.tape.notes
    seen, queue = set[int](), [wrong]
    for entry in queue:
        for part in sorted(inputs[entry], reverse=True):
            place = notes[part].place
            if part in seen or part not in lines.values or part in lines.forward:
                continue
            seen.add(part)
            if part in own:
                queue.append(part)
            elif not lines.factors(part) and place not in lines.in_forward:
                queue.append(part)
                if part in lines.places.get(place, ()):
                    yield place


def _behind(
    lines: Lines, repair: Repair, own: Collection[int], viewed: Viewed, wrong: int
) -> Iterator[_Origin]:
    """Yield the lines that make parameters, or values of their size, of what seems to be wrong."""
    tape = lines.truth.tape
    found: dict[int, _Origin] = {}
    later = tape.dependents({wrong}, lines.truth.step.end)
    for parameter in lines.truth.parameters:
        if parameter.key not in repair.mended:
            continue
        size = lines.truth.parameters[parameter].shape
        for entry in sorted(later & lines.truth.behind[parameter.key] - {*own}):
            made = lines.places.get(tape.notes[entry].place, ())
            view = viewed(Repair(tape.notes[entry].place, (entry,), (), frozenset()))
            if view is not None and entry in made and lines.values[entry][0].shape == size:
                found[view.statement.lineno] = _Origin(tape.notes[entry].place, made, {})
    yield from found.values()


def _edited(
    lines: Lines,
    view: View,
    origin: _Origin,
    repair: Repair,
    wrong: int,
    wanted: Values,
) -> Iterator[tuple[str | None, Changes]]:
    """Yield edits of a line by which a wrong value may become the wanted one, what they give."""
    anew = frozenset(origin.users)
    inner = None if anew else within(view.statement, view.places[origin.place])
    path, statement = inner or ((), view.statement)
    sights = [
        view.sight_of(inner[1], entry)
        if inner
        else view.sight(Repair(0, (entry,), (), frozenset(), anew & {entry}))
        for entry in origin.made
    ]
    seen = [sight for sight in sights if sight is not None]
    turns = {sight.binding.entry: Evaluation(*sight[1:], sight.binding.name) for sight in seen}
    tape = lines.truth.tape
    behind = set(turns) if anew else tape.ancestors(wrong) - {wrong}
    near = max((entry for entry in turns if entry in behind), default=None)
    later = near is None
    near = min(turns, default=None) if later else near
    if near is None or not all(entry in lines.values for entry in turns):
        return
    shape = lines.values[near][0].shape
    names = next(sight.names for sight in seen if sight.binding.entry == near)
    for edited in islice(edits(statement, names), EDITS):
        if later and not read_in(statement) <= read_in(edited):
            continue  # it would no longer read what seems to be wrong
        found = turns[near].of(edited)
        if found is None or found[0].shape != shape:
            continue
        if later:
            if not _is_gradient(lines, repair, near, found):
                continue
        else:
            changed = _again(lines, origin, {near: found}, last=wrong)
            new = None if changed is None else changed.get(wrong)
            if new is None or not right_value(new, wanted, exact=lines.factor is not None):
                continue
        every = {entry: turn.of(edited) for entry, turn in turns.items()}
        if all(every.values()):
            whole = (
                put(view.statement, path, edited.value)
                if isinstance(edited, ast.Assign) and inner
                else edited
            )
            yield written(whole), {entry: values for entry, values in every.items() if values}


def _is_gradient(lines: Lines, repair: Repair, entry: int, values: Values) -> bool:
    """Whether values may be the gradient of a parameter, or its new value."""
    for parameter in lines.truth.parameters:
        if parameter.key in repair.mended:
            true, updates = lines.fitting.true_of(parameter), entry == parameter.after
            change = lines.fitting.change(parameter, {entry: values}) if updates else values
            if true is not None and multiple(change, true) is not None:
                return True
    return False


def _mends(lines: Lines, changed: Changes, repair: Repair) -> bool:
    """Whether changes put right what a repair does, and break nothing."""
    right = (p for p in lines.truth.parameters if p.key not in lines.wrong)
    fits = all(lines.fitting.fits(parameter, changed) is not None for parameter in right)
    return fits and lines.mends(changed, repair)
