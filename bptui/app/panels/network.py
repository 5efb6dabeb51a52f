"""The network: its diagram, and in the place of that what it has learned, or all its numbers."""

from __future__ import annotations

from functools import lru_cache, partial

from textual.content import Content
from textual.geometry import Region, Size

from bptui.app.diagram.drawing import Drawing, quantities
from bptui.app.diagram.edges import Edge, Wires, edges, wires_of
from bptui.app.diagram.layout import Layout, arrange
from bptui.app.lines import clickable
from bptui.app.numbers import ordinal
from bptui.app.panels.panel import ViewPanel
from bptui.app.panels.pictures import Picture
from bptui.app.styles import highlight
from bptui.app.view import Direction, Selection, View
from bptui.core.network import Network

ELSEWHERE = clickable("tab: weights, gradients", "app.focus('weights')")
"""What a low screen shows in the place of the diagram while it has the focus."""
DIAGRAM, NUMBERS = "diagram", "numbers"
"""Kinds of pictures, beside the titles of those of what was learned."""


@lru_cache(maxsize=8)
def arranged(
    network: Network,
    width: int,
    height: int,
    wanted: tuple[tuple[int, int], ...],
    present: bool,
) -> tuple[Layout, tuple[Edge, ...]]:
    """Return the layout for a panel of that size, which scrolls sideways, and its edges."""
    layout = arrange(network, width, height, wanted, present)
    if layout.width > width:  # leave a line for the scroll bar
        layout = arrange(network, width, height - 1, wanted, present)
    return layout, edges(layout)


class NetworkPanel(ViewPanel):
    """Draws a sample of the batch going through the network: the first, or the one looked at."""

    def __init__(self) -> None:
        super().__init__("Network", "network")
        self.kind = DIAGRAM
        self.wires: Wires | None = None

    def drawn_from(self, view: View) -> object:
        """Return what is drawn; while nothing runs it may be drawn with more care."""
        return view.picture, view.running or view.seeking is not None

    def action_kind(self, kind: str) -> None:
        """Show another kind of picture."""
        self.kind, self.follows = kind, kind != DIAGRAM  # which is in the frame of the others
        self.scroll_home(animate=False)
        self.resized()

    @property
    def next_learned(self) -> str:
        """The next picture of what was learned; behind the last one the diagram."""
        from bptui.app.panels.learned import pictures_of  # made when first asked for

        titles = pictures_of(self.view.snapshot.experiment) if self.view else []
        pictures = [*titles, DIAGRAM]
        if self.kind in (DIAGRAM, NUMBERS):
            return pictures[0]
        # in the place of one that another experiment had the first one is drawn
        return pictures[titles.index(self.kind) + 1 if self.kind in titles else 1]

    def draw(self, view: View, width: int, height: int) -> Picture:
        if self.kind == DIAGRAM:
            return self._diagram(view, width, height)
        if self.kind == NUMBERS:
            from bptui.app.panels.numbers import numbers

            return numbers(view, self.text_styles, self.has_focus, width)
        from bptui.app.panels.learned import learned

        return learned(view, self.kind, self, width, height)

    def neighbour(self, view: View, direction: Direction) -> Selection | None:
        if self.follows and self.kind != NUMBERS:
            return _output(view, direction)
        return neighbour(view.snapshot.experiment.network, view.selection, direction)

    # the diagram

    def layout_of(self, view: View, width: int, height: int) -> tuple[Layout, tuple[Edge, ...]]:
        """Return the layout in which the selection is drawn, and its edges."""
        network, selection = view.snapshot.experiment.network, view.selection
        layout, drawn = arranged(network, width, height, (), view.present)
        wanted = tuple(unit for unit in selection.units if layout.place(*unit) is None)
        again = (network, width, height, wanted, view.present)
        return arranged(*again) if wanted else (layout, drawn)

    def _diagram(self, view: View, width: int, height: int) -> Picture:
        styles = self.text_styles
        layout, drawn = self.layout_of(view, width, height)
        wires = self.wires = wires_of(layout, drawn, view, styles)
        drawing = Drawing(layout, wires, view, styles, self.has_focus)
        samples = _sample_notes(view)
        through = view.snapshot.experiment.network.names.unit(*view.selection.units[-1])
        whole = ", ".join([*[f"strongest paths through {through}"] * wires.some, *samples[:1]])
        low = self.screen.has_class("low")
        elsewhere = [Content.assemble(whole, ", " if whole else "", ELSEWHERE)] if low else []
        places = [layout.place(*unit) for unit in view.selection.units]
        regions = [place.region for place in places if place is not None]
        return Picture(
            Size(max(layout.width, width), layout.height),
            lambda seen: drawing.part(seen.x, seen.width),
            "Network",
            [*elsewhere, whole, *samples],
            Region.from_union(regions) if regions else None,  # an edge from unit to unit
            None if view.pointed else _touched(view, layout),
            partial(pick, layout, wires),
        )


