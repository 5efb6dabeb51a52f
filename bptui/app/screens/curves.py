"""Keeps the current loss curve under a name; removes those that are kept."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import chain, count

from msgspec.structs import replace
from rich.cells import cell_len, set_cell_size
from textual.content import Content

from bptui.app.panels.loss import curve_styles
from bptui.app.screens.dialog import Collection
from bptui.app.view import LETTERS, MOST_CURVES, NAME_ROOM, Curve
from bptui.core.experiment import Experiment


def proposed(experiment: Experiment, taken: Sequence[str]) -> str:
    """Return a short name for the experiment's curve that none of the kept ones has."""
    name = "".join(filter(str.isprintable, experiment.name)).strip() or "curve"
    cut = set_cell_size(name, NAME_ROOM - 4).strip()
    how = f"{experiment.training.optimizer} {experiment.training.learning_rate:g}"
    texts = chain([f"{name} {how}", name, cut], (f"{cut} {number}" for number in count(2)))
    return next(text for text in texts if cell_len(text) <= NAME_ROOM and text not in taken)


class CurveScreen(Collection[tuple[Curve, ...], str, Curve]):
    """Gives the curves that are kept then; ``current`` may become one of them."""

    def __init__(self, current: Curve, kept: Sequence[Curve]) -> None:
        below = (
            "tab or ↓: list, delete: remove",
            f"It stays in the chart, with up to {MOST_CURVES - 1} others, whatever runs next.",
        )
        asked = "Compare", "enter: keep, esc: close", current.name
        super().__init__(*asked, items=kept, below=below)
        self._current = current

    def line(self, item: Curve) -> Content:
        colour = curve_styles(self.app)[item.letter].color
        return Content.assemble(
            (item.letter, f"bold {colour.name}" if colour else "bold"),
            f" {set_cell_size(item.name, NAME_ROOM)}",
            (f"  steps 0 to {len(item.losses) - 1}", "$text-muted"),
        )

    def read(self, text: str) -> tuple[str, str]:
        """Return the name; raise :class:`ValueError` where no curve can have it."""
        name, wrong = " ".join(text.split()), ""
        if len(self.items) >= MOST_CURVES:
            wrong = f"At most {MOST_CURVES} curves can be kept: remove one first."
        elif not name:
            wrong = "Enter a name."
        elif not name.isprintable():
            wrong = "The name has a character that cannot be shown."
        elif cell_len(name) > NAME_ROOM:
            wrong = f"The name is {cell_len(name)} columns wide; at most {NAME_ROOM} fit."
        elif name in [curve.name for curve in self.items]:
            wrong = f"Another curve is already called {name}."
        if wrong:
            raise ValueError(wrong)
        return name, f"keeps steps 0 to {len(self._current.losses) - 1} in the chart as {name}"

    def take(self, value: str) -> None:
        """Keep the current curve under a name."""
        taken = [curve.letter for curve in self.items]
        letter = next(letter for letter in LETTERS if letter not in taken)
        self.items.append(replace(self._current, name=value, letter=letter))
        self.action_close()

    def action_close(self) -> None:
        self.dismiss(tuple(self.items))
