"""Whether the update did what the optimizer makes of the step's own gradients."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from bptui.core.arrays import Array
from bptui.core.experiment import Experiment
from bptui.core.gradcheck.slopes import EPSILON
from bptui.core.network import Parameters
from bptui.core.snapshot import Snapshot

TOLERANCE = 1e-9


@dataclass(frozen=True)
class UpdateFault:
    """Parameters ``name`` (W2, b1) that did not become what they should have.

    ``never_applied``: they stayed as they were. ``wrong`` of ``total`` numbers are concerned.
    """

    name: str
    layer: int
    never_applied: bool
    wrong: int
    total: int


def change(
    experiment: Experiment, number: int, parameter: Array, gradient: Array, slots: dict[str, Array]
) -> Array:
    """What update ``number``, from 1, adds to ``parameter``; see :mod:`bptui.core.optimizers`.

    ``slots`` are those before the update, by name; all arrays have one shape.
    """
    training = experiment.training
    rate, settings, g = training.learning_rate, dict(training.settings), gradient
    match training.optimizer:
        case "sgd":
            return -rate * g
        case "momentum":
            return settings["momentum"] * slots["v"] - rate * g
        case "nesterov":
            mu = settings["momentum"]
            return mu * (mu * slots["v"] - rate * g) - rate * g
        case "adagrad":
            return -rate * g / (np.sqrt(slots["s"] + g * g) + settings["epsilon"])
        case "rmsprop":
            rho = settings["rho"]
            mean = rho * slots["s"] + (1.0 - rho) * g * g
            return -rate * g / (np.sqrt(mean) + settings["epsilon"])
        case "adam":
            beta1, beta2 = settings["beta1"], settings["beta2"]
            m = (beta1 * slots["m"] + (1.0 - beta1) * g) / (1.0 - beta1**number)
            v = (beta2 * slots["v"] + (1.0 - beta2) * g * g) / (1.0 - beta2**number)
            return -rate * m / (np.sqrt(v) + settings["epsilon"])
        case _:
            raise KeyError(training.optimizer)


def update_faults(snapshot: Snapshot) -> list[UpdateFault]:
    """Where the next state's parameters are not the optimizer's, first layer first.

    Layers that the preset does not train, by train_weights and train_biases, are to stay.
    """
    faults: list[UpdateFault] = []
    old, new = (
        _by_name(snapshot, snapshot.parameters),
        _by_name(snapshot, snapshot.updated_parameters),
    )
    gradients = _by_name(snapshot, snapshot.gradients)
    slots = {slot: _by_name(snapshot, each) for slot, each in snapshot.slots.items()}
    with np.errstate(all="ignore"):
        for name, (layer, before) in old.items():
            after, gradient = new[name][1], gradients[name][1]
            own = {slot: each[name][1] for slot, each in slots.items()}
            due = np.zeros_like(before)
            frozen = snapshot.experiment.frozen.get(name)
            if frozen is None or not frozen.switch:  # a mistake is no reason to leave it out
                due = change(snapshot.experiment, snapshot.step + 1, before, gradient, own)
            allowed = TOLERANCE * np.abs(due) + 4.0 * EPSILON * np.abs(before)
            expected = before + due
            equal = (after == expected) | (np.isnan(after) & np.isnan(expected))
            wrong = ~(equal | (np.abs(after - expected) <= allowed))
            if wrong.any():
                stayed = np.array_equal(after, before)
                faults.append(UpdateFault(name, layer, stayed, int(wrong.sum()), wrong.size))
    return faults


def _by_name(snapshot: Snapshot, parameters: Parameters) -> dict[str, tuple[int, Array]]:
    """Layer and array of each matrix and each vector of biases."""
    return {name: (layer, array) for layer, name, array in _named(snapshot, parameters)}


def _named(snapshot: Snapshot, parameters: Parameters) -> Iterator[tuple[int, str, Array]]:
    names = snapshot.experiment.network.names
    for layer, weights in enumerate(parameters.weights, 1):
        yield layer, names.weights(layer), weights
        if parameters.biases is not None:
            yield layer, names.bias(layer), parameters.biases[layer - 1]
