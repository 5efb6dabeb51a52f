"""What every key does."""

from __future__ import annotations

from typing import ClassVar

from textual.app import ComposeResult
from textual.containers import VerticalScroll
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import Static

from bptui.app.commands import COMMANDS

WORDS = (
    ("step", "state k is the parameters after k updates; step k shows the pass made at state k"),
    ("net, out", "a unit's weighted sum of inputs, and what its activation function makes of it"),
    ("W, b", "weights and biases; gW, gb are the gradients of the loss by them"),
    ("+  -", "the sign of a number; an edge with a negative weight is dashed"),
)


class HelpScreen(ModalScreen[None]):
    """The table of commands and the words on the screen."""

    BINDINGS: ClassVar = [("escape,q,question_mark", "dismiss", "Close")]

    def compose(self) -> ComposeResult:
        with VerticalScroll(id="help", classes="dialog") as box:
            box.border_title = "Help"
            box.border_subtitle = "esc closes"
            yield Static(self._text())

    @staticmethod
    def _text() -> Content:
        rows = [("tab", "Next panel; the arrow keys scroll it")]
        rows = [
            (each.shown_key, f"{each.title}. {each.explanation}") for each in COMMANDS if each.key
        ] + rows
        lines = [Content.styled("Keys", "bold")]
        lines += [_row(key, text) for key, text in rows]
        lines += [Content(""), Content.styled("On the screen", "bold")]
        lines += [_row(key, text) for key, text in WORDS]
        return Content("\n").join(lines)


def _row(key: str, text: str) -> Content:
    return Content.assemble((f"{key:>9}", "bold $accent"), "  ", text)
