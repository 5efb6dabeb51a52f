"""The network diagram: units with their values, edges with their weights."""

from __future__ import annotations

from textual.geometry import Size
from textual.strip import Strip

from bptui.app.diagram.canvas import Canvas
from bptui.app.diagram.edges import Edge, edges, label_places, strongest
from bptui.app.diagram.layout import Layout, Place, arrange
from bptui.app.numbers import label, plain
from bptui.app.panels.panel import Panel
from bptui.app.view import View
from bptui.core.network import Network
from bptui.core.snapshot import Snapshot


class NetworkPanel(Panel):
    """Draws the first sample of the batch going through the network."""

    def __init__(self) -> None:
        super().__init__("Network", "network")
        self._cache: tuple[tuple[object, ...], Layout, tuple[Edge, ...]] | None = None

    def layout_of(
        self, network: Network, width: int, height: int
    ) -> tuple[Layout, tuple[Edge, ...]]:
        key = (network, width, height)
        if self._cache is None or self._cache[0] != key:
            layout = arrange(network, width, height)
            if layout.width > width:  # leave a line for the scroll bar
                layout = arrange(network, width, height - 1)
            self._cache = (key, layout, edges(layout))
        return self._cache[1], self._cache[2]

    def extent(self, view: View, width: int, height: int) -> Size:
        layout, _ = self.layout_of(view.snapshot.experiment.network, width, height)
        return Size(max(layout.width, width), layout.height)

    def paint(self, view: View, width: int, height: int) -> list[Strip]:
        snapshot = view.snapshot
        network = snapshot.experiment.network
        layout, drawn = self.layout_of(network, width, height)
        canvas = Canvas(layout.width, layout.height, self.ink.text)
        some = self._draw_edges(canvas, layout, drawn, snapshot)
        for layer, column in enumerate(layout.columns):
            self._draw_caption(canvas, layout, network, layer)
            for place in column:
                self._draw_unit(canvas, layout, place, snapshot)
        for gap in layout.omissions:
            text = f"… {gap.count} more"
            canvas.write(gap.y, gap.x + (gap.width - len(text)) // 2, text, self.ink.dim)
        notes = ["strongest edges"] if some else []
        if len(snapshot.batch) > 1:
            notes.append(
                f"sample {snapshot.batch[0] + 1}, 1st of {len(snapshot.batch)} in the batch"
            )
        self.note(", ".join(notes))
        left = int(self.scroll_offset.x)
        return [canvas.strip(row).crop(left, left + width) for row in range(layout.height)]

    def _draw_edges(
        self, canvas: Canvas, layout: Layout, drawn: tuple[Edge, ...], snapshot: Snapshot
    ) -> bool:
        """Draw the edges and, where there is room, their weights; whether some are left out."""
        weights = snapshot.parameters.weights
        sized = [
            (abs(float(value)), float(value), edge)
            for edge in drawn
            for value in (weights[edge.layer - 1][edge.source, edge.destination],)
        ]
        largest = {
            layer: max(size for size, _, edge in sized if edge.layer == layer)
            for layer in range(1, len(layout.columns))
        }
        kept, some = strongest(layout, sized)
        for _, value, edge in kept:
            style = self.ink.sign(value, largest[edge.layer])
            for row, column, solid, dashed in edge.cells:
                canvas.dot(row, column, dashed if value < 0.0 else solid, style)
        decimals = layout.label_decimals
        texts = {
            (edge.layer, edge.source, edge.destination): label(value, decimals)
            for _, value, edge in sized
        }
        places = {} if some else label_places(layout, drawn, max(map(len, texts.values())))
        for _, value, edge in kept:
            key = (edge.layer, edge.source, edge.destination)
            if key in places:
                style = self.ink.sign(value, largest[edge.layer])
                canvas.write(*places[key], texts[key], style)
        return some

    def _draw_caption(self, canvas: Canvas, layout: Layout, network: Network, layer: int) -> None:
        text = "input" if layer == 0 else network.activations[layer - 1]
        room = layout.columns[layer][0].width + 6
        text = text[:room]
        x = layout.left(layer) + (layout.columns[layer][0].width - len(text)) // 2
        canvas.write(0, min(max(x, 0), layout.width - len(text)), text, self.ink.dim)

    def _draw_unit(self, canvas: Canvas, layout: Layout, place: Place, snapshot: Snapshot) -> None:
        network, style, colours = snapshot.experiment.network, layout.style, self.ink
        name = network.names.unit(place.layer, place.unit)
        rows = style.rows(network, place.layer)
        if not style.bordered:
            value = self._value(snapshot, place, "out")
            canvas.write(place.y, place.x, name, colours.strong)
            text = plain(value, style.decimals).rjust(place.width - len(name))
            canvas.write(place.y, place.x + len(name), text, colours.text)
            return
        inner = place.width - 2
        top = f"╭ {name} ".ljust(inner + 1, "─") + "╮"
        canvas.write(place.y, place.x, top, colours.dim)
        canvas.write(place.y, place.x + 2, name, colours.strong)
        for index, row in enumerate(rows):
            shown = row if style.everything and place.layer > 0 else ""
            number = plain(self._value(snapshot, place, row), style.decimals)
            y = place.y + 1 + index
            canvas.write(y, place.x, "│" + " " * inner + "│", colours.dim)
            canvas.write(y, place.x + 1, shown, colours.dim)
            canvas.write(
                y,
                place.x + 1 + inner - len(number),
                number,
                colours.strong if row == "out" else colours.text,
            )
        bottom = place.y + 1 + len(rows)
        canvas.write(bottom, place.x, "╰" + "─" * inner + "╯", colours.dim)

    def _value(self, snapshot: Snapshot, place: Place, row: str) -> float:
        names, layer = snapshot.experiment.network.names, place.layer
        if row == "b":
            assert snapshot.parameters.biases is not None, "b is a row only where there are biases"
            return float(snapshot.parameters.biases[layer - 1][place.unit])
        name = {"net": names.net(layer), "out": names.out(layer), "target": "target"}[row]
        return float(snapshot.values[name][0, place.unit])
