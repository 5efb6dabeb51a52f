"""Repairs what the forward pass hands to the backward pass: the backward pass itself is right."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np

from bptui.core.graph.node import Node
from bptui.trace.judge.candidates import ALL
from bptui.trace.judge.repair import Repair
from bptui.trace.judge.replay import Changes
from bptui.trace.step.multiples import Numbers, rounded
from bptui.trace.step.possible_losses import Key
from bptui.trace.step.updates import with_former

if TYPE_CHECKING:
    from bptui.trace.judge.wrong_lines import Lines


def handed_over(lines: Lines) -> tuple[Repair, Changes] | None:
    """Return a repair that puts all right, with all that it changes."""
    return next(_damaged(lines), None) or next(_turned(lines), None)


def _damaged(lines: Lines) -> Iterator[tuple[Repair, Changes]]:
    """Yield repairs of forward values that were changed before all gradients of them."""
    tape, nodes = lines.truth.tape, lines.truth.graph.nodes
    for binding, former in with_former(tape):
        entry = binding.entry
        back = entry in lines.values and entry not in lines.forward | lines.truth.later
        changed = back and former in lines.forward
        if former is None or not changed or lines.factors(entry):
            continue
        right = lines.truth.numbers(nodes[former])
        if right[0].shape != lines.values[entry][0].shape or not tape.depends(entry, {former}):
            continue
        current = lines.replay.carried({entry: right}, lines.current)
        source = (former, ALL)
        repair = Repair(tape.notes[entry].place, (entry,), (source,), frozenset(lines.wrong))
        every = repair._replace(mended=frozenset(p.key for p in lines.truth.parameters))
        if source in lines.true and current and lines.mends(current, every):
            yield repair, current


def _turned(lines: Lines) -> Iterator[tuple[Repair, Changes]]:
    """Yield repairs of errors of the other sign, whose squares are the same and give the loss."""
    tape, nodes = lines.truth.tape, lines.truth.graph.nodes
    for entry in sorted(lines.forward & lines.truth.tape.named) if lines.judged.uphill else ():
        users = [user for user in lines.backward if entry in tape.inputs[user]]
        several = len({nodes[user].line for user in users}) > 1  # else that line is wrong
        difference = nodes[entry].op.name in ("subtract", "negative")
        if not (difference and several and (entry, ALL) in lines.true):
            continue
        own = lines.truth.numbers(nodes[entry])
        right = [-part for part in own]
        current = lines.replay.renaming({entry: (users, right)}, lines.current)
        source, renamed = (entry, ALL), frozenset((entry,))
        mended = frozenset(lines.wrong)
        repair = Repair(tape.notes[entry].place, (entry,), (source,), mended, renamed)
        if current and lines.mends(current, repair):
            lines.values[entry] = own
            lines.replay.renamed.setdefault(entry, []).insert(0, (users, right))
            yield repair, current


def turned_terms(lines: Lines, wrong: frozenset[Key]) -> tuple[list[Repair], Changes] | None:
    """Return a repair of the place whose terms have the wrong sign, with the changes.

    All parameters are right at one rate if it adds what it subtracts, or the other way round.
    """
    notes, parameters = lines.truth.tape.notes, [*lines.truth.parameters]
    every = Repair(-1, (), (), frozenset(p.key for p in parameters))
    updates = {p.after for p in parameters}
    for place, own in lines.places.items() if wrong else ():
        terms = [e for e in own if notes[e].call in ("add", "subtract") and e not in updates]
        current = lines.replay.edited(terms, _of_other_sign, {}) if terms else None
        if current is None or not lines.mends(current, every):
            continue
        rates = {rounded(lines.fitting.fits(p, current) or np.nan) for p in parameters}
        if len(rates) == 1:
            sources = next((p.before, ALL) for p in parameters if p.key in wrong)
            return [Repair(place, (*terms,), (sources,) * len(terms), wrong)], current
    return None


def _of_other_sign(node: Node, values: list[Numbers]) -> Numbers:
    """Return the difference for a sum, or the other way round."""
    one, other = values
    return one + other if node.op.name == "subtract" else one - other


def read_too_late(lines: Lines, wrong: frozenset[Key]) -> tuple[list[Repair], Changes] | None:
    """Return a repair of each place that reads parameters after their update, with the changes.

    They mend what is ``wrong``. None where the values from before do not put all right.
    """
    inputs, notes = lines.truth.tape.inputs, lines.truth.tape.notes
    parameters = lines.truth.parameters
    afters = {p.after: (p.before, ALL) for p in parameters}
    late = {e: one for e in lines.backward if e not in afters for one in inputs[e] if one in afters}
    current = lines.replay.with_former(late, {})
    every = Repair(-1, (), (), frozenset(p.key for p in parameters))
    if current is None or not lines.mends(current, every):
        return None
    places: dict[int, list[int]] = {}
    for entry in late:
        places.setdefault(notes[entry].place, []).append(entry)
    repairs = [
        Repair(place, tuple(own), tuple(afters[late[entry]] for entry in own), wrong)
        for place, own in places.items()
    ]
    return repairs, current
