"""The loss over the recorded updates, with the one under way marked."""

from __future__ import annotations

import numpy as np
from textual.events import Click
from textual.strip import Strip

from bptui.app.lines import Line, clickable
from bptui.app.numbers import loss
from bptui.app.panels.loss import HIT, UNDERLINED, chart_rows, in_a_line
from bptui.app.program.moment import Moment
from bptui.app.program.panel import ProgramPanel
from bptui.charts import Chart, loss_chart


class LossPanel(ProgramPanel):
    """A chart, or one line of bars where there is no room for more."""

    def __init__(self) -> None:
        super().__init__("Loss", "loss")
        self.logarithmic = False
        self._chart: tuple[object, Chart | None] | None = None
        self._bars: dict[int, int] = {}

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
        implied, diverged = view.record.lines.judged.loss, view.record.diverged_at
        if height == 1:
            line, own = Line(), styles.accent + UNDERLINED
            line.add("Loss", own if self.has_focus else styles.strong)
            numbers = f"{loss(float(losses[0]))} → {loss(float(losses[-1]))}, {losses.size} updates"
            if diverged is not None:
                numbers = f"{loss(float(losses[0]))}, not finite from update {diverged + 1}"
            curve = (np.arange(losses.size), losses, losses)
            self._bars = in_a_line(line, styles, curve, here, numbers, width, self.logarithmic)
            return [line.strip()]
        title = "Loss" if implied.entry is not None else f"Loss: {implied.text}, inferred"
        if diverged is not None:
            title += f", not finite from update {diverged + 1}"
        self.entitle(title)
        scale = "logarithmic" if self.logarithmic else "linear"
        self.note(clickable(scale, "app.command('scale')"))
        chart = self.chart(view, width, height)
        if chart is None:
            return [Line().add(f" loss {loss(float(losses[here]))}", styles.text).strip()]
        marks = {chart.column(update + 1): HIT for update in view.hits}
        return chart_rows(chart, styles, here + 1, float(losses[here]), marks)

    async def on_click(self, event: Click) -> None:
        """Go to the update that was clicked."""
        place, chart = event.get_content_offset(self), self._chart and self._chart[1]
        update = None
        if place is not None and self.container_size.height == 1:
            update = self._bars.get(place.x)
        elif place is not None and chart is not None:
            step = chart.step(place.x)
            update = None if step is None else step - 1
        if update is not None:
            await self.run_action(f"app.go({update})")
