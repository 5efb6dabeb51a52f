"""How units are drawn: from boxes with every value down to a single line."""

from __future__ import annotations

from typing import NamedTuple

from bptui.core.network import Network

LONGEST_BESIDE = 3
"""A longer name of a unit without a border stands above its values, not beside them."""


class BoxStyle(NamedTuple):
    """What the drawing of one unit holds.

    With one of ``columns`` all values stand below each other, with two the derivatives of the loss
    beside what they are by; with none there is only what the unit puts out.
    """

    decimals: int
    bordered: bool = False
    columns: int = 2
    bias: bool = True
    """Whether biases are among the values, where the network has them."""

    @property
    def cell(self) -> int:
        """The width of a number with the blank before it."""
        return self.decimals + 4

    def rows(self, network: Network, layer: int) -> tuple[tuple[str, ...], ...]:
        """The values in a unit of ``layer``, from top to bottom; the first one names a row."""
        if layer == 0 or not self.columns:
            return (("out",),)
        rows: list[tuple[str, ...]] = [("net", "delta"), ("out", "dL/dout")]
        if self.bias and network.bias:
            rows.insert(0, ("b", "gb"))
        if layer == network.depth:
            rows.append(("target",))
        if self.columns == 1:
            return (*((value,) for value, *_ in rows), ("dL/dout",), ("delta",))
        return tuple(rows)

    def label(self, row: tuple[str, ...]) -> str:
        """What is written before a row of values."""
        return "t" if row[0] == "target" and self.columns > 1 else row[0]

    def labelled(self, layer: int) -> bool:
        """Whether the rows of a unit carry labels."""
        return layer > 0 and self.columns > 0

    def start(self, network: Network, layer: int) -> tuple[int, int]:
        """By how many columns and rows the first row's label lies inside of a unit."""
        name, tight = _longest_name(network, layer), self.columns > 0 and self.decimals < 4
        if self.bordered:
            return 1, 1
        if name > LONGEST_BESIDE if self.labelled(layer) else tight:
            return 0, 1
        # the glyph of the operation stands between the name and a label
        return name + 1 + (self.labelled(layer) and not tight), 0

    def height(self, network: Network, layer: int) -> int:
        _, down = self.start(network, layer)
        return len(self.rows(network, layer)) + down + self.bordered

    def tallest(self, network: Network) -> int:
        """The height of the highest unit of any layer."""
        return max(self.height(network, layer) for layer in range(network.depth + 1))

    def width(self, network: Network, layer: int) -> int:
        rows, (across, _) = self.rows(network, layer), self.start(network, layer)
        label = max(map(len, map(self.label, rows))) if self.labelled(layer) else 0
        # above an input's value is its name: no blank has to stand before it
        inner = label + self.cell * max(map(len, rows)) - (across == label == 0)
        return max(across + inner, _longest_name(network, layer) + 1) + self.bordered

    def rows_needed(self, network: Network) -> int:
        """Rows for all units of every layer, single lines with a blank between them."""
        sizes = ((units, self.height(network, at)) for at, units in enumerate(network.layers))
        return max(units * tall + (units - 1) * (tall == 1) for units, tall in sizes)

    def columns_needed(self, network: Network, gap: int) -> int:
        """Columns for all layers with a ``gap`` between two of them."""
        widths = (self.width(network, layer) for layer in range(network.depth + 1))
        return sum(widths) + gap * network.depth


COMPLETE = (
    BoxStyle(6, bordered=True, columns=1),
    BoxStyle(4, bordered=True, columns=1),
    BoxStyle(6, bordered=True),
    BoxStyle(4, bordered=True),
    BoxStyle(4),
    BoxStyle(4, bias=False),
    BoxStyle(3),
    BoxStyle(3, bias=False),
)
"""From the roomiest to the smallest, for networks of which all units find room."""
SAMPLED = (BoxStyle(4, bias=False), BoxStyle(3, bias=False))
"""For those that find room with some units of their large layers."""
SMALLEST = (BoxStyle(4, columns=0), BoxStyle(3, columns=0))

WIDE_GAP = 9
"""Columns between two layers that leave room for a weight of four decimals on an edge."""
LABEL_GAP = 7
"""The same for two decimals."""
LEAST_GAP = 6
TIGHT_GAP = 4
"""What large networks may be left with."""


def choose(network: Network, width: int, height: int) -> BoxStyle:
    """The roomiest style that leaves the weights on the edges their room; else the smallest."""
    fitting = [style for style in COMPLETE if style.rows_needed(network) <= height]
    # the edges of small networks have as many decimals as their boxes
    tried = [(style, WIDE_GAP) for style in fitting if style.bordered]
    tried += [(style, gap) for gap in (LABEL_GAP, LEAST_GAP) for style in fitting]
    tried += [(style, TIGHT_GAP) for style in SAMPLED if 2 * style.tallest(network) + 1 <= height]
    tried += [(style, gap) for gap in (LABEL_GAP, LEAST_GAP) for style in SMALLEST]
    across = (style for style, gap in tried if style.columns_needed(network, gap) <= width)
    return next(across, SMALLEST[-1])


def _longest_name(network: Network, layer: int) -> int:
    return len(network.names.unit(layer, network.layers[layer] - 1))
