"""Which numbers are checked: all of them, or of large arrays a drawn sample."""

from __future__ import annotations

import numpy as np

from bptui.core.batches import Indices
from bptui.core.gradcheck.derivatives import Kind, Places
from bptui.core.gradcheck.forward import ForwardPass

SEED = 0
WORK = 500_000
"""Numbers to compute for one array, for each kind of step, before a sample of it is checked."""
FEWEST = 8
"""Numbers that are checked of any array, however much work they are."""


def parameter_places(forward: ForwardPass, layer: int, kind: Kind, every: bool) -> Places:
    """The weights or biases of ``layer`` to check."""
    fan_in, units = forward.weight_matrix(layer).shape
    rows = fan_in if kind == "weights" else 1
    chosen = _chosen(rows * units, _most(forward, layer, every), (layer, kind == "biases"))
    # numbered as the weights are: all those into the first unit, then into the second
    columns, sources = np.divmod(chosen, rows)
    return Places(kind, layer, sources, columns, rows * units)


def unit_places(forward: ForwardPass, layer: int, kind: Kind, every: bool) -> Places:
    """The pre-activations or activations of ``layer`` to check: whole units."""
    units, samples = forward.network.layers[layer], forward.samples
    chosen = _chosen(units, _most(forward, layer, every), (layer, 2))
    columns, rows = np.divmod(np.arange(len(chosen) * samples), samples)
    return Places(kind, layer, rows, chosen[columns], units * samples)


def _most(forward: ForwardPass, layer: int, every: bool) -> int | None:
    return None if every else max(FEWEST, WORK // forward.work(layer))


def _chosen(count: int, most: int | None, draw: tuple[int, int]) -> Indices:
    if most is None or count <= most:
        return np.arange(count)
    drawn = np.random.default_rng((SEED, *draw)).choice(count, most, replace=False)
    return np.sort(drawn)
