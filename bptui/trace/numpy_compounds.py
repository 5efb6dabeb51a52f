"""numpy's functions that are several operations of the graph."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from bptui.core.graph import reductions, shaping
from bptui.core.graph.node import OPS, Node, as_node, constant
from bptui.trace.numpy_moves import NoRuleError, stacked
from bptui.trace.tape import Value


def heaviside(x: Value, at_zero: Value) -> Node:
    """Return 0 below zero, 1 above."""
    x = stacked(x)
    return OPS["greater"](x, as_node(0.0)) + OPS["equal"](x, as_node(0.0)) * stacked(at_zero)


def diff(x: Node, n: int = 1, axis: int = -1) -> Node:
    """Return the differences of neighbours."""
    lead = [slice(None)] * (axis % len(x.shape))
    for _ in range(n):
        later = shaping.item(x, index=(*lead, slice(1, None)))
        x = later - shaping.item(x, index=(*lead, slice(None, -1)))
    return x


def bincount(places: Value, weights: Value = None, minlength: int = 0) -> Node:
    """Return the sums of the weights that have the same place."""
    if weights is None or not isinstance(places, Node):
        raise NoRuleError("bincount without weights")
    index = np.asarray(places.settings["value"])
    zeros = np.zeros(max(minlength, int(index.max(initial=-1)) + 1))
    inputs = (constant(zeros), stacked(weights))
    return Node(OPS["add_at"], inputs, zeros.shape, {"index": (index,)})


def select(conditions: Sequence[Value], choices: Sequence[Value], default: Value = 0) -> Node:
    """Return for each number the first choice whose condition holds."""
    made = stacked(default)
    for condition, choice in zip(reversed(conditions), reversed(choices), strict=True):
        made = OPS["where"](stacked(condition), stacked(choice), made)
    return made


def sliding(turned: bool, usual: str) -> Callable[..., Node]:
    """Return how to slide one vector along another; ``turned`` for a convolution."""

    def made(a: Value, v: Value, mode: str = usual) -> Node:
        a, v = stacked(a), stacked(v)
        long, short = a.shape[0], v.shape[0]
        if long < short:
            raise NoRuleError("the first is shorter than the second")
        half = (short - 1) // 2
        sides = {"full": (short - 1, short - 1), "same": (short - 1 - half, half), "valid": (0, 0)}
        around = sides[mode]
        whole = OPS["pad"](a, pad_width=(around,)) if any(around) else a
        rows = sum(around) + long - short + 1
        places = np.arange(rows)[:, None] + np.arange(short)
        windows = shaping.item(whole, index=(places,))
        return reductions.dot(windows, OPS["flip"](v, axis=None) if turned else v)

    return made


COMPOUNDS: dict[str, Callable[..., Node]] = {
    "heaviside": heaviside,
    "diff": diff,
    "bincount": bincount,
    "select": select,
    "convolve": sliding(True, "full"),
    "correlate": sliding(False, "valid"),
}
