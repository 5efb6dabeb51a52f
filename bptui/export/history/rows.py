"""Which steps a history holds, and playing them again beside the timeline that is shown."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from bptui.core.engine import Snapshot
from bptui.core.evaluation import test_loss
from bptui.core.experiment import Experiment
from bptui.core.timeline import Timeline

MOST_ROWS, MOST_BYTES = 10_000, 100_000_000
"""A history is not longer or larger than about this, unless the user wants it to be."""
SLICE = 0.05
"""Seconds of training after which a look is taken at whether it is still wanted."""


def round_every(steps: int, rows: int) -> int:
    """The smallest K of 1, 2, 5, 10, 20, 50, ... that gives at most ``rows`` after the first."""
    scale = 1
    while True:
        for digit in (1, 2, 5):
            if digit * scale * rows >= steps:
                return digit * scale
        scale *= 10


@dataclass(frozen=True)
class Rows:
    """Steps 0, ``every``, 2 ``every``, ... and always ``last``."""

    last: int
    every: int

    @property
    def count(self) -> int:
        return -(-self.last // self.every) + 1

    def steps(self) -> Iterator[int]:
        yield from range(0, self.last, self.every)
        yield self.last


@dataclass(frozen=True, eq=False)
class Row:
    """A step of a history; ``test_loss`` is None where no samples are kept back for testing."""

    snapshot: Snapshot
    test_loss: float | None

    @property
    def learning_rate(self) -> float:
        return self.snapshot.experiment.training.learning_rate


def replayed(timeline: Timeline, shown: Snapshot) -> Timeline:
    """A timeline of its own with all the steps that ``timeline`` has played, edits included.

    ``shown`` is any snapshot of it.
    """
    # a fork behind the last step played: what would come after it is never asked for
    return timeline.edited(len(timeline.losses), shown.experiment, shown.parameters, shown.slots)


def history(timeline: Timeline, rows: Rows, tick: Callable[[int], None]) -> Iterator[Row]:
    """Play ``rows``; ``tick`` is called with the rows done, and may raise to break it off."""
    for done, step in enumerate(rows.steps()):
        tick(done)
        while not timeline.move_towards(step, SLICE):
            tick(done)
        snapshot = timeline.snapshot(step)
        yield Row(snapshot, _tested(snapshot.experiment, snapshot))


def _tested(experiment: Experiment, snapshot: Snapshot) -> float | None:
    """The loss of the test samples at the step's parameters, if there are any."""
    if not len(experiment.data.test_inputs):
        return None
    return test_loss(experiment, snapshot.parameters)
