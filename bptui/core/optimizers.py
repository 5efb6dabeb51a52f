"""The optimizers, one entry each: what an update makes of a parameter and what it remembers."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import NamedTuple

from bptui.core.graph.elementwise import sqrt
from bptui.core.graph.node import Node

Named = Mapping[str, Node]


class Optimizer(NamedTuple):
    """An update rule, with the slots that it keeps beside each parameter, and its settings.

    ``update(w, g, slots, settings, rate, k)`` gives the new slots, by name, and the new parameter
    under ``w``, in the order in which they are computed; k is the number of the update, from 1.
    """

    update: Callable[[Node, Node, Named, Named, Node, Node], dict[str, Node]]
    slots: tuple[str, ...] = ()
    defaults: Mapping[str, float] = MappingProxyType({})
    words: str = ""
    counts: bool = False
    """Whether the number of the update has a part in it."""


def _sgd(w: Node, g: Node, slots: Named, given: Named, rate: Node, k: Node) -> dict[str, Node]:
    return {"w": w - rate * g}


def _momentum(w: Node, g: Node, slots: Named, given: Named, rate: Node, k: Node) -> dict[str, Node]:
    v = given["momentum"] * slots["v"] - rate * g
    return {"v": v, "w": w + v}


def _nesterov(w: Node, g: Node, slots: Named, given: Named, rate: Node, k: Node) -> dict[str, Node]:
    v = given["momentum"] * slots["v"] - rate * g
    return {"v": v, "w": w + given["momentum"] * v - rate * g}


def _adagrad(w: Node, g: Node, slots: Named, given: Named, rate: Node, k: Node) -> dict[str, Node]:
    s = slots["s"] + g**2.0
    return {"s": s, "w": w - rate * g / (sqrt(s) + given["epsilon"])}


def _rmsprop(w: Node, g: Node, slots: Named, given: Named, rate: Node, k: Node) -> dict[str, Node]:
    s = given["rho"] * slots["s"] + (1.0 - given["rho"]) * g**2.0
    return {"s": s, "w": w - rate * g / (sqrt(s) + given["epsilon"])}


def _adam(w: Node, g: Node, slots: Named, given: Named, rate: Node, k: Node) -> dict[str, Node]:
    """Follow Kingma & Ba (2015), algorithm 1."""
    beta1, beta2 = given["beta1"], given["beta2"]
    m = beta1 * slots["m"] + (1.0 - beta1) * g
    v = beta2 * slots["v"] + (1.0 - beta2) * g**2.0
    mean, square = m / (1.0 - beta1**k), v / (1.0 - beta2**k)
    return {"m": m, "v": v, "w": w - rate * mean / (sqrt(square) + given["epsilon"])}


OPTIMIZERS: dict[str, Optimizer] = {
    "sgd": Optimizer(_sgd, words="minus the learning rate times its gradient"),
    "momentum": Optimizer(
        _momentum,
        ("v",),
        {"momentum": 0.9},
        "plus its velocity: a part of the old velocity, minus the learning rate times the gradient",
    ),
    "nesterov": Optimizer(
        _nesterov,
        ("v",),
        {"momentum": 0.9},
        "plus its velocity, looked up one step ahead",
    ),
    "adagrad": Optimizer(
        _adagrad,
        ("s",),
        {"epsilon": 1e-8},
        "minus the learning rate times its gradient, divided by the square root of the sum "
        "of all its squared gradients so far",
    ),
    "rmsprop": Optimizer(
        _rmsprop,
        ("s",),
        {"rho": 0.9, "epsilon": 1e-8},
        "minus the learning rate times its gradient, divided by the square root of the "
        "running mean of its squared gradients",
    ),
    "adam": Optimizer(
        _adam,
        ("m", "v"),
        {"beta1": 0.9, "beta2": 0.999, "epsilon": 1e-8},
        "minus the learning rate times the running mean of its gradient, divided by the square "
        "root of that of its square, both corrected for starting at 0",
        counts=True,
    ),
}
"""By name."""
