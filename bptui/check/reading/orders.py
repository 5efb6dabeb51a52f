"""In which order a flat list has what belongs to the layers, by the shapes and the right values."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from bptui.check.answers import AnyArray
from bptui.check.diagnosis.trials import Case
from bptui.core.arrays import Array
from bptui.core.engine import Snapshot

NEAR = 1e-4
"""How near, of the right values' own size, values are that match: nearer than any mistake's."""


def orders(prefix: str, depth: int, biases: bool) -> list[list[str]]:
    """The orders in which a list may be: W1, W2, b1, b2; and W1, b1, W2, b2."""
    return _orders(prefix, range(1, depth + 1), biases)


def backwards(prefix: str, depth: int, biases: bool) -> list[list[str]]:
    """The same from the last layer to the first, as the backward pass comes by them."""
    return _orders(prefix, range(depth, 0, -1), biases)


def _orders(prefix: str, layers: range, biases: bool) -> list[list[str]]:
    if not biases:
        return [[f"{prefix}W{layer}" for layer in layers]]
    return [
        [f"{prefix}{kind}{layer}" for kind in "Wb" for layer in layers],
        [f"{prefix}{kind}{layer}" for layer in layers for kind in "Wb"],
    ]


def fitting(among: Sequence[list[str]], arrays: Sequence[AnyArray], case: Case) -> list[str] | None:
    """The order that the shapes of ``arrays`` fit, exactly for as many of them as possible.

    Where several do, the one nearest to the right values; None where none does.
    """
    best: list[str] | None = None
    least = (0, np.inf)
    for order in among:
        wanted = [right(case.right[0], name).shape for name in order]
        if not all(map(_fits, arrays, wanted)):
            continue
        exact = sum(each.shape == shape for each, shape in zip(arrays, wanted, strict=True))
        rank = (-exact, distance(order, arrays, case))
        if best is None or rank < least:
            best, least = order, rank
    return best


def nearest_fit(among: Sequence[list[str]], arrays: Sequence[AnyArray], case: Case) -> list[str]:
    """Where none fits, the order that fits most of ``arrays``: of it, it is said what does not."""

    def misfits(order: list[str]) -> int:
        shapes = [right(case.right[0], name).shape for name in order]
        return sum(not _fits(*each) for each in zip(arrays, shapes, strict=True))

    return min(among, key=misfits)


def right(snapshot: Snapshot, name: str) -> Array:
    """The right value of ``name``: gW1, gb1 of a step; W1, b1 as they are after it."""
    if name.startswith("g"):
        return snapshot.values[name]
    parameters = snapshot.updated_parameters
    group = parameters.weights if name[0] == "W" else parameters.biases or ()
    return group[int(name[1:]) - 1]


def distance(order: Sequence[str], arrays: Sequence[AnyArray], case: Case) -> float:
    """How far ``arrays`` are from a call's right values, which fit them, by the values' own size.

    Infinite where they are not finite. Which call they are of is not known: it is the nearest.
    """
    found = np.concatenate([np.asarray(each, np.float64).ravel() for each in arrays])
    distances = []
    with np.errstate(all="ignore"):
        for snapshot in case.right:
            expected = np.concatenate([right(snapshot, name).ravel() for name in order])
            size = float(np.linalg.norm(expected)) or 1.0
            distances.append(float(np.linalg.norm(found - expected)) / size)
    return min((each for each in distances if np.isfinite(each)), default=np.inf)


def _fits(array: AnyArray, wanted: tuple[int, ...]) -> bool:
    return array.squeeze().shape == tuple(each for each in wanted if each != 1)
