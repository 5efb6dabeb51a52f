"""What every key does."""

from __future__ import annotations

from typing import ClassVar

from rich.table import Table
from rich.text import Text
from textual.app import ComposeResult
from textual.containers import VerticalScroll
from textual.widgets import Static

from bptui.app.commands import COMMANDS
from bptui.app.ink import ink_of
from bptui.app.screens.dialog import Dialog

WORDS = (
    ("step", "state k is the parameters after k updates; step k shows the pass made at state k"),
    ("net, out", "a unit's weighted sum of inputs, and what its activation function makes of it"),
    ("W, b", "weights and biases; gW, gb are the gradients of the loss by them"),
    ("operation", "one thing that a step computes; what it has not computed yet is dim"),
    ("◆  ▲", "on the axis of the loss chart: a breakpoint stopped a run there; an edit"),
    ("A B  ·  ∘", "in the loss chart: curves that were kept; before the last edit; test samples"),
    ("+  -", "the sign of a number; an edge with a negative weight is dashed"),
)
PANELS = (
    "tab",
    "Next panel. The arrow keys move the selection in it; in the top line it is the learning rate.",
)


class HelpScreen(Dialog[None]):
    """The table of commands and the words on the screen."""

    BINDINGS: ClassVar = [("escape,q,question_mark", "dismiss", "Close")]

    def compose(self) -> ComposeResult:
        keys = [(each.shown_key, f"{each.title}. {each.explanation}.") for each in COMMANDS]
        with VerticalScroll(id="help", classes="dialog") as box:
            box.border_title = "Help"
            box.border_subtitle = "esc closes"
            yield Static(self._table("Keys", [*(row for row in keys if row[0]), PANELS]))
            yield Static(self._table("On the screen", [*WORDS]), classes="second")

    def _table(self, title: str, rows: list[tuple[str, str]]) -> Table:
        """Two columns, so that a long explanation goes on under itself."""
        colours = ink_of(self.app)
        table = Table.grid(padding=(0, 2, 0, 0))
        table.add_column(justify="right", min_width=9, no_wrap=True)
        table.add_column()
        table.add_row("", Text(title, style=colours.strong))
        for key, explanation in rows:
            table.add_row(Text(key, style=colours.accent), Text(explanation, style=colours.text))
        return table
