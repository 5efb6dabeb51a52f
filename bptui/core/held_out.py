"""The test loss at a grid of steps that grows coarser with time: never many, never dear."""

from __future__ import annotations

from bptui.core.evaluation import test_loss
from bptui.core.experiment import Experiment
from bptui.core.network import Parameters

MOST = 1024
SHARE = 4
"""Testing costs at most about one part in so many of what training does."""


class HeldOutLosses:
    """Losses of the test samples at ``steps`` 0, d, 2d, ...; d doubles when there are too many.

    Which steps they are depends on the experiment and the furthest step alone.
    """

    def __init__(self, experiment: Experiment) -> None:
        # a step passes its batch about three times, forwards and twice backwards
        tested, trained = len(experiment.data.test_inputs), experiment.schedule.batch_size
        self._stride = max(1, -(-SHARE * tested // (3 * trained)))
        self.steps: list[int] = []
        self.values: list[float] = []

    @property
    def next(self) -> int:
        """The next step at which one is wanted."""
        return self.steps[-1] + self._stride if self.steps else 0

    def add(self, experiment: Experiment, parameters: Parameters) -> None:
        """Take the loss at step :attr:`next`, whose state has these ``parameters``."""
        step = self.next
        self.steps.append(step)
        self.values.append(test_loss(experiment, parameters))
        if len(self.steps) > MOST:
            self._stride *= 2
            self.steps, self.values = self.steps[::2], self.values[::2]

    def until(self, step: int) -> HeldOutLosses:
        """Those before ``step``, to go on from separately."""
        copy = object.__new__(HeldOutLosses)
        copy._stride = self._stride
        count = sum(each < step for each in self.steps)
        copy.steps, copy.values = self.steps[:count], self.values[:count]
        return copy
