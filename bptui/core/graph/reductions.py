"""Operations that take whole axes: sums, means, extremes, products of matrices, einsum."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from bptui.core.graph.elementwise import equal, multiply
from bptui.core.graph.node import PRODUCT, Node, Notation, Op, Setting, Shape, Values, enter
from bptui.core.graph.shaping import expand, flip, full, reshape, swapaxes

Axis = int | tuple[int, ...] | None


def axes_of(axis: Axis, ndim: int) -> tuple[int, ...]:
    """Return the axes as numbers from 0, in order."""
    if axis is None:
        return tuple(range(ndim))
    given = axis if isinstance(axis, tuple) else (axis,)
    # numpy takes axis 0 of a single number
    return tuple(sorted(place % ndim for place in given if ndim))


def _reduced(shape: Shape, axis: Axis = None, keepdims: bool = False, **_: Setting) -> Shape:
    axes = axes_of(axis, len(shape))
    if keepdims:
        return tuple(1 if place in axes else size for place, size in enumerate(shape))
    return tuple(size for place, size in enumerate(shape) if place not in axes)


def _again(reduced: Node, node: Node) -> Node:
    """Return what was reduced by ``node`` with axes of 1, so that it broadcasts to the input."""
    if not reduced.shape or node.settings.get("keepdims"):
        return reduced
    axis = axes_of(node.settings.get("axis"), len(node.inputs[0].shape))
    # leading axes broadcast by themselves
    return reduced if axis == tuple(range(len(axis))) else expand(reduced, axis=axis)


def _count(node: Node) -> float:
    axes = axes_of(node.settings.get("axis"), len(node.inputs[0].shape))
    return float(math.prod(node.inputs[0].shape[place] for place in axes))


def _call(name: str, latex: str = "") -> Notation:
    latex = latex or rf"\mathrm{{{{{name}}}}} {{0:unary}}"
    return Notation(f"{{0:atom}}.{name}({{settings}})", f"{name}({{0}})", latex)


def _reduction(
    name: str,
    evaluate: Callable[..., Values],
    rule: Callable[[Node, Node, Node, Node], Node | None],
    latex: str = "",
    ufunc: np.ufunc | None = None,
) -> Op:
    """Enter a reduction; ``rule(x, y, g, node)`` has y and g with the axes of x to broadcast."""

    def whole(node: Node, g: Node) -> Sequence[Node | None]:
        return [rule(node.inputs[0], _again(node, node), _again(g, node), node)]

    return enter(Op(name, evaluate, whole, _reduced, _call(name, latex), ufunc))


def _variance(x: Values, axis: Axis = None, keepdims: bool = False, ddof: float = 0.0) -> Values:
    apart = x - x.mean(axis=axis, keepdims=True)
    total = (apart * apart).sum(axis=axis, keepdims=keepdims)
    return np.asarray(total / (x.size / max(total.size, 1) - ddof))


def _extreme(function: Callable[..., Any]) -> Callable[..., Values]:
    def evaluate(x: Values, axis: Axis = None, keepdims: bool = False) -> Values:
        if not np.iscomplexobj(x):
            return np.asarray(function(x, axis=axis, keepdims=keepdims))
        here = np.real(x) == function(np.real(x), axis=axis, keepdims=True)
        total = np.sum(x, axis=axis, keepdims=keepdims, where=here)
        return np.asarray(total / np.sum(here, axis=axis, keepdims=keepdims))

    return evaluate


def _share(x: Node, y: Node, g: Node, node: Node) -> Node:
    """Give g to where the extreme is; equal ones share it."""
    here = equal(x, y)
    ties = here.sum(axis=node.settings.get("axis"), keepdims=True)
    return g * here / ties


sum_ = _reduction("sum", np.sum, lambda x, y, g, node: g, r"\sum {0:unary}", np.add)
mean = _reduction("mean", np.mean, lambda x, y, g, node: g / _count(node), r"\overline{{{0}}}")
prod = _reduction("prod", np.prod, lambda x, y, g, node: g * y / x, r"\prod {0:unary}", np.multiply)
max_ = _reduction("max", _extreme(np.max), _share, r"\max {0:unary}", np.maximum)
min_ = _reduction("min", _extreme(np.min), _share, r"\min {0:unary}", np.minimum)
var = _reduction(
    "var",
    _variance,
    lambda x, y, g, node: g * (2.0 * _apart(x, node)) / _freedom(node),
)
std = _reduction(
    "std",
    lambda x, **settings: np.sqrt(_variance(x, **settings)),
    lambda x, y, g, node: g * _apart(x, node) / (_freedom(node) * y),
)


def _apart(x: Node, node: Node) -> Node:
    return x - mean(x, axis=node.settings.get("axis"), keepdims=True)


def _freedom(node: Node) -> float:
    return _count(node) - float(node.settings.get("ddof", 0.0))


def _index(name: str, function: Callable[..., Any]) -> Op:
    """Enter a reduction whose result is no differentiable number."""

    def evaluate(x: Values, axis: int | None = None, keepdims: bool = False) -> Values:
        return np.asarray(function(np.real(x), axis=axis, keepdims=keepdims))

    return _reduction(name, evaluate, lambda x, y, g, node: None)


argmax, argmin = _index("argmax", np.argmax), _index("argmin", np.argmin)
any_, all_ = _index("any", np.any), _index("all", np.all)


def _norm(x: Values, axis: Axis = None, keepdims: bool = False) -> Values:
    return np.asarray(np.sqrt((x * x).sum(axis=axis, keepdims=keepdims)))


norm = _reduction("norm", _norm, lambda x, y, g, node: g * x / y, r"\left\|{0}\right\|")


def _cumulated(shape: Shape, axis: int | None = None) -> Shape:
    return (math.prod(shape),) if axis is None else shape


def _cumsum_rule(node: Node, g: Node) -> list[Node | None]:
    """Add up from the end, as every number is in all later sums."""
    axis = node.settings.get("axis")
    from_the_end = flip(cumsum(flip(full(g, node.shape), axis=axis), axis=axis), axis=axis)
    return [_shaped(from_the_end, node.inputs[0].shape)]


cumsum = enter(Op("cumsum", np.cumsum, _cumsum_rule, _cumulated, _call("cumsum")))


# products of matrices


def _matmul_shape(first: Shape, second: Shape) -> Shape:
    if not first or not second or first[-1] != second[-2 if len(second) > 1 else 0]:
        raise ValueError(f"matrices of the shapes {first} and {second} have no product")
    if len(first) == 1 and len(second) == 1:
        return ()
    if len(first) == 1:
        return (*second[:-2], second[-1])
    if len(second) == 1:
        return first[:-1]
    return (*np.broadcast_shapes(first[:-2], second[:-2]), first[-2], second[-1])


def _matmul_rule(node: Node, g: Node) -> list[Node | None]:
    """Return dL/dA = g B^T and dL/dB = A^T g; a vector is a row or a column."""
    a, b = node.inputs
    rows = a if len(a.shape) > 1 else expand(a, axis=(0,))
    columns = b if len(b.shape) > 1 else expand(b, axis=(1,))
    g = _shaped(full(g, node.shape), _matmul_shape(rows.shape, columns.shape))
    found = [(g @ _transposed(columns), rows, a), (_transposed(rows) @ g, columns, b)]
    return [
        part if whole is operand else _shaped(sum_to(part, whole.shape), operand.shape)
        for part, whole, operand in found
    ]


def _shaped(node: Node, shape: Shape) -> Node:
    return node if node.shape == shape else reshape(node, shape=shape)


def _transposed(matrix: Node) -> Node:
    return matrix.T if len(matrix.shape) == 2 else swapaxes(matrix, axis1=-1, axis2=-2)


_PRODUCT = Notation(
    "{0:unary} @ {1:unary}", "{0:unary} · {1:unary}", r"{0:unary} \, {1:unary}", PRODUCT
)
matmul = enter(Op("matmul", np.matmul, _matmul_rule, _matmul_shape, _PRODUCT, np.matmul))


def dot(a: Node, b: Node) -> Node:
    """Return np.dot: a product with a number, of matrices, or over the last axes."""
    if not a.shape or not b.shape:
        return multiply(a, b)
    if len(b.shape) <= 2:
        return matmul(a, b)
    return tensordot(a, b, axes=((-1,), (-2,)))


def outer(a: Node, b: Node) -> Node:
    """Return np.outer: every number of a times every number of b."""
    return multiply(reshape(a, shape=(-1, 1)), reshape(b, shape=(1, -1)))


def inner(a: Node, b: Node) -> Node:
    """Return np.inner: products over the last axes."""
    return multiply(a, b) if not a.shape or not b.shape else tensordot(a, b, axes=((-1,), (-1,)))


_LETTERS = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"


def tensordot(a: Node, b: Node, axes: int | tuple[Any, Any] = 2) -> Node:
    """Return np.tensordot as an einsum."""
    left, right = list(_LETTERS[: len(a.shape)]), list(_LETTERS[len(a.shape) :][: len(b.shape)])
    if isinstance(axes, int):
        axes = (tuple(range(-axes, 0)), tuple(range(axes)))
    pairs = [side if isinstance(side, tuple | list) else (side,) for side in axes]
    for one, other in zip(*pairs, strict=True):
        right[other] = left[one]
    summed = set(left) & set(right)
    kept = "".join(letter for letter in left + right if letter not in summed)
    return einsum(a, b, subscripts=f"{''.join(left)},{''.join(right)}->{kept}")


def explicit(subscripts: str, shapes: Sequence[Shape]) -> tuple[list[str], str]:
    """Return the letters of every operand and of the result; dots become letters.

    Raises :class:`ValueError` for a letter that stands twice in one operand.
    """
    parts, arrow, result = subscripts.replace(" ", "").partition("->")
    both = [*zip(parts.split(","), shapes, strict=True)]
    unwritten = [len(shape) - len(each) + 3 if "..." in each else 0 for each, shape in both]
    unused = [letter for letter in _LETTERS if letter not in subscripts]
    dots = "".join(unused[: max(unwritten)])
    filled = [
        each.replace("...", dots[len(dots) - count :])
        for (each, _), count in zip(both, unwritten, strict=True)
    ]
    if not arrow:
        every = "".join(filled)
        once = {letter for letter in every if every.count(letter) == 1}
        result = "..." + "".join(sorted(once - {*dots}))
    if any(len(set(letters)) != len(letters) for letters in filled):
        raise ValueError("einsum with a letter twice in one operand has no rule here")
    return filled, result.replace("...", dots)


def _einsum_shape(*shapes: Shape, subscripts: str) -> Shape:
    operands, result = explicit(subscripts, shapes)
    sizes: dict[str, int] = {}
    for letters, shape in zip(operands, shapes, strict=True):
        for letter, size in zip(letters, shape, strict=True):
            sizes[letter] = max(size, sizes.get(letter, 1))
    return tuple(sizes[letter] for letter in result)


def _einsum_rule(node: Node, g: Node) -> list[Node | None]:
    """Let operand and result change places; letters of one operand alone are broadcast."""
    operands, result = explicit(node.settings["subscripts"], [each.shape for each in node.inputs])
    g, made = full(g, node.shape), list[Node | None]()
    for place, (own, operand) in enumerate(zip(operands, node.inputs, strict=True)):
        terms = [result, *operands[:place], *operands[place + 1 :]]
        others = [g, *node.inputs[:place], *node.inputs[place + 1 :]]
        known = set("".join(terms))
        kept = "".join(letter for letter in own if letter in known)
        part = einsum(*others, subscripts=f"{','.join(terms)}->{kept}")
        lone = tuple(at for at, each in enumerate(own) if each not in known)
        made.append(full(expand(part, axis=lone) if lone else part, operand.shape))
    return made


_EINSUM = Notation(
    "np.einsum({subscripts!r}, {all})",
    "einsum({subscripts}, {all})",
    r"\mathrm{{einsum}}\left({all}\right)",
)
einsum = enter(
    Op(
        "einsum",
        lambda *arrays, subscripts: np.asarray(np.einsum(subscripts, *arrays)),
        _einsum_rule,
        _einsum_shape,
        _EINSUM,
    )
)


def sum_to(node: Node, shape: Shape) -> Node:
    """Return the sum over what was broadcast from ``shape``; what is smaller stays as it is."""
    if node.shape == shape or len(node.shape) < len(shape):
        return node
    extra = len(node.shape) - len(shape)
    sizes = enumerate(zip(node.shape[extra:], shape, strict=True), extra)
    kept = [at for at, (size, wanted) in sizes if size != wanted == 1]
    for axes, keepdims in ((kept, True), (range(extra), False)):
        if axes:
            node = node.sum(axis=tuple(axes) if len(axes) > 1 else axes[0], keepdims=keepdims)
    return node
