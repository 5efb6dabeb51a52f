"""Where the matrices of a panel go: beside each other where they fit, else below each other."""

from __future__ import annotations

from typing import NamedTuple

from textual.geometry import Region

from bptui.core.network import Network

GAP = 3
DECIMALS = (6, 4, 3)
"""Tried in this order; four where not even three fit, as one must scroll anyway."""


class Block(NamedTuple):
    """One layer's matrix: a heading row, one row a source unit, one for the biases.

    ``cell`` is the width of a number with the blank before it.
    """

    layer: int
    title: str
    bias_title: str
    x: int
    y: int
    label_width: int
    cell: int
    sources: int
    columns: int
    has_bias: bool

    @property
    def decimals(self) -> int:
        return self.cell - 5

    @property
    def last_row(self) -> int:
        """The row of the biases, or of the last source unit; row 0 is the heading."""
        return self.sources + self.has_bias

    @property
    def right(self) -> int:
        """The first column after the block."""
        return self.x + self.label_width + self.columns * self.cell

    @property
    def region(self) -> Region:
        return Region(self.x, self.y, self.right - self.x, self.bottom - self.y)

    @property
    def bottom(self) -> int:
        """The first row after the block."""
        return self.y + 1 + self.last_row


def arrange(network: Network, prefix: str, width: int) -> tuple[Block, ...]:
    """The blocks for a panel ``width`` cells wide; ``prefix`` stands before W1, b1, ..."""
    tried = [_flow(network, prefix, width, decimals + 5) for decimals in DECIMALS]
    beside = (
        blocks
        for blocks in tried
        if blocks[-1].right <= width and len({block.y for block in blocks}) == 1
    )
    # what is stacked may need a scroll bar
    fitting = [blocks for blocks in tried if max(block.right for block in blocks) < width]
    return next(beside, fitting[0] if fitting else tried[1])


def _flow(network: Network, prefix: str, width: int, cell: int) -> tuple[Block, ...]:
    names = network.names
    blocks: list[Block] = []
    x = y = lowest = 0
    for layer in range(1, network.depth + 1):
        title, bias_title = prefix + names.weights(layer), prefix + names.bias(layer)
        sources, columns = network.layers[layer - 1 : layer + 1]
        # gW1 is the longest title: weights and gradients are to stand in the same columns
        label = max(len(f"g{names.weights(layer)}"), len(names.unit(layer - 1, sources - 1)))
        if x and x + label + columns * cell > width:
            x, y = 0, lowest + 1
        block = Block(layer, title, bias_title, x, y, label, cell, sources, columns, network.bias)
        blocks.append(block)
        x = block.right + GAP
        lowest = max(lowest, block.bottom)
    return tuple(blocks)
