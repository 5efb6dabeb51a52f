"""Time travel: the snapshot of any step, forwards, backwards or by a jump, always the same bits.

A timeline may be edited: it forks, and the steps before the edit stay as they are in both.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable
from copy import copy
from dataclasses import dataclass
from functools import cached_property
from time import perf_counter
from typing import Protocol

import numpy as np

from bptui.core.arrays import Array, frozen
from bptui.core.edits import Edit, Number
from bptui.core.engine import Engine, Snapshot, Watched
from bptui.core.experiment import Experiment
from bptui.core.history import LossHistory, TestLosses
from bptui.core.state import BUDGET, Checkpoints, Layout

DENSE = 32
"""States kept just before a step that was reached by going back."""


class Recorder(Protocol):
    """Is given the losses and what is watched, a row for each step played."""

    @property
    def watched(self) -> Watched: ...

    def add(self, losses: Array, values: Array) -> None: ...


@dataclass(eq=False)
class Segment:
    """The steps from ``first`` up to the next edit: what is trained there, from which state.

    ``edits`` made it of the segment before; the first one of the experiment that was opened.
    """

    first: int
    experiment: Experiment
    state: Array | None = None
    """At first; None before it was reached."""
    edits: tuple[Edit, ...] = ()


class Timeline:
    """The steps of one experiment. ``losses`` are those of every step played so far.

    ``test_losses`` is None where no samples are kept back for testing.
    """

    def __init__(self, experiment: Experiment, budget: int = BUDGET) -> None:
        self.opened = experiment
        """The experiment before all edits, those of step 0 too."""
        self._segments: tuple[Segment, ...] = (Segment(0, experiment),)
        self.losses = LossHistory()
        self.test_losses = TestLosses.of(experiment)
        self._enter(0)
        self._segments[0].state = start = self._engine.save()
        self._checkpoints = Checkpoints(start.nbytes, budget)
        self._start_anew()

    @classmethod
    def replayed(cls, opened: Experiment, edits: Iterable[tuple[int, Edit]]) -> Timeline:
        """Return the timeline in which these edits were made at these steps, not played yet.

        Raises :class:`ValueError` where one of them changes nothing that there is.
        """
        experiment, made, segments = opened, dict[int, list[Edit]]({0: []}), []
        for step, edit in edits:
            made.setdefault(step, []).append(edit)
        for step in sorted(made):
            for edit in made[step]:
                experiment = edit.in_experiment(experiment, step)
            segments.append(Segment(step, experiment, edits=tuple(made[step])))
        timeline = cls(segments[0].experiment)
        segments[0].state = timeline._segments[0].state
        timeline.opened, timeline._segments = opened, tuple(segments)
        return timeline

    def _start_anew(self) -> None:
        self._snapshot: Snapshot | None = None
        self._keep_at: list[int] = []
        self.seconds_per_step = 0.0
        """What a step of the fast loop took lately; 0 before one was played."""

    def edited(
        self, snapshot: Snapshot, number: Number, value: float, *, updated: bool = False
    ) -> Timeline:
        """Return a fork in which ``number`` is ``value`` from the snapshot's step on.

        ``updated`` takes the parameters that the step's update has made, so that the fork begins
        with the next step. Edits of later steps are no part of it. Raises
        :class:`~bptui.core.errors.UnusableError` where ``value`` cannot be.
        """
        step, edit = snapshot.step + updated, Edit(number, value)
        before = [] if updated else self.all_edits
        edits = (*(each for at, each in before if at == step and each.number != number), edit)
        state = snapshot.state(updated)
        number.in_state(state, Layout(snapshot.experiment.network), value)
        experiment = edit.in_experiment(snapshot.experiment, step)
        return self.until(step, Segment(step, experiment, frozen(state), edits))

    def until(self, step: int, *then: Segment) -> Timeline:
        """Return a timeline of its own with what is known of the steps before ``step``."""
        fork = copy(self)
        fork._segments = (*(part for part in self._segments if part.first < step), *then)
        fork.losses = self.losses.until(min(step, len(self.losses)))
        fork.test_losses = None if self.test_losses is None else self.test_losses.until(step)
        fork._checkpoints = self._checkpoints.until(step)
        fork._enter(len(fork._segments) - 1 if then else 0)
        fork._start_anew()
        return fork

    def ahead(self) -> Timeline:
        """Return a timeline of its own, edits included, to play on without anything known here."""
        made = self.until(max(len(self.losses), *self.edits, 0) + 1)
        made.test_losses = None
        return made

    @property
    def experiment(self) -> Experiment:
        """Return the experiment at step 0; edits may have changed it at later steps."""
        return self._segments[0].experiment

    @property
    def latest(self) -> Experiment:
        """Return the experiment after all edits."""
        return self._segments[-1].experiment

    @property
    def all_edits(self) -> list[tuple[int, Edit]]:
        """Return what was edited at which step, which is all that :meth:`replayed` needs."""
        return [(part.first, edit) for part in self._segments for edit in part.edits]

    @property
    def edits(self) -> tuple[int, ...]:
        """Return the steps after step 0 at which something was edited."""
        return tuple(part.first for part in self._segments[1:])

    @property
    def held_bytes(self) -> int:
        """Return what the last edit, or the start, takes in memory of its own."""
        last, data = self._segments[-1], self._segments[-1].experiment.data
        size = 0 if last.state is None else last.state.size
        if len(self._segments) > 1 and data is self._segments[-2].experiment.data:
            return 8 * size
        return 8 * size + data.inputs.nbytes + data.targets.nbytes

    def rest(self, budget: int) -> None:
        """Give up memory that can be had again, but for kept states of at most ``budget`` bytes."""
        self._checkpoints.limit(budget)
        self._start_anew()
        self._enter(0)

    def wake(self) -> None:
        """Use as much memory for kept states as at first again."""
        self._checkpoints.limit(BUDGET)

    def _enter(self, index: int) -> None:
        """Go over to a segment, at its first step."""
        self._index = index
        self.__dict__.pop("_engine", None)

    @cached_property
    def _engine(self) -> Engine:
        """Return the engine of the segment; a resting timeline has none."""
        segment = self._segments[self._index]
        engine = Engine(segment.experiment)
        if segment.state is not None:
            engine.load(segment.state, segment.first)
        return engine

    def _test(self) -> None:
        """Take the test loss at the step reached, if it is wanted there."""
        if self.test_losses is not None and self.test_losses.next == self.reached:
            state = self._engine.state
            parameters = state.layout.unflatten(state.parameters)
            self.test_losses.add(self._segments[self._index].experiment, parameters)

    @property
    def furthest(self) -> int:
        """Return the last step whose loss is known; -1 before anything was played."""
        return len(self.losses) - 1

    @property
    def first_not_finite(self) -> int | None:
        """Return the first step whose loss is not finite: training has diverged there."""
        return self.losses.first_not_finite

    @property
    def checkpoint_bytes(self) -> int:
        return self._checkpoints.nbytes

    @property
    def reached(self) -> int:
        """Return the step whose state the engine holds."""
        return self._engine.step

    def snapshot(self, step: int) -> Snapshot:
        """Return step ``step`` with everything it computed; plays what lies between, if it must."""
        if self._snapshot is None or self._snapshot.step != step:
            self.move_towards(step)
            self._test()
            self._snapshot = None  # of a large network there should not be two at once
            self._snapshot = self._engine.record()
            self._arrived(step, np.array([self._snapshot.loss]))
        return self._snapshot

    def nearest(self, step: int) -> tuple[int, Array]:
        """Return the latest step not after ``step`` from which replaying can begin; its state."""
        known = [
            (part.first, part.state)
            for part in self._segments
            if part.first <= step and part.state is not None
        ]
        kept = self._checkpoints.nearest(step)
        return known[-1] if kept is None or kept[0] < known[-1][0] else kept

    def move_towards(
        self, step: int, seconds: float | None = None, recorder: Recorder | None = None
    ) -> bool:
        """Bring the engine to the state of ``step``, or as near as ``seconds`` allow.

        Return whether it got there; calling again goes on, by a step at least. A ``recorder``
        is given every step played on the way, from the one reached before, none left out.
        """
        if step < 0:
            raise ValueError(f"there is no step {step}")
        if recorder is None:
            self._start_from_nearest(step)
        began, first = perf_counter(), self.reached
        while (reached := self.reached) < step:
            self._test()
            stops = [part.first for part in self._segments if part.first > reached]
            if self.test_losses is not None and self.test_losses.next > reached:
                stops.append(self.test_losses.next)
            stride = self._checkpoints.stride  # at whose multiples states are kept
            stops += [step, (reached // stride + 1) * stride, reached + 256]
            stop = min(*stops, *self._keep_at[:1])
            if seconds is not None:
                left = seconds - (perf_counter() - began)
                if left <= 0.0 and reached > first:
                    return False
                affordable = left / self.seconds_per_step if self.seconds_per_step else 1.0
                stop = min(stop, reached + max(1, int(affordable)))
            self._play(stop - reached, recorder)
        return True

    def _start_from_nearest(self, step: int) -> None:
        """Load the nearest kept state, unless the engine is at a better place already."""
        step = min(step, len(self.losses))  # after an edit the last few before it may be unknown
        reached = self.reached
        first, state = self.nearest(step)
        if first <= reached <= step:
            return
        backwards = reached > step
        index = bisect_right(self._segments, first, key=lambda each: each.first) - 1
        if index != self._index:
            self._enter(index)
        self._engine.load(state, first)
        self._keep_at = self._stops_before(step) if backwards else []

    def _stops_before(self, step: int) -> list[int]:
        """Return where to keep states on the way: each just before ``step``, some spread out."""
        start, most = self._engine.step, self._checkpoints.most_recent
        dense = min(DENSE, most // 2)
        spread = np.linspace(start, step, min(16, most // 4) + 1, dtype=np.int64)[1:]
        stops = {*spread.tolist(), *range(max(start + 1, step - dense), step + 1)}
        return sorted(stop for stop in stops if start < stop <= step)

    def _play(self, count: int, recorder: Recorder | None = None) -> None:
        engine, began = self._engine, perf_counter()
        first, losses = engine.step, np.empty(count)
        values = np.empty((count, 0 if recorder is None else recorder.watched.size))
        if recorder is None or not values.size:
            engine.advance(losses)
        else:
            engine.advance_watched(losses, recorder.watched, values)
        if recorder is not None:
            recorder.add(losses, values)
        self.seconds_per_step = (perf_counter() - began) / count
        self._arrived(first, losses)

    def _arrived(self, first: int, losses: Array) -> None:
        """Take account of steps played from ``first`` on, and of where that has led to."""
        self.losses.extend(losses[len(self.losses) - first :])
        reached, later = self._engine, self._segments[self._index + 1 :]
        if later and later[0].first == reached.step:
            if later[0].state is None:
                state = reached.state.flat.copy()
                for number, value in later[0].edits:
                    number.in_state(state, reached.state.layout, value)
                later[0].state = frozen(state)
            self._enter(self._index + 1)
        engine = self._engine
        self._checkpoints.keep(engine.step, engine.save)
        if self._keep_at and engine.step >= self._keep_at[0]:
            self._keep_at.pop(0)
            self._checkpoints.keep_recent(engine.step, engine.save())
