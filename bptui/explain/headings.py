"""What the rows and columns of arrays are called, and which of them belong to what is selected."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import NamedTuple

from bptui.core.arrays import Array
from bptui.explain.expression import Expression, Index, Quantity
from bptui.explain.symbols import Symbols, Unit

OF_SAMPLES = -1
"""In the place of a layer: the rows are samples."""


class Heading(NamedTuple):
    """What a row or a column is called, and whether it stands out."""

    name: str
    lit: bool


def _without(place: int | None) -> Heading:
    return Heading("", False)


class Axes(NamedTuple):
    """The headings of rows and of columns by their places; of a gap, None, an empty one.

    ``whole``: the quantity of which the cells are the numbers, and whether it is transposed.
    """

    rows: Callable[[int | None], Heading] = _without
    columns: Callable[[int | None], Heading] = _without
    whole: Quantity | None = None
    transposed: bool = False

    def at(self, *place: int | None) -> Quantity | None:
        """Return the quantity of a cell; None for a gap, and where it is none by itself."""
        index = place[::-1] if self.transposed else place
        known = tuple(each for each in index if each is not None)
        return self.whole and replace(self.whole, index=known) if known == index else None


def whole_of(node: Expression | None) -> Quantity | None:
    """Return the quantity that a node is, maybe transposed; None for other expressions."""
    inner = node.parts[0] if node is not None and node.is_op("transpose") else node
    return inner if isinstance(inner, Quantity) else None


@dataclass(frozen=True)
class Headings:
    """Those of a network's arrays; what belongs to the units in ``lit`` stands out."""

    symbols: Symbols
    lit: frozenset[Unit] = frozenset()

    def axes(self, node: Expression | None, array: Array) -> Axes:
        """Return the headings of an array that ``node`` stands for, as far as they are known."""
        found = () if node is None else node.quantities()
        layers = self._layers(found[0].name) if found else None
        if node is None or layers is None or not array.ndim:
            return Axes()
        turned, whole = node.is_op("transpose"), whole_of(node)
        rows, columns = layers[::-1] if turned else layers
        samples = array.shape[0] if rows == OF_SAMPLES else array.shape[-1]
        axis, above = self._axis(rows, samples), self._axis(columns, samples)
        return Axes(axis if array.ndim > 1 else _without, above, whole, turned)

    def is_lit(self, node: Expression | None) -> bool:
        """Tell whether a number belongs to lit units alone: of a weight both ends are."""
        if not self.lit or not isinstance(node, Quantity) or node.index is None:
            return False
        return self._ends(node.name, node.index) <= self.lit

    def _ends(self, name: str, index: Index) -> set[Unit]:
        """Return the units that a number of an array is about."""
        layers = self._layers(name) or (OF_SAMPLES, OF_SAMPLES)
        places = zip(layers[-len(index) :], index, strict=False)
        return {(layer, place) for layer, place in places if layer != OF_SAMPLES} or {
            (OF_SAMPLES, 0)
        }

    def _layers(self, name: str) -> tuple[int, int] | None:
        """Return the layers of which rows and columns are the units, or OF_SAMPLES."""
        if name in ("input", "target"):
            return OF_SAMPLES, 0 if name == "input" else self.symbols.names.depth
        place = self.symbols.places.get(name)
        if place is None:
            return None
        weights = place.kind in ("weight", "weight_gradient")
        return place.layer - 1 if weights else OF_SAMPLES, place.layer

    def _axis(self, layer: int, samples: int) -> Callable[[int | None], Heading]:
        def heading(place: int | None) -> Heading:
            if place is None:
                return _without(place)
            if layer == OF_SAMPLES:
                return Heading(f"s{place + 1}" * (samples > 1), False)
            return Heading(self.symbols.names.unit(layer, place), (layer, place) in self.lit)

        return heading
