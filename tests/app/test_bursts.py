"""Keys that arrive together, as over a slow line or from a key held down."""

import pytest
from textual.events import Key
from textual.widgets import Input

from bptui.app.playback.history import Place
from bptui.app.screens.questions import NumberScreen
from bptui.app.screens.sheet import SheetScreen
from bptui.core.edits import Number
from bptui.core.timeline import Timeline
from bptui.presets.files import load

from ..core.support import assert_same_bits
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


async def test_undo_and_edit_in_one_burst() -> None:
    """The number that is edited is the one that undo has brought back."""
    async with opened("article") as session:
        player = session.app.player
        await session.press("s", "s")
        await player.open(load("mazur")).wait()
        await session.rest()
        burst(session, "u", "enter")
        box = await ready(session, NumberScreen)
        box.value = "0.7"
        await session.pilot.pause()
        for _ in range(3):  # it is answered once
            box.post_message(Input.Submitted(box, "0.7"))
        await session.closed()
        await session.until(lambda: player.timeline.edits == (2,), "the edit")
        await session.press("g", *"3000", "enter")
        await session.step(3000)
        await session.rest()
        assert "article" in session.status()
        burst(session, "u", "enter")
        box, step = await ready(session, NumberScreen), session.shown_step
        assert player.timeline.edits == ()
        assert box.value == repr(float(player.snapshot.parameters.weights[0][0, 0]))
        await session.shows(f"w1 from step {step} on")
        box.value = "9"
        await session.press("enter")
        await session.until(lambda: player.timeline.edits == (step,), "the fork")
        await session.rest()
        plain = Timeline(load("article"))
        fork = plain.edited(plain.snapshot(step), Number("weight", (1, 0, 0)), 9.0)
        assert_same_bits(player.snapshot, fork.snapshot(step))


async def test_keys_of_a_value_work_before_the_tab_that_follows_them() -> None:
    async with opened("article") as session:
        burst(session, "e", *"2-3-2", "tab", "t", "a", "n", "left", "right", "h", "tab", "y")
        await session.until(lambda: isinstance(session.app.screen, SheetScreen), "the sheet")
        sheet = session.app.screen._sheet
        for line in ("layers = 2-3-2", "activation = tanh", "bias = y"):
            await session.until(lambda each=line: each in sheet.text.splitlines(), line)


@pytest.mark.parametrize(
    ("keys", "place", "preset"),
    [
        ("g 1 0 0 0 enter g + 4 enter n", Place(1004, 0), "article"),
        ("s enter ctrl+u 0 . 7 5 enter s", Place(2), "article"),
        ("p x o r enter s s", Place(2), "xor"),
        ("? escape w escape b escape s", Place(1), "article"),
    ],
)
async def test_keys_before_and_after_a_dialog(keys: str, place: Place, preset: str) -> None:
    async with opened("article") as session:
        burst(session, *keys.split())
        player = session.app.player
        await session.until(
            lambda: (
                not session.app.keys.answering
                and (player.place, player.snapshot.experiment.name) == (place, preset)
            ),
            f"{place} of {preset}",
        )
        await session.rest()
        assert player.timeline.edits == ((1,) if "ctrl+u" in keys else ())
        assert len(session.app.screen_stack) == 1


async def test_two_pictures_in_one_burst() -> None:
    async with opened("xor") as session:
        burst(session, "o", "o", "s", "i", "down")
        await session.step(1)
        await session.shows("Learned", "▸ 2")
        assert session.app.focused is session.panel("#samples")
