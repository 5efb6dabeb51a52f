"""The decision map: the output over the plane of two inputs, with the samples on it."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache
from typing import NamedTuple

import numpy as np
from rich.style import Style
from textual.geometry import Size
from textual.strip import Strip

from bptui.app.diagram.drawing import Canvas
from bptui.app.lines import Line
from bptui.app.panels.legend import Entry, arranged, painted
from bptui.app.panels.picture import (
    HOLLOW,
    LEVELS,
    SHADES,
    Axes,
    Look,
    Palette,
    Picture,
    Places,
    Samples,
    Span,
    affordable,
    class_name,
    classes_in,
    input_name,
    inputs_of,
    looked_at,
    number,
    some_samples,
)
from bptui.app.view import View
from bptui.core.activations import limits
from bptui.core.arrays import Array
from bptui.core.evaluation import Classes, Evaluator
from bptui.core.experiment import Experiment

LEGEND_FROM = 6
"""Lines from which one is spared for the legend."""
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

    def levels(self, outputs: Array) -> Places:
        """Return the level of each row of outputs; UNKNOWN where a number is NaN."""
        with np.errstate(all="ignore"):
            if not self.classes:
                parts = (outputs[:, self.output] - self.low) * (LEVELS / (self.high - self.low))
                floored = np.clip(np.floor(parts), 0, LEVELS - 1)
                known: Places = np.nan_to_num(floored, nan=UNKNOWN).astype(np.intp)
                return known
            ordered = np.partition(outputs, self.classes - 2, axis=1)
            lead = (ordered[:, -1] - ordered[:, -2]) / (self.high - self.low)
            shades = np.clip(np.nan_to_num(lead * SHADES, nan=0.0), 0, SHADES - 1).astype(np.intp)
        unknown = np.isnan(outputs).any(axis=1)
        return np.where(unknown, UNKNOWN, outputs.argmax(axis=1) * SHADES + shades)

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


def reading_of(experiment: Experiment, classes: Classes | None, output: int) -> Reading:
    """Return how the outputs are read: classes by their winner, else the ``output`` chosen."""
    data, outputs = experiment.data, experiment.network.layers[-1]
    if classes is not None and outputs > 1:
        return Reading(0, min(float(data.targets.min()), 0.0), 1.0, outputs)
    targets = np.concatenate([data.targets, data.test_targets])[:, output]
    low, high = float(targets.min()), float(targets.max())
    least, most = limits(experiment.network.activations[-1])
    if classes is None and math.isfinite(least) and math.isfinite(most):
        low, high = least, most
    if not high > low:
        low, high = low - 1.0, low + 1.0
    return Reading(output, low, high)


@dataclass(frozen=True, eq=False)
class Ground:
    """What does not change with the parameters: the plane, its points, the samples on it."""

    axes: Axes
    classes: Classes | None
    samples: Samples
    outputs: Evaluator
    """Of the samples."""
    grids: dict[int, Evaluator]
    """By how many half cells in both directions share a point."""


@lru_cache(maxsize=2)
def ground_of(experiment: Experiment, width: int, height: int) -> Ground:
    """Return the plane for a picture of that size."""
    data, network, classes = experiment.data, experiment.network, classes_in(experiment)
    inputs = np.concatenate([data.inputs, data.test_inputs])
    x, y = (Span.around(inputs[:, unit]) for unit in (0, 1))
    x_name, y_name = (input_name(experiment, unit) for unit in (0, 1))
    axes = Axes(x, y, x_name, y_name, width, height - (height >= LEGEND_FROM))
    most = min(max(axes.columns * axes.rows // CROWD, 1), affordable(network, running=True))
    samples = some_samples(experiment, classes, most)
    return Ground(axes, classes, samples, Evaluator(network, samples.inputs), {})


def levels_of(view: View, ground: Ground, reading: Reading) -> Places:
    """Return the level of every half cell, (2 x rows, columns), from the top."""
    network, axes, coarse = view.snapshot.experiment.network, ground.axes, 1
    points = affordable(network, running=view.running)
    while -(-axes.columns // coarse) * -(-2 * axes.rows // coarse) > points:
        coarse += 1
    x = _coarser(axes.x.centres(axes.columns), coarse)
    y = _coarser(axes.y.centres(2 * axes.rows)[::-1], coarse)
    if coarse not in ground.grids:
        inputs = np.column_stack([np.tile(x, len(y)), np.repeat(y, len(x))])
        ground.grids[coarse] = Evaluator(network, inputs)
    outputs = ground.grids[coarse].outputs(view.snapshot.parameters)
    found = reading.levels(outputs).reshape(len(y), len(x))
    found = found.repeat(coarse, axis=0).repeat(coarse, axis=1)
    return found[: 2 * axes.rows, : axes.columns]


def _coarser(values: Array, coarse: int) -> Array:
    """Return the means of so many values each, the last of what is left."""
    starts = np.arange(0, len(values), coarse)
    sums: Array = np.add.reduceat(values, starts)
    return sums / np.diff([*starts, len(values)])


@lru_cache(maxsize=8192)
def _style(colour: str | None, background: str | None = None, reverse: bool | None = None) -> Style:
    """Return the style of a mark on a surface, or, without being reversed or not, of a surface."""
    bold = None if reverse is None else True
    return Style(color=colour, bgcolor=background, bold=bold, reverse=reverse or None)


def decision_map(view: View, look: Look, width: int, height: int) -> Picture:
    """Draw half cells in the colour of the output; the samples' glyphs are their classes."""
    experiment = view.snapshot.experiment
    network, ground = experiment.network, ground_of(experiment, width, height)
    axes, classes, selection = ground.axes, ground.classes, view.selection
    chosen = (selection.kind, selection.layer) == ("unit", network.depth)
    reading = reading_of(experiment, classes, selection.unit if chosen else 0)
    levels, colours = levels_of(view, ground, reading), reading.colours(look.palette)
    # one character a cell without colours, or few: that of its upper half
    lower = levels[::2] if look.plain or look.letters else levels[1::2]
    surfaces: dict[tuple[int, int], tuple[str, Style]] = {}
    canvas = Canvas(axes.columns, axes.rows, look.styles.text)
    for row, halves in enumerate(zip(levels[::2].tolist(), lower.tolist(), strict=True)):
        pairs = [*zip(*halves, strict=True)]
        for pair in set(pairs).difference(surfaces):
            surfaces[pair] = _surface(*pair, reading, colours, look)
        canvas.cells[row] = [surfaces[pair] for pair in pairs]
    _mark_samples(canvas, view, ground, levels, colours, look)

    def row_at(row: int) -> Strip:
        if row < axes.rows:
            beside = Line().add(axes.beside(row), look.styles.dim).strip()
            return Strip.join([beside, canvas.strip(row)])
        if row == axes.rows:
            return Line().add(axes.below(), look.styles.dim).strip()
        return _legend(experiment, classes, reading, look, axes)

    several = not reading.classes and network.layers[-1] > 1
    output = f"output {network.names.unit(network.depth, reading.output)}" if several else ""
    note = ", ".join(filter(None, [output, ground.samples.note]))
    return Picture(Size(width, height), row_at, note)


