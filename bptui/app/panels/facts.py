"""What the data of an experiment hold: samples of training, then those of the test."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from rich.cells import cell_len

from bptui.app.numbers import ordinal
from bptui.app.panels.pictures import Table
from bptui.core.arrays import Integers
from bptui.core.evaluation import classes_of
from bptui.core.experiment import Experiment
from bptui.presets.errors import printable

DECIMALS = (4, 3, 2)
"""Tried in this order; two where not even two fit, as one must scroll anyway."""


class Facts:
    """All samples, counted through both parts, and what they, inputs and classes are called."""

    def __init__(self, experiment: Experiment) -> None:
        data = experiment.data
        self.network, self.data = experiment.network, data
        self.inputs = np.concatenate([data.inputs, data.test_inputs])
        self.targets = np.concatenate([data.targets, data.test_targets])
        self.training, self.count = data.samples, len(self.inputs)
        """Samples of training; of all."""
        self.classes = classes_of(data)
        """What the targets stand for, if they are classes."""
        no_labels: Integers = np.zeros(self.count, np.intp)
        self.labels = no_labels if self.classes is None else self.classes.labels
        self.wide, self.outputs = self.network.layers[0], self.network.layers[-1]
        self.editable = self.wide + self.outputs
        """Inputs and targets, which come before the outputs."""
        self.tests = self.count - self.training
        self.digits = max(len(str(max(self.training, self.tests))), 2)
        self.largest = np.abs(np.hstack([self.inputs, self.targets])).max(axis=0)
        """The greatest size in each column of inputs and targets."""
        self.widest_name = max(map(cell_len, data.input_names), default=1)

    def number(self, sample: int) -> int:
        """Return which sample of its part it is, from 1 on."""
        return sample + 1 - (self.training if sample >= self.training else 0)

    def title(self, sample: int) -> str:
        return "test " * (sample >= self.training) + f"sample {self.number(sample)}"

    def input_name(self, unit: int) -> str:
        """Return the name of an input's column, or of its unit."""
        names = self.data.input_names
        return printable(names[unit]) if names else self.network.names.unit(0, unit)

    def output_name(self, unit: int) -> str:
        return self.network.names.unit(self.network.depth, unit)

    def class_name(self, index: int) -> str:
        """Return the name of a class: from the data, else its output unit, else its target."""
        if index < len(self.data.class_names):
            return printable(self.data.class_names[index])
        if self.outputs > 1:
            return self.output_name(index)
        return f"{float(self.targets.max() if index else self.targets.min()):g}"

    def some(self, most: int) -> tuple[Integers, str]:
        """Return at most so many samples, evenly taken; and a note where these are not all."""
        every = max(-(-self.count // max(most, 1)), 1)
        samples = np.r_[0 : self.training : every, self.training : self.count : every]
        return samples, f"every {ordinal(every)} sample" if every > 1 else ""

    # as a table of samples

    def table(self, width: int) -> Table:
        """Return the table with as many decimals as leave room for all columns."""
        numbers = self.editable + self.outputs
        # the mark of the one looked at, its number, that of the batch, right or wrong
        name = 1 + self.digits + 1 + (self.classes is not None)
        fitting = (count for count in DECIMALS if name + numbers * (count + 4) < width)
        rows = 1 + self.count + (self.tests > 0)
        return Table(0, 0, name, next(fitting, DECIMALS[-1]) + 4, rows, numbers)

    def sample_at(self, row: int) -> int | None:
        """Return the sample in a row; None for headings, the line between the parts, beyond."""
        sample = row - 1 - (row > self.training)
        apart = row == self.training + 1
        return sample if 0 <= sample < self.count and not apart else None

    def row_of(self, sample: int) -> int:
        return 1 + sample + (sample >= self.training)

    def heading(self, column: int, cell: int) -> str:
        """Return the name of a column: that in the data where all of these have room."""
        if column < self.wide:
            fits = self.widest_name < cell
            return self.input_name(column) if fits else self.network.names.unit(0, column)
        if column < self.editable:
            one = self.outputs == 1 and cell > len("target")
            return "target" if one else f"t{column - self.wide + 1}"
        return self.output_name(column - self.editable)

    def remarks(self, column: int, cell: int) -> list[str]:
        """Say what a column is and how many samples there are, in ever fewer words."""
        name = ""
        if column < self.wide and self.data.input_names and self.widest_name >= cell:
            name = f"{self.heading(column, cell)} is {self.input_name(column)}, "
        count = f"{self.training:,} sample{'s' * (self.training > 1)}"
        if not self.tests:
            return [f"{name}{count}", count]
        whole = f"{count}, {self.tests:,} test samples"
        return [f"{name}{whole}", whole, f"{self.training:,} + {self.tests:,} test"]


@lru_cache(maxsize=2)
def facts_of(experiment: Experiment) -> Facts:
    """Return what the data of an experiment hold."""
    return Facts(experiment)
