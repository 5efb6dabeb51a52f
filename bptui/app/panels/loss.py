"""The loss of every step played so far, with the shown step marked, and curves to compare it to."""

from __future__ import annotations

from functools import lru_cache
from time import perf_counter
from typing import TYPE_CHECKING

import numpy as np
from rich.style import Style
from textual.app import App
from textual.events import Click
from textual.strip import Strip

from bptui.app.lines import Line, clickable
from bptui.app.numbers import loss
from bptui.app.panels.legend import Entry, arranged, painted
from bptui.app.panels.panel import Panel
from bptui.app.view import LETTERS, MOST_CURVES, Curve, View

if TYPE_CHECKING:
    from bptui.charts import Chart, Series

REDRAW_SECONDS = 0.4
"""In a fast run the chart is drawn at most this often: the numbers come first."""
REDRAW_SHARE = 60
"""Nor before so many times what drawing it took: a key seldom has to wait for it."""

HERE = "●"
"""Stands on the curve at the shown step."""
HIT, EDIT = "◆", "▲"
"""Stand on the axis below steps at which a breakpoint stopped a run, or something was edited."""
TEST, BEFORE = "∘", "·"
LOW = 9
"""Rows from which two lines of legend leave enough of the chart."""

_UNDERLINED = Style(underline=True)
COLOURS = {
    True: ("#c49bff", "#ff9ecb", "#a9c77a", "#d8b08c", "#8fa8f0", "#c9c9a3"),
    False: ("#6b2fb0", "#a0206a", "#436009", "#7c2d12", "#2f4f9e", "#5b5430"),
}
"""Of the kept curves, on a dark background and on a light one."""


def curve_styles(app: App[object]) -> dict[str, Style]:
    """The style of each letter's curve; in the terminal's own colours the letters are enough."""
    if app.native_ansi_color:
        return dict.fromkeys(LETTERS, Style())
    return _coloured(app.current_theme.dark)


@lru_cache(maxsize=2)
def _coloured(dark: bool) -> dict[str, Style]:
    return {
        letter: Style(color=colour) for letter, colour in zip(LETTERS, COLOURS[dark], strict=True)
    }


