"""Finds a preset, shows what it is, and opens it; deletes one of the user's own."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import ClassVar, Final, Literal

from rich.cells import cell_len, set_cell_size
from textual import work
from textual.binding import Binding
from textual.containers import VerticalScroll
from textual.content import Content
from textual.widget import Widget
from textual.widgets import Input, OptionList, Static
from textual.widgets.option_list import Option

from bptui.app.lines import fitted, key_hints
from bptui.app.screens import in_background
from bptui.app.screens.dialog import Dialog, Line, Rows
from bptui.core.experiment import Experiment
from bptui.presets.errors import PresetError
from bptui.presets.files import load
from bptui.presets.own import PresetEntry, delete, own_presets, shipped
from bptui.presets.save import SaveError, shown_path

WIDEST_NAME = 28
LABEL = 10
NEW: Final = "new"
"""The id of the entry of a new, empty experiment, and what the dialog gives for it."""
OWN, SHIPPED = "Your own", "Shipped"
NOTHING = "No preset matches all these words."
EMPTY = "Opens an empty sheet: enter a network, its start values and its data."


def matches(words: str, text: str) -> bool:
    """Return whether all words of ``text`` stand somewhere in ``words``."""
    words = words.casefold()
    return all(word in words for word in text.casefold().split())


class PresetScreen(Dialog[Experiment | Literal["new"] | None]):
    """A filter above the list; below it the preset that is highlighted.

    ``current`` is the file of the experiment that is open. ``deleted`` is told the file of a preset
    that is gone.
    """

    WAITED_FOR: ClassVar = "open"
    BINDINGS: ClassVar = [
        Binding("enter", "open", "Open"),
        Binding("up", "move('cursor_up')", show=False),
        Binding("down", "move('cursor_down')", show=False),
        Binding("pageup", "move('page_up')", show=False),
        Binding("pagedown", "move('page_down')", show=False),
        # the line of text would take it for itself
        Binding("delete", "delete", "Delete", priority=True),
    ]

    def __init__(self, current: Path | None, deleted: Callable[[Path], None]) -> None:
        super().__init__("Presets", "enter: open, esc: close")
        self._current, self._deleted = current, deleted
        self._groups: dict[str, dict[str, PresetEntry]] = {}
        """By heading, and in it by the real path of the file, which is the option's id."""
        self._shown, self._asked = "", False
        """What is highlighted, and whether it was asked to be deleted."""
        # kept here, since results may still arrive while the dialog is being taken down
        self._filter = Line(placeholder="type to filter")
        self._options = Rows(markup=False)
        self._options.can_focus = False  # what is typed always goes to the filter
        self._known = Static(classes="hint")
        self._preview = VerticalScroll(self._known)

    def rows(self) -> Iterable[Widget]:
        return self._filter, self._options, self._preview, self.said

    def on_mount(self) -> None:
        self._collect()
        self._list("" if self._current is None else os.path.realpath(self._current))
        self._filter.focus()

    def _collect(self) -> None:
        """Find all presets."""
        self._groups = {
            heading: {os.path.realpath(entry.file): entry for entry in entries}
            for heading, entries in ((OWN, own_presets()), (SHIPPED, shipped()))
        }

    @property
    def _entries(self) -> dict[str, PresetEntry]:
        return self._groups[OWN] | self._groups[SHIPPED]

    @property
    def _entry(self) -> PresetEntry | None:
        """The preset that is highlighted."""
        return self._entries.get(self._shown)

    def _list(self, highlighted: str = "") -> None:
        """Show what the filter lets through, with a preset highlighted if it is among that."""
        text, options = self._filter.value, list[Option]()
        if matches("new, empty experiment", text):
            options.append(Option("New, empty experiment", id=NEW))
        for heading, entries in self._groups.items():
            found = {key: each for key, each in entries.items() if matches(_words(each), text)}
            if found:
                title = Content.assemble("\n" if options else "", (heading, "underline"))
                options.append(Option(title, disabled=True))
            options += [Option(self._row(entry), id=key) for key, entry in found.items()]
        self._options.set_options(options)
        ids = [option.id for option in options]
        wanted = [highlighted, *(key for key in ids if key in self._entries), NEW]
        best = next((key for key in wanted if key in ids), None)
        self._options.highlighted = None if best is None else ids.index(best)
        if best is None:
            self._show("")

    def _row(self, entry: PresetEntry) -> Content:
        """Return what the list shows of one preset."""
        widest = max(cell_len(other.name) for other in self._entries.values())
        room = min(widest, WIDEST_NAME)
        name = set_cell_size(fitted(entry.name, room), room)
        if entry.wrong:
            return Content.assemble((name, "dim"), "  ", ("! cannot be opened", "dim italic"))
        return Content.assemble((name, "bold"), "  ", (entry.network, "dim"))

    def on_input_changed(self, event: Input.Changed) -> None:
        self.say()
        self._list(self._meant(event.value) or self._shown)

    def _meant(self, text: str) -> str:
        """Return the preset whose name was typed, or begins so; the filter looks further."""
        names = {key: entry.name.casefold() for key, entry in self._entries.items()}
        wanted = text.strip().casefold()
        begun = [key for key, name in names.items() if wanted and name.startswith(wanted)]
        return min(begun, key=lambda key: (names[key] != wanted, key != self._shown), default="")

    def on_option_list_option_highlighted(self, event: OptionList.OptionHighlighted) -> None:
        self._show(event.option_id or "")

    def _show(self, key: str) -> None:
        """Show what is known of a preset."""
        if key == self._shown != "":
            return
        self._shown = key
        self.workers.cancel_group(self, "open")
        self.say()
        self._preview.scroll_home(animate=False)
        empty = {NEW: PresetEntry(NEW, Path(), "New, empty experiment", description=EMPTY)}
        nothing = PresetEntry("", Path(), "", description=NOTHING)
        self._known.update(_known((self._entries | empty).get(key, nothing)))

    def say(self, text: str | Content = "", wrong: bool = False) -> None:
        """Say something below the list, or what the keys do."""
        self._asked = False
        super().say(text or key_hints("delete: remove" * (self._own is not None)), wrong)

    def action_move(self, how: str) -> None:
        getattr(self._options, f"action_{how}")()

    def on_input_submitted(self, event: Input.Submitted) -> None:
        self.action_open()

    def on_option_list_option_selected(self, event: OptionList.OptionSelected) -> None:
        self._show(event.option_id or "")
        self.action_open()

    def action_open(self) -> None:
        if self._shown == NEW:
            self.dismiss(NEW)
        elif self._entry is not None:
            self._open(self._entry)

    @work(group="open", exclusive=True)
    async def _open(self, entry: PresetEntry) -> None:
        self.say("opening …")
        try:
            self.dismiss(await in_background(load, str(entry.file)))
        except PresetError as error:
            self.say(str(error), wrong=True)

    @property
    def _own(self) -> PresetEntry | None:
        """The highlighted preset, if it is one of the user's own."""
        return self._groups[OWN].get(self._shown)

    def action_delete(self) -> None:
        """Delete what is behind the cursor in the filter; else the preset, if asked twice."""
        if not (self._filter.cursor_at_end and self._filter.selection.is_empty):
            self._filter.action_delete_right()
        elif self._own is not None:
            self.workers.cancel_group(self, "open")
            file, sure = self._own.file, self._asked
            self.say(f"delete again: {shown_path(file)} will be deleted for good.", wrong=True)
            self._asked = not sure
            if sure:
                self._delete(file)

    def _delete(self, file: Path) -> None:
        try:
            delete(file)
        except SaveError as error:
            self.say(str(error), wrong=True)
        else:
            self._deleted(file)
            self._collect()
            self._list()


def _words(entry: PresetEntry) -> str:
    return " ".join((entry.name, entry.network, entry.title, entry.description, *entry.mistakes))


def _known(entry: PresetEntry) -> Content:
    """Return what the preview says of a preset."""
    facts = {"network": entry.network, "training": entry.training, "data": entry.data}
    facts["mistakes"] = ", ".join(entry.mistakes)
    lines = [
        Content.assemble((name.ljust(LABEL), "$foreground dim"), (text, "$foreground"))
        for name, text in facts.items()
        if text
    ]
    paragraphs = [" ".join(text.split()) for text in entry.description.split("\n\n")]
    wrong, source = f"Cannot be opened.\n{entry.wrong}", f"Source: {entry.source}"
    words = [wrong * bool(entry.wrong), entry.note, *paragraphs, source * bool(entry.source)]
    title, told = Content.styled(entry.title, "bold $foreground"), "\n\n".join(filter(None, words))
    return Content("\n").join([title, *lines, Content(), Content(told)])
