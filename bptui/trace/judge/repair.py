"""What is wrong at a place of the source, and what belongs there."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from bptui.trace.judge.candidates import Source
from bptui.trace.step.possible_losses import Key
from bptui.trace.step.training_steps import Parameter


class Argument(NamedTuple):
    """What a call of a function should be given."""

    function: str
    name: str
    text: str


class Repair(NamedTuple):
    """Values that are wrong, of one place in the source, and whose true gradients belong there."""

    place: int
    entries: tuple[int, ...]
    stands_for: tuple[Source, ...]
    mended: frozenset[Key]
    """The parameters that come out right."""
    renamed: frozenset[int] = frozenset()
    """Those of the entries that are wrong since they got another name."""
    updated: tuple[Parameter, ...] = ()
    """The parameters whose updates the entries are, where all before them is right."""
    argument: Argument | None = None
    """What the entries' function should be given, where that mends them."""

    @property
    def pinned(self) -> tuple[int, ...]:
        """The entries that are wrong as such."""
        return tuple(entry for entry in self.entries if entry not in self.renamed)


def moved(
    place: int, entries: Iterable[int], repairs: Sequence[Repair], renamed: Iterable[int] = ()
) -> Repair:
    """Return a repair of other entries that mends what some repairs do."""
    made, mended = tuple(entries), frozenset[Key]().union(*(repair.mended for repair in repairs))
    sources = tuple(source for repair in repairs for source in repair.stands_for)
    sources = sources if len(sources) == len(made) else sources[:1] * len(made)
    return Repair(place, made, sources, mended, frozenset(renamed))
