"""A training loop as people write it by hand: the contestant of the fast loop.

It is in the style of the second listing of the article whose network the preset ``article`` is,
with the same numpy calls, the same slips and without printing.
"""

from __future__ import annotations

import numpy as np

from bptui.core.arrays import Array

INPUT, TARGET = (0.9, 0.1), (0.11, 0.89)
RATE = 0.5


def _sigmoid(z: Array) -> Array:
    return 1 / (1 + np.exp(-z))


def _slope(a: Array) -> Array:
    return a * (1 - a)


def column_loops(steps: int) -> list[float]:
    """Return the loss of every step: matrices, with a loop over the columns of each gradient."""
    x, t = np.array(INPUT), np.array(TARGET)
    w1, w2 = np.full((2, 2), 0.5), np.full((2, 2), 0.5)
    losses = []
    for _ in range(steps):
        h = _sigmoid(np.dot(x, w1))
        o = _sigmoid(np.dot(np.array(h), w2))
        losses.append(sum([pow(wanted - got, 2) / 2 for wanted, got in zip(t, o)]))  # noqa: B905  as in the listing
        g2 = np.zeros_like(w2)
        for i in range(g2.shape[1]):
            g2[:, i] = (o[i] - t[i]) * _slope(o[i]) * h
        g1 = np.zeros_like(w1)
        for i in range(g1.shape[1]):
            row = -1 * (t - o) * o * _slope(h)
            column = np.reshape(w2[:, i], (-1, 1))
            g1[:, i] = np.dot([row], column) * x
        w1 = w1 - RATE * g1
        w2 = w2 - RATE * g2
    return losses
