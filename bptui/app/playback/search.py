"""Looks for the next step, or the last one before, at which a breakpoint hits; misses none.

Hits are a pure function of the timeline, so a search forwards and one backwards find the same.
"""

from __future__ import annotations

from collections.abc import Sequence
from time import perf_counter
from typing import NamedTuple

import numpy as np

from bptui.app.playback.breakpoints import Breakpoint, locate
from bptui.core.arrays import Array
from bptui.core.engine import Snapshot, Watched, euclidean_norm, number_at
from bptui.core.timeline import Timeline

PIECE = 4096
"""Steps looked at in one go."""
ENDLESS = 1e9
"""Seconds that nobody waits for."""
SHORTEST = 64
"""Steps that a search backwards replays in one go, at least."""


class Hit(NamedTuple):
    """A step and the breakpoints that stop there."""

    step: int
    breakpoints: tuple[Breakpoint, ...]

    def __str__(self) -> str:
        return f"step {self.step}: {', '.join(map(str, self.breakpoints))}"


class Search:
    """A search from ``start``, which is not a hit itself, in one direction.

    :meth:`advance` works as long as it may and tells how far one may go; ``hit`` is set once there
    is one at the step that it told. A row holds the quantities of a step.
    """

    backwards = False

    def __init__(
        self, timeline: Timeline, breakpoints: Sequence[Breakpoint], start: Snapshot
    ) -> None:
        self.hit: Hit | None = None
        self._timeline, self._breakpoints, self._start = timeline, tuple(breakpoints), start.step
        network, wanted = start.experiment.network, {each.quantity for each in breakpoints}
        names = sorted({each.quantity for each in breakpoints if each.is_component})
        self.watched = Watched(tuple(locate(name, network) for name in names), "norm" in wanted)
        self._names = ["loss", *names, *["norm"] * self.watched.norm]
        self._edge, self._row = start.step, self._row_of(start)
        """The step looked at last, and its row."""
        self._rows: list[Array] = []

    def add(self, losses: Array, values: Array) -> None:
        """Take the rows of steps just played."""
        self._rows.append(np.column_stack([losses, values]))

    def advance(self, to: int, seconds: float = ENDLESS) -> int:
        """Search towards ``to``; the step nearest to it that is not beyond a hit, as far as known.

        Calling again goes on where the time was up.
        """
        raise NotImplementedError

    def _move(self, to: int, end: float, recorder: Search | None = None) -> bool:
        """Play to a step, at most until a time; return whether it was reached."""
        return self._timeline.move_towards(to, max(end - perf_counter(), 0.0), recorder)

    def snapshot(self, step: int) -> Snapshot:
        """Return that of a step that :meth:`advance` told; ``hit`` is set where it is one."""
        return self._timeline.snapshot(step)

    def _row_of(self, snapshot: Snapshot) -> Array:
        """Return what is watched at the step of ``snapshot``, (1, quantities)."""
        arrays = {**snapshot.values, **snapshot.parameters.named()}
        row = [snapshot.loss, *(number_at(arrays, place) for place in self.watched.places)]
        if self.watched.norm:
            with np.errstate(all="ignore"):
                row.append(euclidean_norm(snapshot.gradients.flat()))
        return np.array([row])

    def _examine(self, first: int, last: int, rows: Array) -> None:
        """Look for the first hit, or backwards the last, after ``first`` up to ``last``.

        ``rows`` are those of steps ``first`` to ``last``.
        """
        end = last - (self.backwards and last == self._start)  # which is no hit of this search
        hits = self._hits(first, rows[: end - first + 1]) if end > first else []
        self.hit = hits[-1 if self.backwards else 0] if hits else None
        self._edge, self._row = (first, rows[:1]) if self.backwards else (last, rows[-1:])

    def _hits(self, first: int, rows: Array) -> list[Hit]:
        """Return the first and the last hit behind step ``first``, in order."""
        steps = np.arange(first, first + len(rows), dtype=np.float64)
        values = {"step": steps, **dict(zip(self._names, rows.T, strict=True))}
        found = [
            (each, np.flatnonzero(each.hits(values[each.quantity])).tolist())
            for each in self._breakpoints
        ]
        ends = [at for _, places in found for at in (*places[:1], *places[-1:])]
        return [
            Hit(first + 1 + at, tuple(each for each, places in found if at in places))
            for at in sorted({min(ends), max(ends)} if ends else ())
        ]


class ForwardSearch(Search):
    """Looks for the first hit after ``start``; plays the steps on the way."""

    def advance(self, to: int, seconds: float = ENDLESS) -> int:
        timeline, end = self._timeline, perf_counter() + seconds
        if self._breakpoints:
            while self.hit is None and self._edge + 1 < to:
                if not self._play(to, end) or perf_counter() >= end:
                    break
            if self.hit is not None:
                return min(to, self.hit.step)
            if self._edge + 1 < to:
                return min(max(timeline.reached, self._start), self._edge + 1)
        return to if self._move(to, end) else min(max(timeline.reached, self._start), to)

    def _play(self, to: int, end: float) -> bool:
        """Play step after step and examine what was watched; False where the time was up."""
        begin = self._edge + 1
        if self._timeline.reached != begin and not self._move(begin, end):
            return False
        there = self._move(min(to, begin + PIECE), end, self)
        rows, self._rows = np.concatenate([self._row, *self._rows]), []
        self._examine(self._edge, self._edge + len(rows) - 1, rows)
        return there

    def snapshot(self, step: int) -> Snapshot:
        snapshot = super().snapshot(step)
        if self.hit is None and self._breakpoints and step == self._edge + 1:
            rows = np.concatenate([self._row, self._row_of(snapshot)])
            self._examine(self._edge, step, rows)
        return snapshot


class BackwardSearch(Search):
    """Looks for the last hit before ``start``; replays pieces of the timeline where it must."""

    backwards = True
    _piece: tuple[int, int] | None = None
    """The first step of the piece that is being played, and the next one to be played."""

    def advance(self, to: int, seconds: float = ENDLESS) -> int:
        end = perf_counter() + seconds
        if not self._breakpoints:
            return to
        while self.hit is None and self._clear > to:
            if not self._play(end) or perf_counter() >= end:
                break
        return max(to, self._clear if self.hit is None else self.hit.step)

    @property
    def _clear(self) -> int:
        """From here to the start nothing hits: the end of the piece to come is not examined."""
        return min(self._edge + 1, self._start) if self._edge else 0

    def _play(self, end: float) -> bool:
        """Play a piece of the timeline up to the edge; False where the time was up."""
        timeline = self._timeline
        if self._piece is None:
            first = timeline.kept_before(max(self._edge - SHORTEST, 0))
            self._piece = first, first
        first, following = self._piece
        if timeline.reached != following and not self._move(following, end):
            return False
        there = self._move(self._edge, end, self)
        self._piece = first, timeline.reached
        if there:
            rows, self._rows = np.concatenate([*self._rows, self._row]), []
            self._examine(first, self._edge, rows)
            self._piece = None
        return there
