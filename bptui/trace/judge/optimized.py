"""Tells whether what an optimizer makes of right gradients is a step against them, and where not.

With gradients of the other sign a step turns round, and with larger ones it does not become smaller
nor grow faster than they do: so it is with momentum, Adam, clipping and all the others. What they
remember is a sum of gradients, or of their squares where a root is taken of it.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import TYPE_CHECKING

import numpy as np

from bptui.trace.judge.candidates import ALL
from bptui.trace.judge.repair import Repair
from bptui.trace.step.multiples import Values, along, largest, multiple_as_it_is
from bptui.trace.step.training_steps import Parameter
from bptui.trace.tape import ROOTS

if TYPE_CHECKING:  # which is what it blames in
    from bptui.trace.judge.wrong_lines import Lines

LARGE = 1e6
"""Times as large as they are: beside such gradients what is remembered from before is nothing."""
FEW = 1e-3
"""The part of the largest gradient from which on numbers count."""
THROUGH = (*ROOTS, "add", "subtract", "divide", "multiply")


class Optimized:
    """The steps that a program's optimizer makes of gradients that are right."""

    def __init__(self, lines: Lines) -> None:
        self.lines, self.tape = lines, lines.truth.tape
        self.alike: dict[Parameter, list[int]] = {}
        """The multiples of a parameter's gradient behind its update."""
        matches = lines.judged.matches
        adapted = any(match and not match.whole for match in matches.values())
        for parameter in lines.truth.parameters if adapted else ():
            true = lines.fitting.true_of(parameter)
            if matches[parameter.key] is not None and true is not None:
                self.alike[parameter] = self._multiples(parameter, true)
        every = {entry for own in self.alike.values() for entry in own}
        sizes = (LARGE, -LARGE, LARGE**2) if every else ()
        self.scaled = [
            lines.replay.carried({e: [size * v for v in lines.values[e]] for e in every}, {}) or {}
            for size in sizes
        ]
        """What is computed with larger gradients, and with such of the other sign."""

    def blame(self) -> None:
        """Say which lines make no step of right gradients, or remember what makes none."""
        lines = self.lines
        places: dict[int, list[tuple[int, Values, Parameter]]] = {}
        updates = list[Parameter]()
        for parameter in filter(self.alike.get, self.alike):
            step = self._is_step(parameter)
            found = None if step and not lines.judged.uphill else self._memory(parameter)
            if step and found is None:
                continue
            lines.judged.matches[parameter.key] = None
            lines.wrong = lines.wrong | {parameter.key}
            if found:
                places.setdefault(self.tape.notes[found[0]].place, []).append((*found, parameter))
            else:
                updates.append(parameter)
        lines.updates.blame(updates)
        for place, group in places.items():
            keys = frozenset(parameter.key for _, _, parameter in group)
            sources = tuple((parameter.before, ALL) for _, _, parameter in group)
            lines.current |= {entry: right for entry, right, _ in group}
            lines.repairs.append(Repair(place, tuple(e for e, _, _ in group), sources, keys))
            lines.wrong = lines.wrong - keys

    def _multiples(self, parameter: Parameter, true: Values) -> list[int]:
        """Return a parameter's gradient, and what is a multiple of it by more than chance."""
        found = list[int]()
        behind = self.lines.truth.behind[parameter.key] - self.lines.truth.sizes
        for entry in sorted(behind.intersection(self.lines.values)):
            made = not self.tape.depends(entry, {*found}) or {*found} & {*self.tape.inputs[entry]}
            if made and multiple_as_it_is(self.lines.values[entry], true) is not None:
                found.append(entry)
        return found

    def _is_step(self, parameter: Parameter) -> bool:
        """Tell whether a change turns with its gradient, and grows at most as that does."""
        fitting, true = self.lines.fitting, self.lines.fitting.true_of(parameter) or []
        if largest(true) <= self.lines.judged.size or not all(self.scaled):
            return True  # no gradient, or what cannot be computed again
        if not all(parameter.after in changed for changed in self.scaled):
            return False
        counts = [np.abs(part) > FEW * largest(true) for part in true]
        once, turned, more = (
            np.concatenate(
                [
                    part[own].reshape(-1)
                    for part, own in zip(fitting.change(parameter, changed), counts, strict=True)
                ]
            )
            for changed in self.scaled
        )
        with np.errstate(all="ignore"):
            growth = np.log(np.abs(more).max() / np.abs(once).max()) / np.log(LARGE)
        moved = once != 0.0  # a mask holds the others
        turns = np.abs(once - turned) > FEW * np.abs(once)  # beside what is remembered
        return bool(-0.1 < growth < 1.1 and np.mean(turns[moved]) > 0.5)

    def _memory(self, parameter: Parameter) -> tuple[int, Values] | None:
        """Return the last sum that is none of gradients, or of squares, as its use needs, and one.

        What only a root is taken of, or what is divided by, has to be of squares; what climbs goes
        along gradients elsewhere.
        """
        behind = self.lines.truth.behind[parameter.key]
        rooted = self._through(behind, [e for e in behind if self.tape.notes[e].call in ROOTS])
        divided = [e for e in behind if self.tape.notes[e].call == "divide"]
        squares = rooted | self._through(behind, [self.tape.inputs[e][-1] for e in divided])
        given = self.lines.values[self.alike[parameter][0]]
        climbs = self.lines.judged.uphill and along(given, self.lines.true[parameter.before, ALL])
        for entry in reversed(self._sums(parameter, behind)):
            values = self.lines.values[entry]
            pairs = list(zip(values, given, strict=True))
            once, turned = (changed.get(entry, values)[0] for changed in self.scaled[:2])
            even, odd = np.array_equal(once, turned), np.array_equal(once, -turned)
            if odd and entry in rooted:
                return entry, [total * gradient for total, gradient in pairs]
            if odd and climbs and not along(values, given):
                return entry, [-total for total in values]
            if even and np.min(once) < 0.0:
                return entry, [np.abs(total) for total in values]
            if even and entry not in squares:
                with np.errstate(all="ignore"):
                    return entry, [np.nan_to_num(total / gradient) for total, gradient in pairs]
        return None

    def _sums(self, parameter: Parameter, behind: set[int]) -> list[int]:
        """Return the sums with names behind an update that are as large as its parameter."""
        shape, named = self.tape.shape(parameter.before), self.tape.named
        own = sorted(behind & named & self.lines.values.keys() - {parameter.after})
        sums = (entry for entry in own if self.tape.notes[entry].call in ("add", "subtract"))
        return [entry for entry in sums if self.tape.shape(entry) == shape]

    def _through(self, behind: Collection[int], entries: Sequence[int]) -> set[int]:
        """Return what entries are, but for numbers beside it: the sum behind a root."""
        found, queue = set[int](), [*entries]
        for entry in queue:
            found.add(entry)
            if self.tape.notes[entry].call in THROUGH:
                given = [e for e in self.tape.inputs[entry] if e in self.lines.values]
                arrays = [e for e in given if self.tape.shape(e) == self.tape.shape(entry)]
                queue += arrays if len(arrays) == 1 else []
        return found
