"""The loss of every step played so far, with the shown step marked, and curves to compare it to."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np
from rich.style import Style
from textual.app import App
from textual.events import Click
from textual.strip import Strip

from bptui.app.lines import Line, clickable
from bptui.app.numbers import loss
from bptui.app.panels.legend import Entry, arranged, painted
from bptui.app.panels.panel import FollowingPanel
from bptui.app.view import LETTERS, MOST_CURVES, Curve, View

if TYPE_CHECKING:
    from bptui.charts import Chart, Series

HERE = "●"
"""Stands on the curve at the shown step."""
HIT, EDIT = "◆", "▲"
"""Stand on the axis below steps at which a breakpoint stopped a run, or something was edited."""
TEST, BEFORE = "∘", "·"
LOW = 9
"""Rows from which two lines of legend leave enough of the chart."""

UNDERLINED = Style(underline=True)
COLOURS = {
    True: ("#c49bff", "#ff9ecb", "#a9c77a", "#d8b08c", "#8fa8f0", "#c9c9a3"),
    False: ("#6b2fb0", "#a0206a", "#436009", "#7c2d12", "#2f4f9e", "#5b5430"),
}
"""Of the kept curves, on a dark background and on a light one."""


def curve_styles(app: App[object]) -> dict[str, Style]:
    """Return each letter's style; in the terminal's own colours the letters are enough."""
    if app.native_ansi_color:
        return dict.fromkeys(LETTERS, Style())
    colours = COLOURS[app.current_theme.dark]
    return {letter: Style(color=colour) for letter, colour in zip(LETTERS, colours, strict=True)}


class LossPanel(FollowingPanel):
    """The chart behind the shown step is bright, what lies after it dim."""

    REDRAW_SECONDS, REDRAW_SHARE = 0.4, 60

    def __init__(self) -> None:
        super().__init__("Loss", "loss")
        self.logarithmic = False
        self._chart: tuple[tuple[object, ...], Chart | None] | None = None
        self._bars: dict[int, int] = {}
        """The step of the bar in each column, where there is but a line."""
        # these curves do not grow: what is known of them stays true
        self._envelope = lru_cache(maxsize=MOST_CURVES + 1)(Curve.envelope)

    def drawn_from(self, view: View) -> object:
        """Return what of the view is drawn: neither an operation nor a selection."""
        return (view.snapshot, view.played, view.hits, view.edits, view.before, view.kept)

    async def on_click(self, event: Click) -> None:
        """Go to the step that was clicked, where a mark stands to the one that is marked."""
        place, chart = event.get_content_offset(self), self._chart and self._chart[1]
        step = None
        if place is not None and self.container_size.height == 1:
            step = self._bars.get(place.x)
        elif place is not None and chart is not None and place.y < len(chart.lines):
            step = chart.step(place.x)
            for marked in (*self.view.edits, *self.view.hits) if self.view else ():
                step = marked if chart.column(marked) == place.x else step
        if step is not None:
            await self.run_action(f"app.go({step})")

    def toggle_scale(self) -> None:
        """Go from a linear to a logarithmic scale, or back."""
        self.logarithmic = not self.logarithmic
        self.repaint()

    def chart(self, view: View, width: int, height: int) -> Chart | None:
        tests = view.test_losses
        key = (
            *(view.losses, view.played, view.before, view.edits, view.kept),
            0 if tests is None else len(tests.steps),
            *(width, height, self.logarithmic),
        )
        if self._chart is None or self._chart[0] != key:
            from bptui.charts import loss_chart  # plotext loads after the numbers are on the screen

            compared = [*view.kept, *([view.before] if view.before else [])]
            drawn = loss_chart(
                *view.losses.envelope(width),
                last=max(view.played, *(curve.length for curve in compared), 0) - 1,
                width=width,
                height=height,
                logarithmic=self.logarithmic,
                beside=self._beside(view, width),
            )
            self._chart = (key, drawn)
        return self._chart[1]

    def _beside(self, view: View, width: int) -> list[Series]:
        """Return what is drawn beside the current curve, in the order of the legend."""
        from bptui.charts import Series

        found = [
            Series(*self._envelope(curve, width, 0), "line", curve.letter) for curve in view.kept
        ]
        if view.before is not None:
            start = view.edits[-1] if view.edits else 0
            found.append(Series(*self._envelope(view.before, width, start), "dots", BEFORE))
        tests = view.test_losses
        if tests is not None:
            steps, values = np.array(tests.steps, dtype=np.intp), np.array(tests.values)
            count = min(steps.size, values.size)  # another thread may add to them meanwhile
            steps, values = steps[:count], values[:count]
            found.append(Series(steps, values, values, "points", TEST))
        return found

    def _entries(self, view: View) -> list[Entry]:
        """Return the legend, in the order of what :meth:`_beside` draws."""
        colours = curve_styles(self.app)
        entries = [Entry(curve.letter, curve.name, colours[curve.letter]) for curve in view.kept]
        if view.before is not None:
            edit = f"before the edit {EDIT}" if view.edits else "before the edit"
            entries.append(Entry(BEFORE, edit, self.text_styles.dim))
        if view.test_losses is not None:
            entries.append(Entry(TEST, "test", self.text_styles.text))
        return entries

    def _line(self, view: View, width: int) -> Strip:
        """Write all of it in a line: bars for steps, the first loss and the latest."""
        from bptui.charts import sparkline

        styles, line = self.text_styles, Line()
        line.add("Loss", styles.accent + UNDERLINED if self.has_focus else styles.strong)
        steps, lows, highs = view.losses.envelope(max(width, 1))
        if not steps.size:
            return line.strip()
        first, last = (loss(float(highs[at])) for at in (0, -1))
        numbers = f"{first} at step 0"
        if len(steps) > 1:
            numbers = f"{first} → {last}, steps 0 to {int(steps[-1])}"
        if self.logarithmic:
            numbers = f"logarithmic, {numbers}"
        line.add("  ", styles.text)
        room = width - line.width - len(numbers) - 2 if len(steps) > 1 else 0
        bars, begins = sparkline(steps, lows, highs, room, logarithmic=self.logarithmic)
        self._bars = dict(enumerate(begins.tolist(), line.width))
        here = int(np.searchsorted(begins, view.snapshot.step, side="right"))
        line.add(bars[: here - 1], styles.accent).add(bars[here - 1 : here], styles.warning)
        line.add(bars[here:], styles.faint).pad(width - len(numbers), styles.text)
        return line.add(numbers, styles.dim).strip()

    def paint(self, view: View, width: int, height: int) -> list[Strip]:
        if height == 1:
            return [self._line(view, width)]
        scale = "logarithmic" if self.logarithmic else "linear"
        self.note(clickable(scale, "app.command('scale')"))
        styles, entries = self.text_styles, self._entries(view)
        legend = arranged(entries, width, 2 if height >= LOW else int(height > LOW // 2))
        chart = self.chart(view, width, height - len(legend))
        if chart is None:
            return [Line().add(f" loss {loss(view.snapshot.loss)} ", styles.text).strip()]
        marks = {chart.column(step): HIT for step in view.hits}
        marks |= {chart.column(step): EDIT for step in view.edits}
        rows = [self._styled(view, row, chart, entries) for row in range(len(chart.lines))]
        axis, text = Line(), chart.lines[chart.bottom]
        for column, character in enumerate(text):  # marks on the axis never hide the curve
            mark = marks.get(column) if column >= chart.left else None
            axis.add(mark or character, styles.warning if mark else styles.dim)
        rows[chart.bottom] = axis.strip()
        return [*rows, *(painted(line, styles.dim) for line in legend)]

    def _styled(self, view: View, row: int, chart: Chart, entries: list[Entry]) -> Strip:
        """Return a line of the chart, with a cursor at the shown step where there are several."""
        styles, text = self.text_styles, chart.lines[row]
        here, height = chart.column(view.snapshot.step), chart.row(view.snapshot.loss)
        if row >= chart.bottom:
            return Line().add(text, styles.dim).strip()
        line = Line().add(text[: chart.left], styles.dim)
        for column in range(chart.left, len(text)):
            character, owner = text[column], chart.owners.get((row, column))
            style: Style = styles.accent if owner is None else entries[owner].style
            if here is not None and column > here and (owner is None or character == TEST):
                style = styles.faint
            if column == here and row == height and character not in LETTERS:
                character, style = HERE, styles.warning
            elif column == here and owner is None and view.played > 1 and character == " ":
                character, style = "┊", styles.dim
            line.add(character, style)
        return line.strip()
