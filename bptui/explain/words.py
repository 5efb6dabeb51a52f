"""Words for somebody who learns what is computed."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from bptui.core.network import Network

OVER = {"mean": "averaged", "sum": "summed"}
"""What becomes of the losses of samples, by the name of the reduction."""


def listed(names: Iterable[str]) -> str:
    """Return ``a, b and c``, each once."""
    *most, last = dict.fromkeys(names)
    return f"{', '.join(most)} and {last}" if most else last


def matters(name: str) -> str:
    """Say what the gradient with respect to ``name`` is."""
    return f"how much {name} matters to the loss"


def layer_words(network: Network, layer: int) -> str:
    """Write the output layer, the hidden layer, hidden layer 2."""
    if layer == 0:
        return "the input"
    if layer == network.depth:
        return "the output layer"
    return "the hidden layer" if network.depth == 2 else f"hidden layer {layer}"
