"""Finds a preset, shows what it is, and opens it; keeps the user's own ones in order."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import Container, Vertical
from textual.events import Resize
from textual.message import Message
from textual.screen import ModalScreen
from textual.widgets import Input, OptionList, Static

from bptui.app.screens.presets.asking import DeleteScreen, NameScreen
from bptui.app.screens.presets.final import Reached, examine
from bptui.app.screens.presets.listing import NEW_ID, Listing
from bptui.app.screens.presets.new import NEW
from bptui.app.screens.presets.preview import Preview
from bptui.core.experiment import Experiment
from bptui.presets import PresetError, load, shipped
from bptui.presets.listing import PresetEntry
from bptui.presets.naming import free_name, new_file
from bptui.presets.own import delete, duplicate, own_presets, rename
from bptui.presets.save import SaveError

WIDE = 100
"""Columns from which there is room for the list and the preview side by side."""
GLANCE = 0.05
"""Seconds that a preset is highlighted before it is opened for the preview."""
COPY_KEY, OWN_KEYS = "ctrl+d duplicates", ["f2 renames", "delete removes"]


class Filter(Input):
    """Where there is nothing behind the cursor to delete, the delete key is the dialog's."""

    class Delete(Message):
        """Delete was pressed where the text has nothing to delete."""

    def action_delete_right(self) -> None:
        if self.cursor_at_end and self.selection.is_empty:
            self.post_message(self.Delete())
        else:
            super().action_delete_right()


