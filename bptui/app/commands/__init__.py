"""What the user can do: commands by theme, and what Textual makes of them: keys and a palette."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from functools import partial

from textual import on
from textual.binding import Binding
from textual.command import CommandPalette, DiscoveryHit, Hit, Hits, Provider
from textual.message import Message
from textual.widgets import Input, OptionList

from bptui.app.commands import edit, files, playback, view
from bptui.app.commands.table import COMMANDS, Command
from bptui.app.screens import ClosesOnce

PALETTE_KEY = "ctrl+p"
THEMES = [theme.__name__ for theme in (playback, edit, files, view)]
"""The order in which commands are listed; within a theme they stand as in its module."""
COMMANDS.sort(key=lambda command: THEMES.index(command.run.__module__))


def action_of(command: Command) -> str:
    """Return the action by which Textual runs a command."""
    return f"app.command('{command.name}')"


def bindings(commands: Sequence[Command]) -> list[Binding]:
    """Return an app's key bindings; the palette's counts in dialogs, too."""
    made = [
        Binding(
            each.key,
            action_of(each),
            each.title,
            id=each.name,
            show=False,
            priority=each.key == PALETTE_KEY,
        )
        for each in commands
        if each.key
    ]
    without_shift = Binding("equals_sign", "app.command('faster')", "Run faster", show=False)
    return [*made, without_shift]


class Palette(CommandPalette, ClosesOnce[None]):
    """Textual's own, but one that a double click or a second key finds closed already."""

    @on(OptionList.OptionSelected)
    @on(Input.Submitted)
    def _choose_once(self, event: Message) -> None:
        if self.answered:
            event.stop()
            event.prevent_default()


class CommandProvider(Provider):
    """Offers every command to the palette."""

    def _entries(self) -> list[tuple[str, Command, Callable[[], object]]]:
        return [
            (
                f"{each.title} ({each.shown_key})" if each.key else each.title,
                each,
                partial(self.app.run_action, action_of(each)),
            )
            for each in getattr(self.app, "table", COMMANDS)
            if each.key != PALETTE_KEY
        ]

    async def discover(self) -> Hits:
        for title, command, run in self._entries():
            yield DiscoveryHit(title, run, help=command.explanation)

    async def search(self, query: str) -> Hits:
        """Give commands with words that begin so, in the title at best."""
        for title, command, run in self._entries():
            texts = (title, f"{title} {command.words}", f"{command.words} {command.explanation}")
            found = sum(_begins(query, text) for text in texts)
            if found:
                yield Hit(found, title, run, help=command.explanation)


def _begins(query: str, text: str) -> bool:
    """Return whether each word of the query begins a word of the text."""
    wanted, words = (re.findall(r"\w+", part.lower()) for part in (query, text))
    return bool(wanted) and all(any(word.startswith(each) for word in words) for each in wanted)
