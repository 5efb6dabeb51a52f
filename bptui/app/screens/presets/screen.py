"""Finds a preset, shows what it is, and opens it; keeps the user's own ones in order."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import ClassVar

from textual import work
from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import Container, Vertical
from textual.events import Resize
from textual.message import Message
from textual.widgets import Input, OptionList, Static

from bptui.app.lines import key_hints
from bptui.app.screens.dialog import Dialog
from bptui.app.screens.presets.asking import DeleteScreen, NameScreen
from bptui.app.screens.presets.final import Reached, examine
from bptui.app.screens.presets.listing import NEW_ID, OWN, SHIPPED, Listing, own_id
from bptui.app.screens.presets.new import NEW, New
from bptui.app.screens.presets.opening import LARGE, Opener, known, read_some, stamp, to_read
from bptui.app.screens.presets.preview import Preview
from bptui.core.experiment import Experiment
from bptui.presets import PresetError
from bptui.presets.own import PresetEntry, delete, duplicate, free_name, new_file, rename, shipped
from bptui.presets.save import SaveError

WIDE = 100
"""Columns from which there is room for the list and the preview side by side."""
GLANCE = 0.05
"""Seconds that a preset is highlighted before it is opened for the preview."""
LONG_GLANCE = 0.5
"""The same for large ones: opening them cannot be broken off."""
COPY_KEY, OWN_KEYS = "ctrl+d: duplicate", ["f2: rename", "delete: remove"]


class Filter(Input):
    """Where there is nothing behind the cursor to delete, the delete key is the dialog's."""

    class Delete(Message):
        """Delete was pressed where the text has nothing to delete."""

    def action_delete_right(self) -> None:
        if self.cursor_at_end and self.selection.is_empty:
            self.post_message(self.Delete())
        else:
            super().action_delete_right()


def _nobody(old: Path, new: Path | None) -> None:
    """Nobody has that file open."""


