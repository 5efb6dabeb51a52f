"""A step of 784-128-10 with 32 samples against the five matrix products that it cannot avoid."""

from collections.abc import Callable
from itertools import pairwise

import numpy as np
import pytest

from bptui.core.arrays import Array, zeros
from bptui.core.engine import Engine
from bptui.core.experiment import Experiment

from ..core.support import build
from .measuring import Table

LAYERS, BATCH, STEPS, ROUNDS = (784, 128, 10), 32, 25, 60


def experiment(samples: int, output: str, loss: str) -> Experiment:
    rng = np.random.default_rng(0)
    inputs = rng.uniform(0.0, 1.0, (samples, LAYERS[0]))
    targets = np.eye(LAYERS[-1])[rng.integers(0, LAYERS[-1], samples)]
    weights = [rng.normal(0.0, (2.0 / a) ** 0.5, (a, b)) for a, b in pairwise(LAYERS)]
    biases = [np.zeros(units) for units in LAYERS[1:]]
    training = {"loss": loss, "learning_rate": 0.01, "batch_size": BATCH}
    return build(weights, biases, ("relu", output), inputs, targets, **training)


def bare_products(made: Experiment) -> Callable[[], None]:
    """x W1, h W2, h^T d, d W2^T and x^T dh, into buffers that are there already, aligned."""

    def filled(*shape: int) -> Array:
        array = zeros(*shape)
        array[...] = np.random.default_rng(1).normal(size=shape)
        return array

    inputs, hidden, outputs = LAYERS
    x = filled(BATCH, inputs)
    x[...] = made.data.inputs[:BATCH]
    w1, w2 = filled(inputs, hidden), filled(hidden, outputs)
    h, d, dh = filled(BATCH, hidden), filled(BATCH, outputs), filled(BATCH, hidden)
    net_h, net_o = zeros(BATCH, hidden), zeros(BATCH, outputs)
    g1, g2, back = zeros(inputs, hidden), zeros(hidden, outputs), zeros(BATCH, hidden)

    def play() -> None:
        for _ in range(STEPS):
            x.dot(w1, net_h)
            h.dot(w2, net_o)
            h.T.dot(d, g2)
            d.dot(w2.T, back)
            x.T.dot(dh, g1)

    return play


@pytest.mark.parametrize(
    ("what", "samples", "output", "loss"),
    [
        ("sigmoid, half squared error", BATCH, "sigmoid", "half_squared_error"),
        ("softmax, cross entropy", BATCH, "softmax", "cross_entropy"),
        ("softmax, cross entropy, batches of 256", 256, "softmax", "cross_entropy"),
    ],
    ids=["sigmoid", "softmax", "mini-batches"],
)
def test_share_of_the_matrix_products(
    what: str, samples: int, output: str, loss: str, table: Table
) -> None:
    made = experiment(samples, output, loss)
    engine, losses = Engine(made), np.empty(STEPS)
    contestants = {"bptui": lambda: engine.advance(losses), "products": bare_products(made)}
    seconds = table.in_turns(contestants, ROUNDS)
    assert np.isfinite(losses).all()
    step, products = (min(seconds[name]) / STEPS * 1e6 for name in ("bptui", "products"))
    measured = f"products {products:.0f} us, a step {step:.0f} us"
    table.add(f"784-128-10, 32: relu, {what}", measured, products / step, 0.85)
