"""The losses of every step played so far, in memory that hardly grows with their number.

Of all of them the lowest and the highest of spans of steps are kept, for drawing; an older loss is
had again by playing its step again. Test losses are taken at a grid of steps.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from bptui.core.arrays import Array, Integers
from bptui.core.evaluation import Evaluator
from bptui.core.experiment import Experiment
from bptui.core.network import Parameters

SPANS = 16_384
"""Spans at most; from half as many on while there are more steps than that."""
MOST_TESTS = 1024
"""Test losses at most."""
SHARE = 4
"""Testing costs at most about one part in so many of what training does."""


def spans(losses: Array, width: int) -> Array:
    """Return the lowest and highest finite loss of each ``width``, the last part included."""
    finite = np.where(np.isfinite(losses), losses, np.nan)
    if width == 1 or not finite.size:
        return np.array([finite, finite])
    starts = np.arange(0, finite.size, width)
    return np.array([np.fmin.reduceat(finite, starts), np.fmax.reduceat(finite, starts)])


@dataclass(frozen=True, eq=False)
class Summary:
    """The losses of steps 0, 1, 2, ... up to some step: immutable.

    ``lows`` and ``highs`` are those of spans of ``width`` steps, NaN where none is finite; ``rest``
    are the losses after the last whole span, at least the very last one.
    """

    width: int
    lows: Array
    highs: Array
    rest: Array

    def __len__(self) -> int:
        return self.lows.size * self.width + self.rest.size

    def envelope(self, columns: int) -> tuple[Integers, Array, Array]:
        """Return steps and the lowest and highest finite loss from each to the next, for drawing.

        There are about ``columns`` of them, up to twice as many where that is every step, and the
        last one is the last step, with its own loss. Both losses are NaN where none is finite. A
        step is the first of a span, so columns are not quite of one width: each begins up to a
        span, 1 part in 8192 of all steps, too early or too late. What it says is exact.
        """
        length, width, columns = len(self), self.width, max(columns, 1)
        lows, highs = np.hstack([(self.lows, self.highs), spans(self.rest, width)])
        if length <= columns * 2 and width == 1:
            return np.arange(length), lows, highs
        starts = np.unique(np.linspace(0, lows.size, columns, endpoint=False).astype(np.intp))
        last = spans(self.rest[-1:], 1) if self.rest.size else (lows[-1:], highs[-1:])
        steps = starts * width
        lows, highs = np.fmin.reduceat(lows, starts), np.fmax.reduceat(highs, starts)
        if steps[-1] == length - 1:
            return steps, lows, highs
        return np.append(steps, length - 1), np.append(lows, last[0]), np.append(highs, last[1])


class LossHistory:
    """Losses of steps 0, 1, 2, ...; another thread may look at them while one extends them.

    Spans become twice as wide whenever there are too many. Those of every width are kept, so that a
    fork at an early step is drawn as finely as if nothing later had been played: 256 KiB each time
    that the number of steps doubles.
    """

    def __init__(self) -> None:
        self._levels = [np.empty((2, SPANS))]
        """Lows and highs of spans of 1, 2, 4, ... steps. All but the last level are full."""
        self.summary = Summary(1, np.empty(0), np.empty(0), np.empty(0))
        """What there is to draw now; the same object as long as nothing comes."""
        self.first_not_finite: int | None = None
        """The first step whose loss is not finite."""

    def __len__(self) -> int:
        return len(self.summary)

    def extend(self, losses: Array) -> None:
        """Append the losses of the steps that follow the last one."""
        if self.first_not_finite is None:
            bad = np.flatnonzero(~np.isfinite(losses))
            if bad.size:
                self.first_not_finite = len(self) + int(bad[0])
        now, level = self.summary, self._levels[-1]
        width, count, rest = now.width, now.lows.size, np.append(now.rest, losses)
        while fresh := min(max(rest.size - 1, 0) // width, SPANS - count):
            level[:, count : count + fresh] = spans(rest[: fresh * width], width)
            count, rest = count + fresh, rest[fresh * width :]
            if count == SPANS:
                (lows, highs), level = level, np.empty((2, SPANS))
                width, count = width * 2, SPANS // 2
                level[:, :count] = np.fmin(*lows.reshape(-1, 2).T), np.fmax(*highs.reshape(-1, 2).T)
                self._levels.append(level)
        lows, highs = level[:, :count]  # filled spans never change
        self.summary = Summary(width, lows, highs, rest.copy())

    def until(self, length: int) -> LossHistory:
        """Return a history of its own that begins with the first ``length`` losses of this one.

        It ends a little before where it would end within a span: at most 1 part in 8192 is missing,
        and to be played again.
        """
        if not 0 <= length <= len(self):
            raise IndexError(f"step {length - 1} has not been played")
        now, copy, diverged = self.summary, LossHistory(), self.first_not_finite
        level, last = 0, len(self._levels) - 1
        while SPANS << level < length and level < last:
            level += 1
        count, rest = max(length - 1, 0) >> level, np.empty(0)
        if level == last and count >= now.lows.size:
            count = now.lows.size
            rest = now.rest[: length - (count << level)]
        elif level == 0:
            rest = self._levels[0][0, count:length]
        copy._levels = [*self._levels[:level], self._levels[level].copy()]
        lows, highs = copy._levels[-1][:, :count]
        copy.summary = Summary(1 << level, lows, highs, rest)
        copy.first_not_finite = None if diverged is None or diverged >= len(copy) else diverged
        return copy

    def envelope(self, columns: int) -> tuple[Integers, Array, Array]:
        """Return :meth:`Summary.envelope` of the losses there are now."""
        return self.summary.envelope(columns)


class TestLosses:
    """Losses of the test samples at ``steps`` 0, d, 2d, ...; d doubles when there are too many.

    Which steps they are depends on the experiment and the furthest step alone; after an edit, on
    those of the timeline before too, which may be further apart.
    """

    __test__ = False  # what is called Test... is not a test of pytest's

    def __init__(self, least: int) -> None:
        self._least = self._stride = least
        self.next = 0
        """The next step at which one is wanted."""
        self.steps: list[int] = []
        self.values: list[float] = []
        self._evaluator: tuple[Experiment, Evaluator] | None = None
        """The last one, which is dear to make."""

    @classmethod
    def of(cls, experiment: Experiment) -> TestLosses | None:
        """Return those of an experiment; None where no samples are kept back."""
        # a step passes its batch about three times, forwards and twice backwards
        tested, trained = len(experiment.data.test_inputs), experiment.schedule.batch_size
        return cls(max(1, -(-SHARE * tested // (3 * trained)))) if tested else None

    def loss(self, experiment: Experiment, parameters: Parameters) -> float:
        """Return the loss of the test samples."""
        data = experiment.data
        if self._evaluator is None or self._evaluator[0] is not experiment:
            self._evaluator = experiment, Evaluator(experiment.network, data.test_inputs)
        return self._evaluator[1].loss(experiment, parameters, data.test_targets)

    def add(self, experiment: Experiment, parameters: Parameters) -> None:
        """Take the loss at step :attr:`next`, whose state has these ``parameters``."""
        self.steps.append(self.next)
        self.values.append(self.loss(experiment, parameters))
        while len(self.steps) > MOST_TESTS:
            self._stride *= 2
            kept = [place for place, at in enumerate(self.steps) if at % self._stride == 0]
            self.steps = [self.steps[place] for place in kept]
            self.values = [self.values[place] for place in kept]
        self.next = (self.next // self._stride + 1) * self._stride

    def until(self, step: int) -> TestLosses:
        """Return those before ``step``, to go on from separately."""
        copy = TestLosses(self._least)
        count = sum(at < step for at in self.steps)
        copy.steps, copy.values = self.steps[:count], self.values[:count]
        while step // copy._stride >= MOST_TESTS:  # as dense as if nothing beyond had been played
            copy._stride *= 2
        copy.next = -(-step // copy._stride) * copy._stride
        return copy
