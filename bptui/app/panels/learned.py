"""What the network has learned: pictures by title, outputs as bars, classes as a table."""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import lru_cache
from typing import NamedTuple

import numpy as np
from rich.cells import cell_len
from rich.style import Style
from textual.content import Content
from textual.geometry import Region, Size
from textual.strip import Strip

from bptui.app.lines import BLANK, Line, clickable, fitted, justified, pressing, tabs
from bptui.app.numbers import form_of, largest, plain
from bptui.app.panels.facts import Facts, facts_of
from bptui.app.panels.panel import ViewPanel
from bptui.app.panels.picture import LARGEST, PALETTES, Look, Span, affordable, number
from bptui.app.panels.pictures import Cell, Picture, Row, Table, by_rows, drawn
from bptui.app.panels.planes import curve, decision_map
from bptui.app.styles import Styles
from bptui.app.view import Selection, View
from bptui.core.activations import limits
from bptui.core.arrays import Integers
from bptui.core.evaluation import Evaluator, confusion
from bptui.core.experiment import Experiment

FULL_COLOURS = ("truecolor", "256")
WIDEST_NAME = 12
DECIMALS = 4
NUMBER = DECIMALS + 5
LABELS = ("output", "target")
HEAD = 2
"""Lines above the first output: the sample, and the ends of the axis."""


class Bars(NamedTuple):
    """Where bars are drawn: from column ``left`` on, ``room`` cells for all of the ``span``."""

    span: Span
    left: int
    room: int

    def column(self, value: float) -> int:
        """Return where a value stands, as near as the span reaches."""
        low, high = self.span
        return self.left + round((min(max(value, low), high) - low) / self.span.width * self.room)

    def axis(self, styles: Styles) -> Line:
        """Write the ends of the axis, and zero where there is room between them."""
        low, high = map(number, self.span)
        line = Line().pad(self.left, styles.text).add(low, styles.dim)
        if line.width < self.column(0.0) < self.left + self.room - len(high) - 1:
            line.pad(self.column(0.0), styles.text).add("0", styles.dim)
        return line.pad(self.left + self.room - len(high), styles.text).add(high, styles.dim)

    def add(self, line: Line, value: float, styles: Styles, *, target: bool) -> None:
        """Add a bar from zero to ``value``: solid for outputs, shaded for targets."""
        if math.isnan(value):
            line.add("not a number"[: self.room], styles.warning)
            return
        begin, end = sorted((self.column(0.0), self.column(value)))
        style = styles.positive[1] if value >= 0.0 else styles.negative[1]
        bar = ("░" if target else "█") * (end - begin) or "▏"
        line.pad(begin, styles.text).add(bar, styles.dim if target else style)


def _usual(experiment: Experiment) -> Span:
    """Return the range of zero, all targets and all that the last layer can put out."""
    ends = np.array([0.0, *limits(experiment.network.activations[-1])])
    known = np.concatenate([ends[np.isfinite(ends)], facts_of(experiment).targets.ravel()])
    low, high = np.clip([known.min(), known.max()], -LARGEST, LARGEST).tolist()
    return Span(low, high if high > low else low + 1.0)


def one_sample(view: View, look: Look, width: int, height: int) -> Picture:
    """Draw two bars an output: what the network says, and what it should say."""
    experiment, styles, selection = view.snapshot.experiment, look.styles, view.selection
    facts, sample = facts_of(experiment), view.looked_at
    units, depth = facts.outputs, experiment.network.depth
    evaluator = Evaluator(experiment.network, facts.inputs[[sample]])
    outputs = np.ravel(evaluator.outputs(view.snapshot.parameters))
    values = (outputs, facts.targets[sample])
    wins = facts.classes is not None and units > 1 and not np.isnan(outputs).any()
    best = int(outputs.argmax()) if wins else -1
    form = form_of(max(map(largest, values)), DECIMALS)
    # with a blank line after each output where there is room
    step = 3 if HEAD + 3 * units - 1 <= height else 2
    lines = HEAD + step * units - (step == 3)
    width -= lines > height
    named = facts.class_name if units > 1 and facts.data.class_names else facts.output_name
    names = [named(unit) for unit in range(units)]
    widest = min(max(2, *map(cell_len, names[:1000])), WIDEST_NAME)
    left = widest + len(LABELS[0]) + 3
    bars = Bars(_usual(experiment).reaching(outputs), left, max(width - left - NUMBER - 1, 4))

    def row_at(y: int) -> Strip:
        if y < HEAD:
            heading = bars.axis(styles) if y else _heading(facts, sample, styles, width)
            return heading.strip()
        unit, part = divmod(y - HEAD, step)
        if part == len(LABELS):
            return BLANK
        line = Line()
        if part == 0:
            chosen = selection == Selection("unit", depth, unit)
            line.add("▸" if unit == best else " ", styles.accent)
            style = styles.strong + Style(underline=True) if chosen else styles.strong
            line.add(fitted(names[unit], widest), style)
        line.pad(widest + 2, styles.text).add(LABELS[part], styles.dim).pad(left, styles.text)
        value = float(values[part][unit])
        bars.add(line, value, styles, target=part == 1)
        line.pad(left + bars.room + 1, styles.text)
        return line.add(plain(value, form), styles.dim if part else styles.text).strip()

    is_output = (selection.kind, selection.layer) == ("unit", depth)
    spot = Region(0, HEAD + step * selection.unit, 1, step) if is_output else None
    return by_rows(Size(width, lines), row_at)._replace(spot=spot)


