"""A run: frame after frame from the shown place on, at a chosen speed, until it must stop."""

from __future__ import annotations

import asyncio
import math
from contextlib import suppress
from time import perf_counter
from typing import TYPE_CHECKING, Literal

from msgspec import Struct

from bptui.app.playback.history import Place
from bptui.core.engine import Snapshot

if TYPE_CHECKING:
    from bptui.app.playback.player import Player
    from bptui.app.playback.search import Hit, Search


SLICE = 0.005
"""Seconds of work between two looks at the keyboard."""
BREATH = 0.0005
"""Seconds left to everything else between two slices; a key that was pressed gets all it needs."""
SEEKING_FRAME = 0.1
"""Seconds between two pictures of how far a long jump has come."""


READABLE = 10.0
"""Steps or operations a second, up to which everything on the screen follows each of them."""


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


class Pace(Struct):
    """Steps due at ``rate`` a second from step ``base`` on, at which the clock stood at ``began``.

    ``sign`` is -1 backwards, else +1.
    """

    rate: float
    sign: int
    base: int
    began: float

    def due(self, now: float, last: int) -> int:
        """The step due by now, not beyond ``last``."""
        if math.isinf(self.rate):
            return last
        step = self.base + self.sign * int((now - self.began) * self.rate)
        return min(step, last) if self.sign > 0 else max(step, last)

    def restart(self, step: int, now: float) -> None:
        """Owe nothing for the time before."""
        self.base, self.began = step, now

    def seconds_to(self, step: int, now: float) -> float:
        """Until ``step`` is due."""
        if math.isinf(self.rate):
            return 0.0
        return self.began + (step - self.base) * self.sign / self.rate - now


SHARE = 4.0
"""A frame's cost times this passes before the next: drawing never takes most of the time."""


class Run:
    """Plays to step ``last`` as long as ``errand`` is the player's, at whatever speed it has."""

    def __init__(self, player: Player, last: int, backwards: bool, errand: int) -> None:
        self._player, self._last, self._errand = player, last, errand
        self._sign = -1 if backwards else 1
        self._ended = False

    @property
    def _on(self) -> bool:
        return not self._ended and self._player.current(self._errand)

    def _ahead(self, step: int) -> bool:
        """Whether ``step`` lies ahead of the shown one."""
        return (step - self._player.snapshot.step) * self._sign > 0

    async def play(self) -> Hit | None:
        """Run to the end; the hit that stopped it."""
        from bptui.app.playback.search import (  # not needed at the start
            BackwardSearch,
            ForwardSearch,
        )

        player = self._player
        kind = BackwardSearch if self._sign < 0 else ForwardSearch
        search: Search = kind(player.timeline, player.active_breakpoints, player.snapshot)
        while self._on:
            if player.speed.unit == "operation":
                await self._play_operations(search)
            elif self._ahead(self._last):
                await self._play_steps(search)
            else:
                player.show(player.snapshot)  # as a whole
                self._ended = True
        hit = search.hit
        return hit if hit is not None and hit.step == player.snapshot.step else None

    async def _play_steps(self, search: Search) -> None:
        player, speed = self._player, self._player.speed
        pace = Pace(speed.rate, self._sign, player.snapshot.step, perf_counter())
        next_frame = -math.inf
        while self._on and speed == player.speed and self._ahead(self._last):
            if await self._player.gave_way():
                continue  # the key may have been one that pauses
            now = perf_counter()
            due = position = pace.due(now, self._last)
            if self._ahead(due):
                position = await player.work(search.advance, due, SLICE)
            now = perf_counter()
            if now >= next_frame and self._ahead(position) and not player.attention:
                snapshot = await self._snapshot(search, position)
                if not self._on:
                    return  # paused meanwhile: the step on the screen stays
                behind = snapshot.step != due
                self._arrive(search, snapshot)
                if behind and not math.isinf(speed.rate):
                    pace.restart(snapshot.step, now)  # too fast for this machine: owe nothing
                await player.drawn()
                next_frame = now + max(player.frame, SHARE * (perf_counter() - now))
            elif self._on:
                await self._rest(self._pause_before(pace, due, position, next_frame))

    async def _play_operations(self, search: Search) -> None:
        player, speed, began = self._player, self._player.speed, perf_counter()
        while self._on and speed == player.speed:
            if await self._player.gave_way():
                continue
            left = began + 1.0 / speed.rate - perf_counter()
            if left > 0.0:
                await self._rest(left)
                continue
            here, count = player.place, player.operations
            place = here.next(count) if self._sign > 0 else here.previous(count)
            snapshot = player.snapshot
            if place.step != here.step:
                if await player.work(search.advance, place.step, SLICE) != place.step:
                    await self._rest(BREATH)
                    continue
                snapshot = await self._snapshot(search, place.step)
                if not self._on:
                    return
            began = perf_counter()
            self._arrive(search, snapshot, place)

    def _arrive(self, search: Search, snapshot: Snapshot, place: Place | None = None) -> None:
        """Show the place, or the whole step where the run ends: last, a hit, or diverged."""
        player, step = self._player, snapshot.step
        entered = step != player.snapshot.step
        hit = search.hit is not None and search.hit.step == step
        diverged = self._sign > 0 and player.timeline.first_not_finite == step
        if self._sign > 0:
            done = step >= self._last
        else:
            done = step <= self._last and (place is None or place.position is None)
        self._ended = done or (entered and (hit or diverged))
        player.show(snapshot, None if self._ended or place is None else place.position)

    async def _snapshot(self, search: Search, position: int) -> Snapshot:
        """The snapshot of ``position``, or of the first step that diverged if that comes before."""
        player, diverged = self._player, self._player.timeline.first_not_finite
        if self._sign > 0 and diverged is not None and self._ahead(diverged):
            position = min(position, diverged)
        return await player.work(search.snapshot, position)

    def _pause_before(self, pace: Pace, due: int, position: int, next_frame: float) -> float:
        """Seconds until there is something to do: a breath while steps are due but not played."""
        if position != due:
            return BREATH
        now = perf_counter()
        frame = next_frame - now
        if self._ahead(position):
            return max(frame, BREATH)
        return max(pace.seconds_to(position + self._sign, now), frame, BREATH)

    async def _rest(self, seconds: float) -> None:
        """Sleep, or wake at a key that concerns the run."""
        player = self._player
        player.wake.clear()
        with suppress(TimeoutError):
            await asyncio.wait_for(player.wake.wait(), seconds)
