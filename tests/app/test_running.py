"""Running, pausing, speeds, and training that diverges."""

from __future__ import annotations

import pytest

from bptui.core.timeline import Timeline
from bptui.presets import load

from ..core.support import assert_same_bits
from .support import (
    FASTEST,
    SIZES,
    check_diagram,
    check_matrices,
    diverging,
    drawn_experiment,
    first_not_finite,
    opened,
)


@pytest.mark.parametrize("size", SIZES[:2])
async def test_space_runs_to_the_last_step_and_stops(size: tuple[int, int]) -> None:
    async with opened("article", size) as session:
        await session.press(*FASTEST, "space")
        await session.step(1000)
        assert "loss 2.46503e-08" in session.status()
        assert not session.app.player.running
        assert session.app.player.timeline.furthest == 1000
        assert await check_matrices(session) == 16
        assert await check_diagram(session) >= 4
        assert_same_bits(session.app.player.snapshot, Timeline(load("article")).snapshot(1000))


async def test_space_past_the_end_runs_to_the_next_multiple() -> None:
    async with opened(drawn_experiment((2, 3, 1), steps=30)) as session:
        await session.press(*FASTEST, "space")
        await session.step(30)
        await session.press("space")
        await session.step(60)
        await session.press("S", "space")
        await session.step(60)


async def test_space_pauses_and_goes_on() -> None:
    async with opened(drawn_experiment((2, 3, 1), steps=100_000_000)) as session:
        player = session.app.player
        await session.press("space")
        await session.until(lambda: session.shown_step > 10, "some steps")
        assert "▶" in session.status()
        await session.press("space")
        stopped = await session.rest()
        assert not player.running
        assert await check_matrices(session) > 0
        await session.press("s")
        await session.step(stopped + 1)
        await session.press("space")
        await session.until(lambda: session.shown_step > stopped + 1, "more steps")
        await session.press("space")
        await session.rest()
        assert not player.running


async def test_keys_answer_while_running() -> None:
    async with opened(drawn_experiment((2, 3, 1), steps=100_000_000)) as session:
        player = session.app.player
        await session.press("space")
        await session.until(lambda: session.shown_step > 3, "some steps")
        await session.press("l")
        await session.until(lambda: "logarithmic" in session.border("#loss"), "a scale")
        await session.press("plus")
        await session.until(lambda: "500 steps/s" in session.key_line(), "a new speed")
        assert player.running
        await session.press("question_mark")
        await session.shows("Train one step")
        await session.press("escape")
        await session.until(lambda: "Train one step" not in session.screen(), "no help")
        assert player.running
        at = session.shown_step
        await session.press("s")
        assert await session.rest() > at
        assert not player.running
        await session.press("space")
        await session.until(lambda: player.running, "a run")
        await session.press("r")
        await session.step(0)
        assert not player.running


async def test_speed_changes_and_stays_at_the_ends() -> None:
    async with opened("article") as session:
        assert "200 steps/s" in session.key_line()
        await session.press("equals_sign")
        await session.until(lambda: "500 steps/s" in session.key_line(), "500")
        await session.press("minus", "minus")
        await session.until(lambda: "100 steps/s" in session.key_line(), "100")
        await session.press(*["minus"] * 6)
        await session.until(lambda: " 1 step/s" in session.key_line(), "one")
        await session.press("minus")
        await session.until(lambda: " 10 operations/s" in session.key_line(), "operations")
        await session.press(*["minus"] * 6)
        await session.until(lambda: " 0.5 operations/s" in session.key_line(), "the slowest")
        await session.press(*["plus"] * 20)
        await session.until(lambda: "full speed" in session.key_line(), "the fastest")
        await session.press("minus")
        await session.until(lambda: "10000 steps/s" in session.key_line(), "the one below")


@pytest.mark.parametrize("size", SIZES[:2])
async def test_divergence_pauses_at_the_first_step_that_is_not_finite(
    size: tuple[int, int],
) -> None:
    experiment = diverging()
    at = first_not_finite(experiment)
    async with opened(experiment, size) as session:
        await session.press(*FASTEST, "space")
        await session.step(at)
        said = f"The loss is not finite from step {at} on: training has diverged."
        await session.until(lambda: said in session.notices(), "a notice")
        assert not session.app.player.running
        assert "loss inf" in session.status() or "loss nan" in session.status()
        chart = "\n".join(session.inside("#loss"))
        assert "nan" not in chart
        assert "inf" not in chart
        await check_matrices(session)
        await session.press("S")
        await session.step(at - 1)
        assert_same_bits(session.app.player.snapshot, Timeline(experiment).snapshot(at - 1))
        assert await check_matrices(session) > 0
        await session.press("s")
        await session.step(at)
        await session.press("space")
        said_again = "Training has diverged here; S and r go back."
        await session.until(lambda: said_again in session.notices(), "a notice")
        assert session.shown_step == at
        await session.press("s")
        await session.step(at + 1)
        await session.press("r")
        await session.step(0)


async def test_divergence_between_two_frames_is_not_run_past() -> None:
    experiment = diverging(steps=100_000)
    async with opened(experiment) as session:
        await session.press("space")
        await session.step(first_not_finite(experiment))


async def test_resizing_while_running() -> None:
    async with opened(drawn_experiment((4, 8, 3), steps=100_000_000)) as session:
        await session.press("space")
        for size in ((300, 100), (60, 16), (20, 6), (1, 1), (80, 24), (120, 36)):
            session.resize(*size)
            await session.until(lambda: len(session.lines()) == size[1], "the new size")  # noqa: B023  used up within the turn
            before = session.shown_step
            await session.until(lambda: session.shown_step > before, "more steps")  # noqa: B023  as above
        await session.press("space")
        await session.rest()
        assert await check_matrices(session) > 0
        assert await check_diagram(session) > 0


async def test_a_resized_screen_is_that_of_a_start_at_this_size() -> None:
    async with opened("article", (100, 30)) as session:
        for size in SIZES:
            async with opened("article", size) as fresh:
                expected = fresh.screen()
            session.resize(*size)
            await session.until(lambda: session.screen() == expected, "the same screen")  # noqa: B023  used up within the turn
