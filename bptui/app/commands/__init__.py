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
        """Give commands with these words, in the title at best; or else with these letters."""
        matcher, entries = self.matcher(query), self._entries()
        found = [_found(query, title, command) for title, command, _ in entries]
        for words, (title, command, run) in zip(found, entries, strict=True):
            letters = matcher.match(title)
            if words or (letters > 0 and not any(found)):
                shown = matcher.highlight(title) if letters > 0 else title
                yield Hit(words + min(letters, 1.0) / 2, shown, run, help=command.explanation)


def _found(query: str, title: str, command: Command) -> int:
    """Return how near to the title the words of the query are; 0 where one is nowhere."""
    wanted, texts = _words(query), (title, command.words, command.explanation)
    return sum(
        bool(wanted)
        and all(any(word.startswith(each) for word in _words(*texts[:count])) for each in wanted)
        for count in (1, 2, 3)
    )


def _words(*texts: str) -> list[str]:
    return re.findall(r"\w+", " ".join(texts).lower())
