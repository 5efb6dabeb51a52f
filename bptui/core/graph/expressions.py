"""Named expressions: operations that are written in other operations, each as one entry."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cache

import numpy as np

from bptui.core.graph.backward import carried_back
from bptui.core.graph.node import (
    Node,
    Notation,
    Op,
    Shape,
    Values,
    evaluate,
    leaf,
)

Body = Callable[..., Node]
Pullback = Callable[..., Sequence[Node | None]]


def expression(
    name: str, body: Body, pullback: Pullback | None = None, computed: Body | None = None
) -> Op:
    """Return the operation that stands for ``body(*inputs)``.

    ``pullback(*inputs, result, g)`` gives g times the derivatives as a textbook writes them; by
    default the chain rule goes through the body. ``computed`` is another way to write the same,
    which keeps its digits and does not overflow.
    """
    written = computed or body

    @cache
    def drawn(*shapes: Shape) -> tuple[tuple[Node, ...], Node]:
        places = tuple(leaf(f"x{place}", shape) for place, shape in enumerate(shapes))
        return places, written(*places)

    def value(*arrays: Values) -> Values:
        places, result = drawn(*map(np.shape, arrays))
        return evaluate([result], dict(zip(places, arrays, strict=True)))[result]

    def shape(*shapes: Shape) -> Shape:
        return drawn(*shapes)[1].shape

    def rule(node: Node, g: Node) -> Sequence[Node | None]:
        if pullback is not None:
            return pullback(*node.inputs, node, g)
        result = body(*node.inputs)
        return [carried_back(result, g, each) for each in node.inputs]

    places = "{all}"
    notation = Notation(
        f"{name}({places})",
        f"{name}({places})",
        rf"\operatorname{{{{{name}}}}}\left({places}\right)",
    )
    return Op(name, value, rule, shape, notation, body=written, textbook=body)
