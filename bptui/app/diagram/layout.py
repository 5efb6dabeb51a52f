"""Where the units of a network go, and which of them are drawn when there are too many."""

from __future__ import annotations

from typing import NamedTuple

from msgspec import Struct
from textual.geometry import Region, Size

from bptui.app.diagram.boxes import TIGHT_GAP, WIDE_GAP, BoxStyle, choose
from bptui.core.network import Network


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
    width: int
    height: int
    columns: tuple[tuple[Place, ...], ...]
    omissions: tuple[Omission, ...]

    @property
    def label_decimals(self) -> int:
        """Decimals of the weights on the edges, as many as the narrowest gap leaves room for."""
        gaps = [self.left(layer) - self.right(layer - 1) for layer in range(1, len(self.columns))]
        return min(max(min(gaps) - 5, 2), 4)

    def place(self, layer: int, unit: int) -> Place | None:
        """Where a unit is drawn, if it is."""
        return next((each for each in self.columns[layer] if each.unit == unit), None)

    def left(self, layer: int) -> int:
        return self.columns[layer][0].x

    def right(self, layer: int) -> int:
        """The first column after the units of ``layer``."""
        return self.left(layer) + self.columns[layer][0].width


def arrange(
    network: Network, width: int, height: int, wanted: tuple[tuple[int, int], ...] = ()
) -> Layout:
    """The layout of ``network`` in ``width`` x ``height`` cells; wider where that is too narrow.

    Of layers with too many units those ``wanted``, (layer, unit), are among the drawn ones.
    """
    below = height - 1
    style = choose(network, width, below)
    widths = [style.width(network, layer) for layer in range(network.depth + 1)]
    free = max(width - sum(widths), TIGHT_GAP * network.depth)
    columns: list[tuple[Place, ...]] = []
    omissions: list[Omission] = []
    for layer, units in enumerate(network.layers):
        x = sum(widths[:layer]) + free * layer // network.depth
        tall = style.height(network, layer)
        mine = [unit for at, unit in wanted if at == layer]
        shown = _shown(units, _room(units, tall, below), mine)
        omitted = len(shown) < units
        # by the highest box of all layers where there is room, so that layers of as many units
        # stand level
        slot = style.tallest(network)
        if omitted or units * slot > below:
            slot = tall
        tops = _spread([slot] * (len(shown) - 1) + [1] * omitted + [slot], below)
        if omitted:
            omissions.append(Omission(x, 1 + tops.pop(-2), widths[layer], units - len(shown)))
        columns.append(
            tuple(
                Place(layer, unit, x, 1 + top + slot // 2 - tall // 2, widths[layer], tall)
                for unit, top in zip(shown, tops, strict=True)
            )
        )
    return Layout(style, sum(widths) + free, height, tuple(columns), tuple(omissions))


def wanted(network: Network, most: Size) -> Size:
    """The size that a diagram of ``network`` takes with the roomiest style for one of ``most``."""
    style = choose(network, most.width, most.height - 1)
    blanks = 0 if style.bordered else max(network.layers) - 1  # between units without a border
    rows = min(1 + style.rows_needed(network) + blanks, most.height)
    return Size(min(style.columns_needed(network, WIDE_GAP), most.width), rows)


def _room(units: int, tall: int, height: int) -> int:
    """How many units of a layer can be drawn, with a line for the others; at least two."""
    gap = tall == 1  # single lines with a blank between them
    if units * (tall + gap) - gap <= height:
        return units
    return max((height - 1) // (tall + gap), 2)


def _shown(units: int, room: int, wanted: list[int]) -> list[int]:
    """The units to draw: all, or the first ones and the last.

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
    """The top rows of things of these ``heights``, evenly over ``room`` rows."""
    count, free = len(heights), room - sum(heights)
    gap = min(free // count, max(5, room // 5))
    if gap == 0 and count > 1:
        gap = int(free >= count - 1)
    first = max((free - gap * (count - 1)) // 2, 0)
    return [first + sum(heights[:at]) + gap * at for at in range(count)]
