"""How far errors of pre-activations can take activations and their slopes, and rounding of itself.

Where a function is flat, as a saturated sigmoid is, it swallows almost all of an error.
"""

from __future__ import annotations

import numpy as np

from bptui.core.arrays import Array
from bptui.core.gradcheck.derivatives import SMALLEST, STEP
from bptui.core.gradcheck.functions import LEAKY_SLOPE, Mask, activation, log_sum_exp, sigmoid

EPSILON = float(np.finfo(np.float64).eps)
SATURATED = {"sigmoid": 38.0, "tanh": 20.0, "gelu": 7.5, "softmax": 38.0}
"""Beyond this |z| (or logit, of softmax) float64 has only the limit: 0, 1 or -1, and slopes of 0
or 1."""


def slope(name: str, z: Array) -> Array:
    """|f'(z)| of any activation but softmax."""
    result: Array = np.abs(activation(name, z + 1j * STEP).imag) / STEP
    return result


def steepest(name: str, z: Array, error: Array) -> Array:
    """A bound on |f'| from z - error to z + error; of softmax see :func:`logits`."""
    nearest = np.maximum(np.abs(z) - error, 0.0)
    match name:
        case "sigmoid" | "softmax":
            return _logistic_slope(nearest)
        case "tanh":  # 1 - tanh^2 z is 4 s'(2 z)
            return 4.0 * _logistic_slope(2.0 * nearest)
        case "softplus":
            return np.asarray(sigmoid(z + error), dtype=np.float64)
        case "gelu":  # falling below -3; nowhere steeper than 1.13
            return np.where(z + error < -3.0, slope(name, np.minimum(z + error, -3.0)), 1.13)
        case "relu":
            return np.where(z + error > 0.0, 1.0, 0.0)
        case "leaky_relu":
            return np.where(z + error > 0.0, 1.0, LEAKY_SLOPE)
        case _:
            return np.ones_like(z)


def out_error(name: str, z: Array, a: Array, error: Array) -> Array:
    """A bound on the error of a = f(z) (samples, units) in float64, ``error`` being that of z."""
    if name == "softmax":
        # a is the sigmoid of its logit, which the errors of two pre-activations move
        z, error = logits(z), 2.0 * np.broadcast_to(error.max(-1, keepdims=True), z.shape)
    bound = steepest(name, z, error)
    moved = bound * error
    if name in ("sigmoid", "tanh", "softmax"):
        moved = np.minimum(moved, 1.0 if name != "tanh" else 2.0)
    # 1 + tanh cancels in the gelu
    terms = np.abs(z) if name == "gelu" else np.abs(a)
    result: Array = np.where(
        _limited(name, z, error), np.maximum(moved, bound), moved + 8.0 * EPSILON * terms
    )
    # powers of e may underflow to 0, where another formula still has a number
    return result + SMALLEST if name in ("sigmoid", "softplus", "gelu", "softmax") else result


def slope_error(name: str, z: Array, a: Array, error: Array) -> Array:
    """A bound on the error of f'(z) in float64; of any activation but softmax."""
    bound = steepest(name, z, error)
    flat = np.abs(z) - error > SATURATED.get(name, np.inf)
    # size of the terms that cancel in f', and how fast f' changes
    match name:
        case "sigmoid":
            terms, change = np.abs(a), bound
        case "tanh":
            terms, change = np.ones_like(a), 2.0 * bound
        case "softplus":
            terms, change = bound, bound
        case "gelu":
            terms, change = 2.0 + 2.0 * np.minimum(np.abs(z), 10.0), np.full_like(a, 2.0)
            bound = np.where(flat & (z > 0.0), 4.0 * EPSILON, bound)
        case _:
            return 4.0 * EPSILON * bound
    # where it is flat the result is its limit, as far from f' as f' is from that
    result: Array = np.where(flat, bound, np.minimum(change * error, bound) + 4.0 * EPSILON * terms)
    return result


def logits(z: Array) -> Array:
    """ln(a / (1 - a)) of a softmax: each z without the log of the sum of e^z of the others."""
    first = z.argmax(-1)[:, None]
    without = z.copy()
    np.put_along_axis(without, first, -np.inf, -1)
    largest = np.take_along_axis(z, first, -1)
    powers = np.exp(z - largest)
    others = largest + np.log(np.maximum(powers.sum(-1, keepdims=True) - powers, 0.0))
    second = without.max(-1, keepdims=True)
    finite = np.isfinite(second)
    of_first = np.where(finite, log_sum_exp(np.where(finite, without, 0.0)), -np.inf)
    np.put_along_axis(others, first, of_first, -1)
    result: Array = z - others
    return result


def _limited(name: str, z: Array, error: Array) -> Mask:
    """Where float64 has only the limit, which is no farther away than f is steep."""
    # towards 0 a sigmoid and a softmax lose no digits
    size = {"tanh": np.abs(z), "gelu": -z}.get(name, z)
    result: Mask = size - error > SATURATED.get(name, np.inf)
    return result


def _logistic_slope(z: Array) -> Array:
    """s'(z) = s(z) s(-z)."""
    result: Array = np.asarray(sigmoid(z) * sigmoid(-z), dtype=np.float64)
    return result
