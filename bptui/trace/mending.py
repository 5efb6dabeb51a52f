"""Writes a wrong line as it should stand: the smallest edit of it that gives the right numbers.

The line is parsed, edited in one place after the other, and each edit is evaluated on the numbers
that were drawn: an operand for another one in sight, a transpose, a factor or a term too many or
missing, another axis, a slice of the other end, ``+=`` for ``=``.
"""

from __future__ import annotations

import ast
import copy
import math
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import numpy as np

from bptui.trace.comparing import multiple

Values = list[Any]
SLOPES = ("{x} * (1 - {x})", "1 - {x} ** 2", "({x} > 0)", "{x} ** 2", "1 / {x}")


def mended(
    statement: ast.stmt,
    names: Mapping[str, Values],
    functions: Mapping[str, Any],
    fits: Callable[[Values], bool],
    before: Values | None = None,
    variable: str = "",
    undone: Mapping[str, str] | None = None,
) -> str | None:
    """Return the statement with the smallest edit whose value ``fits``; None where none does.

    ``names`` are the expressions in sight with their values, one for each draw, ``functions`` what
    the program calls, ``before`` the target's former value, for ``+=`` and its like.
    """
    for edited in edits(statement, names, undone or {}):
        found = evaluated(edited, names, functions, before, variable)
        if found is not None and fits(found):
            return ast.unparse(ast.fix_missing_locations(edited))
    return None


def evaluated(
    statement: ast.stmt, names: Mapping[str, Values], functions: Mapping[str, Any], before: Values | None, variable: str
) -> Values | None:
    """Return what a statement gives its target in each draw, carried out for it; None on failure."""
    made: Values = []
    draws = len(next(iter(names.values()), []))
    run = _written(copy.deepcopy(statement), variable)
    tree = _Named(names).visit(run)
    try:
        code = compile(ast.fix_missing_locations(ast.Module([tree], [])), "<edit>", "exec")
    except (SyntaxError, ValueError, TypeError):
        return None
    for draw in range(draws):
        values: dict[str, Any] = {"np": np, "numpy": np, "math": math, **functions}
        values |= {f"__{number}": each[draw] for number, each in enumerate(names.values())}
        if before is not None:
            values["__target"] = np.array(before[draw])
            if before[draw].ndim == 0:
                values["__target"] = float(before[draw])
        try:
            with np.errstate(all="ignore"):
                exec(code, values)  # noqa: S102  the user's own statement
            made.append(np.asarray(values["__target"], dtype=np.float64))
        except Exception:  # whatever an edited statement may raise
            return None
    return made


TARGET = "__target"


def _written(statement: ast.stmt, variable: str) -> ast.stmt:
    """Return a statement that changes TARGET in the place of the variable that it changes."""
    load, store = ast.Name(TARGET, ast.Load()), ast.Name(TARGET, ast.Store())
    if isinstance(statement, ast.Return):
        return ast.Assign([store], statement.value or ast.Constant(None), lineno=1)
    if isinstance(statement, ast.Expr):  # np.add.at(array, index, values)
        statement.value.args[0] = load  # type: ignore[attr-defined]  # made here
        return statement
    target: ast.expr = statement.targets[0] if isinstance(statement, ast.Assign) else statement.target  # type: ignore[attr-defined]
    if isinstance(target, ast.Subscript) and ast.unparse(target.value) == variable:
        target.value = load
    elif isinstance(statement, ast.Assign):
        statement.targets = [store]
    else:
        statement.target = store  # type: ignore[attr-defined]  # one of two kinds that have it
    return statement


class _Named(ast.NodeTransformer):
    """Puts short names in the place of expressions whose values are known."""

    def __init__(self, names: Mapping[str, Values]) -> None:
        self.numbers = {name: number for number, name in enumerate(names)}

    def visit(self, node: ast.AST) -> Any:
        if isinstance(node, ast.Name | ast.Attribute | ast.Subscript) and isinstance(node.ctx, ast.Load):
            number = self.numbers.get(ast.unparse(node))
            if number is not None:
                return ast.Name(f"__{number}", ast.Load())
        return self.generic_visit(node)


