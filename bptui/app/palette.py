"""The command palette, with the commands by name."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from textual import on
from textual.command import CommandPalette, DiscoveryHit, Hit, Hits, Provider
from textual.message import Message
from textual.widgets import Input, OptionList

from bptui.app.commands import COMMANDS
from bptui.app.screens.once import ClosesOnce


class Palette(CommandPalette, ClosesOnce[None]):
    """Textual's own, but one that a double click or a second key finds closed already."""

    @on(OptionList.OptionSelected)
    @on(Input.Submitted)
    def _choose_once(self, event: Message) -> None:
        if self.answered:
            event.stop()
            event.prevent_default()


class CommandProvider(Provider):
    """Offers every entry of the table of commands."""

    def _entries(self) -> list[tuple[str, str, Callable[[], object]]]:
        return [
            (
                f"{each.title} ({each.shown_key})" if each.key else each.title,
                each.explanation,
                partial(self.app.run_action, each.action),
            )
            for each in COMMANDS
            if each.action != "command_palette"
        ]

    async def discover(self) -> Hits:
        for title, explanation, run in self._entries():
            yield DiscoveryHit(title, run, help=explanation)

    async def search(self, query: str) -> Hits:
        matcher = self.matcher(query)
        for title, explanation, run in self._entries():
            score = matcher.match(title)
            if score > 0:
                yield Hit(score, matcher.highlight(title), run, help=explanation)
