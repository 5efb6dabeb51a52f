"""Training loops as people write them by hand: the contestants of the fast loop.

The first two are in the style of the two listings of the article whose network the preset
``article`` is, with the same numpy calls, the same slips and without printing. Each returns the
loss of every step.
"""

from __future__ import annotations

import numpy as np

from bptui.core.arrays import Array

INPUT, TARGET = (0.9, 0.1), (0.11, 0.89)
RATE = 0.5


def scalar_formulas(steps: int) -> list[float]:
    """Listing 1: one formula for each of the eight gradients, the first layer's four applied."""
    x, t = np.array(INPUT), np.array(TARGET)
    w1, w2 = np.array([[0.15, 0.20], [0.25, 0.30]]), np.array([[0.40, 0.45], [0.50, 0.55]])
    losses = []
    for _ in range(steps):
        z1, z2 = np.dot(x, w1)
        h1, h2 = [1 / (1 + np.exp(-z1)), 1 / (1 + np.exp(-z2))]
        hidden = np.array([h1, h2])
        z3, z4 = np.dot(hidden, w2)
        o1, o2 = [1 / (1 + np.exp(-z3)), 1 / (1 + np.exp(-z4))]
        losses.append(sum([pow(wanted - got, 2) / 2 for wanted, got in zip(t, [o1, o2])]))  # noqa: B905  as in the listing
        _g5 = -1 * (t[0] - o1) * o1 * (1 - o1) * h1
        _g6 = -1 * (t[0] - o1) * o1 * (1 - o1) * h2
        _g7 = -1 * (t[1] - o2) * o2 * (1 - o2) * h1
        _g8 = -1 * (t[1] - o2) * o2 * (1 - o2) * h2
        g1 = (
            -1 * (t[0] - o1) * o1 * (1 - o1) * w2[0][0] * h1 * (1 - h1) * x[0]
            - (t[1] - o2) * o2 * (1 - o2) * w2[1][0] * h1 * (1 - h1) * x[0]
        )
        g2 = (
            -1 * (t[0] - o1) * o1 * (1 - o1) * w2[0][0] * h1 * (1 - h1) * x[1]
            - (t[1] - o2) * o2 * (1 - o2) * w2[1][0] * h1 * (1 - h1) * x[1]
        )
        g3 = (
            -1 * (t[0] - o1) * o1 * (1 - o1) * w2[0][1] * h2 * (1 - h2) * x[0]
            - (t[1] - o2) * o2 * (1 - o2) * w2[1][1] * h2 * (1 - h2) * x[0]
        )
        g4 = (
            -1 * (t[0] - o1) * o1 * (1 - o1) * w2[0][1] * h2 * (1 - h2) * x[1]
            - (t[1] - o2) * o2 * (1 - o2) * w2[1][1] * h2 * (1 - h2) * x[1]
        )
        w1[0][0] = w1[0][0] - RATE * g1
        w1[1][0] = w1[1][0] - RATE * g2
        w1[0][1] = w1[0][1] - RATE * g3
        w1[1][1] = w1[1][1] - RATE * g4
    return losses


def _sigmoid(z: Array) -> Array:
    return 1 / (1 + np.exp(-z))


def _slope(a: Array) -> Array:
    return a * (1 - a)


def column_loops(steps: int) -> list[float]:
    """Listing 2: matrices, with a loop over the columns of each gradient."""
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
