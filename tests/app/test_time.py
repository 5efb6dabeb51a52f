"""Moving through time in the app: operations, steps, runs, speeds, and training that diverges."""

import re

import numpy as np
import pytest
from textual.widgets._toast import Toast

from bptui.app.panels.panel import Panel
from bptui.app.panels.status import StatusLine
from bptui.app.playback.breakpoints import parse
from bptui.app.playback.history import Place
from bptui.core.experiment import Experiment
from bptui.core.timeline import Timeline
from bptui.presets.files import load

from ..core.support import assert_same_bits, diverging, first_not_finite
from .styled import check_diagram, check_matrices
from .support import FASTEST, SIZES, Session, drawn_experiment, opened

LABELS = [
    *("net_h", "out_h", "net_o", "out_o", "L", "dL/dout_o"),
    *("delta_o", "gW2", "dL/dout_h", "delta_h", "gW1", "update"),
]
KEYS = {"n": "operation", "N": "operation_back", "s": "step", "S": "step_back", "r": "restart"}
ENDLESS = drawn_experiment((2, 3, 1), steps=10**8)


@pytest.mark.parametrize("size", SIZES[:3:2])
async def test_steps_there_and_back_show_the_engines_numbers(size: tuple[int, int]) -> None:
    async with opened("article", size) as session:
        status = session.status()
        assert all(part in status for part in ("article", "step 0", "loss 0.163287"))
        assert all(title in session.screen() for title in ("─ Network ─", "─ Derivation", "Loss "))
        await session.bring("#weights")
        assert all(f"─ {title} ─" in session.screen() for title in ("Weights", "Gradients"))
        before, numbers = session.app.player.snapshot, session.inside("#weights")
        for step in (1, 2):
            await session.press("s")
            await session.step(step)
            assert await check_matrices(session) >= (16 if size >= (80, 24) else 8)
            assert await check_diagram(session) >= 4
        await session.press("S")
        await session.step(1)
        assert "loss 0.157921" in session.status()
        await session.press("S", "S", "S")  # step 0 stays
        await session.step(0)
        await session.bring("#weights")
        assert (session.status(), session.inside("#weights")) == (status, numbers)
        assert_same_bits(session.app.player.snapshot, before)
        await session.press(*["s"] * 40)
        await session.step(40)
        await session.press(*["S"] * 15, "s", "s")
        await session.step(27)
        assert_same_bits(session.app.player.snapshot, Timeline(load("article")).snapshot(27))
        await session.press("r")
        await session.step(0)
        assert session.status() == status


async def shows_operation(session: Session, step: int, number: int) -> None:
    label = re.escape(LABELS[number - 1])
    text = re.compile(rf" step {step} .* {number}/{len(LABELS)} (\w+: )?{label} ")
    await session.until(lambda: text.search(session.status()), text.pattern)


async def test_the_operations_of_a_step_there_and_back() -> None:
    async with opened("article", (80, 24)) as session:
        whole, column = session.status(), session.status().index("loss 0.163287")
        for number in range(1, 13):
            await session.press("n")
            await shows_operation(session, 0, number)
            loss = "loss ·  " if number <= LABELS.index("L") else "loss 0.163287"
            assert session.status().index(loss) == column  # nothing jumps
        await session.press("n")
        await shows_operation(session, 1, 1)
        assert session.status().index("loss ·  ") == column
        for number in range(12, 0, -1):
            await session.press("N")
            await shows_operation(session, 0, number)
        await session.press("N")
        await session.until(lambda: session.status() == whole, "the whole of step 0")


async def test_a_random_walk_ends_where_a_model_says() -> None:
    rng, mixed = np.random.default_rng(7), {"batch_size": 2, "shuffle": True, "optimizer": "adam"}
    experiment = drawn_experiment((3, 4, 3, 2), samples=5, **mixed)
    async with opened(experiment, (80, 24)) as session:
        app, model, pressed = session.app, Place(0), 0
        count = app.player.operations
        while pressed < 200:
            for _ in range(int(rng.integers(1, 60))):
                key = str(rng.choice([*"nnnnnnNNNNNNsssSSSSg", *"r" * (rng.random() < 0.1)]))
                pressed += 1
                if key == "g":
                    model = Place(int(rng.integers(60)))
                    app.action_go(model.step)
                    continue
                app.action_command(KEYS[key])
                if key in "nN":
                    model = model.walked(1 if key == "n" else -1, count)
                else:
                    by = {"r": -model.step, "s": 1, "S": -1}[key]
                    model = Place(max(model.step + by, 0))
            await session.rest()
            assert app.player.place == model
            assert_same_bits(app.player.snapshot, Timeline(experiment).snapshot(model.step))


async def test_space_runs_to_the_last_step_and_its_multiples() -> None:
    async with opened("article") as session:
        player = session.app.player
        await session.press(*FASTEST, "space")
        await session.step(1000)
        assert "loss 2.46503e-08" in session.status()
        assert not player.running
        assert player.timeline.furthest == 1000
        assert await check_matrices(session) == 16
        assert await check_diagram(session) >= 4
        assert_same_bits(player.snapshot, Timeline(load("article")).snapshot(1000))
        await session.press("space")
        await session.step(2000)
        await session.press("S", "space")
        await session.step(2000)


