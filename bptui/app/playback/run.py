"""A run: frame after frame, at a chosen speed, until it must stop; and the losses to come."""

from __future__ import annotations

import asyncio
import math
from time import perf_counter
from typing import TYPE_CHECKING, Literal

from msgspec import Struct

from bptui.app.playback.history import Place
from bptui.core.engine import Snapshot
from bptui.core.timeline import Timeline

if TYPE_CHECKING:
    from bptui.app.playback.player import Player
    from bptui.app.playback.search import Hit
    from bptui.core.history import Summary

SLICE = 0.005
"""Seconds of work between two looks at the keyboard."""
BREATH = 0.0005
"""Seconds left to everything else between two slices; a key that was pressed gets all it needs."""
SHARE = 4.0
"""A frame's cost times this passes before the next: drawing never takes most of the time."""
READABLE = 10.0
"""Steps or operations a second, up to which everything on the screen follows each of them."""
MOST_STEPS = 10_000
"""To come, whose losses are played ahead."""
MOST_WORK = 2e7
"""Steps times parameters times samples: some tenths of a second, as steps without many of them."""
LEAST_STEPS = 100
"""Of a network so large that fewer are affordable none is played."""
AHEAD_SLICE, AHEAD_BREATH = 0.002, 0.002
"""SLICE and BREATH while losses are played ahead."""


class Speed(Struct, frozen=True):
    """So many steps, or operations, a second; ``rate`` may be inf."""

    rate: float
    unit: Literal["step", "operation"] = "step"

    @property
    def readable(self) -> bool:
        """Whether one can look at each of them."""
        return self.rate <= READABLE

    def __str__(self) -> str:
        if math.isinf(self.rate):
            return "full speed"
        return f"{self.rate:g} {self.unit}{'' if self.rate == 1 else 's'}/s"

    @property
    def short(self) -> str:
        """The same where there is little room: 2 ops/s."""
        return str(self).replace("operation", "op")


SPEEDS = (
    *(Speed(rate, "operation") for rate in (0.5, 1, 2, 5, 10)),
    *(Speed(rate) for rate in (1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000, 10_000)),
    Speed(math.inf),
)
DEFAULT = SPEEDS.index(Speed(200))
SPEED_ROOM = max(len(speed.short) for speed in SPEEDS)
"""The width of the longest speed."""


class Run:
    """Plays to step ``last`` at the speed that the player has when it begins."""

    def __init__(self, player: Player, last: int, backwards: bool) -> None:
        # not needed at the start: it would take a twentieth of it
        from bptui.app.playback.search import Search

        self._player, self._last, self._rate = player, last, player.speed.rate
        self._by_operation = player.speed.unit == "operation"
        self._sign = -1 if backwards else 1
        active = [each for each, on in player.breakpoints.items() if on]
        self._search = Search(player.timeline, active, player.snapshot, backwards)
        self._base, self._began = player.snapshot.step, perf_counter()
        self._ended = False

    async def play(self) -> Hit | None:
        """Run to the end; return the hit that stopped it.

        Of the steps it shows as many as frames can be drawn, in time; of operations each.
        """
        player, next_frame = self._player, -math.inf
        if not self._by_operation and not self._is_ahead(self._last):
            self._ended = True
            player.show(player.snapshot)  # as a whole
        while not self._ended:
            if player.attention:
                await player.breathe(BREATH)
            due = self._due()
            step = due.step
            if self._is_ahead(step):
                step = await player.work(self._search.advance, step, SLICE)
            now, on_time = perf_counter(), step == due.step
            fresh = self._is_ahead(step) or (on_time and due != player.place)
            if fresh and now >= next_frame and not player.attention:
                snapshot = await self._snapshot(step)
                on_time = snapshot.step == due.step
                if self._by_operation or not on_time:  # too fast for this machine: owe nothing
                    self._base, self._began = snapshot.step, now
                self._arrive(snapshot, due.position if on_time else None)
                await player.drawn()
                next_frame = now + max(player.frame, SHARE * (perf_counter() - now))
            elif not on_time:
                await player.breathe(BREATH)
            else:
                wait = next_frame - now
                if not fresh:
                    wait = max(wait, self._began + (abs(step - self._base) + 1) / self._rate - now)
                await player.breathe(max(wait, BREATH))
        hit = self._search.hit
        return hit if hit is not None and hit.step == player.snapshot.step else None

    def _is_ahead(self, step: int) -> bool:
        """Whether ``step`` lies ahead of the shown one."""
        return (step - self._player.snapshot.step) * self._sign > 0

    def _due(self) -> Place:
        """Return the place due by now; of operations the next one at most."""
        here, passed = self._player.place, (perf_counter() - self._began) * self._rate
        if self._by_operation:
            return here.walked(self._sign, self._player.operations) if passed >= 1.0 else here
        if math.isinf(self._rate):
            return Place(self._last)
        step = self._base + self._sign * int(passed)
        return Place(min(step, self._last) if self._sign > 0 else max(step, self._last))

    async def _snapshot(self, step: int) -> Snapshot:
        """Return the snapshot of ``step``, or of the first that diverged if that comes before."""
        player, diverged = self._player, self._player.timeline.first_not_finite
        if self._sign > 0 and diverged is not None and self._is_ahead(diverged):
            step = min(step, diverged)
        return await player.work(self._search.snapshot, step)

    def _arrive(self, snapshot: Snapshot, position: int | None = None) -> None:
        """Show the place, or the whole step where the run ends: last, a hit, or diverged."""
        player, hit = self._player, self._search.hit
        entered = snapshot.step != player.snapshot.step
        stops = (hit is not None and hit.step == snapshot.step) or (
            self._sign > 0 and player.timeline.first_not_finite == snapshot.step
        )
        at_last = (self._last - snapshot.step) * self._sign <= 0
        if self._sign < 0:
            at_last = at_last and position is None
        self._ended = at_last or (entered and stops)
        player.show(snapshot, None if self._ended else position)


def last_ahead(timeline: Timeline) -> int:
    """Return the step up to which the losses to come are worth their time; -1 for none."""
    experiment = timeline.latest
    work = experiment.network.parameter_count * experiment.schedule.batch_size
    affordable = min(MOST_STEPS, int(MOST_WORK / work))
    goal = min(experiment.training.steps, timeline.furthest + affordable)
    return goal if affordable >= LEAST_STEPS and timeline.furthest < goal else -1


async def look_ahead(player: Player) -> Summary | None:
    """Return the losses of what is shown up to :func:`last_ahead`, or to where they diverge.

    Works only while the player is at rest. None where they are no longer wanted, or known.
    """
    timeline = player.timeline
    last, ahead = last_ahead(timeline), timeline.ahead()
    while player.timeline is timeline and timeline.furthest < last:
        if not player.at_rest:
            await asyncio.sleep(player.frame)
        elif ahead.move_towards(last + 1, AHEAD_SLICE) or ahead.first_not_finite is not None:
            return ahead.losses.summary
        else:
            await asyncio.sleep(AHEAD_BREATH)
    return None
