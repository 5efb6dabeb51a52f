"""Operations that move numbers and change none: shapes, axes, indexing, joining."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import cast

import numpy as np

from bptui.core.graph.node import Node, Notation, Op, Setting, Shape, Values, constant, enter

_NUMBER = np.zeros(())
ITSELF, TRANSPOSED = "{0:atom}", r"{0:atom}^{{\mathsf{{T}}}}"


def _moving(
    name: str,
    evaluate: Callable[..., Values],
    rule: Callable[[Node, Node], Sequence[Node | None]] | None,
    code: str,
    text: str = "",
    latex: str = "",
    shape: Callable[..., Shape] | None = None,
) -> Op:
    """Enter an operation; ``rule(node, g)`` has g with all axes of the node.

    Without a ``shape`` it is that of a move of places without numbers in them: exact for whatever
    numpy does. Without a rule each number of the input gets the sum of g over where it has gone.
    """

    def whole(node: Node, g: Node) -> Sequence[Node | None]:
        return (rule or _gathered)(node, full(g, node.shape))

    notation = Notation(
        code, text or f"{name}({{0}})", latex or rf"\mathrm{{{{{name}}}}}\left({{0}}\right)"
    )
    return enter(Op(name, evaluate, whole, shape or _by_example(evaluate), notation))


def _by_example(evaluate: Callable[..., Values]) -> Callable[..., Shape]:
    def shape(*shapes: Shape, **settings: Setting) -> Shape:
        # numpy's broadcast_to takes ten times as long
        arrays = [np.ndarray(size, buffer=_NUMBER, strides=(0,) * len(size)) for size in shapes]
        return cast(Shape, np.shape(evaluate(*arrays, **settings)))

    return shape


def _gathered(node: Node, g: Node) -> list[Node | None]:
    """Number the places from 1 on and move the numbers; 0 is where something else was put in."""
    (x,) = node.inputs
    count = math.prod(x.shape)
    places = node.op.evaluate(np.arange(1, count + 1).reshape(x.shape), **node.settings)
    sums = scatter(g, index=places, shape=(count + 1,))
    return [reshape(item(sums, index=slice(1, None)), shape=x.shape)]


def full(node: Node, shape: Shape) -> Node:
    """Return the node with all its axes, broadcast where it was left smaller."""
    return node if node.shape == shape else broadcast_to(node, shape=shape)


# axes


def _transpose_rule(node: Node, g: Node) -> list[Node | None]:
    axes = node.settings.get("axes")
    return [g.T if axes is None else transpose(g, axes=tuple(np.argsort(axes).tolist()))]


def _reshaped_back(node: Node, g: Node) -> list[Node | None]:
    return [reshape(g, shape=node.inputs[0].shape)]


transpose: Op = _moving(
    "transpose", np.transpose, _transpose_rule, "{0:atom}.T", "{0:atom}^T", TRANSPOSED
)
swapaxes: Op = _moving(
    "swapaxes",
    np.swapaxes,
    lambda node, g: [swapaxes(g, **node.settings)],
    "{0:atom}.swapaxes({axis1}, {axis2})",
    "{0:atom}^T",
    TRANSPOSED,
)
reshape: Op = _moving(
    "reshape",
    lambda x, shape: np.reshape(x, shape),
    _reshaped_back,
    "{0:atom}.reshape({shape})",
    ITSELF,
    ITSELF,
)
expand = _moving(
    "expand_dims", np.expand_dims, _reshaped_back, "np.expand_dims({0}, {axis})", ITSELF, ITSELF
)
broadcast_to = _moving(
    "broadcast_to",
    np.broadcast_to,
    lambda node, g: [g],
    "np.broadcast_to({0}, {shape})",
    ITSELF,
    ITSELF,
)


def squeeze(x: Node, axis: int | tuple[int, ...] | None = None) -> Node:
    """Return np.squeeze as a reshape."""
    return reshape(x, shape=np.squeeze(np.broadcast_to(0.0, x.shape), axis).shape)


def ravel(x: Node) -> Node:
    """Return np.ravel as a reshape."""
    return reshape(x, shape=(math.prod(x.shape),))


def moveaxis(x: Node, source: Setting, destination: Setting) -> Node:
    """Return np.moveaxis as a transpose."""
    numbered = np.broadcast_to(0.0, tuple(range(1, len(x.shape) + 1)))
    places = np.moveaxis(numbered, source, destination).shape
    return transpose(x, axes=tuple(place - 1 for place in places))


flip = _moving("flip", np.flip, None, "np.flip({0}, axis={axis})")
for _name, _function, _settings in (
    ("roll", np.roll, "settings"),
    ("tril", np.tril, "k"),
    ("triu", np.triu, "k"),
    ("pad", np.pad, "pad_width"),
    ("repeat", np.repeat, "settings"),
    ("tile", np.tile, "reps"),
):
    _moving(_name, _function, None, f"np.{_name}({{0}}, {{{_settings}}})")
_moving("diag", np.diag, None, "np.diag({0})")


# indexing


item: Op = _moving(
    "getitem",
    lambda x, index: np.asarray(x[index]),
    lambda node, g: [scatter(g, index=node.settings["index"], shape=node.inputs[0].shape)],
    "{0:atom}[{index}]",
    "{0:atom}[{index}]",
    "{0:atom}_{{{index}}}",
)


def _scatter(g: Values, index: Setting, shape: Shape) -> Values:
    zeros = np.zeros(shape, np.result_type(g, np.float64))
    np.add.at(zeros, index, g)
    return zeros


scatter: Op = _moving(
    "scatter",
    _scatter,
    lambda node, g: [item(g, index=node.settings["index"])],
    "scatter({0}, {index}, {shape})",
    shape=lambda value, index, shape: shape,
)
"""Zeros, with values added at an index: what indexing does to a gradient."""


def _assign(x: Values, value: Values, index: Setting) -> Values:
    copy = np.array(x, np.result_type(x, value) if np.iscomplexobj(value) else None)
    copy[index] = value
    return copy


def _add_at(x: Values, value: Values, index: Setting) -> Values:
    copy = np.array(x, np.result_type(x, value))
    np.add.at(copy, index, value)
    return copy


def _put_rule(node: Node, g: Node) -> list[Node | None]:
    """Return what goes to x, which an assignment replaces, and to the value put at the index."""
    index = node.settings["index"]
    kept = assign(g, constant(0.0), index=index) if node.op.name == "setitem" else g
    return [kept, item(g, index=index)]


assign = _moving(
    "setitem",
    _assign,
    _put_rule,
    "{0:atom}[{index}] = {1}",
    "{0} with {1} at {index}",
    shape=lambda x, value, index: x,
)
"""x with a value at an index: an assignment makes a new node, as nodes never change."""
add_at = _moving(
    "add_at",
    _add_at,
    _put_rule,
    "np.add.at({0}, {index}, {1})",
    "{0} plus {1} at {index}",
    shape=lambda x, value, index: x,
)


# joining


def _concatenate_rule(node: Node, g: Node) -> list[Node | None]:
    axis, start, made = node.settings.get("axis", 0) % len(node.shape), 0, list[Node | None]()
    for part in node.inputs:
        stop = start + part.shape[axis]
        made.append(item(g, index=(*[slice(None)] * axis, slice(start, stop))))
        start = stop
    return made


concatenate = _moving(
    "concatenate",
    lambda *arrays, axis=0: np.concatenate(arrays, axis),
    _concatenate_rule,
    "np.concatenate([{all}], axis={axis})",
)


def _stack_rule(node: Node, g: Node) -> list[Node | None]:
    axis = node.settings.get("axis", 0) % len(node.shape)
    return [item(g, index=(*[slice(None)] * axis, place)) for place in range(len(node.inputs))]


stack = _moving(
    "stack",
    lambda *arrays, axis=0: np.stack(arrays, axis),
    _stack_rule,
    "np.stack([{all}], axis={axis})",
)
