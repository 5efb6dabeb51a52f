"""Gradients that objects hold beside the values that they are of, as autograd engines have them.

``self.grad += other.data * out.grad`` adds what the consumer ``out`` contributes to the gradient
of ``self.data``: which object a number is held by tells what it stands for.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from bptui.trace.judge.candidates import ALL, Source
from bptui.trace.step.multiples import right_value

if TYPE_CHECKING:  # which looks for what is wrong by this
    from bptui.trace.judge.wrong_lines import Lines


def wrong_parts(lines: Lines) -> Iterator[tuple[int, dict[int, Source]]]:
    """Yield the places of terms that are added to gradients, with what the terms stand for.

    Only those where a term is wrong, or takes the place of the sum.
    """
    groups: dict[int, dict[int, Source]] = {}
    for term, source in _parts(lines):
        groups.setdefault(lines.truth.tape.notes[term].place, {})[term] = source
    for place, pairs in groups.items():
        if not all(right_value(lines.values[e], lines.true[s], True) for e, s in pairs.items()):
            yield place, pairs


def _parts(lines: Lines) -> Iterator[tuple[int, Source]]:
    """Yield the terms that are added to the gradients of objects, with what each stands for.

    What an object of several consumers is given last, and nothing was added to, stands for all.
    """
    tape, true = lines.truth.tape, lines.true
    several = {entry for entry, part in true if part >= 0}
    updated = {parameter.after for parameter in lines.truth.parameters}
    values: dict[object, dict[object, int]] = {}
    holders: dict[int, object] = {}
    for binding in tape.bindings:
        if binding.location[0] == "attribute":
            _, holder, name = binding.location
            if binding.entry in lines.forward and (binding.entry, ALL) in true:
                values.setdefault(holder, {}).setdefault(name, binding.entry)
            elif binding.entry in lines.values and binding.entry not in updated:
                holders.setdefault(binding.entry, holder)
    single = {holder: own for holder, own in values.items() if len(own) == 1}
    value_of = {holder: entry for holder, own in single.items() for entry in own.values()}
    last = {holder: total for total, holder in holders.items()}
    for total, holder in holders.items():
        own = value_of.get(holder)
        if own in several and tape.notes[total].call != "add" and last[holder] == total:
            yield total, (own, ALL)
        if own is None or tape.notes[total].call != "add":
            continue
        for term in tape.inputs[total] if own not in several else ():
            same = term in lines.values and true[own, ALL][0].shape == lines.values[term][0].shape
            if same and holders.get(term) != holder:
                yield term, (own, ALL)
