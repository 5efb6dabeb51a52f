"""A tape of numpy calls as the graph's nodes: what was recorded becomes what can be derived."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from bptui.core.graph import elementwise, reductions, shaping
from bptui.core.graph.node import OPS, Node, as_node, broadcast, constant, leaf
from bptui.trace.recorder import Note, Reference

Make = Callable[..., Node]


class NoRule(Exception):
    """Says that a call of the program has no derivative here."""


def _axis(value: Any) -> Any:
    return tuple(value) if isinstance(value, list) else value


def _reduction(name: str) -> Make:
    def make(x: Node, axis: Any = None, *rest: Any, keepdims: Any = False, ddof: Any = 0, **ignored: Any) -> Node:
        settings: dict[str, Any] = {"axis": _axis(axis), "keepdims": bool(keepdims)}
        if name in ("var", "std"):
            settings["ddof"] = float(ddof)
        return OPS[name](x, **settings)

    return make


def _concatenate(parts: Sequence[Node], axis: Any = 0, **_: Any) -> Node:
    if axis is None:
        return OPS["concatenate"](*(shaping.ravel(part) for part in parts), axis=0)
    return OPS["concatenate"](*parts, axis=axis)


def _at_least(dimensions: int) -> Callable[[Node], Node]:
    def grown(x: Node) -> Node:
        shape = x.shape
        while len(shape) < dimensions:
            shape = (1, *shape)
        return x if shape == x.shape else shaping.reshape(x, shape=shape)

    return grown


def _hstack(parts: Sequence[Node], **_: Any) -> Node:
    rows = [_at_least(1)(part) for part in parts]
    return OPS["concatenate"](*rows, axis=0 if len(rows[0].shape) == 1 else 1)


def _vstack(parts: Sequence[Node], **_: Any) -> Node:
    return OPS["concatenate"](*map(_at_least(2), parts), axis=0)


def _column_stack(parts: Sequence[Node], **_: Any) -> Node:
    columns = [shaping.reshape(x, shape=(*x.shape, 1)) if len(x.shape) == 1 else x for x in parts]
    return OPS["concatenate"](*columns, axis=1)


def _reshape(x: Node, *shape: Any, **words: Any) -> Node:
    if words.get("order") not in (None, "C"):
        raise NoRule("reshape with another order")
    wanted = words.get("newshape", words.get("shape", shape[0] if len(shape) == 1 else shape))
    sizes = tuple(int(part) for part in (wanted if isinstance(wanted, list | tuple) else [wanted]))
    return shaping.reshape(x, shape=np.broadcast_to(0.0, x.shape).reshape(sizes).shape)


def _transpose(x: Node, *axes: Any, **words: Any) -> Node:
    order = words.get("axes", axes[0] if len(axes) == 1 else axes or None)
    order = tuple(order) if order else None
    if order is None:
        return x.T if len(x.shape) > 1 else x
    return OPS["transpose"](x, axes=tuple(part % len(x.shape) for part in order))


def _norm(x: Node, order: Any = None, axis: Any = None, keepdims: Any = False) -> Node:
    if order not in (None, 2, "fro"):
        raise NoRule("a norm other than the Euclidean")
    return OPS["norm"](x, axis=_axis(axis), keepdims=bool(keepdims))


def _clip(x: Node, low: Any = None, high: Any = None, **words: Any) -> Node:
    low, high = words.get("a_min", words.get("min", low)), words.get("a_max", words.get("max", high))
    if low is not None:
        x = elementwise.maximum(x, as_node(low)) if high is None else x
    if high is not None and low is None:
        return elementwise.minimum(x, as_node(high))
    return x if high is None else OPS["clip"](x, as_node(low), as_node(high))


def _take(x: Node, indices: Any, axis: Any = None, **_: Any) -> Node:
    if axis is None:
        return shaping.item(shaping.ravel(x), index=(np.asarray(indices),))
    lead = [slice(None)] * (axis % len(x.shape))
    return shaping.item(x, index=(*lead, np.asarray(indices)))


def _same(x: Node, *_: Any, **__: Any) -> Node:
    return OPS["positive"](x)


def _repeat(x: Node, repeats: Any, axis: Any = None) -> Node:
    return OPS["repeat"](x, repeats=np.asarray(repeats), axis=axis)


CALLS: dict[str, Make] = {
    **{name: _reduction(name) for name in ("sum", "mean", "prod", "max", "min", "var", "std")},
    "amax": _reduction("max"),
    "amin": _reduction("min"),
    "add.reduce": lambda x, axis=0, **_: OPS["sum"](x, axis=_axis(axis)),
    "cumsum": lambda x, axis=None, **_: OPS["cumsum"](x, axis=axis),
    "average": lambda x, axis=None, **_: OPS["mean"](x, axis=_axis(axis), keepdims=False),
    "norm": _norm,
    "dot": lambda a, b, **_: reductions.dot(a, b),
    "vdot": lambda a, b: reductions.dot(shaping.ravel(a), shaping.ravel(b)),
    "outer": lambda a, b, **_: reductions.outer(a, b),
    "multiply.outer": lambda a, b, **_: reductions.outer(a, b),
    "inner": reductions.inner,
    "tensordot": lambda a, b, axes=2: reductions.tensordot(a, b, axes if isinstance(axes, int) else tuple(axes)),
    "einsum": lambda subscripts, *parts, **_: OPS["einsum"](*parts, subscripts=subscripts),
    "transpose": _transpose,
    "mT": lambda x: OPS["swapaxes"](x, axis1=-1, axis2=-2),
    "swapaxes": lambda x, one, two: OPS["swapaxes"](x, axis1=one, axis2=two),
    "moveaxis": lambda x, source, to: shaping.moveaxis(x, _axis(source), _axis(to)),
    "reshape": _reshape,
    "ravel": lambda x, *_, **__: shaping.ravel(x),
    "flatten": lambda x, *_, **__: shaping.ravel(x),
    "squeeze": lambda x, axis=None: shaping.squeeze(x, _axis(axis)),
    "expand_dims": lambda x, axis: OPS["expand_dims"](x, axis=_axis(axis)),
    "atleast_1d": lambda x: _at_least(1)(x),
    "atleast_2d": lambda x: _at_least(2)(x),
    "broadcast_to": lambda x, shape, **_: OPS["broadcast_to"](x, shape=tuple(shape)),
    "concatenate": _concatenate,
    "stack": lambda parts, axis=0, **_: OPS["stack"](*parts, axis=axis),
    "hstack": _hstack,
    "vstack": _vstack,
    "column_stack": _column_stack,
    "c_": _column_stack,
    "r_": lambda parts: _concatenate(list(map(_at_least(1), parts))),
    "append": lambda a, b, axis=None: _concatenate([a, as_node(b)], axis),
    "insert": lambda x, at, value, axis=None: _insert(x, at, as_node(value), axis),
    "pad": lambda x, width, *_, **__: OPS["pad"](x, pad_width=_tuples(width)),
    "repeat": _repeat,
    "tile": lambda x, reps: OPS["tile"](x, reps=_axis(reps)),
    "roll": lambda x, shift, axis=None: OPS["roll"](x, shift=shift, axis=axis),
    "flip": lambda x, axis=None: OPS["flip"](x, axis=_axis(axis)),
    "tril": lambda x, k=0: OPS["tril"](x, k=k),
    "triu": lambda x, k=0: OPS["triu"](x, k=k),
    "diag": lambda x, k=0: OPS["diag"](x, k=k),
    "take": _take,
    "where": lambda condition, *choices: OPS["where"](condition, *map(as_node, choices)),
    "clip": _clip,
    "argmax": lambda x, axis=None, **_: OPS["argmax"](x, axis=axis, keepdims=False),
    "argmin": lambda x, axis=None, **_: OPS["argmin"](x, axis=axis, keepdims=False),
    "any": lambda x, axis=None, **_: OPS["any"](x, axis=_axis(axis), keepdims=False),
    "all": lambda x, axis=None, **_: OPS["all"](x, axis=_axis(axis), keepdims=False),
    "abs": lambda x: OPS["absolute"](x),
    "fabs": lambda x: OPS["absolute"](x),
    "pow": lambda a, b, *_: elementwise.power(as_node(a), as_node(b)),
    "invert": lambda x: OPS["logical_not"](x),
    "astype": lambda x, dtype, **_: OPS["astype"](x, dtype=np.dtype(np.float64 if dtype[1].startswith("float") else dtype[1])),
    **{
        name: _same
        for name in "copy array asarray asanyarray ascontiguousarray float64 float32 real view".split()
    },
    **{name: lambda x, *at: _single(x, at) for name in ("item", "float")},
    **{name: lambda x, *_, **__: _constant_like(x) for name in ("zeros_like", "ones_like", "full_like", "empty_like")},
}
for _name in "exp log log2 log10 log1p expm1 sqrt sin cos tan sinh cosh tanh fabs pow".split():
    CALLS[f"math.{_name}"] = CALLS.get(_name) or (lambda *x, name=_name: OPS[name](*map(as_node, x)))


def _single(x: Node, at: Sequence[int]) -> Node:
    """Return one number of an array as a scalar."""
    if not at:
        return shaping.reshape(x, shape=()) if x.shape else OPS["positive"](x)
    return shaping.item(shaping.ravel(x) if len(at) == 1 else x, index=tuple(at))


def _constant_like(x: Node) -> Node:
    raise NotComputed


def _tuples(width: Any) -> Any:
    return tuple(map(_tuples, width)) if isinstance(width, list) else width


def _insert(x: Node, at: int, value: Node, axis: int | None) -> Node:
    axis = 0 if axis is None else axis % len(x.shape)
    lead = [slice(None)] * axis
    shape = list(x.shape)
    shape[axis] = 1
    middle = OPS["broadcast_to"](value, shape=tuple(shape))
    before = shaping.item(x, index=(*lead, slice(None, at)))
    return OPS["concatenate"](before, middle, shaping.item(x, index=(*lead, slice(at, None))), axis=axis)


class NotComputed(Exception):
    """Says that a call's result does not depend on the numbers that it is given."""


