"""Runs that stop at breakpoints, backwards and at every speed; the dialogs that set them."""

from __future__ import annotations

import asyncio
from itertools import pairwise

import pytest

from bptui.app.playback.breakpoints import Breakpoint, parse
from bptui.app.playback.history import Place
from bptui.app.playback.run import DEFAULT, SPEEDS, Speed
from bptui.app.playback.search import ForwardSearch
from bptui.app.screens.breakpoints import BreakpointScreen, examples
from bptui.core.network import Network
from bptui.core.timeline import Timeline
from bptui.presets import load

from ..core.support import assert_same_bits
from .support import Session, drawn_experiment, opened
from .test_player import Screen

ARTICLE = load("article")
FAST = [Speed(2000), SPEEDS[-1]]


def breakpoint_of(text: str) -> Breakpoint:
    return parse(text, ARTICLE.network)


def hits_of(texts: list[str], last: int) -> list[int]:
    """The steps up to ``last`` at which any of them hits, from a timeline of its own."""
    timeline, found, step = Timeline(ARTICLE), list[int](), 0
    while True:
        breakpoints = [breakpoint_of(text) for text in texts]
        search = ForwardSearch(timeline, breakpoints, timeline.snapshot(step))
        step = search.advance(last)
        search.snapshot(step)
        if search.hit is None:
            return found
        found.append(step)


def with_breakpoints(*texts: str, speed: Speed = SPEEDS[-1]) -> Screen:
    screen = Screen()
    screen.player.change_speed(SPEEDS.index(speed) - DEFAULT)
    screen.player.set_breakpoints({breakpoint_of(text): True for text in texts})
    return screen


@pytest.mark.parametrize("speed", FAST, ids=str)
@pytest.mark.parametrize(
    "texts",
    [
        ["loss < 0.1"],
        ["every 97"],
        ["norm < 0.1", "loss < 0.01"],
        ["|w5| > 1", "gw5 < 0"],
        ["delta_o1 < 0.05"],
    ],
    ids=str,
)
async def test_runs_stop_at_each_hit_there_and_back(speed: Speed, texts: list[str]) -> None:
    expected = hits_of(texts, 300)
    assert expected
    screen = with_breakpoints(*texts, speed=speed)
    player = screen.player
    for step in expected:
        await player.run(300).wait()
        assert screen.told[-1].startswith(f"stopped at step {step}: ")
        assert player.place == Place(step)
        assert not player.running
        assert_same_bits(player.snapshot, Timeline(ARTICLE).snapshot(step))
    assert screen.views[-1].hits == tuple(expected)
    if expected[-1] < 300:
        await player.run(300).wait()
    assert player.snapshot.step == 300
    for step in reversed(expected):
        if step < 300:
            await player.run(0, backwards=True).wait()
            assert screen.told[-1].startswith(f"stopped at step {step}: ")
            assert player.snapshot.step == step
            assert_same_bits(player.snapshot, Timeline(ARTICLE).snapshot(step))
    await player.run(0, backwards=True).wait()
    assert player.place == Place(0)
    assert not screen.views[-1].running


async def test_a_breakpoint_switched_off_does_not_stop() -> None:
    screen = with_breakpoints("loss < 0.1")
    screen.player.set_breakpoints({breakpoint_of("loss < 0.1"): False})
    await screen.player.run(300).wait()
    assert not screen.told
    assert screen.player.snapshot.step == 300


async def test_a_hit_at_the_last_step_is_told() -> None:
    screen = with_breakpoints("every 50")
    await screen.player.run(50).wait()
    assert screen.told == ["stopped at step 50: every 50"]


async def test_removing_a_breakpoint_forgets_its_hits() -> None:
    screen = with_breakpoints("every 50", "every 70")
    await screen.player.run(300).wait()
    await screen.player.run(300).wait()
    assert screen.views[-1].hits == (50, 70)
    screen.player.set_breakpoints({breakpoint_of("every 70"): True})
    assert screen.views[-1].hits == (70,)


async def test_running_backwards_goes_down_and_takes_its_time() -> None:
    screen = with_breakpoints(speed=Speed(50))
    await screen.player.go(1000).wait()
    screen.views.clear()
    loop = asyncio.get_running_loop()
    began = loop.time()
    await screen.player.run(990, backwards=True).wait()
    assert loop.time() - began >= 9 / 50
    assert screen.steps == sorted(screen.steps, reverse=True)
    assert screen.steps[-1] == 990
    assert {view.backwards for view in screen.views if view.running} == {True}


@pytest.mark.parametrize("backwards", [False, True])
async def test_slow_speeds_walk_operation_by_operation(
    backwards: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        "bptui.app.playback.player.SPEEDS", (Speed(1000, "operation"),) * len(SPEEDS)
    )
    screen = with_breakpoints("every 3")
    player = screen.player
    await player.go(5 if backwards else 0).wait()
    screen.views.clear()
    await (player.run(0, backwards=True) if backwards else player.run(4)).wait()
    assert screen.told
    assert player.place == Place(3)
    places = [Place(view.snapshot.step, view.position) for view in screen.views if view.running]
    count = player.operations
    assert len(places) == (count + 1 if backwards else 3 * count + 1)
    for before, after in pairwise(places):
        expected = before.previous(count) if backwards else before.next(count)
        assert after == (Place(3) if expected.step == 3 else expected)


