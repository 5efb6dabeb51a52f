"""Where on their edges the weights stand: so that each is seen to belong to its own."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from functools import lru_cache
from itertools import combinations, product

from bptui.app.diagram.edges import Cell, Edge, crossing
from bptui.app.diagram.layout import Layout

PARTS = (0.3, 0.22, 0.14, 0.38, 0.5, 0.62, 0.7, 0.78, 0.86)
"""Where along an edge its label may stand, in order of preference."""
MOST_COVERED = 0.62
"""Of the cells between the outermost labels: with more of them covered edges cannot be seen."""


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
