"""Which edges are drawn, how, and how their weights are called on them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from functools import lru_cache
from typing import NamedTuple, TypeAlias

from rich.style import Style

from bptui.app.diagram.edges import Cell, Edge
from bptui.app.diagram.labels import label_places
from bptui.app.diagram.layout import Layout
from bptui.app.styles import Styles, highlight
from bptui.app.view import Selection, View
from bptui.core.network import Names

LEAST_DECIMALS = 3
"""Of weights on edges: with fewer of them no label is shorter, as +5e-09 has to find room."""
SIGNED = len("+0.")
APART = 3
"""Columns between a label and both ends of the gap that it stands in."""
FEW, MOST = 6, 16
"""So many edges between two layers can always be told apart, and so many at most.

Between these as many as the gap has columns.
"""
MOST_OF_UNIT = 8
"""Edges of one unit that are drawn where there are too many."""

Calls: TypeAlias = Mapping[Edge, tuple[str, str]]
"""How the weight of an edge is called, and its gradient."""


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
