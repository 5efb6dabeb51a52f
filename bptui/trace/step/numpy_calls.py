"""numpy's functions as operations of the graph: what stands for which call, by its name."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import TypeAlias

import numpy as np

from bptui.core.graph import elementwise, reductions, shaping
from bptui.core.graph.node import OPS, Node, as_node
from bptui.trace.step import numpy_moves as moves
from bptui.trace.step.numpy_moves import NoRuleError, axes_of, stacked
from bptui.trace.tape import ABSOLUTES, POWERS, Value

Make: TypeAlias = Callable[..., Node]


class NotComputedError(Exception):
    """Says that a call's result does not depend on the numbers that it is given."""


def _plain(words: dict[str, Value]) -> None:
    """Refuse what changes which numbers a reduction takes."""
    for name in ("where", "initial", "weights"):
        if words.get(name) not in (None, True):
            raise NoRuleError(f"the argument {name}")


def _reduction(name: str, axis: Value = None) -> Make:
    """Return how to make a reduction; ``axis`` is the one that it has if none is given."""
    usual = axis

    def make(x: Node, axis: Value = usual, *_: Value, **words: Value) -> Node:
        if name == "sum" and isinstance(words.get("where"), Node):
            x = OPS["where"](words.pop("where"), x, as_node(0.0))
        _plain(words)
        settings = {"axis": axes_of(axis), "keepdims": bool(words.get("keepdims", False))}
        if name in ("var", "std"):
            settings["ddof"] = float(words.get("ddof", 0))
        return OPS[name](x, **settings)

    return make


def _norm(x: Node, order: Value = None, axis: Value = None, keepdims: Value = False) -> Node:
    if order not in (None, 2, "fro") or (order == 2 and axis is None and len(x.shape) > 1):
        raise NoRuleError("a norm other than the Euclidean")
    return OPS["norm"](x, axis=axes_of(axis), keepdims=bool(keepdims))


def _clip(x: Node, low: Value = None, high: Value = None, **words: Value) -> Node:
    low = words.get("a_min", words.get("min", low))
    high = words.get("a_max", words.get("max", high))
    if low is None:
        return x if high is None else elementwise.minimum(x, as_node(high))
    if high is None:
        return elementwise.maximum(x, as_node(low))
    return OPS["clip"](x, as_node(low), as_node(high))


def _same(x: Value, *_: Value, **__: Value) -> Node:
    return OPS["positive"](stacked(x))


def _as_type(x: Node, dtype: Value, **_: Value) -> Node:
    kind = np.dtype(dtype[1] if isinstance(dtype, tuple) else dtype)
    return OPS["astype"](x, dtype=np.dtype(np.float64) if kind.kind == "f" else kind)


def _not_computed(*_: Value, **__: Value) -> Node:
    raise NotComputedError


def _einsum(subscripts: str, *parts: Value, **_: Value) -> Node:
    text = subscripts.replace(" ", "")
    if "->" not in text:  # numpy keeps the letters that stand there once, in their order
        letters = sorted({letter for letter in text if letter.isalpha()})
        text += "->" + "".join(letter for letter in letters if text.count(letter) == 1)
    return OPS["einsum"](*map(stacked, parts), subscripts=text)


def _log(x: Node, base: Value = None) -> Node:
    return OPS["log"](x) if base is None else OPS["log"](x) / OPS["log"](as_node(base))


def _of_numbers(name: str) -> Make:
    """Return how to make an operation that takes each number by itself."""
    return lambda *inputs, **_: OPS[name](*map(stacked, inputs))


def _floor_divide(a: Value, b: Value) -> Node:
    return OPS["floor"](stacked(a) / stacked(b))


def _round(x: Node, decimals: int = 0) -> Node:
    return OPS["rint"](x * 10.0**decimals) / 10.0**decimals


def _test(name: str) -> Make:
    return lambda x, axis=None, keepdims=False, **_: OPS[name](
        x, axis=axes_of(axis), keepdims=bool(keepdims)
    )


def _tensordot(a: Value, b: Value, axes: Value = 2) -> Node:
    return reductions.tensordot(a, b, axes if isinstance(axes, int) else tuple(axes))


def _outer(a: Value, b: Value, **_: Value) -> Node:
    return reductions.outer(stacked(a), stacked(b))


def _dot(a: Value, b: Value, **_: Value) -> Node:
    return reductions.dot(stacked(a), stacked(b))


def _chain(parts: Sequence[Node]) -> Node:
    made = parts[0]
    for part in parts[1:]:
        made = reductions.dot(made, part)
    return made


