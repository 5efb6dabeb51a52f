"""Time travel: the snapshot of any step, forwards, backwards or by a jump, always the same bits."""

from __future__ import annotations

from time import perf_counter
from typing import Protocol

import numpy as np

from bptui.core.arrays import Array
from bptui.core.checkpoints import BUDGET, Checkpoints
from bptui.core.experiment import Experiment
from bptui.core.history import LossHistory
from bptui.core.snapshot import Snapshot
from bptui.core.training import Engine, Watched

DENSE = 32
"""States kept just before a step that was reached by going back."""


class Recorder(Protocol):
    """Is given what is watched, a row for each step played."""

    @property
    def watched(self) -> Watched: ...

    def add(self, values: Array) -> None: ...


class Timeline:
    """The steps of one experiment. ``losses`` holds the loss of every step played so far."""

    def __init__(self, experiment: Experiment, budget: int = BUDGET) -> None:
        self.experiment = experiment
        self.losses = LossHistory()
        self._engine = Engine(experiment)
        self._checkpoints = Checkpoints(self._engine.state.flat.nbytes, budget)
        self._snapshot: Snapshot | None = None
        self._buffer: Array = np.empty(256)
        self._keep_at: list[int] = []
        self._seconds_per_step = 0.0

    @property
    def furthest(self) -> int:
        """The last step whose loss is known; -1 before anything was played."""
        return len(self.losses) - 1

    @property
    def first_not_finite(self) -> int | None:
        """The first step whose loss is not finite: training has diverged there."""
        return self.losses.first_not_finite

    @property
    def checkpoint_bytes(self) -> int:
        return self._checkpoints.nbytes

    @property
    def seconds_per_step(self) -> float:
        """What a step of the fast loop took lately; 0 before one was played."""
        return self._seconds_per_step

    @property
    def reached(self) -> int:
        """The step whose state the engine holds."""
        return self._engine.step

    def snapshot(self, step: int) -> Snapshot:
        """Step ``step`` with everything it computed; plays what lies between, if it must."""
        if self._snapshot is None or self._snapshot.step != step:
            self.move_towards(step)
            self._snapshot = self._engine.record()
            self._note(step, np.array([self._snapshot.loss]))
            self._keep()
        return self._snapshot

    def kept_before(self, step: int) -> int:
        """The latest step at or before ``step`` from which replaying can begin."""
        kept = self._checkpoints.nearest(step)
        return 0 if kept is None else kept[0]

    def move_towards(
        self, step: int, seconds: float | None = None, recorder: Recorder | None = None
    ) -> bool:
        """Bring the engine to the state of ``step``, or as near as ``seconds`` allow.

        Returns whether it got there; calling again goes on, by a step at least. A ``recorder``
        is given every step played on the way, from the one reached before, none left out.
        """
        if step < 0:
            raise ValueError(f"there is no step {step}")
        if recorder is None:
            self._start_from_nearest(step)
        began, engine = perf_counter(), self._engine
        first = engine.step
        while engine.step < step:
            stop = min(step, self._checkpoints.next_stop(engine.step), engine.step + 256)
            if self._keep_at:
                stop = min(stop, self._keep_at[0])
            if seconds is not None:
                left = seconds - (perf_counter() - began)
                if left <= 0.0 and engine.step > first:
                    return False
                affordable = left / self._seconds_per_step if self._seconds_per_step else 1.0
                stop = min(stop, engine.step + max(1, int(affordable)))
            self._play(stop - engine.step, recorder)
        return True

    def _start_from_nearest(self, step: int) -> None:
        """Load the nearest kept state, unless the engine is at a better place already."""
        engine = self._engine
        kept = self._checkpoints.nearest(step)
        if engine.step <= step and (kept is None or engine.step >= kept[0]):
            return
        backwards = engine.step > step
        if kept is None:
            engine.restart()
        else:
            engine.load(kept[1], kept[0])
        self._keep_at = self._stops_before(step) if backwards else []

    def _stops_before(self, step: int) -> list[int]:
        """Where to keep states on the way to ``step``: each just before it, some spread out."""
        start, most = self._engine.step, self._checkpoints.most_recent
        dense = min(DENSE, most // 2)
        spread = np.linspace(start, step, min(16, most // 4) + 1, dtype=np.int64)[1:]
        stops = {*spread.tolist(), *range(max(start + 1, step - dense), step + 1)}
        return sorted(stop for stop in stops if start < stop <= step)

    def _play(self, count: int, recorder: Recorder | None = None) -> None:
        engine, began = self._engine, perf_counter()
        losses = self._buffer[:count]
        first = engine.step
        if recorder is None:
            engine.advance(losses)
        else:
            values = np.empty((count, recorder.watched.size))
            engine.advance_watched(losses, recorder.watched, values)
            recorder.add(values)
        self._seconds_per_step = (perf_counter() - began) / count
        self._note(first, losses)
        self._keep()

    def _keep(self) -> None:
        """Keep the state that the engine has just reached, where one is wanted."""
        engine = self._engine
        if self._checkpoints.wants(engine.step):
            self._checkpoints.keep(engine.step, engine.save())
        if self._keep_at and engine.step >= self._keep_at[0]:
            self._keep_at.pop(0)
            self._checkpoints.keep_recent(engine.step, engine.save())

    def _note(self, first: int, losses: Array) -> None:
        """Append those losses, of steps from ``first`` on, that are new."""
        known = len(self.losses) - first
        if known < losses.size:
            self.losses.extend(losses[known:])
