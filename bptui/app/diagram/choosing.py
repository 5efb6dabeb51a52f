"""Finding things in the diagram: beside a unit or an edge, at a cell, in an operation."""

from __future__ import annotations

from textual.geometry import Region

from bptui.app.diagram.layout import Layout
from bptui.app.diagram.units import quantities
from bptui.app.diagram.wires import Wires, selection_of
from bptui.app.styles import highlight
from bptui.app.view import Direction, Selection, View
from bptui.core.network import Network


def neighbour(network: Network, selection: Selection, direction: Direction) -> Selection:
    """From unit to edge to unit, and up and down among those of a layer; itself at the end.

    Edges follow each other as the weights are numbered. A bias is taken for its unit.
    """
    layer, unit, source = selection.layer, selection.unit, selection.source
    if selection.kind == "weight":
        if direction == "left":
            return Selection("unit", layer - 1, source)
        if direction == "right":
            return Selection("unit", layer, unit)
        sources, units = network.layers[layer - 1 : layer + 1]
        number = unit * sources + source + (1 if direction == "down" else -1)
        unit, source = divmod(min(max(number, 0), sources * units - 1), sources)
        return Selection("weight", layer, unit, source)
    if direction == "left":
        return Selection("weight", layer, unit) if layer else selection
    if direction == "right":
        last = layer == network.depth
        return selection if last else Selection("weight", layer + 1, 0, unit)
    unit += 1 if direction == "down" else -1
    return Selection("unit", layer, min(max(unit, 0), network.layers[layer] - 1))


def pick(network: Network, layout: Layout, wires: Wires, x: int, y: int) -> Selection | None:
    """The unit, bias or label at a cell, else the nearest edge, one cell away at most."""
    for place in (place for column in layout.columns for place in column):
        if place.region.contains(x, y):
            row = y - place.y - layout.style.start(network, place.layer)[1]
            rows = layout.style.rows(network, place.layer)
            bias = 0 <= row < len(rows) and "b" in rows[row]
            return Selection("bias" if bias else "unit", place.layer, place.unit)
    for label in wires.labels.values():
        row, column = label.place
        if row == y and column <= x < column + wires.label_width:
            return selection_of(label.edge)
    near = [
        (abs(row - y) + abs(column - x), -number, edge)
        for number, (edge, *_) in enumerate(wires.strokes)
        for row, column, *_ in edge.cells
        if abs(row - y) <= 1 and abs(column - x) <= 1
    ]
    # of equally near ones the edge on top
    return selection_of(min(near, key=lambda each: each[:2])[2]) if near else None


def region_of(layout: Layout, selection: Selection) -> Region | None:
    """Where the selection is drawn: an edge from unit to unit."""
    places = [layout.place(*unit) for unit in selection.units]
    regions = [place.region for place in places if place is not None]
    return Region.from_union(regions) if regions else None


def region_touched(view: View, layout: Layout) -> Region | None:
    """The columns of units and the gaps between them that the operation has to do with."""
    names = view.snapshot.experiment.network.names
    spans = [
        (layout.left(layer), layout.right(layer))
        for layer in range(len(layout.columns))
        if highlight(view, *quantities(names, layer))
    ]
    spans += [
        (layout.right(layer - 1), layout.left(layer))
        for layer in range(1, len(layout.columns))
        if highlight(view, names.weights(layer), names.weight_gradient(layer))
    ]
    if not spans:
        return None
    left, right = min(span[0] for span in spans), max(span[1] for span in spans)
    return Region(left, 0, right - left, layout.height)
