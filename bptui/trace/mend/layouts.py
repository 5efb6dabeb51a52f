"""Edits that leave operands: how they are turned, compared, summed and put in brackets."""

from __future__ import annotations

import ast
import copy
from collections.abc import Iterator, Mapping, Sequence
from itertools import combinations, permutations
from typing import TypeVar

from bptui.trace.paths import SINGLE, arrays, called, of_numpy
from bptui.trace.step.multiples import Values

T = TypeVar("T")
ALIKE = (
    *({"sum", "mean"}, {"maximum", "minimum"}, {"max", "min"}, {"argmax", "argmin"}),
    {"tanh", "sinh", "cosh", "sin", "cos", "exp", "log", "sqrt", "square", "abs", "sign"},
)
"""Functions that are taken for each other."""
PRODUCTS = ("dot", "matmul", "outer")
TAKEN = (ast.Lt, ast.Gt, ast.LtE, ast.GtE, ast.Eq, ast.NotEq)
MEANT = (ast.Gt, ast.LtE, ast.GtE, ast.Lt, ast.NotEq, ast.Eq)
OPPOSITE = dict(zip(TAKEN, MEANT, strict=True))
"""Comparisons, each with the one that is meant where it is taken for another."""
SUMS = (ast.Add, ast.Sub)


def layouts(node: ast.expr, names: Mapping[str, Values]) -> Iterator[ast.expr]:
    """Transposes, exchanged operands, another comparison, other brackets, an axis, an order."""
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.MatMult):
        for left, right in _turns(node.left, node.right, names):
            yield ast.BinOp(left, node.op, right)
    turned = _turned(node, names)
    if isinstance(turned, SINGLE) or ast.unparse(node) in names:
        yield turned
    yield from _moved(node, names)
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Sub):
        yield ast.BinOp(node.left, ast.Add(), node.right)
        yield ast.BinOp(node.right, node.op, node.left)
    if isinstance(node, ast.Call) and called(node) in PRODUCTS and len(node.args) == 2:
        for left, right in _turns(node.args[0], node.args[1], names):
            yield ast.Call(node.func, [left, right], node.keywords)
    yield from opposite(node)
    yield from _brackets(node)
    yield from _slices(node)
    yield from _reshaped(node)
    yield from _in_another_order(node)
    if isinstance(node, ast.Call) and called(node) in ("sum", "mean", "max", "min"):
        of_python = isinstance(node.func, ast.Name) and node.func.id == "sum"  # which has no axis
        func = ast.parse("np.sum", mode="eval").body if of_python else node.func
        plain = [word for word in node.keywords if word.arg not in ("axis", "keepdims")]
        for axis in (0, 1, -1):
            for keep in (False, True):
                words = [*plain, ast.keyword("axis", ast.parse(str(axis), mode="eval").body)]
                words += [ast.keyword("keepdims", ast.Constant(True))] if keep else []
                yield ast.Call(func, node.args[:1] if of_python else arrays(node), words)
    if isinstance(node, ast.Call):
        own = called(node)
        alike = set().union(*(names for names in ALIKE if own in names)) - {own, "abs"}
        for name in sorted(alike):  # of what is squared, abs changes nothing
            func = copy.copy(node.func)
            setattr(func, "attr" if isinstance(func, ast.Attribute) else "id", name)
            yield ast.Call(func, node.args, node.keywords)


def _turns(
    one: ast.expr, two: ast.expr, names: Mapping[str, Values]
) -> Iterator[tuple[ast.expr, ast.expr]]:
    """Yield the factors of a product exchanged, transposed, and both."""
    yield two, one
    for left in (one, _turned(one, names)):
        for right in (two, _turned(two, names)):
            yield left, right
            yield right, left


def _turned(node: ast.expr, names: Mapping[str, Values]) -> ast.expr:
    """Return a transpose; of a stack of matrices that of each."""
    array, own = _untransposed(node), names.get(ast.unparse(node))
    if array is not node:
        return array
    if own is None or own[0].ndim < 3:
        return ast.Attribute(node, "T", ast.Load())
    *rest, last, before = range(own[0].ndim)
    return _transposed(node, (*rest, before, last))


