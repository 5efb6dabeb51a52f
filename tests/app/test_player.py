"""The player alone: speeds, pauses, goals that replace each other, jumps in slices, hits."""

import asyncio
import threading
from collections.abc import Awaitable, Callable, Coroutine
from itertools import pairwise
from time import perf_counter
from typing import Any

import pytest

from bptui.app.playback import player as module
from bptui.app.playback.breakpoints import Breakpoint, parse
from bptui.app.playback.history import Place
from bptui.app.playback.player import Player
from bptui.app.playback.run import SPEEDS, Speed
from bptui.app.playback.search import Search
from bptui.app.view import View
from bptui.core.engine import Snapshot
from bptui.core.experiment import Experiment
from bptui.core.timeline import Timeline
from bptui.presets.files import load

from ..core.support import assert_same_bits
from .support import drawn_experiment

ARTICLE = load("article")
FULL = len(SPEEDS)


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

    def __init__(self, experiment: Experiment | None = None, *breakpoints: str) -> None:
        self.views: list[View] = []
        self.told: list[str] = []
        self.at_frame: Callable[[], Awaitable[None]] | None = None
        self.work: Work | None = None
        self.player = Player(
            experiment or ARTICLE,
            self.start,  # type: ignore[arg-type]  # as good as a worker
            self.views.append,
            self.drawn,
            lambda message, of=None: self.told.append(message),
            240,
        )
        self.player.set_breakpoints({breakpoint_of(text): True for text in breakpoints})

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

    async def reached(self, step: int) -> None:
        """Let the player work until it shows ``step`` or a later one."""
        while self.player.snapshot.step < step:
            await asyncio.sleep(0)

    def speed(self, speed: Speed) -> None:
        self.player.change_speed(SPEEDS.index(speed) - SPEEDS.index(self.player.speed))

    @property
    def steps(self) -> list[int]:
        return [view.snapshot.step for view in self.views]


def breakpoint_of(text: str) -> Breakpoint:
    return parse(text, ARTICLE.network)


@pytest.fixture
def screen() -> Screen:
    return Screen()


@pytest.mark.parametrize("backwards", [False, True])
async def test_a_run_of_few_steps_a_second_takes_its_time(screen: Screen, backwards: bool) -> None:
    player = screen.player
    await player.go(1000).wait()
    screen.speed(Speed(50))
    screen.views.clear()
    began, last = perf_counter(), 990 if backwards else 1010
    await player.run(last, backwards).wait()
    assert perf_counter() - began >= 9 / 50
    assert screen.steps == sorted(screen.steps, reverse=backwards)
    assert screen.steps[-1] == last
    assert {view.backwards for view in screen.views if view.running} == {backwards}


async def test_what_comes_later_replaces_what_is_under_way() -> None:
    screen = Screen(drawn_experiment((2, 3, 1), steps=10**9))
    player = screen.player
    for under_way in (lambda: player.go(100_000_000), lambda: player.run(10**9)):
        under_way()
        await asyncio.sleep(0.01)
        await player.go(5).wait()
        assert screen.steps[-1] == player.snapshot.step == 5
        under_way()
        await asyncio.sleep(0.01)
        player.pause()
        await screen.rest()
        at = player.snapshot.step
        assert not player.running
        await player.move(+1).wait()
        assert player.snapshot.step == at + 1
    player.run(10**9)
    await screen.reached(at + 2)
    at = player.snapshot.step
    await player.move(+1).wait()
    assert (player.snapshot.step, player.running) == (at + 1, False)
    player.run(10**9)
    await player.open(load("xor")).wait()
    assert (player.snapshot.step, player.snapshot.experiment.name) == (0, "xor")
    assert not player.running
    assert screen.views[-1].snapshot is player.snapshot
    player.go(2000)
    player.move(+1)
    screen.speed(Speed(10_000))
    await player.run(1990, backwards=True).wait()  # from where the keys before lead
    assert (player.place, max(screen.steps[-500:])) == (Place(1990), 2001)


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
    player = screen.player
    player.change_speed(FULL)
    await player.run(500).wait()
    await player.move(-1).wait()
    assert player.snapshot.step == 499
    texts = ("norm > 1e9", "every 150")
    player.set_breakpoints({breakpoint_of(text): True for text in texts})
    for last, stop in ((0, 450), (1000, 600)):
        await player.run(last, backwards=last == 0).wait()
        assert player.snapshot.step == stop
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


def hits_of(texts: list[str], last: int) -> list[int]:
    """The steps up to ``last`` at which any of them hits, from a timeline of its own."""
    timeline, found, step = Timeline(ARTICLE), list[int](), 0
    while True:
        breakpoints = [breakpoint_of(text) for text in texts]
        search = Search(timeline, breakpoints, timeline.snapshot(step))
        step = search.advance(last)
        search.snapshot(step)
        if search.hit is None:
            return found
        found.append(step)


@pytest.mark.parametrize(
    ("speed", "texts"),
    [
        (Speed(2000), ["every 97"]),
        (Speed(2000), ["|w5| > 1", "gw5 < 0"]),
        (SPEEDS[-1], ["loss < 0.1"]),
        (SPEEDS[-1], ["norm < 0.1", "loss < 0.01"]),
    ],
    ids=str,
)
async def test_runs_stop_at_each_hit_there_and_back(speed: Speed, texts: list[str]) -> None:
    expected = hits_of(texts, 300)
    assert expected
    screen = Screen(ARTICLE, *texts)
    screen.speed(speed)
    player = screen.player
    for step in expected:
        await player.run(300).wait()
        assert screen.told[-1].startswith(f"stopped at step {step}: ")
        assert player.place == Place(step)
        assert not player.running
        assert_same_bits(player.snapshot, Timeline(ARTICLE).snapshot(step))
    assert screen.views[-1].hits == tuple(expected)
    await player.run(300).wait()
    assert player.snapshot.step == 300
    for step in (*(stop for stop in reversed(expected) if stop < 300), 0):
        await player.run(0, backwards=True).wait()
        assert player.place == Place(step)
        assert_same_bits(player.snapshot, Timeline(ARTICLE).snapshot(step))
    player.set_breakpoints({breakpoint_of(text): False for text in texts})
    await player.run(300).wait()
    assert player.snapshot.step == 300  # those switched off do not stop
    player.set_breakpoints({})
    assert screen.views[-1].hits == ()


@pytest.mark.parametrize("backwards", [False, True])
async def test_slow_speeds_walk_operation_by_operation(
    backwards: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "SPEEDS", (Speed(1000, "operation"),) * FULL)
    screen = Screen(ARTICLE, "every 3")
    player = screen.player
    await player.go(5 if backwards else 0).wait()
    screen.views.clear()
    await player.run(0 if backwards else 4, backwards).wait()
    assert screen.told == ["stopped at step 3: every 3"]
    assert player.place == Place(3)
    places = [Place(view.snapshot.step, view.position) for view in screen.views if view.running]
    count = player.operations
    assert len(places) == (count + 1 if backwards else 3 * count + 1)
    for before, after in pairwise(places):
        expected = before.walked(-1 if backwards else 1, count)
        assert after == (Place(3) if expected.step == 3 else expected)
