"""The curve: every output over the range of a single input, with the samples as points."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from rich.style import Style
from textual.geometry import Size
from textual.strip import Strip

from bptui.app.diagram.drawing import Canvas
from bptui.app.diagram.edges import BITS
from bptui.app.lines import Line, justified
from bptui.app.panels.legend import Entry, arranged, painted
from bptui.app.panels.picture import (
    Axes,
    Look,
    Picture,
    Samples,
    Span,
    input_name,
    inputs_of,
    looked_at,
    some_samples,
    targets_of,
)
from bptui.app.view import View
from bptui.core.arrays import Array
from bptui.core.evaluation import Evaluator
from bptui.core.experiment import Experiment

MOST_CURVES = 10
LEGEND_FROM = 6
FARTHEST = 3.0
"""The axis follows outputs so many times the range of the targets away."""
DOTS_ACROSS, DOTS_DOWN = 2, 4


@dataclass(frozen=True, eq=False)
class Ground:
    """What does not change with the parameters, for planes of so many columns."""

    grid: Evaluator
    samples: Samples


@lru_cache(maxsize=2)
def _ground_of(experiment: Experiment, columns: int) -> Ground:
    x, network = _across(experiment).centres(DOTS_ACROSS * columns), experiment.network
    # half as many as columns, so that a curve through all samples can still be seen
    most = max(columns // 2 // min(network.layers[-1], MOST_CURVES), 1)
    return Ground(Evaluator(network, x[:, None]), some_samples(experiment, None, most))


def _across(experiment: Experiment) -> Span:
    data = experiment.data
    return Span.around(np.concatenate([data.inputs, data.test_inputs]), 0.02)


def axes_of(experiment: Experiment, span: Span, width: int, height: int) -> Axes:
    """Return the axes of a plane whose vertical one is ``span``."""
    network, count = experiment.network, min(experiment.network.layers[-1], MOST_CURVES)
    label = network.names.unit(network.depth, 0) if count == 1 else ""
    right = 1 if count == 1 else len(network.names.unit(network.depth, count - 1)) + 2
    height -= height >= LEGEND_FROM
    name = input_name(experiment, 0)
    return Axes(_across(experiment), span, name, label, width, height, right)


def curve(view: View, look: Look, width: int, height: int) -> Picture:
    """Draw braille lines over points; several outputs are named at their right ends."""
    experiment, styles = view.snapshot.experiment, look.styles
    outputs, data = experiment.network.layers[-1], experiment.data
    count = min(outputs, MOST_CURVES)
    span = targets = Span.around(np.concatenate([data.targets, data.test_targets])[:, :count])
    for _ in range(2):  # the second time with the gutter that the range of the first needs
        axes = axes_of(experiment, span, width, height)
        ground = _ground_of(experiment, axes.columns)
        values = ground.grid.outputs(view.snapshot.parameters)[:, :count]
        span = _range(targets, values)
    axes = axes._replace(y=span)
    canvas = Canvas(axes.columns + axes.right, axes.rows, styles.text)
    for output in range(count):
        _draw_line(canvas, axes, values[:, output], _style(output, count, look, bold=False))
    for output in range(count):
        _draw_samples(canvas, axes, ground.samples, output, count, look)
    _draw_chosen(canvas, axes, view, look)
    if count > 1:
        _name_lines(canvas, axes, values[-1], experiment, look)

    def row_at(row: int) -> Strip:
        if row < axes.rows:
            beside = Line().add(axes.beside(row), styles.dim).strip()
            return Strip.join([beside, canvas.strip(row)])
        if row == axes.rows:
            return Line().add(axes.below(), styles.dim).strip()
        return _legend(axes, count, bool(len(data.test_inputs)), look)

    several = f"{MOST_CURVES} of {outputs} outputs" if outputs > MOST_CURVES else ""
    note = ", ".join(filter(None, [several, ground.samples.note]))
    return Picture(Size(width, height), row_at, note)


def _legend(axes: Axes, count: int, tests: bool, look: Look) -> Strip:
    shapes = ["".join(look.glyph(at, count, test) for at in range(count)[:6]) for test in (0, 1)]
    entries = [
        Entry("⠒⠒", "network", _style(0, count, look, bold=False)),
        Entry(shapes[0], "target", look.styles.strong),
        *[Entry(shapes[1], "of a test sample", look.styles.strong)] * tests,
    ]
    (line,) = arranged(entries, axes.width - axes.gutter, 1)
    blank = Line().pad(axes.gutter, look.styles.text).strip()
    return Strip.join([blank, painted(line, look.styles.dim)])


def _range(base: Span, values: Array) -> Span:
    """Return the targets' range, and quarters of it more as far as the outputs reach."""
    finite = values[np.isfinite(values)]
    if not finite.size:
        return base
    step, most = base.width / 4.0, base.width * FARTHEST
    low = min(max(float(finite.min()), base.low - most), base.low)
    high = max(min(float(finite.max()), base.high + most), base.high)
    down, up = math.ceil((base.low - low) / step), math.ceil((high - base.high) / step)
    return Span(base.low - down * step, base.high + up * step)


