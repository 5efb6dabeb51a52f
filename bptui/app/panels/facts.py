"""What the data of an experiment hold: samples of training, then those of the test."""

from __future__ import annotations

from functools import lru_cache

import numpy as np

from bptui.app.numbers import ordinal
from bptui.app.view import View
from bptui.core.arrays import Integers
from bptui.core.evaluation import classes_of
from bptui.core.experiment import Experiment
from bptui.presets.errors import printable


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
        labels = [np.zeros(self.count, np.intp)] if self.classes is None else self.classes.both
        self.labels: Integers = np.concatenate(labels)
        self.outputs = self.network.layers[-1]

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


@lru_cache(maxsize=2)
def facts_of(experiment: Experiment) -> Facts:
    """Return what the data of an experiment hold."""
    return Facts(experiment)


def looked_at(view: View) -> int:
    """Return the sample that is looked at: the one chosen, or the first of the batch."""
    return int(view.snapshot.batch[0]) if view.sample is None else view.sample
