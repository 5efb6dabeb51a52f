"""Loss curves kept in the chart beside the current one."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from bptui.core.arrays import Array
from bptui.core.history import LossHistory

LETTERS = "ABCDEF"
MOST = len(LETTERS)
"""Kept curves at most: more could not be told apart."""
ROOM = 20
"""Columns that the name of a curve may take."""


@dataclass(frozen=True, eq=False)
class Curve:
    """The first ``length`` losses of a history, which may grow, and what they are called."""

    name: str
    losses: LossHistory
    length: int
    letter: str = ""
    """Stands along the curve; it stays the same when other curves are removed."""

    def envelope(self, columns: int, start: int = 0) -> tuple[npt.NDArray[np.intp], Array, Array]:
        """Like :meth:`LossHistory.envelope`, from step ``start`` on."""
        losses = self.losses
        if self.length < len(losses):
            losses = losses.until(self.length)
        steps, lows, highs = losses.envelope(columns)
        first = int(np.searchsorted(steps, start))
        return steps[first:], lows[first:], highs[first:]
