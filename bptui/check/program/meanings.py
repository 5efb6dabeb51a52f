"""Says which true gradient a value of a program's backward pass is, in the program's names."""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence

from bptui.trace.judge.candidates import ALL, gradient_text, turned
from bptui.trace.judge.repair import Repair
from bptui.trace.judge.wrong_lines import Lines
from bptui.trace.step.multiples import Values, rounded

LONGEST = 32
"""Characters of an expression that stands for a value without a name."""
MOST = 2
"""True gradients that are told of a line; a helper that serves all parameters stands for none."""


class Meanings:
    """What the values of one backward pass stand for."""

    def __init__(self, found: Lines, names: Mapping[int, str], piece: Callable[[int], str]) -> None:
        """Take the judged lines, the names of entries, and what gives their expressions."""
        self.found, self.names, self.piece = found, names, piece
        self.notes = found.truth.tape.notes

    def name(self, entry: int) -> str | None:
        """Return a name for a forward value, or the short expression that computes it."""
        piece = "" if entry in self.names else self.piece(entry)
        piece = piece.removeprefix("-").strip() if self._is_turned(entry) else piece
        return self.names.get(entry) or (f"({piece})" if 0 < len(piece) <= LONGEST else None)

    def of(self, given: Iterable[int], line: Collection[int]) -> str | None:
        """Return the true gradients that entries are, or are multiples of; ``line`` are its own."""
        found = dict.fromkeys(self._multiple(entry, line) for entry in given)
        known = [name for name in found if name]
        return ", ".join(known) if known and len(known) <= MOST else None

    def _multiple(self, entry: int, line: Collection[int]) -> str | None:
        truth = self.found.truth
        values = self.found.values.get(entry) or truth.numbers(truth.graph.nodes[entry])
        if values[0].dtype.kind != "f":
            return None
        factors = {
            source: factor
            for source, factor in self._factors(values).items()
            if source not in line and (values[0].size > 1 or rounded(abs(factor)) == 1.0)
            if not math.isnan(factor)  # nothing but zeros
        }
        best = self._best_named([*factors])
        return None if best is None else self._gradient(best, factors[best])

    def wanted(self, repair: Repair) -> str | None:
        """Return what the first wrong value should be: the gradient of which forward value."""
        source, _ = repair.stands_for[0]
        true = self.found.true[repair.stands_for[0]]
        own = self._factors(self.found.current.get(repair.entries[0], true))
        factors = {source: 1.0} if true[0].size == 1 else own or self._factors(true)
        best = self._best_named([*factors])
        if best is None:
            return None
        return self._gradient(best, 1.0 if math.isnan(factors[best]) else factors[best])

    def _is_turned(self, entry: int) -> bool:
        """Return whether the true gradient known is that of the value with the other sign."""
        truth = self.found.truth
        return entry in truth.graph.nodes and turned(truth, truth.graph.nodes[entry])

    def _gradient(self, entry: int, factor: float = 1.0) -> str:
        """Write a multiple of the gradient of a value, or of what it is without its minus."""
        inside = self._is_turned(entry) and not self.piece(entry).startswith("-")
        return gradient_text(self.name(entry) or "", -factor if inside else factor)

    def _factors(self, values: Values) -> dict[int, float]:
        """Return the forward values of whose true gradients values are a multiple, and which."""
        known = self.found.standing.compared(values, single=True)
        return {source: factor for (source, part), factor in known.items() if part == ALL}

    def _best_named(self, sources: Sequence[int]) -> int | None:
        """Return the forward value that says most: one with a name, else the longest expression."""
        return max(
            filter(self.name, sources),
            key=lambda entry: (entry in self.names, self.notes[entry].call != "negative", entry),
            default=None,
        )
