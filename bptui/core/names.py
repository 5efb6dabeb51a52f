"""The names of layers, units, weights and quantities: the same in the core and on the screen.

With one hidden layer they are the article's: i1, h1, o1; net_h, out_h, net_o, out_o; w1 ... w8,
numbered by destination unit first. Deeper networks number their layers: net_1, out_1, ...
"""

from __future__ import annotations

from typing import NamedTuple


class Names(NamedTuple):
    """Names for a network of ``layers`` (units per layer, input first). ``layer`` counts from 1."""

    layers: tuple[int, ...]

    @property
    def depth(self) -> int:
        """Layers with weights."""
        return len(self.layers) - 1

    def suffix(self, layer: int) -> str:
        """h, o with one hidden layer; o without; 1, 2, ... with several."""
        if self.depth > 2:
            return str(layer)
        return "o" if layer == self.depth else "h"

    def layer(self, layer: int) -> str:
        """input, h, o or input, 1, 2, ..."""
        return "input" if layer == 0 else self.suffix(layer)

    def unit(self, layer: int, unit: int) -> str:
        """i1, h1, o1; with several hidden layers h1.2 is unit 2 of hidden layer 1."""
        if layer == 0:
            return f"i{unit + 1}"
        if layer == self.depth:
            return f"o{unit + 1}"
        return f"h{unit + 1}" if self.depth == 2 else f"h{layer}.{unit + 1}"

    def weight(self, layer: int, source: int, destination: int) -> str:
        """w1, w2, ...: all those into the first unit, then into the second, layer after layer."""
        before = sum(a * b for a, b in zip(self.layers[: layer - 1], self.layers[1:], strict=False))
        return f"w{before + destination * self.layers[layer - 1] + source + 1}"

    def net(self, layer: int) -> str:
        return f"net_{self.suffix(layer)}"

    def out(self, layer: int) -> str:
        """The activations of a layer; those of layer 0 are the input."""
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
