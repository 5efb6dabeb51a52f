"""What one types into or chooses with: a choice, a line, rows of numbers, a note for too many."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import ClassVar

from textual.binding import Binding
from textual.content import Content
from textual.events import Click, Key, Paste
from textual.message import Message
from textual.reactive import reactive
from textual.suggester import Suggester
from textual.widget import Widget
from textual.widgets import Input, Static, TextArea

from bptui.app.key_queue import LONGEST_LINE
from bptui.presets.build import counted
from bptui.presets.errors import cleaned

LONGEST_SHOWN = LONGEST_LINE
"""Characters that a text area shows without being asked."""
LEAST, MOST = 2, 10
"""Rows of a text area."""


class Choice(Widget):
    """One of a few words: all side by side, or the chosen one alone where there is no room."""

    BINDINGS: ClassVar = [
        Binding("left", "choose(-1)", "Previous", show=False),
        Binding("right,space", "choose(1)", "Next", show=False),
    ]
    can_focus = True
    chosen: reactive[str] = reactive("", init=False)

    class Chosen(Message):
        """The user has chosen something else."""

    def __init__(self, options: tuple[str, ...], chosen: str) -> None:
        super().__init__()
        self.options = options
        self.set_reactive(Choice.chosen, chosen)

    @property
    def text(self) -> str:
        """The chosen option."""
        return self.chosen

    @text.setter
    def text(self, text: str) -> None:
        self.chosen = text

    @property
    def _fits(self) -> bool:
        return sum(len(option) + 2 for option in self.options) <= self.size.width

    @property
    def _place(self) -> int:
        return self.options.index(self.chosen) if self.chosen in self.options else 0

    def render(self) -> Content:
        style = "bold reverse" if self.has_focus else "bold $text"
        if self._fits:
            return Content.assemble(
                *(
                    (f"[{option}]", style) if option == self.chosen else f" {option} "
                    for option in self.options
                )
            )
        blanks = " " * (max(map(len, self.options)) - len(self.chosen))
        place = f"{self._place + 1} of {len(self.options)}: left, right"
        return Content.assemble("< ", (self.chosen, style), f"{blanks} >  {place}")

    def action_choose(self, by: int) -> None:
        """Choose the next option, or the one before."""
        self._choose(self.options[(self._place + by) % len(self.options)])

    async def on_key(self, event: Key) -> None:
        """Choose the next option that begins with the letter."""
        if not event.character or not event.character.isalnum():
            return
        event.stop()
        after = self._place + 1
        for option in self.options[after:] + self.options[:after]:
            if option.lower().startswith(event.character.lower()):
                self._choose(option)
                return

    def on_click(self, event: Click) -> None:
        """Choose the option that was clicked, or go on by the arrows around the only one."""
        if not self._fits:
            self.action_choose(-1 if event.x < len("< ") else 1)
            return
        end = 0
        for option in self.options:
            end += len(option) + 2
            if event.x < end:
                self._choose(option)
                return

    def _choose(self, option: str) -> None:
        if option != self.chosen:
            self.chosen = option
            self.post_message(self.Chosen())


class NameSuggester(Suggester):
    """Completes the last name of a list."""

    def __init__(self, known: Sequence[str]) -> None:
        super().__init__(case_sensitive=True)
        self._known = known

    async def get_suggestion(self, value: str) -> str | None:
        """Return the text with its last name complete, if that is the beginning of one."""
        begun = re.split(r"[\s,]", value)[-1]
        close = (name for name in self._known if name.startswith(begun) and name != begun)
        name = next(close, None) if begun else None
        return None if name is None else value + name[len(begun) :]


class LongText(Message):
    """A text was pasted that is too long to be shown; ``text`` is the whole one."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.text = text


class Line(Input):
    """A text on one line; lines that are pasted are joined."""

    @property
    def text(self) -> str:
        """What stands in it."""
        return self.value

    @text.setter
    def text(self, text: str) -> None:
        self.value = text

    def _on_paste(self, event: Paste) -> None:
        event.prevent_default()
        event.stop()
        joined = " ".join(cleaned(event.text).split("\n")).strip()
        if joined:
            self.replace(joined, *sorted(self.selection))


class Area(TextArea):
    """Rows of numbers, or of words; as high as it needs to be."""

    def __init__(self, text: str, wraps: bool) -> None:
        super().__init__(text, soft_wrap=wraps, tab_behavior="focus", highlight_cursor_line=False)
        self.fit()

    def fit(self) -> None:
        """Take the rows that the text needs."""
        self.styles.height = min(max(self.document.line_count, LEAST), MOST)

    async def _on_paste(self, event: Paste) -> None:
        event.prevent_default()
        event.stop()
        lines = (line.rstrip("\t ") for line in event.text.splitlines())
        text = "\n".join("\t".join(map(cleaned, line.split("\t"))) for line in lines)
        if len(text) <= LONGEST_SHOWN:
            self.move_cursor(self.replace(text, *self.selection).end_location)
            return
        start, end = sorted((self.selection.start, self.selection.end))
        before = self.get_text_range((0, 0), start)
        self.post_message(LongText(before + text + self.get_text_range(end, self.document.end)))


class Note(Static):
    """Stands for more numbers, or words, than anyone would read in a text area."""

    BINDINGS: ClassVar = [
        Binding("enter", "open", "Show them", show=False),
        Binding("delete,backspace", "clear", "Clear", show=False),
    ]
    can_focus = True

    class Opened(Message):
        """The numbers are to be shown."""

    def __init__(self, text: str, what: str) -> None:
        self.text = text
        rows = text.splitlines()
        count = len(re.findall(r"[^\s,;\[\](){}]+", rows[0])) if rows else 0
        said = f"{counted(len(rows), 'row')} of {counted(count, what)}"
        super().__init__(f"{said}; enter: show, delete: clear", markup=False)

    def action_open(self) -> None:
        """Have the numbers shown."""
        self.post_message(self.Opened())

    def action_clear(self) -> None:
        """Forget the numbers."""
        self.post_message(LongText(""))

    def on_paste(self, event: Paste) -> None:
        """Take what was pasted in the place of the numbers."""
        event.stop()
        self.post_message(LongText(event.text))


Control = Choice | Line | Area | Note
"""Each has a ``text``."""
