"""Graphs made ready to be computed: written out in plain operations, each thing computed once."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import replace

import numpy as np

from bptui.core.graph.elementwise import multiply, square
from bptui.core.graph.node import (
    CONSTANT,
    LEAF,
    STABLE,
    Node,
    Op,
    computed_from,
    constant,
    number,
    ordered,
)


class Plain:
    """Writes nodes out: named expressions in what they stand for, equal nodes as one.

    What depends on constants alone is computed here; ``settings`` are leaves that are constant.
    """

    def __init__(self, settings: Mapping[Node, float]) -> None:
        self._made: dict[Node, Node] = {node: constant(value) for node, value in settings.items()}
        self._same: dict[object, Node] = {}

    def __call__(self, outputs: Iterable[Node]) -> list[Node]:
        """Return the plain node of each output."""
        outputs = list(outputs)
        for node in ordered(
            outputs, lambda each: () if each in self._made else computed_from(each)
        ):
            self._made.setdefault(node, self._plain(node))
        return [self._made[node] for node in outputs]

    def _plain(self, node: Node) -> Node:
        if node.op is STABLE:
            return self._made[node.inputs[1]]
        inputs = tuple(self._made[each] for each in node.inputs)
        if inputs and all(each.op is CONSTANT for each in inputs):
            values = [np.asarray(each.settings["value"]) for each in inputs]
            return self._one(constant(node.op.evaluate(*values, **node.settings)))
        if node.op.body is not None:
            return self._written(node.op.body(*inputs), set(inputs))
        return self._one(simpler(replace(node, inputs=inputs, name="")) if inputs else node)

    def _written(self, root: Node, given: Collection[Node]) -> Node:
        """Make an expression plain whose inputs are plain already."""
        for node in ordered([root], lambda each: () if each in given else computed_from(each)):
            self._made[node] = node if node in given else self._plain(node)
        return self._made[root]

    def _one(self, node: Node) -> Node:
        """Return the node that computes the same, where there is one."""
        if node.op is LEAF:
            return node
        if node.op is CONSTANT:
            value = np.asarray(node.settings["value"], dtype=np.float64)
            key: object = ("constant", value.tobytes(), value.shape)
            node = constant(node.settings["value"])  # a 2 is a 2, also where it is the batch's size
        else:
            key = (node.op.name, node.inputs, repr(sorted(node.settings.items())))
        return self._same.setdefault(key, node)


sum_of_squares = Op("sum of squares", lambda x: np.sum(x * x), lambda node, g: [], lambda shape: ())
"""One inner product; only what is computed is written so, after its derivative was taken."""


def simpler(node: Node) -> Node:
    """Return a node that costs less: a square for a power of 2, a multiple of a sum."""
    if node.op.name == "power" and number(node.inputs[1]) == 2.0:
        return square(node.inputs[0])
    if node.op.name == "sum":
        (inner,) = node.inputs
        if inner.op is multiply and number(inner.inputs[0]) is not None:
            return multiply(inner.inputs[0], simpler(replace(node, inputs=inner.inputs[1:])))
        if inner.op is square and node.settings["axis"] is None and not node.settings["keepdims"]:
            return sum_of_squares(*inner.inputs)
    return node
