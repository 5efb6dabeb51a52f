"""How outputs become surfaces: a single number between two ends, or the class that wins."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import numpy.typing as npt

from bptui.app.panels.learned.colours import LEVELS, SHADES, Palette
from bptui.core.activations import limits
from bptui.core.arrays import Array
from bptui.core.evaluation import Classes
from bptui.core.experiment import Experiment

Levels = npt.NDArray[np.intp]
FILLS = " ░▒▓"
"""From low to high where there are no colours; an even number, so that they part in the middle."""
UNKNOWN = -1
"""The level of what is not a number."""


class Reading(Protocol):
    """Turns rows of outputs into levels from 0 on; UNKNOWN where a number is NaN."""

    def levels(self, outputs: Array) -> Levels: ...

    def colours(self, palette: Palette) -> tuple[str, ...]:
        """One a level."""
        ...

    def fill(self, level: int) -> str:
        """A character that stands for a level where there are no colours."""
        ...


@dataclass(frozen=True)
class Scale:
    """One output between ``low`` and ``high``, beyond which the colour stays the same."""

    output: int
    low: float
    high: float

    def levels(self, outputs: Array) -> Levels:
        values = outputs[:, self.output]
        with np.errstate(all="ignore"):
            parts = np.floor((values - self.low) * (LEVELS / (self.high - self.low)))
        known: Levels = np.nan_to_num(np.clip(parts, 0, LEVELS - 1), nan=UNKNOWN).astype(np.intp)
        return known

    def colours(self, palette: Palette) -> tuple[str, ...]:
        return palette.diverging()

    def fill(self, level: int) -> str:
        return FILLS[level * len(FILLS) // LEVELS]


@dataclass(frozen=True)
class Winner:
    """The largest of ``count`` outputs; its lead over the next, in parts of ``span``, is shaded."""

    count: int
    span: float

    def levels(self, outputs: Array) -> Levels:
        first = outputs.argmax(axis=1)
        ordered = np.partition(outputs, self.count - 2, axis=1)
        with np.errstate(all="ignore"):
            lead = (ordered[:, -1] - ordered[:, -2]) / self.span
        shades = np.clip(np.nan_to_num(lead * SHADES, nan=0.0), 0, SHADES - 1).astype(np.intp)
        return np.where(np.isnan(outputs).any(axis=1), UNKNOWN, first * SHADES + shades)

    def colours(self, palette: Palette) -> tuple[str, ...]:
        return palette.of_classes(self.count)

    def fill(self, level: int) -> str:
        index = level // SHADES
        return FILLS[index] if self.count <= len(FILLS) else str(index % 10)


def reading_of(experiment: Experiment, classes: Classes | None, output: int) -> Reading:
    """How the outputs are read: classes by their winner, else the ``output`` chosen."""
    outputs = experiment.network.layers[-1]
    if classes is not None and outputs > 1:
        low = min(float(experiment.data.targets.min()), 0.0)
        return Winner(outputs, 1.0 - low)
    targets = experiment.data.targets[:, output]
    low, high = float(targets.min()), float(targets.max())
    if experiment.data.test_targets.size:
        low = min(low, float(experiment.data.test_targets[:, output].min()))
        high = max(high, float(experiment.data.test_targets[:, output].max()))
    least, most = limits(experiment.network.activations[-1])
    if classes is None and math.isfinite(least) and math.isfinite(most):
        low, high = least, most
    if not high > low:
        low, high = low - 1.0, low + 1.0
    return Scale(output, low, high)
