"""Writes a wrong line as it should stand: the smallest edit of it that gives the right numbers.

The line is parsed, edited in one place after the other, and each edit is evaluated on the numbers
that were drawn: an operand for another one in sight, a transpose, a factor or a term too many or
missing, another axis, a slice of the other end, ``+=`` for ``=``.
"""

from __future__ import annotations

import ast
import copy
from collections.abc import Container, Mapping
from typing import Any

import numpy as np

from bptui.trace.comparing import CLOSE, Values, multiple_as_it_is
from bptui.trace.edits import SINGLE
from bptui.trace.recalled import Recalled

TARGET = "__target"


def _of_numpy(name: str, *others: Any) -> Any:  # noqa: ANN401  as Python calls it
    """Import for numpy, whose methods do it where they are called; for nothing else."""
    if name.partition(".")[0] != "numpy":
        raise ImportError(name)
    return __import__(name, *others)


BUILTINS: dict[str, Any] = (
    {"__import__": _of_numpy}
    | {
        function.__name__: function
        for function in (abs, bool, divmod, enumerate, float, int, len, list, map, max, min, pow)
    }
    | {
        function.__name__: function
        for function in (range, reversed, round, slice, sorted, sum, tuple, zip)
    }
)
COMPREHENSIONS = (ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp)


def written(statement: ast.stmt | None) -> str | None:
    """Return a statement's text, on one line."""
    return None if statement is None else ast.unparse(ast.fix_missing_locations(statement))


def evaluated(
    statement: ast.stmt,
    names: Mapping[str, Values],
    known: Mapping[str, Any],
    before: Values | None,
    variable: str,
) -> Values | None:
    """Return what a statement gives its target in each draw; None where it fails.

    It is carried out with ``known`` and numpy alone: what else the program has is not there.
    """
    made: Values = []
    draws = len(next(iter(names.values()), []))
    run = _written(copy.deepcopy(statement), variable)
    recalled = {name: one for name, one in known.items() if isinstance(one, Recalled)}
    tree = _Named(names, recalled).visit(run)
    assert isinstance(tree, ast.stmt)
    try:
        code = compile(ast.fix_missing_locations(ast.Module([tree], [])), "<edit>", "exec")
    except (SyntaxError, ValueError, TypeError):
        return None
    for draw in range(draws):
        values: dict[str, Any] = {"__builtins__": BUILTINS, "np": np, **known}
        values |= {name: one.in_draw(draw) for name, one in recalled.items()}
        values |= {f"__{number}": drawn[draw] for number, drawn in enumerate(names.values())}
        if before is not None:
            old = np.array(before[draw])
            values[TARGET] = old if old.ndim else float(old)
        try:
            with np.errstate(all="ignore"):
                exec(code, values)  # one statement, and nothing that it could reach out with
            made.append(np.asarray(values[TARGET], dtype=np.float64))
        except Exception:  # whatever an edited statement may raise
            return None
    return made


def _written(statement: ast.stmt, variable: str) -> ast.stmt:
    """Return a statement that changes TARGET in the place of the variable that it changes."""
    load, store = ast.Name(TARGET, ast.Load()), ast.Name(TARGET, ast.Store())
    if isinstance(statement, ast.Return):
        return ast.Assign([store], statement.value or ast.Constant(None), lineno=1)
    if isinstance(statement, ast.Expr):  # np.add.at(array, index, values)
        if isinstance(statement.value, ast.Call) and statement.value.args:
            statement.value.args[0] = load
        return statement
    if isinstance(statement, ast.Assign):
        target, holder = statement.targets[0], statement.targets
    else:
        assert isinstance(statement, ast.AugAssign | ast.AnnAssign)
        target, holder = statement.target, None
    if isinstance(target, ast.Subscript) and ast.unparse(target.value) == variable:
        target.value = load
    elif holder is not None:
        holder[:] = [store]
    elif isinstance(statement, ast.AugAssign | ast.AnnAssign):
        statement.target = store
    return statement


class _Named(ast.NodeTransformer):
    """Puts short names in the place of expressions whose values are known.

    What holds the variable of a comprehension has another value in each of its turns.
    """

    def __init__(self, names: Mapping[str, Values], functions: Container[str] = ()) -> None:
        self.numbers = {name: number for number, name in enumerate(names)}
        self.functions = functions
        self.turning: set[str] = set()

    def visit(self, node: ast.AST) -> ast.AST:
        if isinstance(node, COMPREHENSIONS):
            targets = [generator.target for generator in node.generators]
            self.turning |= {name for target in targets for name in _names(target)}
        if isinstance(node, SINGLE) and isinstance(node.ctx, ast.Load):
            number = self.numbers.get(ast.unparse(node))
            if number is not None and self.turning.isdisjoint(_names(node)):
                return ast.Name(f"__{number}", ast.Load())
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
            owner = ast.unparse(node.func.value)
            if node.func.attr in self.functions and owner not in (*self.numbers, "np", "numpy"):
                node.func = ast.Name(node.func.attr, ast.Load())  # a method of the program
        return super().generic_visit(node)


def _names(node: ast.AST) -> set[str]:
    return {part.id for part in ast.walk(node) if isinstance(part, ast.Name)}


def right_value(values: Values, wanted: Values, exact: bool) -> bool:
    """Whether values are the wanted ones, or as many times as much where no scale is known."""
    finite = all(np.isfinite(part).all() for part in values)
    pairs = zip(values, wanted, strict=True)
    if not finite or any(one.shape != other.shape for one, other in pairs):
        return False
    factor = multiple_as_it_is(values, wanted)
    if factor is None:  # of nothing but zeros
        return not any(np.any(part) for part in [*values, *wanted])
    return abs(factor - 1.0) <= CLOSE if exact else factor > 0
