"""The chain rule: the gradient of a graph, as nodes of the same kind, and how each came about.

dL/dx is the sum over all that x feeds of dL/dy times dy/dx (reverse accumulation: Linnainmaa 1970;
for networks Rumelhart, Hinton & Williams 1986).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import cache
from typing import NamedTuple

import numpy as np

from bptui.core.graph.elementwise import positive
from bptui.core.graph.node import (
    Node,
    Notation,
    Op,
    Shape,
    Values,
    broadcast,
    carried_out,
    computed_from,
    constant,
    leaf,
    ordered,
)
from bptui.core.graph.reductions import sum_to
from bptui.core.graph.shaping import full

Naming = Callable[[Node], str]
Simplification = Callable[[Node, Node], "Mapping[Node, Node]"]
"""Is given a node and its gradient; returns gradients of earlier nodes, had in a shorter way."""


class Link(NamedTuple):
    """One way from a node to the loss: ``consumer`` reads it as its input number ``place``.

    ``gradient`` is dL/dconsumer, ``contribution`` that times dconsumer/dnode.
    """

    consumer: Node
    place: int
    gradient: Node
    contribution: Node


class Gradients(NamedTuple):
    """dL/d of nodes, and the links that each is the sum of."""

    of: Mapping[Node, Node]
    links: Mapping[Node, tuple[Link, ...]]


def backward(
    loss: Node,
    wanted: Iterable[Node],
    name: Naming = lambda node: "",
    simplify: Simplification = lambda node, gradient: {},
    seed: Node | None = None,
) -> Gradients:
    """Return the gradient of ``loss``, a single number, with respect to the ``wanted`` nodes.

    Gradients of what lies between are in it, too. ``name`` names the gradient of a node, or gives
    "" where it stays a part of larger formulas. A ``wanted`` node that the loss does not depend on
    has none. With a ``seed``, the gradient of ``loss`` itself, that may be of any shape. Raises
    :class:`ValueError` where the loss is no single number.
    """
    if seed is None and any(size != 1 for size in loss.shape):
        raise ValueError(f"a loss is a single number; this has the shape {loss.shape}")
    wanted, order, needed = set(wanted), ordered([loss]), set[Node]()
    for node in order:
        if node in wanted or any(source in needed for source in node.inputs):
            needed.add(node)
    links: dict[Node, list[Link]] = {node: [] for node in needed}
    known: dict[Node, Node] = {}
    given: dict[Node, Node] = {loss: seed or constant(1.0)}
    for node in reversed(order):
        if node not in needed or (node not in given and not links[node]):
            continue
        gradient = given.get(node) or _added(links[node])
        label = name(node)
        if label:
            gradient = full(gradient, node.shape)
            gradient = (positive(gradient) if gradient.name else gradient).named(label)
        elif node in wanted:
            gradient = full(gradient, node.shape)
        known[node] = gradient
        given |= simplify(node, gradient)
        if any(source in needed for source in node.inputs):
            for place, (source, part) in enumerate(
                zip(node.inputs, node.op.rule(node, gradient), strict=True)
            ):
                if part is not None and source in needed:
                    if node.op.shape is broadcast and source.shape != node.shape:
                        part = full(part, node.shape)  # it is added up over all copies
                    part = sum_to(part, source.shape)
                    links[source].append(Link(node, place, gradient, part))
    return Gradients(known, {node: tuple(found) for node, found in links.items() if node in known})


def carried_back(result: Node, gradient: Node, source: Node) -> Node:
    """Return dL/dsource given ``gradient`` = dL/dresult: the chain rule through an expression."""
    return backward(result, [source], seed=gradient).of.get(source, constant(0.0))


def _added(links: list[Link]) -> Node:
    """Return the sum over all paths, in the order in which they were computed forwards."""
    total = links[-1].contribution
    for link in reversed(links[:-1]):
        total = total + link.contribution
    return total


def expression(
    name: str,
    body: Callable[..., Node],
    pullback: Callable[..., Sequence[Node | None]] | None = None,
    computed: Callable[..., Node] | None = None,
) -> Op:
    """Return the operation that stands for ``body(*inputs)``.

    ``pullback(*inputs, result, g)`` gives g times the derivatives as a textbook writes them; by
    default the chain rule goes through the body. ``computed`` is another way to write the same,
    which keeps its digits and does not overflow.
    """
    written = computed or body

    @cache
    def drawn(*shapes: Shape) -> tuple[tuple[Node, ...], Node, list[Node]]:
        places = tuple(leaf(f"x{place}", shape) for place, shape in enumerate(shapes))
        result = written(*places)
        return places, result, ordered([result], computed_from, places)

    def value(*arrays: Values) -> Values:
        places, result, order = drawn(*map(np.shape, arrays))
        return carried_out(order, dict(zip(places, arrays, strict=True)))[result]

    def shape(*shapes: Shape) -> Shape:
        return drawn(*shapes)[1].shape

    def rule(node: Node, g: Node) -> Sequence[Node | None]:
        if pullback is not None:
            return pullback(*node.inputs, node, g)
        result = body(*node.inputs)
        return [carried_back(result, g, source) for source in node.inputs]

    called = f"{name}({{all}})"
    notation = Notation(called, called, rf"\mathrm{{{{{name}}}}}\left({{all}}\right)")
    return Op(name, value, rule, shape, notation, body=written, textbook=body)