def _untransposed(node: ast.expr) -> ast.expr:
    match node:
        case ast.Attribute(inner, "T") | ast.Call(ast.Attribute(inner, "transpose" | "swapaxes")):
            return inner
    return node


def _transposed(array: ast.expr, order: Sequence[int]) -> ast.expr:
    return ast.Call(ast.Attribute(array, "transpose", ast.Load()), [*map(ast.Constant, order)], [])


def _moved(node: ast.expr, names: Mapping[str, Values]) -> Iterator[ast.expr]:
    """Yield an array with one of its axes elsewhere: the channels behind the pixels."""
    array = _untransposed(node)
    own = names.get(ast.unparse(array))
    axes = range(own[0].ndim if own and own[0].ndim > 2 else 0)
    for axis, place in permutations(axes, 2):
        rest = [other for other in axes if other != axis]
        yield _transposed(array, [*rest[:place], axis, *rest[place:]])


def opposite(node: ast.AST) -> Iterator[ast.expr]:
    """Yield a comparison with the one that is meant in the place of its own."""
    if isinstance(node, ast.Compare) and type(node.ops[0]) in OPPOSITE:
        yield ast.Compare(node.left, [OPPOSITE[type(node.ops[0])]()], node.comparators)


def _brackets(node: ast.expr) -> Iterator[ast.expr]:
    """Yield a sum and a product with the other one inside: ``a * (1 - a)`` for ``a * 1 - a``."""
    if not isinstance(node, ast.BinOp):
        return
    left, right = node.left, node.right
    if isinstance(left, ast.BinOp) and isinstance(node.op, SUMS) != isinstance(left.op, SUMS):
        yield ast.BinOp(left.left, left.op, ast.BinOp(left.right, node.op, right))
    if isinstance(right, ast.BinOp) and isinstance(node.op, SUMS) != isinstance(right.op, SUMS):
        yield ast.BinOp(ast.BinOp(left, node.op, right.left), right.op, right.right)


def _slices(node: ast.expr) -> Iterator[ast.expr]:
    if isinstance(node, ast.Subscript):
        text = ast.unparse(node)
        for old, new in ((":-1", "1:"), ("1:", ":-1")):
            if old in text:
                yield ast.parse(text.replace(old, new), mode="eval").body
        yield ast.Subscript(node, ast.Slice(step=ast.Constant(-1)), ast.Load())


def _reshaped(node: ast.expr) -> Iterator[ast.expr]:
    """Yield a reshape with two of its axes the other way round, and turned back then."""
    if not isinstance(node, ast.Call) or called(node) != "reshape":
        return
    sizes = node.args[1:] if of_numpy(node) else node.args
    inner = sizes[0] if len(sizes) == 1 and isinstance(sizes[0], ast.Tuple) else None
    sizes = sizes if inner is None else inner.elts
    axes = [*range(len(sizes))]
    for one, two in combinations(axes, 2):
        turned, order = _exchanged(sizes, one, two), _exchanged(axes, one, two)
        others = turned if inner is None else [ast.Tuple(turned, ast.Load())]
        made = ast.Call(node.func, [*(node.args[:1] if of_numpy(node) else ()), *others], [])
        yield _transposed(made, order)


def _in_another_order(node: ast.expr) -> Iterator[ast.expr]:
    """Yield a list with two of its elements exchanged, as of what is put together."""
    if isinstance(node, ast.List | ast.Tuple) and isinstance(node.ctx, ast.Load):
        for one, two in combinations(range(len(node.elts)), 2):
            yield type(node)(_exchanged(node.elts, one, two), node.ctx)


def _exchanged(parts: Sequence[T], one: int, two: int) -> list[T]:
    found = [*parts]
    found[one], found[two] = parts[two], parts[one]
    return found
