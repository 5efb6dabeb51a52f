"""A graph as numpy calls bound to buffers, made once and run for every step.

The explained step and the fast loop run calls made from the same graph, so they give the same bits.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Iterable, Mapping
from functools import partial

import numpy as np

from bptui.core.arrays import Array, Call, zeros
from bptui.core.graph.elementwise import add, multiply, positive, square
from bptui.core.graph.node import (
    CONSTANT,
    LEAF,
    STABLE,
    Node,
    Op,
    Shape,
    computed_from,
    constant,
    number,
    ordered,
)


class Plain:
    """Writes nodes out: named expressions in what they stand for, equal nodes as one.

    What depends on constants alone is computed here; ``settings`` are leaves that are constant.
    ``biased`` are weights on top of their biases: x W + b is one product, with ones beside x.
    """

    def __init__(self, settings: Mapping[Node, float], biased: Collection[Node] = ()) -> None:
        self._biased = biased
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
        inputs = tuple(self._made[source] for source in node.inputs)
        if inputs and all(source.op is CONSTANT for source in inputs):
            values = [np.asarray(source.settings["value"]) for source in inputs]
            return self._one(constant(node.op.evaluate(*values, **node.settings)))
        if node.op.body is not None:
            return self._written(node.op.body(*inputs), set(inputs))
        if node.op is add and inputs[0].op.name == "matmul" and inputs[0].inputs[1] in self._biased:
            (x, weights), biases = inputs[0].inputs, inputs[1]
            inputs = tuple(map(self._one, (BESIDE_ONES(x), ON_TOP(weights, biases))))
            return self._one(inputs[0] @ inputs[1])
        return self._one(simpler(node.reading(inputs)) if inputs else node)

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
            settings = repr(sorted(node.settings.items())) if node.settings else ""
            key = (node.op.name, node.inputs, settings)
        return self._same.setdefault(key, node)


sum_of_squares = Op("sum of squares", lambda x: np.sum(x * x), lambda node, g: [], lambda shape: ())
"""One inner product; only what is computed is written so, after its derivative was taken."""


BESIDE_ONES = Op(
    "beside a column of ones",
    lambda x: np.insert(x, x.shape[1], 1.0, axis=1),
    lambda node, g: [],
    lambda shape: (shape[0], shape[1] + 1),
)
ON_TOP = Op(
    "a matrix on top of a row",
    lambda matrix, row: np.vstack([matrix, row]),
    lambda node, g: [],
    lambda matrix, row: (matrix[0] + 1, matrix[1]),
)


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
            return sum_of_squares(*inner.inputs)
    return node


_VIEWS = {"transpose", "swapaxes", "reshape", "expand_dims", "broadcast_to"}
_OUT_BY_KEYWORD = {"maximum", "minimum"}  # numpy deprecates their out by position
_TRUTH = {"greater", "greater_equal", "less", "less_equal", "equal", "not_equal"}


class Scratch:
    """Buffers for what lies between; after :meth:`restart` they are given out again."""

    def __init__(self) -> None:
        self._made: dict[Shape, list[Array]] = {}
        self._given: Counter[Shape] = Counter()

    def restart(self) -> None:
        self._given.clear()

    def take(self, shape: Shape) -> Array:
        made = self._made.setdefault(shape, [])
        self._given[shape] += 1
        if len(made) < self._given[shape]:
            made.append(zeros(*shape))
        return made[self._given[shape] - 1]


class Compiler:
    """Makes the calls that compute ``outputs``, each thing once.

    ``buffers`` are those of all leaves and of nodes that have one of their own; ``plain`` writes
    nodes out, and may be shared by compilers of the same graph. ``spent`` are nodes whose buffer
    may be overwritten by what reads it last.
    """

    def __init__(
        self,
        outputs: Iterable[Node],
        buffers: Mapping[Node, Array],
        plain: Plain,
        scratch: Scratch,
        spent: Collection[Node] = (),
    ) -> None:
        self._plain = plain
        self._order = ordered(self._plain(outputs))
        self._present = set(self._order)
        self._fixed: dict[Node, Array] = {}
        self._copies: dict[Node, list[Array]] = {}
        for node, made in zip(buffers, self._plain(buffers), strict=True):
            if made in self._fixed:
                self._copies.setdefault(made, []).append(buffers[node])
            elif made in self._present:
                self._fixed[made] = buffers[node]
                if made.op is BESIDE_ONES:
                    self._fixed.setdefault(made.inputs[0], buffers[node][:, :-1])
        self._buffers = {node: self._fixed[node] for node in self._order if node.op is LEAF}
        self._readers = Counter(source for node in self._order for source in node.inputs)
        self._scratch = scratch
        self._passing = {id(buffers[node]) for node in spent}
        self._calls: list[Call] = []

    def calls_for(self, nodes: Iterable[Node]) -> list[Call]:
        """Return the calls that compute these, but for what earlier calls have computed."""
        self._calls = []
        wanted = [node for node in self._plain(nodes) if node in self._present]
        for node in ordered(wanted, lambda each: () if each in self._buffers else each.inputs):
            if node not in self._buffers:
                self._compute(node)
        return self._calls

    def _add(self, function: Callable[..., object], *arguments: object, **keywords: object) -> None:
        self._calls.append(partial(function, *arguments, **keywords))

    def _target(self, node: Node) -> Array:
        """Return where a node goes: its own buffer, that of an input read no more, or a new one."""
        if node in self._fixed:
            return self._fixed[node]
        if node.op.name in _TRUTH:
            return np.empty(node.shape, dtype=bool)
        inputs = [] if node.op.ufunc in (None, np.matmul) else node.inputs
        for each in inputs:
            buffer = self._buffers[each]
            passes = self._readers[each] == 1 and id(buffer) in self._passing
            if passes and buffer.shape == node.shape:
                return buffer
        made = self._scratch.take(node.shape)
        self._passing.add(id(made))
        return made

    def _compute(self, node: Node) -> None:
        name, settings = node.op.name, node.settings
        if node.op is CONSTANT:
            self._buffers[node] = np.asarray(settings["value"], dtype=np.float64)
            return
        inputs = [self._buffers[source] for source in node.inputs]
        if node.op in (BESIDE_ONES, ON_TOP) and node in self._fixed:
            self._buffers[node] = self._fixed[node]  # which its inputs are parts of
            return
        if name in _VIEWS and node not in self._fixed:
            self._buffers[node] = np.asarray(node.op.evaluate(*inputs, **settings))
            return
        self._buffers[node] = out = self._target(node)
        if name == "matmul" and inputs[0].ndim == inputs[1].ndim == 2:
            self._add(inputs[0].dot, inputs[1], out)
        elif node.op is sum_of_squares:
            row = inputs[0].reshape(1, -1)
            self._add(row.dot, inputs[0].reshape(-1, 1), out.reshape(1, 1))
        elif name == "sum" and inputs[0].ndim == 2 and settings["axis"] == 0 and out.ndim == 1:
            # a product with ones takes a third of the time of a sum down the columns
            self._add(np.ones(len(inputs[0])).dot, inputs[0], out)
        elif node.op.ufunc is not None and "keepdims" in settings:
            axis = settings.get("axis")
            axes = tuple(range(inputs[0].ndim)) if axis is None else axis
            self._add(node.op.ufunc.reduce, inputs[0], axes, None, out, settings["keepdims"])
        elif name == "where":
            self._choose(node, inputs, out)
        elif node.op.ufunc is not None and name in _OUT_BY_KEYWORD:
            self._add(node.op.ufunc, *inputs, out=out)
        elif node.op.ufunc is not None:
            # one sample: numpy adds (1, n) and (1, n) in a third of the time of (1, n) and (n,)
            alike = [x.reshape(out.shape) if out.shape == (1, *x.shape) else x for x in inputs]
            self._add(node.op.ufunc, *alike, out)
        else:
            self._add(_evaluated, node, inputs, out)
        for copy in self._copies.get(node, ()):
            self._add(np.copyto, copy, out)

    def _choose(self, node: Node, inputs: list[Array], out: Array) -> None:
        """Choose by copies, as numpy's where takes no ``out``."""
        condition, yes, no = inputs
        if number(node.inputs[1]) == 1.0 and number(node.inputs[2]) == 0.0:
            self._add(np.copyto, out, condition)
        else:
            self._add(np.copyto, out, no)
            self._add(np.copyto, out, yes, "same_kind", condition)


def _evaluated(node: Node, inputs: list[Array], out: Array) -> None:
    np.copyto(out, node.op.evaluate(*inputs, **node.settings))
