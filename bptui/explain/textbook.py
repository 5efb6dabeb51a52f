"""Recognises activations that a program writes out, for gradients as a textbook writes them."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache

from bptui.core.activations import ACTIVATIONS, Activation
from bptui.core.graph.backward import Simplification
from bptui.core.graph.elementwise import positive
from bptui.core.graph.node import CONSTANT, Node, leaf, number, ordered

EITHER_WAY = ("add", "multiply", "maximum", "minimum")
"""Operations whose operands may stand in any order."""


def textbook_slopes(loss: Node) -> Simplification:
    """Return the rule for :func:`backward` by which dL/dz is dL/da times f'(z), as a(1 - a).

    It holds where all that ``loss`` has of z goes through a = f(z), written out by elementary
    operations.
    """
    consumers: dict[Node, list[Node]] = {}
    for node in ordered([loss]):
        for source in node.inputs:
            consumers.setdefault(source, []).append(node)

    def rule(node: Node, gradient: Node) -> Mapping[Node, Node]:
        for activation, place, formula in _formulas():
            found = _matched(formula, node, place, None)
            if found is None or activation.slope is None or found.shape != node.shape:
                continue
            within = {*ordered([node])} - {*ordered([found])}
            if all(consumer in within for consumer in consumers.get(found, ())):
                # the activation stays what it is, and is not multiplied out
                return {found: gradient * activation.slope(found, positive(node))}
        return {}

    return rule


@cache
def _formulas() -> list[tuple[Activation, Node, Node]]:
    """Return the activations that are more than an operation, with the place of z in each."""
    found = []
    for activation in ACTIVATIONS.values():
        if activation.slope is None:
            continue
        place = leaf("z")
        formula = activation.formula(place)
        if len(ordered([formula])) > 3:
            found.append((activation, place, formula))
    return found


def _matched(pattern: Node, node: Node, place: Node, known: Node | None) -> Node | None:
    """Return what stands at ``place`` where a node is what a pattern says; None where it is not."""
    while node.op.name == "positive":
        node = node.inputs[0]
    if pattern is place:
        return node if known in (None, node) else None
    if pattern.op is CONSTANT or node.op is CONSTANT:
        same = number(pattern) is not None and number(pattern) == number(node)
        return (known or place) if same else None
    if pattern.op.name != node.op.name or len(pattern.inputs) != len(node.inputs):
        return None
    orders = [node.inputs, node.inputs[::-1]] if node.op.name in EITHER_WAY else [node.inputs]
    for order in orders:
        found = known
        for part, other in zip(pattern.inputs, order, strict=True):
            match = _matched(part, other, place, None if found is place else found)
            if match is None:
                break
            found = match
        else:
            return found
    return None
