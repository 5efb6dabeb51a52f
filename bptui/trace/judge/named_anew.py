"""Finds the places that only name what is right as something else: there it becomes wrong."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from functools import cached_property
from itertools import chain
from typing import TYPE_CHECKING

from bptui.trace.judge.backward_pass import handed_on
from bptui.trace.judge.candidates import ALL
from bptui.trace.step.multiples import multiple, rounded, varies
from bptui.trace.tape import Binding

if TYPE_CHECKING:
    from bptui.trace.judge.wrong_lines import Lines


class NamedAnew:
    """The names that right values of a backward pass get, and what reads them by those."""

    def __init__(self, lines: Lines, reading: Mapping[int, int], computed_again: set[int]) -> None:
        """Take how many entries read each one, and what is a forward value once more."""
        self.lines, self.truth, self.backward = lines, lines.truth, lines.backward
        self.reading, self.computed_again = reading, computed_again

    def of(
        self, suspects: Collection[int], settled: Collection[int]
    ) -> dict[int, tuple[int, dict[int, Collection[int]]]]:
        """Return the places that only name what is right as something else, when they first do so.

        With them come the entries, and what reads each by that name or a later one.
        """
        tape = self.truth.tape
        own = {parameter.before for parameter in self.truth.parameters}
        users: dict[int, list[int]] = {}
        for user in self.backward:
            if user in suspects:
                for entry in tape.inputs[user]:
                    users.setdefault(entry, []).append(user)
        found = handed_on(tape, {entry: used[-1] for entry, used in users.items()})
        slopes = {e: b for e, b in self.slopes.items() if self.reading[e] == len(users.get(e, ()))}
        found |= {entry: [binding] for entry, binding in slopes.items() if entry in users}
        names: dict[int, list[Binding]] = {}
        for binding in tape.bindings:
            known = found.get(binding.entry, ())
            if known and (binding in known or binding.when <= max(users[binding.entry])):
                names.setdefault(binding.entry, []).append(binding)
        groups: dict[int, tuple[int, dict[int, Collection[int]]]] = {}
        right = self.lines.forward | set(settled) | self.slopes.keys()
        wholes = {(parameter, ALL) for parameter in own}
        handing: dict[int, set[int]] = {}  # by place: whole gradients that it names, as `for g in`
        for binding in tape.bindings:
            if binding.entry in self.lines.values and not wholes.isdisjoint(
                self.lines.factors(binding.entry)
            ):
                handing.setdefault(binding.place, set()).add(binding.entry)
        for entry in sorted(found):
            names_it = [one for one in found[entry] if entry in handing.get(one.place, {entry})]
            aliases = [one for one in names_it if handing.get(one.place, {entry}) == {entry}]
            for alias in aliases or names_it:
                first = names[entry].index(alias)
                new = {one.name for one in names[entry][first:]}
                old = {one.name for one in names[entry][:first]}
                if alias.name in old and entry in self.lines.forward:
                    continue
                old -= new
                read = {
                    user: known.intersection(tape.read_at(tape.notes[user].place))
                    for known in [new | old]
                    for user in users[entry]
                    if user >= alias.when
                }
                reading = [user for user, by in read.items() if not by or by & new]
                if alias is not (aliases or names_it)[-1] and not any(
                    alias.name in by for by in read.values()
                ):
                    continue  # only handed on once more
                if reading and not (self._goes_forward(alias) or self._right_by(alias)):
                    when, group = groups.get(alias.place, (alias.when, {}))
                    used = set().union(*group.values())
                    if entry not in right and right.issuperset(group) and right.issuperset(used):
                        when = alias.when  # what is wrong may be so as it is made
                    groups[alias.place] = when, {**group, entry: reading}
                    both = {(entry, user) for user in reading if read[user] & old}
                    self.lines.replay.by_both |= both
                    if entry not in self.lines.values:
                        node = self.truth.graph.nodes[entry]
                        self.lines.values[entry] = self.truth.numbers(node)
        back = set(self.backward)
        return {
            place: (when, group)
            for place, (when, group) in groups.items()
            # what it is in the first turn of a loop may have been there before
            if (first := min(group)) in right or (first not in back and not back.isdisjoint(group))
        }

    def _right_by(self, alias: Binding) -> bool:
        """Whether a gradient is right for somebody who reads it by a name that it gets."""
        tape, right = self.truth.tape, self.lines.behind_right.intersection(self.backward)
        known = alias.entry in right and self.lines.factors(alias.entry)
        users = (e for e in right if known and e >= alias.when and alias.entry in tape.inputs[e])
        return any(alias.name in tape.read_at(tape.notes[user].place) for user in users)

    @cached_property
    def right_slopes(self) -> set[int]:
        """The slopes that functions have given rightly."""
        bindings, values = self.truth.tape.bindings, self.lines.values
        returned = {b.entry for b in bindings if b.name.startswith("return ")}
        found = [entry for entry in returned.intersection(values) if varies(values[entry][0])]
        slopes = [layer.slope(self.truth) for layer in self.lines.layers] if found else []
        factors = {entry: [multiple(values[entry], slope) for slope in slopes] for entry in found}
        return {e for e, known in factors.items() if 1.0 in map(rounded, filter(None, known))}

    @cached_property
    def slopes(self) -> dict[int, Binding]:
        """Those of them that got a name, with where they got it."""
        returned, found = set[int](), dict[int, Binding]()
        for binding in self.truth.tape.bindings:
            if binding.name.startswith("return "):
                returned.add(binding.entry)
            elif binding.entry in returned.intersection(self.right_slopes):
                found.setdefault(binding.entry, binding)
        return found

    def _goes_forward(self, alias: Binding) -> bool:
        """Whether what is computed next is a value of the forward pass, and no part of data.

        Behind a gradient that gets a name, slopes may be computed of such a value again.
        """
        again = self.computed_again & self.truth.dependent
        gradient = alias.entry in self.backward and alias.entry not in again
        forward = self.lines.forward if gradient else self.lines.forward | again
        later = (e for e in chain(forward, self.backward) if e >= alias.when)
        return min(later, default=-1) in forward
