"""The curve: every output over the range of a single input, with the samples as points."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from rich.style import Style
from textual.geometry import Size
from textual.strip import Strip

from bptui.app.diagram.canvas import Canvas
from bptui.app.diagram.edges import BITS
from bptui.app.lines import Line, justified
from bptui.app.panels.learned.axes import Axes, Span
from bptui.app.panels.learned.marks import Samples, cells_of, ordinal_note, some_samples
from bptui.app.panels.learned.picture import Look, Picture, input_name, looked_at
from bptui.app.view import View
from bptui.core.arrays import Array
from bptui.core.evaluation import Classes, Evaluator
from bptui.core.experiment import Experiment

MOST_CURVES = 10
LEGEND_FROM = 6
FARTHEST = 3.0
"""The axis follows outputs so many times the range of the targets away."""
DOTS_ACROSS, DOTS_DOWN = 2, 4


@dataclass(frozen=True, eq=False)
class Ground:
    """What does not change with the parameters."""

    width: int
    x: Span
    columns: int
    grid: Evaluator
    samples: Samples


class CurvePicture(Picture):
    """Braille lines over points; several outputs are named at their right ends."""

    title = "curve"

    def __init__(self, experiment: Experiment, classes: Classes | None) -> None:
        super().__init__(experiment, classes)
        self._ground: Ground | None = None
        self._outputs = min(experiment.network.layers[-1], MOST_CURVES)
        data = experiment.data
        targets = np.concatenate([data.targets, data.test_targets])[:, : self._outputs]
        self._targets = Span.around(targets)
        self._span = self._targets

    def axes(self, width: int, height: int) -> Axes:
        """As of the last drawing: the vertical range depends on the outputs."""
        data = self.experiment.data
        x = Span.around(np.concatenate([data.inputs, data.test_inputs])[:, 0], 0.02)
        names = self.experiment.network.names
        label = names.unit(names.depth, 0) if self._outputs == 1 else ""
        right = 1 if self._outputs == 1 else len(names.unit(names.depth, self._outputs - 1)) + 2
        height -= height >= LEGEND_FROM
        return Axes(x, self._span, input_name(self.experiment, 0), label, width, height, right)

    def values(self, view: View, width: int, height: int) -> tuple[Array, Array]:
        """The inputs at the middles of the columns of dots, and the outputs there."""
        ground = self._prepared(width, height)
        x = ground.x.centres(DOTS_ACROSS * ground.columns)
        return x, ground.grid.outputs(view.snapshot.parameters)[:, : self._outputs]

    def _prepared(self, width: int, height: int) -> Ground:
        axes = self.axes(width, height)
        if self._ground is None or (self._ground.width, self._ground.columns) != (
            width,
            axes.columns,
        ):
            x = axes.x.centres(DOTS_ACROSS * axes.columns)
            # half as many as columns, so that a curve through all samples can still be seen
            most = max(axes.columns // 2 // self._outputs, 1)
            samples = some_samples(self.experiment, None, most)
            grid = Evaluator(self.experiment.network, x[:, None])
            self._ground = Ground(width, axes.x, axes.columns, grid, samples)
        return self._ground

    def note(self, view: View) -> str:
        outputs, ground = self.experiment.network.layers[-1], self._ground
        notes = [f"{MOST_CURVES} of {outputs} outputs"] if outputs > MOST_CURVES else []
        notes += [ordinal_note(ground.samples.every)] if ground is not None else []
        return ", ".join(filter(None, notes))

    def paint(self, view: View, look: Look, extent: Size) -> list[Strip]:
        self._span = self._range(self.values(view, *extent)[1])
        _, values = self.values(view, *extent)  # with the gutter that this range needs
        axes, ground = self.axes(*extent), self._prepared(*extent)
        canvas = Canvas(axes.columns + axes.right, axes.rows, look.styles.text)
        for output in range(self._outputs):
            _draw_line(canvas, axes, values[:, output], self._style(output, look, bold=False))
        for output in range(self._outputs):
            self._draw_samples(canvas, axes, ground.samples, output, look)
        self._draw_chosen(canvas, axes, view, look)
        if self._outputs > 1:
            self._name_lines(canvas, axes, values, look)
        strips = []
        for row in range(axes.rows):
            beside = Line().add(axes.beside(row), look.styles.dim).strip()
            strips.append(Strip.join([beside, canvas.strip(row)]))
        strips.append(Line().add(axes.below(), look.styles.dim).strip())
        if axes.height < extent.height:
            strips.append(self._legend(axes, look))
        return strips[: extent.height]

    def _range(self, values: Array) -> Span:
        """The targets' range, and quarters of it more as far as the outputs reach."""
        base = self._targets
        finite = values[np.isfinite(values)]
        if not finite.size:
            return base
        step, most = base.width / 4.0, base.width * FARTHEST
        low = min(max(float(finite.min()), base.low - most), base.low)
        high = max(min(float(finite.max()), base.high + most), base.high)
        down, up = math.ceil((base.low - low) / step), math.ceil((high - base.high) / step)
        return Span(base.low - down * step, base.high + up * step)

    def _style(self, output: int, look: Look, *, bold: bool) -> Style:
        if self._outputs == 1:
            return look.styles.strong if bold else look.styles.accent
        if look.plain:
            return look.styles.strong if bold else look.styles.text
        return Style(color=look.palette.glyph(output), bold=bold or None)

    def _draw_samples(
        self, canvas: Canvas, axes: Axes, samples: Samples, output: int, look: Look
    ) -> None:
        rows, columns, _ = cells_of(axes, samples.inputs[:, 0], samples.targets[:, output])
        style = self._style(output, look, bold=True)
        for index in np.flatnonzero(rows >= 0).tolist():
            shape = look.glyph(output, self._outputs, bool(samples.test[index]))
            canvas.write(int(rows[index]), int(columns[index]), shape, style)

    def _draw_chosen(self, canvas: Canvas, axes: Axes, view: View, look: Look) -> None:
        """Brackets around the sample that is looked at, at its first target."""
        data, sample = self.experiment.data, looked_at(view)
        inputs, targets = data.inputs, data.targets
        if sample >= data.samples:
            sample -= data.samples
            inputs, targets = data.test_inputs, data.test_targets
        one = slice(sample, sample + 1)
        rows, columns, _ = cells_of(axes, inputs[one, 0], targets[one, 0])
        if rows.size and rows[0] >= 0:
            row, column = int(rows[0]), int(columns[0])
            for beside, character in ((column - 1, "["), (column + 1, "]")):
                if 0 <= beside < axes.columns:
                    canvas.write(row, beside, character, look.styles.strong)

    def _name_lines(self, canvas: Canvas, axes: Axes, values: Array, look: Look) -> None:
        names, taken = self.experiment.network.names, set[int]()
        for output in np.argsort(-values[-1], kind="stable").tolist():
            place = axes.rows - 1 - int(axes.y.places(values[-1:, output], axes.rows)[0])
            row = min(max(place, 0), axes.rows - 1)
            while row in taken and row < axes.rows - 1:
                row += 1
            taken.add(row)
            name = justified(names.unit(names.depth, output), axes.right - 1)
            canvas.write(row, axes.columns + 1, name, self._style(output, look, bold=False))

    def _legend(self, axes: Axes, look: Look) -> Strip:
        line = Line()
        line.pad(axes.gutter, look.styles.text)
        line.add("⠒⠒ ", self._style(0, look, bold=False)).add("network   ", look.styles.dim)
        line.add(
            "".join(look.glyph(each, self._outputs, False) for each in range(self._outputs)[:6]),
            look.styles.strong,
        )
        line.add(" target   ", look.styles.dim)
        if len(self.experiment.data.test_inputs):
            shapes = (look.glyph(each, self._outputs, True) for each in range(self._outputs)[:6])
            line.add("".join(shapes), look.styles.strong).add(" of a test sample", look.styles.dim)
        return line.strip()


def _draw_line(canvas: Canvas, axes: Axes, values: Array, style: Style) -> None:
    """Dots from column to column, joined by those between; none where the axis does not reach."""
    dots = DOTS_DOWN * axes.rows
    places = dots - 1 - axes.y.places(values, dots)
    known, before = np.isfinite(values), None
    for x, (place, real) in enumerate(zip(places.tolist(), known.tolist(), strict=True)):
        if not real:
            before = None
            continue
        # each column reaches half-way to its neighbour, so that steep lines stay whole
        start = place if before is None or abs(place - before) <= 1 else before
        step = 1 if place >= start else -1
        for dot in range(start + step if start != place else start, place + step, step):
            if 0 <= dot < dots:
                bit = BITS[dot % DOTS_DOWN][x % DOTS_ACROSS]
                canvas.dot(dot // DOTS_DOWN, x // DOTS_ACROSS, bit, style)
        before = place
