"""The training engine: plays step after step, fast, or one step with everything recorded."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple, TypeAlias

import numpy as np

from bptui.core.arrays import Array, Call, Integers, frozen, run, zeros
from bptui.core.backprop import Operation, StepProgram
from bptui.core.experiment import Experiment
from bptui.core.network import Parameters
from bptui.core.state import State


@dataclass(frozen=True, eq=False)
class Snapshot:
    """Step ``step``: the pass made at state ``step`` on the batch of update ``step + 1``.

    ``values`` holds every intermediate by its name (net_h, out_h, loss, delta_o, gW2, ...), the
    batch as ``input`` and ``target`` included. ``parameters`` and ``slots`` are those of the state,
    ``updated_parameters`` and ``updated_slots`` those of the next one.
    """

    experiment: Experiment
    step: int
    epoch: int
    batch: Integers
    operations: tuple[Operation, ...]
    values: Mapping[str, Array]
    gradients: Parameters
    parameters: Parameters
    updated_parameters: Parameters
    slots: Mapping[str, Parameters]
    updated_slots: Mapping[str, Parameters]

    @property
    def loss(self) -> float:
        """Return the loss of the batch at this state, the L2 penalty included."""
        return float(self.values["loss"][0, 0])

    @property
    def outputs(self) -> Array:
        """Return the network's outputs, (samples, units)."""
        names = self.experiment.network.names
        return self.values[names.out(names.depth)]

    def state(self, updated: bool = False) -> Array:
        """Return all numbers of its state, or of the next one, as the engine holds them."""
        parameters, slots = self.parameters, self.slots
        if updated:
            parameters, slots = self.updated_parameters, self.updated_slots
        return np.concatenate([part.flat() for part in (parameters, *slots.values())])


Place: TypeAlias = tuple[str, tuple[int, ...]]
"""Of a number: the array's name, and the index in it."""


class Watched(NamedTuple):
    """What is read of every step: the numbers in these places.

    After them comes the ``norm`` of the whole gradient, if it is wanted.
    """

    places: tuple[Place, ...] = ()
    norm: bool = False

    @property
    def size(self) -> int:
        """Return how many numbers a step has."""
        return len(self.places) + self.norm


def number_at(arrays: Mapping[str, Array], place: Place) -> float:
    """Return the number there; NaN for a sample that the batch does not have."""
    name, index = place
    array = arrays[name]
    return float(array[index]) if index[0] < len(array) else math.nan


def euclidean_norm(vector: Array) -> float:
    """Return the root of the sum of squares; inf where that overflows."""
    return math.sqrt(vector.dot(vector).item())


class Engine:
    """Holds state ``step`` of an experiment and moves it forward.

    The state is one flat array; :meth:`save` copies it, :meth:`load` goes back to it. Everything
    else is working space, so the numbers of a step depend on its state alone.
    """

    def __init__(self, experiment: Experiment) -> None:
        self.experiment = experiment
        self.step = 0
        self.state = State(experiment)
        self._programs: dict[int, StepProgram] = {}
        self._schedule = experiment.schedule

    def save(self) -> Array:
        """Return a copy of the state: parameters, optimizer slots, accumulated gradients."""
        return frozen(self.state.flat)

    def load(self, state: Array, step: int) -> None:
        """Go to a state that :meth:`save` gave at ``step``."""
        self.state.flat[:] = state
        self.step = step

    def advance(self, losses: Array) -> None:
        """Play ``len(losses)`` steps, writing the loss that each one started from."""
        steady = self._schedule.full_batch and not self.experiment.optimizer.counts
        program = self._prepare(self.step)
        with np.errstate(all="ignore"):
            for index in range(len(losses)):
                if not steady:
                    program = self._prepare(self.step + index)
                for call in program.calls:
                    call()
                losses[index] = program.loss.item()
        self.step += len(losses)

    def advance_watched(self, losses: Array, watched: Watched, values: Array) -> None:
        """Play like :meth:`advance`, and write what is watched at each step as a row."""
        parameters = self.experiment.start.named()
        # an update changes parameters where they stand; all else keeps its value of the step
        early, late = dict[int, Place](), dict[int, Place]()
        for column, place in enumerate(watched.places):
            (early if place[0] in parameters else late)[column] = place
        calls: dict[StepProgram, list[Call]] = {}
        with np.errstate(all="ignore"):
            for index, row in enumerate(values[: len(losses)]):
                program = self._prepare(self.step + index)
                if program not in calls:
                    calls[program] = [call for each in program.operations for call in each.calls]
                for column, place in early.items():
                    row[column] = number_at(program.buffers, place)
                for call in calls[program]:
                    call()
                for column, place in late.items():
                    row[column] = number_at(program.buffers, place)
                losses[index] = program.loss.item()
                if watched.norm:
                    row[-1] = euclidean_norm(self.state.gradient)
        self.step += len(losses)

    def record(self) -> Snapshot:
        """Play one step and keep everything that it computed."""
        step, layout, state = self.step, self.state.layout, self.state
        program = self._prepare(step)
        parameters, slots = layout.unflatten(state.parameters), state.remembered()
        written = ["input", "target"]
        for operation in program.operations:
            run(operation.calls)
            written += operation.writes if operation.stage != "update" else ()
        self.step += 1
        # nothing changes what an operation has written before the next step
        gradients = layout.unflatten(self.state.gradient)
        copies = {f"g{name}": array for name, array in gradients.named().items()}
        rest = (name for name in written if name not in copies)
        values = {name: frozen(program.buffers[name]) for name in rest} | copies
        return Snapshot(
            experiment=self.experiment,
            step=step,
            epoch=self._schedule.epoch(step),
            batch=self._schedule.indices(step),
            operations=program.operations,
            values=values,
            gradients=gradients,
            parameters=parameters,
            updated_parameters=layout.unflatten(state.parameters),
            slots=slots,
            updated_slots=state.remembered(),
        )

    def _program(self, samples: int) -> StepProgram:
        """Return the program for a batch of ``samples``; at most two sizes occur."""
        if samples not in self._programs:
            x, t = self.experiment.data.inputs, self.experiment.data.targets
            if not self._schedule.full_batch:
                x, t = zeros(samples, x.shape[1]), zeros(samples, t.shape[1])
            program = StepProgram(self.experiment, self.state, x, t)
            self._programs[samples] = program
        return self._programs[samples]

    def _prepare(self, step: int) -> StepProgram:
        """Return the program of ``step``, with its batch and its number in place."""
        program = self._program(self._schedule.size(step))
        if not self._schedule.full_batch:
            indices, data = self._schedule.indices(step), self.experiment.data
            data.inputs.take(indices, 0, program.buffers["input"], "clip")
            data.targets.take(indices, 0, program.buffers["target"], "clip")
        self.state.updates[...] = step + 1
        return program
