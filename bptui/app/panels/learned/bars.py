"""One sample: each output beside its target, as bars from zero on."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from rich.cells import cell_len
from rich.style import Style
from textual.geometry import Region, Size
from textual.strip import Strip

from bptui.app.lines import BLANK, Line, fitted
from bptui.app.numbers import Form, form_of, largest, plain
from bptui.app.panels.learned.axes import LARGEST, Span, number
from bptui.app.panels.learned.picture import (
    Look,
    Picture,
    class_name,
    input_name,
    inputs_of,
    looked_at,
    targets_of,
)
from bptui.app.view import Selection, View
from bptui.core.activations import limits
from bptui.core.arrays import Array
from bptui.core.evaluation import Classes, Evaluator
from bptui.core.experiment import Experiment

EIGHTHS = " ▏▎▍▌▋▊▉█"
DECIMALS = 4
NUMBER = DECIMALS + 5
WIDEST_NAME = 12
LABELS = ("output", "target")
HEAD = 2
"""Lines above the first output: the sample, and the ends of the axis."""


@dataclass(frozen=True, eq=False)
class Sheet:
    """One drawing: what is shown, on which scale, in which columns."""

    view: View
    look: Look
    width: int
    lines_each: int
    outputs: Array
    targets: Array
    span: Span
    names: int
    """The room for names."""
    best: int
    """The output that wins; -1 where none does."""
    form: Form
    """Of outputs and targets alike."""

    @property
    def left(self) -> int:
        """Where the bars begin."""
        return 1 + self.names + 1 + len(LABELS[0]) + 1

    @property
    def room(self) -> int:
        """The cells of the longest bar."""
        return max(self.width - self.left - NUMBER - 1, 4)

    @property
    def zero(self) -> int:
        """Cells to the left of zero."""
        return round(-self.span.low / self.span.width * self.room)


class SamplePicture(Picture):
    """Two lines an output: what the network says, and what it should say."""

    title = "one sample"

    def __init__(self, experiment: Experiment, classes: Classes | None) -> None:
        super().__init__(experiment, classes)
        network, data = experiment.network, experiment.data
        self._units = network.layers[-1]
        self._evaluator: tuple[int, Evaluator] | None = None
        targets = [each for each in (data.targets, data.test_targets) if each.size]
        low = min(float(each.min()) for each in targets)
        high = max(float(each.max()) for each in targets)
        least, most = limits(network.activations[-1])
        if math.isfinite(least) and math.isfinite(most):
            low, high = min(low, least), max(high, most)
        low, high = max(min(low, 0.0), -LARGEST), min(max(high, 0.0), LARGEST)
        self._base = Span(low, high if high > low else low + 1.0)
        self._named = self._units > 1 and bool(data.class_names)
        widest = max(cell_len(self._name(unit)) for unit in range(min(self._units, 1000)))
        self._name_room = min(max(widest, 2), WIDEST_NAME)

    def outputs(self, view: View) -> Array:
        """The outputs for the sample, (outputs,)."""
        sample = looked_at(view)
        if self._evaluator is None or self._evaluator[0] != sample:
            row = inputs_of(self.experiment, sample)[None, :]
            self._evaluator = (sample, Evaluator(self.experiment.network, row))
        return np.ravel(self._evaluator[1].outputs(view.snapshot.parameters))

    def _lines_each(self, height: int) -> int:
        """Lines an output: with a blank one after it where there is room."""
        return 3 if HEAD + 3 * self._units - 1 <= height else 2

    def extent(self, view: View, width: int, height: int) -> Size:
        each = self._lines_each(height)
        lines = HEAD + each * self._units - (each == 3)
        return Size(width - (lines > height), lines)

    def spot(self, view: View, height: int) -> Region | None:
        """Where the output unit that is selected stands."""
        selection, last = view.selection, self.experiment.network.depth
        if (selection.kind, selection.layer) != ("unit", last):
            return None
        each = self._lines_each(height)
        return Region(0, HEAD + each * selection.unit, 1, each)

    def rows(self, view: View, look: Look, size: Size, top: int, count: int) -> list[Strip]:
        outputs = self.outputs(view)
        targets = targets_of(self.experiment, looked_at(view))
        wins = self.classes is not None and self._units > 1 and not np.isnan(outputs).any()
        sheet = Sheet(
            view,
            look,
            self.extent(view, *size).width,
            self._lines_each(size.height),
            outputs,
            targets,
            self._span(outputs),
            self._name_room,
            int(outputs.argmax()) if wins else -1,
            form_of(max(largest(outputs), largest(targets)), DECIMALS),
        )
        last = min(top + count, self.extent(view, *size).height)
        return [self._row(sheet, y) for y in range(top, last)]

    def _span(self, outputs: Array) -> Span:
        """The range of the targets, doubled until the outputs fit."""
        low, high, unit = self._base.low, self._base.high, self._base.width
        finite = np.clip(outputs[np.isfinite(outputs)], -LARGEST, LARGEST)
        least, most = (float(finite.min()), float(finite.max())) if finite.size else (0.0, 0.0)
        if least < low:
            low = min(low, -unit * 2.0 ** math.ceil(math.log2(-least / unit)))
        if most > high:
            high = max(high, unit * 2.0 ** math.ceil(math.log2(most / unit)))
        return Span(low, high)

    def _name(self, unit: int) -> str:
        if self._named:
            return class_name(self.experiment, unit)
        names = self.experiment.network.names
        return names.unit(names.depth, unit)

    def _row(self, sheet: Sheet, y: int) -> Strip:
        if y == 0:
            return self._heading(sheet)
        if y == 1:
            return _axis(sheet)
        unit, part = divmod(y - HEAD, sheet.lines_each)
        if part == len(LABELS):
            return BLANK
        styles, line = sheet.look.styles, Line()
        if part == 0:
            selected = Selection("unit", self.experiment.network.depth, unit)
            line.add("▸" if unit == sheet.best else " ", styles.accent)
            chosen = sheet.view.selection == selected
            style = styles.strong + Style(underline=True) if chosen else styles.strong
            line.add(fitted(self._name(unit), sheet.names), style)
        line.pad(sheet.names + 2, styles.text).add(LABELS[part], styles.dim).pad(
            sheet.left, styles.text
        )
        value = float((sheet.outputs, sheet.targets)[part][unit])
        _add_bar(line, sheet, value, target=part == 1)
        line.pad(sheet.left + sheet.room + 1, styles.text)
        line.add(plain(value, sheet.form), styles.dim if part else styles.text)
        return line.strip()

    def _heading(self, sheet: Sheet) -> Strip:
        """The sample's number and as many of its inputs as there is room for."""
        sample, styles = looked_at(sheet.view), sheet.look.styles
        held_out = sample - self.experiment.data.samples
        title = f" sample {sample + 1}" if held_out < 0 else f" test sample {held_out + 1}"
        line = Line().add(title, styles.strong)
        for unit, value in enumerate(inputs_of(self.experiment, sample)[: sheet.width].tolist()):
            text = f"   {input_name(self.experiment, unit)} {value:.4g}"
            if line.width + cell_len(text) > sheet.width - 2:
                line.add(" …", styles.dim)
                break
            line.add(text, styles.dim)
        return line.strip()


