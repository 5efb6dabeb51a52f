"""What is wrong at a place of the source, and what belongs there."""

from __future__ import annotations

from typing import NamedTuple

from bptui.trace.candidates import Source
from bptui.trace.losses import Key
from bptui.trace.updates import Parameter


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
