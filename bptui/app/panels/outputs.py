"""What comes out: of one sample as bars beside the targets, of all as a confusion matrix."""

from __future__ import annotations

import math
from functools import lru_cache
from typing import NamedTuple

import numpy as np
from rich.cells import cell_len
from rich.style import Style
from textual.geometry import Region, Size
from textual.strip import Strip

from bptui.app.lines import BLANK, Line, fitted, justified
from bptui.app.numbers import form_of, largest, ordinal, plain
from bptui.app.panels import picture
from bptui.app.panels.picture import LARGEST, Look, Picture, Places, Span
from bptui.app.styles import Styles
from bptui.app.view import Selection, View
from bptui.core.activations import limits
from bptui.core.arrays import Array
from bptui.core.evaluation import Classes, Evaluator, confusion
from bptui.core.experiment import Experiment

WIDEST_NAME = 12
EIGHTHS = " ▏▎▍▌▋▊▉█"
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
    zero: int
    """Cells to the left of zero."""


@lru_cache(maxsize=2)
def _evaluator(experiment: Experiment, sample: int) -> Evaluator:
    return Evaluator(experiment.network, picture.sample_of(experiment, sample).inputs[None, :])


@lru_cache(maxsize=2)
def _usual(experiment: Experiment) -> Span:
    """Return the range of zero, all targets and all that the last layer can put out."""
    data = experiment.data
    ends = np.array([0.0, *limits(experiment.network.activations[-1])])
    known = [ends[np.isfinite(ends)], data.targets.ravel(), data.test_targets.ravel()]
    values = np.clip(np.concatenate(known), -LARGEST, LARGEST)
    low, high = float(values.min()), float(values.max())
    return Span(low, high if high > low else low + 1.0)


def _span(usual: Span, outputs: Array) -> Span:
    """Return the usual range, doubled until the outputs fit."""
    finite = np.clip(outputs[np.isfinite(outputs)], -LARGEST, LARGEST)
    low, high = usual
    least, most = finite.min(initial=low), finite.max(initial=high)
    if least < low:
        low = min(low, -usual.width * 2.0 ** math.ceil(math.log2(-least / usual.width)))
    if most > high:
        high = max(high, usual.width * 2.0 ** math.ceil(math.log2(most / usual.width)))
    return Span(low, high)


def one_sample(view: View, look: Look, width: int, height: int) -> Picture:
    """Draw two bars an output: what the network says, and what it should say."""
    experiment, styles, selection = view.snapshot.experiment, look.styles, view.selection
    network, classes = experiment.network, picture.classes_in(experiment)
    units, number = network.layers[-1], picture.looked_at(view)
    sample = picture.sample_of(experiment, number)
    outputs = np.ravel(_evaluator(experiment, number).outputs(view.snapshot.parameters))
    values = (outputs, sample.targets)
    wins = classes is not None and units > 1 and not np.isnan(outputs).any()
    best = int(outputs.argmax()) if wins else -1
    form = form_of(max(map(largest, values)), DECIMALS)
    # with a blank line after each output where there is room
    step = 3 if HEAD + 3 * units - 1 <= height else 2
    lines = HEAD + step * units - (step == 3)
    width -= lines > height
    names = [network.names.unit(network.depth, unit) for unit in range(units)]
    if units > 1 and experiment.data.class_names:
        names = [picture.class_name(experiment, unit) for unit in range(units)]
    widest = min(max(2, *map(cell_len, names[:1000])), WIDEST_NAME)
    span, left = _span(_usual(experiment), outputs), widest + len(LABELS[0]) + 3
    room = max(width - left - NUMBER - 1, 4)
    bars = Bars(span, left, room, round(-span.low / span.width * room))

    def row_at(y: int) -> Strip:
        if y == 0:
            return _heading(experiment, sample, styles, width).strip()
        if y == 1:
            return _axis(bars, styles).strip()
        unit, part = divmod(y - HEAD, step)
        if part == len(LABELS):
            return BLANK
        line = Line()
        if part == 0:
            chosen = selection == Selection("unit", network.depth, unit)
            line.add("▸" if unit == best else " ", styles.accent)
            style = styles.strong + Style(underline=True) if chosen else styles.strong
            line.add(fitted(names[unit], widest), style)
        line.pad(widest + 2, styles.text).add(LABELS[part], styles.dim).pad(left, styles.text)
        value = float(values[part][unit])
        _add_bar(line, bars, value, styles, target=part == 1)
        line.pad(left + room + 1, styles.text)
        return line.add(plain(value, form), styles.dim if part else styles.text).strip()

    spot = None
    if (selection.kind, selection.layer) == ("unit", network.depth):
        spot = Region(0, HEAD + step * selection.unit, 1, step)
    return Picture(Size(width, lines), row_at, spot=spot)


def _heading(experiment: Experiment, sample: picture.Sample, styles: Styles, width: int) -> Line:
    """Write the sample's number and as many of its inputs as there is room for."""
    line = Line().add(f" {sample.title}", styles.strong)
    for unit, value in enumerate(sample.inputs[:width].tolist()):
        text = f"   {picture.input_name(experiment, unit)} {value:.4g}"
        if line.width + cell_len(text) > width - 2:
            return line.add(" …", styles.dim)
        line.add(text, styles.dim)
    return line


