"""The state of training as one flat array, and the states that are kept to go back to."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable

import numpy as np

from bptui.core.arrays import Array, frozen, zeros
from bptui.core.experiment import Experiment
from bptui.core.graph.compile import Scratch
from bptui.core.mistakes import MISTAKES
from bptui.core.network import Network, Parameters

BUDGET = 64 * 2**20
MOST_KEPT, MOST_RECENT = 16_384, 256
OVERHEAD = 256
"""Bytes that keeping one array costs beyond its contents."""


class Layout:
    """Where each matrix lies in a flat array: W1, b1, W2, b2, ... one after the other."""

    def __init__(self, network: Network) -> None:
        self.size = 0
        self._parts: dict[str, tuple[slice, tuple[int, ...]]] = {}
        for name, shape in network.shapes.items():
            end = self.size + math.prod(shape)
            self._parts[name] = slice(self.size, end), shape
            self.size = end

    def span(self, name: str) -> slice:
        """Return where a parameter lies by its name: W2, b2."""
        return self._parts[name][0]

    def part(self, flat: Array, name: str) -> Array:
        """Return the view of a parameter by its name: W2 (fan_in, fan_out), b2 (fan_out,)."""
        span, shape = self._parts[name]
        return flat[span].reshape(shape)

    def unflatten(self, flat: Array) -> Parameters:
        """Return read-only copies of the matrices and vectors in ``flat``."""
        copy = frozen(flat)
        return Parameters.by_name({name: self.part(copy, name) for name in self._parts})


class State:
    """The arrays that an update changes, all views of ``flat``, so that one copy keeps a state.

    ``slots`` are the optimizer's by name, and the accumulated gradients where a mistake keeps them.
    Beside it is what programs of all batch sizes share: the gradient, Adam's k, scratch space.
    """

    def __init__(self, experiment: Experiment) -> None:
        self.layout = Layout(experiment.network)
        size = self.layout.size
        accumulates = any(MISTAKES[name].accumulates for name in experiment.training.mistakes)
        names = (*experiment.optimizer.slots, *["accumulated"] * accumulates)
        self.flat = zeros(size * (1 + len(names)))
        self.parameters, *slots = self.flat.reshape(-1, size)
        self.slots = dict(zip(names, slots, strict=True))
        self.gradient = zeros(size)
        self.updates = np.ones(())
        """The number of the update, from 1."""
        self.scratch: Scratch = {}
        self.parameters[:] = experiment.start.flat()

    def part(self, name: str) -> Array:
        """Return the view of a parameter, or of what is remembered beside it: W1, v_W1."""
        slot, _, parameter = name.rpartition("_")
        return self.layout.part(self.slots.get(slot, self.parameters), parameter)

    def remembered(self) -> dict[str, Parameters]:
        """Return copies of the slots by name."""
        return {name: self.layout.unflatten(slot) for name, slot in self.slots.items()}

    def spans(self, parameters: Iterable[str]) -> list[slice]:
        """Return where these parameters lie, neighbours as one."""
        merged: list[slice] = []
        for span in sorted(map(self.layout.span, parameters), key=lambda span: span.start):
            if merged and merged[-1].stop == span.start:
                merged[-1] = slice(merged[-1].start, span.stop)
            else:
                merged.append(span)
        return merged


class Checkpoints:
    """States at multiples of a stride, which doubles when the budget is full, and recent ones.

    Three quarters of ``budget`` bytes are for the grid, one quarter for the states just before the
    place last gone to, so that going back step by step is cheap however wide the grid has become.
    """

    def __init__(self, state_bytes: int, budget: int = BUDGET) -> None:
        self._cost = state_bytes + OVERHEAD
        self.stride = 64 if state_bytes <= 4096 else 8
        self._grid: dict[int, Array] = {}
        self._furthest = 0
        self._recent: dict[int, Array] = {}
        self.limit(budget)

    def limit(self, budget: int) -> None:
        """Keep to this budget of bytes from now on."""
        self.budget = budget
        self._most_grid = min(budget * 3 // 4 // self._cost, MOST_KEPT)
        self.most_recent = min(budget // 4 // self._cost, MOST_RECENT)
        self._thin()

    def _thin(self) -> None:
        while len(self._grid) > self._most_grid:
            self.stride *= 2
            self._grid = {k: state for k, state in self._grid.items() if k % self.stride == 0}
        while len(self._recent) > self.most_recent:
            del self._recent[next(iter(self._recent))]

    def until(self, step: int) -> Checkpoints:
        """Return those before ``step``, to be kept beside these; the states are shared."""
        fork = Checkpoints(self._cost - OVERHEAD, self.budget)
        # as dense as where just the steps before this one have been played
        while self._most_grid and step // fork.stride > self._most_grid:
            fork.stride *= 2
        kept = {k: state for k, state in self._grid.items() if k < step and k % fork.stride == 0}
        fork._grid, fork._furthest = kept, max(kept, default=0)
        fork._recent = {k: state for k, state in self._recent.items() if k < step}
        return fork

    @property
    def nbytes(self) -> int:
        """Return the bytes in use."""
        return (len(self._grid) + len(self._recent)) * self._cost

    def keep(self, step: int, state: Callable[[], Array]) -> None:
        """Keep the state of a step where the grid wants it."""
        if step % self.stride == 0 and step not in self._grid and self._most_grid > 0:
            self._grid[step] = state()
            self._furthest = max(self._furthest, step)
            self._thin()

    def keep_recent(self, step: int, state: Array) -> None:
        """Keep a state near the place last gone to, in exchange for the oldest such one."""
        self._recent.pop(step, None)
        self._recent[step] = state
        self._thin()

    def nearest(self, step: int) -> tuple[int, Array] | None:
        """Return the latest kept state at or before ``step``; None: it is the start."""
        # from the furthest one kept, as the step may be a billion steps ahead
        grid = min(step, self._furthest) // self.stride * self.stride
        while grid > 0 and grid not in self._grid:
            grid -= self.stride
        latest = max((k for k in self._recent if k <= step), default=-1)
        if latest >= grid:
            return latest, self._recent[latest]
        return (grid, self._grid[grid]) if grid in self._grid else None
