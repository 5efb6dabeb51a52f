"""Looks for the next step, or the last one before, at which a breakpoint hits; misses none.

Hits are a pure function of the timeline, so a search forwards and one backwards find the same.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from time import perf_counter
from typing import NamedTuple

import numpy as np

from bptui.app.playback.breakpoints import Breakpoint, Place, locate
from bptui.core.arrays import Array, Integers
from bptui.core.engine import Snapshot, Watched, euclidean_norm, number_at
from bptui.core.experiment import Experiment
from bptui.core.state import Layout
from bptui.core.timeline import Timeline

KEPT = 65_536
"""Known losses looked at in one go."""
PIECE = 4096
"""Steps looked at in one go where their losses are not kept, or are yet to be played."""
SHORTEST = 64
"""Steps that a search backwards replays in one go, at least."""


class Hit(NamedTuple):
    """A step and the breakpoints that stop there."""

    step: int
    breakpoints: tuple[Breakpoint, ...]

    def __str__(self) -> str:
        return f"step {self.step}: {', '.join(map(str, self.breakpoints))}"


class _Columns:
    """The quantities of a row: the loss, and what breakpoints compare beside it."""

    def __init__(self, experiment: Experiment, breakpoints: Sequence[Breakpoint]) -> None:
        self._layout = Layout(experiment.network)
        names = {each.quantity for each in breakpoints if each.is_component}
        weights, gradients, others = dict[str, int](), dict[str, int](), dict[str, Place]()
        for name in sorted(names):
            place = locate(name, experiment.network)
            parameter = place.array.removeprefix("g")
            layer = int(parameter[1:]) if re.fullmatch(r"[Wb]\d+", parameter) else 0
            if not layer:
                others[name] = place
                continue
            group = weights if parameter == place.array else gradients
            *sources, unit = place.at  # of a weight its source too
            spans = self._layout.weight_span if sources else self._layout.bias_span
            units = experiment.network.layers[layer]
            group[name] = spans(layer).start + sum(sources) * units + unit
        norm = any(each.quantity == "norm" for each in breakpoints)
        self.names = ["loss", *weights, *gradients, *(["norm"] if norm else []), *others]
        self.watched = Watched(
            np.array([*weights.values()], dtype=np.intp),
            np.array([*gradients.values()], dtype=np.intp),
            norm,
            tuple(others.values()),
        )

    def row(self, snapshot: Snapshot) -> Array:
        """What is watched at the step of ``snapshot``, (1, quantities)."""
        watched = self.watched
        found = [np.array([snapshot.loss])]
        if watched.size:
            gradient = self._layout.flatten(snapshot.gradients)
            found.append(self._layout.flatten(snapshot.parameters)[watched.parameters])
            found.append(gradient[watched.gradients])
            if watched.norm:
                with np.errstate(all="ignore"):
                    found.append(np.array([euclidean_norm(gradient)]))
            found.append(
                np.array([number_at(snapshot.values, each) for each in watched.others], dtype=float)
            )
        return np.concatenate(found)[None]


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
        self._none = np.empty((0, len(self._columns.names)))
        self._rows: list[Array] = []

    @property
    def watched(self) -> Watched:
        return self._columns.watched

    def add(self, losses: Array, values: Array) -> None:
        """Take the rows of steps just played."""
        self._rows.append(np.column_stack([losses, values]))

    def advance(self, to: int, seconds: float | None = None) -> int:
        """Search towards ``to``; the step nearest to it that is not beyond a hit, as far as known.

        Calling again goes on where the time was up.
        """
        raise NotImplementedError

    def snapshot(self, step: int) -> Snapshot:
        """The snapshot of a step that :meth:`advance` told; ``hit`` is set where it is one."""
        return self._timeline.snapshot(step)

    def _known(self, first: int, last: int) -> Array | None:
        """The rows of steps ``first`` to ``last`` where that takes no playing.

        No rows at all where no loss of theirs can be a hit, None where they must be played.
        """
        losses = self._timeline.losses
        if self.watched.size or last >= len(losses):
            return None
        compared = [each for each in self._breakpoints if each.quantity == "loss"]
        bounds = losses.bounds(first, last) if compared else (0.0, 0.0)
        if bounds is not None and not any(each.possible(*bounds) for each in compared):
            return self._none
        return losses.values(first, last + 1)[:, None] if first >= losses.first_kept else None

    def _hits(self, first: int, last: int, rows: Array) -> list[Hit]:
        """The first and the last hit at steps ``first`` + 1 to ``last``, in order.

        ``rows`` are those of steps ``first`` to ``last``; none where only step numbers can hit.
        """
        found: list[tuple[Breakpoint, Integers]] = []
        for each in self._breakpoints:
            values = np.empty(last - first + 1)
            if each.quantity != "step":
                if not rows.size:
                    continue
                values = rows[:, self._columns.names.index(each.quantity)]
            found.append((each, np.flatnonzero(each.hits(first, values))))
        steps = [
            place for _, places in found for place in (*places[:1].tolist(), *places[-1:].tolist())
        ]
        return [
            Hit(first + 1 + at, tuple(each for each, places in found if at in places))
            for at in sorted({min(steps), max(steps)} if steps else ())
        ]


class _Clock:
    """So many seconds, or without end."""

    def __init__(self, seconds: float | None) -> None:
        self._end = None if seconds is None else perf_counter() + seconds

    @property
    def left(self) -> float | None:
        return None if self._end is None else max(self._end - perf_counter(), 0.0)


class ForwardSearch(Search):
    """Looks for the first hit after ``start``; plays the steps that must be played for it."""

    def __init__(
        self, timeline: Timeline, breakpoints: Sequence[Breakpoint], start: Snapshot
    ) -> None:
        super().__init__(timeline, breakpoints, start)
        self._examined, self._row = start.step, self._columns.row(start)

    def advance(self, to: int, seconds: float | None = None) -> int:
        timeline, clock = self._timeline, _Clock(seconds)
        if self._breakpoints:
            while self.hit is None and self._next < to:
                if not (self._look_up(to) or self._play(to, clock.left)) or clock.left == 0.0:
                    break
            if self.hit is not None:
                return min(to, self.hit.step)
            if self._next < to:
                return min(max(timeline.reached, self._start), self._next)
        # what was looked up only is yet to be gone to
        there = timeline.move_towards(to, clock.left)
        return to if there else min(max(timeline.reached, self._start), to)

    @property
    def _next(self) -> int:
        """The next step to be played; without its row, the one examined last is played again."""
        return self._examined + len(self._row)

    def _look_up(self, to: int) -> bool:
        """Look at steps whose losses are known; False where the next ones must be played."""
        first, last = self._examined, min(to, self._timeline.furthest)
        for piece in (KEPT, PIECE) if first < last else ():
            until = min(first + piece, last)
            rows = self._known(first, until)
            if rows is not None:
                self._examine(until, rows)
                return True
        return False

    def _play(self, to: int, seconds: float | None) -> bool:
        """Play step after step and examine what was watched; False where the time was up."""
        timeline, clock = self._timeline, _Clock(seconds)
        begin = self._next
        if timeline.reached != begin and not timeline.move_towards(begin, seconds):
            return False
        there = timeline.move_towards(min(to, begin + PIECE), clock.left, self)
        rows, self._rows = np.concatenate([self._row, *self._rows]), []
        self._examine(self._examined + len(rows) - 1, rows)
        return there

    def _examine(self, last: int, rows: Array) -> None:
        hits = self._hits(self._examined, last, rows) if last > self._examined else []
        self.hit = hits[0] if hits else None
        self._examined, self._row = last, rows[-1:]

    def snapshot(self, step: int) -> Snapshot:
        snapshot = super().snapshot(step)
        if self.hit is None and self._breakpoints and step == self._examined + 1 == self._next:
            self._examine(step, np.concatenate([self._row, self._columns.row(snapshot)]))
        return snapshot


class BackwardSearch(Search):
    """Looks for the last hit before ``start``; replays pieces of the timeline where it must."""

    def __init__(
        self, timeline: Timeline, breakpoints: Sequence[Breakpoint], start: Snapshot
    ) -> None:
        super().__init__(timeline, breakpoints, start)
        self._end, self._row = start.step, self._columns.row(start)
        self._piece: tuple[int, int] | None = None
        """The first step of the piece that is being played, and the next one to be played."""

    def advance(self, to: int, seconds: float | None = None) -> int:
        clock = _Clock(seconds)
        if not self._breakpoints:
            return to
        while self.hit is None and self._clear > to:
            if not (self._look_up() or self._play(clock.left)) or clock.left == 0.0:
                break
        return max(to, self._clear if self.hit is None else self.hit.step)

    @property
    def _clear(self) -> int:
        """From here to the start nothing hits: the end of the piece to come is not examined."""
        return min(self._end + 1, self._start) if self._end else 0

    def _look_up(self) -> bool:
        """Look at steps whose losses are known; False where those before must be played."""
        for piece in (KEPT, PIECE) if self._piece is None else ():
            first = max(self._end - piece, 0)
            rows = self._known(first, self._end)
            if rows is not None:
                self._examine(first, rows)
                return True
        return False

    def _play(self, seconds: float | None) -> bool:
        """Play a piece of the timeline that ends at ``_end``; False where the time was up."""
        timeline, clock = self._timeline, _Clock(seconds)
        if self._piece is None:
            first = timeline.kept_before(max(self._end - SHORTEST, 0))
            self._piece = first, first
        first, following = self._piece
        if timeline.reached != following and not timeline.move_towards(following, seconds):
            return False
        there = timeline.move_towards(self._end + 1 - len(self._row), clock.left, self)
        self._piece = first, timeline.reached
        if there:
            rows, self._rows = np.concatenate([*self._rows, self._row]), []
            self._examine(first, rows)
            self._piece = None
        return there

    def _examine(self, first: int, rows: Array) -> None:
        """Look for the last hit after ``first``; ``rows`` are those up to ``_end``, or none."""
        end = self._end
        last = end - 1 if end == self._start else end  # the start is no hit of this search
        hits = self._hits(first, last, rows[: last - first + 1]) if last > first else []
        self.hit = hits[-1] if hits else None
        self._end, self._row = first, rows[:1]