def edits(statement: ast.stmt, names: Mapping[str, Values], undone: Mapping[str, str]) -> Iterator[ast.stmt]:
    """Yield the statement with one edit each, those first that change least.

    ``undone`` are parameters that were updated too early, with the text of their former value.
    """
    places = _places(statement)
    for path in places:
        text = undone.get(ast.unparse(_at(statement, path)))
        if text is not None:
            yield _with(statement, path, _parsed(text))
    for level in (_operands, _layout, _fewer, _numbers):
        for path in places:
            for new in level(_at(statement, path), names):
                yield _with(statement, path, new)
    yield from _statements(statement)
    for level in (_more, _kinds):
        for path in places:
            for new in level(_at(statement, path), names):
                yield _with(statement, path, new)
    root = (("value", None),)
    if getattr(statement, "value", None) is not None:
        for new in _wholes(statement.value, names):  # type: ignore[attr-defined]  # it has one
            yield _with(statement, root, new)


Path = tuple[tuple[str, int | None], ...]


def _places(statement: ast.stmt) -> list[Path]:
    found: list[Path] = []

    def walk(node: ast.AST, path: Path) -> None:
        if isinstance(node, ast.expr):
            found.append(path)
        for name, value in ast.iter_fields(node):
            if name in ("targets", "target", "ctx", "op", "ops", "func") and not isinstance(node, ast.Call):
                continue
            if isinstance(value, ast.AST):
                walk(value, (*path, (name, None)))
            elif isinstance(value, list):
                for number, part in enumerate(value):
                    if isinstance(part, ast.AST):
                        walk(part, (*path, (name, number)))

    walk(statement, ())
    return found


def _at(node: Any, path: Path) -> Any:
    for name, number in path:
        node = getattr(node, name)
        node = node if number is None else node[number]
    return node


def _with(statement: ast.stmt, path: Path, new: ast.expr) -> ast.stmt:
    made = copy.deepcopy(statement)
    parent = _at(made, path[:-1])
    name, number = path[-1]
    if number is None:
        setattr(parent, name, new)
    else:
        getattr(parent, name)[number] = new
    return made


def _parsed(text: str) -> ast.expr:
    return ast.parse(text, mode="eval").body


def _operands(node: ast.expr, names: Mapping[str, Values]) -> Iterator[ast.expr]:
    """Another operand, of the same shape first."""
    own = ast.unparse(node)
    if own not in names or not isinstance(node, ast.Name | ast.Attribute | ast.Subscript):
        return
    shape = names[own][0].shape
    same = [name for name, values in names.items() if values[0].shape == shape and name != own]
    other = [name for name, values in names.items() if values[0].shape != shape and values[0].size > 1]
    for name in [*same, *other]:
        yield _parsed(name)


def _layout(node: ast.expr, names: Mapping[str, Values]) -> Iterator[ast.expr]:
    """Transposes, exchanged operands, the other end of a slice, another axis."""
    if isinstance(node, ast.Attribute) and node.attr == "T":
        yield node.value
    elif ast.unparse(node) in names and names[ast.unparse(node)][0].ndim == 2:
        yield ast.Attribute(node, "T", ast.Load())
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.MatMult):
        yield ast.BinOp(node.right, node.op, node.left)
        for left in (node.left, _turned(node.left)):
            for right in (node.right, _turned(node.right)):
                yield ast.BinOp(left, node.op, right)
                yield ast.BinOp(right, node.op, left)
    if isinstance(node, ast.Call) and len(node.args) == 2 and _called(node) in ("dot", "matmul", "outer"):
        one, two = node.args
        for first, second in ((two, one), (_turned(one), two), (one, _turned(two)), (_turned(two), one), (two, _turned(one))):
            yield ast.Call(node.func, [first, second], node.keywords)
    if isinstance(node, ast.Slice | ast.Subscript):
        yield from _slices(node)
    if isinstance(node, ast.Call) and _called(node) in ("sum", "mean", "max", "min"):
        plain = [word for word in node.keywords if word.arg not in ("axis", "keepdims")]
        for axis in (0, 1, -1):
            for keep in (False, True):
                words = [*plain, ast.keyword("axis", _parsed(str(axis)))]
                words += [ast.keyword("keepdims", ast.Constant(True))] if keep else []
                count = 1 if isinstance(node.func, ast.Attribute) and ast.unparse(node.func.value) in ("np", "numpy") else 0
                yield ast.Call(node.func, node.args[:count], words)


def _turned(node: ast.expr) -> ast.expr:
    if isinstance(node, ast.Attribute) and node.attr == "T":
        return node.value
    return ast.Attribute(node, "T", ast.Load())


def _called(node: ast.Call) -> str:
    return node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")


def _slices(node: ast.expr) -> Iterator[ast.expr]:
    if isinstance(node, ast.Subscript):
        text = ast.unparse(node)
        for old, new in ((":-1", "1:"), ("1:", ":-1")):
            if old in text:
                yield _parsed(text.replace(old, new))


