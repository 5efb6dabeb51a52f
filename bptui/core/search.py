"""Looks for the next step, or the last one before, at which a breakpoint hits; misses none.

Hits are a pure function of the timeline, so a search forwards and one backwards find the same.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from time import perf_counter

import numpy as np

from bptui.core.arrays import Array
from bptui.core.batches import Indices
from bptui.core.breakpoints import Breakpoint, locate
from bptui.core.experiment import Experiment
from bptui.core.snapshot import Snapshot
from bptui.core.state import Layout
from bptui.core.timeline import Timeline
from bptui.core.training import Watched, euclidean_norm

CHUNK = 65_536
"""Known losses looked at in one go."""
SHORTEST = 64
"""Steps that a search backwards replays in one go, at least."""


@dataclass(frozen=True)
class Hit:
    """A step and the breakpoints that stop there."""

    step: int
    breakpoints: tuple[Breakpoint, ...]

    def __str__(self) -> str:
        return f"step {self.step}: {', '.join(map(str, self.breakpoints))}"


class _Columns:
    """The quantities that breakpoints compare, beside the loss: which they are, and their rows."""

    def __init__(self, experiment: Experiment, breakpoints: Sequence[Breakpoint]) -> None:
        self._layout = Layout(experiment.network)
        names = {each.quantity for each in breakpoints if each.is_component}
        places = {name: locate(name, experiment.network) for name in sorted(names)}
        weights = {name: place for name, (gradient, place) in places.items() if not gradient}
        gradients = {name: place for name, (gradient, place) in places.items() if gradient}
        norm = any(each.quantity == "norm" for each in breakpoints)
        self.names = [*weights, *gradients, *(["norm"] if norm else [])]
        self.watched = Watched(
            np.array([*weights.values()], dtype=np.intp),
            np.array([*gradients.values()], dtype=np.intp),
            norm,
        )

    def row(self, snapshot: Snapshot) -> Array:
        """What is watched at the step of ``snapshot``, (1, quantities)."""
        row, watched = np.empty((1, self.watched.size)), self.watched
        if not watched.size:
            return row
        gradient = self._layout.flatten(snapshot.gradients)
        split = watched.parameters.size
        row[0, :split] = self._layout.flatten(snapshot.parameters)[watched.parameters]
        row[0, split : split + watched.gradients.size] = gradient[watched.gradients]
        if watched.norm:
            with np.errstate(all="ignore"):
                row[0, -1] = euclidean_norm(gradient)
        return row


class Search:
    """A search from ``start``, which is not a hit itself, in one direction.

    :meth:`advance` works as long as it may and tells how far one may go; ``hit`` is set once there
    is one at the step that it told.
    """

    def __init__(
        self, timeline: Timeline, breakpoints: Sequence[Breakpoint], start: Snapshot
    ) -> None:
        self.hit: Hit | None = None
        self._timeline, self._breakpoints, self._start = timeline, tuple(breakpoints), start.step
        self._columns = _Columns(start.experiment, breakpoints)
        self._rows: list[Array] = []

    @property
    def watched(self) -> Watched:
        return self._columns.watched

    def add(self, values: Array) -> None:
        """Take the rows of steps just played."""
        self._rows.append(values)

    def advance(self, to: int, seconds: float | None = None) -> int:
        """Search towards ``to``; the step nearest to it that is not beyond a hit, as far as known.

        Calling again goes on where the time was up.
        """
        raise NotImplementedError

    def snapshot(self, step: int) -> Snapshot:
        """The snapshot of a step that :meth:`advance` told; ``hit`` is set where it is one."""
        return self._timeline.snapshot(step)

    def _hits(self, first: int, last: int, rows: Array) -> list[Hit]:
        """The first and the last hit at steps ``first`` + 1 to ``last``, in order.

        ``rows`` are those of steps ``first`` to ``last``.
        """
        losses = self._timeline.losses.values(first, last + 1)
        found: list[tuple[Breakpoint, Indices]] = []
        for each in self._breakpoints:
            values = losses
            if each.quantity in self._columns.names:
                values = rows[:, self._columns.names.index(each.quantity)]
            found.append((each, np.flatnonzero(each.hits(first, values))))
        steps = [
            place for _, places in found for place in (*places[:1].tolist(), *places[-1:].tolist())
        ]
        return [
            Hit(first + 1 + at, tuple(each for each, places in found if at in places))
            for at in sorted({min(steps), max(steps)} if steps else ())
        ]


class ForwardSearch(Search):
    """Looks for the first hit after ``start``; plays the steps that must be played for it."""

    def __init__(
        self, timeline: Timeline, breakpoints: Sequence[Breakpoint], start: Snapshot
    ) -> None:
        super().__init__(timeline, breakpoints, start)
        self._examined, self._row = start.step, self._columns.row(start)

    def advance(self, to: int, seconds: float | None = None) -> int:
        told = to
        if self.hit is None:
            told = (self._play if self.watched.size else self._move)(to, seconds)
        return told if self.hit is None else min(to, self.hit.step)

    def _move(self, to: int, seconds: float | None) -> int:
        """Where losses tell everything: look at those known, then at those of steps played."""
        began, timeline = perf_counter(), self._timeline
        if not self._look_up(to, seconds):
            return self._examined
        there = self.hit is not None
        if not there:
            left = None if seconds is None else seconds - (perf_counter() - began)
            there = timeline.move_towards(to, left)
            self._look_up(to)
        return to if there else min(max(timeline.reached, self._start), self._examined + 1)

    def _look_up(self, to: int, seconds: float | None = None) -> bool:
        """Look at the losses known of steps up to ``to``; False where the time was up."""
        began, last = perf_counter(), min(to, self._timeline.furthest)
        if not self._breakpoints:
            self._examined = max(self._examined, last)
        while self.hit is None and self._examined < last:
            until = min(self._examined + CHUNK, last)
            self._examine(until, np.empty((until - self._examined + 1, 0)))
            if self.hit is None and seconds is not None and perf_counter() - began > seconds:
                return False
        return True

    def _play(self, to: int, seconds: float | None) -> int:
        """Play step after step and examine what was watched."""
        timeline, began, begin = self._timeline, perf_counter(), self._examined + 1
        if to < begin:
            return to
        if timeline.reached != begin and not timeline.move_towards(begin, seconds):
            return self._examined
        left = None if seconds is None else seconds - (perf_counter() - began)
        timeline.move_towards(to, left, self)
        self._take_rows()
        return min(to, self._examined + 1)

    def _take_rows(self) -> None:
        """Examine the steps just played."""
        rows, self._rows = np.concatenate([self._row, *self._rows]), []
        self._examine(self._examined + len(rows) - 1, rows)

    def _examine(self, last: int, rows: Array) -> None:
        hits = self._hits(self._examined, last, rows) if last > self._examined else []
        self.hit = hits[0] if hits else None
        self._examined, self._row = last, rows[-1:]

    def snapshot(self, step: int) -> Snapshot:
        snapshot = super().snapshot(step)
        if self.hit is None and self._breakpoints and step == self._examined + 1:
            self._examine(step, np.concatenate([self._row, self._columns.row(snapshot)]))
        return snapshot


class BackwardSearch(Search):
    """Looks for the last hit before ``start``; replays pieces of the timeline where it must."""

    def __init__(
        self, timeline: Timeline, breakpoints: Sequence[Breakpoint], start: Snapshot
    ) -> None:
        super().__init__(timeline, breakpoints, start)
        self._end, self._row = start.step, self._columns.row(start)
        self._first = self._next = start.step  # of the piece under way, none yet

    def advance(self, to: int, seconds: float | None = None) -> int:
        deadline = None if seconds is None else perf_counter() + seconds
        if not self._breakpoints:
            return to
        left = seconds
        while self.hit is None and self._clear > to and self._piece(left):
            left = None if deadline is None else deadline - perf_counter()
            if left is not None and left <= 0.0:
                break
        return max(to, self._clear if self.hit is None else self.hit.step)

    @property
    def _clear(self) -> int:
        """From here to the start nothing hits: the end of the piece to come is not examined."""
        return min(self._end + 1, self._start) if self._end else 0

    def _piece(self, seconds: float | None) -> bool:
        """Examine the piece of the timeline that ends at ``_end``, or as much as there is time."""
        timeline, end = self._timeline, self._end
        if not self.watched.size:
            first = max(end - CHUNK, 0)
            rows = np.empty((end - first + 1, 0))
        else:
            if self._next == end:
                self._first = self._next = timeline.kept_before(max(end - SHORTEST, 0))
            first = self._first
            if timeline.reached != self._next and not timeline.move_towards(self._next, seconds):
                return False
            done = timeline.move_towards(end, seconds, self)
            self._next = timeline.reached
            if not done:
                return False
            rows, self._rows = np.concatenate([*self._rows, self._row]), []
        last = end - 1 if end == self._start else end  # the start is no hit of this search
        hits = self._hits(first, last, rows[: last - first + 1]) if last > first else []
        self.hit = hits[-1] if hits else None
        self._end, self._row = first, rows[:1]
        self._next = first
        return True
