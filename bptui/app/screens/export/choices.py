"""The list of what can be exported, each with its formats side by side."""

from __future__ import annotations

from typing import ClassVar

from rich.cells import cell_len
from textual.binding import Binding
from textual.content import Content
from textual.events import Click
from textual.message import Message
from textual.widget import Widget

from bptui.app.screens.export.job import Shown
from bptui.app.screens.export.kinds import KINDS, Format, Kind


class Choices(Widget):
    """One line a kind; the arrows choose the kind and its format, so does the mouse."""

    DEFAULT_CSS = """
    Choices {
        height: auto;
        color: $text-muted;
    }
    """
    BINDINGS: ClassVar = [
        Binding("left", "format(-1)", "Previous format", show=False),
        Binding("right,space", "format(1)", "Next format", show=False),
        Binding("enter", "answer", "Export", show=False),
    ]
    can_focus = True

    class Chosen(Message):
        """Another kind or format was chosen."""

    class Answered(Message):
        """Enter was pressed."""

    def __init__(self, shown: Shown) -> None:
        super().__init__()
        self._titles = [each.titled(shown) for each in KINDS]
        self._kind = 0
        self._formats = [0] * len(KINDS)
        """The place of the format of each kind that is chosen, or was last."""
        self.locked = False
        """Whether the choice must stay as it is, as it is being written."""

    @property
    def kind(self) -> Kind:
        return KINDS[self._kind]

    @property
    def format(self) -> Format:
        return self.kind.formats[self._formats[self._kind]]

    @property
    def _shown(self) -> tuple[list[str], int]:
        """The titles, short ones where there is no room, and the column of the formats."""
        formats = max(sum(len(each.name) + 2 for each in kind.formats) for kind in KINDS)
        short = [f"the {each.name}" for each in KINDS]
        for titles in (self._titles, short):
            column = max(map(cell_len, titles)) + 6
            if column + formats <= self.size.width:
                break
        return titles, column

    def render(self) -> Content:
        lines, (titles, column) = [], self._shown
        for place, (kind, title) in enumerate(zip(KINDS, titles, strict=True)):
            chosen = place == self._kind
            style = "bold $text" if chosen else ""
            blanks = " " * (column - cell_len(title) - 4)
            parts = [(f"{'(•)' if chosen else '( )'} {title}{blanks}", style)]
            for at, each in enumerate(kind.formats):
                if at == self._formats[place]:
                    mark = "bold reverse" if chosen and self.has_focus else style
                    parts.append((f"[{each.name}]", mark))
                else:
                    parts.append((f" {each.name} ", ""))
            lines.append(Content.assemble(*parts))
        return Content("\n").join(lines)

    def choose(self, kind: Kind, form: Format) -> None:
        """Choose a kind and one of its formats."""
        place = KINDS.index(kind)
        self._choose(place, kind.formats.index(form))

    def move(self, by: int) -> None:
        """Go ``by`` kinds further down, not beyond the ends."""
        place = min(max(self._kind + by, 0), len(KINDS) - 1)
        self._choose(place, self._formats[place])

    def action_format(self, by: int) -> None:
        """The next or the previous format, around the ends."""
        formats = len(self.kind.formats)
        self._choose(self._kind, (self._formats[self._kind] + by) % formats)

    def action_answer(self) -> None:
        self.post_message(self.Answered())

    def on_click(self, event: Click) -> None:
        if event.y >= len(KINDS):
            return
        place, end = self._formats[event.y], self._shown[1]
        for at, each in enumerate(KINDS[event.y].formats):
            if end <= event.x < end + len(each.name) + 2:
                place = at
            end += len(each.name) + 2
        self._choose(event.y, place)

    def _choose(self, kind: int, form: int) -> None:
        if not self.locked and (kind, form) != (self._kind, self._formats[self._kind]):
            self._kind, self._formats[kind] = kind, form
            self.refresh()
            self.post_message(self.Chosen())
