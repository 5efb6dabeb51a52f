"""What a number of a program is computed from, number by number, as far as there is room for it."""

from __future__ import annotations

from functools import cached_property
from itertools import islice

import numpy as np
from msgspec.structs import replace

from bptui.app.diagram.scalars import Look
from bptui.app.program.derivation import UNKNOWN, Writer
from bptui.app.program.moment import Moment
from bptui.app.styles import Highlight
from bptui.explain.expression import Expression, Quantity
from bptui.explain.scalars import Reader, Scalar, scalars

MOST = 80
"""Numbers in a picture, after which no further ones are followed back."""
EQUAL = 1e-12
"""Relative difference of numbers that are the same, computed in another order."""


class Numbers:
    """The picture of the selected number: gradients are the true ones, as far as there are any."""

    def __init__(self, view: Moment) -> None:
        self._view, self._writer = view, Writer(view, False)
        self.found: tuple[Scalar, ...] = ()
        self.whole = False
        """Whether it goes back to what is given."""
        writer, value = self._writer, self._writer.scope.value
        root, name = Quantity(writer.key(writer.own), view.index), writer.symbols.text
        self.title = name(root)
        try:
            formulas, true = Reader(self._formulas(root).get), writer.true_gradient
            self.found = scalars(formulas, root, name, lambda of: float(value(of)), true)
        except UNKNOWN:  # the update went another way
            return

    def _formulas(self, root: Quantity) -> dict[Quantity, Expression]:
        """Return the formulas of a number, of those that it is made of, and so on."""
        found, room, queue = dict[Quantity, Expression](), MOST, [root]
        while queue and room > 0:
            quantity = queue.pop(0)
            formula = None if quantity in found else self._writer.formula_of_number(quantity)
            if formula is None:
                continue
            try:  # whether all of it can be drawn
                trial = Reader(lambda _: None)
                trial.read(formula, quantity)
            except UNKNOWN:
                continue
            found[quantity] = formula
            room -= len(trial.of)
            queue += formula.quantities()
        self.whole = room > 0 and root in found
        return found

    def looks(self, view: Moment) -> list[Look]:
        """Return what is known at a moment of the same update, what was just computed, or in part.

        A gradient is known once the program has computed what stands for it, else once that of a
        number that is computed from it is known; of the last one as the backward pass begins.
        """
        entries = self.entries
        stands, gradients = self._stands_for, [False] * len(entries)
        begun = min(stands.values(), default=0) <= view.entry
        for at in reversed(range(len(entries))):
            one = self.found[at]
            readers = [later for later in range(at, len(entries)) if at in self.found[later].inputs]
            own = stands.get(int(one.quantity.name[1:])) if one.name else None
            if own is not None:
                gradients[at] = own <= view.entry
            else:
                gradients[at] = any(gradients[reader] for reader in readers) if readers else begun
        touched: dict[int, Highlight] = {view.entry: "written"}
        later = min((entry for entry in entries if entry > view.entry), default=view.entry)
        if view.entry not in entries and view.entry in self._within(later):
            touched[later] = "read"  # a part of it, such as a sum of the first of its terms
        return [
            Look(
                *(entry <= view.entry, gradients[at], touched.get(entry, ""), ""),
                bool(one.name) and (entry, one.quantity.index) == (view.subject, view.index),
            )
            for at, (one, entry) in enumerate(zip(self.found, entries, strict=True))
        ]

    @cached_property
    def entries(self) -> list[int]:
        """The entries of the update that give the numbers.

        Of one within a formula it is the first operation of the formula that gives this number,
        else that of what is computed from it.
        """
        array, entries = self._view.record.array, [self.entry(one) for one in self.found]
        for at in reversed(range(len(entries))):
            one = self.found[at]
            if not one.name:
                made = (
                    entry
                    for entry in sorted(self._within(entries[at]))
                    if np.isclose(array(entry), one.value, EQUAL, 0.0).any()
                )
                later = zip(self.found[at:], entries[at:], strict=True)
                read = (entry for reader, entry in later if at in reader.inputs)
                entries[at] = min([entries[at], *islice(made, 1), *read])
        return entries

    def _within(self, entry: int) -> set[int]:
        """Return the operations of the formula that gives an entry."""
        record = self._view.record
        sources = {one for one in record.named if one != entry}
        first, _ = record.entries(self._writer.update)
        found = record.tape.behind([entry], sources) - sources
        return {one for one in found if one >= first and record.tape.inputs[one]}

    def entry(self, one: Scalar) -> int:
        """Return the entry of the update that a number is one of."""
        own = int(one.quantity.name[1:])
        now = self._view.record.now(own, self._writer.update)
        return own if now is None else now

    def chosen(self, view: Moment, at: int) -> Moment:
        """Return the moment with the number in a place selected."""
        entry, index = self.entry(self.found[at]), self.found[at].quantity.index or ()
        shape = view.record.tape.shape(entry)
        place = int(np.ravel_multi_index(index, shape)) if shape else 0
        return replace(view.choosing(entry), place=place)

    @cached_property
    def _stands_for(self) -> dict[int, int]:
        """The first entry of the update that stands for the gradient of each forward value."""
        record, claims, found = self._view.record, self._writer.claims, dict[int, int]()
        for entry in range(*record.entries(self._writer.update)):
            claim = claims.of(entry)
            if claim is not None and not claim.updated:
                found.setdefault(claim.source, entry)
        return found


def looked_at(view: Moment) -> Moment:
    """Return the moment with the loss selected where nothing else is; itself where it has none."""
    entry = view.record.lines.judged.loss.entry
    now = None if entry is None else view.record.now(entry, view.update)
    if view.chosen is not None or now is None or view.record.array(now).size != 1:
        return view
    return replace(view.choosing(now), place=0)
