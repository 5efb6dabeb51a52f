"""The loss of every step played so far, in memory that hardly grows with their number.

The newest losses are kept as they are; of all of them the lowest and highest of spans of steps,
for drawing. An older loss is had again by playing its step again.
"""

from __future__ import annotations

from threading import Lock

import numpy as np

from bptui.core.arrays import Array, Integers
from bptui.core.newest import CHUNKS, Newest
from bptui.core.summary import Spans, Summary

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
