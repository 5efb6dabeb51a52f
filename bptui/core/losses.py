"""Loss functions: value and gradient of a whole batch, computed so that nothing overflows."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from bptui.core.activations import ONE, ZERO, Activation
from bptui.core.arrays import Array, Call, call, constant, inner_product

# smallest normal number: a saturated output that has become 0 still gives a finite quotient
TINY = constant(float(np.finfo(np.float64).tiny))


class Loss(NamedTuple):
    """A loss, summed over the outputs of each sample and then over the batch.

    ``value(activation, z, a, t, error, total)`` gives the calls that write that sum, without the
    factor of ``coefficient(outputs)``, into ``total`` (1, 1). ``gradient(a, t, factor, error)``
    gives those that leave factor * d(sum)/da in ``error``, the same buffer (samples, outputs), in
    which ``value`` of the squared losses leaves a - t. ``fused`` holds, by activation, the calls
    for dL/dz directly, where the detour over dL/da would lose digits or overflow.
    """

    name: str
    coefficient: Callable[[int], float]
    value: Callable[[Activation, Array, Array, Array, Array, Array], list[Call]]
    gradient: Callable[[Array, Array, float, Array], list[Call]]
    fused: dict[str, Callable[[Array, Array, float, Array], list[Call]]]
    target_range: tuple[float, float] = (-np.inf, np.inf)

    def refusal(self, activation: Activation) -> str | None:
        """Why this loss cannot follow that output activation, or None."""
        if not self.fused or activation.name in self.fused:
            return None
        if not activation.probability:
            return (
                f"{self.name} takes logarithms of the outputs, so they must lie between 0 and 1, "
                f"and those of {activation.name} need not"
            )
        return (
            f"{self.name} treats every output as a probability of its own, and those of "
            f"{activation.name} depend on each other; cross_entropy fits {activation.name}"
        )


def scaled(buffer: Array, factor: float) -> list[Call]:
    """The call that multiplies ``buffer`` by ``factor``; none where that changes nothing."""
    return [] if factor == 1.0 else [call(np.multiply, buffer, constant(factor), buffer)]


def squares(_: Activation, z: Array, a: Array, t: Array, error: Array, total: Array) -> list[Call]:
    return [call(np.subtract, a, t, error), inner_product(error, total)]


def squares_gradient(a: Array, t: Array, factor: float, error: Array) -> list[Call]:
    return scaled(error, 2.0 * factor)


def _sum_into(terms: Array, total: Array) -> Call:
    return call(np.add.reduce, terms, (0, 1), None, total, True)


def binary_cross_entropy(
    _: Activation, z: Array, a: Array, t: Array, error: Array, total: Array
) -> list[Call]:
    """max(z, 0) - z t + ln(1 + e^-|z|), which equals -t ln a - (1 - t) ln(1 - a)."""
    terms = np.empty_like(z)
    return [
        call(np.maximum, z, ZERO, out=terms),
        call(np.multiply, z, t, error),
        call(np.subtract, terms, error, terms),
        call(np.absolute, z, error),
        call(np.negative, error, error),
        call(np.exp, error, error),
        call(np.log1p, error, error),
        call(np.add, terms, error, terms),
        _sum_into(terms, total),
    ]


def binary_cross_entropy_gradient(a: Array, t: Array, factor: float, error: Array) -> list[Call]:
    """(1 - t) / (1 - a) - t / a."""
    part = np.empty_like(a)
    return [
        call(np.subtract, ONE, a, part),
        call(np.maximum, part, TINY, out=part),
        call(np.subtract, ONE, t, error),
        call(np.divide, error, part, error),
        call(np.maximum, a, TINY, out=part),
        call(np.divide, t, part, part),
        call(np.subtract, error, part, error),
        *scaled(error, factor),
    ]


def binary_cross_entropy_sigmoid(a: Array, t: Array, factor: float, delta: Array) -> list[Call]:
    return [call(np.subtract, a, t, delta), *scaled(delta, factor)]


def cross_entropy(
    activation: Activation, z: Array, a: Array, t: Array, error: Array, total: Array
) -> list[Call]:
    """-sum t ln a, with ln a from the pre-activations."""
    if activation.name == "sigmoid":  # -ln a = ln(1 + e^-z)
        negative_log = [call(np.negative, z, error), call(np.logaddexp, error, ZERO, error)]
    else:  # softmax: -ln a = ln sum e^z - z, shifted by the row's largest value
        row, exponentials = np.empty((z.shape[0], 1)), np.empty_like(z)
        negative_log = [
            call(np.maximum.reduce, z, 1, None, row, True),
            call(np.subtract, z, row, error),
            call(np.exp, error, exponentials),
            call(np.add.reduce, exponentials, 1, None, row, True),
            call(np.log, row, row),
            call(np.subtract, row, error, error),
        ]
    return [*negative_log, call(np.multiply, error, t, error), _sum_into(error, total)]


def cross_entropy_gradient(a: Array, t: Array, factor: float, error: Array) -> list[Call]:
    """-t / a."""
    return [
        call(np.maximum, a, TINY, out=error),
        call(np.divide, t, error, error),
        *scaled(error, -factor),
    ]


def cross_entropy_sigmoid(a: Array, t: Array, factor: float, delta: Array) -> list[Call]:
    """dL/dz = t (a - 1)."""
    return [
        call(np.subtract, a, ONE, delta),
        call(np.multiply, delta, t, delta),
        *scaled(delta, factor),
    ]


def cross_entropy_softmax(a: Array, t: Array, factor: float, delta: Array) -> list[Call]:
    """dL/dz = a sum(t) - t, which is a - t where a sample's targets add up to 1."""
    row = np.empty((a.shape[0], 1))
    return [
        call(np.add.reduce, t, 1, None, row, True),
        call(np.multiply, a, row, delta),
        call(np.subtract, delta, t, delta),
        *scaled(delta, factor),
    ]


LOSSES: dict[str, Loss] = {
    each.name: each
    for each in (
        Loss(
            "half_squared_error",
            lambda outputs: 0.5,
            squares,
            squares_gradient,
            {},
        ),
        Loss("squared_error", lambda outputs: 1.0, squares, squares_gradient, {}),
        Loss(
            "mean_squared_error",
            lambda outputs: 1.0 / outputs,
            squares,
            squares_gradient,
            {},
        ),
        Loss(
            "binary_cross_entropy",
            lambda outputs: 1.0,
            binary_cross_entropy,
            binary_cross_entropy_gradient,
            {"sigmoid": binary_cross_entropy_sigmoid},
            (0.0, 1.0),
        ),
        Loss(
            "cross_entropy",
            lambda outputs: 1.0,
            cross_entropy,
            cross_entropy_gradient,
            {"sigmoid": cross_entropy_sigmoid, "softmax": cross_entropy_softmax},
            (0.0, np.inf),
        ),
    )
}
