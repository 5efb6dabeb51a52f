"""The loss over the recorded updates, with the one under way marked."""

from __future__ import annotations

import numpy as np
from textual.events import Click
from textual.strip import Strip

from bptui.app.lines import Line
from bptui.app.numbers import loss
from bptui.app.panels.loss import HERE, HIT
from bptui.app.program.moment import Moment
from bptui.app.program.panel import ProgramPanel
from bptui.charts import Chart, loss_chart, sparkline


class LossPanel(ProgramPanel):
    """A chart, or one line of bars where there is no room for more."""

    def __init__(self) -> None:
        super().__init__("Loss", "loss")
        self.logarithmic = False
        self._chart: tuple[object, Chart | None] | None = None

    def toggle_scale(self) -> None:
        """Go from a linear to a logarithmic scale, or back."""
        self.logarithmic = not self.logarithmic
        self.repaint()

    def chart(self, view: Moment, width: int, height: int) -> Chart | None:
        key = (id(view.record), width, height, self.logarithmic)
        if self._chart is None or self._chart[0] != key:
            losses = view.record.losses
            steps = np.arange(1, losses.size + 1)
            drawn = loss_chart(
                *(steps, losses, losses),
                last=losses.size,
                width=width,
                height=height,
                logarithmic=self.logarithmic,
            )
            self._chart = (key, drawn)
        return self._chart[1]

    def paint(self, view: Moment, width: int, height: int) -> list[Strip]:
        styles, losses, here = self.text_styles, view.record.losses, view.update
        if height == 1:
            return [self._line(view, width)]
        implied = view.record.lines.judged.loss
        self.entitle("Loss" if implied.entry is not None else f"Loss: {implied.text}, inferred")
        chart = self.chart(view, width, height)
        if chart is None:
            return [Line().add(f" {loss(float(losses[here]))}", styles.text).strip()]
        marks = {chart.column(update + 1) for update in view.hits}
        column, row = chart.column(here + 1), chart.row(float(losses[here]))
        strips = []
        for y, text in enumerate(chart.lines):
            line = Line().add(text[: chart.left], styles.dim)
            for x in range(chart.left, len(text)):
                character, style = text[x], styles.accent if y < chart.bottom else styles.dim
                if y < chart.bottom and column is not None and x > column:
                    style = styles.faint
                if x == column and y == row:
                    character, style = HERE, styles.warning
                elif x == column and y < chart.bottom and character == " ":
                    character, style = "┊", styles.dim
                elif y == chart.bottom and x in marks:
                    character, style = HIT, styles.warning
                line.add(character, style)
            strips.append(line.strip())
        return strips

    def _line(self, view: Moment, width: int) -> Strip:
        styles, losses = self.text_styles, view.record.losses
        line = Line().add("Loss", styles.accent if self.has_focus else styles.strong)
        first, last = loss(float(losses[0])), loss(float(losses[-1]))
        numbers = f"{first} → {last}, {losses.size} updates"
        line.add("  ", styles.text)
        room = max(width - line.width - len(numbers) - 2, 0)
        bars, begins = sparkline(
            np.arange(losses.size), losses, losses, room, logarithmic=self.logarithmic
        )
        here = int(np.searchsorted(begins, view.update, side="right"))
        line.add(bars[: here - 1], styles.accent).add(bars[here - 1 : here], styles.warning)
        line.add(bars[here:], styles.faint).pad(width - len(numbers), styles.text)
        return line.add(numbers, styles.dim).strip()

    async def on_click(self, event: Click) -> None:
        """Go to the update that was clicked."""
        place, chart = event.get_content_offset(self), self._chart and self._chart[1]
        update = None if place is None or chart is None else chart.step(place.x)
        if update is not None:
            await self.run_action(f"app.go({update - 1})")
