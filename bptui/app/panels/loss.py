"""The loss of every step played so far, with the shown step marked, and curves to compare it to."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
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
from bptui.app.styles import Styles
from bptui.app.view import LETTERS, MOST_CURVES, Curve, View
from bptui.core.arrays import Array, Integers

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


def chart_rows(
    chart: Chart,
    styles: Styles,
    here: int,
    value: float,
    marks: Mapping[int | None, str],
    owned: Sequence[Style] = (),
    cursor: bool = True,
) -> list[Strip]:
    """Return the lines of a chart: bright up to the step ``here``, dim behind it.

    ``value`` is the loss at ``here``; ``marks`` stand on the axis at columns; ``owned`` are the
    styles of the curves beside the current one. A ``cursor`` goes through ``here``.
    """
    column, height, rows = chart.column(here), chart.row(value), []
    for row, text in enumerate(chart.lines):
        line = Line().add(text[: chart.left], styles.dim)
        for at in range(chart.left, len(text)):
            character, owner = text[at], chart.owners.get((row, at))
            style: Style = styles.accent if owner is None else owned[owner]
            if row >= chart.bottom:
                mark = marks.get(at) if row == chart.bottom else None  # never hides the curve
                character, style = mark or character, styles.warning if mark else styles.dim
            elif column == at and row == height and character not in LETTERS:
                character, style = HERE, styles.warning
            elif column == at and owner is None and cursor and character == " ":
                character, style = "┊", styles.dim
            elif column is not None and at > column and (owner is None or character == TEST):
                style = styles.faint
            line.add(character, style)
        rows.append(line.strip())
    return rows


def in_a_line(
    line: Line,
    styles: Styles,
    curve: tuple[Integers, Array, Array],
    here: int,
    numbers: str,
    width: int,
    logarithmic: bool,
) -> dict[int, int]:
    """Add bars for a curve, bright up to ``here``, and ``numbers``; return each bar's step."""
    from bptui.charts import sparkline

    line.add("  ", styles.text)
    room = width - line.width - len(numbers) - 2 if len(curve[0]) > 1 else 0
    bars, begins = sparkline(*curve, room, logarithmic=logarithmic)
    places = dict(enumerate(begins.tolist(), line.width))
    at = int(np.searchsorted(begins, here, side="right"))
    line.add(bars[: at - 1], styles.accent).add(bars[at - 1 : at], styles.warning)
    line.add(bars[at:], styles.faint).pad(width - len(numbers), styles.text)
    line.add(numbers, styles.dim)
    return places


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
        curve, here = (steps, lows, highs), view.snapshot.step
        self._bars = in_a_line(line, styles, curve, here, numbers, width, self.logarithmic)
        return line.strip()

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
        owned = [entry.style for entry in entries]
        here, several = view.snapshot, view.played > 1
        rows = chart_rows(chart, styles, here.step, here.loss, marks, owned, several)
        return [*rows, *(painted(line, styles.dim) for line in legend)]
