"""The names that a field takes, to choose from, with what each means."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import ClassVar

from textual.binding import Binding
from textual.content import Content
from textual.events import Resize
from textual.widget import Widget
from textual.widgets import OptionList, Static
from textual.widgets.option_list import Option

from bptui.app.form.fields import Field
from bptui.app.form.texts import columns_text
from bptui.app.screens.dialog import Dialog

FRAME = 7
"""Lines of the dialog around its list."""


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
