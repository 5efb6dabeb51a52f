"""Over a long random session the terminal shows what it would show with textual's own driver."""

import dataclasses
import random

import pytest
from rich.color import ColorSystem
from rich.style import Style
from textual.strip import Strip

from bptui.core.experiment import Experiment
from bptui.presets.files import load

from ..app.support import Session, opened
from .screens import DoubleDriver

KEYS = (
    *("n", "n", "n", "N", "s", "s", "s", "S", "space", "space", "plus", "minus", "d", "z", "tab"),
    *("up", "down", "left", "right", "l", "o", "i", "u", "ctrl+r", "r", "right_square_bracket"),
    *("g", "1", "7", "enter", "escape", "question_mark", "pagedown", "pageup", "end", "escape"),
    *("p", "down", "down", "pagedown", "escape", "e", "tab", "tab", "9", "backspace", "pagedown"),
    *("escape", "escape", "escape", "b", "escape", "c", "escape", "x", "escape", "a"),
    *("ctrl+p", "l", "down", "escape", "w", "escape"),
)
SIZES = [(80, 24), (60, 16), (110, 34), (40, 10)]
PRESSES = 60


def wide() -> Experiment:
    """An experiment whose name takes two cells a character, and combines some."""
    return dataclasses.replace(load("iris"), name="反向传播 é 日本語 ñ 網路")


def in_colours(style: Style, text: str, color_system: ColorSystem) -> str:
    """Write a text as textual does, which keeps a style's codes from apps in other colours."""
    codes = Strip.render_ansi(style, color_system)
    return f"\x1b[{codes}m{text}\x1b[0m" if codes else text


async def test_cells_are_those_of_textuals_driver(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("textual.drivers.headless_driver.HeadlessDriver", DoubleDriver)
    monkeypatch.setattr(Strip, "render_style", staticmethod(in_colours))
    chosen = random.Random(2)
    async with opened(wide(), (80, 24)) as session:
        driver = DoubleDriver.drivers.pop()
        for _ in range(PRESSES):
            if chosen.random() < 0.08:
                session.resize(*chosen.choice(SIZES))
            await session.press(chosen.choice(KEYS))
        await at_rest(session)
        for key in ("n", "s", "n", "tab", "down", "n", "d", "pagedown", "n", "n"):
            await session.press(key)
            await session.until(driver.shows_all, "a frame of all that has changed")
        assert driver.compared > PRESSES / 2
        assert driver.sent_bytes < driver.stock_bytes / 4


async def at_rest(session: Session) -> None:
    """Leave all dialogs, and pause."""
    session.resize(80, 24)
    while len(session.app.screen_stack) > 1:
        await session.press("escape")
    await session.press("escape")
    await session.until(lambda: not session.app.player.running, "the end of the run")
