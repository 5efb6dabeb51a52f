"""Moves the blame to a line before the wrong one where an edit of that line puts all right.

What a line computes on the way back need not be the gradient of anything: a slope, a sum, a copy
that is changed later. Such a value is seen to be wrong only in the line that makes a gradient of
it; where no small edit of this line mends it, one of the line that made the value may.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from itertools import islice

from bptui.trace.comparing import Values, right_value
from bptui.trace.edits import edits
from bptui.trace.lines import Lines
from bptui.trace.mending import Evaluation, written
from bptui.trace.paths import within
from bptui.trace.repair import Repair
from bptui.trace.replay import Changes
from bptui.trace.should_be import View

EDITS = 2_000
"""Edits of a line that are tried at most."""
LINES = 4
"""Lines that are looked at for one that is wrong, the nearest first."""

Viewed = Callable[[Repair], View | None]


def blame_origins(lines: Lines, viewed: Viewed) -> None:
    """Put a repair of the line that made a wrong value in the place of one that reads it."""
    for repair in list(lines.repairs):
        view = None if repair.updated or repair.argument else viewed(repair)
        if view is None or view.should_be(repair):
            continue
        found = next(_of_origins(lines, repair, view, viewed), None)
        if found is not None:
            moved, lines.current, text = found
            lines.said[moved.place, moved.entries] = text
            lines.repairs[lines.repairs.index(repair)] = moved
            lines.follow()


def _of_origins(
    lines: Lines, repair: Repair, view: View, viewed: Viewed
) -> Iterator[tuple[Repair, Changes, str | None]]:
    """Yield repairs of lines behind a repair that mend all that it does, with what they change."""
    known = lines.without(repair)
    wrong = next(filter(lines.is_wrong, repair.entries), repair.entries[0])
    wanted = lines.right_value(wrong)
    for place in islice(_places(lines, view, wrong), LINES):
        made = lines.places[place]
        origin = viewed(Repair(place, tuple(made), (), frozenset()))
        if origin is None or within(origin.statement, origin.places[place]) or wanted is None:
            continue
        for text, replaced in _edited(lines, origin, made, known, wrong, wanted):
            changed = lines.replay.carried(replaced, known)
            if changed is not None and _mends(lines, changed, repair):
                sources = repair.stands_for[:1] * len(replaced)
                moved = Repair(place, tuple(replaced), sources, repair.mended)
                yield moved, changed, text


def _places(lines: Lines, view: View, wrong: int) -> Iterator[int]:
    """Yield the places of other lines that made what a value is computed from, and no gradient."""
    inputs, notes = lines.truth.tape.inputs, lines.truth.tape.notes
    own, seen, queue = set(view.own), set[int](), [wrong]
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


def _edited(
    lines: Lines, origin: View, made: Sequence[int], known: Changes, wrong: int, wanted: Values
) -> Iterator[tuple[str | None, Changes]]:
    """Yield edits of a line by which a wrong value becomes the wanted one, and what they give."""
    sights = [origin.sight(Repair(0, (entry,), (), frozenset())) for entry in made]
    seen = [sight for sight in sights if sight is not None]
    turns = {sight.binding.entry: Evaluation(*sight[1:], sight.binding.name) for sight in seen}
    behind = lines.truth.tape.ancestors(wrong)
    near = max((entry for entry in turns if entry in behind), default=None)
    if near is None or not all(entry in lines.values for entry in turns):
        return
    shape = lines.values[near][0].shape
    names = next(sight.names for sight in seen if sight.binding.entry == near)
    for edited in islice(edits(origin.statement, names), EDITS):
        found = turns[near].of(edited)
        if found is None or found[0].shape != shape:
            continue
        changed = lines.replay.carried({near: found}, known, last=wrong)
        new = None if changed is None else changed.get(wrong)
        if new is None or not right_value(new, wanted, exact=lines.factor is not None):
            continue
        every = {entry: turn.of(edited) for entry, turn in turns.items()}
        if all(every.values()):
            yield written(edited), {entry: values for entry, values in every.items() if values}


def _mends(lines: Lines, changed: Changes, repair: Repair) -> bool:
    """Whether changes put right what a repair does, and break nothing."""
    right = (p for p in lines.truth.parameters if p.key not in lines.wrong)
    fits = all(lines.fitting.fits(parameter, changed) is not None for parameter in right)
    return fits and lines.mends(changed, repair)
