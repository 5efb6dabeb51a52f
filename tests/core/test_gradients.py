"""Gradients against central differences of a loss that was written a second time.

The error is relative, in the Euclidean norm of each matrix or vector: single entries may be as
small as they like.
"""

from __future__ import annotations

import numpy as np
import pytest

from bptui.core.activations import ACTIVATIONS
from bptui.core.engine import Engine, Snapshot
from bptui.core.experiment import Experiment

from .reference import Array, objective
from .support import HIDDEN, PAIRS, SETTINGS, arrays, experiment, relative_error

KINKED = {"relu", "leaky_relu"}
STEP = 1e-5


def numerical(shown: Snapshot) -> list[Array]:
    """Central differences of the loss of the batch of ``shown``: weights, then biases."""
    weights = [w.copy() for w in shown.parameters.weights]
    given = shown.parameters.biases
    biases = None if given is None else [b.copy() for b in given]
    gradients = []
    for array in [*weights, *(biases or ())]:
        gradient = np.empty_like(array)
        for place in np.ndindex(array.shape):
            kept, sides = array[place], []
            for side in (kept + STEP, kept - STEP):
                array[place] = side
                sides.append(
                    objective(
                        shown.experiment,
                        weights,
                        biases,
                        shown.values["input"],
                        shown.values["target"],
                    )
                )
            array[place] = kept
            gradient[place] = (sides[0] - sides[1]) / (2.0 * STEP)
        gradients.append(gradient)
    return gradients


def away_from_kinks(shown: Snapshot) -> bool:
    """No pre-activation of a kinked unit is so near 0 that a difference would cross it."""
    names, network = shown.experiment.network.names, shown.experiment.network
    return all(
        float(np.abs(shown.values[names.net(layer)]).min()) > 1e-3
        for layer, name in enumerate(network.activations, 1)
        if name in KINKED
    )


def check(shown: Snapshot) -> None:
    for found, expected in zip(arrays(shown.gradients), numerical(shown), strict=True):
        assert relative_error(found, expected) < 1e-6


def smooth(layers: tuple[int, ...], activations: tuple[str, ...], **rest: object) -> Experiment:
    """An experiment whose first step is away from kinks and has no layer of dead units."""
    for seed in range(100):
        made = experiment(layers, activations, seed=seed, **rest)  # type: ignore[arg-type]  # passed on as they are
        first = Engine(made).record()
        if away_from_kinks(first) and all(np.any(g) for g in first.gradients.weights):
            return made
    raise AssertionError("no such start values")


@pytest.mark.parametrize("depth", [1, 2, 4])
@pytest.mark.parametrize(("activation", "loss"), PAIRS)
def test_output_pairs(activation: str, loss: str, depth: int) -> None:
    hidden = ("tanh", "softplus", "gelu")[: depth - 1]
    layers = (*(3, 4, 2, 3, 2)[:depth], 2)
    for reduction, bias, l2 in SETTINGS:
        made = smooth(
            layers,
            (*hidden, activation),
            samples=3,
            bias=bias,
            loss=loss,
            reduction=reduction,
            l2=l2,
        )
        shown = Engine(made).record()
        data = made.data
        biases = made.start.biases
        expected = objective(
            made,
            list(made.start.weights),
            None if biases is None else list(biases),
            data.inputs,
            data.targets,
        )
        assert shown.loss == pytest.approx(expected, rel=1e-12)
        check(shown)


@pytest.mark.parametrize("loss", ["half_squared_error", "mean_squared_error"])
@pytest.mark.parametrize("hidden", HIDDEN)
def test_hidden_activations(hidden: str, loss: str) -> None:
    for layers in ((3, 4, 2), (2, 3, 3, 4, 2)):
        activations = (hidden,) * (len(layers) - 2) + ("sigmoid",)
        check(Engine(smooth(layers, activations, samples=4, loss=loss)).record())


@pytest.mark.parametrize("shuffle", [False, True])
@pytest.mark.parametrize("batch_size", [1, 2, 5])
def test_mini_batches_at_later_steps(batch_size: int, shuffle: bool) -> None:
    engine = Engine(
        experiment(samples=5, batch_size=batch_size, shuffle=shuffle, optimizer="adam", l2=0.01)
    )
    for _ in range(6):
        shown = engine.record()
        assert np.array_equal(shown.values["input"], shown.experiment.data.inputs[shown.batch])
        check(shown)


@pytest.mark.parametrize("name", sorted(ACTIVATIONS))
def test_wide_and_single_units(name: str) -> None:
    made = smooth((1, 7), (name,), samples=2)
    check(Engine(made).record())
    if name != "softmax":  # one softmax unit is constant: its gradient is 0
        check(Engine(smooth((4, 1, 1), ("tanh", name), samples=2)).record())


def test_gradient_of_one_softmax_unit_is_zero() -> None:
    shown = Engine(experiment((3, 1), "softmax", loss="cross_entropy")).record()
    assert all(not np.any(g) for g in arrays(shown.gradients))
