"""Loss curves kept in the chart beside the current one."""

from __future__ import annotations

import numpy as np
from msgspec import Struct

from bptui.core.arrays import Array, Integers
from bptui.core.history import Summary

LETTERS = "ABCDEF"
MOST = len(LETTERS)
"""Kept curves at most: more could not be told apart."""
ROOM = 20
"""Columns that the name of a curve may take."""


class Curve(Struct, frozen=True, eq=False):
    """The losses that there were when it was kept, and what they are called."""

    name: str
    losses: Summary
    letter: str = ""
    """Stands along the curve; it stays the same when other curves are removed."""

    @property
    def length(self) -> int:
        """Losses; the last one is that of step ``length`` - 1."""
        return len(self.losses)

    def envelope(self, columns: int, start: int = 0) -> tuple[Integers, Array, Array]:
        """Like :meth:`Summary.envelope`, from step ``start`` on."""
        steps, lows, highs = self.losses.envelope(columns)
        first = int(np.searchsorted(steps, start))
        return steps[first:], lows[first:], highs[first:]
