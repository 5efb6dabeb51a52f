"""Writes a wrong line as it should stand: the smallest edit of it that gives the right numbers.

The line is parsed, edited in one place after the other, and each edit is evaluated on the numbers
that were drawn: an operand for another one in sight, a transpose, a factor or a term too many or
missing, another axis, a slice of the other end, ``+=`` for ``=``.
"""

from __future__ import annotations

import ast
import builtins
import copy
import warnings
from collections.abc import Container, Mapping
from typing import Any

import numpy as np

from bptui.trace.mend.recalled import Recalled
from bptui.trace.paths import COMPREHENSIONS, SINGLE
from bptui.trace.step.multiples import Values, right_value

TARGET = "__target"
LOADED, STORED = ast.Name(TARGET, ast.Load()), ast.Name(TARGET, ast.Store())


def _of_numpy(name: str, *others: Any) -> Any:  # noqa: ANN401  as Python calls it
    """Import for numpy, whose methods do it where they are called; for nothing else."""
    if name.partition(".")[0] != "numpy":
        raise ImportError(name)
    return __import__(name, *others)


SAFE = "abs divmod enumerate float int len list map max min pow range reversed round slice sorted"
BUILTINS = {
    name: getattr(builtins, name) for name in (*SAFE.split(), "sum", "tuple", "zip", "bool")
}
BUILTINS["__import__"] = _of_numpy


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
    """Return what a statement gives its target in each draw; None where it fails."""
    return Evaluation(names, known, before, variable).of(statement)


class Evaluation:
    """Carries out statements with known values and numpy: nothing else of the program is there."""

    def __init__(
        self,
        names: Mapping[str, Values],
        known: Mapping[str, Any],
        before: Values | None,
        variable: str,
    ) -> None:
        """Take the values of the ``variable`` that is changed ``before`` it is, if it had any."""
        self.before, self.variable = before, variable
        recalled = {name: one for name, one in known.items() if isinstance(one, Recalled)}
        self.named = _Named(names, recalled)
        self.draws: list[dict[str, Any]] = []
        for draw in range(len(next(iter(names.values()), []))):
            values: dict[str, Any] = {"__builtins__": BUILTINS, "np": np, **known}
            values |= {name: one.in_draw(draw) for name, one in recalled.items()}
            values |= {f"__{number}": drawn[draw] for number, drawn in enumerate(names.values())}
            self.draws.append(values)

    def of(self, statement: ast.stmt, wanted: Values | None = None) -> Values | None:
        """Return what a statement gives in each draw; None where it fails.

        It fails soon where the first draw is no multiple of what is ``wanted``.
        """
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # the compiler, and numpy, have doubts about some edits
            return self._carried_out(statement, wanted)

    def _carried_out(self, statement: ast.stmt, wanted: Values | None) -> Values | None:
        tree = self.named.made(_written(statement, self.variable))
        try:
            code = compile(ast.Module([tree], []), "<edit>", "exec")
        except (SyntaxError, ValueError, TypeError):
            return None
        made: Values = []
        for draw, known in enumerate(self.draws):
            values = dict(known)
            if self.before is not None:
                old = np.array(self.before[draw])
                values[TARGET] = old if old.ndim else float(old)
            try:
                with np.errstate(all="ignore"):
                    exec(code, values)  # one statement, and nothing that it could reach out with
                made.append(np.asarray(values[TARGET], dtype=np.float64))
            except Exception:  # whatever an edited statement may raise
                return None
            if draw == 0 and wanted and not right_value(made, wanted[:1], exact=False):
                return None
        return made


def _written(statement: ast.stmt, variable: str) -> ast.stmt:
    """Return a statement that changes TARGET in the place of the variable that it changes."""
    if isinstance(statement, ast.Return):
        return ast.Assign([STORED], statement.value or ast.Constant(None), lineno=1)
    made = copy.copy(statement)
    if isinstance(made, ast.Expr):  # np.add.at(array, index, values)
        if isinstance(made.value, ast.Call) and made.value.args:
            made.value = copy.copy(made.value)
            made.value.args = [LOADED, *made.value.args[1:]]
        return made
    assert isinstance(made, ast.Assign | ast.AugAssign | ast.AnnAssign)
    target: ast.expr = made.targets[0] if isinstance(made, ast.Assign) else made.target
    new: ast.Name | ast.Subscript = STORED
    if isinstance(target, ast.Subscript) and ast.unparse(target.value) == variable:
        new = ast.Subscript(LOADED, target.slice, ast.Store())
    if isinstance(made, ast.Assign):
        made.targets = [new]
    else:
        made.target = new
    return made


class _Named:
    """Puts short names in the place of expressions whose values are known.

    What holds the variable of a comprehension has another value in each of its turns. Statements
    share much: what was made of it once is made once.
    """

    def __init__(self, names: Mapping[str, Values], functions: Container[str] = ()) -> None:
        self.numbers = {name: number for number, name in enumerate(names)}
        self.functions = functions
        self.known: dict[tuple[int, frozenset[str]], tuple[ast.AST, ast.AST]] = {}
        """Nodes, which are kept alive, and what was made of them."""

    def made(self, node: Any, turning: frozenset[str] = frozenset()) -> Any:  # noqa: ANN401
        """Return a node, or what else a field of one is, with short names."""
        if isinstance(node, list):
            return [self.made(part, turning) for part in node]
        if not isinstance(node, ast.AST) or not node._fields:
            return node
        key = id(node), turning
        if key not in self.known:
            self.known[key] = node, self._new(node, turning)
        return self.known[key][1]

    def _new(self, node: ast.AST, turning: frozenset[str]) -> ast.AST:
        if isinstance(node, COMPREHENSIONS):
            targets = [generator.target for generator in node.generators]
            turning |= {name for target in targets for name in read_in(target)}
        new = type(node).__new__(type(node))  # its fields follow
        if isinstance(node, SINGLE) and isinstance(node.ctx, ast.Load):
            number = self.numbers.get(ast.unparse(node))
            if number is not None and not (turning and turning & read_in(node)):
                new = node = ast.Name(f"__{number}", ast.Load())
        for name in node._fields:
            value = getattr(node, name, None)
            parts = isinstance(value, ast.AST | list)
            setattr(new, name, self.made(value, turning) if parts else value)
        if isinstance(new, ast.Call) and isinstance(new.func, ast.Attribute):
            method = node.func.attr  # type: ignore[attr-defined]  # that of a program's class
            owner = ast.unparse(node.func.value)  # type: ignore[attr-defined]
            if method in self.functions and owner not in (*self.numbers, "np", "numpy"):
                new.func = ast.Name(method, ast.Load(), lineno=1, col_offset=0)
        if new._attributes:
            new.lineno = new.end_lineno = 1  # type: ignore[attr-defined]
            new.col_offset = new.end_col_offset = 0  # type: ignore[attr-defined]
        return new


def read_in(node: ast.AST) -> set[str]:
    """Return the names in a statement, or in a part of one."""
    return {part.id for part in ast.walk(node) if isinstance(part, ast.Name)}