def _surface(
    upper: int, lower: int, reading: Reading, colours: tuple[str, ...], look: Look
) -> tuple[str, Style]:
    if upper == lower == UNKNOWN:
        return "·", look.styles.faint
    if look.plain:
        return reading.fill(upper), look.styles.dim
    if upper == lower:
        return " ", _style(None, colours[upper])
    return "▀", _style(colours[upper], colours[lower])


def _mark_samples(
    canvas: Canvas,
    view: View,
    ground: Ground,
    levels: Places,
    colours: tuple[str, ...],
    look: Look,
) -> None:
    """Draw the samples: what is wrong over what is right, brackets around the chosen one last."""
    experiment, samples, classes = view.snapshot.experiment, ground.samples, ground.classes
    wrong, kinds = np.zeros(len(samples.labels), bool), 0
    if classes is not None:
        outputs = ground.outputs.outputs(view.snapshot.parameters)
        wrong, kinds = classes.predicted(outputs) != samples.labels, classes.count
    mark = None if look.plain else look.palette.mark
    rows, columns, halves = ground.axes.cells_of(samples.inputs[:, 0], samples.inputs[:, 1])

    def background(row: int, column: int, half: int = 0) -> str | None:
        return None if look.plain else colours[levels[2 * row + half, column]]

    for at in np.argsort(wrong, kind="stable").tolist():
        row, column, label = int(rows[at]), int(columns[at]), int(samples.labels[at])
        if row >= 0:
            colour = look.palette.glyph(label) if kinds and not look.plain else mark
            shape = look.glyph(label, kinds, bool(samples.test[at]))
            below = background(row, column, int(halves[at]))
            canvas.write(row, column, shape, _style(colour, below, bool(wrong[at])))
    # from its inputs, as it may not be one of the samples that are drawn
    x, y = inputs_of(experiment, looked_at(view))
    row, column, _ = (int(place[0]) for place in ground.axes.cells_of(x[None], y[None]))
    for beside, character in ((column - 1, "["), (column + 1, "]")):
        if row >= 0 and 0 <= beside < ground.axes.columns:
            canvas.write(row, beside, character, _style(mark, background(row, beside), False))


def _legend(
    experiment: Experiment, classes: Classes | None, reading: Reading, look: Look, axes: Axes
) -> Strip:
    """Tell classes by shape, what is hollow, what is reversed, and the scale of an output."""
    styles, scale = look.styles, Line()
    if not reading.classes:
        scale.add(f"{number(reading.low)} ", styles.dim)
        colours = reading.colours(look.palette)
        for level in range(LEVELS // 8, LEVELS, LEVELS // 4):
            if look.plain:
                scale.add(reading.fill(level), styles.dim)
            else:
                scale.add("  ", Style(bgcolor=colours[level]))
        scale.add(f" {number(reading.high)}   ", styles.dim)
    count = 1 if classes is None else classes.count
    entries = []
    for label in range(count):
        name = "sample" if classes is None else class_name(experiment, label)
        coloured = classes is not None and not look.plain
        colour = Style(color=look.palette.glyph(label), bold=True) if coloured else styles.strong
        fill = reading.fill(label * SHADES) if look.plain and reading.classes else ""
        entries.append(Entry(look.glyph(label, count, False) + fill, name, colour))
    if len(experiment.data.test_inputs):
        hollow = "".join(look.glyph(label, count, True) for label in range(count))
        entries.append(Entry(hollow if count <= len(HOLLOW) else "a b", "test", styles.text))
    if classes is not None:
        wrong = styles.strong + Style(reverse=True)
        entries.append(Entry(look.glyph(0, count, False), "wrong", wrong))
    room = axes.width - scale.width
    drawn = [painted(line, styles.dim) for line in arranged(entries, room, 1)]
    # further left where the edge would cut it
    left = max(min(axes.gutter, room - sum(strip.cell_length for strip in drawn)), 0)
    return Strip.join([Line().pad(left, styles.text).strip(), scale.strip(), *drawn])
