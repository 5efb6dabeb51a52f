"""The edges of the diagram: their braille dots, which of them are drawn, where their weights go."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from functools import lru_cache
from itertools import combinations, product
from typing import NamedTuple, TypeAlias

import numpy as np
from msgspec import Struct
from rich.style import Style

from bptui.app.diagram.layout import Layout, Place
from bptui.app.styles import Styles, highlight
from bptui.app.view import Selection, View
from bptui.core.network import Names

BITS = ((0x01, 0x08), (0x02, 0x10), (0x04, 0x20), (0x40, 0x80))
"""Braille's bit for the dot in row 0-3, column 0-1 of a cell."""
DASH = 3
"""Dots on, and dots off, of a dashed edge."""
LEAST_DECIMALS = 3
"""Of weights on edges: with fewer of them no label is shorter, as +5e-09 has to find room."""
SIGNED = len("+0.")
APART = 3
"""Columns between a label and both ends of the gap that it stands in."""
PARTS = (0.3, 0.22, 0.14, 0.38, 0.5, 0.62, 0.7, 0.78, 0.86)
"""Where along an edge its label may stand, in order of preference."""
MOST_COVERED = 0.62
"""Of the cells between the outermost labels: with more of them covered edges cannot be seen."""

FEW, MOST = 6, 16
"""So many edges between two layers can always be told apart, and so many at most.

Between these as many as the gap has columns.
"""
MOST_OF_UNIT = 8
"""Edges of one unit that are drawn where there are too many."""

Cell = tuple[int, int]
"""Row and column."""
Dots = tuple[tuple[int, int, int, int], ...]
"""Row, column, bits of the solid and of the dashed line."""
Calls: TypeAlias = Mapping["Edge", tuple[str, str]]
"""How the weight of an edge is called, and its gradient."""


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

    def row(self, column: float) -> float:
        """Return where between two rows the edge is in a column."""
        (x0, y0), (x1, y1) = self.start, self.end
        return y0 + (y1 - y0) * (column - x0) / (x1 - x0)


class Stroke(NamedTuple):
    """How an edge is drawn; ``heavy``: twice as thick, over the dots of others, not among them."""

    edge: Edge
    style: Style
    dashed: bool
    heavy: bool


class Label(NamedTuple):
    """Where the weight of an edge stands, and how it is called there: w5, W2[h3, o1], h3 or not."""

    edge: Edge
    cell: Cell
    name: str
    gradient: str
    """What its gradient is called there."""
    lit: bool
    """Whether the edge is on a path from what is selected to the loss."""


