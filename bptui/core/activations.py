"""The activations, one entry each: all that anybody wants to know of them."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from bptui.core.arrays import Array
from bptui.core.graph.backward import expression
from bptui.core.graph.elementwise import (
    absolute,
    exp,
    expm1,
    greater,
    log,
    logaddexp,
    maximum,
    minimum,
    positive,
    tanh,
    where,
)
from bptui.core.graph.node import Node, Op, constant, enter, number, stable
from bptui.core.graph.reductions import max_

LEAKY_SLOPE = 0.01
FAR, MOST = 1e9, 1e3
"""A pre-activation at which every activation is as good as at its limit, if that is below MOST."""
FLAT = 1e6
"""The square of a pre-activation from which on gelu is flat or straight."""
_ZERO = constant(0.0)
GELU_CUBE = 0.044715
_GELU_SCALE = constant(math.sqrt(2.0 / math.pi), "√(2/π)", "np.sqrt(2 / np.pi)")


class Activation(NamedTuple):
    """An activation ``a = f(z)`` on a whole batch, shape (samples, units).

    ``formula`` is f as a textbook writes it, ``computed`` the same so that nothing overflows or
    loses digits, where that differs. ``slope(z, a)`` is f'(z), with a for f(z) where a textbook
    writes it so; without it the chain rule goes through the formula. ``pullback(z, a, g)`` is
    dL/dz from g = dL/da where the units of a sample depend on each other.
    """

    name: str
    formula: Callable[[Node], Node]
    slope: Callable[[Node, Node], Node] | None = None
    probability: bool = False
    """Whether every value lies in (0, 1)."""
    computed: Callable[[Node], Node] | None = None
    pullback: Callable[[Node, Node, Node], Node] | None = None
    log: Callable[[Node], Node] | None = None
    """ln of the values from z, which keeps its digits where a value is rounded to 0."""
    log_rest: Callable[[Node], Node] | None = None
    """Return ln of 1 less the values, likewise."""
    words: str = ""
    note: str = ""
    """What else is to be said of its formula."""


ACTIVATIONS: dict[str, Activation] = {}
"""By name."""
APPLIED: dict[str, Op] = {}
"""The operation that each activation is in a graph."""


def enter_activation(activation: Activation) -> Activation:
    """Make an activation known to everything: the one entry that is enough."""
    name, slope, pullback = activation.name, activation.slope, activation.pullback
    rule: Callable[..., list[Node | None]] | None = None
    if pullback is not None:
        rule = lambda z, a, g: [pullback(z, a, g)]  # noqa: E731 - a rule is one expression
    elif slope is not None:
        written = expression(f"{name}'", slope)

        def rule(z: Node, a: Node, g: Node) -> list[Node | None]:
            value = slope(z, a)
            return [g * (written(z, a) if number(value) is None else value)]

    APPLIED[name] = expression(name, activation.formula, rule, activation.computed)
    ACTIVATIONS[name] = activation
    return activation


def logistic(z: Node) -> Node:
    """Return 1 / (1 + e^-z); e^-z may reach inf, where 1 / (1 + inf) is 0, as it should be."""
    return 1.0 / (1.0 + exp(-z))


def softplus(z: Node) -> Node:
    """Return ln(1 + e^z), computed so that it neither overflows nor loses digits."""
    return logaddexp(z, _ZERO)


def ln(a: Node) -> Node:
    """Return ln of an activation, computed from the pre-activation where that is better."""
    return _stable_log(a, a, "log")


def ln_rest(a: Node) -> Node:
    """Return ln of 1 less an activation, likewise."""
    return _stable_log(1.0 - a, a, "log_rest")


def _stable_log(shown: Node, a: Node, way: str) -> Node:
    computed = getattr(ACTIVATIONS.get(a.op.name), way, None)
    return log(shown) if computed is None else stable(log(shown), computed(*a.inputs))


def _positive(z: Node, yes: Node | float, no: Node | float) -> Node:
    """Return ``yes`` where z is above 0, else ``no``."""
    first, second = (each if isinstance(each, Node) else constant(each) for each in (yes, no))
    return where(greater(z, _ZERO), first, second)


def _gelu_tanh(z: Node) -> Node:
    return tanh(_GELU_SCALE * (z * (1.0 + GELU_CUBE * z**2.0)))


def _gelu_slope(z: Node, a: Node) -> Node:
    u = _gelu_tanh(z)
    # where z^2 overflows, 1 - u^2 has been 0 for long: 0 times infinity would be no number
    inner = 1.0 + 3.0 * GELU_CUBE * stable(z**2.0, minimum(z**2.0, constant(FLAT)))
    return 0.5 * (1.0 + u) + 0.5 * (z * (1.0 - u**2.0) * (_GELU_SCALE * inner))


def _softmax(z: Node) -> Node:
    powers = exp(z)
    return powers / powers.sum(axis=-1, keepdims=True)


def _log_sum_exp(z: Node) -> Node:
    """Return ln of the sum of e^z, shifted by the largest z, so that no exponential overflows."""
    top = max_(z, axis=-1, keepdims=True)
    return top + log(exp(z - top).sum(axis=-1, keepdims=True))


LOG_SUM_EXP = enter(
    expression(
        "log_sum_exp",
        lambda z: log(exp(z).sum(axis=-1, keepdims=True)),
        lambda z, y, g: [g * exp(z - y)],
        _log_sum_exp,
    )
)


for _each in (
    Activation(
        "identity",
        lambda z: positive(z),
        lambda z, a: constant(1.0),
        words="the pre-activation as it is",
    ),
    Activation(
        "sigmoid",
        logistic,
        lambda z, a: a * (1.0 - a),
        probability=True,
        log=lambda z: -softplus(-z),
        log_rest=lambda z: -softplus(z),
    ),
    Activation("tanh", lambda z: tanh(z), lambda z, a: 1.0 - a**2.0),
    Activation("relu", lambda z: maximum(z, _ZERO), lambda z, a: _positive(z, 1.0, 0.0)),
    Activation(
        "leaky_relu",
        lambda z: maximum(z, LEAKY_SLOPE * z),
        lambda z, a: _positive(z, 1.0, LEAKY_SLOPE),
    ),
    Activation("softplus", softplus, lambda z, a: logistic(z)),
    Activation(
        "gelu",
        lambda z: 0.5 * (z * (1.0 + _gelu_tanh(z))),
        _gelu_slope,
        note="The tanh form (Hendrycks & Gimpel 2016, eq. 2; in torch: approximate='tanh'); the "
        "exact one, z times the distribution function of the standard normal, differs from it by "
        "up to 0.0005",
    ),
    Activation(
        "bipolar_sigmoid",
        lambda z: stable((1.0 - exp(-z)) / (1.0 + exp(-z)), tanh(0.5 * z)),
        lambda z, a: 0.5 * (1.0 - a**2.0),
    ),
    Activation(
        "softsign", lambda z: z / (1.0 + absolute(z)), lambda z, a: 1.0 / (1.0 + absolute(z)) ** 2.0
    ),
    Activation(
        "elu",
        lambda z: _positive(z, z, exp(z) - 1.0),
        lambda z, a: _positive(z, 1.0, a + 1.0),
        computed=lambda z: _positive(z, z, expm1(minimum(z, _ZERO))),
    ),
    Activation("silu", lambda z: z * logistic(z), lambda z, a: a + logistic(z) * (1.0 - a)),
    Activation(
        "hard_sigmoid",
        # as in PyTorch: 0 up to -3, 1 from 3 on, a straight line between
        lambda z: maximum((z + 3.0) / 6.0, _ZERO) - maximum((z - 3.0) / 6.0, _ZERO),
        lambda z, a: _positive(3.0 - absolute(z), 1.0 / 6.0, 0.0),
        computed=lambda z: minimum(maximum((z + 3.0) / 6.0, _ZERO), constant(1.0)),
    ),
    Activation(
        "softmax",
        lambda z: stable(_softmax(z), exp(z - LOG_SUM_EXP(z))),
        probability=True,
        computed=lambda z: _softmax(z - max_(z, axis=-1, keepdims=True)),
        # dL/dz_i = a_i (dL/da_i - sum_j a_j dL/da_j), the whole Jacobian applied
        pullback=lambda z, a, g: a * (g - (a * g).sum(axis=-1, keepdims=True)),
        log=lambda z: z - LOG_SUM_EXP(z),
        words="e to the power of each pre-activation, divided by their sum over the layer",
    ),
):
    enter_activation(_each)


def limits(name: str) -> tuple[float, float]:
    """Return what f(z) tends to on both sides; an infinity where it has no bound there."""
    if ACTIVATIONS[name].probability:
        return 0.0, 1.0
    low, high = evaluate(name, np.array([[-FAR], [FAR]])).ravel().round(6).tolist()
    return (low if low > -MOST else -math.inf), (high if high < MOST else math.inf)


def evaluate(name: str, z: Array) -> Array:
    """Return f(z) of the activation ``name``; shape (samples, units)."""
    with np.errstate(all="ignore"):
        return APPLIED[name].evaluate(z)
