"""Every graph that differs from a given one by one small edit: how people get formulas wrong.

What searches for a slip, and what plants one, both draw from these.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import replace
from typing import NamedTuple

from bptui.core.graph.node import CONSTANT, LEAF, OPS, Node, Op, Settings, constant, number, ordered

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
            known = [each for each in named if place[each] < place[node]]
            for kind, instead in _edits(node, known, alternatives):
                if instead is not node and instead.shape == node.shape:
                    given = instead.op is LEAF or instead.name
                    made = OPS["positive"](instead) if given else instead
                    yield Edit(node, made.named(node.name), kind)


def _edits(
    node: Node, known: Sequence[Node], alternatives: Sequence[Sequence[Op]]
) -> Iterator[tuple[str, Node]]:
    yield from (("operand", each) for each in _other_operands(node, known))
    yield from (("transposed", each) for each in _transposed(node))
    yield from (("dropped", each) for each in node.inputs if node.op.ufunc is not None)
    for each in node.inputs:
        yield from (("twice", made) for made in _made(OPS["multiply"], (node, each), {}))
    yield "sign", OPS["negative"](node)
    if node.op.name in _SWAPPED and len(node.inputs) == 2:
        yield from (("swapped", each) for each in _made(node.op, node.inputs[::-1], node.settings))
    for name in _EXCHANGED.get(node.op.name, ()):
        yield from (
            (f"{name} for {node.op.name}", each)
            for each in _made(OPS[name], node.inputs, node.settings)
        )
    for group in alternatives:
        others = [each for each in group if node.op in group and each is not node.op]
        yield from (
            ("another function", each)
            for op in others
            for each in _made(op, node.inputs, node.settings)
        )
    if "axis" in node.settings and node.settings["axis"] in (0, 1, -1):
        other = 1 if node.settings["axis"] == 0 else 0
        settings = {**node.settings, "axis": other}
        yield from (("axis", each) for each in _made(node.op, node.inputs, settings))
    yield from (("number", each) for each in _other_numbers(node))


def _made(op: Op, inputs: Sequence[Node], settings: Settings) -> Iterator[Node]:
    """Yield the node of another operation on these inputs, where their shapes allow one."""
    try:
        yield op(*inputs, **settings)
    except (ValueError, TypeError, IndexError):
        return


def _other_operands(node: Node, known: Sequence[Node]) -> Iterator[Node]:
    for at, operand in enumerate(node.inputs):
        for other in known:
            if other is not operand and other.shape == operand.shape:
                yield _with_input(node, at, other)


def _transposed(node: Node) -> Iterator[Node]:
    """Yield the node with one operand transposed, where it is square."""
    for at, operand in enumerate(node.inputs):
        if len(operand.shape) == 2 and operand.shape[0] == operand.shape[1] > 1:
            yield _with_input(node, at, operand.T)


def _other_numbers(node: Node) -> Iterator[Node]:
    for at, operand in enumerate(node.inputs):
        value = number(operand)
        if value is not None and operand.op is CONSTANT:
            yield from (_with_input(node, at, constant(value * factor)) for factor in _NUMBERS)
    yield from (OPS["multiply"](constant(factor), node) for factor in (2.0, 0.5))


def _with_input(node: Node, at: int, other: Node) -> Node:
    return replace(node, inputs=(*node.inputs[:at], other, *node.inputs[at + 1 :]), name="")
