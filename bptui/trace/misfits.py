"""Says which operands of a line do not fit together, and what would fit: the commonest error.

Runs in the user's Python, after the program has failed.
"""

from __future__ import annotations

import ast
import operator
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import numpy as np

Operation = Callable[[Any, Any], Any]
OPERATIONS: dict[type[ast.operator], Operation] = {
    ast.MatMult: operator.matmul,
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
}
PLAIN: tuple[type[ast.AST], ...] = (
    *(ast.Name, ast.Attribute, ast.Subscript, ast.BinOp, ast.UnaryOp, ast.Constant, ast.Tuple),
    *(ast.Slice, ast.operator, ast.unaryop, ast.expr_context),
)
"""What operands are made of that may be computed once more: nothing is called."""


def misfit(source: str, line: int, names: Mapping[str, Any]) -> str:
    """Return ``do @ W2: do is 1x2, W2 is 3x2; do @ W2.T would fit``.

    ``names`` are those in sight of the line that failed; "" where it did so for another reason.
    """
    for node, operation, left, right in _operations(source, line):
        try:
            values = [_value(each, names) for each in (left, right)]
            shapes = [np.shape(value) for value in values]
        except Exception:  # a name may be gone, or an index, or it is no operand of this kind
            continue
        arrays = operation is np.dot or any(isinstance(value, np.ndarray) for value in values)
        if not arrays or _fit(operation, *shapes):  # lists are put together
            continue
        texts = [ast.unparse(each) for each in (left, right)]
        said = [
            f"{text} is {'x'.join(map(str, shape)) or 'a number'}"
            for text, shape in zip(texts, shapes, strict=True)
        ]
        turned = (
            (left, _turned(right), shapes[0], shapes[1][::-1]),
            (_turned(left), right, shapes[0][::-1], shapes[1]),
        )
        products = operation in (operator.matmul, np.dot)
        fitting = [
            ast.unparse(_with(node, one, other))
            for one, other, *sides in turned
            if (_fit(operation, *sides) if products else sides[0] == sides[1])
        ]
        advice = f"; {fitting[0]} would fit" if fitting else ""
        return f"{ast.unparse(_with(node, left, right))}: {', '.join(said)}{advice}"
    return ""


def _operations(source: str, line: int) -> Iterator[tuple[ast.AST, Operation, ast.expr, ast.expr]]:
    """Yield the operations on two operands in a line, the innermost ones first."""
    found = [
        node
        for node in ast.walk(ast.parse(source))
        if getattr(node, "lineno", 0) <= line <= (getattr(node, "end_lineno", 0) or 0)
    ]
    for node in reversed(found):
        if isinstance(node, ast.BinOp) and type(node.op) in OPERATIONS:
            yield node, OPERATIONS[type(node.op)], node.left, node.right
        elif isinstance(node, ast.AugAssign) and type(node.op) in OPERATIONS:
            yield node, OPERATIONS[type(node.op)], node.target, node.value
        elif isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.args:
            first = node.args[0] if len(node.args) > 1 else node.func.value
            if node.func.attr in ("dot", "matmul"):
                yield node, np.dot, first, node.args[-1]


def _value(node: ast.expr, names: Mapping[str, Any]) -> Any:  # noqa: ANN401  # of the program
    if not all(isinstance(part, PLAIN) for part in ast.walk(node)):
        raise ValueError("it would be called once more")
    return eval(ast.unparse(node), {**names})


def _fit(operation: Operation, left: tuple[int, ...], right: tuple[int, ...]) -> bool:
    try:
        operation(*(np.broadcast_to(1.0, shape) for shape in (left, right)))
    except ValueError:
        return False
    return True


def _turned(node: ast.expr) -> ast.expr:
    if isinstance(node, ast.Attribute) and node.attr == "T":
        return node.value
    return ast.Attribute(node, "T", ast.Load())


def _with(node: ast.AST, left: ast.expr, right: ast.expr) -> ast.AST:
    """Return an operation with other operands."""
    if isinstance(node, ast.BinOp):
        return ast.BinOp(left, node.op, right)
    if isinstance(node, ast.AugAssign):
        return ast.AugAssign(left, node.op, right)  # type: ignore[arg-type]  # as it stands
    assert isinstance(node, ast.Call)
    assert isinstance(node.func, ast.Attribute)
    if len(node.args) == 2:
        return ast.Call(node.func, [left, right], node.keywords)
    return ast.Call(ast.Attribute(left, node.func.attr, ast.Load()), [right], node.keywords)
