"""The manual's pages; that of the keys opens."""

from __future__ import annotations

from typing import ClassVar

from textual.binding import Binding
from textual.containers import VerticalScroll
from textual.widgets import Static

from bptui.app.screens.dialog import Dialog
from bptui.help import TOPICS, page, title_of
from bptui.help.text import Page


class HelpScreen(Dialog[None]):
    """Shows one page after the other."""

    BINDINGS: ClassVar = [
        ("q,question_mark", "close", "Close"),
        Binding("left", "turn(-1)", "Previous page", priority=True),
        Binding("right", "turn(1)", "Next page", priority=True),
    ]

    BOX = VerticalScroll

    def __init__(self, topic: str) -> None:
        super().__init__("", "← →: pages, ↑ ↓: scroll, esc: close")
        self._topic, self._page = topic, Static()

    def rows(self) -> list[Static]:
        return [self._page]

    def on_mount(self) -> None:
        self.action_turn(0)

    def action_turn(self, by: int) -> None:
        """Show the next page, or the one before."""
        self._topic = TOPICS[(TOPICS.index(self._topic) + by) % len(TOPICS)]
        self.box.border_title = f"Help: {title_of(self._topic)}"
        self._page.update(Page(page(self._topic).partition("\n")[2]))
        self.box.scroll_home(animate=False)
