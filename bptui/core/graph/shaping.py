"""Operations that move numbers and change none: shapes, axes, indexing, joining."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import cast

import numpy as np

from bptui.core.graph.node import Node, Notation, Op, Rule, Setting, Shape, Values, constant, enter


def _op(
    name: str,
    evaluate: Callable[..., Values],
    rule: Rule,
    shape: Callable[..., Shape],
    code: str,
    text: str = "",
    latex: str = "",
) -> Op:
    shown = text or f"{name}({{0}})"
    return enter(
        Op(
            name,
            evaluate,
            rule,
            shape,
            Notation(code, shown, latex or rf"\mathrm{{{{{name}}}}}\left({{0}}\right)"),
        )
    )


def _by_example(evaluate: Callable[..., Values]) -> Callable[..., Shape]:
    """Tell the shape by moving places without numbers in them: exact for whatever numpy does."""

    def shape(*shapes: Shape, **settings: Setting) -> Shape:
        arrays = [np.broadcast_to(np.zeros(()), each) for each in shapes]
        return cast(Shape, np.shape(evaluate(*arrays, **settings)))

    return shape


def _moved(
    name: str,
    evaluate: Callable[..., Values],
    rule: Rule,
    code: str,
    text: str = "",
    latex: str = "",
) -> Op:
    return _op(name, evaluate, rule, _by_example(evaluate), code, text, latex)


# axes


def _transpose_rule(node: Node, g: Node) -> list[Node | None]:
    axes = node.settings.get("axes")
    g = _whole(g, node)
    return [
        g.T if axes is None else transpose(g, axes=tuple(int(each) for each in np.argsort(axes)))
    ]


transpose: Op = _moved(
    "transpose",
    lambda x, axes=None: np.transpose(x, axes),
    _transpose_rule,
    "{0:atom}.T",
    "{0:atom}^T",
    r"{0:atom}^{{\mathsf{{T}}}}",
)
swapaxes: Op = _moved(
    "swapaxes",
    lambda x, axis1, axis2: np.swapaxes(x, axis1, axis2),
    lambda node, g: [swapaxes(_whole(g, node), **node.settings)],
    "{0:atom}.swapaxes({axis1}, {axis2})",
    "{0:atom}^T",
    r"{0:atom}^{{\mathsf{{T}}}}",
)
reshape: Op = _moved(
    "reshape",
    lambda x, shape: np.reshape(x, shape),
    lambda node, g: [reshape(_whole(g, node), shape=node.inputs[0].shape)],
    "{0:atom}.reshape({shape})",
    "{0:atom}",
    "{0:atom}",
)
expand = _moved(
    "expand_dims",
    lambda x, axis: np.expand_dims(x, axis),
    lambda node, g: [reshape(_whole(g, node), shape=node.inputs[0].shape)],
    "np.expand_dims({0}, {axis})",
    "{0:atom}",
    "{0:atom}",
)
broadcast_to = _moved(
    "broadcast_to",
    lambda x, shape: np.broadcast_to(x, shape),
    lambda node, g: [g],
    "np.broadcast_to({0}, {shape})",
    "{0:atom}",
    "{0:atom}",
)


def _whole(g: Node, node: Node) -> Node:
    return g if g.shape == node.shape else broadcast_to(g, shape=node.shape)


def squeeze(x: Node, axis: int | tuple[int, ...] | None = None) -> Node:
    """np.squeeze as a reshape."""
    return reshape(x, shape=np.squeeze(np.broadcast_to(0.0, x.shape), axis).shape)


def ravel(x: Node) -> Node:
    """np.ravel as a reshape."""
    return reshape(x, shape=(math.prod(x.shape),))


def moveaxis(x: Node, source: Setting, destination: Setting) -> Node:
    """np.moveaxis as a transpose."""
    places = np.moveaxis(
        np.broadcast_to(0.0, tuple(range(1, len(x.shape) + 1))), source, destination
    ).shape
    return transpose(x, axes=tuple(each - 1 for each in places))


flip: Op = _moved(
    "flip",
    lambda x, axis=None: np.flip(x, axis),
    lambda node, g: [flip(_whole(g, node), **node.settings)],
    "np.flip({0}, axis={axis})",
)
roll: Op = _moved(
    "roll",
    lambda x, shift, axis=None: np.roll(x, shift, axis),
    lambda node, g: [
        roll(
            _whole(g, node),
            shift=-np.asarray(node.settings["shift"]),
            axis=node.settings.get("axis"),
        )
    ],
    "np.roll({0}, {shift}, axis={axis})",
)


# triangles and diagonals


def _triangle(name: str, function: Callable[..., Values]) -> Op:
    def rule(node: Node, g: Node) -> list[Node | None]:
        return [made(_whole(g, node), **node.settings)]

    made = _moved(name, lambda x, k=0: function(x, k), rule, f"np.{name}({{0}}, {{k}})")
    return made


tril, triu = _triangle("tril", np.tril), _triangle("triu", np.triu)


def _diagonal_rule(node: Node, g: Node) -> list[Node | None]:
    k, shape = node.settings.get("k", 0), node.inputs[0].shape
    if len(shape) == 1:
        return [diag(_whole(g, node), k=k)]
    rows = np.arange(node.shape[0]) + max(-k, 0)
    return [scatter(_whole(g, node), index=(rows, rows + k), shape=shape)]


diag = _moved("diag", lambda x, k=0: np.diag(x, k), _diagonal_rule, "np.diag({0})")


# indexing: the index may hold arrays that are nodes, as in a[mask]; they follow the first inputs


class Place:
    """Stands in an index for the node among the inputs that holds the positions."""

    def __init__(self, input_number: int) -> None:
        self.input_number = input_number


def index_of(index: Setting, arrays: Sequence[Values]) -> Setting:
    """Return the index with its places filled; ``arrays`` are all inputs of the node."""
    if isinstance(index, tuple):
        return tuple(index_of(each, arrays) for each in index)
    if isinstance(index, Place):
        found = np.real(arrays[index.input_number])
        return found if found.dtype == bool else found.astype(np.intp)
    return index


def _take(x: Values, *places: Values, index: Setting) -> Values:
    return np.asarray(x[index_of(index, (x, *places))])


def _item_rule(node: Node, g: Node) -> list[Node | None]:
    x, *places = node.inputs
    part = scatter(_whole(g, node), *places, index=node.settings["index"], shape=x.shape)
    return [part, *[None] * len(places)]


def _indexed(x: Shape, *places: Shape, index: Setting) -> Shape:
    if places:
        raise ValueError("the shape depends on the positions; give it to the node")
    return cast(Shape, np.broadcast_to(np.zeros(()), x)[index].shape)


item: Op = _op(
    "getitem",
    _take,
    _item_rule,
    _indexed,
    "{0:atom}[{index}]",
    "{0:atom}[{index}]",
    "{0:atom}_{{{index}}}",
)


def _scatter(g: Values, *places: Values, index: Setting, shape: Shape) -> Values:
    zeros = np.zeros(shape, np.result_type(g, np.float64))
    np.add.at(zeros, index_of(index, (g, *places)), g)
    return zeros


def _scatter_rule(node: Node, g: Node) -> list[Node | None]:
    value, *places = node.inputs
    part = Node(item, (_whole(g, node), *places), value.shape, {"index": node.settings["index"]})
    return [part, *[None] * len(places)]


scatter: Op = _op(
    "scatter",
    _scatter,
    _scatter_rule,
    lambda *shapes, index, shape: shape,
    "scatter({0}, {index}, {shape})",
)
"""Zeros, with values added at an index: what indexing does to a gradient."""


def _assign(
    x: Values, value: Values, *places: Values, index: Setting, slot: Shape | None = None
) -> Values:
    copy = np.array(x, np.result_type(x, value) if np.iscomplexobj(value) else None)
    copy[index_of(index, (x, value, *places))] = value
    return copy


def _assign_rule(node: Node, g: Node) -> list[Node | None]:
    places = node.inputs[2:]
    g, index = _whole(g, node), node.settings["index"]
    kept = assign(g, constant(0.0), *places, index=index)
    taken = Node(item, (g, *places), _slot(node), {"index": _moved_back(index)})
    return [kept, taken, *[None] * len(places)]


def _moved_back(index: Setting) -> Setting:
    """Return an index of an assignment for a node that lacks the assigned value."""
    if isinstance(index, tuple):
        return tuple(map(_moved_back, index))
    return Place(index.input_number - 1) if isinstance(index, Place) else index


def _slot(node: Node) -> Shape:
    """The shape of the part that is assigned to; that of the value where masks decide it."""
    if len(node.inputs) > 2:
        return cast(Shape, node.settings.get("slot", node.inputs[1].shape))
    return cast(Shape, np.broadcast_to(np.zeros(()), node.shape)[node.settings["index"]].shape)


assign = _op(
    "setitem",
    _assign,
    _assign_rule,
    lambda x, value, *places, index: x,
    "{0:atom}[{index}] = {1}",
    "{0} with {1} at {index}",
)
"""x with a value at an index: an assignment makes a new node, as nodes never change."""


def _add_at(x: Values, value: Values, *places: Values, index: Setting) -> Values:
    copy = np.array(x, np.result_type(x, value))
    np.add.at(copy, index_of(index, (x, value, *places)), value)
    return copy


def _add_at_rule(node: Node, g: Node) -> list[Node | None]:
    places = node.inputs[2:]
    g = _whole(g, node)
    taken = Node(item, (g, *places), _slot(node), {"index": _moved_back(node.settings["index"])})
    return [g, taken, *[None] * len(places)]


add_at = _op(
    "add_at",
    _add_at,
    _add_at_rule,
    lambda x, value, *places, index: x,
    "np.add.at({0}, {index}, {1})",
    "{0} plus {1} at {index}",
)


# joining and repeating


def _parts(node: Node, g: Node, sizes: Sequence[int], axis: int) -> list[Node | None]:
    g, start, made = _whole(g, node), 0, list[Node | None]()
    for size in sizes:
        made.append(item(g, index=(*[slice(None)] * axis, slice(start, start + size))))
        start += size
    return made


def _concatenate_rule(node: Node, g: Node) -> list[Node | None]:
    axis = node.settings.get("axis", 0) % len(node.shape)
    return _parts(node, g, [each.shape[axis] for each in node.inputs], axis)


concatenate = _moved(
    "concatenate",
    lambda *arrays, axis=0: np.concatenate(arrays, axis),
    _concatenate_rule,
    "np.concatenate([{all}], axis={axis})",
)


def _stack_rule(node: Node, g: Node) -> list[Node | None]:
    axis, g = node.settings.get("axis", 0) % len(node.shape), _whole(g, node)
    return [item(g, index=(*[slice(None)] * axis, place)) for place in range(len(node.inputs))]


stack = _moved(
    "stack",
    lambda *arrays, axis=0: np.stack(arrays, axis),
    _stack_rule,
    "np.stack([{all}], axis={axis})",
)


def _pad_rule(node: Node, g: Node) -> list[Node | None]:
    x, g = node.inputs[0], _whole(g, node)
    before = np.broadcast_to(node.settings["pad_width"], (len(x.shape), 2))[:, 0]
    return [
        item(
            g,
            index=tuple(
                slice(int(at), int(at) + size) for at, size in zip(before, x.shape, strict=True)
            ),
        )
    ]


pad = _moved(
    "pad", lambda x, pad_width: np.pad(x, pad_width), _pad_rule, "np.pad({0}, {pad_width})"
)


def _repeat_rule(node: Node, g: Node) -> list[Node | None]:
    x, axis = node.inputs[0], node.settings.get("axis")
    places = np.arange(math.prod(x.shape)).reshape(x.shape)
    return [_gathered(node, g, np.repeat(places, node.settings["repeats"], axis))]


def _gathered(node: Node, g: Node, places: Values) -> Node:
    """Return the sum of g over the places to which each number of the input has gone."""
    x = node.inputs[0]
    flat = scatter(_whole(g, node), index=places, shape=(math.prod(x.shape),))
    return reshape(flat, shape=x.shape)


repeat = _moved(
    "repeat",
    lambda x, repeats, axis=None: np.repeat(x, repeats, axis),
    _repeat_rule,
    "np.repeat({0}, {repeats}, axis={axis})",
)


def _tile_rule(node: Node, g: Node) -> list[Node | None]:
    places = np.arange(math.prod(node.inputs[0].shape)).reshape(node.inputs[0].shape)
    return [_gathered(node, g, np.tile(places, node.settings["reps"]))]


tile = _moved("tile", lambda x, reps: np.tile(x, reps), _tile_rule, "np.tile({0}, {reps})")
