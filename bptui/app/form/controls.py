"""What one types into or chooses with, and how a field looks that is not being edited."""

from __future__ import annotations

from collections.abc import Iterable
from typing import ClassVar

from textual.binding import Binding
from textual.content import Content
from textual.events import Click, Key, Paste
from textual.message import Message
from textual.suggester import SuggestFromList
from textual.widget import Widget
from textual.widgets import Input, OptionList, TextArea
from textual.widgets.option_list import Option

from bptui.app.form.fields import Field
from bptui.app.form.rows import LEAST, LONGEST_SHOWN, MOST, choice_content, long_text
from bptui.app.form.texts import columns_text
from bptui.app.screens.dialog import Dialog
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

    async def on_key(self, event: Key) -> None:
        """Choose the next option that begins with the letter."""
        if not event.character or not event.character.isalnum():
            return
        event.stop()
        after = self.options.index(self.entered) + 1
        for option in self.options[after:] + self.options[:after]:
            if option.lower().startswith(event.character.lower()):
                self._choose(option)
                return

    def on_click(self, event: Click) -> None:
        self.choose_at(event.x)

    def choose_at(self, x: int) -> None:
        """Choose the option in column ``x``, or go on by the arrows around the only one."""
        ends = [
            sum(len(option) + 2 for option in self.options[: at + 1])
            for at in range(len(self.options))
        ]
        if ends[-1] > self.size.width:
            self.action_choose(-1 if x < len("< ") else 1)
            return
        for option, end in zip(self.options, ends, strict=True):
            if x < end:
                self._choose(option)
                return

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
        self.soft_wrap = field.kind == "prose"
        self._show(text)

    def _show(self, text: str) -> None:
        self.read_only = len(text) > LONGEST_SHOWN
        self._long = text if self.read_only else None
        self.text = long_text(text) if self.read_only else text
        self.fit()

    def fit(self) -> None:
        """Take the rows that the text needs."""
        self.styles.height = min(max(self.document.line_count, LEAST), MOST)

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
    """Gives the text of the names that were chosen, or None where nothing was changed."""

    BINDINGS: ClassVar = [Binding("space", "choose", "Choose", show=False)]

    def __init__(self, field: Field, chosen: Iterable[str]) -> None:
        choose = "space: on or off" if field.several else "enter: choose"
        super().__init__(field.label.capitalize(), f"{choose}, esc: close")
        self._field, self._options = field, [*field.options]
        self._chosen = {*chosen} & {*self._options}
        self._before = {*self._chosen}

    def rows(self) -> Iterable[Widget]:
        """Return the list."""
        yield OptionList(*map(self._option, self._options))

    def on_mount(self) -> None:
        """Begin at the first name that is chosen."""
        listing = self.query_one(OptionList)
        on = [place for place, name in enumerate(self._options) if name in self._chosen]
        listing.highlighted = on[0] if on else 0
        listing.focus()

    def _option(self, name: str) -> Option:
        on, meanings = (
            name in self._chosen,
            dict(zip(self._options, self._field.meanings, strict=False)),
        )
        box = ("[x] " if on else "[ ] ") if self._field.several else ""
        styled = (name, "bold" if on else "")
        does = ("\n" + meanings[name], "dim") if meanings else ""
        return Option(Content.assemble(box, styled, does))

    def on_option_list_option_selected(self, event: OptionList.OptionSelected) -> None:
        """Choose the name; among several, switch it on or off."""
        name, place = self._options[event.option_index], event.option_index
        if not self._field.several:
            self.dismiss(name)
            return
        self._chosen ^= {name}
        event.option_list.replace_option_prompt_at_index(place, self._option(name).prompt)

    def action_choose(self) -> None:
        """Choose the highlighted name."""
        self.query_one(OptionList).action_select()

    def action_close(self) -> None:
        """Give the names, if they were changed."""
        names = [name for name in self._options if name in self._chosen]
        self.dismiss(
            None if self._chosen == self._before else ", ".join(columns_text([n]) for n in names)
        )
