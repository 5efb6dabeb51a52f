"""The state of training as one flat array, and the states that are kept to go back to."""

from __future__ import annotations

from bisect import bisect_right
from collections import OrderedDict
from collections.abc import Iterable
from typing import NamedTuple

import numpy as np

from bptui.core.arrays import Array, frozen, zeros
from bptui.core.experiment import Experiment
from bptui.core.mistakes import MISTAKES
from bptui.core.network import Network, Parameters

BLOCK = 16_384
"""Parameters that one update call works on: few enough that they stay in the processor's cache."""


class Layout(NamedTuple):
    """Where each matrix lies in a flat array: W1, b1, W2, b2, ... one after the other."""

    network: Network

    @property
    def size(self) -> int:
        return self.network.parameter_count

    def weight_span(self, layer: int) -> slice:
        start = sum(
            (fan_in + self.network.bias) * fan_out
            for fan_in, fan_out in zip(
                self.network.layers[: layer - 1], self.network.layers[1:], strict=False
            )
        )
        fan_in, fan_out = self.network.layers[layer - 1 : layer + 1]
        return slice(start, start + fan_in * fan_out)

    def bias_span(self, layer: int) -> slice:
        """Empty where the network has no biases."""
        start = self.weight_span(layer).stop
        return slice(start, start + (self.network.layers[layer] if self.network.bias else 0))

    def matrix(self, flat: Array, layer: int) -> Array:
        """The view (fan_in + 1, fan_out) of the weights with the biases as their last row.

        (fan_in, fan_out) where the network has no biases.
        """
        span = slice(self.weight_span(layer).start, self.bias_span(layer).stop)
        return flat[span].reshape(-1, self.network.layers[layer])

    def weights(self, flat: Array, layer: int) -> Array:
        """The view (fan_in, fan_out) of ``layer`` (from 1) in a flat array of ``size``."""
        return flat[self.weight_span(layer)].reshape(self.network.layers[layer - 1], -1)

    def biases(self, flat: Array, layer: int) -> Array:
        """The view (fan_out,) of ``layer`` (from 1)."""
        return flat[self.bias_span(layer)]

    def span(self, name: str) -> slice:
        """Return where a parameter lies by its name: W2, b2."""
        return (self.weight_span if name[0] == "W" else self.bias_span)(int(name[1:]))

    def part(self, flat: Array, name: str) -> Array:
        """Return the view of a parameter by its name: W2 (fan_in, fan_out), b2 (fan_out,)."""
        return (self.weights if name[0] == "W" else self.biases)(flat, int(name[1:]))

    def flatten(self, parameters: Parameters, into: Array | None = None) -> Array:
        """All numbers in a row, in a new array or in ``into``."""
        flat = np.empty(self.size) if into is None else into
        for layer, weights in enumerate(parameters.weights, 1):
            self.weights(flat, layer)[...] = weights
            if parameters.biases is not None:
                self.biases(flat, layer)[...] = parameters.biases[layer - 1]
        return flat

    def unflatten(self, flat: Array) -> Parameters:
        """Read-only copies of the matrices and vectors in ``flat``."""
        copy = frozen(flat)
        layers = range(1, self.network.depth + 1)
        weights = tuple(self.weights(copy, layer) for layer in layers)
        biases = tuple(self.biases(copy, layer) for layer in layers)
        return Parameters(weights, biases if self.network.bias else None)


class State:
    """The arrays that an update changes, all views of ``flat``, so that one copy keeps a state."""

    def __init__(self, experiment: Experiment) -> None:
        self.layout = Layout(experiment.network)
        self.slot_names = experiment.optimizer.slots
        accumulates = any(MISTAKES[each].accumulates for each in experiment.training.mistakes)
        size, parts = self.layout.size, 1 + len(self.slot_names) + accumulates
        self.flat = zeros(size * parts)
        self.parameters = self.flat[:size]
        self.slots = tuple(
            self.flat[size * part : size * (part + 1)]
            for part in range(1, 1 + len(self.slot_names))
        )
        self.accumulated = self.flat[-size:] if accumulates else None
        self._start = experiment.start
        self.restart()

    def restart(self) -> None:
        """Go to the start values."""
        self.flat[:] = 0.0
        self.layout.flatten(self._start, self.parameters)

    def part(self, name: str) -> Array:
        """Return the view of a parameter, or of what is remembered beside it: W1, v_W1."""
        slot, _, parameter = name.rpartition("_")
        flat = self.accumulated if slot == "accumulated" else self.parameters
        if slot in self.slot_names:
            flat = self.slots[self.slot_names.index(slot)]
        assert flat is not None, "only a step that accumulates names what it accumulates"
        return self.layout.part(flat, parameter)

    def spans(self, parameters: Iterable[str]) -> list[slice]:
        """Return where these parameters lie, neighbours merged."""
        merged: list[slice] = []
        for span in sorted(map(self.layout.span, parameters), key=lambda each: each.start):
            if merged and merged[-1].stop == span.start:
                merged[-1] = slice(merged[-1].start, span.stop)
            else:
                merged.append(span)
        return merged


