"""Draws the numbers of a recorded step anew: equal start weights, zeros and the like hide slips."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from functools import cached_property
from typing import Any

import numpy as np

from bptui.core.graph.node import Node, evaluate, ordered
from bptui.trace.step.lowering import Lowered, given_values
from bptui.trace.step.multiples import Numbers, Values

DRAWS = 2
SPREADS = (5e-3, 5e-5, 0.0)
"""Numbers are drawn so near to the program's own that its decisions (masks, maxima) stay."""
NEARER = (0.3, 0.1, 0.01)
"""Shares of the program's own parameters, for programs whose outputs are at their limits."""
PRODUCTS = ("matmul", "multiply", "einsum")
VIEWS = frozenset(
    ("getitem", "transpose", "reshape", "positive", "expand_dims", "swapaxes", "broadcast_to")
)
JOINED = ("concatenate", "stack", "pad", "setitem", "put")


class Drawn:
    """The values of a step's nodes, with parameters and data that are near the program's own."""

    def __init__(
        self,
        graph: Lowered,
        parameters: Collection[Node],
        data: Collection[Node],
        early: Collection[int],
        spread: float,
        seed: int,
    ) -> None:
        """Take what is drawn, and the ``early`` entries that depend on it: none on an update."""
        self.graph, self.parameters, self.data = graph, dict.fromkeys(parameters), data
        self.early, self.spread, self.seed = early, spread, seed
        self.draws = self._drawn()
        self.limited = False
        """Whether outputs are 0 or 1 wherever all is decided as in the program."""
        self._numbers: dict[Node, Values] = {}

    def _drawn(self, share: float = 1.0) -> list[dict[Node, Any]]:
        return [self._draw(np.random.default_rng(self.seed + n), share) for n in range(DRAWS)]

    def _draw(self, rng: np.random.Generator, share: float) -> dict[Node, Any]:
        values = dict(given_values(self.graph))
        for node in self.parameters:
            value = share * np.asarray(values[node], dtype=np.float64)
            scale = self.spread * max(float(np.sqrt(np.mean(value * value))), 0.2)
            values[node] = value + scale * rng.standard_normal(value.shape)
        for node in self.data:
            value = np.asarray(values[node], dtype=np.float64)
            varied = value.size == 1 or np.ptp(value) > 0
            if varied and np.asarray(self.graph.given[node]).dtype.kind == "f":
                scale = self.spread * max(float(np.std(value)), 0.2)
                values[node] = value + scale * rng.standard_normal(value.shape)
        return evaluate(list(self.graph.nodes.values()), values)

    def away_from_limits(self, outs: Sequence[Node]) -> None:
        """Draw parameters nearer to 0 where outputs are 0 or 1: their logarithms have no slope.

        All is decided as before, or nothing is changed.
        """
        before = self.draws
        for share in NEARER:
            if not self._limited(outs):
                return
            self._take(self._drawn(share))
            if self.undecided:
                break
        self.limited = self._limited(outs) or self.undecided
        if self.limited:
            self._take(before)

    def _take(self, draws: list[dict[Node, Any]]) -> None:
        self.draws = draws
        self._numbers.clear()
        self.__dict__.pop("undecided", None)

    def _limited(self, outs: Sequence[Node]) -> bool:
        parts = [part for out in outs for part in self.numbers(out) if part.size]
        spans = ((part.min(), part.max()) for part in parts)
        return any(low >= 0.0 and high <= 1.0 and {low, high} & {0.0, 1.0} for low, high in spans)

    @cached_property
    def undecided(self) -> bool:
        """Whether a mask or a maximum falls otherwise on numbers that were drawn.

        What the program decides by itself, as which number it takes, falls as it did.
        """
        nodes = [self.graph.nodes[entry] for entry in self.early]
        own = evaluate(nodes, given_values(self.graph))
        return not all(decided_alike(nodes, own, draw) for draw in self.draws)

    def numbers(self, node: Node) -> Values:
        """Return a node's values in all draws."""
        if node not in self._numbers:
            draws = self.draws
            if node not in draws[0]:  # it is computed from data alone
                given = given_values(self.graph)
                draws = [evaluate([node], {**given, **draw}) for draw in draws]
            parts = (np.real(draw[node]) for draw in draws)  # of complex numbers none is a gradient
            self._numbers[node] = [np.asarray(part, dtype=np.float64) for part in parts]
        return self._numbers[node]

    def without(self, node: Node, terms: Collection[Node]) -> Values:
        """Return a node's values in all draws where some of what it is computed of is zero."""
        zeros = {term: np.zeros(term.shape) for term in terms}
        return [
            evaluate([node], {leaf: draw[leaf] for leaf in draw if not leaf.inputs} | zeros)[node]
            for draw in self.draws
        ]


