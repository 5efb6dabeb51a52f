"""Gradients that are right, and only one of the paths that add up where they are used."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from itertools import combinations

from bptui.trace.judge.candidates import ALL, Source
from bptui.trace.step.drawn import VIEWS
from bptui.trace.tape import Tape


class SplitPaths:
    """The entries that are right, but may not be what belongs where they are used."""

    def __init__(self, tape: Tape, known: Mapping[int, Collection[Source]]) -> None:
        self.terms: dict[int, set[int]] = {}
        """Entries that are what one consumer adds to a gradient, with the forward values."""
        having: dict[Source, list[int]] = {}
        added_to = {
            entry
            for user in known
            if tape.notes[user].call in ("add", "subtract") and not known[user]
            for entry in tape.inputs[user]
        }
        for entry, sources in known.items():
            of = {of for of, part in sources if part >= 0}
            if of and entry not in added_to:  # else the sum is wrong
                self.terms[entry] = of
            if tape.notes[entry].call not in VIEWS:  # which compute nothing
                for source in sources:
                    having.setdefault(source, []).append(entry)
        pairs = (pair for entries in having.values() for pair in combinations(entries, 2))
        self.twice = {e for one, two in pairs if not tape.depends(two, {one}) for e in (one, two)}
        """Entries that are the same as others, but computed another time."""

    def suspicious(self, entries: Collection[int]) -> bool:
        """Whether a path may be missing in one of the entries."""
        return any(entry in self.terms or entry in self.twice for entry in entries)

    def mended_by(self, pairs: Mapping[int, Source]) -> bool:
        """Whether a term is replaced by the whole sum, or what stands twice by something else."""
        whole = any(part == ALL and of in self.terms.get(e, ()) for e, (of, part) in pairs.items())
        return whole or any(entry in self.twice for entry in pairs)
