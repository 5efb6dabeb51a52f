"""Draws the edges with their weights: the selected one brightest, the operation's weights lit."""

from __future__ import annotations

from typing import NamedTuple

from rich.style import Style

from bptui.app.diagram.edges import Cell, Edge, Key, label_places, strongest
from bptui.app.diagram.scene import Scene
from bptui.app.numbers import label, largest
from bptui.app.styles import highlight
from bptui.app.view import Selection

LEAST_LABEL = 6
"""Columns of the longest number that a label with two decimals can hold: +5e-09."""


class Label(NamedTuple):
    """An edge and where on it its number begins."""

    edge: Edge
    place: Cell


class Stroke(NamedTuple):
    """How an edge is drawn; ``alone``: over the dots of others, not among them."""

    edge: Edge
    style: Style
    dashed: bool
    alone: bool


class Wires(NamedTuple):
    """The edges as drawn, the last one on top, and where which label stands."""

    strokes: tuple[Stroke, ...]
    labels: dict[Key, Label]
    label_width: int
    some: bool
    """Whether edges are left out."""


def selection_of(edge: Edge) -> Selection:
    """The weight of an edge."""
    return Selection("weight", edge.layer, edge.destination, edge.source)


def wires_of(scene: Scene, edges: tuple[Edge, ...]) -> Wires:
    """How the edges are drawn and, where there is room, their weights."""
    layout, styles, view = scene.layout, scene.styles, scene.view
    weights = view.parameters.weights
    sized = [
        (abs(float(value)), float(value), edge)
        for edge in edges
        for value in (weights[edge.layer - 1][edge.source, edge.destination],)
    ]
    largest = {
        layer: max(size for size, _, edge in sized if edge.layer == layer)
        for layer in range(1, len(layout.columns))
    }
    kept, some = strongest(layout, sized)
    selected = next((each for each in sized if selection_of(each[2]) == view.selection), None)
    if selected is not None:
        kept = [each for each in kept if each is not selected] + [selected]
    width = max(layout.label_decimals + 3, LEAST_LABEL)  # of all, so that none ever moves
    places = {} if some else label_places(layout, edges, width)
    if selected is not None and _key(selected[2]) not in places:
        places = {**places, **label_places(layout, selected[2:], width)}
    strokes = []
    for _, value, edge in kept:
        sign = styles.sign(value, largest[edge.layer])
        style = _edge_style(scene, edge, sign, labelled=_key(edge) in places)
        # no dots of others make the selected one thicker
        alone = selection_of(edge) == view.selection
        strokes.append(Stroke(edge, style, value < 0.0, alone))
    labels = {
        _key(edge): Label(edge, places[_key(edge)]) for _, _, edge in kept if _key(edge) in places
    }
    return Wires(tuple(strokes), labels, width, some)


def draw_strokes(scene: Scene, wires: Wires) -> None:
    """Draw the edges, the last one on top."""
    for edge, style, dashed, alone in wires.strokes:
        for row, column, solid, dashes in edge.cells:
            bits = dashes if dashed else solid
            scene.canvas.dot(row, column, bits, style, alone=alone)


def draw_labels(scene: Scene, wires: Wires) -> None:
    """Write the weights on their edges; their gradients where the operation computes those."""
    view, names, decimals = scene.view, scene.names, scene.layout.label_decimals
    for layer in {edge.layer for edge, _ in wires.labels.values()}:
        shown, numbers = names.weights(layer), view.parameters.weights[layer - 1]
        if highlight(view, names.weight_gradient(layer)) == "written":
            shown, numbers = (
                names.weight_gradient(layer),
                view.snapshot.gradients.weights[layer - 1],
            )
        touched, size = highlight(view, shown), largest(numbers)
        for edge, place in wires.labels.values():
            if edge.layer == layer:
                value = float(numbers[edge.source, edge.destination])
                style = scene.styles.highlighted(scene.styles.sign(value, size), touched)
                if selection_of(edge) == view.selection:
                    style = scene.styles.selected(style, scene.focused)
                # at the right end of its room: before it numbers of a unit may stand
                row, column = place
                text = label(value, size, decimals)
                column += wires.label_width - len(text)
                scene.canvas.write(row, column, text, style)


def _key(edge: Edge) -> Key:
    return edge.layer, edge.source, edge.destination


def _touches(scene: Scene, layer: int) -> bool:
    names = scene.names
    return bool(highlight(scene.view, names.weights(layer), names.weight_gradient(layer)))


def _edge_style(scene: Scene, edge: Edge, sign: Style, labelled: bool) -> Style:
    """While an operation is shown, edges that it has nothing to do with stand back.

    Not where their labels say it: the cells of all edges are many bytes on the way to a terminal.
    """
    styles = scene.styles
    if selection_of(edge) == scene.view.selection:
        return styles.strong
    if scene.view.operation is None or labelled:
        return sign
    return sign + styles.bold if _touches(scene, edge.layer) else styles.faint
