"""Shows a stop of the tour: the caption, why it is so, and the key that leads on."""

from __future__ import annotations

import re
from textwrap import wrap

from textual.geometry import Size
from textual.reactive import reactive
from textual.strip import Strip
from textual.widget import Widget

from bptui.app.commands.table import SHOWN_KEYS
from bptui.app.lines import Line, pressing, spot
from bptui.app.panels.caption import Told, tour_rows
from bptui.app.styles import styles_of
from bptui.app.tour.stops import Stop

OPERATOR = re.compile(r" ([-+*/@=<]) ")
"""Stands within a formula; lines are not broken there."""
GLUE = "\N{NO-BREAK SPACE}"


class TourPanel(Widget):
    """Below the panels, in the place of the caption and of the keys."""

    ALLOW_SELECT = False
    text: reactive[str] = reactive("")
    hint: reactive[str] = reactive("")

    def __init__(self) -> None:
        super().__init__(id="tour")
        self.styles.height = "auto"
        self._stop: Stop | None = None
        self._number = self._does = ""

    def show(self, stop: Stop, told: Told | None, file: str, number: str, hint: str) -> None:
        """Show a stop, the operation's caption first where it has no title of its own."""
        self._stop, self._number, self.hint = stop, number, hint
        title, text = stop.title.format(file=file), stop.text.format(file=file)
        self._does = stop.does.format(file=file)
        if not title and told is not None:
            first, blank, rest = told.how.partition(" ")
            how = f"{first.capitalize() if first.isalpha() else first}{blank}{rest}"
            title = f"{told.where}: {told.what}\n{how}."
        self.text = f"{title}\n{text}"

    def get_content_height(self, container: Size, viewport: Size, width: int) -> int:
        return tour_rows(width)

    def render_line(self, y: int) -> Strip:
        width, styles, line = self.size.width, styles_of(self.app), Line()
        if y < self.size.height - 1:
            paragraphs = OPERATOR.sub(rf"{GLUE}\1{GLUE}", self.text).split("\n")
            rows = [row for text in paragraphs for row in wrap(text, max(width - 2, 20))]
            row = rows[y].replace(GLUE, " ") if y < len(rows) else ""
            line.add(f" {row}", styles.text if y else styles.accent + styles.bold)
        elif self._stop is not None:
            press = spot(pressing(self._stop.key))
            key = SHOWN_KEYS.get(self._stop.key, self._stop.key)
            line.add(" ", styles.text)
            line.add(f" {key} ", styles.accent + styles.bold + styles.chosen + press)
            said = self.hint or self._does
            line.add(f" {said}", styles.warning if self.hint else styles.strong + press)
            behind = f"{self._number}, esc: leave the tour "
            if line.width + len(behind) <= width:
                line.pad(width - len(behind), styles.text).add(behind, styles.dim)
        return line.strip().adjust_cell_length(width).apply_style(self.rich_style)