async def test_keys_answer_while_running() -> None:
    async with opened(ENDLESS) as session:
        player = session.app.player
        await session.press("space")
        await session.until(lambda: session.shown_step > 3, "some steps")
        assert "▶" in session.status()
        await session.press("l")
        await session.until(lambda: "logarithmic" in session.border("#loss"), "a scale")
        await session.press("plus")
        await session.until(lambda: "500 steps/s" in session.key_line(), "a new speed")
        await session.press("question_mark")
        await session.shows("Train one step")
        await session.press("escape")
        await session.until(lambda: "Train one step" not in session.screen(), "no help")
        assert player.running
        for keys, place in (
            (["space"], lambda step: Place(step)),
            (["s"], lambda step: Place(step + 1)),
            (["n"], lambda step: Place(step, 0)),
            (["N", "N"], lambda step: Place(step - 1, player.operations - 2)),
            (["r"], lambda step: Place(0)),
        ):
            player.pause()
            at = session.shown_step
            await session.press("space")
            await session.until(lambda a=at: session.shown_step > a, "more steps")
            await session.press(*keys)
            await session.rest()
            assert not player.running
            assert player.place.position == place(1).position
            assert keys != ["r"] or player.place == Place(0)
        await session.press("space")
        await session.until(lambda: session.shown_step > 3, "more steps")
        await session.press("space")
        stopped = await session.rest()
        assert await check_matrices(session) > 0
        await session.press("s")
        await session.step(stopped + 1)


async def test_speeds_and_their_ends() -> None:
    known = " n operation  s step  space run  d form  p presets  ? help  q quit "
    async with opened(ENDLESS, (80, 24)) as session:
        for keys, shown in (
            ([], "200 steps/s"),
            (["equals_sign"], "500 steps/s"),
            (["minus"] * 8, " 1 step/s"),
            (["minus"], " 10 ops/s"),
            (["minus"] * 6, " 0.5 ops/s"),
            (["plus"] * 20, "full speed"),
            (["minus"], "10000 steps/s"),
        ):
            await session.press(*keys)
            await session.until(lambda text=shown: text in session.key_line(), shown)
            assert session.key_line().startswith(known)
        player = session.app.player
        await session.press(*["minus"] * 13, "space")
        await session.until(lambda: player.position is not None, "an operation")
        at = player.place
        await session.press(*["plus"] * 8)
        await session.until(lambda: player.position is None, "whole steps again")
        assert 0 <= player.place.step - at.step < 100


async def test_divergence_pauses_at_the_first_step_that_is_not_finite() -> None:
    experiment = diverging()
    at = first_not_finite(Timeline(experiment))
    async with opened(experiment, (80, 24)) as session:
        await session.press(*FASTEST, "space")
        await session.step(at)
        await told(session, f"The loss is not finite from step {at} on: training has diverged.")
        assert not session.app.player.running
        assert "loss inf" in session.status() or "loss nan" in session.status()
        chart = "\n".join(session.inside("#loss"))
        assert not re.search("nan|inf", chart)
        await check_matrices(session)
        await session.press("S")
        await session.step(at - 1)
        await gone(session)
        assert_same_bits(session.app.player.snapshot, Timeline(experiment).snapshot(at - 1))
        assert await check_matrices(session) > 0
        await session.press("s", "space")
        await told(session, "Training has diverged here; S and r go back.")
        assert session.shown_step == at
        await session.press("s")
        await session.step(at + 1)
        await session.press("r")
        await session.step(0)


@pytest.mark.parametrize("made", [load("article"), drawn_experiment((3, 14, 12, 2))])
async def test_every_size_looks_as_at_a_start(made: Experiment) -> None:
    async with opened(made, (100, 30)) as session:
        for size in SIZES[::2]:
            async with opened(made, size) as fresh:
                expected = fresh.screen()
            session.resize(*size)
            await session.until(lambda: session.screen() == expected, "that of a start")  # noqa: B023  used up within the turn


async def told(session: Session, text: str) -> None:
    """Wait for the news; they lie over the keys and over nothing else."""
    await session.until(lambda: text in session.notices(), f"the news that {text}")
    screen = session.app.screen_stack[0]
    regions = [each.region for each in screen.query(Toast)]
    assert regions == [screen.query_one("#keys").region]
    panels = (*screen.query(Panel), screen.query_one(StatusLine))
    assert not any(each.region.area and each.region.overlaps(regions[0]) for each in panels)


async def gone(session: Session) -> None:
    await session.until(lambda: not session.notices(), "the end of the news")


async def test_news_go_when_they_are_true_no_longer() -> None:
    async with opened("article", (80, 24)) as session:
        await session.press("u")
        await told(session, "nothing to undo")
        await session.press("enter", "ctrl+u", *"0.9", "enter")
        await told(session, "w1 changed from 0.15 to 0.9")
        await session.press("s", "n", "down")
        assert "w1 changed" in session.notices()  # it still is
        await session.press("u")
        await gone(session)
        await session.press("ctrl+r", "ctrl+r")
        await told(session, "nothing to redo")
        await session.press("u")
        await gone(session)
        await session.press("r", "right_square_bracket")
        await told(session, "only one sample")
        await session.press("s")
        await gone(session)
        await session.press("right", "enter")  # from the weight to a hidden unit
        await told(session, "Computed: edit a weight")
        await session.press("right")
        await gone(session)
        network = load("article").network
        session.app.player.set_breakpoints({parse("every 7", network): True})
        await session.press("space")
        await told(session, "stopped at step 7: every 7")
        await session.press("S")
        await gone(session)


async def test_what_is_computed_while_the_app_ends_is_not_shown() -> None:
    async with opened("article") as session:
        app = session.app
    app.show_view(app.player.view())
