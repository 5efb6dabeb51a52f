"""Every graph that differs from a given one by one small edit: how people get formulas wrong.

What searches for a slip, and what plants one, both draw from these.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from typing import NamedTuple

from bptui.core.graph.node import OPS, Node, Op, Settings, constant, number, ordered

_SWAPPED = ("subtract", "divide", "matmul", "power", "where")
_EXCHANGED = {
    "add": ("subtract",),
    "subtract": ("add",),
    "multiply": ("divide", "matmul"),
    "divide": ("multiply",),
    "matmul": ("multiply",),
    "sum": ("mean", "max"),
    "mean": ("sum",),
    "exp": ("log", "tanh"),
    "log": ("exp", "log1p"),
    "maximum": ("minimum",),
    "minimum": ("maximum",),
    "greater": ("less", "greater_equal"),
    "less": ("greater", "less_equal"),
    "sqrt": ("square",),
    "square": ("absolute",),
}
_NUMBERS = (2.0, 0.5, -1.0)


class Edit(NamedTuple):
    """``node`` replaced by ``instead``; ``kind`` says how: ``operand``, ``transposed``, ..."""

    node: Node
    instead: Node
    kind: str


def neighbours(
    outputs: Sequence[Node], within: Collection[Node], alternatives: Sequence[Sequence[Op]] = ()
) -> Iterator[Edit]:
    """Yield every edit of one node in ``within`` that leaves its shape as it is.

    ``alternatives`` are groups of operations that are taken for each other, as the derivatives of
    activations are. Operands are taken from the named nodes that ``outputs`` are computed from.
    """
    order = ordered(outputs)
    named = [node for node in order if node.name]
    place = {node: at for at, node in enumerate(order)}
    for node in order:
        if node in within and node.inputs:
            known = [other for other in named if place[other] < place[node]]
            for kind, op, inputs, settings in _candidates(node, known, alternatives):
                try:
                    made = op(*inputs, **settings)
                except (ValueError, TypeError, IndexError):
                    continue  # their shapes do not allow it
                if made.shape == node.shape:
                    yield Edit(node, made.named(node.name), kind)


def _candidates(
    node: Node, known: Sequence[Node], alternatives: Sequence[Sequence[Op]]
) -> Iterator[tuple[str, Op, Sequence[Node], Settings]]:
    """Yield kinds of edits, each with the operation, its inputs and its settings."""
    op, inputs, settings = node.op, node.inputs, node.settings
    times = OPS["multiply"]
    for at, operand in enumerate(inputs):
        for kind, other in _instead_of(operand, known):
            yield kind, op, (*inputs[:at], other, *inputs[at + 1 :]), settings
        yield "twice", times, (node, operand), {}
        if op.ufunc is not None:
            yield "dropped", OPS["positive"], (operand,), {}
    yield "sign", OPS["negative"], (node,), {}
    yield from (("number", times, (constant(factor), node), {}) for factor in (2.0, 0.5))
    if op.name in _SWAPPED and len(inputs) == 2:
        yield "swapped", op, inputs[::-1], settings
    for name in _EXCHANGED.get(op.name, ()):
        yield f"{name} for {op.name}", OPS[name], inputs, settings
    for group in alternatives:
        others = [other for other in group if op in group and other is not op]
        yield from (("another function", other, inputs, settings) for other in others)
    if settings.get("axis") in (0, 1, -1):
        yield "axis", op, inputs, {**settings, "axis": 1 if settings["axis"] == 0 else 0}


def _instead_of(operand: Node, known: Sequence[Node]) -> Iterator[tuple[str, Node]]:
    """Yield what may stand in the place of an operand."""
    for other in known:
        if other is not operand and other.shape == operand.shape:
            yield "operand", other
    if len(operand.shape) == 2 and operand.shape[0] == operand.shape[1] > 1:
        yield "transposed", operand.T
    value = number(operand)
    if value is not None:
        yield from (("number", constant(value * factor)) for factor in _NUMBERS)
