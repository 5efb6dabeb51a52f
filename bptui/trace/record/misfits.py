"""Says which operands of a line do not fit together, and what would fit: the commonest error.

Runs in the user's Python, after the program has failed. Shapes are compared, nothing is computed,
and none of the program's code is called once more.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping
from functools import partial
from typing import Any, NamedTuple

import numpy as np

from bptui.trace.paths import replaced

Shape = tuple[int, ...]
ELEMENTWISE = (ast.Add, ast.Sub, ast.Mult, ast.Div, ast.Pow)
PRODUCTS = ("dot", "matmul")
OWN = "non-broadcastable output operand"
"""How numpy begins where a result does not fit into the array that it is for."""


class Operation(NamedTuple):
    """An operation on two operands, and the node that writes it.

    ``put``: what it gives is for the array on the left.
    """

    op: ast.operator
    left: ast.expr
    right: ast.expr
    node: ast.AST
    put: bool = False

    def fit(self, left: Shape, right: Shape) -> bool:
        """Return whether operands of these shapes fit together."""
        made = _result(self.op, left, right)
        return made is not None and (made == left or not self.put)

    def would_fit(self, left: Shape, right: Shape) -> bool:
        """Return whether others may be advised: what goes number by number has one shape.

        Of a square matrix shapes cannot tell whether it was meant to be transposed.
        """
        square = any(len(shape) > 1 and len({*shape}) == 1 for shape in (left, right))
        product = isinstance(self.op, ast.MatMult) and not square
        return self.fit(left, right) and (left == right or product)

    def text(self, left: ast.expr, right: ast.expr) -> str:
        """Return the operation with other operands."""
        return ast.unparse(replaced(replaced(self.node, [self.left], left), [self.right], right))


def misfit(source: str, line: int, names: Mapping[str, Any], message: str) -> str:
    """Return ``do @ W2: do is 1x2, W2 is 3x2; do @ W2.T would fit``.

    ``names`` are those in sight of the line that failed, and ``message`` is what numpy said, which
    names the shapes; "" where it is about no two operands that can be told.
    """
    for made in _operations(source, line, names):
        left, right = made.left, made.right
        one, other = _shape(left, names), _shape(right, names)
        if one is None or other is None or made.fit(one, other):
            continue
        if not _is_meant(message, one, other):
            continue
        said = f"{ast.unparse(left)} {_told(one)}, {ast.unparse(right)} {_told(other)}"
        tried = (
            (made.would_fit(one, other[::-1]), left, _turned(right, names)),
            (made.would_fit(one[::-1], other) and not made.put, _turned(left, names), right),
            (made.would_fit(one, other[1:]), left, _summed(right)),
        )
        advice = next((f"; {made.text(a, b)} would fit" for fits, a, b in tried if fits), "")
        return f"{made.text(left, right)}: {said}{advice}"
    return ""


def _operations(source: str, line: int, names: Mapping[str, Any]) -> Iterator[Operation]:
    """Yield the operations on two operands in a line, the innermost ones first."""
    found = [
        node
        for node in ast.walk(ast.parse(source))
        if getattr(node, "lineno", 0) <= line <= (getattr(node, "end_lineno", 0) or 0)
    ]
    for node in reversed(found):
        if isinstance(node, ast.BinOp):
            yield Operation(node.op, node.left, node.right, node)
        elif isinstance(node, ast.AugAssign):
            yield Operation(node.op, node.target, node.value, node, put=True)
        elif isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
            of_numpy = _held(node.func.value, names) is np
            given = node.args if of_numpy else [node.func.value, *node.args]
            if node.func.attr in PRODUCTS and len(given) > 1:
                yield Operation(ast.MatMult(), given[0], given[1], node)


def _result(op: ast.operator, left: Shape, right: Shape) -> Shape | None:
    """Return the shape that an operation gives; None where there is none."""
    if isinstance(op, ast.MatMult):
        if not (0 < len(left) < 3 and 0 < len(right) < 3) or left[-1] != right[0]:
            return None
        return left[:-1] + right[1:]
    try:
        return np.broadcast_shapes(left, right) if isinstance(op, ELEMENTWISE) else None
    except ValueError:
        return None


def _shape(node: ast.expr, names: Mapping[str, Any]) -> Shape | None:
    """Return the shape of an operand; None where it is none of numbers, or not known."""
    if isinstance(node, ast.UnaryOp):
        return _shape(node.operand, names)
    if isinstance(node, ast.BinOp):
        sides = _shape(node.left, names), _shape(node.right, names)
        return None if None in sides else _result(node.op, *sides)  # type: ignore[arg-type]  # none is
    if isinstance(node, ast.Attribute) and node.attr == "T":
        whole = _shape(node.value, names)
        if whole is not None:
            return whole[::-1]
    value = _held(node, names)
    if type(value) in (int, float) or isinstance(value, np.number):
        return ()
    return value.shape if type(value) is np.ndarray and value.dtype.kind in "biufc" else None


def _held(node: ast.expr | None, names: Mapping[str, Any]) -> Any:  # noqa: ANN401  # a program's
    """Return what a name, an attribute or an item holds; None where code would be called for it."""
    held = partial(_held, names=names)
    try:
        if isinstance(node, ast.Constant):
            return node.value
        if isinstance(node, ast.Name):
            return names[node.id]
        if isinstance(node, ast.Attribute):
            return vars(held(node.value))[node.attr]
        if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub):
            return -held(node.operand)
        if isinstance(node, ast.Tuple):
            return tuple(map(held, node.elts))
        if isinstance(node, ast.Slice):
            return slice(held(node.lower), held(node.upper), held(node.step))
        if isinstance(node, ast.Subscript):
            whole = held(node.value)
            known = type(whole) in (dict, list, tuple, np.ndarray)
            return whole[held(node.slice)] if known else None
    except (KeyError, IndexError, TypeError):
        pass
    return None


def _is_meant(message: str, left: Shape, right: Shape) -> bool:
    """Return whether numpy has complained of operands of these shapes."""
    if "is different from" in message:
        return bool(left and right) and f"size {right[0]} is different from {left[-1]}" in message
    try:
        second = np.broadcast_shapes(left, right) if OWN in message else right
    except ValueError:
        return False
    return all(str(shape).replace(" ", "") in message for shape in (left, second))


def _told(shape: Shape) -> str:
    if len(shape) == 1:
        return f"has {shape[0]} numbers"
    return f"is {'x'.join(map(str, shape)) or 'a number'}"


def _turned(node: ast.expr, names: Mapping[str, Any]) -> ast.expr:
    if isinstance(node, ast.Attribute) and node.attr == "T" and _shape(node.value, names):
        return node.value
    return ast.Attribute(node, "T", ast.Load())


def _summed(node: ast.expr) -> ast.expr:
    """Return the sum over the samples, as of what changes a bias."""
    axis = ast.keyword("axis", ast.Constant(0))
    return ast.Call(ast.Attribute(node, "sum", ast.Load()), [], [axis])
