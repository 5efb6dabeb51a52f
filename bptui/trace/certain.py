"""Losses of probabilities that have no target beside them: each should be 1, or each should be 0.

Who ranks one thing above another, as Bradley and Terry do, computes p = 1 / (1 + exp(-(a - b)))
and goes on with 1 - p: that is the derivative of -log(p).
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from functools import reduce
from itertools import product
from operator import add

from bptui.core.graph.elementwise import log
from bptui.core.graph.node import Node, number
from bptui.trace.graph import Lowered
from bptui.trace.losses import Loss
from bptui.trace.tape import Tape

CERTAIN = "logistic loss, of samples that are all of one class"
MOST = 3
"""Lines with probabilities, each of which may be for or against."""


def certain_losses(tape: Tape, graph: Lowered, dependent: Collection[int]) -> Iterator[Loss]:
    """Yield minus the sum of the logarithms of probabilities, or of what they leave of 1."""
    places: dict[int, list[Node]] = {}
    for entry in dependent:
        if _is_probability(graph.nodes[entry]):
            places.setdefault(tape.notes[entry].place, []).append(graph.nodes[entry])
    if len(places) <= MOST:
        for sides in product((True, False), repeat=len(places)):
            parts = [
                log(node if side else 1.0 - node).sum()
                for side, nodes in zip(sides, places.values(), strict=True)
                for node in nodes
            ]
            if parts:
                yield Loss(-reduce(add, parts), None, CERTAIN)


def _is_probability(node: Node) -> bool:
    """Whether a value is 1 / (1 + exp(z)), or exp(z) / (1 + exp(z))."""
    if node.op.name == "where":
        return all(map(_is_probability, node.inputs[1:]))
    if node.op.name != "divide" or node.inputs[1].op.name != "add":
        return False
    above, below = node.inputs
    one, *rest = sorted(below.inputs, key=lambda part: number(part) != 1.0)
    odds = rest[0].op.name == "exp" and number(one) == 1.0
    return odds and (number(above) == 1.0 or above == rest[0])
