"""numpy's functions that move numbers, or are several operations of the graph."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from bptui.core.graph import reductions, shaping
from bptui.core.graph.node import OPS, Node, as_node, constant
from bptui.trace.tape import Value


class NoRuleError(Exception):
    """Says that a call of the program has no derivative here."""


def stacked(parts: Value) -> Node:
    """Return a list of lists of numbers as one array."""
    if isinstance(parts, list):
        return OPS["stack"](*map(stacked, parts), axis=0)
    return as_node(parts)


def axes_of(value: Value) -> Value:
    """Return an axis, or several, as numpy takes them."""
    return tuple(value) if isinstance(value, list) else value


def concatenate(parts: Sequence[Value], axis: Value = 0, **_: Value) -> Node:
    """Join arrays, or lists of numbers, along an axis that they have."""
    arrays = map(stacked, parts)
    if axis is None:
        return OPS["concatenate"](*map(shaping.ravel, arrays), axis=0)
    return OPS["concatenate"](*arrays, axis=axis)


def at_least(dimensions: int) -> Callable[[Value], Node]:
    """Return how to give an array so many axes at least, the new ones first."""

    def grown(part: Value) -> Node:
        x = stacked(part)
        shape = (*(1,) * (dimensions - len(x.shape)), *x.shape)
        return x if shape == x.shape else shaping.reshape(x, shape=shape)

    return grown


def hstack(parts: Sequence[Node], **_: Value) -> Node:
    """Join arrays side by side."""
    rows = [at_least(1)(part) for part in parts]
    return OPS["concatenate"](*rows, axis=0 if len(rows[0].shape) == 1 else 1)


def vstack(parts: Sequence[Node], **_: Value) -> Node:
    """Join arrays one below the other."""
    return OPS["concatenate"](*map(at_least(2), parts), axis=0)


def column_stack(parts: Sequence[Node], **_: Value) -> Node:
    """Join arrays side by side, vectors as columns."""
    columns = [
        shaping.reshape(x, shape=(*x.shape, 1)) if len(x.shape) == 1 else x
        for x in map(at_least(1), parts)
    ]
    return OPS["concatenate"](*columns, axis=1)


def reshape(x: Node, *shape: Value, **words: Value) -> Node:
    """Give an array another shape, in the order of rows."""
    if words.get("order") not in (None, "C"):
        raise NoRuleError("reshape in another order")
    wanted = words.get("newshape", words.get("shape", shape[0] if len(shape) == 1 else shape))
    sizes: list[Value] = list(wanted) if isinstance(wanted, list | tuple) else [wanted]
    return shaping.reshape(x, shape=np.broadcast_to(0.0, x.shape).reshape(*sizes).shape)


def ravel(x: Node, order: Value = "C") -> Node:
    """Give an array as a vector."""
    if order not in (None, "C"):
        raise NoRuleError("ravel in another order")
    return shaping.ravel(x)


def transpose(x: Node, *axes: Value, **words: Value) -> Node:
    """Exchange axes."""
    order = words.get("axes", axes[0] if len(axes) == 1 else axes or None)
    if not order:
        return x.T if len(x.shape) > 1 else x
    return OPS["transpose"](x, axes=tuple(part % len(x.shape) for part in order))


def take(x: Node, indices: Value, axis: Value = None, **_: Value) -> Node:
    """Take numbers, or rows, by their places."""
    places = np.asarray(indices.settings["value"] if isinstance(indices, Node) else indices)
    if axis is None:
        return shaping.item(shaping.ravel(x), index=(places,))
    return shaping.item(x, index=(*_before(x, axis), places))


def _before(x: Node, axis: int) -> list[slice]:
    """Return an index that leaves the axes before one whole."""
    return [slice(None)] * (axis % len(x.shape))


def insert(x: Node, at: int, value: Value, axis: int | None = None) -> Node:
    """Put a value between the rows of an array."""
    if axis is None:
        x, axis = shaping.ravel(x), 0
    lead = _before(x, axis)
    shape = list(x.shape)
    shape[len(lead)] = 1
    middle = OPS["broadcast_to"](as_node(value), shape=tuple(shape))
    before = shaping.item(x, index=(*lead, slice(None, at)))
    after = shaping.item(x, index=(*lead, slice(at, None)))
    return OPS["concatenate"](before, middle, after, axis=len(lead))


def delete(x: Node, at: Value, axis: int | None = None) -> Node:
    """Leave out rows of an array."""
    if axis is None:
        x, axis = shaping.ravel(x), 0
    lead = _before(x, axis)
    kept = np.delete(np.arange(x.shape[len(lead)]), at)
    return shaping.item(x, index=(*lead, kept))


def single(x: Node, *at: int) -> Node:
    """Return one number of an array as a scalar."""
    if not at:
        return shaping.reshape(x, shape=()) if x.shape else OPS["positive"](x)
    return shaping.item(shaping.ravel(x) if len(at) == 1 else x, index=tuple(at))


def _nested(width: Value) -> Value:
    return tuple(map(_nested, width)) if isinstance(width, list) else width


def pad(x: Node, width: Value, mode: str = "constant", **words: Value) -> Node:
    """Put zeros around an array."""
    values = words.get("constant_values", 0)
    if mode != "constant" or not isinstance(values, int) or values:
        raise NoRuleError("padding with other numbers than zero")
    return OPS["pad"](x, pad_width=_nested(width))


def heaviside(x: Value, at_zero: Value) -> Node:
    """Return 0 below zero, 1 above."""
    x = stacked(x)
    return OPS["greater"](x, as_node(0.0)) + OPS["equal"](x, as_node(0.0)) * stacked(at_zero)


def diff(x: Node, n: int = 1, axis: int = -1) -> Node:
    """Return the differences of neighbours."""
    lead = _before(x, axis)
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
