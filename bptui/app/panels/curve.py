"""The curve: every output over the range of a single input, with the samples as points."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from rich.style import Style

from bptui.app.diagram.drawing import Canvas
from bptui.app.diagram.edges import BITS
from bptui.app.lines import BLANK, justified
from bptui.app.panels.facts import Facts, facts_of
from bptui.app.panels.loss import Entry
from bptui.app.panels.picture import Axes, Look, Span
from bptui.app.panels.pictures import Picture
from bptui.app.view import View
from bptui.charts.series import Area, Series
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
    x = Span.around(facts_of(experiment).inputs, 0.02).centres(ACROSS * columns)
    return Evaluator(experiment.network, x[:, None])


def axes_of(facts: Facts, span: Span, width: int, height: int) -> Axes:
    """Return the axes of a plane whose vertical one is ``span``."""
    count = min(facts.outputs, MOST_CURVES)
    last, inputs = facts.output_name(count - 1), Span.around(facts.inputs, 0.02)
    label, right = (last, 1) if count == 1 else ("", len(last) + 2)
    return Axes(inputs, span, facts.input_name(0), label, width, height, right)


def curve(view: View, look: Look, width: int, height: int) -> Picture:
    """Draw braille lines over points; several outputs are named at their right ends."""
    experiment, styles = view.snapshot.experiment, look.styles
    facts = facts_of(experiment)
    count = min(facts.outputs, MOST_CURVES)
    span = targets = Span.around(facts.targets[:, :count])
    for _ in range(2):  # the second time with the gutter that the range of the first needs
        axes = axes_of(facts, span, width, height)
        values = _grid(experiment, axes.columns).outputs(view.snapshot.parameters)[:, :count]
        span = targets.reaching(values, FARTHEST)
    axes = axes._replace(y=span)
    canvas = Canvas(axes.columns + axes.right, axes.rows, styles.text)
    colours = [None if look.plain else look.palette.glyph(at) for at in range(count)]
    thin = [Style(color=colour) if colour else styles.text for colour in colours]
    bold = [Style(color=colour, bold=True) if colour else styles.strong for colour in colours]
    if count == 1:
        thin, bold = [styles.accent], [styles.strong]
    for output in range(count):
        _draw_line(canvas, axes, values[:, output], thin[output])
    # half as many points as columns, so that a curve through all can still be seen
    samples, every = facts.some(max(axes.columns // 2 // count, 1))
    for output in range(count):
        points = facts.inputs[samples, 0], facts.targets[samples, output]
        for sample, row, column, _ in zip(samples, *axes.cells_of(*points), strict=True):
            shape = look.glyph(output, count, sample >= facts.training)
            canvas.write(row, column, shape, bold[output])
    point = facts.inputs[view.looked_at, 0], facts.targets[view.looked_at, 0]
    axes.bracket(canvas, *point, lambda row, column: styles.strong)
    if count > 1:
        _name_lines(canvas, axes, values[-1], facts, thin)
    shapes = ["".join(look.glyph(at, count, test) for at in range(count)[:6]) for test in (0, 1)]
    entries = [Entry("⠒⠒", "network", thin[0]), Entry(shapes[0], "target", styles.strong)]
    if facts.count > facts.training:
        entries.append(Entry(shapes[1], "of a test sample", styles.strong))
    several = f"{MOST_CURVES} of {facts.outputs} outputs" * (facts.outputs > MOST_CURVES)
    return axes.picture(canvas, look, entries, BLANK, ", ".join(filter(None, [several, every])))


def _name_lines(canvas: Canvas, axes: Axes, ends: Array, facts: Facts, styles: list[Style]) -> None:
    """Write the names of outputs beside where their lines end, below each other."""
    taken = set[int]()
    for output in np.argsort(-ends, kind="stable").tolist():
        place = axes.rows - 1 - int(axes.y.places(ends[[output]], axes.rows)[0])
        row = min(max(place, 0), axes.rows - 1)
        while row in taken and row < axes.rows - 1:
            row += 1
        taken.add(row)
        name = justified(facts.output_name(output), axes.right - 1)
        canvas.write(row, axes.columns + 1, name, styles[output])


def _draw_line(canvas: Canvas, axes: Axes, values: Array, style: Style) -> None:
    """Draw dots from column to column, joined by those between; none beyond the axis."""
    area = Area(axes.columns, axes.rows, values.size - 1, axes.y.low, axes.y.high)
    line = Series(np.arange(values.size), values, values).scaled(values, values)
    for row, column in area.line(line):
        if 0 <= row < DOWN * axes.rows:
            canvas.dot(row // DOWN, column // ACROSS, BITS[row % DOWN][column % ACROSS], style)
