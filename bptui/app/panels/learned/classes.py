"""Accuracy and confusion matrix, of the training and of the test samples."""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt
from rich.cells import cell_len
from rich.style import Style
from textual.geometry import Size
from textual.strip import Strip

from bptui.app.lines import BLANK, Line, fitted, justified
from bptui.app.panels.learned.marks import ordinal_note
from bptui.app.panels.learned.picture import Look, Picture, affordable, class_name
from bptui.app.view import View
from bptui.core.arrays import Integers
from bptui.core.evaluation import Classes, Evaluator, accuracy, confusion
from bptui.core.experiment import Experiment

WIDEST_NAME = 12
GAP = 4
NARROWEST = 6
"""Cells of a column from which two tables stand beside each other."""
SIDE = "actual"


class ClassesPicture(Picture):
    """A table a part: rows are the classes that samples have, columns those they are taken for."""

    title = "classes"

    def __init__(self, experiment: Experiment, classes: Classes) -> None:
        super().__init__(experiment, classes)
        data = experiment.data
        total = data.samples + len(data.test_inputs)
        self._every = max(-(-total // affordable(experiment.network)), 1)
        parts = [("training", data.inputs, classes.training)]
        if len(data.test_inputs):
            parts.append(("test", data.test_inputs, classes.test))
        self._parts = [
            _Part(title, experiment, classes, inputs[:: self._every], labels[:: self._every])
            for title, inputs, labels in parts
        ]

    def _beside(self, width: int) -> bool:
        """Whether the tables stand beside each other; fits them into ``width``."""
        count = len(self._parts)
        room = (width - 1 - GAP * (count - 1)) // count
        cells = [part.fit(room) for part in self._parts]
        if count == 1:
            return True
        if min(cells) >= NARROWEST and all(part.width <= room for part in self._parts):
            return True
        for part in self._parts:
            part.fit(width - 2)
        return False

    def extent(self, view: View, width: int, height: int) -> Size:
        tall = self._parts[0].height
        if self._beside(width):
            wide = self._parts[0].width if len(self._parts) == 1 else 0
            return Size(max(wide, width - (tall > height)), tall)
        wide, lines = max(part.width for part in self._parts), (tall + 1) * len(self._parts) - 1
        return Size(max(wide, width - (lines > height)), lines)

    def note(self, view: View) -> str:
        return ordinal_note(self._every)

    def paint(self, view: View, look: Look, extent: Size) -> list[Strip]:
        tables = [part.lines(view, look) for part in self._parts]
        if not self._beside(extent.width):
            joined: list[Line | None] = []
            for table in tables:
                joined += [*([None] if joined else []), *table]
            return [BLANK if line is None else line.strip() for line in joined]
        strips = []
        for lines in zip(*tables, strict=True):
            pieces = []
            for part, line in zip(self._parts, lines, strict=True):
                line.pad(part.width + GAP, look.styles.text)
                pieces.append(line.strip())
            strips.append(Strip.join(pieces))
        return strips


class _Part:
    """The samples of one part and their table."""

    def __init__(
        self,
        title: str,
        experiment: Experiment,
        classes: Classes,
        inputs: npt.NDArray[np.float64],
        labels: Integers,
    ) -> None:
        self.title, self._classes, self._labels = title, classes, labels
        self._evaluator = Evaluator(experiment.network, inputs)
        self._names = [
            fitted(class_name(experiment, each), WIDEST_NAME) for each in range(classes.count)
        ]
        self._side = max(len(SIDE), *map(cell_len, self._names)) + 1
        digits = len(str(len(labels)))
        self._least = max(digits, 3) + 2
        self._cell = max(min(max(map(cell_len, self._names)), WIDEST_NAME) + 2, self._least)
        self._widest = self._cell
        self.height = classes.count + 3

    @property
    def width(self) -> int:
        columns = 1 + self._side + self._cell * self._classes.count
        return max(columns, len(self._head(0.0, 0)) + 1)

    def fit(self, room: int) -> int:
        """Give the columns as much of their names' width as ``room`` has; the width of one."""
        cell = (room - 1 - self._side) // self._classes.count
        self._cell = min(max(cell, self._least), self._widest)
        return self._cell

    def _head(self, share: float, right: int) -> str:
        total = len(self._labels)
        percent = "  nan %" if math.isnan(share) else f"{100.0 * share:5.1f} %"
        return f"{self.title}  {percent}  {right:>{len(str(total))}} of {total} right"

    def lines(self, view: View, look: Look) -> list[Line]:
        styles, count = look.styles, self._classes.count
        predicted = self._classes.predicted(self._evaluator.outputs(view.snapshot.parameters))
        counts = confusion(self._labels, predicted, count)
        right = int(counts.trace())
        head = self._head(accuracy(self._labels, predicted), right)
        title = Line().add(" ", styles.text).add(self.title, styles.strong)
        title.add(head[len(self.title) :], styles.text)
        over = Line().pad(1 + self._side, styles.text)
        over.add(justified("predicted", max(self._cell * count, 11)), styles.dim)
        heads = Line().add(f" {SIDE}".ljust(1 + self._side), styles.dim)
        for name in self._names:
            heads.add(justified(fitted(name, self._cell - 1), self._cell), styles.dim)
        lines = [title, over, heads]
        for row, name in enumerate(self._names):
            line = Line().add(" ", styles.text).add(name, styles.dim)
            line.pad(1 + self._side, styles.text)
            for column in range(count):
                value = int(counts[row, column])
                text = str(value) if value else "·"
                line.add(justified("", self._cell - len(text)), styles.text)
                line.add(text, self._style(look, value, row == column))
            lines.append(line)
        return lines

    def _style(self, look: Look, value: int, right: bool) -> Style:
        if not value:
            return look.styles.faint
        return look.styles.positive[2] + look.styles.bold if right else look.styles.negative[2]
