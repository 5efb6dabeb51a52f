"""The decision map: the output over the plane of two inputs, with the samples on it."""

from __future__ import annotations

import math
from functools import lru_cache
from typing import NamedTuple

import numpy as np
from rich.style import Style
from textual.strip import Strip

from bptui.app.diagram.drawing import Canvas
from bptui.app.lines import Line
from bptui.app.panels import picture
from bptui.app.panels.facts import Facts, facts_of
from bptui.app.panels.loss import Entry
from bptui.app.panels.picture import LEVELS, SHADES, Axes, Look, Palette
from bptui.app.panels.pictures import Picture
from bptui.app.view import View
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


def axes_of(experiment: Experiment, width: int, height: int) -> Axes:
    """Return the plane of all samples for a picture of that size."""
    facts = facts_of(experiment)
    x, y = (picture.Span.around(facts.inputs[:, unit]) for unit in (0, 1))
    return Axes(x, y, facts.input_name(0), facts.input_name(1), width, height)


@lru_cache(maxsize=2)
def _marked(experiment: Experiment, axes: Axes) -> tuple[Integers, str, Evaluator]:
    """Return the samples on the plane, as many as there is room and time for; and a note."""
    facts, room = facts_of(experiment), max(axes.columns * axes.rows // CROWD, 1)
    samples, note = facts.some(min(room, picture.affordable(experiment.network, running=True)))
    return samples, note, Evaluator(experiment.network, facts.inputs[samples])


@lru_cache(maxsize=4)
def _grid(experiment: Experiment, axes: Axes, coarse: int) -> Evaluator:
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
    points = picture.affordable(experiment.network, running=view.running)
    while -(-axes.columns // coarse) * -(-2 * axes.rows // coarse) > points:
        coarse += 1
    outputs = _grid(experiment, axes, coarse).outputs(view.snapshot.parameters)
    found = reading.levels(outputs).reshape(-1, -(-axes.columns // coarse))
    found = found.repeat(coarse, axis=0).repeat(coarse, axis=1)
    return found[: 2 * axes.rows, : axes.columns]


@lru_cache(maxsize=8192)
def _style(colour: str | None, background: str | None, bold: bool, reverse: bool = False) -> Style:
    return Style(color=colour, bgcolor=background, bold=bold or None, reverse=reverse or None)


def decision_map(view: View, look: Look, width: int, height: int) -> Picture:
    """Draw half cells in the colour of the output; the samples' glyphs are their classes."""
    experiment = view.snapshot.experiment
    facts, axes = facts_of(experiment), axes_of(experiment, width, height)
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
        scale.add(f"{picture.number(reading.low)} ", styles.dim)
        colours = reading.colours(look.palette)
        for level in range(LEVELS // 8, LEVELS, LEVELS // 4):
            plain = reading.fill(level), styles.dim
            scale.add(*(plain if look.plain else ("  ", _style(None, colours[level], False))))
        scale.add(f" {picture.number(reading.high)}   ", styles.dim)
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
        entries.append(Entry("a b" if count > len(picture.HOLLOW) else hollow, "test", styles.text))
    if classes is not None:
        wrong = styles.strong + Style(reverse=True)
        entries.append(Entry(look.glyph(0, count, False), "wrong", wrong))
    return entries, scale.strip()
