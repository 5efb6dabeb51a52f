"""The lowest and the highest loss of spans of steps: enough to draw millions of them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from bptui.core.arrays import Array, Integers

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
