"""Makes a short run like a very long one, and checks what is drawn of it."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pytest

from bptui.app.playback import search
from bptui.core import history
from bptui.core.arrays import Array

Steps = npt.NDArray[np.intp]


def keep_little(patch: pytest.MonkeyPatch) -> None:
    """Keep 16 spans of the losses, at most."""
    patch.setattr(history, "SPANS", 16)
    patch.setattr(search, "PIECE", 12)


def check_envelope(found: tuple[Steps, Array, Array], losses: Array, columns: int) -> None:
    """Every column against the losses themselves, and the last step against its own."""
    steps, lows, highs = found
    count = len(losses)
    assert len(steps) == len(lows) == len(highs) <= max(2 * columns, 1)
    assert steps[0] == 0
    assert steps[-1] == count - 1 or len(steps) == 1
    assert np.all(np.diff(steps) > 0)
    if len(steps) == columns + 1 < count:  # where columns begin, and a rounding to spans
        even = np.linspace(0, count, columns, endpoint=False)
        assert np.all(np.abs(even - steps[:-1]) <= 1 + 2 * count / history.SPANS)
    finite = np.where(np.isfinite(losses), losses, np.nan)
    for each, extreme in ((lows, np.fmin), (highs, np.fmax)):
        expected = extreme.reduceat(finite, steps)
        if not np.array_equal(each, expected, equal_nan=True):
            # the last step may be in the last column too
            expected[-2:-1] = extreme(expected[-2:-1], finite[-1])
        assert np.array_equal(each, expected, equal_nan=True)