def _fewer(node: ast.expr, names: Mapping[str, Values]) -> Iterator[ast.expr]:
    """One factor, term or function less."""
    if isinstance(node, ast.BinOp):
        yield node.left
        yield node.right
        for part in ast.walk(node):
            if isinstance(part, ast.BinOp) and part is not node:
                yield part
        for op in (ast.Add(), ast.Sub(), ast.Mult(), ast.Div()):
            if type(op) is not type(node.op):
                yield ast.BinOp(node.left, op, node.right)
    if isinstance(node, ast.UnaryOp):
        yield node.operand
    if isinstance(node, ast.Call):
        for part in ast.walk(node):
            if part is not node and isinstance(part, ast.expr) and ast.unparse(part) in names:
                yield part
    if isinstance(node, ast.Call) and len(node.args) == 1 and not node.keywords:
        yield node.args[0]


def _numbers(node: ast.expr, names: Mapping[str, Values]) -> Iterator[ast.expr]:
    """Another sign, twice or half as much, a square."""
    yield ast.UnaryOp(ast.USub(), node)
    yield ast.BinOp(node, ast.Pow(), ast.Constant(2))
    yield ast.BinOp(ast.Constant(2), ast.Mult(), node)
    yield ast.BinOp(node, ast.Div(), ast.Constant(2))


def _more(node: ast.expr, names: Mapping[str, Values]) -> Iterator[ast.expr]:
    """One factor, divisor or term more, a slope of something in sight too."""
    for name in names:
        other = _parsed(name)
        for op in (ast.Mult(), ast.Div(), ast.Add(), ast.Sub()):
            yield ast.BinOp(node, op, other)
    for name, values in names.items():
        if values[0].size > 1 or len(names) < 40:
            for slope in SLOPES:
                yield ast.BinOp(node, ast.Mult(), _parsed(slope.format(x=name)))


def _kinds(node: ast.expr, names: Mapping[str, Values]) -> Iterator[ast.expr]:
    """A slope of something else in the place of a whole factor, or times what a function is given."""
    if isinstance(node, ast.Call):
        for argument in node.args:
            for name in names:
                for slope in SLOPES:
                    yield ast.BinOp(argument, ast.Mult(), _parsed(slope.format(x=name)))
    for name in names:
        for slope in SLOPES:
            yield _parsed(slope.format(x=name))


def _wholes(node: ast.expr, names: Mapping[str, Values]) -> Iterator[ast.expr]:
    """What flows back through a mean, and through a softmax."""
    text = ast.unparse(node)
    for axis in (0, 1):
        yield _parsed(f"{text} - np.mean({text}, axis={axis})")
        yield _parsed(f"{text} - np.mean({text}, axis={axis}, keepdims=True)")
    for out, values in names.items():
        for back, others in names.items():
            if back != out and values[0].shape == others[0].shape and values[0].ndim:
                yield _parsed(f"{out} * ({back} - np.sum({back} * {out}, axis=-1, keepdims=True))")


def _statements(statement: ast.stmt) -> Iterator[ast.stmt]:
    """Another kind of assignment."""
    if isinstance(statement, ast.Assign) and len(statement.targets) == 1:
        for op in (ast.Add(), ast.Mult()):
            target = copy.deepcopy(statement.targets[0])
            if isinstance(target, ast.Name | ast.Attribute | ast.Subscript):
                yield ast.AugAssign(target, op, copy.deepcopy(statement.value))
    if isinstance(statement, ast.AugAssign):
        if isinstance(statement.target, ast.Subscript) and isinstance(statement.op, ast.Add):
            array = copy.deepcopy(statement.target.value)
            for part in ast.walk(array):
                if hasattr(part, "ctx"):
                    part.ctx = ast.Load()
            arguments = [array, statement.target.slice, statement.value]
            yield ast.Expr(ast.Call(_parsed("np.add.at"), arguments, []))
        yield ast.Assign([copy.deepcopy(statement.target)], copy.deepcopy(statement.value), lineno=0)


def right_value(values: Values, wanted: Values, exact: bool) -> bool:
    """Whether values are the wanted ones, or a multiple of them where no scale is known."""
    if values[0].shape != wanted[0].shape:
        return False
    if not exact:
        return multiple(values, wanted) is not None
    return all(np.allclose(np.reshape(v, -1), np.reshape(w, -1), rtol=1e-6, atol=1e-12) for v, w in zip(values, wanted, strict=True))
