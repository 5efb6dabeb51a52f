"""Places within a statement: the expressions in it, and the statement with another one there."""

from __future__ import annotations

import ast
from collections.abc import Collection
from typing import Any

COUNTING = frozenset(("repeat", "tile", "arange", "range", "eye", "zeros", "ones", "full", "empty"))
"""Functions that are told how many numbers there are to be."""
WORDS = ("axis", "keepdims")
SINGLE = (ast.Name, ast.Attribute, ast.Subscript)
DISPLAYS = (ast.List, ast.Tuple, ast.Dict)
COMPREHENSIONS = (ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp)

Path = tuple[tuple[str, int | None], ...]
Element = tuple[Path, ast.Assign]
"""Where a part of a statement stands, and it as a statement by itself."""


def places(statement: ast.stmt) -> list[Path]:
    """Return the expressions that may be others: no lengths, which could make endless arrays."""
    found: list[Path] = []

    def walk(node: ast.AST, path: Path) -> None:
        if isinstance(node, ast.Attribute) and _is_numpy(node.value):
            return  # a product with np.r_ never ends
        ends = isinstance(node, ast.Slice | ast.Starred) or (
            isinstance(node, ast.Tuple) and "slice" in path[-1]
        )
        if isinstance(node, ast.expr) and not ends and path[-1] != ("func", None):
            found.append(path)
        if getattr(node, "attr", "") == "shape" or getattr(node, "arg", "") in WORDS:
            return
        if isinstance(node, ast.Call) and called(node) == "len":
            return
        for name, value in ast.iter_fields(node):
            if name in ("targets", "target", "ctx", "op", "ops", "func") and not isinstance(
                node, ast.Call
            ):
                continue
            if isinstance(value, ast.AST):
                walk(value, (*path, (name, None)))
            elif isinstance(value, list):
                if name == "args" and isinstance(node, ast.Call) and called(node) in COUNTING:
                    value = arrays(node)
                for number, part in enumerate(value):
                    if isinstance(part, ast.AST):
                        walk(part, (*path, (name, number)))

    walk(statement, ())
    return found


def at(statement: ast.stmt, path: Path) -> ast.expr:
    """Return the expression at a place."""
    node: ast.AST = statement
    for name, number in path:
        part = getattr(node, name)
        node = part if number is None else part[number]
    assert isinstance(node, ast.expr)
    return node


def put(statement: ast.stmt, path: Path, new: ast.expr) -> ast.stmt:
    """Return a statement with another expression at a place; it shares all that stays."""

    def changed(node: Any, path: Path) -> Any:  # noqa: ANN401  fields are nodes, and lists of them
        if not path:
            return new
        (name, number), *rest = path
        made, part = type(node)(**vars(node)), getattr(node, name)
        if number is None:
            setattr(made, name, changed(part, tuple(rest)))
        else:
            inner = changed(part[number], tuple(rest))
            setattr(made, name, [*part[:number], inner, *part[number + 1 :]])
        return made

    made = changed(statement, path)
    assert isinstance(made, ast.stmt)
    return made


def replaced(node: Any, parts: Collection[ast.AST], new: ast.expr) -> Any:  # noqa: ANN401
    """Return a node, or what else a field of one is, with an expression in the place of parts.

    It shares all that stays.
    """
    if any(node is part for part in parts):
        return new
    if isinstance(node, list):
        return [replaced(one, parts, new) for one in node]
    if not isinstance(node, ast.AST) or not any(p is one for p in parts for one in ast.walk(node)):
        return node
    fields = {name: replaced(one, parts, new) for name, one in ast.iter_fields(node)}
    return type(node)(**fields)


def within(statement: ast.stmt, place: tuple[int, int, int, int]) -> Element | None:
    """Return what a statement computes around a place and gives no name: an element of a list.

    It is one that a function of the program or a method is given, as ``append``, stands in a
    display or in ``dict()``, is unpacked, or is made by a comprehension; as a statement by itself.
    """
    found: Element | None = None
    value = statement.value if isinstance(statement, ast.Expr | ast.Assign) else None
    calls = isinstance(value, ast.Call)
    path: Path = ()
    node: ast.AST = statement
    outer = node
    while True:
        parts = [
            (name, number, part)
            for name, value in ast.iter_fields(node)
            for number, part in (enumerate(value) if isinstance(value, list) else [(None, value)])
            if isinstance(part, ast.expr | ast.keyword) and _spans(part, place)
        ]
        if not parts:
            return found
        name, number, part = parts[0]
        path = (*path, (name, number))
        handed = calls and len(path) == 2 and path[1][0] == "args"
        handed = handed and not (isinstance(node, ast.Call) and of_numpy(node))
        turned = isinstance(node, COMPREHENSIONS) and name in ("elt", "value")
        shown = isinstance(node, DISPLAYS) and path[-2][0] != "slice" and name in ("elts", "values")
        shown = (shown and not isinstance(part, ast.Starred)) or isinstance(node, ast.Starred)
        keyed = isinstance(node, ast.keyword) and called(outer) == "dict"  # type: ignore[arg-type]
        if isinstance(part, ast.expr) and (handed or turned or shown or keyed):
            found = path, ast.Assign([ast.Name("_", ast.Store())], part, lineno=part.lineno)
        outer, node = node, part


def given_as(statement: ast.stmt, name: str) -> Element | None:
    """Return what a statement gives a name, or returns, as one of several: ``a, b = x, y``."""
    match statement:
        case ast.Return(ast.Tuple(parts)):
            number = name[name.rfind("[") + 1 : -1]
            at = int(number) if number.isdigit() else None
        case ast.Assign([ast.Tuple(targets)], ast.Tuple(parts)):
            at = next((n for n, one in enumerate(targets) if ast.unparse(one) == name), None)
        case _:
            return None
    if at is None or at >= len(parts):
        return None
    made = ast.Assign([ast.Name("_", ast.Store())], parts[at], lineno=parts[at].lineno)
    return (("value", None), ("elts", at)), made


def _spans(node: ast.AST, place: tuple[int, int, int, int]) -> bool:
    first, last = place[:2], place[2:]
    end = getattr(node, "end_lineno", 0), getattr(node, "end_col_offset", 0)
    return (getattr(node, "lineno", 0), getattr(node, "col_offset", 0)) <= first and last <= end


def called(node: ast.Call) -> str:
    """Return the name of the function or method that is called."""
    return node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")


def arrays(node: ast.Call) -> list[ast.expr]:
    """Return the argument of a function of numpy that is an array; a method has it before it."""
    return node.args[:1] if of_numpy(node) else []


def of_numpy(node: ast.Call) -> bool:
    """Whether a function of numpy is called by its name, as ``np.add.at``."""
    owner = node.func
    while isinstance(owner, ast.Attribute):
        owner = owner.value
    return _is_numpy(owner)


def _is_numpy(node: ast.expr) -> bool:
    return isinstance(node, ast.Name) and node.id in ("np", "numpy")
