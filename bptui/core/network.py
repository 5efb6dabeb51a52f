"""The shape of a network and its parameters, both immutable."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from bptui.core.activations import ACTIVATIONS, Activation
from bptui.core.arrays import Array, frozen
from bptui.core.errors import require
from bptui.core.limits import MOST_LAYERS, MOST_PARAMETERS, MOST_UNITS
from bptui.core.names import Names

if TYPE_CHECKING:
    from numpy.typing import ArrayLike


@dataclass(frozen=True)
class Network:
    """Units per layer (input first), one activation for each later layer, biases or none.

    Raises :class:`~bptui.core.errors.UnusableError` where that is no network.
    """

    layers: tuple[int, ...]
    activations: tuple[str, ...]
    bias: bool = True

    def __post_init__(self) -> None:
        key = "network.layers"
        require(len(self.layers) >= 2, key, list(self.layers), "at least two layers")
        require(
            len(self.layers) <= MOST_LAYERS,
            key,
            f"{len(self.layers)} layers",
            f"at most {MOST_LAYERS} layers",
        )
        for index, units in enumerate(self.layers):
            require(
                1 <= units <= MOST_UNITS, f"{key}[{index}]", units, f"1 to {MOST_UNITS:,} units"
            )
        require(
            self.parameter_count <= MOST_PARAMETERS,
            key,
            f"{self.parameter_count:,} weights and biases",
            f"at most {MOST_PARAMETERS:,}",
        )
        key = "network.activation"
        require(
            len(self.activations) == len(self.layers) - 1,
            key,
            f"{len(self.activations)} activations",
            f"{len(self.layers) - 1}, one for every layer after the input",
        )
        for index, name in enumerate(self.activations):
            require(
                name in ACTIVATIONS, f"{key}[{index}]", name, f"one of {', '.join(ACTIVATIONS)}"
            )
            require(
                ACTIVATIONS[name].pullback is None or index == len(self.activations) - 1,
                f"{key}[{index}]",
                f"{name} in a hidden layer",
                f"{name} in the last layer only",
            )

    @property
    def depth(self) -> int:
        """Layers with weights."""
        return len(self.layers) - 1

    @property
    def names(self) -> Names:
        return Names(self.layers)

    def parameters_of(self, layer: int) -> list[str]:
        """Return W2, and b2 where there are biases."""
        return [self.names.weights(layer), *([self.names.bias(layer)] if self.bias else [])]

    @property
    def output_activation(self) -> Activation:
        return ACTIVATIONS[self.activations[-1]]

    @property
    def weight_count(self) -> int:
        return sum(a * b for a, b in zip(self.layers, self.layers[1:], strict=False))

    @property
    def parameter_count(self) -> int:
        """Weights and biases."""
        return self.weight_count + (sum(self.layers[1:]) if self.bias else 0)

    def __str__(self) -> str:
        """2-8-8-1 tanh, sigmoid, no bias: each activation once."""
        names = ", ".join(dict.fromkeys(self.activations))
        return f"{'-'.join(map(str, self.layers))} {names}{'' if self.bias else ', no bias'}"


@dataclass(frozen=True, eq=False)
class Parameters:
    """Weights, one (fan_in, fan_out) matrix a layer, and biases, one (fan_out,) vector or None."""

    weights: tuple[Array, ...]
    biases: tuple[Array, ...] | None

    @classmethod
    def of(cls, weights: Sequence[ArrayLike], biases: Sequence[ArrayLike] | None) -> Parameters:
        """Read-only copies of the given matrices and vectors."""
        return cls(
            tuple(frozen(each) for each in weights),
            None if biases is None else tuple(frozen(each) for each in biases),
        )

    def named(self) -> dict[str, Array]:
        """Return the arrays by their names W1, b1, W2, ..."""
        found: dict[str, Array] = {}
        for layer, weights in enumerate(self.weights, 1):
            found[f"W{layer}"] = weights
            if self.biases is not None:
                found[f"b{layer}"] = self.biases[layer - 1]
        return found


def check_parameters(parameters: Parameters, network: Network) -> None:
    """Raise :class:`~bptui.core.errors.UnusableError` unless they are those of ``network``."""
    require(
        (parameters.biases is not None) == network.bias,
        "parameters.biases",
        "biases" if parameters.biases is not None else "none",
        "biases exactly where network.bias is true",
    )
    shapes: dict[str, list[tuple[int, ...]]] = {
        "weights": [network.layers[layer : layer + 2] for layer in range(network.depth)],
        "biases": [(units,) for units in network.layers[1:]] if network.bias else [],
    }
    for key, arrays in (("weights", parameters.weights), ("biases", parameters.biases or ())):
        require(
            len(arrays) == len(shapes[key]),
            f"parameters.{key}",
            f"{len(arrays)} arrays",
            f"{network.depth}, one for every layer after the input",
        )
        for layer, (array, shape) in enumerate(zip(arrays, shapes[key], strict=True)):
            require(
                array.shape == shape,
                f"parameters.{key}[{layer}]",
                f"shape {array.shape}",
                f"shape {shape}",
            )
            require(
                bool(np.isfinite(array).all()),
                f"parameters.{key}[{layer}]",
                "a number that is not finite",
                "finite numbers",
            )
