"""What one types into or chooses with, and how a field looks that is not being edited."""

from __future__ import annotations

from bisect import bisect
from collections.abc import Iterable
from itertools import accumulate
from typing import ClassVar

from textual.binding import Binding
from textual.content import Content
from textual.events import Click, Paste
from textual.message import Message
from textual.suggester import SuggestFromList
from textual.widget import Widget
from textual.widgets import Input, OptionList, TextArea

from bptui.app.form.fields import Field
from bptui.app.form.rows import LONGEST_SHOWN, choice_content, long_text
from bptui.app.form.texts import columns_text, prose
from bptui.app.screens.dialog import Dialog
from bptui.core.mistakes import MISTAKES
from bptui.presets.errors import cleaned


class Choice(Widget):
    """One of a few words."""

    BINDINGS: ClassVar = [
        Binding("left", "choose(-1)", "Previous", show=False),
        Binding("right,space", "choose(1)", "Next", show=False),
    ]
    can_focus = True

    class Chosen(Message):
        """The user has chosen something else."""

    def __init__(self) -> None:
        super().__init__()
        self.options, self.entered = [""], ""

    def put(self, field: Field, text: str) -> None:
        """Show the options of a field."""
        self.options, self.entered = [*field.options], text
        self.refresh()

    def render(self) -> Content:
        style = "bold reverse" if self.has_focus else "bold $text"
        return choice_content(self.options, self.entered, self.size.width, style)

    def action_choose(self, by: int) -> None:
        """Choose the next option, or the one before."""
        self._choose(self.options[(self.options.index(self.entered) + by) % len(self.options)])

    def on_click(self, event: Click) -> None:
        self.choose_at(event.x)

    def choose_at(self, x: int) -> None:
        """Choose the option in column ``x``, or go on by the arrows around the only one."""
        ends = [*accumulate(len(option) + 2 for option in self.options)]
        if ends[-1] > self.size.width:
            self.action_choose(-1 if x < len("< ") else 1)
        elif x < ends[-1]:
            self._choose(self.options[bisect(ends, x)])

    def _choose(self, option: str) -> None:
        if option != self.entered:
            self.entered = option
            self.refresh()
            self.post_message(self.Chosen())


class Line(Input):
    """A text on one line; lines that are pasted are joined."""

    @property
    def entered(self) -> str:
        """What stands in it."""
        return self.value

    def put(self, field: Field, text: str) -> None:
        """Show the text of a field, to be changed or replaced."""
        self.placeholder = field.placeholder
        self.suggester = SuggestFromList([*field.options]) if field.options else None
        self.value = text
        self.action_select_all()

    def _on_paste(self, event: Paste) -> None:
        event.prevent_default()
        event.stop()
        joined = " ".join(cleaned(event.text).split("\n")).strip()
        if joined:
            self.replace(joined, *sorted(self.selection))


class Area(TextArea):
    """Rows of numbers, or of words; as high as it needs to be.

    More than anyone would read is told in a line, and replaced by what is pasted.
    """

    def __init__(self) -> None:
        super().__init__(tab_behavior="focus", highlight_cursor_line=False)
        self._long: str | None = None

    @property
    def entered(self) -> str:
        """What stands in it."""
        return self.text if self._long is None else self._long

    def put(self, field: Field, text: str) -> None:
        """Show the text of a field."""
        self.soft_wrap = field.read is prose
        self._show(text)

    def _show(self, text: str) -> None:
        self.read_only = len(text) > LONGEST_SHOWN
        self._long = text if self.read_only else None
        self.text = long_text(text) if self.read_only else text

    async def _on_paste(self, event: Paste) -> None:
        event.prevent_default()
        event.stop()
        lines = (line.rstrip("\t ") for line in event.text.splitlines())
        text = "\n".join("\t".join(map(cleaned, line.split("\t"))) for line in lines)
        if self.read_only or len(text) > LONGEST_SHOWN:
            self._show(text)
        else:
            self.move_cursor(self.replace(text, *self.selection).end_location)


class NamesScreen(Dialog[str | None]):
    """Gives the text of the names that were chosen, or None where none was."""

    BINDINGS: ClassVar = [Binding("space", "choose", "Choose", show=False)]

    def __init__(self, field: Field, chosen: Iterable[str]) -> None:
        choose = "space: on or off" if field.several else "enter: choose"
        super().__init__(field.label.capitalize(), f"{choose}, esc: close")
        self._several, self._options = field.several, [*field.options]
        self._chosen = {*chosen} & {*self._options}
        self._list = OptionList(*map(self._option, self._options))

    def rows(self) -> Iterable[Widget]:
        yield self._list

    def on_mount(self) -> None:
        on = (place for place, name in enumerate(self._options) if name in self._chosen)
        self._list.highlighted = next(on, 0)
        self._list.focus()

    def _option(self, name: str) -> Content:
        on = name in self._chosen
        box = ("[x] " if on else "[ ] ") if self._several else ""
        does = (f"\n{MISTAKES[name].summary}", "dim") if name in MISTAKES else ""
        return Content.assemble(box, (name, "bold" if on else ""), does)

    def on_option_list_option_selected(self, event: OptionList.OptionSelected) -> None:
        """Choose the name; among several, switch it on or off."""
        name = self._options[event.option_index]
        if not self._several:
            self.dismiss(name)
            return
        self._chosen ^= {name}
        self._list.replace_option_prompt_at_index(event.option_index, self._option(name))

    def action_choose(self) -> None:
        self._list.action_select()

    def action_close(self) -> None:
        """Give the names, where there may be several."""
        names = (columns_text([name]) for name in self._options if name in self._chosen)
        self.dismiss(", ".join(names) if self._several else None)