def _axis(bars: Bars, styles: Styles) -> Line:
    """Write the ends of the axis, and zero where it is neither."""
    line, low, high = Line(), picture.number(bars.span.low), picture.number(bars.span.high)
    line.pad(bars.left, styles.text).add(low, styles.dim)
    if len(low) < bars.zero < bars.room - len(high) - 1:
        line.pad(bars.left + bars.zero, styles.text).add("0", styles.dim)
    return line.pad(bars.left + bars.room - len(high), styles.text).add(high, styles.dim)


def _add_bar(line: Line, bars: Bars, value: float, styles: Styles, *, target: bool) -> None:
    """Add a bar from zero to ``value``: solid for outputs, shaded for targets."""
    span, room, zero = bars.span, bars.room, bars.zero
    if math.isnan(value):
        line.add("not a number"[:room], styles.warning)
        return
    length = abs(min(max(value, span.low), span.high)) / span.width * room
    zero_at = line.width + zero
    if value < 0:
        cells = min(max(round(length), 1), zero)
        line.pad(zero_at - cells, styles.text)
        line.add(("░" if target else "█") * cells, styles.dim if target else styles.negative[1])
        return
    line.pad(zero_at, styles.text)
    length = min(length, room - zero)
    whole, rest = divmod(round(length * 8), 8)
    if target:
        line.add("░" * round(length) or "▏", styles.dim)
    else:
        line.add(("█" * whole + EIGHTHS[rest].strip()) or "▏", styles.positive[1])


GAP = 4
NARROWEST = 6
"""Cells of a column from which two tables stand beside each other."""
SIDE = "actual"


class Part(NamedTuple):
    """The samples of training, or of the test: all, or every so many."""

    title: str
    labels: Places
    evaluator: Evaluator

    def head(self, right: int) -> str:
        """Return what stands behind the title."""
        total = len(self.labels)
        return f"  {100.0 * right / total:5.1f} %  {right:>{len(str(total))}} of {total} right"

    @property
    def width(self) -> int:
        return 1 + len(self.title + self.head(0))


@lru_cache(maxsize=2)
def _parts_of(experiment: Experiment) -> tuple[Classes, list[Part], str]:
    """Return the classes, the parts, and a note where not all samples are taken."""
    data, network, classes = experiment.data, experiment.network, picture.classes_in(experiment)
    assert classes is not None, "the picture is offered only where there are classes"
    every = max(-(-(data.samples + len(data.test_inputs)) // picture.affordable(network)), 1)
    parts = [
        Part(title, labels[::every], Evaluator(network, inputs[::every]))
        for title, inputs, labels in (
            ("training", data.inputs, classes.training),
            ("test", data.test_inputs, classes.test),
        )
        if len(inputs)
    ]
    return classes, parts, f"every {ordinal(every)} sample" if every > 1 else ""


def class_table(view: View, look: Look, width: int, height: int) -> Picture:
    """Draw a table a part: rows are the classes samples have, columns those they are taken for."""
    experiment, styles = view.snapshot.experiment, look.styles
    classes, parts, note = _parts_of(experiment)
    count = classes.count
    names = [fitted(picture.class_name(experiment, label), WIDEST_NAME) for label in range(count)]
    side = max(len(SIDE), *map(cell_len, names)) + 1
    least = max(3, *(len(str(len(part.labels))) for part in parts)) + 2
    widest = max(max(map(cell_len, names)) + 2, least)
    room = (width - 1 - GAP * (len(parts) - 1)) // len(parts)

    def fit(room: int) -> tuple[int, int]:
        """Return the width of a column, as much as ``room`` has, and that of a table."""
        cell = min(max((room - 1 - side) // count, least), widest)
        return cell, max(1 + side + cell * count, *(part.width for part in parts))

    cell, wide = fit(room)
    beside = len(parts) == 1 or (cell >= NARROWEST and wide <= room)
    if not beside:
        cell, wide = fit(width - 2)
    tall = count + 3
    lines = tall if beside else (tall + 1) * len(parts) - 1
    found = [part.evaluator.outputs(view.snapshot.parameters) for part in parts]
    counts = [
        confusion(part.labels, classes.predicted(outputs), count)
        for part, outputs in zip(parts, found, strict=True)
    ]

    def line_at(number: int, y: int) -> Line:
        part, line = parts[number], Line()
        if y == 0:
            line.add(" ", styles.text).add(part.title, styles.strong)
            return line.add(part.head(int(counts[number].trace())), styles.text)
        if y == 1:
            line.pad(1 + side, styles.text)
            return line.add(justified("predicted", max(cell * count, 11)), styles.dim)
        if y == 2:
            line.add(f" {SIDE}".ljust(1 + side), styles.dim)
            for name in names:
                line.add(justified(fitted(name, cell - 1), cell), styles.dim)
            return line
        line.add(" ", styles.text).add(names[y - 3], styles.dim).pad(1 + side, styles.text)
        for column, value in enumerate(counts[number][y - 3].tolist()):
            text = str(value) if value else "·"
            right = styles.positive[2] + styles.bold if column == y - 3 else styles.negative[2]
            line.add(" " * (cell - len(text)), styles.text)
            line.add(text, right if value else styles.faint)
        return line

    def row_at(y: int) -> Strip:
        if not beside:
            number, row = divmod(y, tall + 1)
            return BLANK if row == tall else line_at(number, row).strip()
        drawn = [line_at(number, y).pad(wide + GAP, styles.text) for number in range(len(parts))]
        return Strip.join([line.strip() for line in drawn])

    most = wide if len(parts) == 1 or not beside else 0
    return Picture(Size(max(most, width - (lines > height)), lines), row_at, note)
