"""Keeps the current loss curve under a name; renames and removes those that are kept."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import count
from typing import ClassVar

from msgspec.structs import replace
from rich.cells import cell_len, set_cell_size
from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import Vertical
from textual.content import Content
from textual.widgets import Input, OptionList, Static

from bptui.app.lines import key_hints
from bptui.app.screens.dialog import Dialog
from bptui.app.view import LETTERS, MOST_CURVES, NAME_ROOM, Curve
from bptui.core.experiment import Experiment
from bptui.presets.build import origin_of


def proposed(experiment: Experiment, edited: bool, taken: Sequence[str]) -> str:
    """A short name that tells the experiment from those whose curves are kept already."""
    for name in _names(experiment, edited):
        if cell_len(name) <= NAME_ROOM and name not in taken:
            return name
    cut = set_cell_size(_printable(experiment.name), NAME_ROOM - 4).strip()
    numbered = (f"{cut} {number}" for number in count(2))
    return next(name for name in numbered if name not in taken)


def _printable(name: str) -> str:
    return "".join(each for each in name if each.isprintable()).strip() or "curve"


def _names(experiment: Experiment, edited: bool) -> Iterator[str]:
    """The name of the preset and what is special about it, the most telling first."""
    training, origin = experiment.training, origin_of(experiment)
    how, mistakes = f"{training.optimizer} {training.learning_rate:g}", len(training.mistakes)
    special = f" {mistakes} mistake{'s' * (mistakes > 1)}" if mistakes else ""
    if origin is not None and not special:
        preset = origin.table.training
        same = (preset.optimizer, preset.learning_rate)
        if preset.mistakes:
            special = " corrected"
        elif edited and same == (training.optimizer, training.learning_rate):
            special = " edited"
    plain = _printable(experiment.name)
    yield f"{plain} {how}{special}"
    yield f"{plain}{special}" if special else f"{plain} {how}"
    if not edited:
        yield plain
    yield f"{how}{special}"
    yield how
    yield plain


class CurveScreen(Dialog[tuple[Curve, ...]]):
    """A line with the name for the current curve, above the list of those that are kept."""

    CSS = """
    CurveScreen {
        align: center middle;
    }
    #curves {
        max-width: 64;
        overflow-y: auto;
    }
    #curves Input {
        border: none;
        height: 1;
        padding: 0 1;
        background: $foreground 10%;
    }
    #curve-meaning, #curve-keys {
        margin: 1 0 0 0;
        color: $text-muted;
    }
    #curve-meaning.wrong {
        color: $text-warning;
    }
    #curve-list {
        margin: 1 0 0 0;
        height: auto;
        max-height: 8;
        text-wrap: nowrap;
        text-overflow: ellipsis;
        border: none;
        padding: 0;
        background: $surface;
    }
    #curve-list:focus {
        border: none;
        background-tint: transparent;
    }
    """
    BINDINGS: ClassVar = [
        Binding("escape", "close", "Close"),
        Binding("delete,backspace", "remove", "Remove"),
        Binding("down", "to_list", "To the list", show=False),
    ]

    def __init__(self, current: Curve, kept: Sequence[Curve]) -> None:
        super().__init__()
        self._current, self._kept = current, list(kept)
        self._renamed: Curve | None = None

    def compose(self) -> ComposeResult:
        with Vertical(id="curves", classes="dialog") as box:
            box.border_title = "Compare"
            box.border_subtitle = "enter: keep, esc: close"
            yield Input(self._current.name, id="curve-name")
            yield Static(id="curve-meaning", markup=False)
            yield OptionList(id="curve-list", markup=False)
            yield Static(id="curve-keys", markup=False)

    def on_mount(self) -> None:
        self._list()

    def on_input_changed(self, event: Input.Changed) -> None:
        self._check(event.value)

    def on_input_submitted(self, event: Input.Submitted) -> None:
        name = self._check(event.value)
        if name is None:
            return
        if self._renamed is None:
            letter = next(each for each in LETTERS if each not in self._letters)
            self._kept.append(replace(self._current, name=name, letter=letter))
            self.action_close()
            return
        at = self._kept.index(self._renamed)
        self._kept[at] = replace(self._renamed, name=name)
        self._rename(None)
        self._list(at)
        self.query_one(OptionList).focus()

    def on_option_list_option_selected(self, event: OptionList.OptionSelected) -> None:
        self._rename(self._kept[event.option_index])

    @property
    def _letters(self) -> list[str]:
        return [each.letter for each in self._kept]

    @property
    def _same(self) -> Curve | None:
        """The kept curve that the current one equals."""
        current = self._current
        return next(
            (each for each in self._kept if each.losses is current.losses),
            None,
        )

    def _rename(self, curve: Curve | None) -> None:
        """Ask for a new name for a kept curve, or for one for the current curve again."""
        self._renamed = curve
        line = self.query_one(Input)
        line.value = (curve or self._current).name
        line.cursor_position = len(line.value)
        self._check(line.value)
        line.focus()

    def _check(self, text: str) -> str | None:
        """Say what enter does, or what is wrong with the name; the name."""
        name, wrong, same = " ".join(text.split()), "", self._same
        others = [each.name for each in self._kept if each is not self._renamed]
        if self._renamed is None and same is not None:
            wrong = f"This curve is already kept as {same.letter} {same.name}."
        elif self._renamed is None and len(self._kept) >= MOST_CURVES:
            wrong = f"At most {MOST_CURVES} curves can be kept: remove one first."
        elif not name:
            wrong = "Enter a name."
        elif not name.isprintable():
            wrong = "The name has a character that cannot be shown."
        elif cell_len(name) > NAME_ROOM:
            wrong = f"The name is {cell_len(name)} columns wide; at most {NAME_ROOM} fit."
        elif name in others:
            wrong = f"Another curve is already called {name}."
        last = self._current.length - 1
        says = f"keeps steps 0 to {last} in the chart as {name}"
        if self._renamed is not None:
            says = f"calls curve {self._renamed.letter} {name}"
        meaning = self.query_one("#curve-meaning", Static)
        meaning.update(wrong or says)
        meaning.set_class(bool(wrong), "wrong")
        return None if wrong else name

    def _list(self, highlighted: int | None = None) -> None:
        """Show the curves that are kept."""
        from bptui.app.panels.loss import curve_styles

        listing, styles = self.query_one(OptionList), curve_styles(self.app)
        place = listing.highlighted if highlighted is None else highlighted
        listing.clear_options()
        for each in self._kept:
            colour = styles[each.letter].color
            name = set_cell_size(each.name, NAME_ROOM)
            listing.add_option(
                Content.assemble(
                    (each.letter, f"bold {colour.name}" if colour else "bold"),
                    f" {name}",
                    (f"  steps 0 to {each.length - 1}", "$text-muted"),
                )
            )
        listing.display = bool(self._kept)
        self.query_one("#curve-keys", Static).update(
            key_hints("tab or ↓: list, enter: rename, delete: remove")
            if self._kept
            else f"It stays in the chart, with up to {MOST_CURVES - 1} others, whatever runs next."
        )
        if self._kept:
            listing.highlighted = min(place or 0, len(self._kept) - 1)
        else:
            self.query_one(Input).focus()
        self._check(self.query_one(Input).value)

    def action_remove(self) -> None:
        listing = self.query_one(OptionList)
        if listing.has_focus and listing.highlighted is not None:
            del self._kept[listing.highlighted]
            self._list()

    def action_to_list(self) -> None:
        if self._kept:
            self.query_one(OptionList).focus()

    def action_close(self) -> None:
        if self._renamed is not None:
            self._rename(None)
        else:
            self.dismiss(tuple(self._kept))
