"""What one types a field's text into, or chooses its names from."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import suppress
from typing import ClassVar

from textual.binding import Binding
from textual.content import Content
from textual.events import Paste
from textual.suggester import SuggestFromList
from textual.widget import Widget
from textual.widgets import OptionList, TextArea

from bptui.app.form.draft import Draft
from bptui.app.form.fields import Field
from bptui.app.form.rows import LONGEST_SHOWN, long_text
from bptui.app.form.texts import columns, columns_text, prose
from bptui.app.screens.dialog import Dialog, Question, Rows
from bptui.core.mistakes import MISTAKES
from bptui.presets.errors import cleaned
from bptui.presets.number_parsing import EntryError


class LineScreen(Question[str | None, str]):
    """Gives the text of a field, or None where it is to stay; ``typed`` replaces what it was."""

    BINDINGS: ClassVar = [
        Binding("tab", "submit", "OK", priority=True),
        Binding("down", "submit", "OK", show=False),
        Binding("f2", "names", "Names", show=False),
    ]
    KEYS = "enter: OK"

    def __init__(self, draft: Draft, entry: Field, typed: str = "") -> None:
        keys = f"{self.KEYS}, esc: cancel" + ", f2: names" * bool(entry.options)
        self._begun = typed or draft.chosen(entry.key)
        super().__init__(entry.title, keys, self._begun, entry.placeholder)
        self._draft, self._entry = draft, entry
        self._field.select_on_focus = not typed
        self._field.suggester = SuggestFromList([*entry.options]) if entry.options else None

    def read(self, text: str) -> tuple[str, str]:
        """Return the text, which can be read; an empty one stands for the default."""
        # a long one is read beside the event loop, with the whole form
        if len(text) <= LONGEST_SHOWN and text.strip() not in ("", self._entry.placeholder):
            self._draft.with_text(self._entry.key, text).value(self._entry)
        return text, self._entry.help

    def action_names(self) -> None:
        """List the names that the field takes, to choose from."""

        def write(text: str | None) -> None:
            if text is not None:
                self.action_write(text)

        if self._entry.options:
            self.app.push_screen(NamesScreen(self._entry, self.text), write)


class Area(TextArea):
    """Rows of numbers, or of words; as high as it needs to be.

    More than anyone would read is told in a line, and replaced by what is pasted.
    """

    def __init__(self, text: str, wrap: bool) -> None:
        super().__init__(soft_wrap=wrap, highlight_cursor_line=False)
        self._long: str | None = None
        self._show(text)

    @property
    def entered(self) -> str:
        """What stands in it."""
        return self.text if self._long is None else self._long

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


class AreaScreen(LineScreen):
    """The same for a text of several lines."""

    BINDINGS: ClassVar = [Binding("ctrl+s", "submit", "OK", priority=True)]
    KEYS = "tab: OK"

    def __init__(self, draft: Draft, entry: Field, typed: str = "") -> None:
        super().__init__(draft, entry, typed)
        self._editor = self._area = Area(self._begun, wrap=entry.read is prose)
        if typed:
            self._area.move_cursor(self._area.document.end)
        else:
            self._area.select_all()

    @property
    def text(self) -> str:
        return self._area.entered

    def on_text_area_changed(self) -> None:
        self.check()


class NamesScreen(Dialog[str | None]):
    """Gives the text of the names that were chosen, or None where none was."""

    BINDINGS: ClassVar = [Binding("space", "choose", "Choose", show=False)]

    def __init__(self, field: Field, text: str) -> None:
        choose = "space: on or off" if field.several else "enter: choose"
        super().__init__(field.title, f"{choose}, esc: close")
        self._several, self._options = field.several, [*field.options]
        chosen = {text.strip(), *text.replace(",", " ").split()}
        with suppress(EntryError):
            chosen |= {*columns(text)}
        self._chosen = chosen & {*self._options}
        self._list = Rows(*map(self._option, self._options))

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
