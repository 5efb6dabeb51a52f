"""The gradient check of the shown step: a summary, and every gradient with its verdict."""

from __future__ import annotations

from collections.abc import Iterable
from typing import ClassVar

from textual.binding import Binding
from textual.content import Content
from textual.widget import Widget
from textual.widgets import OptionList, Static
from textual.widgets.option_list import Option

from bptui.app.screens import in_background
from bptui.app.screens.dialog import Dialog, Rows
from bptui.app.view import Selection
from bptui.check.gradcheck.check import GradientCheck, check_gradients
from bptui.check.gradcheck.report import ReportLine, report_lines, summary
from bptui.core.engine import Snapshot
from bptui.core.errors import UnusableError

STYLES = {
    "title": "bold",
    "wrong": "bold $text-warning",
    "kink": "bold $text-accent",
    "note": "dim",
}
"""By the role of a line; of a row of numbers only its verdict has a style."""


def _content(line: ReportLine) -> Content:
    style = STYLES.get(line.role, "")
    if line.places is None:
        return Content.styled(line.text, style)
    return Content.assemble(line.text.removesuffix(line.words), (line.words, style))


class GradientCheckScreen(Dialog[Selection]):
    """Checks beside the event loop, then lists; enter chooses the weight or bias of a row."""

    BINDINGS: ClassVar = [Binding("c,q", "close", "Close")]

    def __init__(self, snapshot: Snapshot) -> None:
        title = f"Gradcheck: step {snapshot.step}"
        super().__init__(title, "enter: explain the row, esc: close")
        self._snapshot = snapshot
        self._check: GradientCheck | None = None
        self._lines, self._rows = list[ReportLine](), list[int]()
        self._width = 0
        self._summary, self._list = Static("checking …", markup=False), Rows(markup=False)

    def rows(self) -> Iterable[Widget]:
        return self._summary, self._list

    def on_mount(self) -> None:
        self._list.display = False
        self.run_worker(self._work())

    async def _work(self) -> None:
        try:
            self._check = await in_background(check_gradients, self._snapshot)
        except UnusableError:
            self._summary.update(
                f"The loss of step {self._snapshot.step} is {self._snapshot.loss}: training has "
                "diverged, so there are no gradients to check. S goes back one step."
            )
        else:
            self._show(self._check)

    def on_resize(self) -> None:
        if self._check is not None:
            self.call_after_refresh(self._show, self._check)

    def _show(self, check: GradientCheck) -> None:
        """List the results, as wide as there is room, and what was chosen before."""
        self._summary.update("\n".join(summary(check)))
        self._list.display = True
        box, listing = self.box, self._list
        width = box.content_size.width - 3  # a bar, and blanks beside it
        if width < 1 or width == self._width:  # without a size yet, it gets one soon
            return
        self._width, chosen = width, listing.highlighted
        self._lines = list(report_lines(check, width))
        listing.set_options(
            Option(_content(line), disabled=line.places is None) for line in self._lines
        )
        # as high as all lines are together; the style sheet says how high at most
        above = self._summary.get_content_height(self.size, self.size, box.content_size.width)
        frame = box.outer_size.height - box.content_size.height
        box.styles.height = above + 1 + len(self._lines) + frame
        self._rows = [place for place, line in enumerate(self._lines) if line.places is not None]
        wrong = [place for place in self._rows if self._lines[place].role == "wrong"]
        listing.highlighted = (wrong or self._rows)[0] if chosen is None else chosen
        listing.focus()

    def on_option_list_option_highlighted(self, event: OptionList.OptionHighlighted) -> None:
        """Show what stands above the first row and below the last one, too."""
        listing, rows = event.option_list, self._rows
        if event.option_index == rows[0]:
            listing.call_after_refresh(listing.scroll_home, animate=False)
        elif event.option_index == rows[-1]:
            listing.call_after_refresh(listing.scroll_end, animate=False)

    def on_option_list_option_selected(self, event: OptionList.OptionSelected) -> None:
        line = self._lines[event.option_index]
        if line.places is not None:
            *rows, unit = line.places.index(line.position)
            row, layer = rows[0] if rows else 0, line.places.layer
            self.dismiss(Selection("weight" if rows else "bias", layer, unit, row))
