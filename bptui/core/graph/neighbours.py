"""Every graph that differs from a given one by one small edit: how people get formulas wrong.

What searches for a slip, and what plants one, both draw from these.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from operator import is_not
from typing import NamedTuple

from bptui.core.graph.elementwise import TRUTHS
from bptui.core.graph.node import OPS, STABLE, Node, Op, Settings, constant, number, ordered

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
    outputs: Sequence[Node],
    within: Collection[Node],
    factors: Sequence[Node] = (),
) -> Iterator[Edit]:
    """Yield every edit of one node in ``within`` that leaves its shape as it is.

    ``factors`` are numbers that are forgotten or put in twice, as that of the samples. Operands are
    taken from the named nodes that ``outputs`` are computed from. A named expression is edited as a
    textbook writes it, too.
    """
    order = ordered(outputs)
    named = [node for node in order if node.name]
    place = {node: at for at, node in enumerate(order)}
    for node in order:
        if node not in within or not node.inputs:
            continue
        known = [other for other in named if place[other] < place[node]]
        written = node if node.op.textbook is None else _shown(node.op.textbook(*node.inputs))
        inner = [node] if written is node else [*_between(written, node.inputs), node]
        for part in inner:
            for kind, op, inputs, settings in _candidates(part, known, factors):
                try:
                    made = op(*inputs, **settings)
                    whole = made if part is node else exchanged(written, {part: made})
                except (ValueError, TypeError, IndexError):
                    continue  # their shapes do not allow it
                if whole.shape == node.shape:
                    yield Edit(node, whole.named(node.name), kind)
        if node.name:
            for whole in _everywhere(node, known):
                yield Edit(node, whole.named(node.name), "operand")


def exchanged(root: Node, instead: Mapping[Node, Node]) -> Node:
    """Return ``root`` with other nodes in it, where their shapes allow it."""
    if root in instead:
        return instead[root]
    inputs = tuple(exchanged(source, instead) for source in root.inputs)
    if not any(map(is_not, inputs, root.inputs)):
        return root
    return root.op(*inputs, **root.settings).named(root.name)


def _shown(root: Node) -> Node:
    """Return an expression as a textbook writes it, without the ways that keep its digits."""
    if root.op is STABLE:
        return _shown(root.inputs[0])
    return root if root.name else root.with_inputs(map(_shown, root.inputs))


def _between(root: Node, given: Collection[Node]) -> list[Node]:
    """Return the nodes of an expression that are computed from the ``given`` ones, its root too."""
    return [node for node in ordered([root], known=given) if node.inputs]


def _everywhere(node: Node, known: Sequence[Node]) -> Iterator[Node]:
    """Yield the formula with one named quantity for another one in each place where it stands."""

    def opened(part: Node) -> Node:
        if part.name and part is not node:
            return part
        inputs = tuple(map(opened, part.inputs))
        if part.op is STABLE:
            return inputs[0]
        if part.op.textbook is not None:
            return opened(part.op.textbook(*inputs))
        return part.with_inputs(inputs)

    whole = opened(node)
    order = ordered([whole], lambda part: () if part.name and part is not whole else part.inputs)
    readers = [source for part in order for source in part.inputs if source.name]
    for source in dict.fromkeys(readers):
        if readers.count(source) > 1 and source in known:
            for other in known:
                if other is not source and other.shape == source.shape:
                    yield exchanged(whole, {source: other})


def _candidates(
    node: Node, known: Sequence[Node], factors: Sequence[Node]
) -> Iterator[tuple[str, Op, Sequence[Node], Settings]]:
    """Yield kinds of edits, each with the operation, its inputs and its settings."""
    op, inputs, settings = node.op, node.inputs, node.settings
    times, over = OPS["multiply"], OPS["divide"]
    for at, operand in enumerate(inputs):
        for kind, other in _instead_of(operand, known):
            yield kind, op, (*inputs[:at], other, *inputs[at + 1 :]), settings
        yield "twice", times, (node, operand), {}
        if op.ufunc is not None:
            yield "dropped", OPS["positive"], (operand,), {}
    if op.name not in TRUTHS:
        yield "sign", OPS["negative"], (node,), {}
    if op.name == "subtract":
        yield "dropped", OPS["negative"], inputs[1:], {}
    yield from (("number", times, (constant(factor), node), {}) for factor in (2.0, 0.5))
    for factor in factors:
        yield "number", times, (factor, node), {}
        yield "number", over, (node, factor), {}
    if op.name in _SWAPPED and len(inputs) == 2:
        yield "swapped", op, inputs[::-1], settings
    for name in _EXCHANGED.get(op.name, ()):
        yield f"{name} for {op.name}", OPS[name], inputs, settings
    axis = settings.get("axis")
    if axis in (0, 1, -1):
        yield "axis", op, inputs, {**settings, "axis": 1 if axis == 0 else 0}
        if settings.get("keepdims"):
            yield "axis", op, inputs, {**settings, "axis": None}


def _instead_of(operand: Node, known: Sequence[Node]) -> Iterator[tuple[str, Node]]:
    """Yield what may stand in the place of an operand; shapes tell whether it can."""
    for other in known:
        if other is not operand and len(other.shape) == len(operand.shape):
            yield "operand", other
            if len(other.shape) == 2 and operand.op.name == "transpose":
                yield "operand", other.T
    if len(operand.shape) == 2 and operand.shape[0] == operand.shape[1] > 1:
        yield "transposed", operand.T
    value = number(operand)
    if value is not None:
        yield from (("number", constant(value * factor)) for factor in _NUMBERS)
