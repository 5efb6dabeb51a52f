"""Pictures over the inputs: the map of the outputs over two, their curve over a single one."""

from __future__ import annotations

import math
from functools import lru_cache
from typing import NamedTuple

import numpy as np
from rich.style import Style
from textual.strip import Strip

from bptui.app.diagram.drawing import Canvas
from bptui.app.lines import BLANK, Line, justified
from bptui.app.panels.facts import Facts, facts_of
from bptui.app.panels.loss import Entry
from bptui.app.panels.picture import (
    HOLLOW,
    LEVELS,
    SHADES,
    Axes,
    Look,
    Palette,
    Span,
    affordable,
    number,
)
from bptui.app.panels.pictures import Picture
from bptui.app.view import View
from bptui.charts.series import BITS, Area, Series
from bptui.core.activations import limits
from bptui.core.arrays import Array, Integers
from bptui.core.evaluation import Evaluator
from bptui.core.experiment import Experiment

CROWD = 2
"""Cells for each sample that is drawn: with fewer, the map could not be seen."""
FILLS = " ░▒▓"
"""From low to high where there are no colours; an even number, so that they part in the middle."""
UNKNOWN = -1
"""The level of what is not a number; the last of the colours."""


class Reading(NamedTuple):
    """How outputs become levels from 0 on: ``output`` between ``low`` and ``high``.

    Of ``classes``, where there are some, the largest output wins: by how much is its shade.
    """

    output: int
    low: float
    high: float
    classes: int = 0

    def levels(self, outputs: Array) -> Integers:
        """Return the level of each row of outputs; UNKNOWN where a number is NaN."""
        values, parts = outputs[:, self.output] - self.low, LEVELS
        if self.classes:
            ordered = np.partition(outputs, self.classes - 2, axis=1)
            values, parts = ordered[:, -1] - ordered[:, -2], SHADES
        with np.errstate(all="ignore"):
            shares = np.clip(np.floor(values * (parts / (self.high - self.low))), 0, parts - 1)
        if not self.classes:
            known: Integers = np.nan_to_num(shares, nan=UNKNOWN).astype(np.intp)
            return known
        levels = outputs.argmax(axis=1) * SHADES + np.nan_to_num(shares).astype(np.intp)
        return np.where(np.isnan(outputs).any(axis=1), UNKNOWN, levels)

    def colours(self, palette: Palette) -> tuple[str, ...]:
        """Return one a level, and that of the unknown."""
        known = palette.of_classes(self.classes) if self.classes else palette.diverging()
        return (*known, palette.middle)

    def fill(self, level: int) -> str:
        """Return a character that stands for a level where there are no colours."""
        if not self.classes:
            return FILLS[level * len(FILLS) // LEVELS]
        index = level // SHADES
        return FILLS[index] if self.classes <= len(FILLS) else str(index % 10)


def reading_of(view: View, facts: Facts) -> Reading:
    """Return how the outputs are read: classes by their winner, else the one that is selected."""
    selection, network = view.selection, facts.network
    if facts.classes is not None and facts.outputs > 1:
        return Reading(0, min(float(facts.data.targets.min()), 0.0), 1.0, facts.outputs)
    chosen = (selection.kind, selection.layer) == ("unit", network.depth)
    output = selection.unit if chosen else 0
    targets = facts.targets[:, output]
    low, high = float(targets.min()), float(targets.max())
    least, most = limits(network.activations[-1])
    if facts.classes is None and math.isfinite(least) and math.isfinite(most):
        low, high = least, most
    return Reading(output, low, high) if high > low else Reading(output, low - 1.0, high + 1.0)


def map_axes(experiment: Experiment, width: int, height: int) -> Axes:
    """Return the plane of all samples for a picture of that size."""
    facts = facts_of(experiment)
    x, y = (Span.around(facts.inputs[:, unit]) for unit in (0, 1))
    return Axes(x, y, facts.input_name(0), facts.input_name(1), width, height)


@lru_cache(maxsize=2)
def _marked(experiment: Experiment, axes: Axes) -> tuple[Integers, str, Evaluator]:
    """Return the samples on the plane, as many as there is room and time for; and a note."""
    facts, room = facts_of(experiment), max(axes.columns * axes.rows // CROWD, 1)
    samples, note = facts.some(min(room, affordable(experiment.network, running=True)))
    return samples, note, Evaluator(experiment.network, facts.inputs[samples])


@lru_cache(maxsize=4)
def _points(experiment: Experiment, axes: Axes, coarse: int) -> Evaluator:
    """Return the points of the plane: so many half cells in both directions share one."""
    x, y = axes.x.centres(axes.columns), axes.y.centres(2 * axes.rows)[::-1]
    # the middle of each run, the last one of a run that is cut off
    runs = (np.arange(0, ends.size, coarse) + coarse // 2 for ends in (x, y))
    x, y = (ends[np.minimum(run, ends.size - 1)] for ends, run in zip((x, y), runs, strict=True))
    points = np.column_stack([np.tile(x, len(y)), np.repeat(y, len(x))])
    return Evaluator(experiment.network, points)


def levels_of(view: View, axes: Axes, reading: Reading) -> Integers:
    """Return the level of every half cell, (2 x rows, columns), from the top."""
    experiment, coarse = view.snapshot.experiment, 1
    points = affordable(experiment.network, running=view.running)
    while -(-axes.columns // coarse) * -(-2 * axes.rows // coarse) > points:
        coarse += 1
    outputs = _points(experiment, axes, coarse).outputs(view.snapshot.parameters)
    found = reading.levels(outputs).reshape(-1, -(-axes.columns // coarse))
    found = found.repeat(coarse, axis=0).repeat(coarse, axis=1)
    return found[: 2 * axes.rows, : axes.columns]


@lru_cache(maxsize=8192)
def _style(colour: str | None, background: str | None, bold: bool, reverse: bool = False) -> Style:
    return Style(color=colour, bgcolor=background, bold=bold or None, reverse=reverse or None)


def decision_map(view: View, look: Look, width: int, height: int) -> Picture:
    """Draw half cells in the colour of the output; the samples' glyphs are their classes."""
    experiment = view.snapshot.experiment
    facts, axes = facts_of(experiment), map_axes(experiment, width, height)
    reading = reading_of(view, facts)
    samples, note, evaluator = _marked(experiment, axes)
    levels, colours = levels_of(view, axes, reading), reading.colours(look.palette)
    kinds = 0 if facts.classes is None else facts.classes.count
    canvas = Canvas(axes.columns, axes.rows, look.styles.text)
    _fill(canvas, levels, reading, colours, look)

    def style_at(
        row: int, column: int, half: int = 0, label: int = -1, wrong: bool = False
    ) -> Style:
        if look.plain:
            return _style(None, None, True, wrong)
        colour = look.palette.glyph(label) if kinds and label >= 0 else look.palette.mark
        return _style(colour, colours[levels[2 * row + half, column]], True, wrong)

    labels, wrong = facts.labels[samples], np.zeros(len(samples), bool)
    if facts.classes is not None:
        wrong = facts.classes.predicted(evaluator.outputs(view.snapshot.parameters)) != labels
    rows, columns, halves = axes.cells_of(*facts.inputs[samples].T)
    for at in np.argsort(wrong, kind="stable").tolist():  # what is wrong over what is right
        row, column, label = int(rows[at]), int(columns[at]), int(labels[at])
        if row >= 0:
            style = style_at(row, column, int(halves[at]), label, bool(wrong[at]))
            test = samples[at] >= facts.training
            canvas.write(row, column, look.glyph(label, kinds, test), style)
    # the chosen one from its inputs, as it may not be one of the samples that are drawn
    x, y = facts.inputs[view.looked_at].tolist()
    axes.bracket(canvas, x, y, style_at)
    output = f"output {facts.output_name(reading.output)}"
    notes = [output] * (facts.outputs > 1 and not reading.classes) + [note]
    entries, scale = _legend(facts, reading, look)
    return axes.picture(canvas, look, entries, scale, ", ".join(filter(None, notes)))


def _fill(
    canvas: Canvas, levels: Integers, reading: Reading, colours: tuple[str, ...], look: Look
) -> None:
    """Draw two half cells a cell; without colours, or few, one character for the upper one."""
    lower = levels[::2] if look.plain or look.letters else levels[1::2]
    known: dict[tuple[int, int], tuple[str, Style]] = {}
    for row, halves in enumerate(zip(levels[::2].tolist(), lower.tolist(), strict=True)):
        pairs = [*zip(*halves, strict=True)]
        for above, below in set(pairs).difference(known):
            cell = "▀", _style(colours[above], colours[below], False)
            if above == below:
                cell = " ", _style(None, colours[above], False)
            if look.plain:
                cell = reading.fill(above), look.styles.dim
            if above == below == UNKNOWN:
                cell = "·", look.styles.faint
            known[above, below] = cell
        canvas.cells[row] = [known[pair] for pair in pairs]


def _legend(facts: Facts, reading: Reading, look: Look) -> tuple[list[Entry], Strip]:
    """Tell classes by shape, what is hollow, what is reversed, and the scale of an output."""
    styles, scale, classes = look.styles, Line(), facts.classes
    if not reading.classes:
        scale.add(f"{number(reading.low)} ", styles.dim)
        colours = reading.colours(look.palette)
        for level in range(LEVELS // 8, LEVELS, LEVELS // 4):
            plain = reading.fill(level), styles.dim
            scale.add(*(plain if look.plain else ("  ", _style(None, colours[level], False))))
        scale.add(f" {number(reading.high)}   ", styles.dim)
    count, entries = 1 if classes is None else classes.count, []
    for label in range(count):
        name, style = "sample", styles.strong
        if classes is not None:
            name = facts.class_name(label)
            style = style if look.plain else _style(look.palette.glyph(label), None, True)
        fill = reading.fill(label * SHADES) if look.plain and reading.classes else ""
        entries.append(Entry(look.glyph(label, count, False) + fill, name, style))
    if facts.count > facts.training:
        hollow = "".join(look.glyph(label, count, True) for label in range(count))
        entries.append(Entry("a b" if count > len(HOLLOW) else hollow, "test", styles.text))
    if classes is not None:
        wrong = styles.strong + Style(reverse=True)
        entries.append(Entry(look.glyph(0, count, False), "wrong", wrong))
    return entries, scale.strip()


MOST_LINES = 10
FARTHEST = 3.0
"""The axis follows outputs so many times the range of the targets away."""
ACROSS, DOWN = 2, 4
"""Dots of a cell."""


@lru_cache(maxsize=4)
def _grid(experiment: Experiment, columns: int) -> Evaluator:
    """Return the inputs at the middles of the columns of dots."""
    x = Span.around(facts_of(experiment).inputs, 0.02).centres(ACROSS * columns)
    return Evaluator(experiment.network, x[:, None])


def curve_axes(facts: Facts, span: Span, width: int, height: int) -> Axes:
    """Return the axes of a plane whose vertical one is ``span``."""
    count = min(facts.outputs, MOST_LINES)
    last, inputs = facts.output_name(count - 1), Span.around(facts.inputs, 0.02)
    label, right = (last, 1) if count == 1 else ("", len(last) + 2)
    return Axes(inputs, span, facts.input_name(0), label, width, height, right)


def curve(view: View, look: Look, width: int, height: int) -> Picture:
    """Draw braille lines over points; several outputs are named at their right ends."""
    experiment, styles = view.snapshot.experiment, look.styles
    facts = facts_of(experiment)
    count = min(facts.outputs, MOST_LINES)
    span = targets = Span.around(facts.targets[:, :count])
    for _ in range(2):  # the second time with the gutter that the range of the first needs
        axes = curve_axes(facts, span, width, height)
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
    several = f"{MOST_LINES} of {facts.outputs} outputs" * (facts.outputs > MOST_LINES)
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
