"""The loss that a preset ends with, computed in slices small enough for keys not to wait."""

from __future__ import annotations

import asyncio
import math
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter

from bptui.app.background import in_background
from bptui.app.numbers import loss
from bptui.app.playback.player import LONG_STEP
from bptui.app.screens.presets.opening import Opened, Stamp, open_preset
from bptui.core.experiment import Experiment
from bptui.core.timeline import Timeline

SLICE, BREATH = 0.003, 0.002
"""Seconds of work, and left to the keys between: who looks for a preset is typing."""
PATIENCE = 0.3
"""Seconds after which it is said how far the computation has come, and again after each."""


@dataclass(frozen=True)
class Reached:
    """The loss at ``step``, of as many ``steps`` as the preset wants."""

    loss: float
    step: int
    steps: int

    def __str__(self) -> str:
        plural = "s" * (self.steps != 1)
        if not math.isfinite(self.loss):
            return f"diverges at step {self.step:,}"
        if self.step < self.steps:
            return f"{loss(self.loss)} after {self.step:,} of {self.steps:,} step{plural}"
        return f"{loss(self.loss)} after {self.steps:,} step{plural}"


_finished: dict[tuple[Stamp, ...], Reached] = {}
"""By the files that a preset is made of: where one has changed, it is computed anew."""


def _begun(experiment: Experiment) -> Timeline:
    timeline = Timeline(experiment)
    timeline.move_towards(min(experiment.training.steps, 1))  # now it knows what a step takes
    return timeline


async def examine(
    name_or_file: str,
    file: Path,
    opened: Callable[[Experiment], None],
    tell: Callable[[Reached], None],
    load: Callable[[str, Path], Awaitable[Opened]] = open_preset,
) -> None:
    """Open a preset and train it to its end; whatever is known is told at once.

    Raises :class:`~bptui.presets.PresetError` where it cannot be opened.
    """
    found = await load(name_or_file, file)
    experiment = found.experiment
    opened(experiment)
    reached = _finished.get(found.stamps)
    if reached is None:
        timeline = await in_background(_begun, experiment)
        reached = await _trained(timeline, experiment.training.steps, tell)
        _finished[found.stamps] = reached
    tell(reached)


async def _trained(timeline: Timeline, steps: int, tell: Callable[[Reached], None]) -> Reached:
    told = perf_counter()
    while True:
        if timeline.seconds_per_step > LONG_STEP:
            there = await in_background(timeline.move_towards, steps, SLICE)
        else:
            there = timeline.move_towards(steps, SLICE)
        diverged = timeline.first_not_finite
        if diverged is not None:
            return Reached(math.nan, diverged, steps)
        if there:
            snapshot = await in_background(timeline.snapshot, steps)
            return Reached(snapshot.loss, steps, steps)
        if perf_counter() - told > PATIENCE:
            told, furthest = perf_counter(), timeline.furthest
            tell(Reached(timeline.losses[furthest], furthest, steps))
        await asyncio.sleep(BREATH)