class PresetScreen(ModalScreen[Experiment | None]):
    """A filter above the list; beside them, or below, the preset that is highlighted."""

    CSS = """
    #presets {
        max-width: 124;
        width: 96%;
        height: 90%;
        padding: 1 2;
    }
    #presets Filter {
        border: none;
        height: 1;
        padding: 0 1;
        background: $foreground 10%;
    }
    #preset-panes {
        layout: horizontal;
        height: 1fr;
        margin: 1 0;
    }
    #preset-panes #preset-list {
        width: 46;
        height: 100%;
        padding: 0;
        border: none;
        background: $surface;
        text-wrap: nowrap;
        text-overflow: ellipsis;
    }
    #preset-panes Preview {
        width: 1fr;
        height: 100%;
        margin: 0 0 0 2;
        background: $surface;
        scrollbar-size: 1 1;
        scrollbar-color: $foreground 30%;
        scrollbar-background: $surface;
    }
    #preset-list > .option-list--option-highlighted {
        color: $block-cursor-foreground;
        background: $block-cursor-background;
        text-style: $block-cursor-text-style;
    }
    #preset-keys {
        height: 1;
        color: $text-muted;
    }
    #preset-keys.wrong {
        color: $text-warning;
    }
    #presets.narrow {
        padding: 0 1;
        height: 96%;
    }
    #presets.narrow #preset-panes {
        layout: vertical;
        margin: 1 0 0 0;
    }
    #presets.narrow #preset-list {
        width: 1fr;
        height: 1fr;
    }
    #presets.narrow Preview {
        margin: 1 0;
        height: 1fr;
        max-height: 9;
    }
    """
    BINDINGS: ClassVar = [
        Binding("escape", "close", "Close"),
        Binding("enter", "open", "Open"),
        *(
            Binding(key, f"move('{move}')", "Move", show=False)
            for key, move in (
                ("up", "cursor_up"),
                ("down", "cursor_down"),
                ("pageup", "page_up"),
                ("pagedown", "page_down"),
            )
        ),
        # the line of text would take it for itself
        Binding("ctrl+d", "duplicate", "Duplicate", priority=True),
        Binding("f2", "rename", "Rename"),
        Binding("delete", "remove", "Delete"),
    ]

    def __init__(self, current: str) -> None:
        super().__init__()
        self._current = current
        self._listing = Listing(own_presets(), shipped())
        self._shown = ""

    def compose(self) -> ComposeResult:
        with Vertical(id="presets", classes="dialog") as box:
            box.border_title = "Presets"
            box.border_subtitle = "enter opens, esc closes"
            yield Filter(placeholder="type to filter", id="preset-filter")
            with Container(id="preset-panes"):
                listing = OptionList(id="preset-list", markup=False)
                listing.can_focus = False  # what is typed always goes to the filter
                yield listing
                yield Preview(id="preset-preview")
            yield Static(id="preset-keys", markup=False)

    def on_mount(self) -> None:
        names = [f"own:{self._current}", f"shipped:{self._current}"]
        self._list(next((each for each in names if each in self._listing.entries), ""))
        self.query_one(Filter).focus()

    def on_resize(self, event: Resize) -> None:
        self.query_one("#presets").set_class(event.size.width < WIDE, "narrow")

    def _list(self, highlighted: str = "") -> None:
        """Show what the filter lets through, with a preset highlighted if it is among that."""
        listing = self.query_one(OptionList)
        options = self._listing.options(self.query_one(Filter).value)
        listing.clear_options()
        listing.add_options(options)
        found = [at for at, each in enumerate(options) if each.id == highlighted]
        presets = [at for at, each in enumerate(options) if each.id in self._listing.entries]
        enabled = [at for at, each in enumerate(options) if not each.disabled]
        listing.highlighted = next(iter([*found, *presets, *enabled]), None)
        if not options:
            self._show_highlighted("")

    def on_input_changed(self, event: Input.Changed) -> None:
        self._list(self._shown)

    def on_option_list_option_highlighted(self, event: OptionList.OptionHighlighted) -> None:
        self._show_highlighted(event.option_id or "")

    def _show_highlighted(self, preset_id: str) -> None:
        """Show what is known of a preset, and find out the rest in the background."""
        same, self._shown = preset_id == self._shown, preset_id
        self._say("")
        if same and preset_id:
            return
        preview, entry = self.query_one(Preview), self._listing.entries.get(preset_id)
        self.workers.cancel_group(self, "examine")
        if entry is not None:
            preview.show_entry(entry)
            if not entry.wrong:
                self.run_worker(self._examine(entry), group="examine", exclusive=True)
        elif preset_id == NEW_ID:
            preview.show_new()
        else:
            preview.show_nothing("No preset has all these words.")

    async def _examine(self, entry: PresetEntry) -> None:
        await asyncio.sleep(GLANCE)
        preview = self.query_one(Preview)
        known: list[Experiment] = []

        def opened(experiment: Experiment) -> None:
            known.append(experiment)
            preview.show_numbers(entry, experiment, None)

        def tell(reached: Reached) -> None:
            preview.show_numbers(entry, known[0], reached)

        try:
            await examine(self._name_of(entry), entry.file, opened, tell)
        except PresetError as error:
            preview.show_entry(replace(entry, wrong=str(error)))

    def _name_of(self, entry: PresetEntry) -> str:
        """What :func:`load` finds it by."""
        return entry.name if self._shown.startswith("shipped:") else str(entry.file)

    def _say(self, text: str, wrong: bool = False) -> None:
        """Below the list: a message, or what the keys do."""
        line = self.query_one("#preset-keys", Static)
        keys = [] if self._entry is None or self._entry.wrong else [COPY_KEY]
        keys += OWN_KEYS * self._shown.startswith("own:")
        line.update(text or "   ".join(keys))
        line.set_class(wrong, "wrong")

    @property
    def _entry(self) -> PresetEntry | None:
        """The preset that is highlighted."""
        return self._listing.entries.get(self._shown)

    def action_move(self, how: str) -> None:
        getattr(self.query_one(OptionList), f"action_{how}")()

    def on_input_submitted(self, event: Input.Submitted) -> None:
        self.action_open()

    def on_option_list_option_selected(self, event: OptionList.OptionSelected) -> None:
        self._show_highlighted(event.option_id or "")
        self.action_open()

    def action_open(self) -> None:
        entry = self._entry
        if self._shown == NEW_ID:
            self.dismiss(NEW)
        elif entry is not None:
            try:
                self.dismiss(load(self._name_of(entry)))
            except PresetError as error:
                self._say(str(error), wrong=True)

    def on_filter_delete(self) -> None:
        self.action_remove()

    def action_close(self) -> None:
        self.dismiss(None)

    def _own(self, what: str) -> PresetEntry | None:
        """The preset that is highlighted if it is the user's own; else says that it is not."""
        entry = self._entry
        if entry is None or self._shown.startswith("own:"):
            return entry
        self._say(f"{entry.name} is shipped and cannot be {what}; ctrl+d copies it.", wrong=True)
        return None

    def action_duplicate(self) -> None:
        entry = self._entry
        if entry is None:
            return
        act = partial(duplicate, self._name_of(entry))
        title, name = f"Duplicate {entry.name} as", free_name(f"{entry.name}-copy")
        self.app.push_screen(NameScreen(title, name, new_file, act), self._changed)

    def action_rename(self) -> None:
        entry = self._own("renamed")
        if entry is not None:
            act = partial(rename, entry.name)
            title = f"Rename {entry.name} to"
            self.app.push_screen(NameScreen(title, entry.name, new_file, act), self._changed)

    def action_remove(self) -> None:
        entry = self._own("deleted")
        if entry is not None:
            screen = DeleteScreen(entry.name, entry.file)
            self.app.push_screen(screen, partial(self._delete, entry.name))

    def _delete(self, name: str, sure: bool | None) -> None:
        if not sure:
            return
        try:
            delete(name)
        except SaveError as error:
            self._say(str(error), wrong=True)
        else:
            self._changed(None)

    def _changed(self, file: Path | None) -> None:
        """Read the user's own presets again, and go to the one of ``file``."""
        self._listing = Listing(own_presets(), shipped())
        preset_id, self._shown = f"own:{file.stem}" if file else self._shown, ""
        filter_line = self.query_one(Filter)
        if file and preset_id not in [each.id for each in self._listing.options(filter_line.value)]:
            filter_line.value = ""
        self._list(preset_id)
