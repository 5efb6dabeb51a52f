"""Draws the edges with their weights: the selected one brightest, the operation's weights lit."""

from __future__ import annotations

from typing import NamedTuple

from rich.style import Style

from bptui.app.diagram.edges import Cell, Edge, Key, label_places, strongest
from bptui.app.diagram.scene import Scene
from bptui.app.lighting import touch
from bptui.app.numbers import label
from bptui.app.selection import Selection


class Label(NamedTuple):
    """An edge's weight, the row and the column where its ``text`` begins.

    ``largest`` is the greatest size of a weight in the layer.
    """

    edge: Edge
    place: Cell
    text: str
    value: float
    largest: float


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
    some: bool
    """Whether edges are left out."""


def selection_of(edge: Edge) -> Selection:
    """The weight of an edge."""
    return Selection("weight", edge.layer, edge.destination, edge.source)


def wires_of(scene: Scene, edges: tuple[Edge, ...]) -> Wires:
    """How the edges are drawn and, where there is room, their weights."""
    layout, ink, view = scene.layout, scene.ink, scene.view
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
    decimals = layout.label_decimals
    texts = {_key(edge): label(value, decimals) for _, value, edge in sized}
    places = {} if some else label_places(layout, edges, max(map(len, texts.values())))
    if selected is not None and _key(selected[2]) not in places:
        alone_place = label_places(layout, selected[2:], len(texts[_key(selected[2])]))
        places = {**places, **alone_place}
    strokes = []
    for _, value, edge in kept:
        sign = ink.sign(value, largest[edge.layer])
        style = _edge_style(scene, edge, sign, labelled=_key(edge) in places)
        # no dots of others make the selected one thicker
        alone = selection_of(edge) == view.selection
        strokes.append(Stroke(edge, style, value < 0.0, alone))
    labels = {
        _key(edge): Label(edge, places[_key(edge)], texts[_key(edge)], value, largest[edge.layer])
        for _, value, edge in kept
        if _key(edge) in places
    }
    return Wires(tuple(strokes), labels, some)


def draw_strokes(scene: Scene, wires: Wires) -> None:
    """Draw the edges, the last one on top."""
    for edge, style, dashed, alone in wires.strokes:
        for row, column, solid, dashes in edge.cells:
            bits = dashes if dashed else solid
            scene.canvas.dot(row, column, bits, style, alone=alone)


def draw_labels(scene: Scene, wires: Wires) -> None:
    """Write the weights on their edges."""
    for each in wires.labels.values():
        sign = scene.ink.sign(each.value, each.largest)
        scene.canvas.write(*each.place, each.text, _label_style(scene, each.edge, sign))


def _key(edge: Edge) -> Key:
    return edge.layer, edge.source, edge.destination


def _touches(scene: Scene, layer: int) -> bool:
    names = scene.names
    return bool(touch(scene.view, names.weights(layer), names.weight_gradient(layer)))


def _edge_style(scene: Scene, edge: Edge, sign: Style, labelled: bool) -> Style:
    """While an operation is shown, edges that it has nothing to do with stand back.

    Not where their labels say it: the cells of all edges are many bytes on the way to a terminal.
    """
    ink = scene.ink
    if selection_of(edge) == scene.view.selection:
        return ink.strong
    if scene.view.operation is None or labelled:
        return sign
    return sign + ink.bold if _touches(scene, edge.layer) else ink.faint


def _label_style(scene: Scene, edge: Edge, sign: Style) -> Style:
    ink, view = scene.ink, scene.view
    if selection_of(edge) == view.selection:
        return ink.selected(sign, scene.focused)
    return ink.touched(sign, touch(view, scene.names.weights(edge.layer)))
