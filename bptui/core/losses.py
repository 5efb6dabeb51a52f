"""The losses, one entry each, with the shortcuts for the activations that they are made for."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import NamedTuple

import numpy as np

from bptui.core.activations import Activation, ln, ln_rest, softplus
from bptui.core.graph.backward import expression
from bptui.core.graph.elementwise import absolute, maximum, sign
from bptui.core.graph.node import Node, Op, constant

TINY = float(np.finfo(np.float64).tiny)
"""The smallest normal number: an output that has become 0 still gives a finite quotient."""
_TINY = constant(TINY, code="np.finfo(float).tiny")


class Shortcut(NamedTuple):
    """A loss behind the activation that it is made for.

    ``delta(a, t)`` is the derivative of its terms with respect to the pre-activation z, where what
    the two divide by cancels; ``why`` says so. ``terms(z, t)`` computes the terms in fewer steps.
    """

    delta: Callable[[Node, Node], Node]
    why: str
    terms: Callable[[Node, Node], Node] | None = None
    one_hot: Callable[[Node, Node], Node] | None = None
    """``delta`` where the targets of every sample add up to 1."""


class Loss(NamedTuple):
    """A loss: the sum of ``terms(a, t)`` over the outputs of each sample.

    ``slope(a, t)`` is their derivative with respect to a as a textbook writes it; without it the
    chain rule goes through the terms. ``shortcuts`` are by the name of the output activation.
    """

    name: str
    terms: Callable[[Node, Node], Node]
    slope: Callable[[Node, Node], Node] | None = None
    shortcuts: Mapping[str, Shortcut] = MappingProxyType({})
    target_range: tuple[float, float] = (-math.inf, math.inf)
    logarithms: bool = False
    """Whether it takes logarithms of the outputs, so that these must lie between 0 and 1."""
    each_alone: bool = False
    """Whether it treats every output as a probability of its own."""
    averaged: bool = False
    """Whether it is a mean over the outputs of a sample, not their sum."""
    words: str = ""

    def refusal(self, activation: Activation) -> str | None:
        """Say why this loss cannot follow that output activation, or None."""
        if activation.name in self.shortcuts or not self.logarithms:
            return None
        if not activation.probability:
            return (
                f"{self.name} takes the logarithm of the outputs, so they must lie between 0 and "
                f"1, which {activation.name} does not ensure"
            )
        if self.each_alone and activation.pullback is not None:
            return (
                f"{self.name} treats every output as a separate probability, but those of "
                f"{activation.name} depend on each other; cross_entropy fits {activation.name}"
            )
        return None


LOSSES: dict[str, Loss] = {}
"""By name."""
TERMS: dict[str, Op] = {}
"""The operation that the terms of each loss are in a graph."""


def enter_loss(loss: Loss) -> Loss:
    """Make a loss known to everything: the one entry that is enough."""
    slope = loss.slope
    rule: Callable[..., list[Node | None]] | None = None
    if slope is not None:
        rule = lambda a, t, terms, g: [g * slope(a, t), None]  # noqa: E731 - one expression
    TERMS[loss.name] = expression(loss.name, loss.terms, rule)
    LOSSES[loss.name] = loss
    return loss


for _each in (
    Loss(
        "half_squared_error",
        lambda a, t: 0.5 * (a - t) ** 2.0,
        lambda a, t: a - t,
        words="half the squared difference between output and target, summed",
    ),
    Loss(
        "squared_error",
        lambda a, t: (a - t) ** 2.0,
        lambda a, t: 2.0 * (a - t),
        words="the squared difference between output and target, summed",
    ),
    Loss(
        "mean_squared_error",
        lambda a, t: (a - t) ** 2.0 / float(a.shape[-1]),
        lambda a, t: 2.0 * (a - t) / float(a.shape[-1]),
        averaged=True,
        words="the squared difference between output and target, averaged",
    ),
    Loss(
        "mean_absolute_error",
        lambda a, t: absolute(a - t) / float(a.shape[-1]),
        lambda a, t: sign(a - t) / float(a.shape[-1]),
        averaged=True,
        words="the distance between output and target, averaged",
    ),
    Loss(
        "binary_cross_entropy",
        lambda a, t: -(t * ln(a) + (1.0 - t) * ln_rest(a)),
        lambda a, t: (1.0 - t) / maximum(1.0 - a, _TINY) - t / maximum(a, _TINY),
        {
            "sigmoid": Shortcut(
                lambda a, t: a - t,
                "the out (1 - out) of sigmoid and of cross-entropy cancel",
                lambda z, t: softplus(z) - z * t,
            )
        },
        (0.0, 1.0),
        logarithms=True,
        each_alone=True,
        words="the cross-entropy between output and target, summed",
    ),
    Loss(
        "cross_entropy",
        lambda a, t: -(t * ln(a)),
        lambda a, t: -(t / maximum(a, _TINY)),
        {
            "sigmoid": Shortcut(
                lambda a, t: t * (a - 1.0), "the out of sigmoid and of cross-entropy cancel"
            ),
            "softmax": Shortcut(
                lambda a, t: a * t.sum(axis=-1, keepdims=True) - t,
                "the sum over the softmax's Jacobian is out times the sum of the targets, which is "
                "1 for one-hot ones, minus the target",
                one_hot=lambda a, t: a - t,
            ),
        },
        (0.0, math.inf),
        logarithms=True,
        words="minus the logarithm of the output times the target, summed",
    ),
):
    enter_loss(_each)
