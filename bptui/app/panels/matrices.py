"""Weights and gradients: the same panel class, so that the eye pairs the cells."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from textual.geometry import Size
from textual.strip import Strip

from bptui.app.lines import Line
from bptui.app.numbers import signed
from bptui.app.panels.blocks import Block, arrange
from bptui.app.panels.panel import Panel
from bptui.app.view import View
from bptui.core.arrays import Array
from bptui.core.names import Names
from bptui.core.network import Parameters


class MatrixPanel(Panel):
    """Shows one matrix a layer, with its bias row.

    ``select`` picks the parameters out of a view, ``prefix`` is "" for W1, b1 and "g" for gW1, gb1.
    ``remark`` gives the text of the lower border. Names of rows and columns stay in sight when the
    numbers scroll.
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
        self._layout: tuple[tuple[object, ...], tuple[Block, ...]] | None = None

    def blocks(self, view: View, width: int) -> tuple[Block, ...]:
        """The matrices' places in a panel ``width`` cells wide."""
        network = view.snapshot.experiment.network
        key = (network, width)
        if self._layout is None or self._layout[0] != key:
            self._layout = (key, arrange(network, self._prefix, width))
        return self._layout[1]

    def extent(self, view: View, width: int, height: int) -> Size:
        blocks = self.blocks(view, width)
        return Size(max(b.right for b in blocks), max(b.bottom for b in blocks))

    def rows(self, view: View, width: int) -> int:
        """Lines needed to show every matrix in ``width`` columns."""
        return self.extent(view, width, 0).height

    def paint(self, view: View, width: int, height: int) -> list[Strip]:
        parameters, names = self._select(view), view.snapshot.experiment.network.names
        left, top = int(self.scroll_offset.x), int(self.scroll_offset.y)
        blocks = [b for b in self.blocks(view, width) if b.x < left + width and b.right > left]
        largest = {b.layer: _largest(parameters, b.layer) for b in blocks}
        extent = self.extent(view, width, height)
        scrolls = extent.height > height - (extent.width > width)
        self.note(self._remark(view))
        strips = []
        for y in range(top, top + height):
            line = Line()
            for block in blocks:
                if block.y <= y < block.bottom:
                    # the first line in sight of a block keeps its heading
                    row = 0 if y == top else y - block.y
                    first = self._paint_label(line, block, row, names, left)
                    # no cell that the edge would cut: the rest of a number reads as another one
                    room = left + width - scrolls - block.x - block.label_width
                    cells = slice(first, max(room // block.cell, first))
                    if row == 0:
                        self._paint_heading(line, block, names, cells)
                    else:
                        values = _row(parameters, block, row)[cells]
                        self._paint_values(line, block, values, largest[block.layer])
            strips.append(line.strip().crop(left, left + width))
        return strips

    def _paint_label(self, line: Line, block: Block, row: int, names: Names, left: int) -> int:
        """The name of a row, moved into sight; returns the first column that it leaves free."""
        colours = self.ink
        if row == 0:
            text, style = block.title, colours.strong
        elif row > block.sources:
            text, style = block.bias_title, colours.strong
        else:
            text, style = names.unit(block.layer - 1, row - 1), colours.dim
        at = min(max(block.x, left), block.right - block.label_width)
        line.pad(at, colours.text).add(text.ljust(block.label_width), style)
        first = -(-(at - block.x) // block.cell)
        line.pad(block.x + block.label_width + first * block.cell, colours.text)
        return first

    def _paint_heading(self, line: Line, block: Block, names: Names, cells: slice) -> None:
        for column in range(*cells.indices(block.columns)):
            line.add(names.unit(block.layer, column).rjust(block.cell), self.ink.dim)

    def _paint_values(self, line: Line, block: Block, values: Array, largest: float) -> None:
        for value in values.tolist():
            line.add(" " + signed(value, block.decimals), self.ink.sign(value, largest))


def _row(parameters: Parameters, block: Block, row: int) -> Array:
    if row <= block.sources:
        weights: Array = parameters.weights[block.layer - 1][row - 1]
        return weights
    assert parameters.biases is not None, "a bias row stands only where there are biases"
    return parameters.biases[block.layer - 1]


def _largest(parameters: Parameters, layer: int) -> float:
    """The greatest size of a finite number in a layer's matrix."""
    weights = np.abs(parameters.weights[layer - 1])
    return float(np.max(weights, where=np.isfinite(weights), initial=0.0))
