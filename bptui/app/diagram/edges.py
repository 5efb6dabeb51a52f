"""The edges of the diagram: their dots, which are drawn, and where their weights stand."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from itertools import accumulate, groupby
from typing import NamedTuple, TypeAlias

import numpy as np
from msgspec import Struct
from msgspec.structs import replace
from rich.style import Style

from bptui.app.diagram.layout import Layout, Place
from bptui.app.styles import Styles, highlight
from bptui.app.view import Selection, View
from bptui.core.network import Names

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


LEAST_DECIMALS, MOST_DECIMALS = 3, 4
"""Of weights on edges: with fewer of them no label is shorter, as +5e-09 has to find room."""
SIGNED = len("+0.")
BESIDE = 3
"""Columns of a gap that are left to the edges before their labels."""
FEW, MOST = 6, 16
"""So many edges between two layers can always be told apart, and so many at most.

Between these as many as the gap has columns.
"""
NAME = len("h1.16▸")
"""Columns of a unit's name above its values."""
MOST_OF_UNIT = 8
"""Edges of one unit that are drawn where there are too many."""

Calls: TypeAlias = tuple[tuple[str, str], ...]
"""How a weight may be called, and its gradient: the longest names first."""


class Stroke(NamedTuple):
    """How an edge is drawn; ``heavy``: twice as thick, over the dots of others, not among them."""

    edge: Edge
    style: Style
    dashed: bool
    heavy: bool


class Spot(NamedTuple):
    """Where a label stands, how wide it is, and the edge that leads there."""

    cell: Cell
    width: int
    edge: Edge


class Label(NamedTuple):
    """Where the weight of an edge stands, and how it is called: w5, W2[h3, o1], h3→ or not."""

    edge: Edge
    cell: Cell
    width: int
    name: str
    gradient: str
    """What its gradient is called there."""
    lit: bool
    """Whether the edge is on a path from what is selected to the loss."""


class Wires(NamedTuple):
    """The edges as drawn, the last one on top, and where their weights begin."""

    strokes: tuple[Stroke, ...]
    labels: tuple[Label, ...]
    number_width: int
    """The columns of a label that its number takes; before it stands its name."""
    some: bool
    """Whether edges are left out."""


def telling(
    layout: Layout, sizes: Mapping[Edge, float], selection: Selection, everywhere: bool = False
) -> list[Edge]:
    """Return the edges worth drawing, those with the smallest weights first.

    Where a layer has too many to tell them apart, or ``everywhere``, those of one unit remain, the
    strongest of them: into the selected one or, behind it, out of it. In further layers it is the
    other end of the strongest edge.
    """
    dense = dict[int, list[Edge]]()
    for edge in sizes:
        dense.setdefault(edge.layer, []).append(edge)
    for layer, mine in [*dense.items()]:
        gap = layout.left(layer) - layout.right(layer - 1)
        if not everywhere and len(mine) <= max(FEW, min(gap, MOST)):
            del dense[layer]
    if not selection.is_something and dense:
        selection = max(dense[min(dense)], key=sizes.__getitem__).selection
    kept = [edge for edge in sizes if edge.layer not in dense]
    unit = selection.unit
    for layer in range(selection.layer, 0, -1):
        into = [each for each in sizes if (each.layer, each.destination) == (layer, unit)]
        into = sorted(into, key=sizes.__getitem__)[-MOST_OF_UNIT:]
        kept += into if layer in dense else ()
        chosen = selection.kind == "weight" and layer == selection.layer
        unit = selection.source if chosen else into[-1].source
    unit = selection.unit
    for layer in range(selection.layer + 1, len(layout.columns)):
        out = [each for each in sizes if (each.layer, each.source) == (layer, unit)]
        out = sorted(out, key=sizes.__getitem__)[-MOST_OF_UNIT:]
        kept += out if layer in dense else ()
        unit = out[-1].destination
    return sorted(kept, key=sizes.__getitem__)


def leads_on(edge: Edge, selection: Selection) -> bool:
    """Return whether an edge is on a path from what is selected to the loss."""
    following = selection.layer + 1
    if not selection.is_something:
        return False
    return edge.layer > following or (edge.layer, edge.source) == (following, selection.unit)


