"""Derivatives by central differences, extrapolated to a step of 0: the second opinion.

Ridders (1982), "Accurate computation of F'(x) and F'(x)F''(x)": Richardson's extrapolation of a
row of shrinking steps, which estimates its own error.
"""

from __future__ import annotations

import numpy as np

from bptui.core.arrays import Array
from bptui.core.gradcheck.complex_step import Told, parameter_columns, pieces
from bptui.core.gradcheck.derivatives import Differences, Places
from bptui.core.gradcheck.forward import ForwardPass
from bptui.core.gradcheck.functions import Mask
from bptui.core.gradcheck.slopes import EPSILON

LEVELS = 6
REACH = 0.25
"""The first step moves the next pre-activations about this far."""
HALVINGS = 24
"""As often a step is halved to stay clear of kinks before the difference is given up."""


def central_differences(forward: ForwardPass, places: Places, told: Told) -> Differences:
    """The derivatives by weights or biases; nan where a kink is too near."""
    values, errors = np.empty(places.size), np.empty(places.size)
    with np.errstate(all="ignore"):
        for part in pieces(forward, places):
            values[part], errors[part] = _Part(forward, places, part).extrapolated()
            told(len(places.columns[part]) * forward.work(places.layer) * LEVELS)
    return Differences(values, errors)


class _Part:
    """Some of the places, whose differences are computed at once."""

    def __init__(self, forward: ForwardPass, places: Places, part: slice) -> None:
        self._forward, self._layer = forward, places.layer
        self._units = places.columns[part]
        self._speed = parameter_columns(forward, places, part)
        self._columns = forward.net[places.layer][:, self._units].T
        self._penalty = np.zeros(len(self._units))
        if places.kind == "weights":
            # of the penalty's parabola the central difference is exact, whatever the step
            weights = places.of(forward.weight_matrix(places.layer))[part]
            self._penalty = 2.0 * forward.l2 * weights

    def first_steps(self) -> Array:
        """Steps that move no pre-activation of this layer or the next by more than REACH."""
        reach = np.abs(self._speed).max(1)
        if self._layer < self._forward.depth:
            after = np.abs(self._forward.weight_matrix(self._layer + 1)).max(1)
            reach = reach * np.maximum(after[self._units], 1.0)
        steps: Array = np.where(reach > 0.0, REACH / reach, REACH)
        return steps

    def difference(self, steps: Array, some: Mask | None = None) -> tuple[Array, Array, Mask]:
        """The central differences, their rounding errors, and whether they stay clear of kinks.

        ``steps`` are those of ``some`` of the places, or of all.
        """
        some = np.ones(len(self._units), dtype=bool) if some is None else some
        units, columns = self._units[some], self._columns[some]
        change = steps[:, None] * self._speed[some]
        above = self._forward.with_net(self._layer, units, columns + change)
        below = self._forward.with_net(self._layer, units, columns - change)
        apart = (above.losses - below.losses).sum(1)
        sizes = (np.abs(above.losses) + np.abs(below.losses)).sum(1)
        clear = above.same_side & below.same_side
        return apart / (2.0 * steps), 4.0 * EPSILON * sizes / steps, clear

    def extrapolated(self) -> tuple[Array, Array]:
        """The values at step 0, and how far they may be off."""
        steps = self.first_steps()
        last, noise, clear = self.difference(steps)
        for _ in range(HALVINGS):
            if clear.all():
                break
            near = ~clear
            steps[near] /= 2.0
            last[near], noise[near], clear[near] = self.difference(steps[near], near)
        best, error = np.full(len(steps), np.nan), np.full(len(steps), np.inf)
        row = [last]
        for level in range(1, LEVELS):
            first, noise, still = self.difference(steps / 2.0**level)
            clear &= still
            fresh, weight = [first], 1.0
            for column, above in enumerate(row):
                weight *= 4.0
                fresh.append(fresh[column] + (fresh[column] - above) / (weight - 1.0))
                spread = np.maximum(np.abs(fresh[-1] - fresh[-2]), np.abs(fresh[-1] - above))
                better = spread < error
                best = np.where(better, fresh[-1], best)
                error = np.where(better, spread, error)
            row = fresh
        values: Array = np.where(clear, best + self._penalty, np.nan)
        return values, error + noise
