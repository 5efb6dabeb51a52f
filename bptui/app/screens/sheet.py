"""The whole experiment as a text: edited in one go, checked as it is typed."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Iterable, Mapping
from functools import partial
from pathlib import Path
from typing import ClassVar, NamedTuple

from textual import work
from textual.binding import Binding
from textual.content import Content
from textual.widget import Widget
from textual.widgets import OptionList, Static
from textual.widgets.option_list import Option

from bptui.app.screens.dialog import Dialog, Rows, TextBox
from bptui.app.screens.typed import (
    Entry,
    SheetError,
    entries,
    names_for,
    takes_names,
    template,
    tidied,
    with_name,
)
from bptui.core.experiment import Experiment
from bptui.presets.build import counted, origin_of
from bptui.presets.errors import PresetError
from bptui.presets.files import loads
from bptui.presets.folders import working_folder
from bptui.presets.save import preset_text, table_of
from bptui.presets.schema import TABLES, keys, words

UNTITLED = "untitled"
VALUE = re.compile(r"(\s*\w+\s*= ?)(.*?)(\s+#.*)?")
"""A key, its value in the same line, and what is said of it."""


class Place(NamedTuple):
    """What the new experiment keeps of the one before: its name, and where it was read."""

    name: str
    folder: Path
    file: Path | None = None

    @classmethod
    def of(cls, experiment: Experiment | None) -> Place:
        """Return that of an experiment, or of a new one."""
        origin = None if experiment is None else origin_of(experiment)
        name = UNTITLED if experiment is None else experiment.name
        if origin is None:
            return cls(name, working_folder())
        return cls(name, origin.folder, origin.file)


class Outcome(NamedTuple):
    """Of a check of ``text``: what came of it in a line, and the experiment, or the wrong key."""

    text: str
    said: str
    experiment: Experiment | None = None
    key: str = ""


def checked(text: str, place: Place) -> Outcome:
    """Make the experiment of a text; this may take as long as reading its data does."""
    load = partial(loads, name=place.name, folder=place.folder, path=place.file)
    try:
        try:
            made = load(text)
        except PresetError:
            tidy = tidied(text)
            if tidy == text:
                raise
            made = load(tidy)
    except SheetError as error:
        return Outcome(text, f"! {error}", key=error.key)
    except PresetError as error:
        at = f"{error.key}: " if error.key else ""
        said = f"! {at}found {error.found}; expected {error.expected}"
        return Outcome(text, said, key=error.key)
    return Outcome(text, summary(made), made)


def summary(experiment: Experiment) -> str:
    """Return ``2-2-2 sigmoid: 12 weights and biases, 1 sample``."""
    network, data = experiment.network, experiment.data
    what = "weights and biases" if network.bias else "weights"
    tested = len(data.test_inputs)
    tests = f" and {counted(tested, 'test sample')}" if tested else ""
    samples = counted(data.samples, "sample")
    return f"{network}: {network.parameter_count:,} {what}, {samples}{tests}"


class SheetScreen(Dialog[Experiment | None]):
    """Gives the experiment that was made of the text, or None where the user thought better of it.

    Without an experiment to begin with it is the template of a new one.
    """

    CSS_PATH: ClassVar = [*Dialog.CSS_PATH, Path(__file__).with_name("sheet.tcss")]
    BINDINGS: ClassVar = [
        Binding("ctrl+s", "finish", "OK"),
        Binding("ctrl+n", "clear", "Template"),
        Binding("f2", "names", "Names"),
        Binding("tab", "move(1)", "Next value", priority=True),
        Binding("shift+tab", "move(-1)", "Previous value", priority=True),
    ]

    def __init__(self, experiment: Experiment | None) -> None:
        self._place, text = Place.of(experiment), template()
        if experiment is not None:
            text = preset_text(table_of(experiment), origin_of(experiment))
        title = f"Experiment: {self._place.name}"
        super().__init__(title, "ctrl+s: OK, esc: cancel, tab: next value, f2: names")
        self._sheet = TextBox(text)
        self._help = Static(id="sheet-help", markup=False)
        self._opened, self._outcome = self._sheet.text, Outcome("", "")
        """The text as it was, and what came of the last check, maybe of an earlier one."""
        self._wanted, self._asked = False, ""

    def rows(self) -> Iterable[Widget]:
        return self._sheet, self._help, self.said

    def on_mount(self) -> None:
        self._sheet.focus()
        self.call_after_refresh(self._go_to, "network.layers")
        self._check()

    @property
    def busy(self) -> bool:
        """Whether the experiment is being made that OK asked for."""
        return self._wanted

    @property
    def _entries(self) -> list[Entry]:
        return [*entries(self._sheet.text.split("\n"))]

    @property
    def _entry(self) -> Entry:
        """The key at the cursor; in an empty line only its table."""
        row, _ = self._sheet.cursor_location
        entry = next(
            each for each in reversed(self._entries) if each.first <= row or not each.first
        )
        return entry if row < entry.end else entry._replace(key="", first=row, end=row + 1)

    def _go_to(self, path: str) -> None:
        """Select the value of a key, or of the one that it is a part of."""
        for entry in self._entries:
            if entry.path and path.startswith(entry.path):
                self._select(entry)

    def _select(self, entry: Entry) -> None:
        """Select a value, so that what is typed replaces it."""
        lines = self._sheet.text.split("\n")
        found = VALUE.fullmatch(lines[entry.first])
        start, end = (entry.first, 0), (entry.end - 1, len(lines[entry.end - 1]))
        if found is not None:
            start = entry.first, found.end(1)
            end = end if entry.end > entry.first + 1 else (entry.first, found.end(2))
        self._sheet.move_cursor(start)
        self._sheet.move_cursor(end, select=True)

    def action_move(self, by: int) -> None:
        """Go to the value of the next key, or of the one before."""
        row, _ = min(self._sheet.selection)
        keyed = [entry for entry in self._entries if entry.key]
        ahead = [entry for entry in keyed[::by] if (entry.first - row) * by > 0]
        if keyed:
            self._select((ahead or keyed[::by])[0])

    def on_text_area_selection_changed(self) -> None:
        """Say what the key at the cursor is."""
        entry = self._entry
        known = entry.table in TABLES and entry.key in keys(entry.table)
        said = words(entry.table, entry.key).help if known else "f2 lists keys" * (not entry.key)
        self._help.update(f"{said}{'; f2 lists them' * takes_names(entry)}")

    def on_text_area_changed(self) -> None:
        self._asked, self._wanted = "", False  # what was asked for was another text
        self._check()

    def action_names(self) -> None:
        """List the names that the key at the cursor takes; in an empty line other keys."""
        entry, text = self._entry, self._sheet.text
        names = names_for(entry, text, self._place.folder)

        def write(name: str | None) -> None:
            if name is not None:
                line = with_name(entry, name, text)
                end = entry.end - 1, len(text.split("\n")[entry.end - 1])
                self._sheet.replace(line, (entry.first, 0), end)
                self._go_to(f"{entry.table}.{entry.key or name}".strip("."))

        if names:
            title = entry.key or f"Keys of [{entry.table}]"
            self.app.push_screen(NamesScreen(title, names), write)
        else:
            self._help.update("There are no names to choose from here.")

    def action_finish(self) -> None:
        """Give the experiment back as soon as it is made, or show what is wrong."""
        self._wanted = True
        if self._outcome.text == self._sheet.text:
            self._conclude(self._outcome)
        else:
            self._check()

    def _may_lose(self, key: str) -> bool:
        """Return whether what was changed may be lost: if ``key`` asks for that twice."""
        if self._asked == key or self._sheet.text == self._opened:
            return True
        self._asked = key
        self.say(f"! Discard your changes? Press {key} again to discard", wrong=True)
        return False

    def action_close(self) -> None:
        if self._may_lose("esc"):
            self.dismiss(None)

    def action_clear(self) -> None:
        if self._may_lose("ctrl+n"):
            self._place = Place.of(None)
            self.box.border_title = Content(f"Experiment: {self._place.name}")
            self._sheet.text = self._opened = template()
            self._go_to("network.layers")

    @work(group="check", exclusive=True)
    async def _check(self) -> None:
        text = self._sheet.text
        outcome = await asyncio.to_thread(checked, text, self._place)
        if text == self._sheet.text:
            self._conclude(outcome)

    def _conclude(self, outcome: Outcome) -> None:
        """Show what came of a check, or give the experiment if that was asked for."""
        self._outcome = outcome
        wanted, self._wanted = self._wanted, False
        if wanted and outcome.experiment is not None:
            self.dismiss(outcome.experiment)
            return
        self.say(outcome.said, wrong=outcome.experiment is None)
        if wanted:
            self._go_to(outcome.key)


class NamesScreen(Dialog[str | None]):
    """Gives the name that was chosen, or None; each with what it means."""

    def __init__(self, title: str, names: Mapping[str, str]) -> None:
        super().__init__(title, "enter: choose, esc: close")
        self._list = Rows(*(self._option(*each) for each in names.items()))

    @staticmethod
    def _option(name: str, meaning: str) -> Option:
        return Option(Content.assemble(name, (f"\n{meaning}" * bool(meaning), "dim")), id=name)

    def rows(self) -> Iterable[Widget]:
        yield self._list

    def on_option_list_option_selected(self, event: OptionList.OptionSelected) -> None:
        self.dismiss(event.option_id)
