"""Parameters as named columns and as nested lists, for whatever is written to be read back."""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np

from bptui.core.arrays import Array
from bptui.core.network import Network, Parameters


def spelled(number: float) -> float | str:
    """The number, or ``nan``, ``inf``, ``-inf``: JSON has none that are not finite."""
    return float(number) if math.isfinite(number) else str(float(number))


def nested(array: Array) -> object:
    """``array`` as lists of what :func:`spelled` gives."""
    if np.isfinite(array).all():
        return array.tolist()
    return [spelled(each) if array.ndim == 1 else nested(each) for each in array]


def as_lists(parameters: Parameters) -> dict[str, object]:
    """Weights [l][i][j] and biases [l][j], None where there are none."""
    biases = parameters.biases
    return {
        "weights": [nested(each) for each in parameters.weights],
        "biases": None if biases is None else [nested(each) for each in biases],
    }


def parameter_names(network: Network) -> Iterator[str]:
    """W1[i][j], the weight from unit i to unit j, and b1[j], a bias: layer after layer."""
    for layer in range(1, network.depth + 1):
        for source in range(network.layers[layer - 1]):
            for unit in range(network.layers[layer]):
                yield f"{network.names.weights(layer)}[{source}][{unit}]"
        if network.bias:
            for unit in range(network.layers[layer]):
                yield f"{network.names.bias(layer)}[{unit}]"


def numbers(parameters: Parameters) -> Iterator[float]:
    """In the order of the names: W1, b1, W2, b2, ..."""
    for layer, weights in enumerate(parameters.weights):
        yield from weights.ravel().tolist()
        if parameters.biases is not None:
            yield from parameters.biases[layer].tolist()
