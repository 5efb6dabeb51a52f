"""Which edges are drawn, how, and how their weights are called on them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import NamedTuple, TypeAlias

from rich.style import Style

from bptui.app.diagram.edges import Cell, Edge
from bptui.app.diagram.labels import Spot, at_ends, over_units
from bptui.app.diagram.layout import Layout
from bptui.app.styles import Styles, highlight
from bptui.app.view import Selection, View
from bptui.core.network import Names

LEAST_DECIMALS, MOST_DECIMALS = 3, 4
"""Of weights on edges: with fewer of them no label is shorter, as +5e-09 has to find room."""
SIGNED = len("+0.")
BESIDE = 3
"""Columns of a gap that are left to the edges before their labels."""
FEW, MOST = 6, 16
"""So many edges between two layers can always be told apart, and so many at most.

Between these as many as the gap has columns.
"""
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
