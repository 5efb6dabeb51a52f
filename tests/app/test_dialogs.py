"""What all dialogs have in common: any size of the terminal, and a second answer."""

import random
from pathlib import Path
from time import monotonic

from textual.events import MouseDown, MouseUp, ScreenResume
from textual.screen import Screen

from bptui.app.screens import TooSmallScreen
from bptui.app.screens.dialog import Dialog
from bptui.presets.files import load
from bptui.presets.save import save

from .settling import key_event
from .support import Session, opened

DIALOGS = {
    "GotoScreen": "g",
    "GradientCheckScreen": "c",
    "NumberScreen": "enter",
    "BreakpointScreen": "b",
    "SaveScreen": "w",
    "ExportScreen": "x",
    "SheetScreen": "e",
    "NamesScreen": "e down f2",
    "HelpScreen": "question_mark",
    "Palette": "ctrl+p",
    "PresetScreen": "p",
}
"""Every dialog, and the keys that open it."""


async def open_dialog(session: Session, name: str) -> Screen[object]:
    """Press the keys that open a dialog, and wait for it."""
    await session.press(*DIALOGS[name].split())
    await session.until(lambda: type(session.app.screen).__name__ == name, name)
    return session.app.screen


async def test_no_size_and_no_second_answer_ends_the_program_in_any_dialog(own: Path) -> None:
    own.mkdir(parents=True)
    save(load("xor"), own / "own.toml")
    async with opened("article-listing-1", size=(80, 24)) as session:
        await session.press("s", "b", *"loss<1", "enter", "escape", "a")
        chance = random.Random(3)
        for name in DIALOGS:
            dialog = await open_dialog(session, name)
            small = chance.randint(1, 60), chance.randint(1, 16)
            for size in (chance.choice([(1, 1), (60, 16), small]), (80, 24)):
                session.resize(*size)
                await session.until(lambda s=size: tuple(session.app.size) == s, f"{size}")
            await session.until(lambda d=dialog: session.app.screen is d, f"{name} again")
            covered = chance.random() < 0.5
            if covered:  # it closes once the line for small screens has gone, which goes once
                session.resize(30, 6)
                await session.until(
                    lambda: isinstance(session.app.screen, TooSmallScreen), "the line"
                )
            for _ in range(2):
                dialog.dismiss(None)
            if covered:
                session.resize(80, 24)
                session.app.screen.post_message(ScreenResume())
            else:
                session.app.post_message(key_event("escape"))
            await session.until(lambda d=dialog: d not in session.app.screen_stack, f"{name}'s end")
            if isinstance(dialog, Dialog):
                assert dialog.box.has_class("dialog")  # for what arrives now
            while len(session.app.screen_stack) > 1:
                await session.press("escape")
        await session.press("s")
        await session.step(2)


async def test_the_smallest_terminals_are_drawn_once() -> None:
    async with opened("article") as session:
        for size in ((1, 1), (2, 1), (1, 16)):
            session.resize(*size)
            await session.until(lambda s=size: tuple(session.app.screen.size) == s, f"{size}")
            await session.pilot.pause()
            assert isinstance(session.app.screen, TooSmallScreen)
            assert session.pilot.is_quiet()  # nothing comes and goes for ever


def click(session: Session, x: int, y: int, time: float | None = None) -> None:
    """Press and release the button of the mouse, before the app has answered either."""
    for kind in (MouseDown, MouseUp):
        event = kind(None, x, y, 0, 0, 1, False, False, False, screen_x=x, screen_y=y)
        event.time = event.time if time is None else time
        session.app.post_message(event)


async def at_main_screen(session: Session) -> None:
    await session.until(lambda: len(session.app.screen_stack) == 1, "the main screen")
    await session.rest()


async def test_palette_answered_twice() -> None:
    async with opened("article") as session:
        step = 0
        for answers in ("enter enter escape entry", "entry entry", "escape escape beside"):
            await open_dialog(session, "Palette")
            await session.press(*"train one")
            await session.until(lambda: "Train to the" not in session.screen(), "the one command")
            await session.press("down")
            row = next(y for y, line in enumerate(session.lines()) if "Train one step" in line)
            x = session.lines()[row].index("Train one step") + 1
            for answer in answers.split():
                if answer in ("entry", "beside"):
                    click(session, *((x, row) if answer == "entry" else (1, 30)))
                else:
                    session.app.post_message(key_event(answer))
            step += answers.startswith("en")
            await session.step(step)
            await at_main_screen(session)
            assert session.shown_step == step


async def test_the_second_click_of_a_double_click_stays_where_the_first_was() -> None:
    async with opened("article") as session:
        now = monotonic()
        labels = [
            (line.index(weight) + 1, y)
            for y, line in enumerate(session.lines()[:18])
            for weight in ("+0.2000", "+0.2500", "+0.3000")
            if weight in line
        ]
        first = session.app.main.selection
        await open_dialog(session, "Palette")
        await session.press(*"next ")
        await session.shows("Next step (s)")
        entries = ("Next", "Show", "Go through", "Train one")
        x, y = next((x, y) for x, y in labels if session.lines()[y].strip().startswith(entries))
        click(session, x, y, now)
        await at_main_screen(session)
        click(session, x, y, now + 0.2)
        await session.pilot.pause()
        assert session.app.main.selection == first
        click(session, x, y, now + 2.0)
        await session.until(lambda: session.app.main.selection != first, "the selection")
