"""What one types into or chooses with: a choice, a line, rows of numbers, a list of names."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import ClassVar

from textual.binding import Binding
from textual.content import Content
from textual.events import Click, Key, Paste, Resize
from textual.message import Message
from textual.reactive import reactive
from textual.suggester import Suggester
from textual.widget import Widget
from textual.widgets import Input, OptionList, Static, TextArea
from textual.widgets.option_list import Option

from bptui.app.form.fields import Field
from bptui.app.form.texts import columns_text
from bptui.app.key_queue import LONGEST_LINE
from bptui.app.screens.dialog import Dialog
from bptui.presets.build import counted
from bptui.presets.errors import cleaned

LONGEST_SHOWN = LONGEST_LINE
"""Characters that a text area shows without being asked."""
LEAST, MOST = 2, 10
"""Rows of a text area."""
FRAME = 7
"""Lines of the dialog around its list."""


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


class NamesScreen(Dialog[str | None]):
    """Gives the text of the names that were chosen, or None where nothing was changed.

    ``text`` is what stands in the field, ``value`` what was read of it.
    """

    BINDINGS: ClassVar = [Binding("space", "choose", "Choose", show=False)]

    def __init__(self, field: Field, text: str, value: object) -> None:
        choose = "space: on or off" if field.several else "enter: choose"
        super().__init__(field.label.capitalize(), f"{choose}, esc: close")
        self._field = field
        # of what cannot be read, the names that there are
        found = value if isinstance(value, list) else [text.strip(), *re.split(r"[\s,]+", text)]
        self._chosen = {name for name in field.options if name in found}
        self._before = {*self._chosen}

    def rows(self) -> Iterable[Widget]:
        """Return the list, and room for a meaning below it."""
        yield OptionList(*map(self._option, self._field.options))
        if self._field.meanings:
            yield Static(id="meaning", markup=False)

    def on_mount(self) -> None:
        """Begin at the first name that is chosen."""
        listing, options = self.query_one(OptionList), self._field.options
        on = [place for place, name in enumerate(options) if name in self._chosen]
        listing.highlighted = on[0] if on else 0
        listing.focus()

    def on_resize(self, event: Resize) -> None:
        """Leave the meaning its lines below the list."""
        self.query_one(OptionList).styles.max_height = max(event.size.height * 9 // 10 - FRAME, 1)

    def _option(self, name: str) -> Option:
        field, on = self._field, name in self._chosen
        box = ("[x] " if on else "[ ] ") if field.several else ""
        width = max(map(len, field.options)) + 3 if field.meanings else 0
        meaning = field.meanings[field.options.index(name)] if field.meanings else ""
        styled = (name.ljust(width), "bold" if on else "")
        return Option(Content.assemble(box, styled, (meaning, "dim")))

    def on_option_list_option_highlighted(self, event: OptionList.OptionHighlighted) -> None:
        """Say the whole of what the list may have had no room for."""
        for meaning in self.query("#meaning").results(Static):
            meaning.update(self._field.meanings[event.option_index])

    def on_option_list_option_selected(self, event: OptionList.OptionSelected) -> None:
        """Choose the name; among several, switch it on or off."""
        name, place = self._field.options[event.option_index], event.option_index
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
        text = ", ".join(columns_text([n]) for n in self._field.options if n in self._chosen)
        self.dismiss(None if self._chosen == self._before else text)
