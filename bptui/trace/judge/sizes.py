"""Tells of which true gradients values are multiples, and which multiples count as right."""

from __future__ import annotations

from collections.abc import Collection
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from bptui.trace.judge.candidates import Source
from bptui.trace.step.multiples import rounded
from bptui.trace.step.possible_losses import Key

if TYPE_CHECKING:
    from bptui.trace.judge.wrong_lines import Lines


class Sizes:
    """The multiples of true gradients that the values of a backward pass are."""

    def __init__(self, lines: Lines) -> None:
        self.lines, self.truth, self.backward = lines, lines.truth, lines.backward

    @cached_property
    def _leaving(self) -> set[int]:
        """The values that get a name, or are used by another line."""
        nodes, inputs = self.truth.graph.nodes, self.truth.tape.inputs
        used = (
            entry
            for user in self.backward
            for entry in inputs[user]
            if entry in nodes and nodes[entry].line != nodes[user].line
        )
        return {*used, *self.truth.tape.named}.intersection(self.backward)

    def known(
        self, right: set[Key], usual: set[float] | None, sign: float
    ) -> dict[int, set[Source]]:
        """Return of which true gradients values are multiples as is usual, all entries' values.

        What is no value of a line may have another size, if the line makes another one of it that
        is known.
        """
        leaving = usual if (own := self.usual(right, self._leaving)) == set() else own
        known = {entry: self._stands_for(entry, leaving, sign) for entry in self.backward}
        made: dict[int, list[int]] = {}
        for user in filter(self.lines.factors, self.backward):
            for entry in self.truth.tape.inputs[user]:
                made.setdefault(entry, []).append(user)
        for entry in reversed(self.backward):
            own, users = self._sizes_of(entry), made.get(entry, ())
            apart = all(own.isdisjoint(self._sizes_of(user)) for user in users)
            if entry not in self._leaving and apart and all(known[user] for user in users):
                known[entry] |= self._stands_for(entry, usual, sign)
        for entry in self._added_wrongly():
            known[entry] = set()
        return known

    def _sizes_of(self, entry: int) -> set[float]:
        return set(map(rounded, self.lines.factors(entry).values()))

    def _added_wrongly(self) -> set[int]:
        """Return what has no name and is added to a parameter that comes out wrong by it.

        Twice a gradient at a rate of a half is no gradient that is right.
        """
        tape, lines = self.truth.tape, self.lines
        added = (
            (entry, parameter)
            for parameter in self.truth.parameters
            if parameter.key in lines.wrong - lines.judged.misapplied
            for entry in tape.inputs[parameter.after]
        )
        return {
            entry
            for entry, parameter in added
            if entry in lines.values and entry not in {*tape.named, parameter.before}
        }

    def usual(self, right: set[Key], entries: Collection[int] | None = None) -> set[float] | None:
        """Return which multiples of true gradients stand behind gradients that are right.

        None where all count: no gradient is off by just a factor. Others than some ``entries`` do
        not count.
        """
        if not right:
            return None
        behind = set().union(*(self.truth.behind[key] for key in right))
        every = [
            list(dict.fromkeys(map(rounded, self.lines.factors(entry).values())))
            for entry in self.backward
            if entry in behind and (entries is None or entry in entries)
        ]
        usual = {factors[0] for factors in every if len(factors) == 1}
        return usual | {factors[0] for factors in every if factors and usual.isdisjoint(factors)}

    def sign(self, suspects: Collection[int]) -> float:
        """Return the sign that gradients have where they are right: that of the first one.

        Where the loss rises all signs are wrong: the updates take one for granted, or else the
        first one can put them right.
        """
        taken = {p.sign for p in self.truth.parameters if p.key in self.lines.wrong} - {0}
        if self.lines.judged.uphill and len(taken) == 1:
            return taken.pop()
        leaving = self._leaving.intersection(suspects)
        factors = map(self.lines.first_factor, filter(leaving.__contains__, self.backward))
        sign = float(np.sign(next((factor for factor in factors if factor), 0.0)))
        return -sign if self.lines.judged.uphill else sign

    def _stands_for(self, entry: int, usual: set[float] | None, sign: float) -> set[Source]:
        """Return the forward values of whose true gradients a value is a multiple as is usual."""
        factors = self.lines.factors(entry)
        first = next(iter(factors.values()), 0.0)
        if usual is None:
            return set() if first * sign < 0 else set(factors)
        return {source for source, factor in factors.items() if rounded(factor) in usual}