class LossPanel(Panel):
    """The chart behind the shown step is bright, what lies after it dim."""

    def __init__(self) -> None:
        super().__init__("Loss", "loss")
        self.logarithmic = False
        self._drawn_at = self._cost = 0.0
        self._drawn: object = None
        self._chart: tuple[tuple[object, ...], Chart | None] | None = None
        self._bars_at, self._bars = 0, np.arange(0)
        """The column of the first bar, and the step of each, where there is but a line."""
        # these curves do not grow: what is known of them stays true
        self._envelope = lru_cache(maxsize=MOST_CURVES + 1)(Curve.envelope)

    def watch_view(self, before: View | None, view: View | None) -> None:
        """Draw after the numbers, and only every few frames of a fast run."""
        pause = max(REDRAW_SECONDS, REDRAW_SHARE * self._cost)
        if view is None or (view.hurries and perf_counter() - self._drawn_at < pause):
            return
        # an operation, or a selection, changes nothing of the chart
        wanted = (view.snapshot, view.played, view.hits, view.edits, view.before, view.kept)
        if self._drawn != wanted:
            self._drawn, self._drawn_at = wanted, perf_counter()
            self.call_after_refresh(self.repaint)

    def resized(self) -> None:
        self.call_after_refresh(self.repaint)

    async def on_click(self, event: Click) -> None:
        """Go to the step that was clicked, where a mark stands to the one that is marked."""
        place, chart = event.get_content_offset(self), self._chart and self._chart[1]
        step = None
        if place is not None and self.container_size.height == 1:
            step = dict(enumerate(self._bars.tolist(), self._bars_at)).get(place.x)
        elif place is not None and chart is not None and place.y < len(chart.lines):
            step = chart.step(place.x)
            for marked in (*self.view.edits, *self.view.hits) if self.view else ():
                step = marked if chart.column(marked) == place.x else step
        if step is not None:
            await self.run_action(f"app.go({step})")

    def toggle_scale(self) -> None:
        """Between a linear and a logarithmic scale."""
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

            began = perf_counter()
            compared = [each for each in (*view.kept, view.before) if each is not None]
            drawn = loss_chart(
                *view.losses.envelope(width),
                last=max(view.played, *(each.length for each in compared), 0) - 1,
                width=width,
                height=height,
                logarithmic=self.logarithmic,
                beside=self._beside(view, width),
            )
            self._chart, self._cost = (key, drawn), perf_counter() - began
        return self._chart[1]

    def _beside(self, view: View, width: int) -> list[Series]:
        """What is drawn beside the current curve, in the order of the legend."""
        from bptui.charts import Series

        found = [Series(*self._envelope(each, width, 0), "line", each.letter) for each in view.kept]
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
        """The legend, in the order of what :meth:`_beside` draws."""
        colours = curve_styles(self.app)
        entries = [Entry(each.letter, each.name, colours[each.letter]) for each in view.kept]
        if view.before is not None:
            edit = f"before the edit {EDIT}" if view.edits else "before the edit"
            entries.append(Entry(BEFORE, edit, self.text_styles.dim))
        if view.test_losses is not None:
            entries.append(Entry(TEST, "test", self.text_styles.text))
        return entries

    def _line(self, view: View, width: int) -> Strip:
        """All of it in a line: a bar for each step or for some, the first loss and the latest."""
        from bptui.charts import sparkline

        styles, line = self.text_styles, Line()
        line.add("Loss", styles.accent + _UNDERLINED if self.has_focus else styles.strong)
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
        room = width - line.width - len(numbers) - 2
        if len(steps) == 1:
            room = 0
        self._bars_at = line.width
        bars, self._bars = sparkline(steps, lows, highs, room, logarithmic=self.logarithmic)
        here = int(np.searchsorted(self._bars, view.snapshot.step, side="right"))
        line.add(bars[: here - 1], styles.accent).add(bars[here - 1 : here], styles.warning)
        line.add(bars[here:], styles.faint).pad(width - len(numbers), styles.text)
        return line.add(numbers, styles.dim).strip()

    def paint(self, view: View, width: int, height: int) -> list[Strip]:
        if height == 1:
            return [self._line(view, width)]
        self.note(clickable("logarithmic" if self.logarithmic else "linear", "app.scale"))
        entries = self._entries(view)
        legend = arranged(entries, width, 2 if height >= LOW else int(height > LOW // 2))
        chart = self.chart(view, width, height - len(legend))
        if chart is None:
            value = loss(view.snapshot.loss)
            return [Line().add(f" loss {value} ", self.text_styles.text).strip()]
        here = chart.column(view.snapshot.step), chart.row(view.snapshot.loss)
        marks = {chart.column(step): HIT for step in view.hits}
        marks |= {chart.column(step): EDIT for step in view.edits}
        owners = [each.style for each in entries]
        return [
            *(
                self._styled(line, row, chart, here, marks, owners, view.played > 1)
                for row, line in enumerate(chart.lines)
            ),
            *(painted(line, self.text_styles.dim) for line in legend),
        ]

    def _styled(
        self,
        text: str,
        row: int,
        chart: Chart,
        at: tuple[int | None, int | None],
        marks: dict[int | None, str],
        owners: list[Style],
        cursor: bool,
    ) -> Strip:
        """A line of the chart; the shown step is ``at`` a column and a row, ``cursor``: marked."""
        styles, (here, height) = self.text_styles, at
        line = Line().add(text[: chart.left], styles.dim)
        if row == chart.bottom:  # the axis: marks there never hide the curve
            for column in range(chart.left, len(text)):
                mark = marks.get(column)
                line.add(mark or text[column], styles.warning if mark else styles.dim)
            return line.strip()
        if row > chart.bottom:
            return line.add(text[chart.left :], styles.dim).strip()
        for column in range(chart.left, len(text)):
            character = text[column]
            owner = chart.owners.get((row, column))
            style: Style = styles.accent if owner is None else owners[owner]
            if here is not None and column > here and (owner is None or character == TEST):
                style = styles.faint
            if column == here and row == height and character not in LETTERS:
                character, style = HERE, styles.warning
            elif column == here and owner is None and cursor and character == " ":
                character, style = "┊", styles.dim
            line.add(character, style)
        return line.strip()
