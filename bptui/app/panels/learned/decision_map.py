"""The decision map: the output over the plane of two inputs, with the samples on it."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import numpy.typing as npt
from rich.segment import Segment
from rich.style import Style
from textual.geometry import Size
from textual.strip import Strip

from bptui.app.lines import Line
from bptui.app.panels.learned.axes import Axes, Span
from bptui.app.panels.learned.legend import legend
from bptui.app.panels.learned.marks import Samples, cells_of, ordinal_note, some_samples
from bptui.app.panels.learned.picture import (
    Look,
    Picture,
    affordable,
    input_name,
    inputs_of,
    looked_at,
)
from bptui.app.panels.learned.reading import UNKNOWN, Reading, Scale, reading_of
from bptui.app.view import View
from bptui.core.arrays import Array
from bptui.core.evaluation import Classes, Evaluator
from bptui.core.experiment import Experiment

LEGEND_FROM = 6
"""Lines from which one is spared for the legend."""
CROWD = 2
"""Cells for each sample that is drawn: with fewer, the map could not be seen."""

Keys = npt.NDArray[np.intp]


@dataclass(frozen=True, eq=False)
class Ground:
    """What does not change with the parameters: the plane, its points, the samples on it."""

    axes: Axes
    grids: dict[int, Evaluator]
    """By how many half cells in both directions share a point."""
    samples: Samples
    outputs: Evaluator
    places: tuple[Keys, Keys, Keys]


class DecisionMap(Picture):
    """Half cells in the colour of the output; the samples' glyphs are their classes."""

    title = "decision map"

    def __init__(self, experiment: Experiment, classes: Classes | None) -> None:
        super().__init__(experiment, classes)
        self._ground: tuple[object, Ground] | None = None
        self._rows: dict[int, tuple[bytes, Strip]] = {}
        self._look: object = None
        self._pens: Pens | None = None

    def ground(self, width: int, height: int) -> Ground:
        """The plane for a picture of that size."""
        if self._ground is None or self._ground[0] != (width, height):
            data, network = self.experiment.data, self.experiment.network
            inputs = np.concatenate([data.inputs, data.test_inputs])
            x, y = (Span.around(inputs[:, unit]) for unit in (0, 1))
            names = [input_name(self.experiment, unit) for unit in (0, 1)]
            axes = Axes(x, y, names[0], names[1], width, height - (height >= LEGEND_FROM))
            labels = None if self.classes is None else self.classes.both
            most = min(max(axes.columns * axes.rows // CROWD, 1), affordable(network, running=True))
            samples = some_samples(self.experiment, labels, most)
            ground = Ground(
                axes,
                {},
                samples,
                Evaluator(network, samples.inputs),
                cells_of(axes, samples.inputs[:, 0], samples.inputs[:, 1]),
            )
            self._ground, self._rows = ((width, height), ground), {}
        return self._ground[1]

    def reading(self, view: View) -> Reading:
        """Of the output that is selected, where outputs are no classes."""
        last = view.selection.layer == self.experiment.network.depth
        chosen = view.selection.kind == "unit" and last
        return reading_of(self.experiment, self.classes, view.selection.unit if chosen else 0)

    def levels(self, view: View, width: int, height: int) -> Keys:
        """The level of every half cell, (2 x rows, columns), from the top."""
        ground, network = self.ground(width, height), self.experiment.network
        axes, coarse = ground.axes, 1
        points = affordable(network, running=view.running)
        while -(-axes.columns // coarse) * -(-2 * axes.rows // coarse) > points:
            coarse += 1
        if coarse not in ground.grids:
            ground.grids[coarse] = Evaluator(network, points_of(axes, coarse))
        outputs = ground.grids[coarse].outputs(view.snapshot.parameters)
        levels = self.reading(view).levels(outputs)
        across = -(-axes.columns // coarse)
        found = levels.reshape(-1, across)
        if coarse > 1:
            found = found.repeat(coarse, axis=0).repeat(coarse, axis=1)
        return found[: 2 * axes.rows, : axes.columns]

    def note(self, view: View) -> str:
        ground = self._ground[1] if self._ground is not None else None
        notes = [ordinal_note(ground.samples.every)] if ground is not None else []
        reading, outputs = self.reading(view), self.experiment.network.layers[-1]
        if isinstance(reading, Scale) and outputs > 1:
            names = self.experiment.network.names
            notes.insert(0, f"output {names.unit(names.depth, reading.output)}")
        return ", ".join(filter(None, notes))

    def paint(self, view: View, look: Look, extent: Size) -> list[Strip]:
        ground, reading = self.ground(*extent), self.reading(view)
        axes = ground.axes
        colours = (*reading.colours(look.palette), look.palette.middle)
        if self._look != (look, colours):
            kinds = 0 if self.classes is None else self.classes.count
            self._look, self._rows = (look, colours), {}
            self._pens = Pens(reading, colours, look, kinds)
        levels = self.levels(view, *extent)
        pens = self._pens
        assert pens is not None, "made with the first look"
        keys = pens.keys(levels[::2], levels[1::2])
        self._mark(view, ground, levels, keys, pens)
        strips = []
        for row in range(axes.rows):
            content = keys[row].tobytes()
            kept = self._rows.get(row)
            if kept is None or kept[0] != content:
                kept = (content, pens.strip(axes.beside(row), keys[row]))
                self._rows[row] = kept
            strips.append(kept[1])
        strips.append(Line().add(axes.below(), look.styles.dim).strip())
        if axes.height < extent.height:
            at = axes.gutter, extent.width
            strips.append(legend(self.experiment, self.classes, reading, look, *at))
        return strips[: extent.height]

    def _mark(self, view: View, ground: Ground, levels: Keys, keys: Keys, pens: Pens) -> None:
        """Put the samples into ``keys``: what is wrong over what is right, the chosen one last."""
        samples, axes = ground.samples, ground.axes
        wrong = np.zeros(len(samples.numbers), bool)
        if self.classes is not None:
            outputs = ground.outputs.outputs(view.snapshot.parameters)
            wrong = self.classes.predicted(outputs) != samples.labels
        rows, columns, halves = ground.places
        order = np.argsort(wrong, kind="stable")
        order = order[rows[order] >= 0]
        below = levels[2 * rows[order] + halves[order], columns[order]]
        pen = pens.samples(samples.labels[order], samples.test[order], wrong[order], below)
        for row, column, key in zip(rows[order], columns[order], pen, strict=True):
            keys[row, column] = key
        # from its inputs, as it may not be one of the samples that are drawn
        x, y = inputs_of(self.experiment, looked_at(view))
        row, column = (int(each[0]) for each in cells_of(axes, np.array([x]), np.array([y]))[:2])
        for beside, character in ((column - 1, "["), (column + 1, "]")):
            if row >= 0 and 0 <= beside < axes.columns:
                keys[row, beside] = pens.bracket(character, int(levels[2 * row, beside]))


def points_of(axes: Axes, coarse: int) -> Array:
    """The inputs at the middles of the half cells, row by row from the top."""
    x = _coarser(axes.x.centres(axes.columns), coarse)
    y = _coarser(axes.y.centres(2 * axes.rows)[::-1], coarse)
    return np.column_stack([np.tile(x, len(y)), np.repeat(y, len(x))])


def _coarser(values: Array, coarse: int) -> Array:
    """The means of so many values each, the last of what is left."""
    if coarse == 1:
        return values
    starts = np.arange(0, len(values), coarse)
    sums: Array = np.add.reduceat(values, starts)
    return sums / np.diff([*starts, len(values)])


@lru_cache(maxsize=8192)
def _style(colour: str | None, background: str | None, bold: bool, reverse: bool) -> Style:
    return Style(color=colour, bgcolor=background, bold=bold or None, reverse=reverse or None)


class Pens:
    """Numbers for all the characters and styles that a map is made of, and back again."""

    def __init__(self, reading: Reading, colours: tuple[str, ...], look: Look, kinds: int) -> None:
        self._reading, self._colours, self._look = reading, colours, look
        self._kinds = kinds
        self._known: dict[int, tuple[str, Style]] = {}
        self._count = len(colours)
        self._marks = self._count * self._count

    def keys(self, upper: Keys, lower: Keys) -> Keys:
        """A number for each cell, from the levels of its halves."""
        if self._look.plain or self._look.letters:  # one character a cell: that of its upper half
            lower = upper
        return (upper % self._count) * self._count + lower % self._count

    def samples(self, labels: Keys, test: Keys, wrong: npt.NDArray[np.bool_], below: Keys) -> Keys:
        """Numbers for samples on surfaces of the levels ``below``."""
        flags = (labels * 2 + test) * 2 + wrong
        return self._marks + ((flags + 2) * self._count + below % self._count)

    def bracket(self, character: str, level: int) -> int:
        return self._marks + (("[]".index(character)) * self._count + level % self._count)

    def strip(self, beside: str, keys: Keys) -> Strip:
        """A row; cells of one kind side by side are one segment."""
        borders = np.flatnonzero(np.diff(keys)) + 1
        starts = [0, *borders.tolist()]
        ends = [*borders.tolist(), len(keys)]
        segments = [Segment(beside, self._look.styles.dim)]
        for start, end in zip(starts, ends, strict=True):
            key = int(keys[start])
            cell = self._known.get(key)
            if cell is None:
                cell = self._known[key] = self._cell(key)
            segments.append(Segment(cell[0] * (end - start), cell[1]))
        return Strip(segments, len(beside) + len(keys))

    def _cell(self, key: int) -> tuple[str, Style]:
        if key < self._marks:
            upper, lower = divmod(key, self._count)
            return self._surface(upper, lower)
        flags, level = divmod(key - self._marks, self._count)
        background = None if self._look.plain else self._colours[level]
        mark = None if self._look.plain else self._look.palette.mark
        if flags < 2:
            return "[]"[flags], _style(mark, background, True, False)
        (label, test), wrong = divmod((flags - 2) // 2, 2), bool(flags % 2)
        coloured = self._kinds and not self._look.plain
        colour = self._look.palette.glyph(label) if coloured else mark
        return self._look.glyph(label, self._kinds, bool(test)), _style(
            colour, background, True, wrong
        )

    def _surface(self, upper: int, lower: int) -> tuple[str, Style]:
        unknown = self._count + UNKNOWN
        if upper == lower == unknown:
            return "·", self._look.styles.faint
        if self._look.plain:
            return self._reading.fill(upper), self._look.styles.dim
        if upper == lower:
            return " ", _style(None, self._colours[upper], False, False)
        return "▀", _style(self._colours[upper], self._colours[lower], False, False)
