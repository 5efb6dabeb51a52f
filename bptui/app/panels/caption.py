"""The caption of a presentation: a sentence on what has just happened, for a class to read."""

from __future__ import annotations

from textwrap import wrap
from typing import Generic, NamedTuple

from textual.reactive import reactive
from textual.strip import Strip
from textual.widget import Widget

from bptui.app.lines import Line
from bptui.app.panels.panel import ShownT
from bptui.app.styles import styles_of
from bptui.app.view import View

ROWS = 3
"""Lines that every caption fits into on 80 columns."""


def tour_rows(width: int) -> int:
    """Return the lines that every stop of the tour fits into, with its title and its key."""
    return 7 if width >= 80 else 10 if width >= 74 else 12


class Told(NamedTuple):
    """What a caption says: where we are, what is given, how; and whether that is wrong."""

    where: str
    what: str
    how: str
    wrong: bool = False

    @property
    def sentence(self) -> str:
        """Return how, as a sentence of its own; names keep their letters."""
        first, blank, rest = self.how.partition(" ")
        return f"{first.capitalize() if first.isalpha() else first}{blank}{rest}."

    def rows(self, width: int) -> tuple[list[str], int]:
        """Return the lines of text, and how many characters of them say where and what.

        How it is computed begins on a line of its own where there is room.
        """
        what = f"{self.where}: {self.what}"
        apart = [*wrap(what, width), *wrap(self.sentence, width)]
        if len(apart) <= ROWS:
            return apart, len(what)
        return wrap(f"{what}: {self.how}.", width, max_lines=ROWS, placeholder=" …"), len(what)


class CaptionLine(Widget, Generic[ShownT]):
    """Writes what :meth:`say` gives; where we are, and what is given, stand out."""

    ALLOW_SELECT = False
    told: reactive[Told | None] = reactive(None)

    def __init__(self) -> None:
        super().__init__(id="caption")
        self.styles.height = ROWS

    def show(self, view: ShownT) -> None:
        """Say what is to be said of a view."""
        self.told = self.say(view)

    def say(self, view: ShownT) -> Told:
        """Return what is to be said of a view."""
        raise NotImplementedError

    def render_line(self, y: int) -> Strip:
        width, styles, line = self.size.width, styles_of(self.app), Line()
        if self.told is not None:
            rows, bold = self.told.rows(max(width - 2, 20))
            row = rows[y] if y < len(rows) else ""
            bold = max(bold - sum(len(before) + 1 for before in rows[:y]), 0)
            style = styles.warning if self.told.wrong else styles.accent + styles.bold
            line.add(" ", styles.text).add(row[:bold], style).add(row[bold:], styles.text)
        return line.strip().adjust_cell_length(width).apply_style(self.rich_style)


class OperationCaption(CaptionLine[View]):
    """Says what the operation just carried out has given."""

    def say(self, view: View) -> Told:
        from bptui.explain.captions import captions  # a presentation may begin later

        snapshot, operation = view.snapshot, view.operation
        count = len(snapshot.operations)
        if operation is None or view.position is None:
            how = "forward to the loss, back to the gradients, then the update"
            return Told(f"step {snapshot.step}", f"all {count} operations at once", how)
        caption = captions(snapshot.experiment, len(snapshot.batch))[operation.name]
        where = f"{view.position + 1}/{count} {operation.name}"
        return Told(where, caption.what, caption.how, caption.verdict != "right")
