"""Activations and losses that take complex numbers too, written apart from those of the engine.

Each is analytic but for relu and leaky_relu, whose pieces are chosen by ``on``; so the imaginary
part of f(z + ih) / h is its derivative (Squire & Trapp 1998). None overflows where the value fits.
"""

from __future__ import annotations

import math
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

from bptui.core.activations import APPLIED
from bptui.core.arrays import Array
from bptui.core.losses import TERMS

Values: TypeAlias = npt.NDArray[np.inexact[Any]]
"""float64 or complex128."""
Mask: TypeAlias = npt.NDArray[np.bool_]

KINKED = ("relu", "leaky_relu")
LEAKY_SLOPE = 0.01


def sigmoid(z: Values) -> Values:
    right = z.real >= 0.0
    small: Values = np.exp(np.where(right, -z, z))
    result: Values = np.where(right, 1.0, small) / (1.0 + small)
    return result


def softplus(z: Values) -> Values:
    """ln(1 + e^z)."""
    right = z.real >= 0.0
    result: Values = np.where(right, z, 0.0) + _log1p(np.exp(np.where(right, -z, z)))
    return result


def _log1p(z: Values) -> Values:
    """ln(1 + z) for real z, or with an imaginary part whose square is nothing beside 1.

    That of numpy rounds the real part of a small complex z to 0.
    """
    result: Values = np.log1p(z.real)
    if np.iscomplexobj(z):
        result = result + 1j * (z.imag / (1.0 + z.real))
    return result


def softmax(z: Values) -> Values:
    """Over the last axis."""
    powers = np.exp(z - z.real.max(-1, keepdims=True))
    result: Values = powers / powers.sum(-1, keepdims=True)
    return result


def log_sum_exp(z: Values) -> Values:
    """ln sum e^z over the last axis, which is kept with length 1."""
    largest = z.real.max(-1, keepdims=True)
    result: Values = largest + np.log(np.exp(z - largest).sum(-1, keepdims=True))
    return result


def gelu(z: Values) -> Values:
    """The tanh form of Hendrycks & Gimpel (2016), eq. 2; (1 + tanh y) / 2 is the sigmoid of 2y."""
    result: Values = z * sigmoid(2.0 * math.sqrt(2.0 / math.pi) * (z + 0.044715 * z**3))
    return result


def activation(name: str, z: Values, on: Mask | None = None) -> Values:
    """f(z); softmax over the last axis. ``on``: where relu and leaky_relu pass z on whole."""
    match name:
        case "identity":
            return z
        case "sigmoid":
            return sigmoid(z)
        case "tanh":
            result: Values = np.tanh(z)
            return result
        case "softplus":
            return softplus(z)
        case "gelu":
            return gelu(z)
        case "softmax":
            return softmax(z)
        case "relu":
            return np.where(_on(z, on), z, 0.0)
        case "leaky_relu":
            return np.where(_on(z, on), z, LEAKY_SLOPE * z)
        case _:
            other: Values = APPLIED[name].evaluate(z)
            return other


def _on(z: Values, on: Mask | None) -> Mask:
    return np.asarray(z.real > 0.0) if on is None else on


def from_logits(loss: str) -> bool:
    """Whether the loss is computed from the pre-activations, where the outputs lose digits."""
    return loss in ("binary_cross_entropy", "cross_entropy")


def loss_of_logits(loss: str, output_activation: str, z: Values, t: Array) -> Values:
    """A cross-entropy of each sample from its pre-activations (..., outputs)."""
    if loss == "binary_cross_entropy":
        terms = softplus(z) - z * t
    elif output_activation == "sigmoid":
        terms = t * softplus(-z)
    else:
        terms = t * (log_sum_exp(z) - z)
    result: Values = terms.sum(-1)
    return result


def terms_of_outputs(loss: str, a: Values, t: Array, outputs: int) -> Values:
    """What each output adds to the loss of its sample; ``outputs``: how many a sample has."""
    share = {"half_squared_error": 0.5, "squared_error": 1.0, "mean_squared_error": 1.0 / outputs}
    if loss in share:
        error = a - t
        squares: Values = share[loss] * error * error
        return squares
    if loss not in ("binary_cross_entropy", "cross_entropy"):
        scaled: Values = TERMS[loss].evaluate(a, np.asarray(t)) * (a.shape[-1] / outputs)
        return scaled
    # 0 ln 0 is 0
    result: Values = np.where(t == 0.0, 0.0, -t * np.log(a))
    if loss == "binary_cross_entropy":
        result = result - np.where(t == 1.0, 0.0, (1.0 - t) * np.log1p(-a))
    return result
