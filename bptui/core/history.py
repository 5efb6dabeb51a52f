"""The losses of every step played so far, in memory that hardly grows with their number."""

from __future__ import annotations

from dataclasses import dataclass
from threading import Lock

import numpy as np

from bptui.core.arrays import Array, Integers
from bptui.core.experiment import Experiment
from bptui.core.network import Parameters

CHUNK = 65_536
CHUNKS = 16
"""So many chunks are kept: 8 MiB."""


class Newest:
    """Numbers ``first`` to ``length`` - 1 of a series; growing never copies what is there."""

    def __init__(self, first: int = 0) -> None:
        self.first = self.length = first
        self._chunks: list[Array] = []
        """The last one has room for more; the others are full and never change."""

    @property
    def nbytes(self) -> int:
        return sum(each.nbytes for each in self._chunks)

    @property
    def _start(self) -> int:
        """The place in the series at which the first chunk begins."""
        return (-(-self.length // CHUNK) - len(self._chunks)) * CHUNK

    def extend(self, numbers: Array) -> None:
        """Append a copy of ``numbers``."""
        while numbers.size:
            at = self.length % CHUNK
            if at == 0 or not self._chunks:
                self._chunks.append(np.empty(CHUNK))
            part = numbers[: CHUNK - at]
            self._chunks[-1][at : at + part.size] = part
            self.length += part.size
            numbers = numbers[part.size :]

    def values(self, start: int, stop: int) -> Array:
        """A copy of numbers ``start`` to ``stop`` - 1; IndexError where they are not kept."""
        if not self.first <= start <= stop <= self.length:
            raise IndexError(f"{start} to {stop} is not within {self.first} to {self.length}")
        if start == stop:
            return np.empty(0)
        begin = self._start
        pieces = [
            self._chunks[index][
                max(start - begin - index * CHUNK, 0) : stop - begin - index * CHUNK
            ]
            for index in range((start - begin) // CHUNK, -(-(stop - begin) // CHUNK))
        ]
        return np.concatenate(pieces)

    def until(self, length: int) -> Newest:
        """What there is of the first ``length`` numbers, to go on from separately."""
        full = (length - self._start) // CHUNK
        copy = Newest(max(self.first, length // CHUNK * CHUNK))
        copy.extend(self.values(copy.first, length))
        copy._chunks[:0] = self._chunks[:full]
        copy.first = self.first
        return copy

    def forget(self, before: int, most: int = 0) -> None:
        """Give up whole chunks of numbers before number ``before``, but not the newest ``most``."""
        gone = min((before - self._start) // CHUNK, len(self._chunks) - most)
        if gone > 0:
            del self._chunks[:gone]
            self.first = max(self.first, self._start)


SPANS = 16_384
"""Spans at most; from half as many on while there are more steps than that."""


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
        """Steps and the lowest and highest finite loss from each to the next, for drawing.

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


class Spans:
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
    def of(cls, summary: Summary) -> Spans:
        """Return those that were summed up; of narrower ones nothing is known."""
        made, count = cls(), summary.lows.size
        made._finest, made._count = summary.width.bit_length() - 1, count
        made._levels[:0] = [np.empty((2, 0))] * made._finest
        made._levels[-1][:, :count] = summary.lows, summary.highs
        return made

    @property
    def width(self) -> int:
        """Steps in a span of the last level."""
        return 1 << len(self._levels) - 1

    @property
    def covered(self) -> int:
        """Steps whose spans are complete."""
        return self._count * self.width

    @property
    def nbytes(self) -> int:
        return sum(each.nbytes for each in self._levels)

    def extend(self, losses: Array) -> None:
        """Take those of ``losses`` that fill whole spans; the last one is always left."""
        taken = 0
        while fresh := min((losses.size - taken - 1) // self.width, SPANS - self._count):
            stop = taken + fresh * self.width
            level, end = self._levels[-1], self._count + fresh
            level[:, self._count : end] = spans(losses[taken:stop], self.width)
            self._count, taken = end, stop
            if end == SPANS:
                self._widen()

    def _widen(self) -> None:
        finer, level = self._levels[-1], np.empty((2, SPANS))
        np.fmin(finer[0, ::2], finer[0, 1::2], out=level[0, : SPANS // 2])
        np.fmax(finer[1, ::2], finer[1, 1::2], out=level[1, : SPANS // 2])
        self._levels.append(level)
        self._count = SPANS // 2

    def until(self, length: int) -> Spans:
        """As if the series had ended after ``length`` losses, to go on from separately."""
        copy, number = Spans(), self._level(length)
        count = min(max(length - 1, 0) >> number, self._filled(number))
        copy._levels = [*self._levels[:number], self._levels[number].copy()]
        copy._count, copy._finest = count, self._finest
        return copy

    def summary(self, rest: Array) -> Summary:
        """What there is now, which stays as it is; ``rest`` are the losses after it."""
        lows, highs = self._levels[-1][:, : self._count]  # filled spans never change
        return Summary(self.width, lows, highs, rest)

    def bounds(self, first: int, last: int) -> tuple[float, float] | None:
        """The lowest and highest loss of steps ``first`` to ``last``, some around them included.

        Those that are not finite are left out. None where not all of the steps are in whole spans,
        or no loss in one is finite.
        """
        number = self._level(last + 1)
        begin, end = first >> number, (last >> number) + 1
        if end > self._filled(number):
            return None
        lows, highs = self._levels[number][:, begin:end]
        low, high = float(lows.min()), float(highs.max())
        return None if np.isnan(low) else (low, high)

    def _level(self, length: int) -> int:
        """The finest level that reaches so far, or the last."""
        number = self._finest
        while SPANS << number < length and number < len(self._levels) - 1:
            number += 1
        return number

    def _filled(self, number: int) -> int:
        return self._count if number == len(self._levels) - 1 else SPANS


def spans(losses: Array, width: int) -> tuple[Array, Array]:
    """The lowest and highest finite loss of each ``width``, the last part included."""
    finite = np.where(np.isfinite(losses), losses, np.nan)
    if width == 1 or not finite.size:
        return finite, finite
    starts = np.arange(0, finite.size, width)
    return np.fmin.reduceat(finite, starts), np.fmax.reduceat(finite, starts)


PENDING = 1024
"""Losses that wait to be summarized together."""


class LossHistory:
    """Losses of steps 0, 1, 2, ...; another thread may look at them while one extends them."""

    def __init__(self) -> None:
        self._newest, self._spans = Newest(), Spans()
        self._summary: Summary | None = None
        self._lock = Lock()
        self.first_not_finite: int | None = None
        """The first step whose loss is not finite."""

    @classmethod
    def of(cls, summary: Summary, first_not_finite: int | None) -> LossHistory:
        """Return one that goes on from what was summed up; older losses are not kept in it."""
        made = cls()
        made._spans = Spans.of(summary)
        made._newest = Newest(made._spans.covered)
        made._newest.extend(summary.rest)
        made.first_not_finite = first_not_finite
        return made

    def __len__(self) -> int:
        return self._newest.length

    @property
    def first_kept(self) -> int:
        """The step from which on losses are kept as they are; the newest 983,040 at least are."""
        return self._newest.first

    @property
    def nbytes(self) -> int:
        """Memory in use."""
        return self._newest.nbytes + self._spans.nbytes

    def __getitem__(self, step: int) -> float:
        return float(self.values(step, step + 1)[0])

    def values(self, start: int, stop: int) -> Array:
        """A copy of the losses of steps ``start`` to ``stop`` - 1.

        Raises :class:`IndexError` where some were not played or come before :attr:`first_kept`.
        """
        if not 0 <= start <= stop <= len(self):
            raise IndexError(f"step {min(start, stop - 1)} has not been played")
        return self._newest.values(start, stop)

    def extend(self, losses: Array) -> None:
        """Append the losses of the steps that follow the last one."""
        if self.first_not_finite is None:
            bad = np.flatnonzero(~np.isfinite(losses))
            if bad.size:
                self.first_not_finite = len(self) + int(bad[0])
        newest, spans = self._newest, self._spans
        with self._lock:
            for start in range(0, losses.size, PENDING):
                newest.extend(losses[start : start + PENDING])
                if newest.length - spans.covered > max(PENDING, spans.width):
                    spans.extend(newest.values(spans.covered, newest.length))
                    newest.forget(spans.covered, CHUNKS)

    def until(self, length: int) -> LossHistory:
        """A history of its own that begins with the first ``length`` losses of this one.

        It ends a little before where not all of these are kept: at most 1 part in 8192 is missing,
        and to be played again.
        """
        if not 0 <= length <= len(self):
            raise IndexError(f"step {length - 1} has not been played")
        copy = LossHistory()
        with self._lock:
            copy._spans = self._spans.until(length)
            covered = copy._spans.covered
            kept = self.first_kept <= covered
            copy._newest = self._newest.until(length) if kept else Newest(covered)
        diverged = self.first_not_finite
        copy.first_not_finite = None if diverged is None or diverged >= len(copy) else diverged
        return copy

    def rest(self) -> None:
        """Give up the losses that can be had again by playing, but for the last few."""
        with self._lock:
            self._newest.forget(self._spans.covered)

    def bounds(self, first: int, last: int) -> tuple[float, float] | None:
        """Numbers that the losses of steps ``first`` to ``last`` lie between.

        They may be those of some steps around. None where nothing is known, or where training has
        diverged.
        """
        if self.first_not_finite is not None and last >= self.first_not_finite:
            return None
        return self._spans.bounds(first, last)

    def summary(self) -> Summary:
        """What there is to draw, as it is now; the same object as long as nothing comes."""
        with self._lock:
            length, covered = len(self), self._spans.covered
            if self._summary is None or len(self._summary) != length:
                self._summary = self._spans.summary(self._newest.values(covered, length))
            return self._summary

    def envelope(self, columns: int) -> tuple[Integers, Array, Array]:
        """Like :meth:`Summary.envelope`, of the losses there are now."""
        return self.summary().envelope(columns)


MOST = 1024
SHARE = 4
"""Testing costs at most about one part in so many of what training does."""


class TestLosses:
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

    def until(self, step: int) -> TestLosses:
        """Those before ``step``, to go on from separately."""
        copy = object.__new__(TestLosses)
        count = sum(each < step for each in self.steps)
        copy.steps, copy.values = self.steps[:count], self.values[:count]
        copy._least = copy._stride = self._least
        while step // copy._stride >= MOST:  # as dense as if nothing beyond had been played
            copy._stride *= 2
        copy.next = -(-step // copy._stride) * copy._stride
        return copy