async def test_the_dialog_sets_a_breakpoint_and_a_run_stops_there() -> None:
    stop = hits_of(["loss < 0.1"], 300)[0]
    async with opened("article") as session:
        await session.press("b")
        await session.shows("Breakpoints", "None is set yet")
        await session.press(*"loss", "<")
        await session.shows("Write a quantity")
        await session.press(*"0.1")
        await session.shows("Stops when the loss falls below 0.1")
        await session.press("enter")
        await session.shows("[x] loss < 0.1")
        await session.press("escape")
        await session.press(*["plus"] * 8, "space")
        await session.step(stop)
        said = f"stopped at step {stop}: loss < 0.1"
        await session.until(lambda: said in session.notices(), "the notice")
        await session.until(lambda: "◆" in "".join(session.inside("#loss")), "the mark")
        await session.press("s", "backspace")
        await session.step(stop)
        await session.press("b")
        await session.shows("[x] loss < 0.1")
        await session.press("down", "space")
        await session.shows("[ ] loss < 0.1", "switched off")
        await session.press("enter")
        await session.shows("[x] loss < 0.1")
        await session.press("delete")
        await session.shows("None is set yet")
        await session.press("escape")
        await session.until(lambda: "◆" not in session.screen(), "no mark")
        await session.press("space")
        await session.step(1000)


@pytest.mark.parametrize("network", [ARTICLE.network, Network((3, 2), ("tanh",))])
def test_the_examples_are_breakpoints_of_the_network(network: Network) -> None:
    for row in examples(network):
        for text in row:
            parse(text, network)


@pytest.mark.parametrize("size", [(120, 36), (80, 24), (60, 16)])
async def test_the_dialog_fits(size: tuple[int, int]) -> None:
    async with opened("article", size) as session:
        texts = [text for row in examples(ARTICLE.network) for text in row]
        session.app.player.set_breakpoints({breakpoint_of(text): True for text in texts})
        await session.press("b")
        await session.shows("[x] loss < 0.01", "─ Breakpoints ─", "esc: close")
        await session.press("escape")
        await session.until(lambda: not isinstance(session.app.screen, BreakpointScreen), "the end")


async def test_breakpoints_survive_another_preset_where_they_fit() -> None:
    async with opened("article") as session:
        player = session.app.player
        player.set_breakpoints({breakpoint_of("loss < 0.1"): True, breakpoint_of("|w8| > 2"): True})
        await player.open(drawn_experiment((2, 2, 1))).wait()
        assert player.breakpoints == {breakpoint_of("loss < 0.1"): True}
        said = "drawn has no such quantity: removed the breakpoint |w8| > 2."
        await session.until(lambda: said in session.notices(), "the notice")


async def test_backspace_runs_back_and_pauses() -> None:
    async with opened("article") as session:
        player = session.app.player
        await session.press("backspace")  # nothing lies before step 0
        assert not player.running
        session.app.action_go(900)
        await session.step(900)
        await session.press("backspace")
        await session.until(lambda: session.shown_step < 890, "some steps back")
        assert "◀" in session.status()
        await session.press("backspace")
        stopped = await session.rest()
        assert not player.running
        assert_same_bits(player.snapshot, Timeline(ARTICLE).snapshot(stopped))
        await session.press("backspace")
        await session.until(lambda: session.shown_step < stopped, "more steps")
        await session.press("space")
        await session.rest()
        assert not player.running
        await session.press(*["plus"] * 8, "backspace")
        await session.step(0)


async def test_a_run_begins_where_the_keys_before_it_lead() -> None:
    screen = with_breakpoints(speed=Speed(10_000))
    player = screen.player
    player.go(2000)
    player.move(+1)
    await player.run(1990, backwards=True).wait()
    assert player.place == Place(1990)
    assert max(screen.steps) == 2001
    assert not player.running


async def test_slower_and_faster_again_while_running() -> None:
    async with opened(drawn_experiment((2, 3, 1), steps=10**8)) as session:
        player = session.app.player
        await session.press(*["minus"] * 8, "space")
        await session.until(lambda: player.position is not None, "an operation")
        at = player.place
        await session.press(*["plus"] * 8)
        await session.until(lambda: player.position is None, "whole steps again")
        assert 0 <= player.place.step - at.step < 100
        await session.press("space")
        await session.rest()


async def type_into(session: Session, text: str) -> None:
    names = {"+": "plus", "-": "minus", " ": "space", ",": "comma"}
    await session.press(*(names.get(each, each) for each in text))


async def test_go_to_says_where_it_leads_and_goes_there() -> None:
    async with opened("iris") as session:
        await session.press("s", "s", "n")
        await session.rest()
        await session.press("g")
        await session.shows("─ Go to ─", "A step: 12, +5, -5, end")
        await type_into(session, "-3")
        await session.shows("There is no step -1; the first step is 0")
        await session.press("enter")  # does nothing
        await session.shows("─ Go to ─")
        await session.press("escape")
        await session.until(lambda: "Go to" not in session.screen(), "the dialog to close")
        assert session.app.player.place == Place(2, 0)
        await session.press("g")
        await type_into(session, "+10")
        await session.shows("→ step 12, epoch 1")
        await session.press("enter")
        await session.step(12)
        assert session.app.player.place == Place(12)
        await session.press("g", *"end", "enter")
        await session.step(session.app.player.snapshot.experiment.training.steps)


async def test_escape_gives_up_a_long_jump() -> None:
    async with opened("article") as session:
        await session.press("s", "g", *"1e9", "enter")
        await session.until(lambda: "seeking 1000000000" in session.status(), "the seek")
        await session.press("escape")
        await session.step(1)
        assert await session.rest() == 1
        assert "seeking" not in session.status()
        await session.press("s")
        await session.step(2)
