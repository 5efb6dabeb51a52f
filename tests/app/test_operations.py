"""Walking through the operations of a step, and mixed walks, against a simple model of time."""

from __future__ import annotations

import re

import numpy as np
import pytest

from bptui.app.playback.history import Place
from bptui.core.experiment import Experiment
from bptui.core.timeline import Timeline
from bptui.presets import load

from ..core.support import assert_same_bits
from .support import Session, drawn_experiment, opened

ORDER = [
    "forward: net_h",
    "forward: out_h",
    "forward: net_o",
    "forward: out_o",
    "loss: L",
    "backward: dL/dout_o",
    "backward: delta_o",
    "backward: gW2",
    "backward: dL/dout_h",
    "backward: delta_h",
    "backward: gW1",
    "update",
]
OFTEN = "nnnnnnNNNNNNsssSSSSg"
KEYS = {"n": "operation", "N": "operation_back", "s": "step", "S": "step_back", "r": "restart"}


async def shows_operation(session: Session, step: int, number: int) -> None:
    text = re.compile(rf" step {step} .* {number}/{len(ORDER)} {re.escape(ORDER[number - 1])} ")
    await session.until(lambda: text.search(session.status()), text.pattern)


@pytest.mark.parametrize("size", [(120, 36), (80, 24)])
async def test_thirteen_operations_there_and_back(size: tuple[int, int]) -> None:
    async with opened("article", size) as session:
        whole, column = session.status(), session.status().index("loss 0.163287")
        for number in range(1, 13):
            await session.press("n")
            await shows_operation(session, 0, number)
            assert session.status().index("loss 0.163287") == column  # nothing jumps
        await session.press("n")
        await shows_operation(session, 1, 1)
        assert session.status().index("loss 0.157921") == column
        for number in range(12, 0, -1):
            await session.press("N")
            await shows_operation(session, 0, number)
        await session.press("N")
        await session.until(lambda: session.status() == whole, "the whole of step 0")
        await session.press("N")
        await session.rest()
        assert session.app.player.place == Place(0)


async def test_steps_leave_the_operations() -> None:
    async with opened("article") as session:
        player = session.app.player
        for keys, place in (
            ("nnns", Place(1)),
            ("N", Place(0, 11)),
            ("S", Place(0)),
            ("ssnnS", Place(1)),
            ("nr", Place(0)),
        ):
            await session.press(*keys)
            await session.rest()
            assert player.place == place
            if place.position is None:
                assert "all operations" in session.status()


async def test_operations_fit_a_narrow_status_line() -> None:
    async with opened(drawn_experiment((2, 3, 3, 3, 1)), (60, 16)) as session:
        count = len(session.app.player.snapshot.operations)
        column = session.status().index("loss ")
        for number in range(1, count + 2):
            await session.press("n")
            await session.until(
                lambda: f"{(number - 1) % count + 1}/{count} " in session.status(),  # noqa: B023  used up within the turn
                "the operation",
            )
            assert session.status().index("loss ") == column


async def test_an_operation_while_running_counts_from_the_shown_step() -> None:
    async with opened(drawn_experiment((2, 3, 1), steps=10**8)) as session:
        player = session.app.player
        await session.press("space")
        await session.until(lambda: session.shown_step > 3, "some steps")
        await session.press("n")
        await session.rest()
        assert not player.running
        stopped = player.place.step
        assert player.place == Place(stopped, 0)
        await session.press("N", "N")
        await session.rest()
        assert player.place == Place(stopped - 1, player.operations - 2)


@pytest.mark.parametrize(
    "experiment",
    [
        load("article"),
        drawn_experiment((3, 4, 3, 2), samples=5, batch_size=2, shuffle=True, optimizer="adam"),
        drawn_experiment((3, 2), mistakes=("wrong-sign",)),
    ],
    ids=["article", "mini-batches", "no hidden layer"],
)
async def test_a_random_walk_ends_where_the_model_says(experiment: Experiment) -> None:
    rng = np.random.default_rng(7)
    async with opened(experiment, (80, 24)) as session:
        app, model, pressed = session.app, Place(0), 0
        count = app.player.operations
        while pressed < 400:
            for _ in range(int(rng.integers(1, 60))):
                key = str(
                    rng.choice([*"nnnnnnNNNNNNsssSSSSg", *("r" if rng.random() < 0.1 else "")])
                )
                pressed += 1
                if key == "g":
                    step = int(rng.integers(60))
                    app.action_go(step)
                    model = Place(step)
                    continue
                app.action_command(KEYS[key])
                if key in "nN":
                    model = model.next(count) if key == "n" else model.previous(count)
                else:
                    model = Place(0) if key == "r" else model.moved(1 if key == "s" else -1)
            await session.rest()
            assert app.player.place == model
            assert_same_bits(app.player.snapshot, Timeline(experiment).snapshot(model.step))
        view = app.player.view()
        assert (view.snapshot, view.position) == (app.player.snapshot, model.position)


async def test_the_chart_marks_the_shown_step_across_borders() -> None:
    async with opened("article") as session:

        def marked() -> int:
            return next(row.index("●") for row in session.inside("#loss") if "●" in row)

        first = marked()
        await session.press(*["s"] * 9)
        await session.step(9)
        await session.until(lambda: marked() > first, "the mark to move on")
        there = marked()
        await session.press(*["N"] * 13)
        await session.step(7)
        await session.until(lambda: marked() < there, "the mark to move back")
        await session.press(*["S"] * 7)
        await session.step(0)
        await session.until(lambda: marked() == first, "the mark at step 0")
