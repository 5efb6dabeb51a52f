"""The test loss at a grid of steps that grows coarser with time: never many, never dear."""

from __future__ import annotations

from bptui.core.experiment import Experiment
from bptui.core.network import Parameters

MOST = 1024
SHARE = 4
"""Testing costs at most about one part in so many of what training does."""


class HeldOutLosses:
    """Losses of the test samples at ``steps`` 0, d, 2d, ...; d doubles when there are too many.

    Which steps they are depends on the experiment and the furthest step alone; after an edit, on
    those of the timeline before too, which may be further apart.
    """

    def __init__(self, experiment: Experiment) -> None:
        # a step passes its batch about three times, forwards and twice backwards
        tested, trained = len(experiment.data.test_inputs), experiment.schedule.batch_size
        self._least = self._stride = max(1, -(-SHARE * tested // (3 * trained)))
        self.next = 0
        """The next step at which one is wanted."""
        self.steps: list[int] = []
        self.values: list[float] = []

    def add(self, experiment: Experiment, parameters: Parameters) -> None:
        """Take the loss at step :attr:`next`, whose state has these ``parameters``."""
        from bptui.core.evaluation import test_loss  # few networks have test samples

        self.steps.append(self.next)
        self.values.append(test_loss(experiment, parameters))
        while len(self.steps) > MOST:
            self._stride *= 2
            kept = [place for place, at in enumerate(self.steps) if at % self._stride == 0]
            self.steps = [self.steps[place] for place in kept]
            self.values = [self.values[place] for place in kept]
        self.next = (self.next // self._stride + 1) * self._stride

    def until(self, step: int) -> HeldOutLosses:
        """Those before ``step``, to go on from separately."""
        copy = object.__new__(HeldOutLosses)
        count = sum(each < step for each in self.steps)
        copy.steps, copy.values = self.steps[:count], self.values[:count]
        copy._least = copy._stride = self._least
        while step // copy._stride >= MOST:  # as dense as if nothing beyond had been played
            copy._stride *= 2
        copy.next = -(-step // copy._stride) * copy._stride
        return copy
