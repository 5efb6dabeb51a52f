"""What cannot be run is refused by key, with what was found and what could stand there."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from bptui.core.engine import Engine
from bptui.core.errors import UnusableError
from bptui.core.experiment import Experiment, Training
from bptui.core.network import Network, Parameters
from bptui.core.optimizers import OPTIMIZERS

from .support import build, data, experiment


@pytest.mark.parametrize(
    ("change", "key"),
    [
        ({"loss": "huber"}, "training.loss"),
        ({"reduction": "median"}, "training.reduction"),
        ({"optimizer": "lion"}, "training.optimizer"),
        ({"learning_rate": -0.1}, "training.learning_rate"),
        ({"learning_rate": np.nan}, "training.learning_rate"),
        ({"learning_rate": np.inf}, "training.learning_rate"),
        ({"l2": -1.0}, "training.l2"),
        ({"steps": -1}, "training.steps"),
        ({"steps": 10**10}, "training.steps"),
        ({"seed": -1}, "training.seed"),
        ({"settings": (("momentum", 0.9),)}, "training.momentum"),
        ({"optimizer": "adam", "settings": (("momentum", 0.9),)}, "training.momentum"),
        ({"optimizer": "momentum", "settings": (("momentum", 1.0),)}, "training.momentum"),
        ({"optimizer": "adam", "settings": (("beta2", np.nan),)}, "training.beta2"),
        ({"optimizer": "adam", "settings": (("epsilon", -1e-8),)}, "training.epsilon"),
    ],
)
def test_training(change: dict[str, Any], key: str) -> None:
    with pytest.raises(UnusableError) as caught:
        Training(**change)
    assert caught.value.key == key
    assert str(caught.value).startswith(f"{key}: found ")
    assert caught.value.expected


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_settings_are_completed(name: str) -> None:
    defaults = dict(OPTIMIZERS[name].defaults)
    assert dict(Training(optimizer=name).settings) == defaults
    for key in defaults:
        given = Training(optimizer=name, settings=((key, 0.25),))
        assert dict(given.settings) == {**defaults, key: 0.25}


@pytest.mark.parametrize(
    ("layers", "activations", "key"),
    [
        ((2,), (), "network.layers"),
        ((2, 0), ("tanh",), "network.layers[1]"),
        ((2, 200_000), ("tanh",), "network.layers[1]"),
        ((10_000, 10_000), ("tanh",), "network.layers"),
        ((2,) * 100, ("tanh",) * 99, "network.layers"),
        ((2, 2, 2), ("tanh",), "network.activation"),
        ((2, 2), ("swish",), "network.activation[0]"),
        ((2, 2, 2), ("softmax", "tanh"), "network.activation[0]"),
    ],
)
def test_network(layers: tuple[int, ...], activations: tuple[str, ...], key: str) -> None:
    with pytest.raises(UnusableError) as caught:
        Network(layers, activations)
    assert caught.value.key == key


def with_start(weights: list[Any], biases: list[Any] | None) -> Experiment:
    return replace(experiment((2, 3, 2)), start=Parameters.of(weights, biases))


W1, W2, B1, B2 = np.ones((2, 3)), np.ones((3, 2)), np.ones(3), np.ones(2)


@pytest.mark.parametrize(
    ("weights", "biases", "key"),
    [
        ([W1], [B1, B2], "parameters.weights"),
        ([W1, W2, W2], [B1, B2], "parameters.weights"),
        ([W1, W2], [B1], "parameters.biases"),
        ([W1, W2], [B1, B2, B2], "parameters.biases"),
        ([W1, W2], None, "parameters.biases"),
        ([W1.T, W2], [B1, B2], "parameters.weights[0]"),
        ([W1, W2], [B1, B1], "parameters.biases[1]"),
        ([W1, W2 * np.nan], [B1, B2], "parameters.weights[1]"),
    ],
)
def test_start_values(weights: list[Any], biases: list[Any] | None, key: str) -> None:
    with pytest.raises(UnusableError) as caught:
        with_start(weights, biases)
    assert caught.value.key == key


@pytest.mark.parametrize(
    ("inputs", "targets", "key"),
    [
        (np.ones((4, 3)), np.ones((4, 2)), "data.inputs"),
        (np.ones((4, 2)), np.ones((4, 1)), "data.targets"),
        (np.ones((4, 2)), np.ones((3, 2)), "data.targets"),
        (np.ones((0, 2)), np.ones((0, 2)), "data.inputs"),
        (np.full((4, 2), np.inf), np.ones((4, 2)), "data.inputs"),
        (np.ones((4, 2)), np.full((4, 2), np.nan), "data.targets"),
    ],
)
def test_data(inputs: np.ndarray, targets: np.ndarray, key: str) -> None:
    with pytest.raises(UnusableError) as caught:
        replace(experiment((2, 3, 2)), data=data(inputs, targets))
    assert caught.value.key == key


def test_reduction_and_penalty_by_hand() -> None:
    """Two samples, outputs 3 and -1 off by 1 and 2: squares 1 and 4, weights 1 and 2."""
    parts = ([[[1.0], [2.0]]], None, ("identity",), [[1.0, 1.0], [1.0, -1.0]], [[2.0], [1.0]])
    for reduction, expected in (("mean", 2.5), ("sum", 5.0)):
        made = build(*parts, loss="squared_error", reduction=reduction, l2=0.1)
        assert Engine(made).record().loss == pytest.approx(expected + 0.1 * 5.0)
