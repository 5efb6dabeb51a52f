"""A network: its shape, the names of its parts, its parameters and how they start.

With one hidden layer the names are the article's: i1, h1, o1; net_h, out_h, net_o, out_o; w1 ...
w8, numbered by destination unit first. Deeper networks number their layers: net_1, out_1, ...
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from bptui.core.activations import ACTIVATIONS, Activation
from bptui.core.arrays import Array, frozen
from bptui.core.errors import MOST_LAYERS, MOST_PARAMETERS, MOST_UNITS, require

if TYPE_CHECKING:
    from numpy.random import Generator  # numpy loads it when it is first used
    from numpy.typing import ArrayLike

MOST_COUNTED = 24
"""Weights that are called by their numbers; with more of them the ends of each are its name."""


class Names(NamedTuple):
    """Names for a network of ``layers`` (units per layer, input first). ``layer`` counts from 1."""

    layers: tuple[int, ...]

    @property
    def depth(self) -> int:
        """Return the number of layers with weights."""
        return len(self.layers) - 1

    def suffix(self, layer: int) -> str:
        """Return h, o with one hidden layer; o without; 1, 2, ... with several."""
        if self.depth > 2:
            return str(layer)
        return "o" if layer == self.depth else "h"

    def layer(self, layer: int) -> str:
        """Return input, h, o or input, 1, 2, ..."""
        return "input" if layer == 0 else self.suffix(layer)

    def unit(self, layer: int, unit: int) -> str:
        """Return i1, h1, o1; with several hidden layers h1.2 is unit 2 of hidden layer 1."""
        if layer == 0:
            return f"i{unit + 1}"
        if layer == self.depth:
            return f"o{unit + 1}"
        return f"h{unit + 1}" if self.depth == 2 else f"h{layer}.{unit + 1}"

    @property
    def counts_weights(self) -> bool:
        """Return whether weights are called by their numbers."""
        return sum(a * b for a, b in pairwise(self.layers)) <= MOST_COUNTED

    def weight(self, layer: int, source: int, destination: int) -> str:
        """Return w1, w2, ... as they are counted; W2[h3, o1] where nobody can keep count."""
        if self.counts_weights:
            return self.counted(layer, source, destination)
        ends = f"{self.unit(layer - 1, source)}, {self.unit(layer, destination)}"
        return f"{self.weights(layer)}[{ends}]"

    def counted(self, layer: int, source: int, destination: int) -> str:
        """Return w1, w2, ...: all those into the first unit, then into the second, by layer."""
        before = sum(a * b for a, b in pairwise(self.layers[:layer]))
        return f"w{before + destination * self.layers[layer - 1] + source + 1}"

    def net(self, layer: int) -> str:
        return f"net_{self.suffix(layer)}"

    def out(self, layer: int) -> str:
        """Return the name of a layer's activations; those of layer 0 are the input."""
        return "input" if layer == 0 else f"out_{self.suffix(layer)}"

    def out_gradient(self, layer: int) -> str:
        return f"dL/dout_{self.suffix(layer)}"

    def delta(self, layer: int) -> str:
        return f"delta_{self.suffix(layer)}"

    def weights(self, layer: int) -> str:
        return f"W{layer}"

    def bias(self, layer: int) -> str:
        return f"b{layer}"

    def weight_gradient(self, layer: int) -> str:
        return f"gW{layer}"

    def bias_gradient(self, layer: int) -> str:
        return f"gb{layer}"


@dataclass(frozen=True)
class Network:
    """Units per layer (input first), one activation for each later layer, biases or none.

    Raises :class:`~bptui.core.errors.UnusableError` where that is no network.
    """

    layers: tuple[int, ...]
    activations: tuple[str, ...]
    bias: bool = True

    def __post_init__(self) -> None:
        key, count = "network.layers", len(self.layers)
        require(count >= 2, key, list(self.layers), "at least two layers")
        require(count <= MOST_LAYERS, key, f"{count} layers", f"at most {MOST_LAYERS} layers")
        for index, units in enumerate(self.layers):
            fits = 1 <= units <= MOST_UNITS
            require(fits, f"{key}[{index}]", units, f"1 to {MOST_UNITS:,} units")
        found = f"{self.parameter_count:,} weights and biases"
        require(self.parameter_count <= MOST_PARAMETERS, key, found, f"at most {MOST_PARAMETERS:,}")
        key, found = "network.activation", f"{len(self.activations)} activations"
        expected = f"{self.depth}, one for every layer after the input"
        require(len(self.activations) == self.depth, key, found, expected)
        for index, name in enumerate(self.activations):
            place = f"{key}[{index}]"
            require(name in ACTIVATIONS, place, name, f"one of {', '.join(ACTIVATIONS)}")
            fits = ACTIVATIONS[name].pullback is None or index == self.depth - 1
            require(fits, place, f"{name} in a hidden layer", f"{name} in the last layer only")

    @property
    def depth(self) -> int:
        """Return the number of layers with weights."""
        return len(self.layers) - 1

    @property
    def names(self) -> Names:
        return Names(self.layers)

    def parameters_of(self, layer: int) -> list[str]:
        """Return W2, and b2 where there are biases."""
        return [self.names.weights(layer), *([self.names.bias(layer)] if self.bias else [])]

    @cached_property
    def shapes(self) -> dict[str, tuple[int, ...]]:
        """Return those of all parameters by name: W1 (fan_in, fan_out), b1 (fan_out,), W2, ..."""
        found: dict[str, tuple[int, ...]] = {}
        for layer, (fan_in, fan_out) in enumerate(pairwise(self.layers), 1):
            found |= zip(self.parameters_of(layer), ((fan_in, fan_out), (fan_out,)), strict=False)
        return found

    @cached_property
    def gradients(self) -> dict[str, str]:
        """Return the names of the gradients in a step, by those of what they are taken by."""
        names, found = self.names, {name: f"g{name}" for name in self.shapes}
        for layer in range(1, self.depth + 1):
            found[names.out(layer)] = names.out_gradient(layer)
            found[names.net(layer)] = names.delta(layer)
        return found

    @property
    def output_activation(self) -> Activation:
        return ACTIVATIONS[self.activations[-1]]

    @property
    def weight_count(self) -> int:
        return sum(a * b for a, b in pairwise(self.layers))

    @property
    def parameter_count(self) -> int:
        """Return the number of weights and biases."""
        return self.weight_count + (sum(self.layers[1:]) if self.bias else 0)

    def __str__(self) -> str:
        """Return 2-8-8-1 tanh, sigmoid, no bias: each activation once."""
        names = ", ".join(dict.fromkeys(self.activations))
        return f"{'-'.join(map(str, self.layers))} {names}{'' if self.bias else ', no bias'}"


