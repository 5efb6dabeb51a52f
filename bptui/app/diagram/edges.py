"""The edges of the diagram: from where to where they run, and their braille dots."""

from __future__ import annotations

import numpy as np
from msgspec import Struct
from msgspec.structs import replace

from bptui.app.diagram.layout import Layout, Place
from bptui.app.view import Selection

BITS = ((0x01, 0x08), (0x02, 0x10), (0x04, 0x20), (0x40, 0x80))
"""Braille's bit for the dot in row 0-3, column 0-1 of a cell."""
DASH = 3
"""Dots on, and dots off, of a dashed edge."""
Cell = tuple[int, int]
"""Row and column."""
Dots = tuple[tuple[int, int, int, int], ...]
"""Row, column, bits of the solid and of the dashed line."""


class Edge(Struct, frozen=True, eq=False):
    """An edge and its cells."""

    layer: int
    source: int
    destination: int
    start: tuple[int, int]
    end: tuple[int, int]
    cells: Dots

    @property
    def selection(self) -> Selection:
        """The weight of the edge."""
        return Selection("weight", self.layer, self.destination, self.source)

    def dots(self, heavy: bool) -> Dots:
        """Return its cells, of a line twice as thick where it is ``heavy``."""
        return dotted(self.start, self.end, heavy) if heavy else self.cells

    def ending(self, column: int, row: int) -> Edge:
        """Return the same edge up to another cell."""
        cells = dotted(self.start, (column, row))
        return replace(self, end=(column, row), cells=cells)


def edges(layout: Layout) -> tuple[Edge, ...]:
    """Return every edge between units that are drawn."""
    return tuple(
        _edge(layer, source, destination)
        for layer in range(1, len(layout.columns))
        for source in layout.columns[layer - 1]
        for destination in layout.columns[layer]
    )


def _edge(layer: int, source: Place, destination: Place) -> Edge:
    start, end = (source.x + source.width, source.middle), (destination.x - 1, destination.middle)
    return Edge(layer, source.unit, destination.unit, start, end, dotted(start, end))


def dotted(start: tuple[int, int], end: tuple[int, int], heavy: bool = False) -> Dots:
    """Return the cells of a line from one column and row to another, both among them."""
    x0, y0, x1, y1 = 2 * start[0], 4 * start[1] + 2, 2 * end[0] + 1, 4 * end[1] + 2
    count = max(abs(x1 - x0), abs(y1 - y0)) + 1
    xs = np.rint(np.linspace(x0, x1, count)).astype(int).tolist()
    ys = np.rint(np.linspace(y0, y1, count)).astype(int).tolist()
    solid: dict[Cell, int] = {}
    dashed: dict[Cell, int] = {}
    right, down = (abs(y1 - y0) > x1 - x0, abs(y1 - y0) <= x1 - x0) if heavy else (0, 0)
    for index, point in enumerate(zip(xs, ys, strict=True)):
        for x, y in {point, (min(point[0] + right, x1), point[1] + down)}:
            cell, bit = (y // 4, x // 2), BITS[y % 4][x % 2]
            solid[cell] = solid.get(cell, 0) | bit
            if index // DASH % 2 == 0:
                dashed[cell] = dashed.get(cell, 0) | bit
    return tuple((*cell, bits, dashed.get(cell, 0)) for cell, bits in solid.items())
