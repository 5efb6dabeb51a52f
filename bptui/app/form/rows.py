"""How the fields look that are not being edited: texts, drawn by one widget."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import NamedTuple

from rich.cells import set_cell_size
from textual.content import Content
from textual.events import Click
from textual.geometry import Size
from textual.widget import Widget

from bptui.app.form.fields import Field
from bptui.app.lines import fitted, justified
from bptui.presets.build import counted

LABEL = 16
"""Columns of the label, before the text."""
LONGEST_SHOWN = 200_000
"""Characters that are shown to be edited within a moment: some 10,000 numbers."""
LEAST, MOST = 2, 10
"""Rows of a text of several lines."""
TINT = "on $foreground 10%"


def choice_content(options: Iterable[str], chosen: str, width: int, style: str) -> Content:
    """Return all options side by side, or the chosen one alone where there is no room."""
    options = [*options]
    if sum(len(option) + 2 for option in options) <= width:
        return Content.assemble(
            *((f"[{option}]", style) if option == chosen else f" {option} " for option in options)
        )
    blanks = " " * (max(map(len, options)) - len(chosen))
    place = f"{options.index(chosen) + 1} of {len(options)}: left, right"
    return Content.assemble("< ", (chosen, style), f"{blanks} >  {place}")


def long_text(text: str) -> str:
    """Return what stands for a text that is too long to be shown."""
    return f"{counted(text.count(chr(10)) + 1, 'row')}; what is pasted replaces them"


def field_lines(field: Field, text: str, width: int) -> list[Content]:
    """Return what is seen of a field that is not being edited."""
    if field.is_choice:
        return [choice_content(field.options, text, width, "bold $text")]
    style, lines = f"$foreground {TINT}", [text]
    if not text and not field.is_block:
        style, lines = f"$foreground 70% {TINT}", [field.placeholder]
    elif len(text) > LONGEST_SHOWN:
        lines = [long_text(text)]
    elif field.is_block:
        lines = text.expandtabs(4).splitlines()[:MOST]
        lines += [""] * (LEAST - len(lines))
    return [
        Content.styled(set_cell_size(f" {fitted(line, width - 2)}", width), style) for line in lines
    ]


class Shown(NamedTuple):
    """A field as it is to be drawn, and what is wrong with it; or a heading."""

    field: Field | None
    text: str
    problem: str = ""

    def lines(self, width: int) -> list[Content]:
        """Return the lines of the field: its label beside its text, and what is wrong below."""
        if self.field is None:
            return [Content.styled(self.text, "bold $text-accent")]
        room = width - LABEL - 1
        label = Content.styled(f"{justified(self.field.label, LABEL)} ", "$foreground")
        first, *others = field_lines(self.field, self.text, room)
        made = [label + first, *(line.pad_left(LABEL + 1) for line in others)]
        wrong = Content.styled(f"! {self.problem}" if self.problem else "", "$text-warning")
        return made + [line.pad_left(LABEL + 1) for line in wrong.wrap(room) if wrong]


class Rows(Widget):
    """Draws fields, and headings above them.

    ``clicked`` is told the key of the field that was clicked, and in which column of its text.
    """

    def __init__(self, clicked: Callable[[str, int], object]) -> None:
        super().__init__()
        self._clicked = clicked
        self._items: list[Shown] = []

    def put(self, items: list[Shown]) -> None:
        """Show these headings and fields."""
        if items != self._items:
            self._items = items
            self.refresh(layout=True)

    def _lines(self, width: int) -> list[tuple[Shown, Content]]:
        return [(item, line) for item in self._items for line in item.lines(width)]

    def get_content_height(self, container: Size, viewport: Size, width: int) -> int:
        return len(self._lines(width))

    def render(self) -> Content:
        return Content("\n").join(line for _, line in self._lines(self.size.width))

    def on_click(self, event: Click) -> None:
        clicked = self._lines(self.size.width)[event.y : event.y + 1]
        if clicked and clicked[0][0].field is not None:
            self._clicked(clicked[0][0].field.key, event.x - LABEL - 1)
