"""The manual's pages; that of the keys, which opens, in the columns and colours of the app."""

from __future__ import annotations

from typing import ClassVar

from rich.table import Table
from rich.text import Text
from textual.binding import Binding
from textual.containers import VerticalScroll
from textual.widgets import Static

from bptui.app.screens.dialog import Dialog
from bptui.app.styles import styles_of
from bptui.help import TOPICS, key_sections, page, title_of
from bptui.help.text import Page

KEYS = "keys"
"""The topic of the page that opens."""


class HelpScreen(Dialog[None]):
    """Shows one page after the other."""

    BINDINGS: ClassVar = [
        ("q,question_mark", "close", "Close"),
        Binding("left", "turn(-1)", "Previous page", priority=True),
        Binding("right", "turn(1)", "Next page", priority=True),
    ]

    BOX = VerticalScroll

    def __init__(self, topic: str = KEYS) -> None:
        super().__init__(f"Help: {title_of(topic)}", "← →: pages, ↑ ↓: scroll, esc: close")
        self._topic = topic

    async def action_turn(self, by: int) -> None:
        """Show the next page, or the one before."""
        self._topic = TOPICS[(TOPICS.index(self._topic) + by) % len(TOPICS)]
        self.box.border_title = f"Help: {title_of(self._topic)}"
        with self.app.batch_update():
            await self.box.remove_children()
            await self.box.mount_all(self.rows())
        self.box.scroll_home(animate=False)

    def rows(self) -> list[Static]:
        if self._topic == KEYS:
            return [self._section(title, rows) for title, rows in key_sections().items()]
        return [Static(Page(page(self._topic).partition("\n")[2]))]

    def _section(self, title: str, rows: list[tuple[str, str]]) -> Static:
        """Return two columns, so that a long explanation goes on under itself."""
        colours = styles_of(self.app)
        table = Table.grid(padding=(0, 2, 0, 0))
        table.add_column(justify="right", min_width=11, no_wrap=True)
        table.add_column()
        table.add_row("", Text(title, style=colours.strong))
        for key, explanation in rows:
            table.add_row(Text(key, style=colours.accent), Text(explanation, style=colours.text))
        return Static(table, classes="second")
