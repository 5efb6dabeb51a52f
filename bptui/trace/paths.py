"""Tells where a path of the gradient may be missing: one term of a sum, or what stands twice."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from itertools import combinations

from bptui.trace.candidates import ALL, Source
from bptui.trace.tape import Tape

Known = Mapping[int, Collection[Source]]
"""The true gradients that entries are multiples of."""


class Paths:
    """The entries that are right, but may not be what belongs where they are used."""

    def __init__(self, tape: Tape, known: Known) -> None:
        self.terms: dict[int, set[int]] = {}
        """Entries that are what one consumer adds to a gradient, with the forward values."""
        having: dict[Source, list[int]] = {}
        for entry, sources in known.items():
            if of := {of for of, part in sources if part >= 0}:
                self.terms[entry] = of
            for source in sources:
                having.setdefault(source, []).append(entry)
        self.had = having.keys()
        pairs = (pair for entries in having.values() for pair in combinations(entries, 2))
        self.twice = {e for one, two in pairs if not tape.depends(two, {one}) for e in (one, two)}
        """Entries that are the same as others, but computed another time."""

    def suspicious(self, entries: Collection[int]) -> bool:
        """Whether a path may be missing in one of the entries."""
        return any(entry in self.terms or entry in self.twice for entry in entries)

    def mended_by(self, pairs: Mapping[int, Source]) -> bool:
        """Whether a term is replaced by the whole sum, or what stands twice by what is missing."""
        whole = any(part == ALL and of in self.terms.get(e, ()) for e, (of, part) in pairs.items())
        new = [source for entry, source in pairs.items() if entry in self.twice]
        return whole or (bool(new) and self.had.isdisjoint(new))
