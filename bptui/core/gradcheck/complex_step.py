"""Derivatives by complex steps, Im L(w + ih) / h: without cancellation, so exact to rounding.

Squire & Trapp (1998); Martins, Sturdza & Alonso (2003). On a kink of relu the sign of h tells one
side from the other.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from bptui.core.arrays import Array
from bptui.core.batches import Indices
from bptui.core.gradcheck.derivatives import STEP, Derivatives, Places
from bptui.core.gradcheck.forward import ForwardPass, Ties
from bptui.core.gradcheck.functions import Values, from_logits
from bptui.core.gradcheck.rounding import RoundingBounds

ROOM = 400_000
"""Numbers that are computed at once: few enough to stay near the processor."""
RELATIVE_STEP, SMALLEST_STEP = 1e-20, 1e-300
"""The complex step beside an output between 0 and 1, and the smallest whose quotient is exact."""
Told = Callable[[int], None]
"""Is told how many numbers' worth of work was done; may raise to give up."""


def parameter_columns(forward: ForwardPass, places: Places, part: slice) -> Array:
    """How fast the pre-activations (numbers, samples) of its unit change with each parameter."""
    if places.kind == "biases":
        return np.ones((len(places.columns[part]), forward.samples))
    return forward.out[places.layer - 1][:, places.rows[part]].T


def pieces(forward: ForwardPass, places: Places) -> list[slice]:
    """``places`` in parts that are computed at once."""
    most = max(1, ROOM // forward.work(places.layer))
    return [slice(start, start + most) for start in range(0, places.size, most)]


def by_parameters(
    forward: ForwardPass, bounds: RoundingBounds, places: Places, told: Told
) -> Derivatives:
    """The derivatives by weights or biases."""

    def derivative(step: float, ties: Ties) -> Array:
        found = np.empty(places.size)
        for part in pieces(forward, places):
            units = places.columns[part]
            speed = parameter_columns(forward, places, part)
            columns = forward.net[places.layer][:, units].T + 1j * step * speed
            losses = forward.with_net(places.layer, units, columns, ties).losses
            found[part] = losses.imag.sum(1) / step
            told(len(units) * forward.work(places.layer))
        if places.kind == "weights" and forward.l2:
            weights = places.of(forward.weight_matrix(places.layer)) + 1j * step
            found += forward.l2 * (weights * weights).imag / step
        return found

    return _from_both_sides(forward, bounds, places, derivative)


def by_units(
    forward: ForwardPass, bounds: RoundingBounds, places: Places, told: Told
) -> Derivatives:
    """The derivatives by pre-activations or activations of whole units, all rows of the batch."""
    units = np.unique(places.columns)
    values = forward.net if places.kind == "net" else forward.out

    def derivative(step: float, ties: Ties) -> Array:
        found = np.empty((forward.samples, forward.network.layers[places.layer]))
        most = max(1, ROOM // forward.work(places.layer))
        for start in range(0, len(units), most):
            some = units[start : start + most]
            columns = values[places.layer][:, some].T
            steps = np.sign(step) * _steps(forward, places, columns)
            moved = _losses(forward, places, some, columns + 1j * steps, ties)
            found[:, some] = (moved.imag / steps).T
            told(len(some) * forward.work(places.layer))
        return places.of(found)

    return _from_both_sides(forward, bounds, places, derivative)


def _steps(forward: ForwardPass, places: Places, columns: Array) -> Array:
    """The sizes of the steps from ``columns``: small beside an output of which a log is taken."""
    if places.kind == "out" and places.layer == forward.depth and from_logits(forward.loss):
        room: Array = RELATIVE_STEP * np.minimum(columns, 1.0 - columns)
        return np.maximum(room, SMALLEST_STEP)
    return np.full(columns.shape, STEP)


def _losses(
    forward: ForwardPass, places: Places, units: Indices, columns: Values, ties: Ties
) -> Values:
    change = forward.with_net if places.kind == "net" else forward.with_out
    return change(places.layer, units, columns, ties).losses


def _from_both_sides(
    forward: ForwardPass,
    bounds: RoundingBounds,
    places: Places,
    derivative: Callable[[float, Ties], Array],
) -> Derivatives:
    with np.errstate(all="ignore"):
        right = left = off = on = derivative(STEP, "direction")
        if forward.tied:
            left = derivative(-STEP, "direction")
            off, on = derivative(STEP, "off"), derivative(STEP, "on")
        return Derivatives(places, right, left, off, on, bounds.at(places))
