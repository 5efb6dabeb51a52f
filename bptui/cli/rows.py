"""Which steps a run shows, and the training between them."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import TextIO

import click

from bptui.core.engine import Snapshot
from bptui.core.experiment import Experiment
from bptui.core.timeline import Timeline
from bptui.export.history.rows import round_every

ROWS = 20
SLICE = 0.1
"""Seconds of training between two looks at the progress and at the losses."""
LONG = 1.0
"""Seconds after which work is long enough for a progress bar."""


def default_every(steps: int) -> int:
    """The smallest of 1, 2, 5, 10, 20, 50, ... that gives at most 20 rows after the first."""
    return round_every(steps, ROWS)


def snapshots(experiment: Experiment, every: int, stream: TextIO) -> Iterator[Snapshot]:
    """Steps 0, ``every``, 2 ``every``, ... and the last one.

    Ends early, with the first step whose loss is not finite. ``stream`` is where they are going to
    be written, which the progress bar must not disturb.
    """
    timeline, steps = Timeline(experiment), experiment.training.steps
    with Progress(steps, stream) as progress:
        step = 0
        while True:
            reached = False
            while not reached and timeline.first_not_finite is None:
                reached = timeline.move_towards(step, SLICE)
                progress.show(timeline.reached)
            if timeline.first_not_finite is None:
                timeline.snapshot(step)
            first = timeline.first_not_finite  # found on the way here, or in this very step
            # no name for the snapshot: it would still be there while the next one is made
            yield timeline.snapshot(step if first is None else first)
            if first is not None or step == steps:
                return
            step = min(step + every, steps)


class Progress(ExitStack):
    """A bar on standard error, if that is a terminal and the work long.

    Not where rows appear meanwhile on the same terminal: ``stream`` is where they go, if any do.
    """

    def __init__(self, steps: int, stream: TextIO | None = None, label: str = "training") -> None:
        super().__init__()
        self._steps, self._shown, self._label = steps, 0, label
        rows_there = stream is not None and stream.isatty()
        self._wanted = sys.stderr is not None and sys.stderr.isatty() and not rows_there
        self._began = time.monotonic()
        self._advance: Callable[[int], None] | None = None

    def show(self, step: int) -> None:
        if not self._wanted or time.monotonic() - self._began < LONG:
            return
        if self._advance is None:
            bar = click.progressbar(length=self._steps, label=self._label, file=sys.stderr)
            self._advance = self.enter_context(bar).update
        self._advance(step - self._shown)
        self._shown = step
