"""What one types into: a line, rows of numbers, and a note in the place of too many of them."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import ClassVar

from textual.binding import Binding
from textual.events import Click, Paste
from textual.message import Message
from textual.suggester import Suggester
from textual.widgets import Input, Static, TextArea

from bptui.app.form.texts import LONGEST_SHOWN, printable

LEAST, MOST = 2, 10
"""Rows of a text area."""


class NameSuggester(Suggester):
    """Completes the last name of a list."""

    def __init__(self, known: Sequence[str]) -> None:
        super().__init__(case_sensitive=True)
        self._known = known

    async def get_suggestion(self, value: str) -> str | None:
        begun = re.split(r"[\s,]", value)[-1]
        if not begun:
            return None
        close = (each for each in self._known if each.startswith(begun) and each != begun)
        name = next(close, None)
        return None if name is None else value + name[len(begun) :]


class LongText(Message):
    """A text was pasted that is too long to be shown; ``text`` is the whole one."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.text = text


class Line(Input):
    """A text on one line; lines that are pasted are joined."""

    DEFAULT_CSS = """
    Line, Line:focus {
        border: none;
        height: 1;
        width: 1fr;
        padding: 0 1;
        background: $foreground 10%;
        background-tint: transparent;
    }
    Line:focus { background: $foreground 20%; }
    """

    def __init__(self, text: str, placeholder: str, suggester: Suggester | None) -> None:
        super().__init__(
            text,
            placeholder,
            suggester=suggester,
            validate_on=["submitted"],  # never: what is typed is judged by the form
        )

    def _on_paste(self, event: Paste) -> None:
        event.prevent_default()
        event.stop()
        joined = " ".join(printable(event.text).split("\n")).strip()
        if joined:
            self.replace(joined, *sorted(self.selection))


class Area(TextArea):
    """Rows of numbers, or of words; as high as it needs to be."""

    DEFAULT_CSS = """
    Area, Area:focus {
        border: none;
        padding: 0 1;
        width: 1fr;
        background: $foreground 10%;
        background-tint: transparent;
        scrollbar-size: 1 1;
        scrollbar-color: $foreground 30%;
        scrollbar-background: $surface;
        scrollbar-corner-color: $surface;
    }
    Area:focus { background: $foreground 20%; }
    """

    def __init__(self, text: str, wraps: bool) -> None:
        super().__init__(text, soft_wrap=wraps, tab_behavior="focus", highlight_cursor_line=False)
        self.fit()

    def fit(self) -> None:
        """Take the rows that the text needs."""
        self.styles.height = min(max(self.document.line_count, LEAST), MOST)

    async def _on_paste(self, event: Paste) -> None:
        event.prevent_default()
        event.stop()
        lines = (each.rstrip("\t ") for each in event.text.splitlines())
        text = "\n".join("\t".join(map(printable, line.split("\t"))) for line in lines)
        if len(text) <= LONGEST_SHOWN:
            self.move_cursor(self.replace(text, *self.selection).end_location)
            return
        (row, column), (last_row, last_column) = sorted((self.selection.start, self.selection.end))
        lines_of = self.document.lines
        before = "\n".join([*lines_of[:row], lines_of[row][:column]])
        after = "\n".join([lines_of[last_row][last_column:], *lines_of[last_row + 1 :]])
        self.post_message(LongText(before + text + after))


class Note(Static):
    """Stands for more numbers than anyone would read in a text area."""

    DEFAULT_CSS = """
    Note {
        height: 1;
        width: 1fr;
        padding: 0 1;
        color: $foreground;
        background: $foreground 10%;
        &:focus { background: $foreground 20%; text-style: bold; }
    }
    """
    BINDINGS: ClassVar = [
        Binding("enter", "open", "Show them", show=False),
        Binding("delete,backspace", "clear", "Clear", show=False),
    ]
    can_focus = True

    class Changed(Message):
        """``text`` takes the place of the numbers; None: they are to be shown."""

        def __init__(self, note: Note, text: str | None) -> None:
            super().__init__()
            self.note, self.text = note, text

        @property
        def control(self) -> Note:
            return self.note

    def __init__(self, said: str) -> None:
        super().__init__(said, markup=False)

    def action_open(self) -> None:
        self.post_message(self.Changed(self, None))

    def action_clear(self) -> None:
        self.post_message(self.Changed(self, ""))

    def on_click(self, event: Click) -> None:
        self.focus()

    def on_paste(self, event: Paste) -> None:
        event.stop()
        self.post_message(self.Changed(self, event.text))