CALLS: dict[str, Make] = {
    "heaviside": moves.heaviside,
    "diff": moves.diff,
    "bincount": moves.bincount,
    "select": moves.select,
    "convolve": moves.sliding(True, "full"),
    "correlate": moves.sliding(False, "valid"),
    # reductions
    **{name: _reduction(name) for name in ("sum", "mean", "prod", "max", "min", "var", "std")},
    "amax": _reduction("max"),
    "amin": _reduction("min"),
    "average": _reduction("mean"),
    "add.reduce": _reduction("sum", 0),
    "multiply.reduce": _reduction("prod", 0),
    "maximum.reduce": _reduction("max", 0),
    "minimum.reduce": _reduction("min", 0),
    "ptp": lambda x, axis=None: (
        OPS["max"](x, axis=axis, keepdims=False) - OPS["min"](x, axis=axis, keepdims=False)
    ),
    "norm": _norm,
    "trace": lambda x: OPS["diag"](x, k=0).sum(),
    "cumsum": lambda x, axis=None, **_: OPS["cumsum"](x, axis=axis),
    "add.accumulate": lambda x, axis=0, **_: OPS["cumsum"](x, axis=axis),
    "math.fsum": lambda parts: stacked(parts).sum(),
    **{name: _test(name) for name in ("argmax", "argmin", "any", "all")},
    # products
    "dot": _dot,
    "vdot": lambda a, b: reductions.dot(shaping.ravel(a), shaping.ravel(b)),
    "inner": lambda a, b: reductions.inner(stacked(a), stacked(b)),
    "outer": _outer,
    "multi_dot": _chain,
    "tensordot": _tensordot,
    "einsum": _einsum,
    # shapes
    "transpose": moves.transpose,
    "mT": lambda x: OPS["swapaxes"](x, axis1=-1, axis2=-2),
    "matrix_transpose": lambda x: OPS["swapaxes"](x, axis1=-1, axis2=-2),
    "swapaxes": lambda x, axis1, axis2: OPS["swapaxes"](x, axis1=axis1, axis2=axis2),
    "moveaxis": lambda x, source, destination: shaping.moveaxis(
        x, axes_of(source), axes_of(destination)
    ),
    "reshape": moves.reshape,
    "ravel": moves.ravel,
    "flatten": moves.ravel,
    "squeeze": lambda x, axis=None: shaping.squeeze(x, axes_of(axis)),
    "expand_dims": lambda x, axis: OPS["expand_dims"](x, axis=axes_of(axis)),
    "atleast_1d": moves.at_least(1),
    "atleast_2d": moves.at_least(2),
    "broadcast_to": lambda x, shape, **_: OPS["broadcast_to"](
        x, shape=tuple(shape) if isinstance(shape, list) else (shape,)
    ),
    # joining, and taking parts
    "concatenate": moves.concatenate,
    "stack": lambda parts, axis=0, **_: OPS["stack"](*map(stacked, parts), axis=axis),
    "hstack": moves.hstack,
    "vstack": moves.vstack,
    "row_stack": moves.vstack,
    "column_stack": moves.column_stack,
    "c_": moves.column_stack,
    "r_": lambda parts: moves.concatenate(list(map(moves.at_least(1), parts))),
    "append": lambda a, b, axis=None: moves.concatenate([stacked(a), stacked(b)], axis),
    "insert": moves.insert,
    "delete": moves.delete,
    "pad": moves.pad,
    "repeat": lambda x, repeats, axis=None: OPS["repeat"](
        x, repeats=np.asarray(repeats), axis=axis
    ),
    "tile": lambda x, reps: OPS["tile"](x, reps=axes_of(reps)),
    "full": lambda shape, value, *_: OPS["broadcast_to"](
        as_node(value), shape=tuple(shape) if isinstance(shape, list) else (shape,)
    ),
    "roll": lambda x, shift, axis=None: OPS["roll"](x, shift=axes_of(shift), axis=axes_of(axis)),
    "flip": lambda x, axis=None: OPS["flip"](x, axis=axes_of(axis)),
    "tril": lambda x, k=0: OPS["tril"](x, k=k),
    "triu": lambda x, k=0: OPS["triu"](x, k=k),
    "diag": lambda x, k=0: OPS["diag"](x, k=k),
    "take": moves.take,
    "item": moves.single,
    "float": moves.single,
    # number by number
    "where": lambda condition, *choices: OPS["where"](condition, *map(stacked, choices)),
    "clip": _clip,
    **dict.fromkeys(POWERS, lambda a, b: elementwise.power(as_node(a), as_node(b))),
    **dict.fromkeys(ABSOLUTES, _of_numbers("absolute")),
    "fmax": _of_numbers("maximum"),
    "fmin": _of_numbers("minimum"),
    "true_divide": _of_numbers("divide"),
    "invert": _of_numbers("logical_not"),
    "bitwise_and": _of_numbers("logical_and"),
    "bitwise_or": _of_numbers("logical_or"),
    "floor_divide": _floor_divide,
    "remainder": lambda a, b: stacked(a) - stacked(b) * _floor_divide(a, b),
    "round": _round,
    "around": _round,
    "exp2": lambda x: OPS["exp"](x * math.log(2.0)),
    **dict.fromkeys(
        ("hypot", "math.hypot"),
        lambda a, b: OPS["sqrt"](OPS["square"](as_node(a)) + OPS["square"](as_node(b))),
    ),
    "expit": lambda x: 1.0 / (1.0 + OPS["exp"](-x)),
    "astype": _as_type,
    **dict.fromkeys(
        {"copy", "array", "asarray", "asanyarray", "ascontiguousarray", "asfortranarray"}
        | {"float64", "float32", "real", "view", "conj", "conjugate", "nan_to_num"}
        | {"matrix", "asmatrix", "copy.copy", "copy.deepcopy"},
        _same,
    ),
    **dict.fromkeys(
        {"zeros_like", "ones_like", "full_like", "empty_like", "arange", "linspace", "logspace"},
        _not_computed,
    ),
    # plain numbers
    **{
        f"math.{name}": _of_numbers(name)
        for name in {"exp", "log2", "log10", "log1p", "expm1", "sqrt", "sin", "cos", "tan"}
        | {"sinh", "cosh", "tanh"}
    },
    "math.log": _log,
}
