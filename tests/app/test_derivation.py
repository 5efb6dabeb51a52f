"""The Derivation panel: what it explains, in which form, and where there is room for it."""

from __future__ import annotations

from pathlib import Path

import pytest

from bptui.app.panels.derivation import DerivationPanel
from bptui.core.timeline import Timeline
from bptui.presets import load, loads

from .support import Session, drawn_experiment, opened


def text(session: Session) -> str:
    return "\n".join(session.inside("#derivation"))


def title(session: Session) -> str:
    region = session.panel("#derivation").region
    return session.lines()[region.y][region.x : region.right]


async def until_shown(session: Session, *words: str) -> None:
    await session.until(
        lambda: all(word in text(session) for word in words), f"the derivation to show {words}"
    )


async def test_explains_the_selected_weight_from_symbols_over_numbers_to_the_value() -> None:
    async with opened("article") as session:
        await until_shown(session, "dL/dw1 = (out_o1", "= 0.004756131", "w1 ← w1")
        assert "w1: weight from i1 to h1, weight_1[0][0]" in title(session)
        symbols, numbers = text(session).splitlines()[0], text(session).splitlines()[2]
        for name, number in (("w5", "0.4"), ("out_h1", "0.539915"), ("i1", "0.9")):
            assert symbols.rindex(name) == numbers.rindex(number), "aligned under each other"


async def test_d_goes_through_the_three_forms() -> None:
    async with opened("article") as session:
        await until_shown(session, "dL/dw1")
        await session.press("d")
        await until_shown(
            session, "gW1 = input^T · delta_h", "⎡0.9⎤", "W1 ← W1 - learning_rate · gW1"
        )
        await session.press("d")
        await until_shown(session, "gW1 = input.T @ delta_h", "np.array([[0.9, 0.1]]).T @")
        await session.press("d")
        await until_shown(session, "dL/dw1 = (out_o1")


async def test_the_form_stays_while_the_selection_moves() -> None:
    async with opened("article") as session:
        session.panel("#weights").focus()
        await session.press("d", "right", "right")
        await until_shown(session, "gW2 = out_h^T · delta_o")
        assert "w5: weight from h1 to o1" in title(session)


async def test_follows_the_operations_of_a_step() -> None:
    async with opened("article", (120, 45)) as session:
        snapshot = Timeline(load("article")).snapshot(0)
        for operation in snapshot.operations:
            await session.press("n")
            await session.until(
                lambda label=operation.label: label in title(session), f"{operation.label}"
            )
            if operation.stage != "update":
                value = snapshot.values[operation.writes[-1]].ravel()[0]
                await until_shown(session, f"= {float(value):.7g}")
        await until_shown(session, "w5 ← w5", "= 0.3675446")


async def test_an_arrow_asks_for_the_selection_and_time_for_the_operation() -> None:
    async with opened("article") as session:
        await session.press("n")
        await session.until(lambda: "net_h" in title(session), "the operation")
        session.panel("#weights").focus()
        await session.press("right")
        await session.until(lambda: "w3: weight" in title(session), "the selection")
        await session.press("n")
        await session.until(lambda: "out_h" in title(session), "the next operation")


async def test_shows_the_published_expression_beside_the_correct_one() -> None:
    async with opened("article-listing-1", (140, 66)) as session:
        await until_shown(
            session,
            "as published",
            "= 0.004090009",
            "correct",
            "= 0.004756131",
            "w6 (weight_2[1][0]) should be w7 (weight_2[0][1])",
            "(86 %, off by -0.000666122)",
        )


async def test_says_that_there_is_more_and_scrolls_to_it() -> None:
    async with opened("article-listing-1") as session:
        await session.until(
            lambda: "more lines below" in session.border("#derivation"), "a sign that there is more"
        )
        session.panel("#derivation").focus()
        await session.press("end")
        await until_shown(session, "w1 ← w1")
        assert "more lines below" not in session.border("#derivation")


async def test_stays_below_the_network_on_a_low_screen() -> None:
    async with opened("article", (80, 24)) as session:
        for shown in (
            "dL/dw1 = (out_o1",
            "gW1 = input^T · delta_h",
            "gW1 = input.T @ delta_h",
            "dL/dw1 = (out_o1",
        ):
            await until_shown(session, shown)
            assert session.panel("#network").size.area
            await session.press("d")


async def test_stays_when_the_screen_grows_and_shrinks() -> None:
    async with opened("article", (80, 24)) as session:
        session.resize(120, 36)
        await until_shown(session, "dL/dw1 = (out_o1", "w1 ← w1")
        session.resize(80, 24)
        await session.until(lambda: session.lines()[1].startswith(" Loss"), "the smaller size")
        await until_shown(session, "dL/dw1 = (out_o1")
        assert session.panel("#network").size.area


async def test_d_while_another_panel_is_zoomed_shows_the_derivation() -> None:
    async with opened("article") as session:
        session.panel("#weights").focus()
        await session.press("z")
        await session.until(lambda: not session.panel("#network").size.area, "the zoom")
        await session.press("d")
        await until_shown(session, "dL/dw1 = (out_o1")


@pytest.mark.parametrize(("layers", "samples"), [((2, 1), 6), ((3, 4, 2), 1), ((2, 3, 3, 2, 2), 6)])
async def test_explains_every_operation_of_any_network(
    layers: tuple[int, ...], samples: int
) -> None:
    experiment = drawn_experiment(layers, samples, optimizer="adam", l2=0.01)
    snapshot = Timeline(experiment).snapshot(0)
    async with opened(experiment, (100, 40)) as session:
        for operation in snapshot.operations:
            await session.press("n")
            await session.until(
                lambda label=operation.label: label in title(session), operation.label
            )
            assert "=" in text(session) or "←" in text(session)


async def test_another_preset_is_explained_with_its_own_numbers() -> None:
    async with opened("article") as session:
        await until_shown(session, "0.004756131")
        await session.app.player.open(load("mazur")).wait()
        await until_shown(session, "= 0.0004385677")


async def test_follows_a_run_to_its_end() -> None:
    async with opened("article") as session:
        await session.press(*["plus"] * 8, "space")
        await session.step(1000)
        await session.rest()
        gradient = Timeline(load("article")).snapshot(1000).gradients.weights[0][0, 0]
        await until_shown(session, f"= {float(gradient):.7g}")
        assert isinstance(session.panel("#derivation"), DerivationPanel)


FROZEN = """
[network]
layers = [2, 2, 2]
bias = false
[training]
train_weights = false
[data]
inputs = [[0.9, 0.1]]
targets = [[0.11, 0.89]]
"""


async def test_what_is_frozen_is_called_so_in_every_form_and_window() -> None:
    reason = "frozen: train_weights = false"
    async with opened(loads(FROZEN, "own", Path.cwd())) as session:
        await until_shown(session, f"w1 ← w1   {reason}")
        await session.press("d")
        await until_shown(session, f"W1 ← W1   {reason}")
        await session.press("d")
        await until_shown(session, f"W1 = W1  # {reason}")
        await session.press("d", *["n"] * 12)  # the last operation of a step: an update of nothing
        await until_shown(session, f"w5 ← w5   {reason}")
        await session.press("c")
        await session.shows(reason, "right")
        await session.press("escape", "e")
        await session.shows("train weights  no")
