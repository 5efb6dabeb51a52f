"""Weights and gradients: the same panel class, so that the eye pairs the cells."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from textual.geometry import Size
from textual.strip import Strip

from bptui.app.lines import Line
from bptui.app.numbers import signed
from bptui.app.panels.panel import Panel
from bptui.app.view import View
from bptui.core.arrays import Array
from bptui.core.names import Names
from bptui.core.network import Parameters

GAP = 3


@dataclass(frozen=True)
class Block:
    """One layer's matrix on the panel: a heading row, one row a source unit, one for the bias."""

    title: str
    rows: tuple[str, ...] | range
    layer: int
    x: int
    y: int
    label_width: int
    columns: int
    has_bias: bool
    bias_title: str

    def width(self, cell: int) -> int:
        return self.label_width + self.columns * cell

    @property
    def height(self) -> int:
        return 1 + len(self.rows) + self.has_bias


class MatrixPanel(Panel):
    """Shows one matrix a layer, with its bias row; lays them out beside or below each other.

    ``select`` picks the parameters out of a view, ``prefix`` is "" for W1, b1 and "g" for gW1, gb1.
    ``remark`` gives the text of the lower border.
    """

    def __init__(
        self,
        title: str,
        panel_id: str,
        select: Callable[[View], Parameters],
        prefix: str = "",
        remark: Callable[[View], str] = lambda view: "",
    ) -> None:
        super().__init__(title, panel_id)
        self._select = select
        self._prefix = prefix
        self._remark = remark
        self._layout: tuple[tuple[object, ...], tuple[Block, ...], int] | None = None

    def layout_blocks(self, view: View, width: int) -> tuple[tuple[Block, ...], int]:
        """The blocks and the number of decimals, for a panel ``width`` cells wide."""
        network = view.snapshot.experiment.network
        key = (network.layers, network.bias, width)
        if self._layout is None or self._layout[0] != key:
            for decimals in (6, 4):
                blocks = self._flow(network.names, network.bias, width, decimals + 5)
                right = max(block.x + block.width(decimals + 5) for block in blocks)
                beside = len({block.y for block in blocks}) == 1
                if right <= width and (beside or len(blocks) == 1):
                    break
            self._layout = (key, blocks, decimals)
        return self._layout[1], self._layout[2]

    def _flow(self, names: Names, bias: bool, width: int, cell: int) -> tuple[Block, ...]:
        blocks: list[Block] = []
        x = y = lowest = 0
        for layer in range(1, names.depth + 1):
            title, bias_title = (
                self._prefix + names.weights(layer),
                self._prefix + names.bias(layer),
            )
            sources, columns = names.layers[layer - 1], names.layers[layer]
            label = max(len(title), len(bias_title), len(names.unit(layer - 1, sources - 1)))
            block = Block(title, range(sources), layer, x, y, label, columns, bias, bias_title)
            if x and x + block.width(cell) > width:
                x, y = 0, lowest + 1
                block = Block(title, range(sources), layer, x, y, label, columns, bias, bias_title)
            blocks.append(block)
            x += block.width(cell) + GAP
            lowest = max(lowest, y + block.height)
        return tuple(blocks)

    def extent(self, view: View, width: int, height: int) -> Size:
        blocks, decimals = self.layout_blocks(view, width)
        right = max(block.x + block.width(decimals + 5) for block in blocks)
        return Size(max(width, right), max(height, max(b.y + b.height for b in blocks)))

    def rows(self, view: View, width: int) -> int:
        """Lines needed to show every matrix in ``width`` columns."""
        return self.extent(view, width, 0).height

    def paint(self, view: View, width: int, height: int) -> list[Strip]:
        blocks, decimals = self.layout_blocks(view, width)
        parameters, names = self._select(view), view.snapshot.experiment.network.names
        left, top = int(self.scroll_offset.x), int(self.scroll_offset.y)
        largest = {b.layer: _largest(parameters, b.layer) for b in blocks}
        self.note(self._remark(view))
        strips = []
        for y in range(top, top + height):
            line = Line()
            for block in blocks:
                if block.y <= y < block.y + block.height and block.x < left + width:
                    line.pad(block.x, self.ink.text)
                    self._paint_row(
                        line,
                        block,
                        y - block.y,
                        parameters,
                        names,
                        decimals,
                        largest[block.layer],
                        left,
                        left + width,
                    )
            strips.append(line.strip().crop(left, left + width))
        return strips

    def _paint_row(
        self,
        line: Line,
        block: Block,
        row: int,
        parameters: Parameters,
        names: Names,
        decimals: int,
        largest: float,
        left: int,
        right: int,
    ) -> None:
        cell, start = decimals + 5, block.x + block.label_width
        first = max((left - start) // cell, 0)
        last = min(-(-(right - start) // cell), block.columns)
        layer, colours = block.layer, self.ink
        if row == 0:
            line.add(block.title.ljust(block.label_width), colours.strong)
            line.pad(start + first * cell, colours.text)
            for column in range(first, last):
                line.add(names.unit(layer, column).rjust(cell), colours.dim)
            return
        is_bias = row > len(block.rows)
        label = block.bias_title if is_bias else names.unit(layer - 1, row - 1)
        line.add(label.ljust(block.label_width), colours.strong if is_bias else colours.dim)
        line.pad(start + first * cell, colours.text)
        values: Array
        if is_bias:
            assert parameters.biases is not None, "a bias row stands only where there are biases"
            values = parameters.biases[layer - 1]
        else:
            values = parameters.weights[layer - 1][row - 1]
        for value in values[first:last].tolist():
            line.add(" " + signed(value, decimals), colours.sign(value, largest))


def _largest(parameters: Parameters, layer: int) -> float:
    """The greatest size of a finite number in a layer's matrix."""
    weights = np.abs(parameters.weights[layer - 1])
    return float(np.max(weights, where=np.isfinite(weights), initial=0.0))
