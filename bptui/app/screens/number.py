"""Edits one number where it stands, and says what is wrong with it as it is typed."""

from __future__ import annotations

from collections.abc import Callable
from typing import ClassVar

from textual.app import ComposeResult
from textual.containers import Vertical
from textual.geometry import Offset
from textual.widgets import Input, Static

from bptui.app.screens.dialog import Dialog
from bptui.core.errors import UnusableError
from bptui.presets.number_parsing import EntryError, number

WIDTH, HEIGHT = 40, 4


class NumberScreen(Dialog[float | None]):
    """Gives the number, or None where it is to stay; ``check`` raises what is wrong with one.

    ``at`` is where the number stands on the screen; None: in the middle.
    """

    BINDINGS: ClassVar = [("escape", "dismiss(None)", "Close")]
    DEFAULT_CSS = f"""
    NumberScreen {{
        background: transparent;
        align: center middle;
    }}
    #number {{
        width: {WIDTH};
        height: auto;
        max-height: 8;
        padding: 0 1;
        border: round $border;
        border-title-style: bold;
        background: $surface;
    }}
    #number Input {{
        border: none;
        height: 1;
        padding: 0;
        background: $foreground 10%;
    }}
    #number-meaning {{
        color: $text-muted;
        height: auto;
        min-height: 1;
    }}
    #number-meaning.wrong {{
        color: $text-warning;
    }}
    """

    def __init__(
        self, title: str, value: float, check: Callable[[float], object], at: Offset | None
    ) -> None:
        super().__init__()
        self._title, self._value, self._check, self._at = title, value, check, at

    def compose(self) -> ComposeResult:
        with Vertical(id="number", classes="editor") as box:
            box.border_title = self._title
            box.border_subtitle = "enter: apply, esc: cancel"
            yield Input(repr(self._value), id="number-text")
            yield Static(id="number-meaning", markup=False)

    def on_mount(self) -> None:
        self._size_then = self.app.size
        self.query_one(Input).focus()
        self._place()
        self._say(repr(self._value))

    def on_resize(self) -> None:
        if self.app.size != self._size_then:  # the number stands elsewhere now
            self._at = None
            self.styles.align = ("center", "middle")
            self.query_one("#number").styles.offset = (0, 0)

    def _place(self) -> None:
        """Lay the line over the number, as far as the screen allows."""
        if self._at is None:
            return
        self.styles.align = ("left", "top")
        room = self.app.size
        x = min(max(self._at.x - 3, 0), max(room.width - WIDTH, 0))
        y = min(max(self._at.y - 1, 0), max(room.height - HEIGHT - 1, 0))
        self.query_one("#number").styles.offset = (x, y)

    def on_input_changed(self, event: Input.Changed) -> None:
        self._say(event.value)

    def on_input_submitted(self, event: Input.Submitted) -> None:
        value = self._say(event.value)
        if value is not None:
            self.dismiss(value)

    def _say(self, text: str) -> float | None:
        """Show what is wrong with ``text``, or what it reads as; the number."""
        meaning = self.query_one("#number-meaning", Static)
        value, wrong = None, ""
        try:
            value = number(text)
            self._check(value)
        except EntryError as error:
            wrong = str(error)
        except UnusableError as error:
            value, wrong = None, f"expected {error.expected}"
        meaning.set_class(bool(wrong), "wrong")
        said = wrong or (f"it was {self._value!r}" if value != self._value else "")
        meaning.update(f"{said[:1].upper()}{said[1:]}")
        return value
