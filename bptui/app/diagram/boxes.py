"""How units are drawn: from boxes with every value down to a single line."""

from __future__ import annotations

from typing import NamedTuple

from bptui.core.network import Network


class BoxStyle(NamedTuple):
    """What the drawing of one unit holds. ``rows`` names the values a layer's units show."""

    decimals: int
    bordered: bool
    everything: bool
    """Pre-activation and target too; otherwise only what the unit puts out."""
    bias: bool = True
    """With everything, the bias where the network has one."""
    delta: bool = False
    """With everything, the derivative of the loss by the pre-activation."""

    def rows(self, network: Network, layer: int) -> tuple[str, ...]:
        """The labels of the values in a unit of ``layer``, from top to bottom."""
        if layer == 0 or not self.everything:
            return ("out",)
        bias = ("b",) if network.bias and self.bias else ()
        target = ("target",) if layer == network.depth else ()
        delta = ("delta",) if self.delta else ()
        return (*bias, "net", "out", *target, *delta)

    def height(self, network: Network, layer: int) -> int:
        return len(self.rows(network, layer)) + 2 if self.bordered else 1

    def tallest(self, network: Network) -> int:
        """The height of the highest unit of any layer."""
        return max(self.height(network, layer) for layer in range(network.depth + 1))

    def width(self, network: Network, layer: int) -> int:
        value = self.decimals + 4
        if not self.bordered:
            return len(network.names.unit(layer, network.layers[layer] - 1)) + 1 + value
        label = 0
        if self.everything and layer > 0:
            label = 6 if layer == network.depth or self.delta else 3
        return label + value + 2


STYLES = (
    BoxStyle(6, True, True, delta=True),
    BoxStyle(4, True, True, delta=True),
    BoxStyle(6, True, True, bias=False, delta=True),
    BoxStyle(4, True, True, bias=False, delta=True),
    BoxStyle(6, True, True),
    BoxStyle(4, True, True),
    BoxStyle(6, True, False),
    BoxStyle(4, True, False),
    BoxStyle(4, False, False),
    BoxStyle(3, False, False),
)
"""From the roomiest to the smallest."""

LABEL_GAP = 7
"""Columns between two layers that leave room for a weight of two decimals on an edge."""
LEAST_GAP = 6


def fits_down(style: BoxStyle, network: Network, height: int) -> bool:
    """Whether every layer's units fit below each other, single lines with a blank between them."""
    return all(
        units * style.height(network, layer) + (0 if style.bordered else units - 1) <= height
        for layer, units in enumerate(network.layers)
    )


def choose(network: Network, width: int, height: int) -> BoxStyle:
    """The roomiest style that leaves the weights on the edges their room; else the smallest."""
    fitting = [style for style in STYLES if fits_down(style, network, height)] or [*STYLES[-2:]]
    for gap in (LABEL_GAP, LEAST_GAP):
        for style in fitting:
            across = sum(style.width(network, layer) for layer in range(network.depth + 1))
            if across + gap * network.depth <= width:
                return style
    return STYLES[-1]
