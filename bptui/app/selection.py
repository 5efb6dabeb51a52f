"""The one selection that all panels share: a weight, a bias or a unit."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from bptui.core.names import Names

Kind = Literal["weight", "bias", "unit"]


@dataclass(frozen=True)
class Selection:
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