def cut(spans: list[slice]) -> list[slice]:
    """The same spans in pieces of at most :data:`BLOCK`."""
    return [
        slice(start, min(start + BLOCK, span.stop))
        for span in spans
        for start in range(span.start, span.stop, BLOCK)
    ]


BUDGET = 64 * 2**20
MOST = 16_384
OVERHEAD = 256
"""Bytes that keeping one array costs beyond its contents."""


class Checkpoints:
    """States at multiples of a stride, which doubles when the budget is full, and recent ones.

    Three quarters of ``budget`` bytes are for the grid, one quarter for the states just before the
    place last gone to, so that going back step by step is cheap however wide the grid has become.
    """

    def __init__(self, state_bytes: int, budget: int = BUDGET) -> None:
        self.state_bytes = state_bytes
        self._set_budget(budget)
        self.stride = 64 if state_bytes <= 4096 else 8
        self._grid: dict[int, Array] = {}
        self._furthest = 0
        self._recent: OrderedDict[int, Array] = OrderedDict()

    def until(self, step: int) -> Checkpoints:
        """Those before ``step``, to be kept beside these; the states themselves are shared."""
        copy = Checkpoints(self.state_bytes, self.budget)
        copy.spread(step)
        copy._grid = {
            k: state for k, state in self._grid.items() if k < step and k % copy.stride == 0
        }
        copy._furthest = max(copy._grid, default=0)
        copy._recent = OrderedDict((k, v) for k, v in self._recent.items() if k < step)
        return copy

    def spread(self, step: int) -> None:
        """Make the grid as dense as where just the steps before ``step`` have been played."""
        while self._most_grid and step // self.stride > self._most_grid:
            self.stride *= 2

    def limit(self, budget: int) -> None:
        """Keep to another budget of bytes from now on."""
        self._set_budget(budget)
        self._thin()

    def _set_budget(self, budget: int) -> None:
        cost = self.state_bytes + OVERHEAD
        self.budget = budget
        self._most_grid = min(budget * 3 // 4 // cost, MOST)
        self.most_recent = min(budget // 4 // cost, 256)

    def _thin(self) -> None:
        while len(self._grid) > self._most_grid:
            self.stride *= 2
            self._grid = {k: v for k, v in self._grid.items() if k % self.stride == 0}
        while len(self._recent) > self.most_recent:
            self._recent.popitem(last=False)

    @property
    def nbytes(self) -> int:
        """Memory in use."""
        return (len(self._grid) + len(self._recent)) * (self.state_bytes + OVERHEAD)

    def next_stop(self, step: int) -> int:
        """The first step after ``step`` whose state the grid wants."""
        return (step // self.stride + 1) * self.stride

    def wants(self, step: int) -> bool:
        return step % self.stride == 0 and step not in self._grid and self._most_grid > 0

    def keep(self, step: int, state: Array) -> None:
        """Keep the state of a multiple of the stride."""
        self._grid[step] = state
        self._furthest = max(self._furthest, step)
        self._thin()

    def keep_recent(self, step: int, state: Array) -> None:
        """Keep a state near the place last gone to, in exchange for the oldest such one."""
        if self.most_recent == 0:
            return
        self._recent[step] = state
        self._recent.move_to_end(step)
        self._thin()

    def nearest(self, step: int) -> tuple[int, Array] | None:
        """The latest kept state at or before ``step``, or None: then it is the start."""
        # from the furthest one kept, as the step may be a billion steps ahead
        grid = min(step, self._furthest) // self.stride * self.stride
        while grid > 0 and grid not in self._grid:
            grid -= self.stride
        recent = sorted(self._recent)
        place = bisect_right(recent, step)
        if place and recent[place - 1] >= grid:
            return recent[place - 1], self._recent[recent[place - 1]]
        return (grid, self._grid[grid]) if grid in self._grid else None
