"""Losses that a program only decides by: it compares a margin, and updates where that is too small.

The hinge loss max(0, 1 - y out) is one: where it is not 0, its derivative is that of the margin's
minus, whatever that is compared with.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator

from bptui.core.graph.node import Node
from bptui.trace.graph import Lowered
from bptui.trace.losses import Loss
from bptui.trace.tape import Tape

HINGE = "hinge loss"


def compared(tape: Tape, dependent: Collection[int]) -> dict[int, bool]:
    """Return the numbers that depend on parameters and are compared, with what came of it."""
    return {entry: outcome for entry, outcome in tape.compared if entry in dependent}


def hinge_losses(tape: Tape, graph: Lowered, dependent: Collection[int]) -> Iterator[Loss]:
    """Yield minus the sum of the margins for which a comparison holds, and of the others."""
    found = compared(tape, dependent)
    for holds in (False, True):
        nodes = [graph.nodes[entry] for entry, outcome in found.items() if outcome is holds]
        if nodes:
            yield Loss(-_sum(nodes), None, HINGE)


def _sum(nodes: list[Node]) -> Node:
    first, *rest = (node.sum() if node.shape else node for node in nodes)
    for node in rest:
        first = first + node
    return first