def _style(output: int, count: int, look: Look, *, bold: bool) -> Style:
    if count == 1:
        return look.styles.strong if bold else look.styles.accent
    if look.plain:
        return look.styles.strong if bold else look.styles.text
    return Style(color=look.palette.glyph(output), bold=bold or None)


def _draw_samples(
    canvas: Canvas, axes: Axes, samples: Samples, output: int, count: int, look: Look
) -> None:
    rows, columns, _ = axes.cells_of(samples.inputs[:, 0], samples.targets[:, output])
    style = _style(output, count, look, bold=True)
    for at in np.flatnonzero(rows >= 0).tolist():
        shape = look.glyph(output, count, bool(samples.test[at]))
        canvas.write(int(rows[at]), int(columns[at]), shape, style)


def _draw_chosen(canvas: Canvas, axes: Axes, view: View, look: Look) -> None:
    """Draw brackets around the sample that is looked at, at its first target."""
    experiment, sample = view.snapshot.experiment, looked_at(view)
    target = targets_of(experiment, sample)[:1]
    row, column, _ = (int(each[0]) for each in axes.cells_of(inputs_of(experiment, sample), target))
    for beside, character in ((column - 1, "["), (column + 1, "]")):
        if row >= 0 and 0 <= beside < axes.columns:
            canvas.write(row, beside, character, look.styles.strong)


def _name_lines(
    canvas: Canvas, axes: Axes, ends: Array, experiment: Experiment, look: Look
) -> None:
    """Write the names of outputs beside where their lines end, below each other."""
    names, taken = experiment.network.names, set[int]()
    for output in np.argsort(-ends, kind="stable").tolist():
        place = axes.rows - 1 - int(axes.y.places(ends[[output]], axes.rows)[0])
        row = min(max(place, 0), axes.rows - 1)
        while row in taken and row < axes.rows - 1:
            row += 1
        taken.add(row)
        name = justified(names.unit(names.depth, output), axes.right - 1)
        canvas.write(row, axes.columns + 1, name, _style(output, len(ends), look, bold=False))


def _draw_line(canvas: Canvas, axes: Axes, values: Array, style: Style) -> None:
    """Draw dots from column to column, joined by those between; none beyond the axis."""
    dots = DOTS_DOWN * axes.rows
    places = dots - 1 - axes.y.places(values, dots)
    before = None
    for x, (place, known) in enumerate(zip(places.tolist(), np.isfinite(values), strict=True)):
        if not known:
            before = None
            continue
        # from the neighbour's height on, so that steep lines stay whole
        first = place
        if before is not None and abs(place - before) > 1:
            first = before + (1 if place > before else -1)
        for dot in range(min(first, place), max(first, place) + 1):
            if 0 <= dot < dots:
                bit = BITS[dot % DOTS_DOWN][x % DOTS_ACROSS]
                canvas.dot(dot // DOTS_DOWN, x // DOTS_ACROSS, bit, style)
        before = place
