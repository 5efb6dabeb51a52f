"""The edges of the diagram as braille dots: solid where a weight is positive, dashed where not."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache

import numpy as np
from msgspec import Struct

from bptui.app.diagram.layout import Layout, Place

BITS = ((0x01, 0x08), (0x02, 0x10), (0x04, 0x20), (0x40, 0x80))
"""Braille's bit for the dot in row 0-3, column 0-1 of a cell."""
DASH = 3
"""Dots on, and dots off, of a dashed edge."""


Cell = tuple[int, int]
"""Row and column."""


class Edge(Struct, frozen=True, eq=False):
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


PARTS = (0.3, 0.22, 0.14, 0.38, 0.5, 0.62, 0.7, 0.78, 0.86)
"""Where along an edge its label may stand, in order of preference."""
NEAR = 3
"""So many of these lie near the end with more units."""
FEW = 4
MOST_COVERED, COVERED_BY_FEW = 0.7, 0.8
"""Of the rows between the outermost labels: with more of them covered the edges cannot be seen."""
Key = tuple[int, int, int]


@lru_cache(maxsize=16)
def label_places(layout: Layout, drawn: tuple[Edge, ...], length: int) -> Mapping[Key, Cell]:
    """Where each edge's weight can stand on it, (row, column), by (layer, source, destination).

    ``length`` is the width of a label. Where those of a layer do not all fit, or would hide the
    edges, only as many get one as its larger side has units; or none.
    """
    places: dict[Key, Cell] = {}
    for layer in range(1, len(layout.columns)):
        mine = [edge for edge in drawn if edge.layer == layer]
        dots: dict[Cell, int] = {}
        for edge in mine:
            for row, column, *_ in edge.cells:
                dots[row, column] = dots.get((row, column), 0) + 1
        sources, destinations = layout.columns[layer - 1 : layer + 1]
        fans_out = len(destinations) > len(sources)
        # near whichever end has more units, where the edges are further apart
        parts = [1.0 - part for part in PARTS] if fans_out else [*PARTS]
        units = range(max(len(sources), len(destinations)))
        pairs = {
            (sources[k % len(sources)].unit, destinations[k % len(destinations)].unit)
            for k in units
        }
        some = [edge for edge in mine if (edge.source, edge.destination) in pairs]
        tried = ((labelled, at) for labelled in (mine, some) for at in (parts, parts[:NEAR]))
        for labelled, parts in tried:
            found = _places_of_layer(labelled, length, dots, parts)
            if len(found) == len(labelled) and _leaves_edges_visible([*found.values()]):
                places |= found
                break
    return places


def _leaves_edges_visible(labels: list[Cell]) -> bool:
    rows = [row for row, _ in labels]
    if not rows:
        return False
    most = COVERED_BY_FEW if len(rows) <= FEW else MOST_COVERED
    return len(rows) == 1 or len(rows) <= most * (max(rows) - min(rows) + 1)


def _places_of_layer(
    edges: list[Edge], length: int, dots: dict[Cell, int], parts: list[float]
) -> dict[Key, Cell]:
    taken: set[Cell] = set()
    found: dict[Key, Cell] = {}
    for edge in edges:
        place = _best_place(edge, length, dots, parts, taken)
        if place is None:
            break
        found[edge.layer, edge.source, edge.destination] = place
        row, column = place
        taken |= {(row, x) for x in range(column - 1, column + length + 1)}
    return found


def _best_place(
    edge: Edge, length: int, dots: dict[Cell, int], parts: list[float], taken: set[Cell]
) -> Cell | None:
    """The free place that touches the fewest dots of other edges, the first of equal ones."""
    (x0, y0), (x1, y1) = edge.start, edge.end
    if x1 - x0 + 1 < length:
        return None
    own = {(row, column) for row, column, *_ in edge.cells}
    best: tuple[int, Cell] | None = None
    for part in parts:
        row = round(y0 + part * (y1 - y0))
        column = round(x0 + part * (x1 - x0)) - length // 2
        column = min(max(column, min(x0 + 1, x1 - length + 1)), max(x1 - length, x0))
        if any((row, x) in taken for x in range(column, column + length)):
            continue
        around = [(row, x) for x in range(column - 1, column + length + 1)]
        foreign = sum(dots.get(cell, 0) - (cell in own) for cell in around)
        if best is None or foreign < best[0]:
            best = (foreign, (row, column))
    return None if best is None else best[1]
