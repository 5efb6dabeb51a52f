"""What cannot be run is refused by key, with what was found and what could stand there."""

from __future__ import annotations

from collections.abc import Callable
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


W1, W2, B1, B2 = np.ones((2, 3)), np.ones((3, 2)), np.ones(3), np.ones(2)
X, T = np.ones((4, 2)), np.ones((4, 2))


def with_start(weights: list[Any], biases: list[Any] | None) -> Experiment:
    return replace(experiment((2, 3, 2)), start=Parameters.of(weights, biases))


def with_data(inputs: np.ndarray, targets: np.ndarray) -> Experiment:
    return replace(experiment((2, 3, 2)), data=data(inputs, targets))


REFUSED: list[tuple[str, Callable[..., object], tuple[Any, ...]]] = [
    ("network.layers", Network, ((2,), ())),
    ("network.layers[1]", Network, ((2, 0), ("tanh",))),
    ("network.layers[1]", Network, ((2, 200_000), ("tanh",))),
    ("network.layers", Network, ((10_000, 10_000), ("tanh",))),
    ("network.layers", Network, ((2,) * 100, ("tanh",) * 99)),
    ("network.activation", Network, ((2, 2, 2), ("tanh",))),
    ("network.activation[0]", Network, ((2, 2), ("swish",))),
    ("network.activation[0]", Network, ((2, 2, 2), ("softmax", "tanh"))),
    ("parameters.weights", with_start, ([W1], [B1, B2])),
    ("parameters.weights", with_start, ([W1, W2, W2], [B1, B2])),
    ("parameters.biases", with_start, ([W1, W2], [B1])),
    ("parameters.biases", with_start, ([W1, W2], [B1, B2, B2])),
    ("parameters.biases", with_start, ([W1, W2], None)),
    ("parameters.weights[0]", with_start, ([W1.T, W2], [B1, B2])),
    ("parameters.biases[1]", with_start, ([W1, W2], [B1, B1])),
    ("parameters.weights[1]", with_start, ([W1, W2 * np.nan], [B1, B2])),
    ("data.inputs", with_data, (np.ones((4, 3)), T)),
    ("data.targets", with_data, (X, np.ones((4, 1)))),
    ("data.targets", with_data, (X, T[:3])),
    ("data.inputs", with_data, (X[:0], T[:0])),
    ("data.inputs", with_data, (X * np.inf, T)),
    ("data.targets", with_data, (X, T * np.nan)),
]


@pytest.mark.parametrize(("key", "make", "given"), REFUSED)
def test_networks_start_values_and_data(
    key: str, make: Callable[..., object], given: tuple[Any, ...]
) -> None:
    with pytest.raises(UnusableError) as caught:
        make(*given)
    assert caught.value.key == key


def test_reduction_and_penalty_by_hand() -> None:
    """Two samples, outputs 3 and -1 off by 1 and 2: squares 1 and 4, weights 1 and 2."""
    parts = ([[[1.0], [2.0]]], None, ("identity",), [[1.0, 1.0], [1.0, -1.0]], [[2.0], [1.0]])
    for reduction, expected in (("mean", 2.5), ("sum", 5.0)):
        made = build(*parts, loss="squared_error", reduction=reduction, l2=0.1)
        assert Engine(made).record().loss == pytest.approx(expected + 0.1 * 5.0)
