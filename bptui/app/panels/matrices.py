"""Weights and gradients: the same panel class, so that the eye pairs the cells."""

from __future__ import annotations

from collections.abc import Callable
from operator import is_

from textual.geometry import Region, Size
from textual.strip import Strip

from bptui.app.lines import Line
from bptui.app.panels.blocks import Block, arrange
from bptui.app.panels.cells import neighbour, pick, region_of
from bptui.app.panels.matrix_painter import MatrixPainter
from bptui.app.panels.panel import Panel
from bptui.app.styles import highlight
from bptui.app.view import Direction, Selection, View
from bptui.core.arrays import Array
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
        self._look: object = None
        self._arrays: tuple[Array, ...] = ()
        self._painted: list[Strip] | None = None
        """What was painted last, from what looks so and from these numbers."""

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

    def neighbour(self, view: View, direction: Direction) -> Selection:
        blocks = self.blocks(view, self.container_size.width)
        return neighbour(blocks, view.selection, direction)

    def pick(self, view: View, x: int, y: int) -> Selection | None:
        blocks = self.blocks(view, self.container_size.width)
        return pick(blocks, x, y, self.scroll_offset)

    def spot(self, view: View) -> Region | None:
        return region_of(self.blocks(view, self.container_size.width), view.selection)

    def operation_spot(self, view: View) -> Region | None:
        """The first matrix of the operation, unless some of one is in sight.

        Decided for the weights and their gradients together: the panels are to stay side by side.
        """
        names, seen = view.snapshot.experiment.network.names, self.seen(view)
        regions = [
            block.region
            for block in self.blocks(view, self.container_size.width)
            if highlight(view, names.weights(block.layer), names.weight_gradient(block.layer))
        ]
        in_sight = (each.intersection(seen) for each in regions)
        return None if any(each.height > 1 for each in in_sight) else next(iter(regions), None)

    def paint(self, view: View, width: int, height: int) -> list[Strip]:
        parameters = self._select(view)
        self.note(self._remark(view))
        blocks = self.blocks(view, width)
        look = (
            *(
                blocks,
                width,
                height,
                self.scroll_offset,
                self.text_styles,
                self.has_focus,
                view.selection,
            ),
            *(
                (highlight(view, title), view.computed(title))
                for block in blocks
                for title in (block.title, block.bias_title)
            ),
        )
        arrays = (*parameters.weights, *(parameters.biases or ()))
        same = len(arrays) == len(self._arrays) and all(map(is_, arrays, self._arrays))
        if self._painted is None or not same or look != self._look:
            self._look, self._arrays = look, arrays
            self._painted = self._paint(view, parameters, width, height)
        return self._painted

    def _paint(self, view: View, parameters: Parameters, width: int, height: int) -> list[Strip]:
        left, top = int(self.scroll_offset.x), int(self.scroll_offset.y)
        painters = [
            MatrixPainter(block, view, parameters, self.text_styles, self.has_focus)
            for block in self.blocks(view, width)
            if block.x < left + width and block.right > left
        ]
        extent = self.extent(view, width, height)
        scrolls = extent.height > height - (extent.width > width)
        strips = []
        for y in range(top, top + height):
            line = Line()
            for painter in painters:
                block = painter.block
                if block.y <= y < block.bottom:
                    # the first line in sight of a block keeps its heading
                    row = 0 if y == top else y - block.y
                    painter.paint(line, row, left, left + width - scrolls)
            strips.append(line.strip().crop(left, left + width))
        return strips
