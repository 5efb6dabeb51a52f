"""Where the units of a network go, and which of them are drawn when there are too many."""

from __future__ import annotations

from typing import NamedTuple

from msgspec import Struct
from textual.geometry import Region

from bptui.app.diagram.boxes import LEAST_GAP, BoxStyle, choose
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
    free = max(width - sum(widths), LEAST_GAP * network.depth)
    columns: list[tuple[Place, ...]] = []
    omissions: list[Omission] = []
    for layer, units in enumerate(network.layers):
        x = sum(widths[:layer]) + free * layer // network.depth
        tall = style.height(network, layer)
        shown = list(range(units))
        if tall == 1:
            mine = [unit for at, unit in wanted if at == layer]
            shown = _shown(units, max((below + 1) // 2, 3), mine)
        slots = len(shown) + (len(shown) < units)
        # by the highest box of all layers where there is room, so that layers of as many units
        # stand level
        slot = style.tallest(network) if slots * style.tallest(network) <= below else tall
        tops = [top + slot // 2 - tall // 2 for top in _spread(slots, slot, below)]
        if len(shown) < units:
            omitted = tops.pop(-2)
            omissions.append(Omission(x, 1 + omitted, widths[layer], units - len(shown)))
        columns.append(
            tuple(
                Place(layer, unit, x, 1 + top, widths[layer], tall)
                for unit, top in zip(shown, tops, strict=True)
            )
        )
    return Layout(style, sum(widths) + free, height, tuple(columns), tuple(omissions))


def _shown(units: int, slots: int, wanted: list[int]) -> list[int]:
    """The units to draw: all, or the first ones and the last, a slot left for the rest.

    One that is wanted and not among them takes the place of the last before the gap.
    """
    if units <= slots:
        return list(range(units))
    shown = [*range(slots - 2), units - 1]
    for unit in wanted:
        if unit not in shown:
            shown[-2] = unit
    return shown


def _spread(count: int, tall: int, height: int) -> list[int]:
    """The top rows of ``count`` things ``tall`` rows high, evenly over ``height`` rows."""
    pitch = tall + min((height - count * tall) // count, max(5, height // 5))
    if count > 1 and pitch == tall:
        pitch += (height - count * tall) >= count - 1
    first = max((height - pitch * (count - 1) - tall) // 2, 0)
    return [first + index * pitch for index in range(count)]
