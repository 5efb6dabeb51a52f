"""The losses of every step played so far, in memory that hardly grows with their number.

The recent losses are kept as they are; of all of them the lowest and the highest of spans of steps,
for drawing. An older loss is had again by playing its step again. Test losses are taken at a grid
of steps.
"""

from __future__ import annotations

from dataclasses import dataclass
from threading import Lock

import numpy as np

from bptui.core.arrays import Array, Integers
from bptui.core.evaluation import Evaluator
from bptui.core.experiment import Experiment
from bptui.core.network import Parameters

SPANS = 16_384
"""Spans at most; from half as many on while there are more steps than that."""
PENDING = 1024
"""Losses that wait to be summarized together."""
KEPT = 983_040
"""Recent losses that are kept at least: 7.5 MiB."""
ROOM = 65_536
"""Losses for which room is made at a time."""
MOST_TESTS = 1024
"""Test losses at most."""
SHARE = 4
"""Testing costs at most about one part in so many of what training does."""


def spans(losses: Array, width: int) -> tuple[Array, Array]:
    """Return the lowest and highest finite loss of each ``width``, the last part included."""
    finite = np.where(np.isfinite(losses), losses, np.nan)
    if width == 1 or not finite.size:
        return finite, finite
    starts = np.arange(0, finite.size, width)
    return np.fmin.reduceat(finite, starts), np.fmax.reduceat(finite, starts)


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
        if not length:
            return np.arange(0), np.empty(0), np.empty(0)
        lows, highs = spans(self.rest, width)
        lows, highs = np.append(self.lows, lows), np.append(self.highs, highs)
        if length <= columns * 2 and width == 1:
            return np.arange(length), lows, highs
        starts = np.unique(np.linspace(0, lows.size, columns, endpoint=False).astype(np.intp))
        last = spans(self.rest[-1:], 1) if self.rest.size else (lows[-1:], highs[-1:])
        steps = starts * width
        lows, highs = np.fmin.reduceat(lows, starts), np.fmax.reduceat(highs, starts)
        if steps[-1] == length - 1:
            return steps, lows, highs
        return np.append(steps, length - 1), np.append(lows, last[0]), np.append(highs, last[1])


