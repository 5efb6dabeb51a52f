"""What the dialog of presets asks: a name for a file, and whether to delete one."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import ClassVar

from textual import work
from textual.app import ComposeResult
from textual.containers import Vertical
from textual.content import Content
from textual.widgets import Input, Static

from bptui.app.screens.dialog import Dialog, ending
from bptui.presets.save import SaveError, shown_path

QUESTION = """
    NameScreen, DeleteScreen {
        align: center middle;
    }
    #question {
        max-width: 64;
    }
    #question Input {
        border: none;
        height: 1;
        padding: 0 1;
        background: $foreground 10%;
    }
    #question Static {
        color: $text-muted;
    }
    #question #name-meaning {
        margin: 1 0 0 0;
    }
    #question .wrong {
        color: $text-warning;
    }
"""
ROOM = 54
"""Columns that a path has in these dialogs."""


class NameScreen(Dialog[Path | None]):
    """Asks for a name until ``act`` takes it; gives the file that it returns.

    ``where`` tells where a preset of a name would lie; both raise :class:`SaveError`. ``act`` may
    take long: it is called in a thread.
    """

    CSS = QUESTION
    BINDINGS: ClassVar = [("escape", "close", "Close")]

    def __init__(
        self, title: str, name: str, where: Callable[[str], Path], act: Callable[[str], Path]
    ) -> None:
        super().__init__()
        self._title, self._proposed, self._where, self._act = title, name, where, act
        self._acting = False

    def compose(self) -> ComposeResult:
        with Vertical(id="question", classes="dialog") as box:
            box.border_title = Content(self._title)
            box.border_subtitle = "enter: OK, esc: close"
            yield Input(self._proposed)
            yield Static(id="name-meaning", markup=False)

    def on_input_changed(self, event: Input.Changed) -> None:
        if self._acting:
            return
        try:
            self._say(f"→ {ending(shown_path(self._where(event.value)), ROOM)}")
        except SaveError as error:
            self._say(str(error), wrong=True)

    def on_input_submitted(self, event: Input.Submitted) -> None:
        if self._acting:
            return
        try:
            self._where(event.value)
        except SaveError as error:
            self._say(str(error), wrong=True)
        else:
            self._acting = True
            self._take(event.value)

    @work
    async def _take(self, name: str) -> None:
        self._say("writing …")
        try:
            self.dismiss(await asyncio.to_thread(self._act, name))
        except SaveError as error:
            self._say(str(error), wrong=True)
        finally:
            self._acting = False

    def action_close(self) -> None:
        if not self._acting:
            self.dismiss(None)

    def _say(self, text: str, wrong: bool = False) -> None:
        meaning = self.query_one("#name-meaning", Static)
        meaning.update(text)
        meaning.set_class(wrong, "wrong")


class DeleteScreen(Dialog[bool]):
    """Asks whether to delete a file."""

    CSS = QUESTION
    BINDINGS: ClassVar = [
        ("escape,n", "dismiss(False)", "Keep"),
        ("enter,y", "dismiss(True)", "Delete"),
    ]

    def __init__(self, name: str, file: Path) -> None:
        super().__init__()
        self._name_of_preset, self._file = name, file

    def compose(self) -> ComposeResult:
        with Vertical(id="question", classes="dialog") as box:
            box.border_title = Content(f"Delete {self._name_of_preset}?")
            box.border_subtitle = "enter: delete, esc: keep"
            yield Static(
                f"{ending(shown_path(self._file), ROOM)}\nwill be deleted for good.", markup=False
            )
