"""Where the units of a network go, how much each of them shows, and which of them are drawn."""

from __future__ import annotations

from typing import NamedTuple

from msgspec import Struct
from textual.geometry import Region, Size

from bptui.core.network import Network

LONGEST_BESIDE = 3
"""A longer name of a unit without a border stands above its values, not beside them."""


class Value(NamedTuple):
    """A value that a unit shows, with its label from ``start`` on, and before column ``end``."""

    name: str
    label: str
    y: int
    start: int
    end: int


class Box(NamedTuple):
    """What every unit of a layer shows, and where: counted from its top left corner."""

    values: tuple[Value, ...]
    width: int
    height: int


class BoxStyle(NamedTuple):
    """What the drawing of one unit holds.

    With one of ``columns`` all values stand below each other, with two the derivatives of the loss
    beside what they are by; with none there is only what the unit puts out.
    """

    decimals: int
    bordered: bool = False
    columns: int = 2
    bias: bool = True
    """Whether biases are among the values, where the network has them."""
    margin: int = 0
    """Blank columns within the border; with more than one of them blank rows, too."""

    def _rows(self, network: Network, layer: int) -> list[tuple[str, ...]]:
        """Return the values in a unit of ``layer`` from the top; the first one names a row."""
        if layer == 0 or not self.columns:
            return [("out",)]
        rows: list[tuple[str, ...]] = [("net", "delta"), ("out", "dL/dout")]
        if self.bias and network.bias:
            rows.insert(0, ("b", "gb"))
        if layer == network.depth:
            rows.append(("target",))
        if self.columns == 1:
            return [*((value,) for value, *_ in rows), ("dL/dout",), ("delta",)]
        return rows

    def box(self, network: Network, layer: int) -> Box:
        """Return what the units of a layer show."""
        rows, cell = self._rows(network, layer), self.decimals + 4  # with the blank before it
        short = {"target": "t"} if self.columns > 1 else {}
        labels = [short.get(value, value) * bool(layer and self.columns) for value, *_ in rows]
        name = len(network.names.unit(layer, network.layers[layer] - 1))
        labelled, tight = any(labels), self.columns > 0 and self.decimals < 4
        # the glyph of the operation stands between the name and a label
        across, down = name + 1 + (labelled and not tight), 0
        if name > LONGEST_BESIDE if labelled else tight:
            across, down = 0, 1
        if self.bordered:
            across, down = 1 + self.margin, 1 + self.margin // 2
        columns, label = max(map(len, rows)), max(map(len, labels))
        # an input's name is beside its value or above it: no other blank has to stand before that
        bare = across == 0 or (self.columns > 0 and not self.bordered)
        inner = across + label + cell * columns - (label == 0 and bare)
        width = max(inner, name + 1)
        values = []
        for y, (label_of, row) in enumerate(zip(labels, rows, strict=True), down):
            for column, value in enumerate(row):
                end = width - cell * (columns - 1 - column)
                first = (label_of, y, across, end)
                values.append(Value(value, *(("", y, end - cell, end) if column else first)))
        height = len(rows) + down + self.bordered + self.margin // 2
        return Box(tuple(values), width + self.bordered + self.margin, height)

    def boxes(self, network: Network) -> tuple[Box, ...]:
        """Return those of all layers."""
        return tuple(self.box(network, layer) for layer in range(network.depth + 1))


COMPLETE = (
    BoxStyle(6, bordered=True, columns=1),
    BoxStyle(4, bordered=True, columns=1),
    BoxStyle(6, bordered=True),
    BoxStyle(4, bordered=True),
    BoxStyle(3, bordered=True),
    BoxStyle(4),
    BoxStyle(4, bias=False),
    BoxStyle(3),
    BoxStyle(3, bias=False),
)
"""From the roomiest to the smallest, for networks of which all units find room."""
PRESENTED = (
    BoxStyle(3, bordered=True, columns=1, margin=2),
    BoxStyle(3, bordered=True, columns=1, margin=1),
    BoxStyle(3, bordered=True, margin=2),
    BoxStyle(3, bordered=True, margin=1),
    BoxStyle(3, bordered=True),
    BoxStyle(3),
    BoxStyle(3, bias=False),
)
"""The same for a class: larger, with fewer digits."""
SAMPLED = (BoxStyle(4, bias=False), BoxStyle(3, bias=False))
"""For those that find room with some units of their large layers."""
SMALLEST = (BoxStyle(4, columns=0), BoxStyle(3, columns=0))

NAMED_GAP, WIDE_GAP, LABEL_GAP = 15, 9, 7
"""Columns between two layers that leave room for edges beside a weight's name and three decimals,
such as gw12 +0.450; for four decimals; for two."""
LEAST_GAP, TIGHT_GAP = 6, 4
"""What is left without a weight, and what large networks may be left with."""


def choose(network: Network, width: int, height: int, present: bool = False) -> BoxStyle:
    """Return the roomiest style that leaves the weights on the edges their room, or the least."""
    complete = PRESENTED if present else COMPLETE
    fitting = [style for style in complete if _rows_needed(style, network) <= height]
    # the edges of small networks have as many decimals as their boxes
    tried = [(style, gap) for gap in (NAMED_GAP, WIDE_GAP) for style in fitting if style.bordered]
    tried += [(style, gap) for gap in (NAMED_GAP, LABEL_GAP, LEAST_GAP) for style in fitting]
    tallest = [
        (style, max(box.height for box in style.boxes(network))) for style in SAMPLED[present:]
    ]
    tried += [
        (style, gap)
        for gap in (NAMED_GAP, LABEL_GAP, TIGHT_GAP)
        for style, tall in tallest
        if 2 * tall + 1 <= height
    ]
    tried += [(style, gap) for gap in (LABEL_GAP, LEAST_GAP) for style in SMALLEST[present:]]
    across = (style for style, gap in tried if _columns_needed(style, network, gap) <= width)
    return next(across, SMALLEST[-1])


