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
CALLED: dict[str, Operation] = {"dot": np.dot, "matmul": np.matmul}
"""Functions, and methods, that do such things, too."""
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
            shapes, kinds = zip(
                *((np.shape(v), np.asarray(v).dtype.kind) for v in values), strict=True
            )
        except Exception:  # a name may be gone, or an index, or it is no operand of this kind
            continue
        arrays = operation in CALLED.values() or any(isinstance(v, np.ndarray) for v in values)
        if not arrays or not {*kinds} <= {*"biufc"} or _fit(operation, *shapes):
            continue  # lists are put together, objects do as they like
        texts = [ast.unparse(each) for each in (left, right)]
        said = [
            f"{text} has {shape[0]} numbers"
            if len(shape) == 1
            else f"{text} is {'x'.join(map(str, shape)) or 'a number'}"
            for text, shape in zip(texts, shapes, strict=True)
        ]
        turned = (
            (left, _turned(right), shapes[0], shapes[1][::-1]),
            (_turned(left), right, shapes[0][::-1], shapes[1]),
        )
        products = operation in (operator.matmul, *CALLED.values())
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
            first, *others = node.args if _of_numpy(node.func) else (node.func.value, *node.args)
            if node.func.attr in CALLED and others:
                yield node, CALLED[node.func.attr], first, others[0]


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
    if _of_numpy(node.func):
        return ast.Call(node.func, [left, right, *node.args[2:]], node.keywords)
    method = ast.Attribute(left, node.func.attr, ast.Load())
    return ast.Call(method, [right, *node.args[1:]], node.keywords)


def _of_numpy(function: ast.Attribute) -> bool:
    return isinstance(function.value, ast.Name) and function.value.id in ("np", "numpy")
