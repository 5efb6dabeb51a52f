"""The user's own presets and the shipped ones, as far as a filter lets them through."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from rich.cells import cell_len, set_cell_size
from textual.content import Content
from textual.widgets.option_list import Option

from bptui.presets.listing import PresetEntry

NEW_ID = "new"
WIDEST_NAME = 28


@dataclass(frozen=True)
class Listing:
    """All presets; each is known by an id that says to which of the two it belongs."""

    own: Sequence[PresetEntry]
    shipped: Sequence[PresetEntry]
    entries: dict[str, PresetEntry] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.entries.update({f"own:{each.name}": each for each in self.own})
        self.entries.update({f"shipped:{each.name}": each for each in self.shipped})

    def options(self, text: str) -> list[Option]:
        """What the list shows where ``text`` stands in the filter."""
        made = []
        if matches("new, empty experiment", text):
            made.append(Option(Content("New, empty experiment"), id=NEW_ID))
        for heading, group, entries in (
            ("Your own", "own", self.own),
            ("Shipped", "shipped", self.shipped),
        ):
            found = [each for each in entries if matches(_words(each), text)]
            if found:
                blank = "\n" if made else ""
                title = Content.assemble(blank, (heading, "dim underline"))
                made.append(Option(title, disabled=True))
            made += [Option(self._row(each), id=f"{group}:{each.name}") for each in found]
        return made

    def _row(self, entry: PresetEntry) -> Content:
        widest = max(cell_len(each.name) for each in self.entries.values())
        name = set_cell_size(entry.name, min(widest, WIDEST_NAME))
        if cell_len(entry.name) > WIDEST_NAME:
            name = set_cell_size(entry.name, WIDEST_NAME - 1) + "…"
        if entry.wrong:
            return Content.assemble((name, "dim"), "  ", ("! cannot be opened", "dim italic"))
        return Content.assemble((name, "bold"), "  ", (entry.network, "dim"))


def _words(entry: PresetEntry) -> str:
    parts = (entry.name, entry.network, entry.title, entry.description, *entry.mistakes)
    return " ".join(parts)


def matches(words: str, text: str) -> bool:
    """Whether all words of ``text`` stand somewhere in ``words``."""
    words = words.casefold()
    return all(each in words for each in text.casefold().split())
