"""The commands by name, for the command palette."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from textual.command import DiscoveryHit, Hit, Hits, Provider

from bptui.app.commands import COMMANDS


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
