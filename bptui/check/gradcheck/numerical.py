"""The derivatives of the loss without backpropagation, and how far rounding takes it from them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace

import numpy as np

from bptui.check.gradcheck.comparison import Comparison, Places
from bptui.check.gradcheck.forward import EPSILON, SMALLEST, STEP, ForwardPass
from bptui.core.arrays import Array
from bptui.core.engine import Snapshot

CENTRAL = 1e-5
"""The real step h of central differences; less where inputs are large, for the pre-activations."""
ROUNDING = 4.0 * EPSILON
"""How far rounding takes a result, relative to the sizes of what is added up for it."""
TRUSTED, CLEAR = 1e-6, 1e-3
"""How near numbers are that rounding has left alone, and how far apart are others than they."""
ROOM = 400_000
"""Numbers that are computed at once: few enough to stay near the processor."""
Told = Callable[[int], None]
"""Is told how many numbers' worth of work was done; may raise to give up."""


def work(forward: ForwardPass, places: Places) -> int:
    """Return how many numbers are computed for the comparison at these places."""
    passes = (4 if forward.shifts else 1) + 2 * places.parameters
    return passes * len(places.units) * forward.work(places.layer)


def compare(
    forward: ForwardPass, snapshot: Snapshot, name: str, places: Places, told: Told
) -> Comparison:
    """Return what backpropagation gave for the array ``name`` beside the derivatives."""

    def slopes(step: float, side: int = 0) -> Array:
        return _slopes(forward, places, step, side, told)

    with np.errstate(all="ignore"):
        right = left = slopes(STEP)
        alike = [right]
        if forward.shifts:
            left = slopes(-STEP)
            alike += [left, slopes(STEP, -1), slopes(STEP, 1)]
        found = Comparison(
            name=name,
            places=places,
            analytic=places.of(snapshot.values[name]),
            right=right,
            left=left,
            lowest=np.minimum.reduce(alike),
            highest=np.maximum.reduce(alike),
            rounding=ROUNDING * places.of(forward.sizes[name]) + SMALLEST,
            central=_central(forward, places, told) if places.parameters else None,
        )
        return replace(found, rounding=_excused(found, places.of(forward.snapshot.values[name])))


def _excused(found: Comparison, known: Array) -> Array:
    """Return how far rounding can take the results, where it has not done so without mistakes.

    ``known`` is what backpropagation gives without mistakes. Of zeros that agree nothing is learnt
    of numbers that are small in their array.
    """
    size, a = np.abs(found.right), np.abs(found.analytic)
    same = np.abs(known - found.right) <= TRUSTED * size
    sure = same & ((size > SMALLEST) | (a >= TRUSTED * a.max(initial=0.0)))
    excused: Array = np.where(sure, np.minimum(found.rounding, CLEAR * size), found.rounding)
    return excused


def _slopes(forward: ForwardPass, places: Places, step: float, side: int, told: Told) -> Array:
    """Return Im L(w + ih) / h (Squire & Trapp 1998).

    Of activations and pre-activations whole columns are moved at once, since the samples of a batch
    do not depend on each other.
    """
    units, last = places.units, places.kind == "out" and places.layer == forward.depth
    found = np.empty(len(units) if places.parameters else (len(units), forward.samples))
    axes = (1, 2) if places.parameters else 2
    for part, speeds in _pieces(forward, places):
        moves = 1j * step * speeds
        added = forward.added(places.kind, places.layer, units[part], moves, side).imag
        # beside an output at which the loss is not finite, the other terms still are
        found[part] = (np.nansum if last else np.sum)(added, axis=axes) / step
        told(len(moves) * forward.work(places.layer))
    if places.parameters:
        slopes: Array = found + forward.penalty(places, 1j * step).imag / step
        return slopes
    if last:
        found[forward.singular.T[units]] = np.nan
    return found[np.searchsorted(units, places.columns), places.rows]


def _central(forward: ForwardPass, places: Places, told: Told) -> Array:
    """Return (L(w + h) - L(w - h)) / 2h, the textbook's number."""
    found, steps = np.empty(places.size), np.empty(places.size)
    for part, speeds in _pieces(forward, places):
        steps[part] = CENTRAL / np.maximum(np.abs(speeds).max(1), 1.0)
        above, below = (
            forward.added(places.kind, places.layer, places.columns[part], moves)
            for moves in (steps[part, None] * speeds, -steps[part, None] * speeds)
        )
        found[part] = (above - below).sum((1, 2))
        told(2 * len(speeds) * forward.work(places.layer))
    found += forward.penalty(places, steps) - forward.penalty(places, -steps)
    return found / (2.0 * steps)


def _pieces(forward: ForwardPass, places: Places) -> Iterator[tuple[slice, Array]]:
    """Yield the copies of the batch that are computed at once.

    With them, how fast their column (copies, samples) follows a step of what is moved.
    """
    copies, most = len(places.units), max(1, ROOM // forward.work(places.layer))
    inputs = forward.values[forward.out[places.layer - 1]]
    for start in range(0, copies, most):
        part = slice(start, min(start + most, copies))
        speeds = np.ones((part.stop - start, forward.samples))
        yield part, inputs[:, places.rows[part]].T if places.kind == "weights" else speeds
