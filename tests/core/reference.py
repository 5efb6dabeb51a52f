"""Backpropagation written a second time, plainly: one sample and one formula at a time.

The tests compare the core with it, mistakes included, so nothing here is taken from the core but
the experiment's description.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from bptui.core.experiment import Experiment

Array = npt.NDArray[np.float64]
Numbers = npt.NDArray[Any]
"""Real ones, or complex ones for derivatives."""
C, STEP = np.sqrt(2.0 / np.pi), 1e-100


def _softmax(z: Numbers) -> Numbers:
    e = np.exp(z - z.real.max())
    return e / e.sum()


def _size(x: Numbers) -> Numbers:
    return np.where(x.real < 0.0, -x, x)


FUNCTIONS: dict[str, Callable[[Numbers], Numbers]] = {
    "identity": lambda z: z,
    "sigmoid": lambda z: 1.0 / (1.0 + np.exp(-z)),
    "tanh": lambda z: (np.exp(z) - np.exp(-z)) / (np.exp(z) + np.exp(-z)),
    "relu": lambda z: np.where(z.real > 0.0, z, 0.0),
    "leaky_relu": lambda z: np.where(z.real > 0.0, z, 0.01 * z),
    "softplus": lambda z: np.log(1.0 + np.exp(z)),
    "gelu": lambda z: 0.5 * z * (1.0 + np.tanh(C * (z + 0.044715 * z**3))),
    "softmax": _softmax,
    "bipolar_sigmoid": lambda z: (1.0 - np.exp(-z)) / (1.0 + np.exp(-z)),
    "softsign": lambda z: z / (1.0 + _size(z)),
    "elu": lambda z: np.where(z.real > 0.0, z, np.expm1(z)),
    "silu": lambda z: z / (1.0 + np.exp(-z)),
    "hard_sigmoid": lambda z: np.where(_size(z).real < 3.0, (z + 3.0) / 6.0, z.real > 0.0),
}
LOSSES: dict[str, Callable[[Numbers, Array], Any]] = {
    "half_squared_error": lambda a, t: 0.5 * np.sum((a - t) ** 2),
    "squared_error": lambda a, t: np.sum((a - t) ** 2),
    "mean_squared_error": lambda a, t: np.mean((a - t) ** 2),
    "mean_absolute_error": lambda a, t: np.mean(_size(a - t)),
    "binary_cross_entropy": lambda a, t: -np.sum(t * np.log(a) + (1 - t) * np.log(1 - a)),
    "cross_entropy": lambda a, t: -np.sum(t * np.log(a)),
}


def jacobian(name: str, z: Array) -> Array:
    """da_i/dz_j of one sample, (units, units), by the complex step where that keeps its digits."""
    if name == "softmax":
        a = FUNCTIONS[name](z)
        return np.diag(a) - np.outer(a, a)
    beside = z + 1j * STEP * np.eye(z.size)
    return np.array([FUNCTIONS[name](row).imag / STEP for row in beside]).T


def sample_loss_gradient(name: str, a: Array, t: Array) -> Array:
    beside = a + 1j * STEP * np.eye(a.size)
    return np.array([LOSSES[name](row, t).imag / STEP for row in beside])


def objective(
    experiment: Experiment, weights: list[Array], biases: list[Array] | None, x: Array, t: Array
) -> float:
    """The reduced loss with its penalty, by the forward pass alone."""
    training = experiment.training
    total = 0.0
    for sample, target in zip(x, t, strict=True):
        a = sample
        for layer, name in enumerate(experiment.network.activations):
            z = a @ weights[layer] + (0.0 if biases is None else biases[layer])
            a = FUNCTIONS[name](z)
        total += LOSSES[training.loss](a, target)
    if training.reduction == "mean":
        total /= len(x)
    return total + training.l2 * sum(float(np.sum(w**2)) for w in weights)


@dataclass
class PlainRun:
    """Training with the experiment's mistakes, in lists of plain arrays."""

    experiment: Experiment
    weights: list[Array] = field(init=False)
    biases: list[Array] | None = field(init=False)
    step: int = 0

    def __post_init__(self) -> None:
        start = self.experiment.start
        self.weights = [w.copy() for w in start.weights]
        self.biases = None if start.biases is None else [b.copy() for b in start.biases]
        self.slots: dict[tuple[str, int], list[Array]] = {}
        self.sums: dict[tuple[str, int], Array] = {}
        self.values: dict[str, Array] = {}

    def play(self) -> tuple[float, list[Array], list[Array]]:
        """One step: the loss, the weights' and the biases' gradients as the mistakes make them."""
        experiment, mistakes = self.experiment, self.experiment.training.mistakes
        rows = experiment.schedule.indices(self.step)
        x, t = experiment.data.inputs[rows], experiment.data.targets[rows]
        loss = objective(experiment, self.weights, self.biases, x, t)
        depth, bias = experiment.network.depth, self.biases is not None
        zs: list[list[Array]] = []
        outs: list[list[Array]] = []
        for sample in x:
            z_row, a_row = list[Array](), [sample]
            for layer, name in enumerate(experiment.network.activations):
                bias_there = self.biases[layer] if self.biases else 0.0
                z_row.append(a_row[-1] @ self.weights[layer] + bias_there)
                a_row.append(FUNCTIONS[name](z_row[-1]))
            zs.append(z_row)
            outs.append(a_row)
        factor = self._factor(len(x))
        carried: list[Array] = [np.empty(0)] * len(x)
        weight_gradients: list[Array] = [np.empty(0)] * depth
        bias_gradients: list[Array] = [np.empty(0)] * depth
        self.step += 1
        for layer in reversed(range(depth)):
            deltas = []
            for n in range(len(x)):
                z, a = zs[n][layer], outs[n][layer + 1]
                slopes = jacobian(
                    experiment.network.activations[layer],
                    a if "derivative-of-activation" in mistakes else z,
                )
                if layer == depth - 1:
                    error = factor * sample_loss_gradient(experiment.training.loss, a, t[n])
                    delta = error if "missing-output-derivative" in mistakes else slopes @ error
                    carried[n] = error * a if "output-factor-a" in mistakes else delta
                else:
                    back = self.weights[layer + 1]
                    if "transposed-weights" not in mistakes:
                        back = back.T
                    if "missing-hidden-derivative" in mistakes:
                        delta = carried[n] @ back
                    elif "hidden-derivative-by-output" in mistakes:
                        delta = (carried[n] * np.diag(slopes)) @ back
                    else:
                        delta = slopes @ (carried[n] @ back)
                    carried[n] = delta
                deltas.append(delta)
            names = experiment.network.names
            self.values |= {
                names.net(layer + 1): np.array([row[layer] for row in zs]),
                names.out(layer + 1): np.array([row[layer + 1] for row in outs]),
                names.delta(layer + 1): np.array(deltas),
            }
            weight_gradient = 2.0 * experiment.training.l2 * self.weights[layer]
            for n, delta in enumerate(deltas):
                weight_gradient = weight_gradient + np.outer(outs[n][layer], delta)
            bias_gradient = (
                deltas[-1] if "bias-gradient-not-summed" in mistakes else np.sum(deltas, axis=0)
            )
            if "gradient-accumulated" in mistakes:
                weight_gradient = self.sums.get(("w", layer), 0.0) + weight_gradient
                bias_gradient = self.sums.get(("b", layer), 0.0) + bias_gradient
                self.sums["w", layer], self.sums["b", layer] = weight_gradient, bias_gradient
            weight_gradients[layer], bias_gradients[layer] = weight_gradient, bias_gradient
            if "updated-weights" in mistakes:
                self._update(layer, weight_gradient, bias_gradient)
        if "updated-weights" not in mistakes:
            for layer in range(depth):
                self._update(layer, weight_gradients[layer], bias_gradients[layer])
        return loss, weight_gradients, bias_gradients if bias else []

    def _factor(self, samples: int) -> float:
        training = self.experiment.training
        changes = {
            "not-averaged": samples,
            "averaged-twice": 1.0 / samples,
            "wrong-sign": -1.0,
            "doubled": 2.0,
            "missing-half": 0.5,
        }
        made = math.prod(changes.get(name, 1.0) for name in training.mistakes)
        return made / samples if training.reduction == "mean" else made

    def _update(self, layer: int, weight_gradient: Array, bias_gradient: Array) -> None:
        training, last = self.experiment.training, self.experiment.network.depth - 1
        frozen = {"frozen-first-layer": 0, "frozen-last-layer": last}
        if any(frozen.get(name) == layer for name in training.mistakes):
            return
        if _switch(training.train_weights, layer):
            self.weights[layer] = self._stepped("w", layer, self.weights[layer], weight_gradient)
        still = "bias-not-updated" in training.mistakes or not _switch(training.train_biases, layer)
        if self.biases is not None and not still:
            self.biases[layer] = self._stepped("b", layer, self.biases[layer], bias_gradient)

    def _stepped(self, kind: str, layer: int, w: Array, g: Array) -> Array:
        """The parameters after the update; its slots are changed in place."""
        training, settings = self.experiment.training, dict(self.experiment.training.settings)
        optimizer, lr, k = training.optimizer, training.learning_rate, self.step
        slots = self.slots.setdefault((kind, layer), [np.zeros_like(w), np.zeros_like(w)])
        if optimizer == "sgd":
            return w - lr * g
        if optimizer in ("momentum", "nesterov"):
            mu = settings["momentum"]
            slots[0] = mu * slots[0] - lr * g
            return w + slots[0] if optimizer == "momentum" else w + mu * slots[0] - lr * g
        epsilon = settings["epsilon"]
        if optimizer == "adagrad":
            slots[0] = slots[0] + g**2
            return w - lr * g / (np.sqrt(slots[0]) + epsilon)
        if optimizer == "rmsprop":
            slots[0] = settings["rho"] * slots[0] + (1 - settings["rho"]) * g**2
            return w - lr * g / (np.sqrt(slots[0]) + epsilon)
        one, two = settings["beta1"], settings["beta2"]
        slots[0] = one * slots[0] + (1 - one) * g
        slots[1] = two * slots[1] + (1 - two) * g**2
        m, v = slots[0] / (1 - one**k), slots[1] / (1 - two**k)
        return w - lr * m / (np.sqrt(v) + epsilon)


def _switch(switches: tuple[bool, ...] | bool, layer: int) -> bool:
    return switches if isinstance(switches, bool) else switches[layer]
