"""Activation functions and their derivatives, as numpy calls on preallocated buffers."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from bptui.core.arrays import Array, Call, call, constant, run

ONE, ZERO, HALF = constant(1.0), constant(0.0), constant(0.5)
LEAKY_SLOPE = 0.01


class Activation(NamedTuple):
    """An activation ``a = f(z)`` on a whole batch, shape (samples, units).

    ``forward(z, a)`` gives the calls that fill ``a``; ``derivative(z, a, d)`` those that fill ``d``
    with f'(z), ``a`` being f(z). Softmax, whose units depend on each other, has no such derivative;
    its ``backward`` applies the whole Jacobian instead.
    """

    name: str
    forward: Callable[[Array, Array], list[Call]]
    derivative: Callable[[Array, Array, Array], list[Call]] | None
    probability: bool = False
    """Whether every value lies in (0, 1)."""

    def backward(self, z: Array, a: Array, upstream: Array, delta: Array) -> list[Call]:
        """Calls that fill ``delta`` with dL/dz, given ``upstream`` = dL/da."""
        if self.derivative is None:
            return softmax_backward(a, upstream, delta)
        return [*self.derivative(z, a, delta), call(np.multiply, delta, upstream, delta)]


def identity(z: Array, a: Array) -> list[Call]:
    return [call(np.positive, z, a)]


def identity_derivative(z: Array, a: Array, d: Array) -> list[Call]:
    return [call(d.fill, 1.0)]


def sigmoid(z: Array, a: Array) -> list[Call]:
    # e^-z may reach inf, where 1 / (1 + inf) is 0, as it should be
    return [
        call(np.negative, z, a),
        call(np.exp, a, a),
        call(np.add, a, ONE, a),
        call(np.reciprocal, a, a),
    ]


def sigmoid_derivative(z: Array, a: Array, d: Array) -> list[Call]:
    return [call(np.subtract, ONE, a, d), call(np.multiply, d, a, d)]


def tanh(z: Array, a: Array) -> list[Call]:
    return [call(np.tanh, z, a)]


def tanh_derivative(z: Array, a: Array, d: Array) -> list[Call]:
    return [call(np.multiply, a, a, d), call(np.subtract, ONE, d, d)]


def relu(z: Array, a: Array) -> list[Call]:
    return [call(np.maximum, z, ZERO, out=a)]


def relu_derivative(z: Array, a: Array, d: Array) -> list[Call]:
    return [call(np.greater, z, ZERO, d)]


def leaky_relu(z: Array, a: Array) -> list[Call]:
    return [call(np.multiply, z, constant(LEAKY_SLOPE), a), call(np.maximum, z, a, out=a)]


def leaky_relu_derivative(z: Array, a: Array, d: Array) -> list[Call]:
    return [
        call(np.greater, z, ZERO, d),
        call(np.multiply, d, constant(1.0 - LEAKY_SLOPE), d),
        call(np.add, d, constant(LEAKY_SLOPE), d),
    ]


def softplus(z: Array, a: Array) -> list[Call]:
    return [call(np.logaddexp, z, ZERO, a)]


def softplus_derivative(z: Array, a: Array, d: Array) -> list[Call]:
    return sigmoid(z, d)


GELU_SCALE, GELU_CUBE = math.sqrt(2.0 / math.pi), 0.044715


def _gelu_tanh(z: Array, out: Array) -> list[Call]:
    """tanh(sqrt(2/pi) (z + 0.044715 z^3)), computed as tanh(scale * z * (1 + 0.044715 z^2))."""
    return [
        call(np.multiply, z, z, out),
        call(np.multiply, out, constant(GELU_CUBE), out),
        call(np.add, out, ONE, out),
        call(np.multiply, out, z, out),
        call(np.multiply, out, constant(GELU_SCALE), out),
        call(np.tanh, out, out),
    ]


def gelu(z: Array, a: Array) -> list[Call]:
    """The tanh form of Hendrycks & Gimpel (2016), eq. 2."""
    return [
        *_gelu_tanh(z, a),
        call(np.add, a, ONE, a),
        call(np.multiply, a, z, a),
        call(np.multiply, a, HALF, a),
    ]


def gelu_derivative(z: Array, a: Array, d: Array) -> list[Call]:
    """(1 + u)/2 + z (1 - u^2)/2 * scale (1 + 3 * 0.044715 z^2), u the tanh of the forward pass."""
    slope, half = np.empty_like(z), np.empty_like(z)
    return [
        call(np.multiply, z, z, slope),
        call(np.multiply, slope, constant(3.0 * GELU_CUBE), slope),
        call(np.add, slope, ONE, slope),
        call(np.multiply, slope, z, slope),
        call(np.multiply, slope, constant(GELU_SCALE), slope),
        *_gelu_tanh(z, d),
        call(np.multiply, d, d, half),
        call(np.subtract, ONE, half, half),
        call(np.multiply, slope, half, slope),
        call(np.add, d, ONE, d),
        call(np.add, d, slope, d),
        call(np.multiply, d, HALF, d),
    ]


def softmax(z: Array, a: Array) -> list[Call]:
    # shifted by each row's largest value, so that no exponential overflows
    row = np.empty((z.shape[0], 1))
    return [
        call(np.maximum.reduce, z, 1, None, row, True),
        call(np.subtract, z, row, a),
        call(np.exp, a, a),
        call(np.add.reduce, a, 1, None, row, True),
        call(np.divide, a, row, a),
    ]


def softmax_backward(a: Array, upstream: Array, delta: Array) -> list[Call]:
    """dL/dz_i = a_i (dL/da_i - sum_j a_j dL/da_j)."""
    row = np.empty((a.shape[0], 1))
    return [
        call(np.multiply, a, upstream, delta),
        call(np.add.reduce, delta, 1, None, row, True),
        call(np.subtract, upstream, row, delta),
        call(np.multiply, delta, a, delta),
    ]


ACTIVATIONS: dict[str, Activation] = {
    each.name: each
    for each in (
        Activation("identity", identity, identity_derivative),
        Activation("sigmoid", sigmoid, sigmoid_derivative, True),
        Activation("tanh", tanh, tanh_derivative),
        Activation("relu", relu, relu_derivative),
        Activation("leaky_relu", leaky_relu, leaky_relu_derivative),
        Activation("softplus", softplus, softplus_derivative),
        Activation("gelu", gelu, gelu_derivative),
        Activation("softmax", softmax, None, True),
    )
}
"""By name; :mod:`bptui.core.derivation.functions` writes their formulas for readers."""


def evaluate(name: str, z: Array) -> Array:
    """f(z) of the activation ``name``; shape (samples, units)."""
    out = np.empty_like(z)
    run(ACTIVATIONS[name].forward(z, out))
    return out