class Wires(NamedTuple):
    """The edges as drawn, the last one on top, and where their weights begin."""

    strokes: tuple[Stroke, ...]
    labels: tuple[Label, ...]
    label_width: int
    number_width: int
    """The columns of a label that its number takes; before it stands its name, or nothing."""
    gradient_width: int
    """The same for the number of a gradient, whose name is longer."""
    some: bool
    """Whether edges are left out."""

    def labelled_as(self, other: Wires | None) -> bool:
        """Return whether the labels and their numbers are as wide as other ones."""
        widths = None if other is None else (other.label_width, other.number_width)
        return widths == (self.label_width, self.number_width)


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
    layout: Layout, edges: tuple[Edge, ...], view: View, styles: Styles, named: bool = True
) -> Wires:
    """Return how the edges are drawn and, where there is room, where their weights stand.

    Those have their names before them where they are to be ``named`` and these find room, too.
    Where weights are too many to be counted, an edge can be told by an end alone: of each layer
    those of one unit are drawn.

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
    widths, called, places = _labels(
        layout, drawn, tuple(path), names if named else None, view.named
    )
    if selected and selected[0] not in places:
        places = {**places, **label_places(layout, selected, widths[0])}
    strokes = []
    for edge in kept:
        style = styles.sign(values[edge], largest[edge.layer])
        if edge in selected:
            style = styles.strong
        elif edge in lit:
            style = styles.accent + styles.bold
        elif view.operation is not None and edge not in places:
            own = names.weights(edge.layer), names.weight_gradient(edge.layer)
            style = style + styles.bold if highlight(view, *own) else styles.faint
        strokes.append(Stroke(edge, style, values[edge] < 0.0, edge in lit or edge in selected))
    labels = tuple(
        Label(edge, places[edge], *called.get(edge, ("", "")), edge in lit)
        for edge in kept
        if edge in places
    )
    return Wires(tuple(strokes), labels, *widths, some)


@lru_cache(maxsize=16)
def _labels(
    layout: Layout,
    drawn: tuple[Edge, ...],
    path: tuple[Edge, ...],
    names: Names | None,
    wanted: bool,
) -> tuple[tuple[int, int, int], Calls, Mapping[Edge, Cell]]:
    """Return the columns of labels, so that none ever moves, of their numbers, and of gradients.

    Then what stands before these, and where each label stands. They have ``names``, with fewer
    decimals rather than without, those of gradients first. Where these find no room numbers stand
    alone, or the names where those are ``wanted``; where an end is the name, a number alone in each
    layer, that of the ``path``'s last edge there.
    """
    gap, most = layout.gap, layout.style.edges
    alone = min(max(gap - APART - SIGNED, LEAST_DECIMALS), most) + SIGNED
    least = LEAST_DECIMALS + SIGNED
    tried: list[tuple[tuple[int, int, int], Calls]] = []
    for called in _calls(drawn, names) if names and drawn else ():
        name, gradient = (max(map(len, each)) for each in zip(*called.values(), strict=True))
        longer = gradient - name
        for k in range(most + SIGNED, least - 1, -1):
            for g in dict.fromkeys((longer, 0)):
                tried.append(((name + 1 + k + g, k, k - longer + g), called))
    tried = [each for each in tried if each[0][0] < gap]
    if not tried and names and drawn:
        *_, called = _calls(drawn, names)
        if wanted:
            tried = [((max(len(name) for name, _ in called.values()) + 1, 0, 0), called)]
        elif not names.counts_weights:
            drawn = tuple({edge.layer: edge for edge in path}.values())
    tried = tried or [((alone, alone, alone), {})]
    found = [label_places(layout, drawn, widths[0], path) for (widths, _) in tried]
    best = next(at for at, places in enumerate(found) if len(places) >= len(found[-1]))
    return *tried[best], found[best]


def _calls(drawn: tuple[Edge, ...], names: Names) -> Iterator[Calls]:
    """Yield how weights and their gradients may be called, the longest names first.

    Where all edges of a layer meet in one unit their other ends are enough.
    """
    whole = {edge: names.weight(edge.layer, edge.source, edge.destination) for edge in drawn}
    yield {edge: (name, f"g{name}") for edge, name in whole.items()}
    if names.counts_weights:
        return
    ends = {(edge.layer, edge.destination) for edge in drawn}
    meeting = Counter(layer for layer, _ in ends)
    short = {
        edge: names.unit(edge.layer - 1, edge.source)
        if meeting[edge.layer] == 1
        else names.unit(edge.layer, edge.destination)
        for edge in drawn
    }
    yield {edge: (name, name) for edge, name in short.items()}


def label_places(
    layout: Layout, drawn: tuple[Edge, ...], length: int, path: tuple[Edge, ...] = ()
) -> Mapping[Edge, Cell]:
    """Return where each edge's weight, ``length`` wide, can stand on it.

    Where those of a layer do not all fit, would hide the edges, or could be taken for each other's,
    only those of the ``path`` get one: as many of its last ones as can.
    """
    places: dict[Edge, Cell] = {}
    for layer in range(1, len(layout.columns)):
        mine = tuple(edge for edge in drawn if edge.layer == layer)
        gap = layout.left(layer) - layout.right(layer - 1)
        along = [edge for edge in path if edge.layer == layer]
        some = ({*along[at:]} for at in range(len(along)))
        for labelled in (mine, *(tuple(edge for edge in mine if edge in each) for each in some)):
            found = _readable_places(labelled, length, mine, gap)
            if found:
                places |= found
                break
    return places


@lru_cache(maxsize=256)
def _readable_places(
    edges: tuple[Edge, ...], length: int, drawn: tuple[Edge, ...], gap: int
) -> Mapping[Edge, Cell]:
    """Return places of all labels where none hides too much or can be taken for another's."""
    dots = Counter(cell[:2] for edge in drawn for cell in edge.cells)
    sources, destinations = ({edge.source for edge in edges}, {edge.destination for edge in edges})
    # near whichever end has more units, where the edges are further apart
    behind, before = [1.0 - part for part in PARTS], [*PARTS]
    ways = [behind] * (len(destinations) >= len(sources))
    ways += [before] * (len(destinations) <= len(sources))
    readable: dict[Edge, Cell] = {}
    for parts, reach in product(ways, (2, 1)):
        found = _places_of_layer(edges, length, dots, parts, reach)
        rows = [row for row, _ in found.values()]
        room = (max(rows, default=0) - min(rows, default=0) + 1) * gap
        seen = len(rows) == 1 or len(rows) * length <= MOST_COVERED * room
        seen &= not any(shares(*a, *b, length) for a, b in combinations(found.items(), 2))
        if len(found) == len(edges) and seen:
            readable = readable or found
            down = sorted(found, key=found.__getitem__)
            if len(ways) == 1 or down == sorted(down, key=lambda e: (e.destination, e.source)):
                return found  # w1 to w4 in their order, wherever that can be
    return readable


