"""A graph as numpy calls bound to buffers, made once and run for every step.

The explained step and the fast loop run calls made from the same graph, so they give the same bits.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from functools import partial
from operator import is_not

import numpy as np

from bptui.core.arrays import Array, Call, zeros
from bptui.core.graph.elementwise import TRUTHS, multiply, positive, square
from bptui.core.graph.node import (
    CONSTANT,
    LEAF,
    STABLE,
    Node,
    Op,
    Shape,
    computed_from,
    constant,
    leaf,
    number,
    ordered,
)

VIEWS = ("transpose", "swapaxes", "reshape", "expand_dims", "broadcast_to")
OUT_BY_KEYWORD = ("maximum", "minimum")  # numpy deprecates their out by position
Scratch = dict[tuple[Shape, int], Array]
"""Buffers for what lies between, by their shape and a number."""


SUM_OF_SQUARES = Op("sum of squares", lambda x: np.sum(x * x), lambda node, g: [], lambda shape: ())
"""One inner product; only what is computed is written with it, after derivatives."""


class Plain:
    """Writes nodes out: named expressions in what they stand for, equal nodes as one.

    What depends on constants alone is computed here; ``settings`` are leaves that are constant,
    ``given`` nodes that are read as leaves are.
    """

    def __init__(self, settings: Mapping[Node, float], given: Iterable[Node] = ()) -> None:
        self._made: dict[Node, Node] = {node: constant(value) for node, value in settings.items()}
        self._made |= {node: leaf(node.name, node.shape) for node in given}
        self._same: dict[object, Node] = {}

    def __call__(self, outputs: Iterable[Node]) -> list[Node]:
        """Return the plain node of each output."""
        outputs, made = list(outputs), self._made
        for node in ordered(outputs, computed_from, made):
            made[node] = self._plain(node)
        return [made[node] for node in outputs]

    def _plain(self, node: Node) -> Node:
        if node.op is STABLE:
            return self._made[node.inputs[1]]
        inputs = tuple(self._made[source] for source in node.inputs)
        if inputs and all(source.op is CONSTANT for source in inputs):
            values = [np.asarray(source.settings["value"]) for source in inputs]
            return self._one(constant(node.op.evaluate(*values, **node.settings)))
        if node.op.body is not None:
            self._made |= {source: source for source in inputs}
            return self([node.op.body(*inputs)])[0]
        if node.name or any(map(is_not, inputs, node.inputs)):
            node = node.reading(inputs) if inputs else node
        return self._one(simpler(node) if inputs else node)

    def _one(self, node: Node) -> Node:
        """Return the node that computes the same, where there is one."""
        if node.op is LEAF:
            return node
        if node.op is CONSTANT:
            value = node.settings["value"]
            whole = np.asarray(value, dtype=np.float64)
            key: object = (whole.tobytes(), whole.shape)
            if len(node.settings) > 1:
                node = constant(value)  # a 2 is a 2, also where it is the batch's size
        else:
            settings = repr(sorted(node.settings.items())) if node.settings else ""
            key = (node.op.name, node.inputs, settings)
        return self._same.setdefault(key, node)


def simpler(node: Node) -> Node:
    """Return a node that costs less: a square for a power of 2, a multiple of a sum."""
    if node.op is positive:
        return node.inputs[0]
    if node.op.name == "power" and number(node.inputs[1]) == 2.0:
        return square(node.inputs[0])
    if node.op is multiply and node.inputs[0].op is CONSTANT and node.inputs[1].op is multiply:
        factor, rest = node.inputs[1].inputs
        if factor.op is CONSTANT:
            values = [each.settings["value"] for each in (node.inputs[0], factor)]
            return multiply(constant(np.multiply(*values)), rest)
    if node.op.name == "sum":
        (inner,) = node.inputs
        if inner.op is multiply and number(inner.inputs[0]) is not None:
            return multiply(inner.inputs[0], simpler(node.reading(inner.inputs[1:])))
        if inner.op is square and node.settings["axis"] is None and not node.settings["keepdims"]:
            return SUM_OF_SQUARES(*inner.inputs)
    return node


class Compiler:
    """Makes the calls that compute ``outputs``, each thing once.

    ``buffers`` are those of all leaves and of nodes that have one or more of their own; ``plain``
    writes nodes out, and may be shared by compilers of the same graph. ``spent`` are buffers that
    may be overwritten by what reads them last.
    """

    def __init__(
        self,
        outputs: Iterable[Node],
        buffers: Iterable[tuple[Node, Array]],
        plain: Plain,
        scratch: Scratch | None = None,
        spent: Iterable[Array] = (),
    ) -> None:
        self._plain, self._scratch = plain, {} if scratch is None else scratch
        order, buffers = ordered(plain(outputs)), list(buffers)
        self._fixed: dict[Node, Array] = {}
        self._copies: dict[Node, list[Array]] = {}
        self._present = set(order)
        for made, (_, buffer) in zip(plain(node for node, _ in buffers), buffers, strict=True):
            if made in self._fixed:
                self._copies.setdefault(made, []).append(buffer)
            elif made in self._present:
                self._fixed[made] = buffer
        self._buffers = {node: self._fixed[node] for node in order if node.op is LEAF}
        self._readers = Counter(source for node in order for source in node.inputs)
        self._taken = Counter[Shape]()
        self._passing = set(map(id, spent))
        self._calls: list[Call] = []

    def calls_for(self, nodes: Iterable[Node]) -> list[Call]:
        """Return the calls that compute these, but for what earlier calls have computed."""
        self._calls, found = [], self._buffers
        wanted = [node for node in self._plain(nodes) if node in self._present]
        for node in ordered(wanted, known=found):
            self._compute(node)
        return self._calls

    def _add(self, function: Callable[..., object], *arguments: object, **keywords: object) -> None:
        self._calls.append(partial(function, *arguments, **keywords))

    def _target(self, node: Node) -> Array:
        """Return where a node goes: its own buffer, that of an input read no more, or a new one."""
        if node in self._fixed:
            return self._fixed[node]
        if node.op.name in TRUTHS:
            return np.empty(node.shape, dtype=bool)
        for each in () if node.op.ufunc in (None, np.matmul) else node.inputs:
            buffer = self._buffers[each]
            passes = self._readers[each] == 1 and id(buffer) in self._passing
            if passes and buffer.shape == node.shape:
                return buffer
        self._taken[node.shape] += 1
        place = node.shape, self._taken[node.shape]
        if place not in self._scratch:
            self._scratch[place] = zeros(*node.shape)
        self._passing.add(id(self._scratch[place]))
        return self._scratch[place]

    def _compute(self, node: Node) -> None:
        name, ufunc, settings = node.op.name, node.op.ufunc, node.settings
        if node.op is CONSTANT:
            self._buffers[node] = np.asarray(settings["value"], dtype=np.float64)
            return
        inputs = [self._buffers[source] for source in node.inputs]
        if name in VIEWS and node not in self._fixed:
            self._buffers[node] = np.asarray(node.op.evaluate(*inputs, **settings))
            return
        self._buffers[node] = out = self._target(node)
        if name == "matmul" and inputs[0].ndim == inputs[1].ndim == 2:
            self._add(inputs[0].dot, inputs[1], out)
        elif node.op is SUM_OF_SQUARES:
            row = inputs[0].reshape(1, -1)
            self._add(row.dot, inputs[0].reshape(-1, 1), out.reshape(1, 1))
        elif name == "sum" and inputs[0].ndim == 2 and settings["axis"] == 0 and out.ndim == 1:
            # a product with ones takes a third of the time of a sum down the columns
            self._add(np.ones(len(inputs[0])).dot, inputs[0], out)
        elif ufunc is not None and "keepdims" in settings:
            axis = settings.get("axis")
            axes = tuple(range(inputs[0].ndim)) if axis is None else axis
            self._add(ufunc.reduce, inputs[0], axes, None, out, settings["keepdims"])
        elif name == "where":  # by copies, as numpy's takes no out
            condition, yes, no = inputs
            if number(node.inputs[1]) == 1.0 and number(node.inputs[2]) == 0.0:
                self._add(np.copyto, out, condition)
            else:
                self._add(np.copyto, out, no)
                self._add(np.copyto, out, yes, "same_kind", condition)
        elif name in OUT_BY_KEYWORD and ufunc is not None:
            self._add(ufunc, *inputs, out=out)
        elif ufunc is not None:
            # one sample: numpy adds (1, n) and (1, n) in a third of the time of (1, n) and (n,)
            alike = [x.reshape(out.shape) if out.shape == (1, *x.shape) else x for x in inputs]
            self._add(ufunc, *alike, out)
        else:
            self._add(lambda: np.copyto(out, node.op.evaluate(*inputs, **settings)))
        for copy in self._copies.get(node, ()):
            self._add(np.copyto, copy, out)
