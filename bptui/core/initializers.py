"""Seeded start values for weights. Biases start at 0 in every scheme."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np

from bptui.core.arrays import Array, frozen

if TYPE_CHECKING:
    from numpy.random import Generator  # numpy loads it when it is first used

Draw = Callable[["Generator", int, int, float], Array]


def _uniform(limit: Callable[[int, int, float], float]) -> Draw:
    def draw(rng: Generator, fan_in: int, fan_out: int, scale: float) -> Array:
        half_width = limit(fan_in, fan_out, scale)
        return rng.uniform(-half_width, half_width, (fan_in, fan_out))

    return draw


def _normal(deviation: Callable[[int, int, float], float]) -> Draw:
    def draw(rng: Generator, fan_in: int, fan_out: int, scale: float) -> Array:
        return rng.normal(0.0, deviation(fan_in, fan_out, scale), (fan_in, fan_out))

    return draw


INITIALIZERS: dict[str, Draw] = {
    # Glorot & Bengio (2010), eq. 16
    "glorot_uniform": _uniform(lambda i, o, scale: scale * float(np.sqrt(6.0 / (i + o)))),
    "glorot_normal": _normal(lambda i, o, scale: scale * float(np.sqrt(2.0 / (i + o)))),
    # He et al. (2015), eq. 10
    "he_uniform": _uniform(lambda i, o, scale: scale * float(np.sqrt(6.0 / i))),
    "he_normal": _normal(lambda i, o, scale: scale * float(np.sqrt(2.0 / i))),
    # LeCun et al. (1998), section 4.6
    "lecun_normal": _normal(lambda i, o, scale: scale * float(np.sqrt(1.0 / i))),
    "uniform": _uniform(lambda i, o, scale: scale),
    "normal": _normal(lambda i, o, scale: scale),
    "constant": lambda rng, i, o, scale: np.full((i, o), scale),
    "zeros": lambda rng, i, o, scale: np.zeros((i, o)),
}
"""By name: (generator, fan_in, fan_out, scale) -> weights (fan_in, fan_out)."""


def initial_weights(
    layers: tuple[int, ...], scheme: str, scale: float, seed: int
) -> tuple[Array, ...]:
    """The start weights of a network, one (fan_in, fan_out) matrix a layer, from one seed."""
    rng = np.random.default_rng(seed)
    draw = INITIALIZERS[scheme]
    return tuple(frozen(draw(rng, fan_in, fan_out, scale)) for fan_in, fan_out in pairwise(layers))
