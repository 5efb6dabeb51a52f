"""Draws the diagram: edges and boxes, then captions, weights and values over them."""

from __future__ import annotations

from functools import lru_cache
from itertools import groupby
from operator import itemgetter

from rich.segment import Segment
from rich.style import Style
from textual.geometry import Region
from textual.strip import Strip

from bptui.app.diagram.edges import SIGNED, Stroke, Wires
from bptui.app.diagram.layout import Layout, Place, Value
from bptui.app.numbers import form_of, largest, plain, signed
from bptui.app.styles import GLYPHS, PENDING, Styles, highlight
from bptui.app.view import Selection, View
from bptui.core.arrays import Array
from bptui.core.network import Names, Network

DERIVATIVES = "dL/d"
"""Above the second column of values: what stands there is the derivative by what stands before."""

CUT = "…"
"""Stands in the place of a number of which a part is out of sight, and at the end of such a word.
"""


class Canvas:
    """``width`` x ``height`` cells: text over braille dots, those in one cell laid together."""

    def __init__(self, width: int, height: int, blank: Style) -> None:
        self.width, self.height = width, height
        self.cells = [[(" ", blank)] * width for _ in range(height)]
        """Characters and their styles, row by row."""
        self._dots: dict[tuple[int, int], int] = {}

    def copy(self) -> Canvas:
        """Return one more with the same cells, to be written on."""
        other = Canvas(self.width, 0, Style())
        other.height, other.cells = self.height, [row[:] for row in self.cells]
        return other

    def write(self, row: int, column: int, text: str, style: Style) -> None:
        """Write ``text``, cut off at the edges, over whatever is there."""
        start, stop = max(column, 0), min(column + len(text), self.width)
        if 0 <= row < self.height and start < stop:
            shown = text[start - column : stop - column]
            self.cells[row][start:stop] = [(character, style) for character in shown]

    def dot(self, row: int, column: int, bits: int, style: Style) -> None:
        """Add braille dots to a cell, in the colour of their edge."""
        if bits and 0 <= row < self.height and 0 <= column < self.width:
            merged = self._dots.get((row, column), 0) | bits
            self._dots[row, column] = merged
            self.cells[row][column] = (chr(0x2800 + merged), style)

    def part(self, seen: Region) -> list[Strip]:
        """Return the lines of a part, as far as there are such."""
        rows = range(seen.y, min(seen.bottom, self.height))
        return [self.strip(row).crop(seen.x, seen.right) for row in rows]

    def strip(self, row: int) -> Strip:
        """Return a row, cells of one style together."""
        segments = [
            Segment("".join(map(itemgetter(0), run)), style)
            for style, run in groupby(self.cells[row], itemgetter(1))
        ]
        return Strip(segments, self.width)


