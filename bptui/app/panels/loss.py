"""The loss of every step played so far, with the shown step marked."""

from __future__ import annotations

from time import perf_counter
from typing import TYPE_CHECKING

from rich.style import Style
from textual.strip import Strip

from bptui.app.lines import Line
from bptui.app.numbers import loss
from bptui.app.panels.panel import Panel
from bptui.app.view import View

if TYPE_CHECKING:
    from bptui.charts import Chart

REDRAW_SECONDS = 0.4
"""While running the chart is drawn at most this often: the numbers come first."""
REDRAW_SHARE = 60
"""Nor before so many times what drawing it took: a key seldom has to wait for it."""

HIT = "◆"
"""Stands on the axis below a step at which a breakpoint stopped a run."""


class LossPanel(Panel):
    """The chart behind the shown step is bright, what lies after it dim."""

    def __init__(self) -> None:
        super().__init__("Loss", "loss")
        self.logarithmic = False
        self._drawn_at = self._cost = 0.0
        self._drawn: object = None
        self._chart: tuple[tuple[object, ...], Chart | None] | None = None

    def watch_view(self, before: View | None, view: View | None) -> None:
        """Draw after the numbers, and only every few frames while running."""
        pause = max(REDRAW_SECONDS, REDRAW_SHARE * self._cost)
        moves = view is not None and (view.running or view.seeking is not None)
        if view is None or (moves and perf_counter() - self._drawn_at < pause):
            return
        if self._drawn is None or self._drawn != view.picture:
            self._drawn, self._drawn_at = view.picture, perf_counter()
            self.call_after_refresh(self.repaint)

    def resized(self) -> None:
        self.call_after_refresh(self.repaint)

    def toggle_scale(self) -> None:
        """Between a linear and a logarithmic scale."""
        self.logarithmic = not self.logarithmic
        self.repaint()

    def chart(self, view: View, width: int, height: int) -> Chart | None:
        key = (view.losses, view.played, width, height, self.logarithmic)
        if self._chart is None or self._chart[0] != key:
            from bptui.charts import loss_chart  # plotext loads after the numbers are on the screen

            began = perf_counter()
            drawn = loss_chart(
                *view.losses.envelope(width),
                last=view.played - 1,
                width=width,
                height=height,
                logarithmic=self.logarithmic,
            )
            self._chart, self._cost = (key, drawn), perf_counter() - began
        return self._chart[1]

    def paint(self, view: View, width: int, height: int) -> list[Strip]:
        self.note("logarithmic" if self.logarithmic else "linear")
        chart = self.chart(view, width, height)
        if chart is None:
            value = loss(view.snapshot.loss)
            return [Line().add(f" loss {value} ", self.ink.text).strip()]
        here = chart.column(view.snapshot.step)
        marked = frozenset(chart.column(step) for step in view.hits)
        return [
            self._styled(line, row, chart, here, marked) for row, line in enumerate(chart.lines)
        ]

    def _styled(
        self, text: str, row: int, chart: Chart, here: int | None, marked: frozenset[int | None]
    ) -> Strip:
        ink = self.ink
        line = Line().add(text[: chart.left], ink.dim)
        if row == chart.bottom:  # the axis: marks there never hide the curve
            for column in range(chart.left, len(text)):
                if column in marked:
                    line.add(HIT, ink.warning)
                else:
                    line.add(text[column], ink.dim)
            return line.strip()
        if row > chart.bottom:
            return line.add(text[chart.left :], ink.dim).strip()
        for column in range(chart.left, len(text)):
            character = text[column]
            style: Style = ink.accent
            if here is not None and column > here:
                style = ink.faint
            if column == here:
                style = ink.warning
                if character == " ":
                    character, style = "┊", ink.dim
            line.add(character, style)
        return line.strip()