def _places_of_layer(
    edges: tuple[Edge, ...], length: int, dots: Counter[Cell], parts: list[float], reach: int
) -> dict[Edge, Cell]:
    """Return the places of as many labels as find one, one after the other.

    Each stands on its own edge. It is the free one with the fewest faults, the first of equals:
    labels in another order than their edges, another edge within ``reach`` columns of an end,
    crossings hidden, dots of other edges hidden where its own does not lead on from it.
    """
    taken: set[Cell] = set()
    found: dict[Edge, Cell] = {}
    for edge in edges:
        (x0, y0), (x1, y1) = edge.start, edge.end
        own = {cell[:2] for cell in edge.cells}
        crossed = [at for other in edges if (at := crossing(edge, other)) is not None]
        free: dict[Cell, tuple[int, ...]] = {}
        down, near = y1 - y0, parts[0] < 0.5
        first = min(x0 + 1, x1 - length + 1)
        last = max(x1 - length, first)
        middles = [(round(x0 + part * (x1 - x0)), y0 + part * down) for part in parts]
        tried = [(min(max(x - length // 2, first), last), y, 0) for x, y in middles]
        # all that is seen of it leads on, maybe in the row after its last
        leading, behind = (first, first + length) if near else (last, last - 1)
        tried += [(leading, row, 1) for row, x in sorted(own) if x == behind]
        for column, wanted, beside in tried if x1 - x0 + 1 >= length else ():
            on_it = [row for row, x in own if column <= x < column + length]
            row = min(max(round(wanted), min(on_it) - beside), max(on_it) + beside)
            under = [(row, x) for x in range(column, column + length)]
            sides = (
                [column - 1 - k for k in range(reach)],
                [column + length + k for k in range(reach)],
            )
            ends = [next((x for x in side if dots[row, x]), None) for side in sides]
            leads_on = [(row, x) in own for x in ends if x is not None]
            if taken.isdisjoint(under):
                swapped = sum(
                    misleads(edge, (row, column), other, there, length)
                    or shares(edge, (row, column), other, there, length)
                    for other, there in found.items()
                )
                astray = leads_on.count(False)
                hidden = sum(column <= x < column + length and abs(y - row) < 1 for y, x in crossed)
                foreign = sum(dots[cell] - (cell in own) for cell in under)
                free.setdefault(
                    (row, column), (swapped, astray, hidden, foreign * (not any(leads_on)))
                )
        if not free:
            break
        row, column = found[edge] = min(free, key=free.__getitem__)
        taken |= {(row, x) for x in range(column - 1, column + length + 1)}
    for one, other in combinations(found, 2):
        if misleads(one, found[one], other, found[other], length):
            found[one], found[other] = found[other], found[one]
    columns = Counter(column for _, column in found.values())
    usual = max(columns, key=columns.__getitem__, default=0)
    for edge, (row, column) in found.items():
        place = row, usual
        if abs(column - usual) == 1 and _stands(edge, place, length, dots, found):
            found[edge] = place  # one column off would look like an oversight
    return found


def _stands(
    edge: Edge, place: Cell, length: int, dots: Counter[Cell], found: Mapping[Edge, Cell]
) -> bool:
    """Return whether a label is on its edge at a place, and seems to belong to no other one."""
    (row, column), own = place, {cell[:2] for cell in edge.cells}
    ends = ((row, column - 1), (row, column + length))
    within = any((row, x) in own for x in range(column, column + length))
    others = {other: there for other, there in found.items() if other is not edge}
    apart = all(y != row or abs(x - column) > length for y, x in others.values())
    swapped = any(misleads(edge, place, other, there, length) for other, there in others.items())
    astray = any(dots[cell] and cell not in own for cell in ends)
    return within and apart and not swapped and not astray


def crossing(edge: Edge, other: Edge) -> tuple[float, float] | None:
    """Return between which rows and columns two edges of a layer cross, if they do so within it."""
    before, behind = edge.start[1] - other.start[1], edge.end[1] - other.end[1]
    if edge.layer != other.layer or before * behind >= 0:
        return None
    column = edge.start[0] + before / (before - behind) * (edge.end[0] - edge.start[0])
    return edge.row(column), column


def shares(edge: Edge, place: Cell, other: Edge, there: Cell, length: int) -> bool:
    """Return whether a label of two in a row stands on the edge of the other one, too."""
    pairs = ((place, other), (there, edge))
    return place[0] == there[0] and any(
        (row, x) == cell[:2]
        for (row, column), along in pairs
        for cell in along.cells
        for x in range(column, column + length)
    )


def misleads(edge: Edge, place: Cell, other: Edge, there: Cell, length: int) -> bool:
    """Return whether two labels stand in another order than their edges do in all their columns."""
    left, right = max(place[1], there[1]), min(place[1], there[1]) + length - 1
    if edge.layer != other.layer or left > right:
        return False
    down = place[0] - there[0]
    return all(down * (edge.row(x) - other.row(x)) < 0.0 for x in (left, right))
