"""The user's own presets and the shipped ones, as far as a filter lets them through."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from rich.cells import cell_len, set_cell_size
from textual.content import Content
from textual.widgets.option_list import Option

from bptui.presets.own import PresetEntry

NEW_ID, OWN, SHIPPED = "new", "own:", "shipped:"
WIDEST_NAME = 28


@dataclass(frozen=True)
class Listing:
    """All presets; each is known by an id that says to which of the two it belongs."""

    own: Sequence[PresetEntry]
    shipped: Sequence[PresetEntry]
    entries: dict[str, PresetEntry] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.entries.update({own_id(each.file): each for each in self.own})
        self.entries.update({f"{SHIPPED}{each.name}": each for each in self.shipped})

    def with_read(self, entries: Sequence[PresetEntry]) -> Listing:
        """The same with what reading some of the files has told."""
        read = {each.file: each for each in entries}
        return Listing([read.get(each.file, each) for each in self.own], self.shipped)

    def id_of(self, file: Path | None) -> str:
        """The id of the preset in ``file``; empty where it is none of these."""
        if file is None:
            return ""
        place = _place(file)
        return next((each for each, it in self.entries.items() if _place(it.file) == place), "")

    def options(self, text: str) -> list[Option]:
        """What the list shows where ``text`` stands in the filter."""
        made = []
        if matches("new, empty experiment", text):
            made.append(Option(Content("New, empty experiment"), id=NEW_ID))
        for heading, group in (("Your own", OWN), ("Shipped", SHIPPED)):
            found = [
                preset_id
                for preset_id, entry in self.entries.items()
                if preset_id.startswith(group) and matches(_words(entry), text)
            ]
            if found:
                blank = "\n" if made else ""
                title = Content.assemble(blank, (heading, "underline"))
                made.append(Option(title, disabled=True))
            made += [Option(self.row(preset_id), id=preset_id) for preset_id in found]
        return made

    def row(self, preset_id: str) -> Content:
        """What the list shows of one preset: as wide before it was read as after."""
        entry = self.entries[preset_id]
        widest = max(cell_len(each.name) for each in self.entries.values())
        name = set_cell_size(entry.name, min(widest, WIDEST_NAME))
        if cell_len(entry.name) > WIDEST_NAME:
            name = set_cell_size(entry.name, WIDEST_NAME - 1) + "…"
        if entry.wrong:
            return Content.assemble((name, "dim"), "  ", ("! cannot be opened", "dim italic"))
        return Content.assemble((name, "bold"), "  ", (entry.network or "…", "dim"))


def own_id(file: Path) -> str:
    """The id of a preset of the user's own; two names may look the same."""
    return f"{OWN}{file.stem}"


def _place(file: Path) -> tuple[str, str]:
    folder, name = os.path.split(os.path.abspath(file))
    return os.path.realpath(folder), name


def _words(entry: PresetEntry) -> str:
    parts = (entry.name, entry.network, entry.title, entry.description, *entry.mistakes)
    return " ".join(parts)


def matches(words: str, text: str) -> bool:
    """Whether all words of ``text`` stand somewhere in ``words``."""
    words = words.casefold()
    return all(each in words for each in text.casefold().split())
