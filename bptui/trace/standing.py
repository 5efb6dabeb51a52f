"""Tells of whose true gradients a value of the backward pass is a multiple."""

from __future__ import annotations

from collections.abc import Mapping

from bptui.trace.candidates import Source
from bptui.trace.comparing import Multiples, Values, multiple, rounded


class Standing:
    """The values of a backward pass beside all true gradients."""

    def __init__(self, true: Mapping[Source, Values], values: Mapping[int, Values]) -> None:
        self.values = values
        self._sizes: dict[int, list[tuple[Source, Values]]] = {}
        for source in sorted(true):
            self._sizes.setdefault(true[source][0].size, []).append((source, true[source]))
        self._multiples: dict[int, Multiples] = {}
        self._known: dict[int, dict[Source, float]] = {}

    def of(self, entry: int) -> dict[Source, float]:
        """Return the sources of an entry with the factors, the earliest forward value first."""
        if entry not in self._known:
            self._known[entry] = self.compared(self.values[entry])
        return self._known[entry]

    def compared(self, values: Values, single: bool = False) -> dict[Source, float]:
        """Return the sources of values with the factors; of a ``single`` number only if wanted."""
        size = values[0].size
        same = self._sizes.get(size, []) if size > 1 or single else []
        if not same:
            return {}
        if size not in self._multiples:
            self._multiples[size] = Multiples([true for _, true in same])
        near = [same[number] for number in self._multiples[size].of(values)]
        compared = {source: multiple(values, true) for source, true in near}
        return {source: factor for source, factor in compared.items() if factor is not None}


def gradient_text(name: str, factor: float = 1.0) -> str:
    """Return how a multiple of the gradient of a named value is written: ``-2 dL/d W1``."""
    size = rounded(abs(factor))
    return f"{'-' if factor < 0 else ''}{'' if size == 1.0 else f'{size:g} '}dL/d {name}"
