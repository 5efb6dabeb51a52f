"""The command palette, with the commands by name."""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import partial

from textual import on
from textual.command import CommandPalette, DiscoveryHit, Hit, Hits, Provider
from textual.message import Message
from textual.widgets import Input, OptionList

from bptui.app.commands import COMMANDS, Command
from bptui.app.screens import ClosesOnce


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

    def _entries(self) -> list[tuple[str, Command, Callable[[], object]]]:
        return [
            (
                f"{each.title} ({each.shown_key})" if each.key else each.title,
                each,
                partial(self.app.run_action, each.action),
            )
            for each in COMMANDS
            if each.action != "command_palette"
        ]

    async def discover(self) -> Hits:
        for title, command, run in self._entries():
            yield DiscoveryHit(title, run, help=command.explanation)

    async def search(self, query: str) -> Hits:
        """Commands with these words, in the title at best; or else with these letters in it."""
        matcher, entries = self.matcher(query), self._entries()
        found = [_found(query, title, command) for title, command, _ in entries]
        for words, (title, command, run) in zip(found, entries, strict=True):
            letters = matcher.match(title)
            if words or (letters > 0 and not any(found)):
                shown = matcher.highlight(title) if letters > 0 else title
                yield Hit(words + min(letters, 1.0) / 2, shown, run, help=command.explanation)


def _found(query: str, title: str, command: Command) -> int:
    """How near to the title the words of the query are; 0 where one is nowhere."""
    texts = (title, command.words, command.explanation)
    return sum(_has(query, " ".join(texts[:count])) for count in (1, 2, 3))


def _has(query: str, text: str) -> bool:
    """Whether words of ``text`` begin with each of those of the query."""
    words = re.findall(r"\w+", text.lower())
    wanted = re.findall(r"\w+", query.lower())
    return bool(wanted) and all(any(word.startswith(each) for word in words) for each in wanted)
