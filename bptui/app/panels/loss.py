"""The loss of every step played so far, with the shown step marked, and curves to compare it to."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from rich.cells import cell_len
from rich.style import Style
from textual.app import App
from textual.content import Content
from textual.events import MouseDown, MouseMove
from textual.geometry import Size
from textual.strip import Strip

from bptui.app.lines import Line, clickable, fitted
from bptui.app.numbers import loss
from bptui.app.panels.panel import ChosenT, Panel, ShownT
from bptui.app.panels.pictures import Picture
from bptui.app.view import LETTERS, Selection, View
from bptui.core.arrays import Array, Integers

if TYPE_CHECKING:  # plotext loads after the numbers are on the screen
    from bptui.charts.loss import Chart
    from bptui.charts.series import Series

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


class Entry(NamedTuple):
    """A mark in a chart or a picture, and what it stands for."""

    mark: str
    text: str
    style: Style


def legend(entries: Sequence[Entry], width: int, most: int, style: Style) -> list[Strip]:
    """Return the entries in at most ``most`` lines, their texts cut as far as that takes."""
    lines: list[Line] = []
    for room in range(max((cell_len(entry.text) for entry in entries), default=0), -1, -1):
        lines = []
        for entry in entries:
            text = fitted(entry.text, room).replace(" …", "…") if room > 1 else ""
            text, gap = (f" {text}", 3) if text else ("", 1)
            if lines and lines[-1].width + gap + cell_len(entry.mark + text) <= width:
                lines[-1].add(" " * gap, style)
            else:
                lines.append(Line())
            lines[-1].add(entry.mark, entry.style).add(text, style)
        if len(lines) <= most:
            break
    return [line.strip() for line in lines[: max(most, 0)]]


class Losses(NamedTuple):
    """What is drawn: the losses at ``steps``, the lowest and the highest around each."""

    steps: Integers
    lows: Array
    highs: Array
    last: int
    """The step that the axis reaches at least."""
    here: int
    """The shown step."""
    value: float
    """Its loss."""
    numbers: str
    """What is said behind a line of bars."""
    marks: Mapping[int, str] = {}
    """What stands on the axis below steps."""
    beside: Sequence[tuple[Entry, Series]] = ()
    """Other curves, with what the legend says of them."""
    title: str = "Loss"
    ahead: bool = False
    """Whether steps are drawn that are still to come."""


class ChartPanel(Panel[ShownT, ChosenT]):
    """A chart, bright up to the shown step and dim behind it; in a single row a line of bars."""

    follows = True
    REDRAW_SECONDS = 0.4

    def __init__(self) -> None:
        super().__init__("Loss", "loss")
        self.logarithmic = False
        self._steps: dict[int, int] = {}
        """The step that a click in each column goes to."""
        self._sought: int | None = None
        """The one that the held button has led to."""
        self._clicked_rows = 0

    def losses(self, view: ShownT, width: int) -> Losses:
        """Return what is drawn, in so many columns."""
        raise NotImplementedError

    def on_mouse_down(self, event: MouseDown) -> None:
        """Go to the step that is clicked, where a mark stands to the one that is marked."""
        place = event.get_content_offset(self)
        if place is not None and place.y < self._clicked_rows and place.x in self._steps:
            self.capture_mouse()
            self._seek(place.x)

    def on_mouse_move(self, event: MouseMove) -> None:
        """Go on to other steps while the button is held, beside the chart to the nearest one."""
        if self.app.mouse_captured is self and self._steps:
            x = event.get_content_offset_capture(self).x
            self._seek(min(self._steps, key=lambda column: abs(column - x)))

    def on_mouse_up(self) -> None:
        self.release_mouse()
        self._sought = None

    def _seek(self, column: int) -> None:
        step = self._steps[column]
        if step != self._sought:
            self._sought = step
            self.call_later(self.run_action, f"app.go({step})")

    def toggle_scale(self) -> None:
        """Go from a linear to a logarithmic scale, or back."""
        self.logarithmic = not self.logarithmic
        self.repaint()

    def chart(self, losses: Losses, width: int, height: int) -> Chart | None:
        """Return the chart of that size; None where there is no room or nothing to draw."""
        from bptui.charts.loss import loss_chart

        return loss_chart(
            *losses[:3],
            last=losses.last,
            width=width,
            height=height,
            logarithmic=self.logarithmic,
            beside=[series for _, series in losses.beside],
        )

    def draw(self, view: ShownT, width: int, height: int) -> Picture:
        losses, styles, size = self.losses(view, width), self.text_styles, Size(width, height)
        if height == 1:
            line = self._line(losses, width)
            return Picture(size, lambda seen: [line])
        scale = "logarithmic" if self.logarithmic else "linear"
        click = clickable(scale, "app.command('scale')")
        notes = [*[Content.assemble("dim: to come  ", click)] * losses.ahead, click]
        entries = [entry for entry, _ in losses.beside]
        most = 2 if height >= LOW else int(height > LOW // 2)
        below = legend(entries, width, most, styles.dim)
        chart = self.chart(losses, width, height - len(below))
        if chart is None:
            self._clicked_rows = 0
            alone = Line().add(f" loss {loss(losses.value)} ", styles.text).strip()
            return Picture(size, lambda seen: [alone], losses.title, notes)
        self._clicked_rows, columns = len(chart.lines), range(width)
        self._steps = {at: step for at in columns if (step := chart.step(at)) is not None}
        marked = {step: chart.column(step) for step in losses.marks}
        self._steps |= {at: step for step, at in marked.items() if at is not None}
        owned = [entry.style for entry in entries]
        rows = [*self._rows(losses, chart, owned), *below]
        return Picture(size, lambda seen: rows, losses.title, notes)

    def _rows(self, losses: Losses, chart: Chart, owned: Sequence[Style]) -> list[Strip]:
        """Return the lines of a chart; ``owned`` are the styles of the curves beside its own."""
        column, height, rows = chart.column(losses.here), chart.row(losses.value), []
        marks = {chart.column(step): mark for step, mark in losses.marks.items()}
        styles, several = self.text_styles, len(losses.steps) > 1
        # a column may stand for many steps: its later ones are not bright before they are reached
        bright = -1 if column is None else column - (several and losses.here < losses.steps[-1])
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
                elif column == at and owner is None and several and character == " ":
                    character, style = "┊", styles.dim
                elif column is not None and at > bright and (owner is None or character == TEST):
                    style = styles.faint
                line.add(character, style)
            rows.append(line.strip())
        return rows

    def _line(self, losses: Losses, width: int) -> Strip:
        """Write all of it in a line: bars, bright up to the shown step, then numbers."""
        from bptui.charts.loss import sparkline

        styles, line = self.text_styles, Line()
        numbers = "logarithmic, " * self.logarithmic + losses.numbers
        line.add("Loss", styles.accent + UNDERLINED if self.has_focus else styles.strong)
        line.add("  ", styles.text)
        room = width - line.width - len(numbers) - 2 if len(losses.steps) > 1 else 0
        bars, begins = sparkline(*losses[:3], room, logarithmic=self.logarithmic)
        reached = [*begins[:-1].tolist(), *losses.steps[-1:].tolist()] if begins.size else []
        self._clicked_rows, self._steps = 1, dict(enumerate(reached, line.width))
        at = int(np.searchsorted(begins, losses.here, side="right"))
        line.add(bars[: at - 1], styles.accent).add(bars[at - 1 : at], styles.warning)
        line.add(bars[at:], styles.faint).pad(width - len(numbers), styles.text)
        return line.add(numbers, styles.dim).strip()


class LossPanel(ChartPanel[View, Selection]):
    """The losses of training, those before an edit, of the test samples, and kept curves."""

    def drawn_from(self, view: View) -> object:
        """Return what of the view is drawn: neither an operation nor a selection."""
        others = view.before, view.kept, view.ahead
        return (view.snapshot, view.played, view.hits, view.edits, *others)

    def losses(self, view: View, width: int) -> Losses:
        steps, lows, highs = view.losses.envelope(max(width, 1))
        here, end, ahead = view.snapshot, view.played, view.ahead
        first = f"{loss(float(highs[0]))} → " if steps.size and here.step else ""
        numbers = f"{first}{loss(here.loss)} at step {here.step}"
        if to_come := ahead is not None and len(ahead) > end:
            assert ahead is not None
            end, (steps, lows, highs) = len(ahead), ahead.envelope(max(width, 1))
        if here.step < end - 1:
            numbers += f", dim: to come, to {end - 1}"
        compared = [*view.kept, *([view.before] if view.before else [])]
        marks = dict.fromkeys(view.hits, HIT) | dict.fromkeys(view.edits, EDIT)
        ends = [end, *(len(curve.losses) for curve in compared)]
        return Losses(
            *(steps, lows, highs, max(*ends, 1) - 1, here.step, here.loss),
            *(numbers, marks, self._beside(view, width)),
            ahead=to_come,
        )

    def _beside(self, view: View, width: int) -> list[tuple[Entry, Series]]:
        """Return what is drawn beside the current curve, in the order of the legend."""
        from bptui.charts.series import Series

        colours, styles = curve_styles(self.app), self.text_styles
        found = [
            (
                Entry(curve.letter, curve.name, colours[curve.letter]),
                Series(*curve.envelope(width), "line", curve.letter),
            )
            for curve in view.kept
        ]
        if view.before is not None:
            start = view.edits[-1] if view.edits else 0
            entry = Entry(BEFORE, "before the edit" + f" {EDIT}" * bool(view.edits), styles.dim)
            found.append((entry, Series(*view.before.envelope(width, start), "dots", BEFORE)))
        tests = view.test_losses
        if tests is not None:
            steps, values = np.array(tests.steps, dtype=np.intp), np.array(tests.values)
            count = min(steps.size, values.size)  # another thread may add to them meanwhile
            series = Series(steps[:count], values[:count], values[:count], "points", TEST)
            found.append((Entry(TEST, "test", styles.text), series))
        return found