def _axis(sheet: Sheet) -> Strip:
    """The ends of the axis, and zero where it is neither."""
    styles, line = sheet.look.styles, Line()
    low, high = number(sheet.span.low), number(sheet.span.high)
    line.pad(sheet.left, styles.text).add(low, styles.dim)
    if len(low) < sheet.zero < sheet.room - len(high) - 1:
        line.pad(sheet.left + sheet.zero, styles.text).add("0", styles.dim)
    return line.pad(sheet.left + sheet.room - len(high), styles.text).add(high, styles.dim).strip()


def _add_bar(line: Line, sheet: Sheet, value: float, *, target: bool) -> None:
    """A bar from zero to ``value``: solid for outputs, shaded for targets."""
    styles, span, room, zero = sheet.look.styles, sheet.span, sheet.room, sheet.zero
    if math.isnan(value):
        line.add("not a number"[:room], styles.warning)
        return
    length = abs(min(max(value, span.low), span.high)) / span.width * room
    if value < 0:
        cells = min(max(round(length), 1), zero)
        line.add(" " * (zero - cells), styles.text)
        line.add(("░" if target else "█") * cells, styles.dim if target else styles.negative[1])
        return
    line.add(" " * zero, styles.text)
    length = min(length, room - zero)
    if target:
        line.add("░" * round(length) or "▏", styles.dim)
        return
    whole, rest = divmod(round(length * 8), 8)
    line.add(("█" * whole + EIGHTHS[rest].strip()) or "▏", styles.positive[1])