def _rows_needed(style: BoxStyle, network: Network) -> int:
    """Return the rows for all units of a layer, single lines with a blank between them."""
    sizes = zip(network.layers, (box.height for box in style.boxes(network)), strict=True)
    return max(units * tall + (units - 1) * (tall == 1) for units, tall in sizes)


def _columns_needed(style: BoxStyle, network: Network, gap: int) -> int:
    """Return the columns for all layers with a ``gap`` between two of them."""
    return sum(box.width for box in style.boxes(network)) + gap * network.depth


class Place(NamedTuple):
    """The cells of one unit: its top left corner and its size."""

    layer: int
    unit: int
    x: int
    y: int
    width: int
    height: int

    @property
    def region(self) -> Region:
        return Region(self.x, self.y, self.width, self.height)

    @property
    def rows(self) -> range:
        return range(self.y, self.y + self.height)

    @property
    def middle(self) -> int:
        return self.y + self.height // 2


class Omission(Struct, frozen=True):
    """A line that stands for the ``count`` units of a layer that are not drawn."""

    x: int
    y: int
    width: int
    count: int


class Layout(Struct, frozen=True, eq=False):
    """A whole diagram's places; row 0 holds the layers' captions."""

    style: BoxStyle
    boxes: tuple[Box, ...]
    """By layer."""
    width: int
    height: int
    columns: tuple[tuple[Place, ...], ...]
    omissions: tuple[Omission, ...]

    @property
    def places(self) -> tuple[Place, ...]:
        """Those of all layers."""
        return tuple(place for column in self.columns for place in column)

    @property
    def gap(self) -> int:
        """Return the columns of the narrowest gap between two layers."""
        return min(
            self.left(layer) - self.right(layer - 1) for layer in range(1, len(self.columns))
        )

    @property
    def blank(self) -> int:
        """Return the columns between a weight and its unit, where no border is between them."""
        return int(not self.style.bordered)

    def place(self, layer: int, unit: int) -> Place | None:
        """Return where a unit is drawn, if it is."""
        return next((place for place in self.columns[layer] if place.unit == unit), None)

    def left(self, layer: int) -> int:
        return self.columns[layer][0].x

    def right(self, layer: int) -> int:
        """Return the first column after the units of ``layer``."""
        return self.left(layer) + self.columns[layer][0].width


def arrange(
    network: Network,
    width: int,
    height: int,
    wanted: tuple[tuple[int, int], ...] = (),
    present: bool = False,
) -> Layout:
    """Return the layout in ``width`` x ``height`` cells; wider where that is too narrow.

    Of layers with too many units those ``wanted``, (layer, unit), are among the drawn ones.
    """
    below = height - 1
    style = choose(network, width, below, present)
    boxes = style.boxes(network)
    widths = [box.width for box in boxes]
    free = max(width - sum(widths), TIGHT_GAP * network.depth)
    columns: list[tuple[Place, ...]] = []
    omissions: list[Omission] = []
    for layer, (units, (_, wide, tall)) in enumerate(zip(network.layers, boxes, strict=True)):
        x = sum(widths[:layer]) + free * layer // network.depth
        shown = _shown(units, _room(units, tall, below), [u for at, u in wanted if at == layer])
        omitted = len(shown) < units
        # by the highest box of all layers where there is room, so that layers of as many units
        # stand level
        slot = max(box.height for box in boxes)
        if omitted or units * slot > below:
            slot = tall
        tops = _spread([slot] * (len(shown) - 1) + [1] * omitted + [slot], below)
        if omitted:
            omissions.append(Omission(x, 1 + tops.pop(-2), wide, units - len(shown)))
        down = 1 + slot // 2 - tall // 2
        pairs = zip(shown, tops, strict=True)
        columns.append(tuple(Place(layer, unit, x, top + down, wide, tall) for unit, top in pairs))
    return Layout(style, boxes, sum(widths) + free, height, tuple(columns), tuple(omissions))


def wanted(network: Network, most: Size, present: bool = False) -> Size:
    """Return the size that a diagram takes with the roomiest style for one of ``most``."""
    style = choose(network, most.width, most.height - 1, present)
    blanks = 0 if style.bordered else max(network.layers) - 1  # between units without a border
    rows = min(1 + _rows_needed(style, network) + blanks, most.height)
    return Size(min(_columns_needed(style, network, NAMED_GAP), most.width), rows)


def _room(units: int, tall: int, height: int) -> int:
    """Return how many units can be drawn, with a line for the others; at least two."""
    gap = tall == 1  # single lines with a blank between them
    if units * (tall + gap) - gap <= height:
        return units
    return max((height - 1) // (tall + gap), 2)


def _shown(units: int, room: int, wanted: list[int]) -> list[int]:
    """Return the units to draw: all, or the first ones and the last.

    One that is wanted and not among them takes the place of the last before the gap.
    """
    if units <= room:
        return list(range(units))
    shown = [*range(room - 1), units - 1]
    for unit in wanted:
        if unit not in shown:
            shown[-2] = unit
    return shown


def _spread(heights: list[int], room: int) -> list[int]:
    """Return the top rows of things of these ``heights``, evenly over ``room`` rows."""
    count, free = len(heights), room - sum(heights)
    gap = min(free // count, max(5, room // 5))
    if gap == 0 and count > 1:
        gap = int(free >= count - 1)
    first = max((free - gap * (count - 1)) // 2, 0)
    return [first + sum(heights[:at]) + gap * at for at in range(count)]