def _heading(facts: Facts, sample: int, styles: Styles, width: int) -> Line:
    """Write the sample's number and as many of its inputs as there is room for."""
    line = Line().add(f" {facts.title(sample)}", styles.strong)
    for unit, value in enumerate(facts.inputs[sample, :width].tolist()):
        text = f"   {facts.input_name(unit)} {value:.4g}"
        if line.width + cell_len(text) > width - 2:
            return line.add(" …", styles.dim)
        line.add(text, styles.dim)
    return line


SIDE = "actual"


class Part(NamedTuple):
    """The samples of training, or of the test: all, or every so many."""

    title: str
    labels: Integers
    evaluator: Evaluator

    def head(self, right: int) -> str:
        """Return what stands behind the title."""
        total = len(self.labels)
        return f"  {100.0 * right / total:5.1f} %  {right:>{len(str(total))}} of {total} right"


@lru_cache(maxsize=2)
def _parts_of(experiment: Experiment) -> tuple[list[Part], str]:
    """Return the parts that there are, and a note where not all samples are taken."""
    facts, network = facts_of(experiment), experiment.network
    samples, note = facts.some(affordable(network))
    of_test = samples >= facts.training
    return [
        Part(title, facts.labels[taken], Evaluator(network, facts.inputs[taken]))
        for title, taken in (("training", samples[~of_test]), ("test", samples[of_test]))
        if taken.size
    ], note


def class_table(view: View, look: Look, width: int, height: int) -> Picture:
    """Draw a table a part: rows are the classes samples have, columns those they are taken for."""
    experiment, styles = view.snapshot.experiment, look.styles
    facts, (parts, note) = facts_of(experiment), _parts_of(experiment)
    classes = facts.classes
    assert classes is not None, "the picture is offered only where there are classes"
    count = classes.count
    names = [fitted(facts.class_name(label), WIDEST_NAME) for label in range(count)]
    side = max(len(SIDE), *map(cell_len, names)) + 1
    least = max(3, *(len(str(len(part.labels))) for part in parts)) + 2
    widest = max(max(map(cell_len, names)) + 2, least)
    cell = min(max((width - 3 - side) // count, least), widest)
    wide = max(1 + side + cell * count, *(1 + len(part.title + part.head(0)) for part in parts))
    tables, counts = list[Table](), []
    for at, part in enumerate(parts):
        y = at * (count + 4)
        tables += [Table(0, y, wide, 1, 2, 0), Table(0, y + 2, 1 + side, cell, 1 + count, count)]
        predicted = classes.predicted(part.evaluator.outputs(view.snapshot.parameters))
        counts.append(confusion(part.labels, predicted, count))

    def row_of(table: int, row: int, columns: range) -> Row:
        """Return a line of a head, or of the table below it."""
        part, counted = parts[table // 2], counts[table // 2]
        if table % 2 == 0:
            above = justified("predicted", max(cell * count, 11))
            heads = (f" {part.title}", styles.strong), (part.head(counted.trace()), styles.text)
            return Row([(" " * (1 + side), styles.text), (above, styles.dim)] if row else heads, ())
        if row == 0:
            cells = [Cell(fitted(name, cell - 1), styles.dim, styles.dim) for name in names]
            return Row([(f" {SIDE}".ljust(1 + side), styles.dim)], cells)
        cells = []
        for column, value in enumerate(counted[row - 1].tolist()):
            right = styles.positive[2] + styles.bold if column == row - 1 else styles.negative[2]
            text = str(value) if value else "·"
            cells.append(Cell(text, right if value else styles.faint, styles.text))
        return Row([(" ", styles.text), (names[row - 1], styles.dim)], cells)

    return drawn(tables, styles.text, row_of)._replace(notes=[note])


Draw = Callable[[View, Look, int, int], Picture]
PICTURES: dict[str, tuple[Callable[[Experiment], bool], Draw]] = {
    "decision map": (lambda experiment: experiment.network.layers[0] == 2, decision_map),
    "curve": (lambda experiment: experiment.network.layers[0] == 1, curve),
    "classes": (lambda experiment: facts_of(experiment).classes is not None, class_table),
    "one sample": (lambda experiment: True, one_sample),
}
"""By their titles, the most telling one first: for which experiments, and how it is drawn."""


def pictures_of(experiment: Experiment) -> list[str]:
    """Return the titles of the pictures that there are for an experiment."""
    return [title for title, (fits, _) in PICTURES.items() if fits(experiment)]


def learned(view: View, title: str, panel: ViewPanel, width: int, height: int) -> Picture:
    """Draw the picture of that title in a panel; the first one where there is none such."""
    app, titles = panel.app, pictures_of(view.snapshot.experiment)
    shown = title if title in titles else titles[0]
    few = app.native_ansi_color or app.console.color_system not in FULL_COLOURS
    palette, letters = PALETTES[app.current_theme.dark], panel.around.few_characters
    look = Look(panel.text_styles, palette, few, letters)
    made = PICTURES[shown][1](view, look, width, height)
    named = Content.assemble(clickable("o:", pressing("o")), " ", tabs(titles, [shown], "kind"))
    said = [Content(str(note)) for note in made.notes if note]
    notes = [*[Content(", ").join([*said, named])] * (len(titles) > 1), *made.notes]
    return made._replace(title=f"Learned: {shown}", notes=notes)
