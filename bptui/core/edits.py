"""Changes of a single number in the middle of training: each forks the timeline at a step."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

from bptui.core.arrays import Array, frozen
from bptui.core.data import Data
from bptui.core.experiment import Experiment
from bptui.core.network import Parameters

if TYPE_CHECKING:  # a timeline is made of edits
    from bptui.core.engine import Snapshot
    from bptui.core.state import Layout
    from bptui.core.timeline import Timeline

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

    def value(self, experiment: Experiment, parameters: Parameters) -> float:
        """Return what it is now."""
        if self.kind == "learning rate":
            return experiment.training.learning_rate
        if self.kind in ("weight", "bias"):
            layer, *at = self.place
            arrays = parameters.weights if self.kind == "weight" else parameters.biases or ()
            return float(arrays[layer - 1][tuple(at)])
        array, at = self._sample(experiment.data)
        return float(array[tuple(at)])

    def exists(self, experiment: Experiment) -> bool:
        """Return whether ``experiment`` has such a number."""
        counted_from = [self.kind in ("weight", "bias"), 0, 0]
        if len(self.place) != DIMENSIONS[self.kind]:
            return False
        try:
            self.value(experiment, experiment.start)
        except IndexError:
            return False
        return all(at >= first for at, first in zip(self.place, counted_from, strict=False))

    def _sample(self, data: Data) -> tuple[Array, list[int]]:
        sample, unit = self.place
        test = sample >= data.samples
        if self.kind == "input":
            return data.test_inputs if test else data.inputs, [sample - test * data.samples, unit]
        return data.test_targets if test else data.targets, [sample - test * data.samples, unit]

    def in_experiment(self, experiment: Experiment, value: float) -> Experiment:
        """Return the experiment with ``value``, for what is no parameter.

        Raises :class:`~bptui.core.errors.UnusableError` where it cannot be.
        """
        if self.kind == "learning rate":
            return replace(experiment, training=replace(experiment.training, learning_rate=value))
        array, at = self._sample(experiment.data)
        name = "inputs" if self.kind == "input" else "targets"
        name = f"test_{name}" if self.place[0] >= experiment.data.samples else name
        changed: dict[str, Any] = {name: _with(array, tuple(at), value)}
        return replace(experiment, data=replace(experiment.data, **changed))

    def in_parameters(self, parameters: Parameters, value: float) -> Parameters:
        """Return the parameters with ``value``, for a weight or a bias."""
        layer, *at = self.place
        weights, biases = list(parameters.weights), list(parameters.biases or ())
        arrays = weights if self.kind == "weight" else biases
        arrays[layer - 1] = _with(arrays[layer - 1], tuple(at), value)
        return Parameters(tuple(weights), None if parameters.biases is None else tuple(biases))


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
        if number.kind not in ("weight", "bias"):
            return number.in_experiment(experiment, value)
        if step > 0:
            return experiment
        return replace(experiment, start=number.in_parameters(experiment.start, value))

    def in_state(self, state: Array, layout: Layout) -> None:
        """Change the number in a flat state, where it is a weight or a bias."""
        if self.number.kind in ("weight", "bias"):
            layer, *at = self.number.place
            part = layout.weights if self.number.kind == "weight" else layout.biases
            part(state, layer)[tuple(at)] = self.value


def edited(
    timeline: Timeline, snapshot: Snapshot, number: Number, value: float, *, updated: bool = False
) -> Timeline:
    """Return a fork of ``timeline`` in which ``number`` is ``value`` from the snapshot's step on.

    ``updated`` takes the parameters that the step's update has made, so that the fork begins with
    the next step. Raises :class:`~bptui.core.errors.UnusableError` where ``value`` cannot be.
    """
    experiment, step = snapshot.experiment, snapshot.step + updated
    parameters = snapshot.updated_parameters if updated else snapshot.parameters
    slots = snapshot.updated_slots if updated else snapshot.slots
    if number.kind in ("weight", "bias"):
        parameters = number.in_parameters(parameters, value)
        if step == 0:
            experiment = replace(experiment, start=parameters)
    else:
        experiment = number.in_experiment(experiment, value)
    edits = [edit for at, edit in timeline.all_edits if at == step and edit.number != number]
    edits = [*([] if updated else edits), Edit(number, value)]
    return timeline.edited(step, experiment, parameters, slots, tuple(edits))


def _with(array: Array, place: tuple[int, ...], value: float) -> Array:
    changed = array.copy()
    changed[place] = value
    return frozen(changed)
