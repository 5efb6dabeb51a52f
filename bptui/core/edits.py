"""Changes of a single number in the middle of training: each forks the timeline at a step."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any, Literal, NamedTuple

from bptui.core.arrays import Array, frozen
from bptui.core.data import Data
from bptui.core.experiment import Experiment
from bptui.core.network import Parameters
from bptui.core.state import Layout

Kind = Literal["weight", "bias", "input", "target", "learning rate"]
DIMENSIONS: dict[Kind, int] = {"weight": 3, "bias": 2, "input": 2, "target": 2, "learning rate": 0}
"""Numbers that say which one of a kind it is."""


class Number(NamedTuple):
    """A number that may be edited.

    ``place`` is (layer, source, unit) of a weight, (layer, unit) of a bias, layers from 1;
    (sample, unit) of an input or a target, test samples after the others; () of the learning rate.
    """

    kind: Kind
    place: tuple[int, ...] = ()

    @property
    def is_parameter(self) -> bool:
        return self.kind in ("weight", "bias")

    def value(self, experiment: Experiment, parameters: Parameters) -> float:
        """Return what it is now."""
        if self.kind == "learning rate":
            return experiment.training.learning_rate
        if self.is_parameter:
            layer, *at = self.place
            arrays = parameters.weights if self.kind == "weight" else parameters.biases or ()
            return float(arrays[layer - 1][tuple(at)])
        name, place = self._sample(experiment.data)
        return float(getattr(experiment.data, name)[place])

    def exists(self, experiment: Experiment) -> bool:
        """Return whether ``experiment`` has such a number."""
        if len(self.place) != DIMENSIONS[self.kind] or min(self.place, default=0) < 0:
            return False
        try:
            self.value(experiment, experiment.start)
        except IndexError:
            return False
        return not self.is_parameter or self.place[0] > 0

    def _sample(self, data: Data) -> tuple[str, tuple[int, int]]:
        """Return the field of the data that it stands in, and where."""
        sample, unit = self.place
        test = sample >= data.samples
        return f"{'test_' * test}{self.kind}s", (sample - test * data.samples, unit)

    def in_experiment(self, experiment: Experiment, value: float) -> Experiment:
        """Return the experiment with ``value``, where a parameter starts with it.

        Raises :class:`~bptui.core.errors.UnusableError` where it cannot be.
        """
        if self.kind == "learning rate":
            return experiment.with_training(learning_rate=value)
        if self.is_parameter:
            layout = Layout(experiment.network)
            flat = experiment.start.flat()
            self.in_state(flat, layout, value)
            return replace(experiment, start=layout.unflatten(flat))
        data = experiment.data
        name, place = self._sample(data)
        array = getattr(data, name).copy()
        array[place] = value
        changed: dict[str, Any] = {name: frozen(array)}
        return replace(experiment, data=replace(data, **changed))

    def in_state(self, state: Array, layout: Layout, value: float) -> None:
        """Change the number in a flat state, where it is a weight or a bias."""
        if not self.is_parameter:
            return
        layer, *at = self.place
        layout.part(state, f"{'W' if self.kind == 'weight' else 'b'}{layer}")[tuple(at)] = value


class Edit(NamedTuple):
    """A number and what it was changed to."""

    number: Number
    value: float

    def in_experiment(self, experiment: Experiment, step: int) -> Experiment:
        """Return the experiment from ``step`` on, where this is edited; at 0 its start values, too.

        Raises :class:`ValueError` where it has no such number, or cannot have that value.
        """
        number, value = self
        if not (number.exists(experiment) and math.isfinite(value)):
            raise ValueError(f"no {number.kind} {list(number.place)} to be changed to {value}")
        if number.is_parameter and step > 0:
            return experiment
        return number.in_experiment(experiment, value)
