"""Choose one of the shipped presets."""

from __future__ import annotations

from typing import ClassVar

from textual.app import ComposeResult
from textual.containers import Vertical
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import OptionList, Static
from textual.widgets.option_list import Option

from bptui.core.experiment import Experiment
from bptui.presets import PresetError, load, shipped


class PresetScreen(ModalScreen[Experiment | None]):
    """A list of names with networks; the description of the highlighted one below."""

    BINDINGS: ClassVar = [("escape,q,p", "close", "Close")]

    def __init__(self, current: str) -> None:
        super().__init__()
        self._current = current
        self._presets = shipped()

    def compose(self) -> ComposeResult:
        width = max(len(each.name) for each in self._presets)
        options = [
            Option(
                Content.assemble((each.name.ljust(width), "bold"), "  ", (each.network, "dim")),
                id=each.name,
            )
            for each in self._presets
        ]
        with Vertical(id="presets", classes="dialog") as box:
            box.border_title = "Presets"
            box.border_subtitle = "enter opens, esc closes"
            yield OptionList(*options, id="preset-list")
            yield Static(id="preset-summary", markup=False)

    def on_mount(self) -> None:
        names = [each.name for each in self._presets]
        listing = self.query_one(OptionList)
        listing.highlighted = names.index(self._current) if self._current in names else 0
        listing.focus()

    def on_option_list_option_highlighted(self, event: OptionList.OptionHighlighted) -> None:
        preset = self._presets[event.option_index]
        made = f"Mistakes: {', '.join(preset.mistakes)}" if preset.mistakes else ""
        source = f"Source: {preset.source}" if preset.source else ""
        parts = [" ".join(preset.description.split()) or preset.title, made, source]
        text = Content("\n".join(part for part in parts if part))
        self.query_one("#preset-summary", Static).update(text)

    def on_option_list_option_selected(self, event: OptionList.OptionSelected) -> None:
        try:
            self.dismiss(load(self._presets[event.option_index].name))
        except PresetError as error:
            self.notify(str(error), severity="error")

    def action_close(self) -> None:
        self.dismiss(None)