@lru_cache(maxsize=2)
def background(
    network: Network, layout: Layout, strokes: tuple[Stroke, ...], styles: Styles
) -> Canvas:
    """Draw what stays from one operation to the next: the edges, the boxes, their labels.

    An operation changes nothing of them: the outlines alone would be many bytes on the way to the
    terminal.
    """
    # blanks as dim as the boxes: the fewer pieces a line has, the sooner it is on the screen
    canvas, style = Canvas(layout.width, layout.height, styles.dim), layout.style
    for edge, ink, dashed, heavy in strokes:
        for row, column, solid, dashes in edge.dots(heavy):
            canvas.dot(row, column, dashes if dashed else solid, ink)
    for place in layout.places:
        x, y, inner = place.x, place.y, place.width - 2
        if style.bordered:
            name, bottom = network.names.unit(place.layer, place.unit), y + place.height - 1
            canvas.write(y, x, f"╭ {name} ".ljust(inner + 1, "─") + "╮", styles.dim)
            for row in range(y + 1, bottom):
                canvas.write(row, x, f"│{' ' * inner}│", styles.dim)
            canvas.write(bottom, x, "╰" + "─" * inner + "╯", styles.dim)
        for value in layout.boxes[place.layer].values:
            label = label_of(network.names, layout, place, value)
            canvas.write(y + value.y, x + value.start, label, styles.dim)
    for gap in layout.omissions:
        text = f"… {gap.count} more"
        canvas.write(gap.y, max(gap.x + (gap.width - len(text)) // 2, 0), text, styles.dim)
    return canvas


VALUES = {
    "b": Names.bias,
    "gb": Names.bias_gradient,
    "net": Names.net,
    "out": Names.out,
    "dL/dout": Names.out_gradient,
    "delta": Names.delta,
}
"""What a unit shows, and the quantity of which each is one element."""


def label_of(names: Names, layout: Layout, place: Place, value: Value) -> str:
    """Return what stands before a value of a unit: of a bias its name where it finds room."""
    if value.name in ("b", "gb") and layout.style.columns == 1:
        return value.name[:-1] + Selection("bias", place.layer, place.unit).name(names)
    return value.label


def drawn_values(view: View, layout: Layout, layer: int) -> list[tuple[Value, Value]]:
    """Return the values of a layer's units, and what is drawn in the place of each: mostly itself.

    What the operation writes and there is no place for takes that of the bias, or of out beside
    its derivative, which no such operation writes.
    """
    values, names = layout.boxes[layer].values, view.snapshot.experiment.network.names
    there = {value.name for value in values}
    written = [
        name
        for name in VALUES
        if layer and name not in there and highlight(view, VALUES[name](names, layer)) == "written"
    ]
    given = dict[str, str]()
    if written == ["gb"] and "b" in there:
        given = {"b": "gb"}
    elif {*written} & {"b", "gb"} and layout.style.columns:
        given = {"out": "b", "dL/dout": "gb"}
    elif written:
        given = {"out": written[-1]}
    labels = {"b": "b" * bool(layout.style.columns)}
    return [
        (value, value)
        if value.name not in given
        else (value, value._replace(name=(name := given[value.name]), label=labels.get(name, "")))
        for value in values
    ]


def quantity_of(names: Names, layer: int, value: str) -> str:
    """Return the quantity of which a value of a unit is one element."""
    return value if value == "target" else VALUES[value](names, layer)


def quantities(names: Names, layer: int) -> tuple[str, ...]:
    """Return every quantity of a layer that has one element for each of its units."""
    if layer == 0:
        return (names.out(0),)
    values = (*VALUES, *["target"] * (layer == names.depth))
    return tuple(quantity_of(names, layer, value) for value in values)


class Drawing:
    """One drawing of a view over its :func:`background`; ``focused``: its panel has the focus."""

    def __init__(
        self, layout: Layout, wires: Wires, view: View, styles: Styles, focused: bool
    ) -> None:
        self._layout, self._view, self._styles, self._focused = layout, view, styles, focused
        self._network = view.snapshot.experiment.network
        self._names = self._network.names
        self._headings: list[tuple[int, int]] = []
        """From and up to which column each word above the layers stands."""
        self.canvas = background(self._network, layout, wires.strokes, styles).copy()
        self._draw_weights(wires)
        self._draw_captions()
        for layer in range(len(layout.columns)):
            self._draw_names(layer)
            for value, drawn in drawn_values(view, layout, layer):
                if drawn is not value:
                    self._relabel(layer, value, drawn)
                self._draw_values(layer, drawn)

    def part(self, left: int, width: int) -> list[Strip]:
        """Return the rows, of which so many columns are in sight: a cut number is a wrong one."""
        canvas, right = self.canvas, left + width
        whole = left <= 0 and canvas.width <= right
        canvas = canvas if whole else canvas.copy()
        for place in () if whole else self._layout.places:
            for value in self._layout.boxes[place.layer].values:
                start, end = place.x + value.start, place.x + value.end
                for edge in (left, right):
                    if start < edge < end:
                        start += len(value.label)
                        canvas.write(
                            place.y + value.y, start, CUT * (end - start), self._styles.dim
                        )
        for start, end in self._headings:
            for edge, column in ((left, left), (right, right - 1)):
                if start < edge < end:
                    canvas.write(0, column, CUT, self._styles.dim)
        return canvas.part(Region(left, 0, width, canvas.height))

    def _draw_weights(self, wires: Wires) -> None:
        """Write the weights on their edges; their gradients where the operation computes those."""
        view, styles, names = self._view, self._styles, self._names
        factor = view.cursor
        for layer in {label.edge.layer for label in wires.labels}:
            shown, parameters = names.weights(layer), view.parameters
            if computed := highlight(view, names.weight_gradient(layer)) == "written":
                shown, parameters = names.weight_gradient(layer), view.snapshot.gradients
            numbers = parameters.weights[layer - 1]
            touched, size = highlight(view, shown), largest(numbers)
            form = form_of(size, wires.number_width - SIGNED, 3)
            for edge, (row, column), length, name, gradient, lit in wires.labels:
                if edge.layer == layer:
                    value = float(numbers[edge.source, edge.destination])
                    style = styles.highlighted(styles.sign(value, size), touched)
                    named = styles.accent + styles.bold if lit else styles.dim
                    if edge.selection == view.selection:
                        style, named = styles.selected(style, self._focused), styles.strong
                    if factor and factor.is_at(shown, edge.source, edge.destination):
                        style = named = styles.factor
                    text, end = signed(value, form).strip(), column + length
                    name = gradient if computed else name
                    self.canvas.write(row, column, name.ljust(length - len(text)), named)
                    self.canvas.write(row, end - len(text), text, style)

    def _draw_captions(self) -> None:
        """Name the layers; between them what the operation reads and writes of the weights."""
        layout, dim, end = self._layout, self._styles.dim, 0
        for layer in range(len(layout.columns)):
            text = "input" if layer == 0 else self._network.activations[layer - 1]
            if not layout.style.columns:  # nothing but this says what the numbers are
                (value, drawn), *_ = drawn_values(self._view, layout, layer)
                text = text if drawn is value else quantity_of(self._names, layer, drawn.name)
            left, right = layout.left(layer), layout.right(layer)
            heading = DERIVATIVES if layer > 0 and layout.style.columns > 1 else ""
            room = right - left - len(heading)
            text = text[: room - 1 if heading else room + 6]
            x = min(max(left + (room - len(text)) // 2, 0), layout.width - len(text))
            self._head(x, text, dim)
            if layer > 0:
                self._draw_matrices(layer, end + 1, x - 1)
            end = x + len(text)
            if heading:
                end = right - layout.style.bordered
                self._head(end - len(heading), heading, dim)

    def _head(self, column: int, text: str, style: Style) -> None:
        self.canvas.write(0, column, text, style)
        self._headings.append((column, column + len(text)))

    def _draw_matrices(self, layer: int, left: int, right: int) -> None:
        """Write ``gW2◂`` above the edges where there is room; what is written comes first."""
        titles = (self._names.weight_gradient(layer), self._names.weights(layer))
        touched = {title: at for title in titles if (at := highlight(self._view, title))}
        # as many as fit: what is read gives way before what is written
        for title in sorted(touched, key=lambda title: touched[title] == "written"):
            length = sum(len(title) + 2 for title in touched) - 1
            if length > right - left:
                del touched[title]
        length = sum(len(title) + 2 for title in touched) - 1
        gap = (self._layout.right(layer - 1) + self._layout.left(layer)) // 2
        x = min(max(gap - length // 2, left), right - length)
        for title, at in touched.items():
            style = self._styles.highlighted(self._styles.strong, at)
            self._head(x, title + GLYPHS[at], style)
            x += len(title) + 2

    def _draw_names(self, layer: int) -> None:
        """Write the units' names, reversed where selected; after them the operation's glyph."""
        styles, selection = self._styles, self._view.selection
        touched = highlight(self._view, *quantities(self._names, layer))
        style = styles.highlighted(styles.strong, touched)
        # a bias that is not shown is seen at the name
        biased = any(value.name == "b" for value in self._layout.boxes[layer].values)
        chosen = selection.kind == "unit" or (selection.kind == "bias" and not biased)
        for place in self._layout.columns[layer]:
            name = self._names.unit(layer, place.unit)
            x = place.x + 2 * self._layout.style.bordered
            self.canvas.write(place.y, x, name + GLYPHS[touched], style)
            if chosen and selection[1:3] == (layer, place.unit):
                self.canvas.write(place.y, x, name, styles.selected(style, self._focused))

    def _relabel(self, layer: int, value: Value, drawn: Value) -> None:
        """Write another label where one is in the background."""
        for place in self._layout.columns[layer]:
            before, label = (
                label_of(self._names, self._layout, place, each) for each in (value, drawn)
            )
            x, y = place.x + value.start, place.y + value.y
            self.canvas.write(y, x, label.ljust(len(before)), self._styles.dim)

    def _draw_values(self, layer: int, value: Value) -> None:
        """Write a number of each unit, the operation's glyph behind its label."""
        styles, style, view = self._styles, self._layout.style, self._view
        quantity = quantity_of(self._names, layer, value.name)
        touched, computed = highlight(view, quantity), view.computed(quantity)
        numbers = self._values(layer, value.name, quantity)
        # one column less than there is: a blank stays before the longest number
        form = form_of(largest(numbers), style.decimals, 3)
        usual = styles.strong if value.name == "out" and style.bordered else styles.text
        drawn = styles.highlighted(usual if computed else styles.dim, touched)
        for place in self._layout.columns[layer]:
            y, look = place.y + value.y, drawn
            text = plain(float(numbers[place.unit]), form).strip() if computed else PENDING
            if touched and layer and style.columns:
                label = label_of(self._names, self._layout, place, value)
                mark = place.x + value.start + len(label)
                self.canvas.write(y, mark, GLYPHS[touched], styles.strong)
            if value.name == "b" and view.selection == Selection("bias", layer, place.unit):
                look = styles.selected(drawn, self._focused)
            if view.cursor and view.cursor.is_at(quantity, place.unit):
                look = styles.factor
            self.canvas.write(y, place.x + value.end - len(text), text, look)

    def _values(self, layer: int, value: str, quantity: str) -> Array:
        """Return the numbers of a whole layer: all of them are written alike."""
        view = self._view
        if value not in ("b", "gb"):
            values: Array = view.snapshot.values[quantity][view.row]
            return values
        biases = view.parameters.biases if value == "b" else view.snapshot.gradients.biases
        assert biases is not None, "b is a row only where there are biases"
        return biases[layer - 1]
