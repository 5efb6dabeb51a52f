"""The player alone: speeds, pauses, goals that replace each other, jumps in slices."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Awaitable, Callable, Coroutine
from time import perf_counter
from typing import Any

import pytest

from bptui.app.playback import player as module
from bptui.app.playback.breakpoints import parse
from bptui.app.playback.player import Player
from bptui.app.playback.run import DEFAULT, SPEEDS, Speed
from bptui.app.view import View
from bptui.core.engine import Snapshot
from bptui.core.experiment import Experiment
from bptui.core.timeline import Timeline
from bptui.presets import load

from ..core.support import assert_same_bits
from .support import diverging, drawn_experiment, first_not_finite

FULL = len(SPEEDS)
OPERATIONS = ["1 operation/s", "2 operations/s", "5 operations/s", "10 operations/s"]


class Work:
    """Takes the place of Textual's worker."""

    def __init__(self, work: Callable[[], Coroutine[Any, Any, None]]) -> None:
        self.task = asyncio.ensure_future(work())

    async def wait(self) -> None:
        await asyncio.wait([self.task])
        if not self.task.cancelled():
            self.task.result()


class Screen:
    """Takes the place of the app: keeps the views, and may do something at every frame."""

    def __init__(self, experiment: Experiment | None = None, fps: int = 240) -> None:
        self.views: list[View] = []
        self.told: list[str] = []
        self.at_frame: Callable[[], Awaitable[None]] | None = None
        self.work: Work | None = None
        self.player = Player(
            experiment or load("article"),
            self.start,  # type: ignore[arg-type]  # as good as a worker
            self.views.append,
            self.drawn,
            lambda message, of=None: self.told.append(message),
            fps,
        )

    def start(self, work: Callable[[], Coroutine[Any, Any, None]]) -> Work:
        """Start the one work that goes on; what went on before is given up."""
        if self.work is not None:
            self.work.task.cancel()
        self.work = Work(work)
        return self.work

    async def rest(self) -> None:
        """Wait until nothing goes on."""
        while self.work is not None and not self.work.task.done():
            await self.work.wait()

    async def drawn(self) -> None:
        if self.at_frame is not None:
            await self.at_frame()
        await asyncio.sleep(0)

    @property
    def steps(self) -> list[int]:
        return [view.snapshot.step for view in self.views]


@pytest.fixture
def screen() -> Screen:
    return Screen()


async def test_steps_forwards_and_back(screen: Screen) -> None:
    player = screen.player
    start = player.snapshot
    await player.move(+1).wait()
    assert player.snapshot.step == 1
    await player.move(-1).wait()
    assert_same_bits(player.snapshot, start)
    await player.move(-1).wait()
    assert player.snapshot.step == 0
    assert screen.steps[:2] == [1, 0]


async def test_moves_at_once_add_up(screen: Screen) -> None:
    for by in (1,) * 20 + (-1,) * 7 + (1,) * 3:
        screen.player.move(by)
    await screen.rest()
    assert screen.player.snapshot.step == 16
    assert screen.steps[-1] == 16


async def test_runs_to_the_end_at_full_speed(screen: Screen) -> None:
    player = screen.player
    player.change_speed(FULL)
    await player.run(1000).wait()
    assert player.snapshot.step == 1000
    assert not player.running
    assert screen.steps == sorted(screen.steps)
    assert screen.views[-1].running is False
    assert_same_bits(player.snapshot, Timeline(load("article")).snapshot(1000))


async def test_a_run_of_few_steps_a_second_takes_its_time_and_shows_each(screen: Screen) -> None:
    player = screen.player
    player.change_speed(SPEEDS.index(Speed(50)) - DEFAULT)
    assert str(player.speed) == "50 steps/s"
    screen.views.clear()
    began = perf_counter()
    await player.run(10).wait()
    assert perf_counter() - began >= 9 / 50
    assert player.snapshot.step == 10
    assert screen.steps == sorted(screen.steps)
    assert (
        max(later - sooner for sooner, later in zip(screen.steps, screen.steps[1:], strict=False))
        <= 5
    )


def test_speeds_end_at_both_ends(screen: Screen) -> None:
    player = screen.player
    named = []
    player.change_speed(-FULL)
    for _ in range(FULL + 2):
        named.append(str(player.speed))
        player.change_speed(+1)
    assert named[:5] == ["0.5 operations/s", *OPERATIONS]
    assert named[5] == "1 step/s"
    assert named[6] == "2 steps/s"
    assert named[FULL - 2] == "10000 steps/s"
    assert named[-3:] == ["full speed"] * 3
    assert len(set(named)) == FULL
    assert {str(view.speed) for view in screen.views} == set(named)


async def test_a_new_speed_takes_effect_during_the_run(screen: Screen) -> None:
    player = screen.player
    player.change_speed(-FULL)
    player.run(1000)
    await asyncio.sleep(0)
    player.change_speed(+FULL)
    await asyncio.wait_for(
        screen.rest(), 10
    )  # at a step a second it would take a quarter of an hour
    assert player.snapshot.step == 1000