@dataclass(frozen=True, eq=False)
class Parameters:
    """Weights, one (fan_in, fan_out) matrix a layer, and biases, one (fan_out,) vector or None."""

    weights: tuple[Array, ...]
    biases: tuple[Array, ...] | None

    @classmethod
    def of(cls, weights: Sequence[ArrayLike], biases: Sequence[ArrayLike] | None) -> Parameters:
        """Return read-only copies of the given matrices and vectors."""
        return cls(
            tuple(frozen(matrix) for matrix in weights),
            None if biases is None else tuple(frozen(vector) for vector in biases),
        )

    @classmethod
    def by_name(cls, arrays: Mapping[str, Array]) -> Parameters:
        """Return those that :meth:`named` gives as these arrays."""
        weights, biases = (tuple(arrays[name] for name in arrays if name[0] == k) for k in "Wb")
        return cls(weights, biases or None)

    def named(self) -> dict[str, Array]:
        """Return the arrays by their names W1, b1, W2, ..."""
        found: dict[str, Array] = {}
        for layer, weights in enumerate(self.weights, 1):
            found[f"W{layer}"] = weights
            if self.biases is not None:
                found[f"b{layer}"] = self.biases[layer - 1]
        return found

    def flat(self) -> Array:
        """Return all numbers in a row, in the order of the names."""
        return np.concatenate([array.ravel() for array in self.named().values()])


def check_parameters(parameters: Parameters, network: Network) -> None:
    """Raise :class:`~bptui.core.errors.UnusableError` unless they are those of ``network``."""
    biases, expected = parameters.biases, "biases exactly where network.bias is true"
    found = "none" if biases is None else "biases"
    require((biases is not None) == network.bias, "parameters.biases", found, expected)
    units = ["inputs", *["hidden units"] * (network.depth - 1), "outputs"]
    for kind, (name, arrays) in enumerate((("weights", parameters.weights), ("biases", biases))):
        if arrays is None:
            continue
        key, expected = (
            f"parameters.{name}",
            f"{network.depth}, one for every layer after the input",
        )
        require(len(arrays) == network.depth, key, f"{len(arrays)} arrays", expected)
        for layer, array in enumerate(arrays):
            place = f"{key}[{layer}]"
            shape = network.shapes[network.parameters_of(layer + 1)[kind]]
            found, wanted = ("x".join(map(str, size)) for size in (array.shape, shape))
            wanted += f" ({' x '.join(units[layer + kind : layer + 2])})"
            require(array.shape == shape, place, f"shape {found}", wanted)
            finite = bool(np.isfinite(array).all())
            require(finite, place, "a number that is not finite", "finite numbers")


Draw = Callable[["Generator", int, int, float], Array]


def _uniform(limit: Callable[[int, int], float]) -> Draw:
    def draw(rng: Generator, fan_in: int, fan_out: int, scale: float) -> Array:
        half_width = scale * limit(fan_in, fan_out)
        return rng.uniform(-half_width, half_width, (fan_in, fan_out))

    return draw


def _normal(deviation: Callable[[int, int], float]) -> Draw:
    return lambda rng, i, o, scale: rng.normal(0.0, scale * deviation(i, o), (i, o))


INITIALIZERS: dict[str, Draw] = {
    # Glorot & Bengio (2010), eq. 16
    "glorot_uniform": _uniform(lambda i, o: float(np.sqrt(6.0 / (i + o)))),
    "glorot_normal": _normal(lambda i, o: float(np.sqrt(2.0 / (i + o)))),
    # He et al. (2015), eq. 10
    "he_uniform": _uniform(lambda i, o: float(np.sqrt(6.0 / i))),
    "he_normal": _normal(lambda i, o: float(np.sqrt(2.0 / i))),
    # LeCun et al. (1998), section 4.6
    "lecun_normal": _normal(lambda i, o: float(np.sqrt(1.0 / i))),
    "uniform": _uniform(lambda i, o: 1.0),
    "normal": _normal(lambda i, o: 1.0),
    "constant": lambda rng, i, o, scale: np.full((i, o), scale),
    "zeros": lambda rng, i, o, scale: np.zeros((i, o)),
}
"""By name: (generator, fan_in, fan_out, scale) -> weights (fan_in, fan_out). Biases start at 0."""


def initial_weights(
    layers: tuple[int, ...], scheme: str, scale: float, seed: int
) -> tuple[Array, ...]:
    """Return the start weights of a network, one (fan_in, fan_out) matrix a layer."""
    rng = np.random.default_rng(seed)
    draw = INITIALIZERS[scheme]
    return tuple(frozen(draw(rng, fan_in, fan_out, scale)) for fan_in, fan_out in pairwise(layers))
