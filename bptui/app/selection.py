"""The one selection that all panels share: a weight, a bias or a unit."""

from __future__ import annotations

from typing import Literal, NamedTuple

from bptui.core.network import Names, Network

Kind = Literal["weight", "bias", "unit"]
Direction = Literal["left", "right", "up", "down"]


class Selection(NamedTuple):
    """A weight from ``source`` in the layer before to ``unit`` of ``layer``, or a bias, or a unit.

    ``layer`` counts from 1 for weights and biases, from 0, the input, for units.
    """

    kind: Kind = "weight"
    layer: int = 1
    unit: int = 0
    source: int = 0

    def name(self, names: Names) -> str:
        """w5, b_h1 or h1."""
        if self.kind == "weight":
            return names.weight(self.layer, self.source, self.unit)
        unit = names.unit(self.layer, self.unit)
        return f"b_{unit}" if self.kind == "bias" else unit

    @property
    def units(self) -> tuple[tuple[int, int], ...]:
        """The units it is about, as (layer, unit): both ends of a weight, else the one."""
        own = (self.layer, self.unit)
        return ((self.layer - 1, self.source), own) if self.kind == "weight" else (own,)

    def within(self, network: Network) -> Selection:
        """The nearest thing that exists in ``network``: itself where it does."""
        kind = self.kind if network.bias or self.kind != "bias" else "weight"
        layer = min(self.layer, network.depth)
        unit = min(self.unit, network.layers[layer] - 1)
        source = min(self.source, network.layers[layer - 1] - 1) if kind == "weight" else 0
        return Selection(kind, layer, unit, source)
