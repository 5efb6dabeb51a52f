"""The curve: every output over the range of a single input, with the samples as points."""

from __future__ import annotations

import math
from functools import lru_cache

import numpy as np
from rich.style import Style

from bptui.app.diagram.drawing import Canvas
from bptui.app.diagram.edges import BITS
from bptui.app.lines import BLANK, justified
from bptui.app.panels import picture
from bptui.app.panels.legend import Entry
from bptui.app.panels.picture import Axes, Look, Span
from bptui.app.view import View
from bptui.core.arrays import Array
from bptui.core.evaluation import Evaluator
from bptui.core.experiment import Experiment

MOST_CURVES = 10
FARTHEST = 3.0
"""The axis follows outputs so many times the range of the targets away."""
ACROSS, DOWN = 2, 4
"""Dots of a cell."""


@lru_cache(maxsize=4)
def _grid(experiment: Experiment, columns: int) -> Evaluator:
    """Return the inputs at the middles of the columns of dots."""
    x = _inputs(experiment).centres(ACROSS * columns)
    return Evaluator(experiment.network, x[:, None])


@lru_cache(maxsize=2)
def _points(experiment: Experiment, columns: int, curves: int) -> picture.Samples:
    """Return half as many points as columns, so that a curve through all can still be seen."""
    return picture.some_samples(experiment, None, max(columns // 2 // curves, 1))


def _inputs(experiment: Experiment) -> Span:
    data = experiment.data
    return Span.around(np.concatenate([data.inputs, data.test_inputs]), 0.02)


def axes_of(experiment: Experiment, span: Span, width: int, height: int) -> Axes:
    """Return the axes of a plane whose vertical one is ``span``."""
    names, count = experiment.network.names, min(experiment.network.layers[-1], MOST_CURVES)
    last, inputs = names.unit(names.depth, count - 1), _inputs(experiment)
    label, right = (last, 1) if count == 1 else ("", len(last) + 2)
    return Axes(inputs, span, picture.input_name(experiment, 0), label, width, height, right)


def curve(view: View, look: Look, width: int, height: int) -> picture.Picture:
    """Draw braille lines over points; several outputs are named at their right ends."""
    experiment, strong = view.snapshot.experiment, look.styles.strong
    outputs, data = experiment.network.layers[-1], experiment.data
    count = min(outputs, MOST_CURVES)
    span = targets = Span.around(np.concatenate([data.targets, data.test_targets])[:, :count])
    for _ in range(2):  # the second time with the gutter that the range of the first needs
        axes = axes_of(experiment, span, width, height)
        grid = _grid(experiment, axes.columns)
        values = grid.outputs(view.snapshot.parameters)[:, :count]
        span = _range(targets, values)
    axes = axes._replace(y=span)
    canvas = Canvas(axes.columns + axes.right, axes.rows, look.styles.text)
    thin = [look.styles.text if look.plain else _coloured(look, at, None) for at in range(count)]
    bold = [strong if look.plain else _coloured(look, at, True) for at in range(count)]
    if count == 1:
        thin, bold = [look.styles.accent], [strong]
    for output in range(count):
        _draw_line(canvas, axes, values[:, output], thin[output])
    samples = _points(experiment, axes.columns, count)
    for output in range(count):
        rows, columns, _ = axes.cells_of(samples.inputs[:, 0], samples.targets[:, output])
        for at in np.flatnonzero(rows >= 0).tolist():
            shape = look.glyph(output, count, bool(samples.test[at]))
            canvas.write(int(rows[at]), int(columns[at]), shape, bold[output])
    chosen = picture.sample_of(experiment, picture.looked_at(view))
    axes.bracket(canvas, (chosen.inputs[0], chosen.targets[0]), lambda row, column: strong)
    if count > 1:
        _name_lines(canvas, axes, values[-1], experiment, thin)
    shapes = ["".join(look.glyph(at, count, test) for at in range(count)[:6]) for test in (0, 1)]
    legend = [Entry("⠒⠒", "network", thin[0]), Entry(shapes[0], "target", strong)]
    if len(data.test_inputs):
        legend.append(Entry(shapes[1], "of a test sample", strong))
    several = f"{MOST_CURVES} of {outputs} outputs" if outputs > MOST_CURVES else ""
    note = ", ".join(filter(None, [several, samples.note]))
    return axes.picture(canvas, look, legend, BLANK, note)


def _coloured(look: Look, output: int, bold: bool | None) -> Style:
    return Style(color=look.palette.glyph(output), bold=bold)


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


def _name_lines(
    canvas: Canvas, axes: Axes, ends: Array, experiment: Experiment, styles: list[Style]
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
        canvas.write(row, axes.columns + 1, name, styles[output])


def _draw_line(canvas: Canvas, axes: Axes, values: Array, style: Style) -> None:
    """Draw dots from column to column, joined by those between; none beyond the axis."""
    dots, before = DOWN * axes.rows, None
    places = dots - 1 - axes.y.places(values, dots)
    for x, (place, known) in enumerate(zip(places.tolist(), np.isfinite(values), strict=True)):
        # from the neighbour's height on, so that steep lines stay whole
        first = place
        if before is not None and abs(place - before) > 1:
            first = before + (1 if place > before else -1)
        for dot in range(min(first, place), max(first, place) + 1) if known else ():
            if 0 <= dot < dots:
                canvas.dot(dot // DOWN, x // ACROSS, BITS[dot % DOWN][x % ACROSS], style)
        before = place if known else None
