"""Opens the form over the app, types into it, reads what it says beside its fields."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from textual.events import Key, Paste
from textual.widgets import Button, Static

from bptui.app.form import screen as form_screen
from bptui.app.form.controls import Area, Choice, Line
from bptui.app.form.row import FieldRow
from bptui.app.form.screen import FormScreen
from bptui.core.experiment import Experiment
from bptui.presets.describe import same_experiment

from .support import Session, opened

KEYS = {"\n": "enter", "\t": "tab", " ": "space", "-": "minus", ",": "comma", ".": "full_stop"}


class Form:
    """An open form: its fields by their keys in a preset, and what it gave in the end."""

    def __init__(self, session: Session, screen: FormScreen) -> None:
        self.session, self.screen = session, screen
        self.given: list[Experiment | None] = []

    async def type(self, text: str) -> None:
        """Press the keys of ``text`` in a burst; a line's end is enter, a tab is tab."""
        for each in text:
            key = KEYS.get(each, each)
            self.session.app.post_message(Key(key, each if each.isprintable() else None))
        await self.session.pilot.pause()

    async def paste(self, text: str) -> None:
        focused = self.screen.focused
        assert focused is not None
        focused.post_message(Paste(text))
        await self.session.pilot.pause()

    def row(self, key: str) -> FieldRow:
        found = [each for each in self.screen.query(FieldRow) if each.field.key == key]
        assert found, f"no field {key}"
        assert found[0].display
        return found[0]

    async def to(self, key: str) -> None:
        """Focus a field."""
        self.row(key).entry.focus()
        await self.session.until(lambda: self.row(key).entry.has_focus, f"the focus on {key}")

    async def write(self, key: str, text: str) -> None:
        """Paste ``text`` in the place of what stands in a field, or choose it."""
        await self.to(key)
        entry = self.row(key).entry
        if isinstance(entry, Choice):
            while entry.chosen != text:
                await self.session.press("right")
            return
        assert isinstance(entry, Line | Area)
        entry.select_all()
        if text:
            await self.paste(text)
        else:
            await self.session.press("delete")

    def beside(self, key: str) -> str:
        """What is said beside a field, or below it."""
        return self.row(key).said

    def wrong(self) -> dict[str, str]:
        """What is said in a loud voice, by field."""
        rows = [each for each in self.screen.query(FieldRow) if each.display]
        loud = [each for each in rows if each.is_wrong]
        return {each.field.key: self.beside(each.field.key).removeprefix("! ") for each in loud}

    def said(self) -> str:
        """The line beside OK."""
        return str(self.screen.query_one("#form-said", Static).render())

    @property
    def ready(self) -> bool:
        return not self.screen.query_one("#form-ok", Button).disabled

    async def checked(self) -> None:
        """Wait until the check under way has said what it found."""
        workers = self.session.app.workers
        await self.session.until(
            lambda: not any(each.group == "check" and each.is_running for each in workers),
            "the check to end",
        )

    async def finished(self) -> Experiment | None:
        """Wait until the form has closed; what it gave."""
        await self.session.until(lambda: self.given, "the form to close")
        return self.given[0]


@asynccontextmanager
async def form(
    experiment: Experiment | None, size: tuple[int, int] = (120, 36)
) -> AsyncIterator[Form]:
    """The form on ``experiment``, or an empty one, after its first check."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(form_screen, "PATIENCE", 0.02)  # a check is waited for after most changes
        async with opened("article", size) as session:
            session.app.animation_level = "none"  # where a scroll ends is checked, not how it moves
            screen = FormScreen(experiment)
            made = Form(session, screen)
            await session.app.push_screen(screen, made.given.append)
            await session.until(lambda: made.said(), "the first check")
            yield made


def assert_same_numbers(one: Experiment, other: Experiment) -> None:
    """Both train the same network from the same numbers in the same way, bit by bit."""
    assert same_experiment(one, other)
