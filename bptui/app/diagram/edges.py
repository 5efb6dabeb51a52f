"""The edges of the diagram as braille dots: solid where a weight is positive, dashed where not."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from bptui.app.diagram.layout import Layout, Place

BITS = ((0x01, 0x08), (0x02, 0x10), (0x04, 0x20), (0x40, 0x80))
"""Braille's bit for the dot in row 0-3, column 0-1 of a cell."""
DASH = 3
"""Dots on, and dots off, of a dashed edge."""


@dataclass(frozen=True)
class Edge:
    """The cells of the edge from ``source`` to ``destination``: row, column, bits of both kinds."""

    layer: int
    source: int
    destination: int
    start: tuple[int, int]
    end: tuple[int, int]
    cells: tuple[tuple[int, int, int, int], ...]


def edges(layout: Layout) -> tuple[Edge, ...]:
    """Every edge between units that are drawn."""
    return tuple(
        _edge(layer, source, destination)
        for layer in range(1, len(layout.columns))
        for source in layout.columns[layer - 1]
        for destination in layout.columns[layer]
    )


def _edge(layer: int, source: Place, destination: Place) -> Edge:
    start, end = (source.x + source.width, source.middle), (destination.x - 1, destination.middle)
    x0, y0, x1, y1 = 2 * start[0], 4 * start[1] + 2, 2 * end[0] + 1, 4 * end[1] + 2
    count = max(abs(x1 - x0), abs(y1 - y0)) + 1
    xs = np.rint(np.linspace(x0, x1, count)).astype(int).tolist()
    ys = np.rint(np.linspace(y0, y1, count)).astype(int).tolist()
    solid: dict[tuple[int, int], int] = {}
    dashed: dict[tuple[int, int], int] = {}
    for index, (x, y) in enumerate(zip(xs, ys, strict=True)):
        cell, bit = (y // 4, x // 2), BITS[y % 4][x % 2]
        solid[cell] = solid.get(cell, 0) | bit
        if index // DASH % 2 == 0:
            dashed[cell] = dashed.get(cell, 0) | bit
    cells = tuple(
        (row, column, bits, dashed.get((row, column), 0)) for (row, column), bits in solid.items()
    )
    return Edge(layer, source.unit, destination.unit, start, end, cells)


def strongest(
    layout: Layout, sized: list[tuple[float, float, Edge]]
) -> tuple[list[tuple[float, float, Edge]], bool]:
    """The edges worth drawing, weakest first, and whether some were left out.

    ``sized`` holds (size, weight, edge). Where a layer has too many edges to tell them apart, the
    largest remain: twice as many as the larger of its two layers has units.
    """
    kept: list[tuple[float, float, Edge]] = []
    for layer in range(1, len(layout.columns)):
        mine = sorted((item for item in sized if item[2].layer == layer), key=lambda item: item[0])
        most = max(2 * max(len(layout.columns[layer - 1]), len(layout.columns[layer])), 16)
        kept += mine[-most:]
    return sorted(kept, key=lambda item: item[0]), len(kept) < len(sized)


def label_places(
    layout: Layout, drawn: tuple[Edge, ...], length: int
) -> dict[tuple[int, int, int], tuple[int, int]]:
    """Where each edge's weight can stand on it, (row, column), by (layer, source, destination).

    ``length`` is the width of a label. A layer whose labels do not all fit gets none.
    """
    places: dict[tuple[int, int, int], tuple[int, int]] = {}
    for layer in range(1, len(layout.columns)):
        taken: set[tuple[int, int]] = set()
        found: dict[tuple[int, int, int], tuple[int, int]] = {}
        mine = [edge for edge in drawn if edge.layer == layer]
        for edge in mine:
            key = (layer, edge.source, edge.destination)
            fans_out = len(layout.columns[layer]) > len(layout.columns[layer - 1])
            place = _free_place(edge, length, taken, near_end=fans_out)
            if place is None:
                break
            found[key] = place
            row, column = place
            taken |= {(row, x) for x in range(column - 1, column + length + 1)}
        if len(found) == len(mine):
            places |= found
    return places


def _free_place(
    edge: Edge, length: int, taken: set[tuple[int, int]], *, near_end: bool
) -> tuple[int, int] | None:
    """Near whichever end has more units, where the edges are further apart."""
    (x0, y0), (x1, y1) = edge.start, edge.end
    if x1 - x0 + 1 < length + 2:
        return None
    for part in (0.3, 0.38, 0.22, 0.5, 0.62, 0.7, 0.78, 0.86, 0.14):
        part = 1.0 - part if near_end else part
        row = round(y0 + part * (y1 - y0))
        column = min(max(round(x0 + part * (x1 - x0)) - length // 2, x0 + 1), x1 - length)
        if not any((row, x) in taken for x in range(column, column + length)):
            return row, column
    return None
