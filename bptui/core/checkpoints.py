"""Kept states, so that going back replays little; never more than a budget of memory."""

from __future__ import annotations

from bisect import bisect_right
from collections import OrderedDict

from bptui.core.arrays import Array

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