def wires_of(
    layout: Layout,
    edges: tuple[Edge, ...],
    view: View,
    styles: Styles,
    name: Callable[[Edge], str] | None = None,
) -> Wires:
    """Return how the edges are drawn and, where there is room, where their weights stand.

    Those have their names before them where these find room, too; ``name`` gives others than the
    network's own. Where weights are too many to be counted, an edge can be told by an end alone: of
    each layer those of one unit are drawn.

    While an operation is shown, edges that it has nothing to do with stand back. Not where their
    labels say it: the cells of all edges are many bytes on the way to a terminal. While the
    selection is explained, the paths from it to the loss are lit.
    """
    weights, names = view.parameters.weights, view.snapshot.experiment.network.names
    values = {edge: float(weights[edge.layer - 1][edge.source, edge.destination]) for edge in edges}
    largest: dict[int, float] = {}
    for edge, value in values.items():
        largest[edge.layer] = max(abs(value), largest.get(edge.layer, 0.0))
    sizes = {edge: abs(value) for edge, value in values.items()}
    selected = tuple(edge for edge in edges if edge.selection == view.selection)
    path = telling(layout, sizes, view.selection, everywhere=True)
    path = [edge for edge in path if edge not in selected] + [*selected]
    kept = telling(layout, sizes, view.selection) if names.counts_weights else path
    some = len(kept) < len(edges)
    lit = {edge for edge in kept if view.explained is None and leads_on(edge, view.selection)}
    kept = [edge for edge in kept if edge not in {*lit, *selected}]
    kept += [*sorted(lit, key=sizes.__getitem__), *selected]
    drawn = tuple(edge for edge in edges if edge in {*kept}) if some else edges
    calls = {edge: _called(edge, names, name) for edge in drawn}
    path = [edge for edge in path if edge in calls]
    number, which, spots = _labels(layout, drawn, tuple(path), tuple(calls.values()))
    strokes, labels = list[Stroke](), list[Label]()
    for edge in kept:
        style = styles.sign(values[edge], largest[edge.layer])
        if edge in selected:
            style = styles.strong
        elif edge in lit:
            style = styles.accent + styles.bold
        elif view.operation is not None and edge not in spots:
            own = names.weights(edge.layer), names.weight_gradient(edge.layer)
            style = style + styles.bold if highlight(view, *own) else styles.faint
        spot = spots.get(edge)
        led = spot.edge if spot else edge
        strokes.append(Stroke(led, style, values[edge] < 0.0, edge in lit or edge in selected))
        if spot:
            labels.append(Label(edge, spot.cell, spot.width, *calls[edge][which], edge in lit))
    return Wires(tuple(strokes), tuple(labels), number, some)


def _called(edge: Edge, names: Names, name: Callable[[Edge], str] | None) -> Calls:
    """Return the names of an edge: its weight's, that of the unit that it is from, or nothing.

    Where it leads to is seen, and where all weights of a network are, so is their order.
    """
    whole = name(edge) if name else names.weight(edge.layer, edge.source, edge.destination)
    source = f"{names.unit(edge.layer - 1, edge.source)}→"
    return (whole, f"g{whole}"), (source, source), *[("", "")] * names.counts_weights


@lru_cache(maxsize=16)
def _labels(
    layout: Layout, drawn: tuple[Edge, ...], path: tuple[Edge, ...], called: tuple[Calls, ...]
) -> tuple[int, int, Mapping[Edge, Spot]]:
    """Return the columns of the labels' numbers, which of their names stand there, and where.

    It is the longest names that leave room for three decimals. Nothing ever moves by what the
    numbers are, nor by whether they are weights or gradients.
    """
    room = layout.gap - BESIDE - layout.blank
    most, least = min(layout.style.decimals, MOST_DECIMALS) + SIGNED, LEAST_DECIMALS + SIGNED
    names = [[len(f"{each} ".lstrip()) for _, each in calls] for calls in zip(*called, strict=True)]
    for which, widths in enumerate(names):
        if max(widths) + least <= room:
            number = min(room - max(widths), most)
            return number, which, at_ends(layout, drawn, max(widths) + number, path)
    lengths = {edge: width + least for edge, width in zip(drawn, names[1], strict=True)}
    return least, 1, over_units(layout, path, lengths)


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
