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
    """A search from ``start``, which is not a hit itself, ``backwards`` or forwards.

    :meth:`advance` works as long as it may and tells how far one may go; ``hit`` is set once there
    is one at the step that it told. A row holds the quantities of a step.
    """

    def __init__(
        self,
        timeline: Timeline,
        breakpoints: Sequence[Breakpoint],
        start: Snapshot,
        backwards: bool = False,
    ) -> None:
        self.hit: Hit | None = None
        self._timeline, self._breakpoints, self._start = timeline, tuple(breakpoints), start.step
        self._backwards = backwards
        wanted = {each.condition.quantity for each in breakpoints}
        network = start.experiment.network
        names = sorted(wanted - {"loss", "norm", "step"})
        self.watched = Watched(tuple(locate(name, network) for name in names), "norm" in wanted)
        self._names = ["loss", *names, *["norm"] * self.watched.norm]
        self._edge, self._row = start.step, self._row_of(start)
        """The step looked at last, and its row."""
        self._rows: list[Array] = []
        self._piece: tuple[int, int] | None = None
        """Backwards, the first step of the piece that is replayed, and the next one to be."""

    def add(self, losses: Array, values: Array) -> None:
        """Take the rows of steps just played."""
        self._rows.append(np.column_stack([losses, values]))

    def advance(self, to: int, seconds: float = ENDLESS) -> int:
        """Search towards ``to``; the step nearest to it that is not beyond a hit, as far as known.

        Calling again goes on where the time was up.
        """
        end, nearer = perf_counter() + seconds, max if self._backwards else min
        while self._breakpoints and self.hit is None and nearer(self._clear, to) != to:
            if not self._play(to, end) or perf_counter() >= end:
                break
        if self.hit is not None:
            return nearer(to, self.hit.step)
        if self._backwards:
            return max(to, self._clear) if self._breakpoints else to
        if not self._breakpoints or self._clear >= to:
            self._move(to, end)
        return min(to, max(self._timeline.reached, self._start))

    @property
    def _clear(self) -> int:
        """From here to the start nothing hits; what the last of these steps has is not yet known.

        Backwards, the end of the piece to come is not examined.
        """
        if not self._backwards:
            return self._edge + 1
        return min(self._edge + 1, self._start) if self._edge else 0

    def _move(self, to: int, end: float, recorder: Search | None = None) -> bool:
        """Play to a step, at most until a time; return whether it was reached."""
        return self._timeline.move_towards(to, max(end - perf_counter(), 0.0), recorder)

    def _play(self, to: int, end: float) -> bool:
        """Play steps from the edge on, or replay those before it, and examine what was watched.

        Return whether there was time for all.
        """
        timeline, edge = self._timeline, self._edge
        last, following = min(to, edge + 1 + PIECE), edge + 1
        if self._backwards:
            if self._piece is None:
                self._piece = (timeline.nearest(max(edge - SHORTEST, 0))[0],) * 2
            last, (first, following) = edge, self._piece
        if timeline.reached != following and not self._move(following, end):
            return False
        there = self._move(last, end, self)
        if not self._backwards:
            self._examine(edge, [self._row, *self._rows])
        elif there:
            self._examine(first, [*self._rows, self._row])
        else:
            self._piece = first, timeline.reached
        return there

    def snapshot(self, step: int) -> Snapshot:
        """Return that of a step that :meth:`advance` told; ``hit`` is set where it is one."""
        snapshot = self._timeline.snapshot(step)
        if (
            self.hit is None
            and self._breakpoints
            and step == self._edge + 1
            and not self._backwards
        ):
            self._examine(self._edge, [self._row, self._row_of(snapshot)])
        return snapshot

    def _row_of(self, snapshot: Snapshot) -> Array:
        """Return what is watched at the step of ``snapshot``, (1, quantities)."""
        arrays = {**snapshot.values, **snapshot.parameters.named()}
        row = [snapshot.loss, *(number_at(arrays, place) for place in self.watched.places)]
        if self.watched.norm:
            with np.errstate(all="ignore"):
                row.append(euclidean_norm(snapshot.gradients.flat()))
        return np.array([row])

    def _examine(self, first: int, pieces: Sequence[Array]) -> None:
        """Look for the first hit, or backwards the last, behind step ``first``.

        ``pieces`` are the rows of this step and those behind it.
        """
        rows, self._rows, self._piece = np.concatenate(pieces), [], None
        last = first + len(rows) - 1
        # the start is no hit of this search
        hits = self._hits(first, rows[:-1] if self._backwards and last == self._start else rows)
        if hits:
            self.hit = hits[-1 if self._backwards else 0]
        self._edge, self._row = (first, rows[:1]) if self._backwards else (last, rows[-1:])

    def _hits(self, first: int, rows: Array) -> list[Hit]:
        """Return the first and the last hit behind step ``first``, in order."""
        steps = np.arange(first, first + len(rows), dtype=np.float64)
        values = {"step": steps, **dict(zip(self._names, rows.T, strict=True))}
        found = [
            (each, np.flatnonzero(each.condition.hits(values[each.condition.quantity])).tolist())
            for each in self._breakpoints
        ]
        ends = [at for _, places in found for at in (*places[:1], *places[-1:])]
        return [
            Hit(first + 1 + at, tuple(each for each, places in found if at in places))
            for at in sorted({min(ends), max(ends)} if ends else ())
        ]