class Lowered:
    """Nodes of the entries of a tape; what was recorded before ``first`` counts as given."""

    def __init__(self, tape: Sequence[Note], values: Sequence[Any], first: int, lines: Callable[[int], int]) -> None:
        self.tape, self.values, self.first, self.lines = tape, values, first, lines
        self.nodes: dict[int, Node] = {}
        self.entry: dict[Node, int] = {}
        self.given: dict[Node, Any] = {}
        self.unknown: dict[Node, str] = {}

    def node(self, entry: int) -> Node:
        """Return the node of an entry, and make those that it is computed from."""
        stack = [entry]
        while stack:
            top = stack[-1]
            if top in self.nodes:
                stack.pop()
                continue
            missing = [] if top < self.first else [x for x in references(self.tape[top]) if x not in self.nodes]
            if missing:
                stack += missing
                continue
            self._enter(top, self._made(top))
            stack.pop()
        return self.nodes[entry]

    def _enter(self, entry: int, node: Node) -> None:
        self.nodes[entry] = node
        self.entry[node] = entry

    def _leaf(self, entry: int, why: str = "") -> Node:
        value = np.asarray(self.values[entry])
        made = leaf(f"e{entry}", value.shape)
        self.given[made] = value
        if why:
            self.unknown[made] = why
        return made

    def _made(self, entry: int) -> Node:
        note = self.tape[entry]
        if entry < self.first or note.call in ("leaf", "constant"):
            if note.call == "constant":
                return replace(constant(self.values[entry]), line=self.lines(note.place))
            return self._leaf(entry)
        value = np.asarray(self.values[entry])
        if value.dtype.kind in "iu" and note.call not in ("argmax",):
            return constant(value)  # a place or a count, not a number to derive by
        try:
            made = self._call(note)
        except NotComputed:
            return self._leaf(entry)
        except (NoRule, KeyError, TypeError, ValueError, IndexError) as error:
            return self._leaf(entry, f"{note.call}: {error}")
        if made.shape != value.shape:
            return self._leaf(entry, f"{note.call}: shape {made.shape} for {value.shape}")
        if made in self.entry:
            made = OPS["positive"](made)
        return replace(made, line=self.lines(note.place))

    def _call(self, note: Note) -> Node:
        if note.call == "getitem":
            return self._item(note)
        if note.call in ("setitem", "add.at", "subtract.at"):
            return self._assigned(note)
        if note.call == "gather":
            source, places = note.arguments
            return shaping.item(shaping.ravel(self.nodes[source.entry]), index=(places,))
        if note.call == "put":
            whole, part, places = note.arguments
            node = self.nodes[whole.entry]
            flat = OPS["setitem"](shaping.ravel(node), self.nodes[part.entry], index=(places,))
            return shaping.reshape(flat, shape=node.shape)
        if note.call == "fill":
            return OPS["broadcast_to"](self.argument(note.arguments[0]), shape=tuple(note.keywords["shape"]))
        arguments = [self.argument(argument) for argument in note.arguments]
        words = {name: self.argument(value) for name, value in note.keywords.items() if name not in ("dtype", "pick", "order")}
        make = CALLS.get(note.call)
        if make is not None:
            if arguments and isinstance(arguments[0], list) and note.call in ("array", "asarray", "sum", "mean", "max", "min", "dot"):
                arguments[0] = self._stacked(arguments[0])
            return make(*arguments, **words)
        op = OPS[note.call]
        return op(*(self._stacked(x) if isinstance(x, list) else as_node(x) for x in arguments))

    def _stacked(self, parts: Any) -> Node:
        if isinstance(parts, list):
            return OPS["stack"](*(self._stacked(part) for part in parts), axis=0)
        return as_node(parts)

    def argument(self, value: Any) -> Any:
        """Return an argument with nodes in the place of references; whole numbers as such."""
        if isinstance(value, Reference):
            node = self.nodes[value.entry]
            known = np.asarray(self.values[value.entry])
            return known if known.dtype.kind in "iu" and node.op.name == "constant" and known.ndim == 0 and False else node
        if isinstance(value, list):
            return [self.argument(part) for part in value]
        return value

    def _index(self, index: Any, inputs: list[Node]) -> Any:
        if isinstance(index, Reference):
            known = np.asarray(self.values[index.entry])
            if known.dtype.kind == "b" and known.ndim:
                inputs.append(self.nodes[index.entry])
                return shaping.Place(len(inputs) - 1)
            return known if known.ndim else int(known)
        if isinstance(index, list):
            return np.asarray([self._index(part, inputs) for part in index])
        if isinstance(index, tuple) and index and index[0] == "slice":
            return slice(*(self._index(part, inputs) for part in index[1:]))
        if isinstance(index, tuple) and index and index[0] == "ellipsis":
            return Ellipsis
        return index

    def _item(self, note: Note) -> Node:
        inputs = [self.nodes[note.arguments[0].entry]]
        index = tuple(self._index(part, inputs) for part in note.arguments[1])
        if len(inputs) > 1:  # a mask: which numbers it takes stays as it was
            index = tuple(
                self.values[self.entry[inputs[part.input_number]]] if isinstance(part, shaping.Place) else part
                for part in index
            )
            inputs = inputs[:1]
        return OPS["getitem"](*inputs, index=index)

    def _whole(self, value: Any, mask: Reference) -> Node | None:
        """Return what was computed of the numbers under a mask, computed of all numbers instead."""
        if not isinstance(value, Reference):
            return as_node(value) if isinstance(value, int | float) else None
        note = self.tape[value.entry]
        if note.call == "getitem" and note.arguments[1] == [mask]:
            return self.nodes[note.arguments[0].entry]
        if np.ndim(self.values[value.entry]) == 0:
            return self.nodes[value.entry]
        op = OPS.get(note.call)
        parts = [self._whole(each, mask) for each in note.arguments]
        if op is None or op.shape is not broadcast or None in parts:
            return None
        return op(*(each for each in parts if each is not None))

    def _assigned(self, note: Note) -> Node:
        before, index, *rest = note.arguments
        if note.call == "setitem" and len(index) == 1 and isinstance(index[0], Reference):
            mask, node = index[0], self.nodes[before.entry]
            known = np.asarray(self.values[mask.entry])
            whole = self._whole(rest[0], mask) if known.dtype.kind == "b" and known.shape == node.shape else None
            if whole is not None:
                return OPS["where"](self.nodes[mask.entry], whole, node)
        value = as_node(self.argument(rest[0]) if not isinstance(rest[0], list) else self._stacked(self.argument(rest[0])))
        inputs = [self.nodes[before.entry], value]
        places = tuple(self._index(part, inputs) for part in index)
        if note.call == "setitem":
            return Node(OPS["setitem"], tuple(inputs), inputs[0].shape, {"index": places})
        if note.call == "subtract.at":
            inputs[1] = -inputs[1]
        return Node(OPS["add_at"], tuple(inputs), inputs[0].shape, {"index": places})


def references(note: Note) -> list[int]:
    """Return the entries that a note is computed from."""
    found: list[int] = []

    def walk(value: Any) -> None:
        if isinstance(value, Reference):
            found.append(value.entry)
        elif isinstance(value, list | tuple):
            for part in value:
                walk(part)

    walk(note.arguments)
    for value in note.keywords.values():
        walk(value)
    return found


def given_values(lowered: Lowered) -> Mapping[Node, Any]:
    """Return the values of what was there before, as floats."""
    return {node: value.astype(np.float64) if value.dtype.kind in "iubf" else value for node, value in lowered.given.items()}
