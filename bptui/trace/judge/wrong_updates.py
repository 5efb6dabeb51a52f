"""Blames updates: what they make of right gradients is no step along them."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from itertools import starmap
from typing import TYPE_CHECKING

import numpy as np

from bptui.trace.judge.candidates import ALL
from bptui.trace.judge.repair import Repair
from bptui.trace.step.multiples import (
    Numbers,
    along,
    largest,
    multiple,
    multiple_as_it_is,
    shaped,
)
from bptui.trace.step.parts import value_put
from bptui.trace.step.sums import share_of
from bptui.trace.step.training_steps import Parameter

if TYPE_CHECKING:  # which is what it blames in
    from bptui.trace.judge.wrong_lines import Lines


class WrongUpdates:
    """Tells of parameters that come out wrong whether their updates are what is wrong."""

    def __init__(self, lines: Lines) -> None:
        self.lines = lines

    def wrong(self, parameter: Parameter) -> bool:
        """Whether nothing is wrong before a parameter's update: right gradients, or none at all."""
        lines, truth = self.lines, self.lines.truth
        behind = truth.behind[parameter.key].intersection(lines.backward)
        behind -= {parameter.before, parameter.after}
        known = all(lines.factors(entry) for entry in behind if truth.tape.shape(entry))
        return known or bool(self.leading(parameter))

    def leading(self, parameter: Parameter) -> set[int]:
        """Return what leads to a parameter's gradient where that is right, but its change is not.

        Nothing where the change is off by no more than a factor.
        """
        lines, truth, key = self.lines, self.lines.truth, parameter.key
        wanted = lines.fitting.true_of(parameter)
        if wanted is None or lines.judged.matches[key] or key in lines.judged.ratios:
            return set()
        changed = lines.fitting.keeps_its_shape(parameter, lines.current)
        if changed and lines.fitting.factor_after(parameter, lines.current) is not None:
            return set()
        behind = truth.behind[key].intersection(lines.backward) - {parameter.after}
        for entry in sorted(behind, reverse=True):
            values = lines.current.get(entry, lines.values[entry])
            if multiple_as_it_is(values, wanted) is not None:
                return truth.tape.ancestors(entry)
        return set()

    def blame_known(self) -> None:
        """Say so of updates whose gradients are right, and of loops that leave gradients out."""
        wrong = (p for p in self.lines.truth.parameters if p.key in self.lines.wrong)
        misapplied = self.lines.judged.misapplied
        self.blame(
            p
            for p in wrong
            if p.key in misapplied or self.left_out(p) is not None or self._puts_the_last_one(p)
        )

    def blame(self, parameters: Iterable[Parameter]) -> None:
        """Say that what updates make of gradients is wrong, those of one place together."""
        lines, truth = self.lines, self.lines.truth
        places: dict[int, list[Parameter]] = {}
        for parameter in parameters:
            shapes = set(map(truth.tape.shape, (parameter.before, parameter.after)))
            if len(shapes) == 1 and (parameter.before, ALL) in lines.true:
                place = self.left_out(parameter) or parameter.statements[-1].place
                places.setdefault(place, []).append(parameter)
        for place, own in places.items():
            right = {p.statements[-1].entry: self.new_values(p) for p in own}
            lines.current |= right
            sources = tuple((parameter.before, ALL) for parameter in own)
            mended = frozenset(parameter.key for parameter in own)
            entries = tuple(p.statements[-1].entry for p in own)
            lines.repairs.append(Repair(place, entries, sources, mended, updated=tuple(own)))
            lines.wrong = lines.wrong - mended

    def _puts_the_last_one(self, parameter: Parameter) -> bool:
        """Whether places that stand several times in an index each get a single right share."""
        truth, last = self.lines.truth, parameter.statements[-1].entry
        put, true = value_put(truth.tape, last), self.lines.true.get((parameter.before, ALL))
        places = [*(parameter.places or ())]
        if put is None or true is None or len({*places}) == len(places):
            return False
        before = truth.numbers(truth.parameters[parameter])
        totals = [np.zeros(old.size) for old in before]
        for total, new, old in zip(
            totals, truth.numbers(truth.graph.nodes[put]), before, strict=True
        ):
            np.add.at(total, places, new.reshape(-1) - parameter.taken(old))
        wanted = [part.reshape(-1)[places] for part in true]
        return multiple([total[places] for total in totals], wanted) is not None

    def left_out(self, parameter: Parameter) -> int | None:
        """Return the place of the loop that leaves a parameter's gradient out; None for others.

        It makes others in the same list, where this one is still what that began with.
        """
        truth, tape = self.lines.truth, self.lines.truth.tape
        alike = {e for e in truth.dependent if tape.notes[e].call.endswith("_like")}
        own = truth.behind[parameter.key] - (truth.dependent - alike)
        own -= tape.ancestors(parameter.before)
        items = [b for b in tape.bindings if truth.step.first <= b.when < truth.step.end]
        items = [b for b in items if b.location[0] == "item"]
        still = not largest(truth.change_of(parameter))
        empty = (b for b in items if still and b.entry in own and not np.any(tape.values[b.entry]))
        for began in (b for b in empty if tape.shape(b.entry) == tape.shape(parameter.before)):
            lists = (b for b in items if b.location[:2] == began.location[:2])
            others = (b for b in lists if b.entry in self.lines.backward)
            made = next((b.when for b in others if np.any(tape.values[b.entry])), -1)
            turns = [place for when, place in self.lines.turns if began.when <= when <= made]
            later = (b.when for b in items if b.when > began.when and b.location == began.location)
            around = ([place for when, place in self.lines.turns if when <= at] for at in later)
            if turns and all(own[-1:] != turns[-1:] for own in around):  # none in that loop
                return turns[-1]
        return None

    def change_wanted(self, parameter: Parameter) -> float | None:
        """Return the multiple of its gradient by which a parameter should change, if it is one."""
        lines, truth = self.lines, self.lines.truth
        right = lines.right_value(parameter.after)
        true = lines.true.get((parameter.before, ALL))
        known = parameter.overwritten or lines.factor is not None
        if right is None or true is None or not known:
            return None
        before = truth.numbers(truth.parameters[parameter])
        return multiple([new - old for new, old in zip(right, before, strict=True)], true)

    def new_values(self, parameter: Parameter) -> list[Numbers]:
        """Return the new values that a parameter's statement should give, in all draws."""
        numbers, nodes = self.lines.truth.numbers, self.lines.truth.graph.nodes

        def right(draw: int, true: Numbers) -> Numbers:
            return self.new_value(parameter, lambda entry: numbers(nodes[entry])[draw], true)

        return [*starmap(right, enumerate(self.lines.true[parameter.before, ALL]))]

    def new_value(
        self, parameter: Parameter, value: Callable[[int], Numbers], true: Numbers
    ) -> Numbers:
        """Return what a parameter's statement should give, by the gradient and entries' values."""
        before, new = value(parameter.before), value(parameter.statements[-1].entry)
        old, factor = parameter.taken(before), self.lines.factor
        true = parameter.taken(shaped(true, before.shape))
        if parameter.overwritten:
            change = shaped(self._change(parameter, value), old.shape)
            right = old - change if along([change], [true]) else old + change
        elif factor is None and self.lines.judged.uphill:
            right = old - (parameter.taken(new) - old)
        else:
            times = -1.0 if factor is None else factor * self.lines.rates[parameter.key]
            right = old + times * true
        whole: Numbers = parameter.put(new, right)
        return whole

    def _change(self, parameter: Parameter, value: Callable[[int], Numbers]) -> Numbers:
        """Return what takes a parameter's place: without what stands in its own place there."""
        tape, values = self.lines.truth.tape, self.lines.values
        after, true = parameter.statements[-1].entry, self.lines.fitting.true_of(parameter)
        put = value_put(tape, after)
        if put is None:
            return value(after)
        for entry in tape.inputs[put]:
            if true and entry in values and multiple(values[entry], true) is not None:
                return value(entry)
        kept = share_of(tape, put, parameter.before) or 0.0
        change: Numbers = parameter.taken(value(after) - kept * value(parameter.before))
        return change