def views_of(graph: Lowered, parameters: Collection[Node], early: Collection[int]) -> set[Node]:
    """Return the parameters, and what only shows numbers of them, among the ``early`` entries."""
    views = set(parameters)
    for entry in early:
        node = graph.nodes[entry]
        if node.op.name in VIEWS and node.inputs and node.inputs[0] in views:
            views.add(node)
    return views


def through(operations: Collection[str]) -> Callable[[Node], tuple[Node, ...]]:
    """Return what gives the inputs of a node of some operations, and of another one nothing."""
    return lambda node: node.inputs if node.op.name in operations else ()


def shown(node: Node) -> set[Node]:
    """Return a node and what it shows numbers of: x of x[i].T, x and h of np.hstack((x, h)).

    So it does of an array that a part of is written anew.
    """
    return {*ordered([node], through((*VIEWS, *JOINED)))}


def inputs_of(
    graph: Lowered,
    parameters: Collection[Node],
    early: Collection[int],
    dependent: Collection[int],
    forward: Collection[int],
) -> dict[Node, None]:
    """Return the data that is multiplied with a parameter: it may be drawn anew as well.

    In the ``forward`` pass, that is: a rate of decay stays what it is. Targets may not: that they
    add up to 1 may be used.
    """
    products = {entry for entry, _ in products_with(graph, parameters, early)}
    found: dict[Node, None] = {}
    other: set[Node] = set()
    for entry in early:
        inputs = graph.nodes[entry].inputs
        given = [part for part in inputs if graph.entry.get(part) not in dependent]
        roots = [part for part in ordered(given) if part in graph.given]
        if entry not in products:
            other.update(roots)
        elif entry in forward:  # a number that all of an array is multiplied with is a factor
            array = graph.nodes[entry].shape
            found.update(dict.fromkeys(root for root in roots if root.shape or not array))
    return {node: None for node in found if node not in other}


def products_with(
    graph: Lowered, parameters: Collection[Node], early: Collection[int]
) -> Iterator[tuple[int, list[Node]]]:
    """Yield the products of parameters, or views of them, with what they are multiplied with."""
    views = views_of(graph, parameters, early)
    for entry in early:
        node = graph.nodes[entry]
        if node.op.name in PRODUCTS and not views.isdisjoint(node.inputs):
            yield entry, [part for part in node.inputs if part not in views]


Drawing = Mapping[Node, Any]


def _largest(node: Node, values: Drawing) -> Numbers:
    x, extreme = values[node.inputs[0]], np.max if node.op.name == "max" else np.min
    return np.asarray(x == extreme(x, axis=node.settings.get("axis"), keepdims=True))


DECISIONS: dict[str, Callable[[Node, Drawing], Any]] = {
    **dict.fromkeys(
        ("maximum", "minimum"),
        lambda node, values: np.greater(*(values[part] for part in node.inputs)),
    ),
    **dict.fromkeys(("max", "min"), _largest),
    **dict.fromkeys(
        ("absolute", "sign"), lambda node, values: np.greater(values[node.inputs[0]], 0.0)
    ),
    "clip": lambda node, values: np.equal(values[node], values[node.inputs[0]]),
    **dict.fromkeys(("argmax", "argmin"), lambda node, values: values[node]),
}
"""What each operation decides, if it is no comparison, which is a decision itself."""


def decided_alike(nodes: Collection[Node], one: Drawing, other: Drawing) -> bool:
    """Whether all decisions are the same for two sets of numbers, ``one`` being the program's."""
    for node in nodes:
        decide = DECISIONS.get(node.op.name)
        if decide is not None:
            pair = decide(node, one), decide(node, other)
        elif np.asarray(one[node]).dtype.kind == "b":
            pair = one[node], other[node]
        else:
            continue
        tied = node.op.name in ("max", "min")  # of several that are the largest, some stay so
        if not (np.all(pair[1] <= pair[0]) if tied else np.array_equal(*pair)):
            return False
    return True
