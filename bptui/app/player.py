"""Plays the timeline for the screen: one step, a jump, or running at a speed, in short slices.

Keys are answered between slices. Where a single step takes longer than a frame, the slices run in
a thread, which numpy leaves the event loop free to work beside.
"""

from __future__ import annotations

import asyncio
import math
from collections.abc import Awaitable, Callable, Coroutine
from contextlib import suppress
from time import perf_counter

from bptui.app.view import View
from bptui.core.experiment import Experiment
from bptui.core.snapshot import Snapshot
from bptui.core.timeline import Timeline

SPEEDS = (1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000, 10_000, math.inf)
"""Training steps a second; the last one is as fast as it goes."""
SLICE = 0.003
"""Seconds of work between two looks at the keyboard."""
BREATH = 0.002
"""Seconds left to everything else between two slices: a key takes many turns of the event loop."""
SHARE = 4.0
"""A frame's cost times this passes before the next: drawing never takes most of the time."""
LONG_STEP = 0.02
"""Seconds from which a step is played in a thread."""


class Player:
    """Holds the timeline and the shown step.

    ``show`` is called with every new view; ``drawn`` waits until it is on the screen.
    """

    def __init__(
        self,
        experiment: Experiment,
        show: Callable[[View], None],
        drawn: Callable[[], Awaitable[None]],
        fps: int,
    ) -> None:
        self._show = show
        self._drawn = drawn
        self._frame = 1.0 / fps
        self._speed = SPEEDS.index(200)
        self._lock = asyncio.Lock()
        self._wake = asyncio.Event()
        self._goal = 0
        self._running = False
        self._attention = False
        self._open(experiment)

    def _open(self, experiment: Experiment) -> None:
        self.timeline = Timeline(experiment)
        self.snapshot = self.timeline.snapshot(0)
        self._goal = 0

    @property
    def running(self) -> bool:
        return self._running

    @property
    def speed(self) -> str:
        """``200 steps/s``, or ``full speed``."""
        rate = SPEEDS[self._speed]
        if math.isinf(rate):
            return "full speed"
        return f"{rate:g} step{'' if rate == 1 else 's'}/s"

    def view(self, seeking: int | None = None) -> View:
        """What there is to see now."""
        losses = self.timeline.losses
        diverged = self.timeline.first_not_finite
        return View(
            self.snapshot, losses, len(losses), self._running, self.speed, seeking, diverged
        )

    async def open(self, experiment: Experiment) -> None:
        """Start over with another experiment."""
        self.pause()
        async with self._lock:
            self._open(experiment)
        self._show(self.view())

    def give_way(self) -> None:
        """A key or the mouse was used: while running, wait until its effect is on the screen."""
        self._attention = True
        self._wake.set()

    def change_speed(self, by: int) -> None:
        """Faster or slower by so many places in :data:`SPEEDS`."""
        self._speed = min(max(self._speed + by, 0), len(SPEEDS) - 1)
        self._wake.set()
        self._show(self.view())

    def pause(self) -> None:
        """Stop running at the shown step, and give up a jump under way."""
        self._running = False
        self._goal = self.snapshot.step
        self._wake.set()

    def move(self, by: int) -> Coroutine[None, None, None]:
        """Go ``by`` steps further from where the last key led, not before step 0.

        Like :meth:`go` and :meth:`run` it takes effect at once, so that keys in a burst count in
        their order; the coroutine that it returns does the work.
        """
        if self._running:
            self.pause()
        return self.go(max(self._goal + by, 0))

    def go(self, step: int) -> Coroutine[None, None, None]:
        """Show ``step``; a later call replaces this one while it is under way."""
        self._running = False
        self._goal = step
        self._wake.set()
        return self._seek(step)

    async def _seek(self, step: int) -> None:
        async with self._lock:
            while self._goal == step and self.snapshot.step != step:
                if await self._advance(step, SLICE):
                    snapshot = await self._record(step)
                    if self._goal == step:
                        self.snapshot = snapshot
                elif self._goal == step:
                    self._show(self.view(seeking=step))
                    await asyncio.sleep(BREATH)
        if self._goal == step:
            self._show(self.view())

    def run(self, last: int) -> Coroutine[None, None, None]:
        """Run from the shown step to ``last`` at the chosen speed, until paused or diverged."""
        self._running = True
        self._goal = last
        return self._run(last)

    async def _run(self, last: int) -> None:
        async with self._lock:
            await self._run_to(last)
        if self._goal == last:
            self._running = False
            self._goal = self.snapshot.step
        self._show(self.view())

    async def _run_to(self, last: int) -> None:
        speed, base, began = self._speed, self.snapshot.step, perf_counter()
        next_frame = -math.inf
        while self._running and self._goal == last and self.snapshot.step < last:
            if self._attention:
                self._attention = False
                await self._drawn()
                continue  # the key may have been one that pauses
            now = perf_counter()
            if speed != self._speed:
                speed, base, began = self._speed, self.snapshot.step, now
                continue
            rate = SPEEDS[speed]
            due = last if math.isinf(rate) else base + int((now - began) * rate)
            due = min(due, last)
            position = max(self.snapshot.step, min(self.timeline.reached, due))
            if due > self.snapshot.step and not await self._advance(due, SLICE):
                position = self.timeline.reached
            elif due > self.snapshot.step:
                position = due
            now = perf_counter()
            if now >= next_frame and position > self.snapshot.step and not self._attention:
                position = self._not_past_divergence(position)
                snapshot = await self._record(position)
                if not self._running or self._goal != last:
                    return  # paused meanwhile: the step on the screen stays
                self.snapshot = snapshot
                if position < due and not math.isinf(rate):
                    base, began = position, now  # too fast for this machine: owe nothing
                self._show(self.view())
                if self.timeline.first_not_finite == position:
                    return
                await self._drawn()
                next_frame = now + max(self._frame, SHARE * (perf_counter() - now))
            else:
                await self._rest(self._pause_before(due, position, rate, base, began, next_frame))

    def _not_past_divergence(self, position: int) -> int:
        """``position``, or the first step that has diverged where that comes before."""
        diverged = self.timeline.first_not_finite
        passed = diverged is not None and self.snapshot.step < diverged <= position
        return diverged if passed and diverged is not None else position

    def _pause_before(
        self, due: int, position: int, rate: float, base: int, began: float, next_frame: float
    ) -> float:
        """Seconds until there is something to do: a breath while steps are due but not played."""
        if position < due:
            return BREATH
        now = perf_counter()
        frame = next_frame - now
        if position > self.snapshot.step:
            return max(frame, BREATH)
        step = began + (position + 1 - base) / rate - now if not math.isinf(rate) else 0.0
        return max(step, frame, BREATH)

    async def _rest(self, seconds: float) -> None:
        """Sleep, or wake at a key that concerns the run."""
        self._wake.clear()
        with suppress(TimeoutError):
            await asyncio.wait_for(self._wake.wait(), seconds)

    async def _advance(self, step: int, seconds: float) -> bool:
        if self.timeline.seconds_per_step > LONG_STEP:
            return await asyncio.to_thread(self.timeline.move_towards, step, seconds)
        return self.timeline.move_towards(step, seconds)

    async def _record(self, step: int) -> Snapshot:
        if self.timeline.seconds_per_step > LONG_STEP:
            return await asyncio.to_thread(self.timeline.snapshot, step)
        return self.timeline.snapshot(step)