class MinMaxPyramid:
    """Spans that fill up as a series grows, and become twice as wide whenever there are too many.

    Those of every width are kept, so that a fork at an early step is drawn as finely as if nothing
    later had been played: 256 KiB each time that the number of steps doubles.
    """

    def __init__(self) -> None:
        self._levels = [np.empty((2, SPANS))]
        """Lows and highs of spans of 1, 2, 4, ... steps. All but the last level are full."""
        self._count = 0
        """Spans of the last level."""
        self._finest = 0
        """The first level that is known."""

    @classmethod
    def of(cls, summary: Summary) -> MinMaxPyramid:
        """Return the one that was summed up; of narrower spans nothing is known."""
        made, count = cls(), summary.lows.size
        made._finest, made._count = summary.width.bit_length() - 1, count
        made._levels[:0] = [np.empty((2, 0))] * made._finest
        made._levels[-1][:, :count] = summary.lows, summary.highs
        return made

    @property
    def width(self) -> int:
        """Return how many steps are in a span of the last level."""
        return 1 << len(self._levels) - 1

    @property
    def covered(self) -> int:
        """Return how many steps there are whose spans are complete."""
        return self._count * self.width

    @property
    def nbytes(self) -> int:
        return sum(level.nbytes for level in self._levels)

    def extend(self, losses: Array) -> None:
        """Take those of ``losses`` that fill whole spans; the last one is always left."""
        taken = 0
        while fresh := min((losses.size - taken - 1) // self.width, SPANS - self._count):
            stop, end = taken + fresh * self.width, self._count + fresh
            self._levels[-1][:, self._count : end] = spans(losses[taken:stop], self.width)
            self._count, taken = end, stop
            if end == SPANS:
                self._widen()

    def _widen(self) -> None:
        (lows, highs), wider = self._levels[-1], np.empty((2, SPANS))
        np.fmin(lows[::2], lows[1::2], out=wider[0, : SPANS // 2])
        np.fmax(highs[::2], highs[1::2], out=wider[1, : SPANS // 2])
        self._levels.append(wider)
        self._count = SPANS // 2

    def until(self, length: int) -> MinMaxPyramid:
        """Return one as if the series had ended after ``length`` losses, to go on separately."""
        copy, level = MinMaxPyramid(), self._level(length)
        copy._count = min(max(length - 1, 0) >> level, self._filled(level))
        copy._levels = [*self._levels[:level], self._levels[level].copy()]
        copy._finest = self._finest
        return copy

    def summary(self, rest: Array) -> Summary:
        """Return what there is now, which stays as it is; ``rest`` are the losses after it."""
        lows, highs = self._levels[-1][:, : self._count]  # filled spans never change
        return Summary(self.width, lows, highs, rest)

    def _level(self, length: int) -> int:
        """Return the finest level that reaches so far, or the last."""
        level = self._finest
        while SPANS << level < length and level < len(self._levels) - 1:
            level += 1
        return level

    def _filled(self, level: int) -> int:
        return self._count if level == len(self._levels) - 1 else SPANS


class LossHistory:
    """Losses of steps 0, 1, 2, ...; another thread may look at them while one extends them."""

    def __init__(self) -> None:
        self._pyramid = MinMaxPyramid()
        self._recent: tuple[int, Array] = (0, np.empty(0))
        """Recent losses, with room for more, and the step of the first of them."""
        self._length = 0
        self.first_kept = 0
        """The step from which on losses are kept as they are."""
        self._summary: Summary | None = None
        self._lock = Lock()
        self.first_not_finite: int | None = None
        """The first step whose loss is not finite."""

    @classmethod
    def of(cls, summary: Summary, first_not_finite: int | None) -> LossHistory:
        """Return one that goes on from what was summed up; older losses are not kept in it."""
        made = cls()
        made._begin(MinMaxPyramid.of(summary), summary.rest)
        made.first_not_finite = first_not_finite
        return made

    def _begin(self, pyramid: MinMaxPyramid, recent: Array, before: int = 0) -> None:
        """Begin with what is in a pyramid, and with recent losses, ``before`` of them in it."""
        self._pyramid = pyramid
        self._length = self.first_kept = pyramid.covered - before
        self._recent = self._length, np.empty(0)
        self._append(recent)

    def __len__(self) -> int:
        return self._length

    @property
    def nbytes(self) -> int:
        """Return the bytes in use."""
        return self._recent[1].nbytes + self._pyramid.nbytes

    def __getitem__(self, step: int) -> float:
        return float(self.values(step, step + 1)[0])

    def values(self, start: int, stop: int) -> Array:
        """Return a copy of the losses of steps ``start`` to ``stop`` - 1.

        Raises :class:`IndexError` where some were not played or come before :attr:`first_kept`.
        """
        place, numbers = self._recent
        if not 0 <= start <= stop <= self._length:
            raise IndexError(f"step {min(start, stop - 1)} has not been played")
        if start < max(place, self.first_kept):
            raise IndexError(f"the loss of step {start} is not kept")
        return numbers[start - place : stop - place].copy()

    def extend(self, losses: Array) -> None:
        """Append the losses of the steps that follow the last one."""
        if self.first_not_finite is None:
            bad = np.flatnonzero(~np.isfinite(losses))
            if bad.size:
                self.first_not_finite = len(self) + int(bad[0])
        pyramid = self._pyramid
        with self._lock:
            for start in range(0, losses.size, PENDING):
                self._append(losses[start : start + PENDING])
                if len(self) - pyramid.covered > max(PENDING, pyramid.width):
                    pyramid.extend(self.values(pyramid.covered, len(self)))
                    older = min(pyramid.covered, len(self) - KEPT)
                    if older - self.first_kept >= ROOM:
                        self.first_kept = older

    def _append(self, losses: Array) -> None:
        place, numbers = self._recent
        if len(self) - place + losses.size > numbers.size:
            numbers = self._moved(losses.size + ROOM)
            place = self.first_kept
        at = len(self) - place
        numbers[at : at + losses.size] = losses
        self._length += losses.size

    def _moved(self, room: int) -> Array:
        """Move what is kept to where there is room for more."""
        kept = self.values(self.first_kept, len(self))
        numbers = np.empty(kept.size + room)
        numbers[: kept.size] = kept
        self._recent = self.first_kept, numbers
        return numbers

    def until(self, length: int) -> LossHistory:
        """Return a history of its own that begins with the first ``length`` losses of this one.

        It ends a little before where not all of these are kept: at most 1 part in 8192 is missing,
        and to be played again.
        """
        if not 0 <= length <= len(self):
            raise IndexError(f"step {length - 1} has not been played")
        copy, diverged = LossHistory(), self.first_not_finite
        with self._lock:
            pyramid = self._pyramid.until(length)
            before = pyramid.covered - self.first_kept
            kept = self.values(self.first_kept, length) if before >= 0 else np.empty(0)
            copy._begin(pyramid, kept, max(before, 0))
        copy.first_not_finite = None if diverged is None or diverged >= len(copy) else diverged
        return copy

    def rest(self) -> None:
        """Give up the losses that can be had again by playing, but for the last few."""
        with self._lock:
            self.first_kept = self._pyramid.covered
            self._moved(0)

    def summary(self) -> Summary:
        """Return what there is to draw now; the same object as long as nothing comes."""
        with self._lock:
            if self._summary is None or len(self._summary) != len(self):
                rest = self.values(self._pyramid.covered, len(self))
                self._summary = self._pyramid.summary(rest)
            return self._summary

    def envelope(self, columns: int) -> tuple[Integers, Array, Array]:
        """Return :meth:`Summary.envelope` of the losses there are now."""
        return self.summary().envelope(columns)


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
