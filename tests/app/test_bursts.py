"""Keys that arrive together, as over a slow line or from a key held down."""

from __future__ import annotations

import pytest
from textual.events import Key
from textual.widgets import Input

from bptui.app.playback.history import Place
from bptui.app.screens.dialog import Dialog
from bptui.app.screens.questions import GotoScreen, NumberScreen
from bptui.core.edits import Number, edited
from bptui.core.timeline import Timeline
from bptui.presets.files import load

from ..core.support import assert_same_bits
from .form_support import form
from .support import Session, opened


def burst(session: Session, *keys: str) -> None:
    """Hand over keys in one go, before the app has answered any of them."""
    for key in keys:
        session.app.post_message(Key(key, key if len(key) == 1 else None))


async def ready(session: Session, screen: type) -> Input:
    """Wait for a dialog and its input."""
    await session.until(
        lambda: isinstance(session.app.screen, screen) and session.app.focused is not None,
        "the dialog",
    )
    return session.app.screen.query_one(Input)


@pytest.mark.parametrize(
    ("key", "screen", "text"), [("enter", NumberScreen, "0.9"), ("g", GotoScreen, "9")]
)
async def test_a_dialog_that_is_answered_twice_closes_once(
    key: str, screen: type, text: str
) -> None:
    async with opened("article") as session:
        await session.press("s", key)
        (await ready(session, screen)).value = text
        await session.pilot.pause()
        box = session.app.screen.query_one(Input)
        for _ in range(3):
            box.post_message(Input.Submitted(box, text))
        await session.until(lambda: len(session.app.screen_stack) == 1, "the main screen")
        await session.rest()
        if key == "g":
            assert session.shown_step == 9
        else:
            assert session.app.player.timeline.edits == (1,)


async def test_undo_and_edit_in_one_burst() -> None:
    """The number that is edited is the one that undo has brought back."""
    async with opened("article") as session:
        player = session.app.player
        await session.press("s", "s")
        await player.open(load("mazur")).wait()
        await session.rest()
        burst(session, "u", "enter")
        (await ready(session, NumberScreen)).value = "0.7"
        await session.press("enter")
        await session.until(lambda: player.timeline.edits == (2,), "the edit")
        await session.press("g", *"3000", "enter")
        await session.step(3000)
        await session.rest()
        assert "article" in session.status()
        burst(session, "u", "enter")
        box, step = await ready(session, NumberScreen), session.shown_step
        assert player.timeline.edits == ()
        assert box.value == repr(float(player.snapshot.parameters.weights[0][0, 0]))
        assert f"w1 from step {step} on" in session.screen()
        box.value = "9"
        await session.press("enter")
        await session.until(lambda: player.timeline.edits == (step,), "the fork")
        await session.rest()
        plain = Timeline(load("article"))
        fork = edited(plain, plain.snapshot(step), Number("weight", (1, 0, 0)), 9.0)
        assert_same_bits(player.snapshot, fork.snapshot(step))


async def test_keys_of_a_field_work_before_the_tab_that_follows_them() -> None:
    async with form(load("article")) as filled:
        await filled.to("training.loss")
        burst(filled.session, "right", "tab", "right", "tab", "right", "right", "tab")
        burst(filled.session, "7", "left", "1", "down", "5", "left", ".")
        wanted = {
            "training.loss": "squared_error",
            "training.reduction": "sum",
            "training.optimizer": "nesterov",
            "training.learning_rate": "17",
            "training.momentum": ".5",
        }
        for key, text in wanted.items():
            await filled.session.until(
                lambda k=key, t=text: filled.text(k) == t, f"{text} in {key}"
            )


@pytest.mark.parametrize(
    ("keys", "place", "preset"),
    [
        (["g", *"50", "enter", "s"], Place(51), "article"),
        (["g", "7", "enter", "g", "+", "4", "enter", "n"], Place(11, 0), "article"),
        (["s", "s", "g", "+", "5", "enter"], Place(7), "article"),
        (["s", "enter", "ctrl+u", *"0.75", "enter", "s"], Place(2), "article"),
        (["p", *"xor", "enter", "s", "s"], Place(2), "xor"),
        (["?", "escape", "w", "escape", "b", "escape", "s"], Place(1), "article"),
    ],
)
async def test_keys_before_and_after_a_dialog(keys: list[str], place: Place, preset: str) -> None:
    async with opened("article") as session:
        burst(session, *keys)
        player = session.app.player
        await session.until(
            lambda: (
                not session.app.keys.answering
                and (player.place, player.snapshot.experiment.name) == (place, preset)
            ),
            f"{place} of {preset}",
        )
        await session.rest()
        edited_at = tuple(range(1, 2)) if "ctrl+u" in keys else ()
        assert player.timeline.edits == edited_at
        assert len(session.app.screen_stack) == 1


async def test_two_pictures_in_one_burst() -> None:
    async with opened("xor") as session:
        burst(session, "o", "o", "s", "i", "down")
        await session.step(1)
        await session.shows("Learned", "▸ 2")
        assert session.app.focused is session.panel("#samples")


@pytest.mark.parametrize("key", ["g", "x"])
async def test_a_dialog_that_is_answered_below_the_line_for_small_screens_closes(key: str) -> None:
    async with opened("xor") as session:
        await session.press(key)
        await session.until(lambda: isinstance(session.app.screen, Dialog), "the dialog")
        dialog = session.app.screen
        session.resize(30, 6)
        await session.shows("needs 60x16")
        dialog.dismiss(None)
        await session.pilot.pause()
        session.resize(120, 36)
        await session.until(lambda: len(session.app.screen_stack) == 1, "the main screen")
        await session.press("s")
        await session.step(1)
