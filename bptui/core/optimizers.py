"""Optimizers: the update rules, as numpy calls on a block of parameters and its gradient."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import NamedTuple

import numpy as np

from bptui.core.arrays import Array, Call, call, constant

Settings = Mapping[str, float]
Slots = tuple[Array, ...]


class Block(NamedTuple):
    """What one update works on: arrays of one length, all changed in place except ``gradient``.

    ``corrections`` holds Adam's 1 - beta1^k and 1 - beta2^k, which the engine sets before update k.
    """

    parameters: Array
    gradient: Array
    slots: Slots
    scratch: Array
    other_scratch: Array
    corrections: tuple[Array, Array]


class Optimizer(NamedTuple):
    """An update rule: the slots it keeps beside each parameter, its settings."""

    name: str
    update: Callable[[Block, float, Settings], list[Call]]
    slots: tuple[str, ...] = ()
    defaults: Settings = MappingProxyType({})
    spends_gradient: bool = False
    """Whether the gradient is read just once, into ``scratch``: then one array can be both."""


def sgd(block: Block, learning_rate: float, settings: Settings) -> list[Call]:
    return [
        call(np.multiply, block.gradient, constant(learning_rate), block.scratch),
        call(np.subtract, block.parameters, block.scratch, block.parameters),
    ]


def _velocity(block: Block, learning_rate: float, settings: Settings) -> list[Call]:
    """v = mu v - lr g, leaving lr g in the scratch."""
    (v,) = block.slots
    return [
        call(np.multiply, v, constant(settings["momentum"]), v),
        call(np.multiply, block.gradient, constant(learning_rate), block.scratch),
        call(np.subtract, v, block.scratch, v),
    ]


def momentum(block: Block, learning_rate: float, settings: Settings) -> list[Call]:
    return [
        *_velocity(block, learning_rate, settings),
        call(np.add, block.parameters, block.slots[0], block.parameters),
    ]


def nesterov(block: Block, learning_rate: float, settings: Settings) -> list[Call]:
    ahead = block.other_scratch
    return [
        *_velocity(block, learning_rate, settings),
        call(np.multiply, block.slots[0], constant(settings["momentum"]), ahead),
        call(np.subtract, ahead, block.scratch, ahead),
        call(np.add, block.parameters, ahead, block.parameters),
    ]


def _scaled_step(
    block: Block, learning_rate: float, numerator: Array, square: Array, epsilon: float
) -> list[Call]:
    """w -= lr numerator / (sqrt(square) + epsilon); ``square`` may be the scratch itself."""
    step, root = block.other_scratch, block.scratch
    return [
        call(np.sqrt, square, root),
        call(np.add, root, constant(epsilon), root),
        call(np.multiply, numerator, constant(learning_rate), step),
        call(np.divide, step, root, step),
        call(np.subtract, block.parameters, step, block.parameters),
    ]


def adagrad(block: Block, learning_rate: float, settings: Settings) -> list[Call]:
    (s,) = block.slots
    return [
        call(np.multiply, block.gradient, block.gradient, block.scratch),
        call(np.add, s, block.scratch, s),
        *_scaled_step(block, learning_rate, block.gradient, s, settings["epsilon"]),
    ]


def _decaying_mean(mean: Array, decay: float, sample: Array) -> list[Call]:
    """mean = decay mean + (1 - decay) sample; ``sample`` is used up."""
    return [
        call(np.multiply, mean, constant(decay), mean),
        call(np.multiply, sample, constant(1.0 - decay), sample),
        call(np.add, mean, sample, mean),
    ]


def rmsprop(block: Block, learning_rate: float, settings: Settings) -> list[Call]:
    (s,) = block.slots
    return [
        call(np.multiply, block.gradient, block.gradient, block.scratch),
        *_decaying_mean(s, settings["rho"], block.scratch),
        *_scaled_step(block, learning_rate, block.gradient, s, settings["epsilon"]),
    ]


def adam(block: Block, learning_rate: float, settings: Settings) -> list[Call]:
    """Kingma & Ba (2015), algorithm 1."""
    m, v = block.slots
    return [
        call(np.positive, block.gradient, block.scratch),
        *_decaying_mean(m, settings["beta1"], block.scratch),
        call(np.multiply, block.gradient, block.gradient, block.scratch),
        *_decaying_mean(v, settings["beta2"], block.scratch),
        call(np.divide, v, block.corrections[1], block.scratch),
        call(np.sqrt, block.scratch, block.scratch),
        call(np.add, block.scratch, constant(settings["epsilon"]), block.scratch),
        call(np.divide, m, block.corrections[0], block.other_scratch),
        call(np.multiply, block.other_scratch, constant(learning_rate), block.other_scratch),
        call(np.divide, block.other_scratch, block.scratch, block.other_scratch),
        call(np.subtract, block.parameters, block.other_scratch, block.parameters),
    ]


OPTIMIZERS: dict[str, Optimizer] = {
    each.name: each
    for each in (
        Optimizer("sgd", sgd, spends_gradient=True),
        Optimizer(
            "momentum",
            momentum,
            ("v",),
            {"momentum": 0.9},
            spends_gradient=True,
        ),
        Optimizer("nesterov", nesterov, ("v",), {"momentum": 0.9}),
        Optimizer(
            "adagrad",
            adagrad,
            ("s",),
            {"epsilon": 1e-8},
        ),
        Optimizer(
            "rmsprop",
            rmsprop,
            ("s",),
            {"rho": 0.9, "epsilon": 1e-8},
        ),
        Optimizer(
            "adam",
            adam,
            ("m", "v"),
            {"beta1": 0.9, "beta2": 0.999, "epsilon": 1e-8},
        ),
    )
}