class PresetScreen(Dialog[Experiment | New | None]):
    """A filter above the list; beside them, or below, the preset that is highlighted.

    ``current`` is the file of the experiment that is open. ``moved`` is told where the file of a
    preset has gone: to a new name, or None where it was deleted.
    """

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
    WAITED_FOR: ClassVar = "open"
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

    def __init__(
        self, current: Path | None, moved: Callable[[Path, Path | None], None] = _nobody
    ) -> None:
        super().__init__()
        self._current, self._moved = current, moved
        self._listing = Listing(known(), shipped())
        self._opener = Opener()
        self._shown = ""
        # kept here, since results may still arrive while the dialog is being taken down
        self._filter = Filter(placeholder="type to filter", id="preset-filter")
        self._options = OptionList(id="preset-list", markup=False)
        self._options.can_focus = False  # what is typed always goes to the filter
        self._preview = Preview()
        self._keys_line = Static(id="preset-keys", markup=False)

    def compose(self) -> ComposeResult:
        with Vertical(id="presets", classes="dialog") as box:
            box.border_title = "Presets"
            box.border_subtitle = "enter: open, esc: close"
            yield self._filter
            with Container(id="preset-panes"):
                yield self._options
                yield self._preview
            yield self._keys_line

    def on_mount(self) -> None:
        self._list(self._listing.id_of(self._current))
        self._filter.focus()
        self._read()

    @work(group="read", exclusive=True)
    async def _read(self) -> None:
        """Fill in what the files say, some of them at a time."""
        files = to_read(self._listing.own)
        while files:
            entries = await read_some(files)
            files = files[len(entries) :]
            self._listing = self._listing.with_read(entries)
            read = [own_id(each.file) for each in entries]
            if self._filter.value:  # what they say may be what is looked for
                self._list(self._shown)
            else:
                for each in read:
                    self._options.replace_option_prompt(each, self._listing.row(each))
            if self._shown in read:
                self._show_highlighted(self._shown, anew=True)

    def on_resize(self, event: Resize) -> None:
        self.query_one("#presets").set_class(event.size.width < WIDE, "narrow")

    def _list(self, highlighted: str = "") -> None:
        """Show what the filter lets through, with a preset highlighted if it is among that."""
        listing = self._options
        options = self._listing.options(self._filter.value)
        listing.clear_options()
        listing.add_options(options)
        found = [at for at, each in enumerate(options) if each.id == highlighted]
        presets = [at for at, each in enumerate(options) if each.id in self._listing.entries]
        enabled = [at for at, each in enumerate(options) if not each.disabled]
        listing.highlighted = next(iter([*found, *presets, *enabled]), None)
        if not options:
            self._show_highlighted("")

    def on_input_changed(self, event: Input.Changed) -> None:
        self._say("")
        self._list(self._meant(event.value) or self._shown)

    def _meant(self, text: str) -> str:
        """The preset whose name was typed, or begins so; the filter looks at descriptions too."""
        names = {key: each.name.casefold() for key, each in self._listing.entries.items()}
        wanted = text.strip().casefold()
        begun = [key for key, name in names.items() if wanted and name.startswith(wanted)]
        exact = [key for key in begun if names[key] == wanted]
        return next(iter(exact or [each for each in begun if each == self._shown] or begun), "")

    def on_option_list_option_highlighted(self, event: OptionList.OptionHighlighted) -> None:
        self._show_highlighted(event.option_id or "")

    def _show_highlighted(self, preset_id: str, anew: bool = False) -> None:
        """Show what is known of a preset, and find out the rest in the background."""
        same, self._shown = preset_id == self._shown, preset_id
        if same and preset_id and not anew:
            return
        if not same:
            self._give_up_opening()
            self._say("")
        preview, entry = self._preview, self._listing.entries.get(preset_id)
        self.workers.cancel_group(self, "examine")
        if entry is not None:
            preview.show_entry(entry)
            if not entry.wrong:
                self._examine(entry)
        elif preset_id == NEW_ID:
            preview.show_new()
        else:
            preview.show_nothing("No preset matches all these words.")

    @work(group="examine", exclusive=True)
    async def _examine(self, entry: PresetEntry) -> None:
        await asyncio.sleep(GLANCE if stamp(entry.file).size < LARGE else LONG_GLANCE)
        preview = self._preview
        experiments: list[Experiment] = []

        def opened(experiment: Experiment) -> None:
            experiments.append(experiment)
            preview.show_numbers(entry, experiment, None)

        def tell(reached: Reached) -> None:
            preview.show_numbers(entry, experiments[0], reached)

        try:
            await examine(self._name_of(entry), entry.file, opened, tell, self._opener.open)
        except PresetError as error:
            preview.show_entry(replace(entry, wrong=str(error)))

    def _name_of(self, entry: PresetEntry) -> str:
        """What :func:`load` finds it by."""
        return entry.name if self._shown.startswith(SHIPPED) else str(entry.file)

    def _say(self, text: str, wrong: bool = False) -> None:
        """Below the list: a message, or what the keys do."""
        line = self._keys_line
        keys = [] if self._entry is None or self._entry.wrong else [COPY_KEY]
        keys += OWN_KEYS * self._shown.startswith(OWN)
        line.update(text or key_hints("   ".join(keys)))
        line.set_class(wrong, "wrong")

    @property
    def _entry(self) -> PresetEntry | None:
        """The preset that is highlighted."""
        return self._listing.entries.get(self._shown)

    def action_move(self, how: str) -> None:
        getattr(self._options, f"action_{how}")()

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
            self._open(entry)

    @work(group="open", exclusive=True)
    async def _open(self, entry: PresetEntry) -> None:
        self._say("opening …")
        try:
            found = await self._opener.open(self._name_of(entry), entry.file)
        except PresetError as error:
            self._say(str(error), wrong=True)
        else:
            self.dismiss(found.experiment)

    def _give_up_opening(self) -> None:
        self.workers.cancel_group(self, "open")

    def on_filter_delete(self) -> None:
        self.action_remove()

    def action_close(self) -> None:
        self.dismiss(None)

    def _own(self, what: str) -> PresetEntry | None:
        """The preset that is highlighted if it is the user's own; else says that it is not."""
        self._give_up_opening()
        entry = self._entry
        if entry is None or self._shown.startswith(OWN):
            return entry
        self._say(
            f"{entry.name} is shipped and cannot be {what}; duplicate it with ctrl+d.", wrong=True
        )
        return None

    def action_duplicate(self) -> None:
        self._give_up_opening()
        entry = self._entry
        if entry is None:
            return
        act = partial(duplicate, self._name_of(entry))
        title, name = f"Duplicate {entry.name} as", free_name(f"{entry.name}-copy")
        self.app.push_screen(NameScreen(title, name, new_file, act), self._changed)

    def action_rename(self) -> None:
        entry = self._own("renamed")
        if entry is not None:
            act = partial(rename, entry.file.stem)
            screen = NameScreen(f"Rename {entry.name} to", entry.name, new_file, act)
            self.app.push_screen(screen, partial(self._renamed, entry.file))

    def _renamed(self, old: Path, new: Path | None) -> None:
        if new is not None and new != old:
            self._moved(old, new)
        self._changed(new)

    def action_remove(self) -> None:
        entry = self._own("deleted")
        if entry is not None:
            screen = DeleteScreen(entry.name, entry.file)
            self.app.push_screen(screen, partial(self._delete, entry.file))

    def _delete(self, file: Path, sure: bool | None) -> None:
        if not sure:
            return
        try:
            delete(file.stem)
        except SaveError as error:
            self._say(str(error), wrong=True)
        else:
            self._moved(file, None)
            self._changed(None)

    def _changed(self, file: Path | None) -> None:
        """Read the user's own presets again, and go to the one of ``file``."""
        self._listing = Listing(known(), shipped())
        preset_id, self._shown = own_id(file) if file else self._shown, ""
        filter_line = self._filter
        if file and preset_id not in [each.id for each in self._listing.options(filter_line.value)]:
            filter_line.value = ""
        self._list(preset_id)
        self._read()
