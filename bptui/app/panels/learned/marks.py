"""The samples on a plane: one glyph a cell, told apart by shape, filled for training."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from bptui.app.numbers import ordinal
from bptui.app.panels.learned.axes import Axes
from bptui.core.arrays import Array, Integers
from bptui.core.experiment import Experiment

SHAPES = "●▲■◆▼★"
HOLLOW = "○△□◇▽☆"


def glyph(label: int, classes: int, test: bool) -> str:
    """The shape of a class, hollow for test samples; of many classes a letter, then a small one."""
    if classes > len(SHAPES):
        return letter(label, classes, test)
    return (HOLLOW if test else SHAPES)[label]


def letter(label: int, classes: int, test: bool) -> str:
    """The letter of a class, a small one for test samples; without classes other marks."""
    if classes <= 1:
        return "o" if test else "*"
    return chr(ord("a" if test else "A") + label % 26)


@dataclass(frozen=True, eq=False)
class Samples:
    """Samples of both parts, those of training first, as many as there is room for."""

    numbers: Integers
    """Which samples of the data, test samples counted on after those of training."""
    inputs: Array
    targets: Array
    labels: Integers
    """Classes; all 0 where there are none."""
    test: Integers
    """1 for those kept back."""
    every: int
    """1 where all are there, 2 for every other one, ..."""


def some_samples(
    experiment: Experiment, labels: tuple[Integers, Integers] | None, most: int
) -> Samples:
    """At most ``most`` of the samples, evenly taken from the training and the test part."""
    data = experiment.data
    total = data.samples + len(data.test_inputs)
    every = max(-(-total // max(most, 1)), 1)
    parts = (data.inputs[::every], data.test_inputs[::every])
    kinds = labels or (np.zeros(data.samples, np.intp), np.zeros(len(data.test_inputs), np.intp))
    return Samples(
        np.concatenate([np.arange(data.samples)[::every], np.arange(data.samples, total)[::every]]),
        np.concatenate(parts),
        np.concatenate([data.targets[::every], data.test_targets[::every]]),
        np.concatenate([kinds[0][::every], kinds[1][::every]]),
        np.repeat([0, 1], [len(part) for part in parts]),
        every,
    )


def ordinal_note(every: int) -> str:
    """What to say where not all samples are drawn."""
    if every == 1:
        return ""
    return f"every {ordinal(every)} sample"


def cells_of(axes: Axes, x: Array, y: Array) -> tuple[Integers, Integers, Integers]:
    """Rows and columns of points on the plane, and in which half of its row, 0 the upper."""
    columns = axes.x.places(x, axes.columns)
    halves = 2 * axes.rows - 1 - axes.y.places(y, 2 * axes.rows)
    outside = (columns < 0) | (columns >= axes.columns) | (halves < 0) | (halves >= 2 * axes.rows)
    rows = np.where(outside, -1, halves // 2)
    return rows, columns, halves % 2
