"""numpy's functions that move numbers: shapes, axes, joining, and taking parts."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from bptui.core.graph import shaping
from bptui.core.graph.node import OPS, Node, as_node
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


def concatenate(parts: Sequence[Node], axis: Value = 0, **_: Value) -> Node:
    """Join arrays along an axis that they have."""
    if axis is None:
        return OPS["concatenate"](*(shaping.ravel(part) for part in parts), axis=0)
    return OPS["concatenate"](*parts, axis=axis)


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
