"""Where the weights stand: each beside the unit that it leads into, at the end of its edge."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import accumulate, groupby
from typing import NamedTuple

from bptui.app.diagram.edges import Cell, Edge
from bptui.app.diagram.layout import Layout

NAME = len("h1.16▸")
"""Columns of a unit's name above its values."""


class Spot(NamedTuple):
    """Where a label stands, how wide it is, and the edge that leads there."""

    cell: Cell
    width: int
    edge: Edge


def at_ends(
    layout: Layout, drawn: Sequence[Edge], width: int, path: Sequence[Edge]
) -> Mapping[Edge, Spot]:
    """Return the places of labels between two layers, each at the end of its edge.

    Where a layer has more edges than there are rows, only those of the ``path`` have one: as many
    of its last ones as find room.
    """
    found: dict[Edge, Spot] = {}
    for layer in range(1, len(layout.columns)):
        mine = [edge for edge in drawn if edge.layer == layer]
        if len(mine) >= layout.height:
            mine = [edge for edge in path if edge.layer == layer][1 - layout.height :]
        column = layout.left(layer) - layout.blank - width
        for edge, row in _rows(layout, mine).items():
            led = edge.ending(max(column - 1, edge.start[0]), row)
            found[edge] = Spot((row, column), width, led)
    return found


def over_units(
    layout: Layout, path: Sequence[Edge], widths: Mapping[Edge, int]
) -> Mapping[Edge, Spot]:
    """Return the places of labels that have no room between two layers.

    They reach over what the layer before leaves blank, such as behind the names of units. Of
    several into a unit it is the last one of the ``path``.
    """
    into = {(edge.layer, edge.destination): edge for edge in path}
    found: dict[Edge, Spot] = {}
    for (layer, unit), edge in into.items():
        column = layout.left(layer) - layout.blank - widths[edge]
        rows = next(place.rows for place in layout.columns[layer] if place.unit == unit)
        row = next((row for row in rows if _end(layout, layer - 1, row) <= column), None)
        if row is not None:
            found[edge] = Spot((row, column), widths[edge], edge)
    return found


def _end(layout: Layout, layer: int, row: int) -> int:
    """Return the first column after what a layer has in a row; 0 where it has nothing there."""
    left, above = layout.left(layer), layout.boxes[layer].values[0].y > 0
    if any(each.y == row and each.x == left for each in layout.omissions):
        return layout.right(layer)
    place = next((each for each in layout.columns[layer] if row in each.rows), None)
    if place is None:
        return 0
    return left + NAME if above and row == place.y else layout.right(layer)


def _rows(layout: Layout, edges: Sequence[Edge]) -> Mapping[Edge, int]:
    """Return rows for edges of one layer, in the order in which their weights are counted.

    Those into a unit follow each other, as level with it as the others leave room.
    """
    edges = sorted(edges, key=lambda edge: (edge.destination, edge.source))
    wanted: list[int] = []
    for _, into in groupby(edges, key=lambda edge: edge.destination):
        ends = [edge.end[1] for edge in into]
        wanted += [max(row - len(ends) // 2 + at, 1) for at, row in enumerate(ends)]
    down = [*accumulate(wanted, lambda above, row: max(above + 1, row))]
    up = accumulate(reversed(down), lambda below, row: min(below - 1, row), initial=layout.height)
    return dict(zip(edges, reversed([*up][1:]), strict=True))