@pytest.mark.parametrize("attentive", [False, True])
async def test_a_pause_keeps_the_step_that_is_shown(screen: Screen, attentive: bool) -> None:
    player = screen.player
    player.change_speed(FULL)
    frames = 0

    async def pause() -> None:
        nonlocal frames
        frames += 1
        if attentive and frames == 2:
            player.attention = True
        if frames == 3:
            player.pause()

    screen.at_frame = pause
    await player.run(1_000_000).wait()
    stopped = player.snapshot.step
    assert not player.running
    assert 0 < stopped < 1_000_000
    assert stopped == screen.steps[-1]
    await player.move(+1).wait()
    assert player.snapshot.step == stopped + 1
    await player.move(-1).wait()
    assert player.snapshot.step == stopped


async def test_a_step_while_running_pauses_and_steps_on(screen: Screen) -> None:
    player = screen.player
    player.run(1000)
    while player.snapshot.step < 3:
        await asyncio.sleep(0)
    at = player.snapshot.step
    await player.move(+1).wait()
    await screen.rest()
    assert (player.snapshot.step, player.running) == (at + 1, False)


async def test_a_jump_goes_in_slices_and_says_where_to(
    screen: Screen, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "SLICE", 0.0005)
    await screen.player.go(2_000).wait()
    seeking = [view.seeking for view in screen.views]
    assert seeking[0] == 2_000
    assert seeking[-1] is None
    assert screen.steps[-1] == 2_000
    assert_same_bits(screen.player.snapshot, Timeline(load("article")).snapshot(2_000))


async def test_a_later_jump_replaces_one_under_way(screen: Screen) -> None:
    screen.player.go(100_000_000)
    while not screen.views:
        await asyncio.sleep(0)
    await screen.player.go(5).wait()
    await screen.rest()
    assert screen.player.snapshot.step == 5
    assert screen.steps[-1] == 5


async def test_a_pause_gives_up_a_jump(screen: Screen) -> None:
    screen.player.go(100_000_000)
    while not screen.views:
        await asyncio.sleep(0)
    screen.player.pause()
    await screen.rest()
    assert screen.player.snapshot.step == 0
    await screen.player.move(+1).wait()
    assert screen.player.snapshot.step == 1


async def test_another_experiment_starts_over_during_a_run() -> None:
    screen = Screen(drawn_experiment((2, 3, 1), steps=10**9))
    player = screen.player
    player.run(10**9)
    while player.snapshot.step == 0:
        await asyncio.sleep(0)
    await player.open(load("xor")).wait()
    await screen.rest()
    assert (player.snapshot.step, player.snapshot.experiment.name) == (0, "xor")
    assert not player.running
    assert screen.views[-1].snapshot is player.snapshot
    await player.move(+1).wait()
    assert player.snapshot.step == 1


@pytest.mark.parametrize("speed", [SPEEDS.index(Speed(20)) - DEFAULT, FULL])
async def test_a_run_stops_at_the_first_step_that_is_not_finite(speed: int) -> None:
    experiment = diverging()
    screen = Screen(experiment)
    screen.player.change_speed(speed)
    await screen.player.run(1000).wait()
    last = screen.views[-1]
    assert last.snapshot.step == last.diverged_at == first_not_finite(experiment)
    assert not last.running
    await screen.player.move(-1).wait()
    assert screen.player.snapshot.step == first_not_finite(experiment) - 1


async def test_long_steps_are_played_beside_the_event_loop(
    screen: Screen, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "LONG_STEP", -1.0)
    threads: set[int] = set()
    snapshot = Timeline.snapshot

    def recorded(timeline: Timeline, step: int) -> Snapshot:
        threads.add(threading.get_ident())
        return snapshot(timeline, step)

    monkeypatch.setattr(Timeline, "snapshot", recorded)
    screen.player.change_speed(FULL)
    await screen.player.run(500).wait()
    await screen.player.move(-1).wait()
    assert screen.player.snapshot.step == 499
    network = screen.player.snapshot.experiment.network
    texts = ("norm > 1e9", "every 150")
    screen.player.set_breakpoints({parse(text, network): True for text in texts})
    await screen.player.run(0, backwards=True).wait()
    assert screen.player.snapshot.step == 450
    await screen.player.run(1000).wait()
    assert screen.player.snapshot.step == 600
    assert threads
    assert threading.get_ident() not in threads


@pytest.mark.parametrize("running", [False, True])
async def test_a_pause_while_a_long_step_is_played_keeps_the_step_that_is_shown(
    screen: Screen, monkeypatch: pytest.MonkeyPatch, running: bool
) -> None:
    monkeypatch.setattr(module, "LONG_STEP", -1.0)
    player, loop, paused = screen.player, asyncio.get_running_loop(), threading.Event()
    snapshot = Timeline.snapshot

    def pause() -> None:
        player.pause()
        paused.set()

    def recorded(timeline: Timeline, step: int) -> Snapshot:
        loop.call_soon_threadsafe(pause)
        assert paused.wait(10)
        return snapshot(timeline, step)

    monkeypatch.setattr(Timeline, "snapshot", recorded)
    await (player.run(1000) if running else player.go(7)).wait()
    monkeypatch.setattr(Timeline, "snapshot", snapshot)
    assert (player.snapshot.step, player.running) == (0, False)
    await player.move(+1).wait()
    assert player.snapshot.step == 1