def _touched(view: View, layout: Layout) -> Region | None:
    """Return the columns of units and the gaps that the operation has to do with."""
    names, ends = view.snapshot.experiment.network.names, list[int]()
    for layer in range(len(layout.columns)):
        left, right = layout.left(layer), layout.right(layer)
        if highlight(view, *quantities(names, layer)):
            ends += [left, right]
        if layer and highlight(view, names.weights(layer), names.weight_gradient(layer)):
            ends += [layout.right(layer - 1), left]
    return Region(min(ends), 0, max(ends) - min(ends), layout.height) if ends else None


def _output(view: View, direction: Direction) -> Selection | None:
    """Return the next output, where there are several: some pictures show one of them."""
    network = view.snapshot.experiment.network
    selection, last = view.selection, network.depth
    if network.layers[-1] == 1:
        return None
    if (selection.kind, selection.layer) != ("unit", last):
        return Selection("unit", last, 0)
    unit = selection.unit + (1 if direction in ("right", "down") else -1)
    return Selection("unit", last, min(max(unit, 0), network.layers[-1] - 1))


def _sample_notes(view: View) -> list[str]:
    """Say which sample is drawn, and that another one is looked at; the longest first."""
    batch, samples = view.snapshot.batch, view.snapshot.experiment.data.samples
    drawn, looked = int(batch[view.row]), view.sample
    shown, place = f"sample {drawn + 1}", f"{ordinal(view.row + 1)} of {len(batch)}"
    if looked in (None, drawn):
        several = len(batch) > 1
        return [f"{shown}, {place} in the batch", f"{shown}, {place}"] if several else []
    other = f"{looked + 1}" if looked < samples else f"test sample {looked - samples + 1}"
    return [f"{shown}; {other} is not in the batch", f"{shown}, not {other}"]


def neighbour(network: Network, selection: Selection, direction: Direction) -> Selection:
    """Go from unit to edge to unit, and up and down among those of a layer.

    Edges follow each other as the weights are numbered. A bias is taken for its unit.
    """
    kind, layer, unit, source = selection
    step, along = (1 if direction in ("right", "down") else -1), direction in ("left", "right")
    if kind == "weight" and along:
        return Selection("unit", layer, unit) if step > 0 else Selection("unit", layer - 1, source)
    if kind == "weight":
        sources, units = network.layers[layer - 1 : layer + 1]
        number = min(max(unit * sources + source + step, 0), sources * units - 1)
        return Selection("weight", layer, *divmod(number, sources))
    if not along:
        return Selection("unit", layer, min(max(unit + step, 0), network.layers[layer] - 1))
    if step < 0:
        return Selection("weight", layer, unit) if layer else selection
    return selection if layer == network.depth else Selection("weight", layer + 1, 0, unit)


def pick(layout: Layout, wires: Wires, x: int, y: int) -> Selection | None:
    """Return the unit, bias or weight at a cell, else the nearest edge, one cell away at most."""
    for place in layout.places:
        if place.region.contains(x, y):
            values = layout.boxes[place.layer].values
            bias = any((value.name, value.y) == ("b", y - place.y) for value in values)
            return Selection("bias" if bias else "unit", place.layer, place.unit)
    for label in wires.labels:
        row, column = label.cell
        if row == y and column <= x < column + label.width:
            return label.edge.selection
    near = [
        (abs(row - y) + abs(column - x), -number, edge)
        for number, (edge, *_) in enumerate(wires.strokes)
        for row, column, *_ in edge.cells
        if abs(row - y) <= 1 and abs(column - x) <= 1
    ]
    # of equally near ones the edge on top
    return min(near, key=lambda found: found[:2])[2].selection if near else None
