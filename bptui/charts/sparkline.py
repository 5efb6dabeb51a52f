"""Losses over steps in a single line of text."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from bptui.charts.axes import Floats

BARS = "▁▂▃▄▅▆▇█"


def sparkline(
    steps: npt.NDArray[np.intp], lows: Floats, highs: Floats, width: int, *, logarithmic: bool
) -> tuple[str, npt.NDArray[np.intp]]:
    """Bars for the losses at ``steps``, at most ``width``, and the step that each begins with.

    From the lowest to the highest as the losses are; a blank where none is finite.
    """
    count = max(min(width, steps.size), 0)
    starts = np.unique(np.linspace(0, steps.size, count, endpoint=False).astype(np.intp))
    if not starts.size:
        return "", steps[:0]
    with np.errstate(invalid="ignore", divide="ignore"):
        values = lows / 2.0 + highs / 2.0
        values = np.log10(values) if logarithmic else values
        values = np.fmax.reduceat(np.where(np.isfinite(values), values, np.nan), starts)
    drawn = np.isfinite(values)
    found, bars = values[drawn], np.full(starts.size, " ")
    low = found.min(initial=np.inf)
    span = found.max(initial=-np.inf) - low
    shares = (found - low) / span if span > 0.0 else np.full(found.size, 0.5)
    bars[drawn] = np.array([*BARS])[np.minimum(shares * len(BARS), len(BARS) - 1).astype(np.intp)]
    return "".join(bars), steps[starts]
