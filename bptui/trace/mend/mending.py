"""Writes a wrong line as it should stand: the smallest edit of it that gives the right numbers."""

from __future__ import annotations

import ast
import builtins
import copy
import warnings
from collections.abc import Container, Iterable, Mapping
from types import CodeType
from typing import Any, NamedTuple

import numpy as np

from bptui.trace.mend.held_values import Held
from bptui.trace.mend.recalled import Recalled
from bptui.trace.paths import COMPREHENSIONS, SINGLE
from bptui.trace.step.multiples import Numbers, Values, right_value

TARGET = "__target"
LOADED, STORED = ast.Name(TARGET, ast.Load()), ast.Name(TARGET, ast.Store())


def _of_numpy(name: str, *others: Any) -> Any:  # noqa: ANN401  as Python calls it
    """Import for numpy, whose methods do it where they are called; for nothing else."""
    if name.partition(".")[0] != "numpy":
        raise ImportError(name)
    return __import__(name, *others)


SAFE = (
    "abs divmod enumerate float int len list map max min pow range reversed round slice str sorted"
)
BUILTINS = {
    name: getattr(builtins, name) for name in (*SAFE.split(), "sum", "tuple", "zip", "bool")
}
BUILTINS["__import__"] = _of_numpy


def written(statement: ast.stmt | None) -> str | None:
    """Return a statement's text, on one line."""
    return None if statement is None else ast.unparse(ast.fix_missing_locations(statement))


class Sight(NamedTuple):
    """What a statement can be evaluated with: all that is in its sight."""

    names: Mapping[str, Values]
    known: Mapping[str, Any]
    before: Values | None = None
    """What it changes, as it was."""
    variable: str = ""
    entry: int = -1
    """What it makes."""

    @property
    def counts(self) -> list[str]:
        """The names of whole numbers."""
        return [name for name, value in self.known.items() if type(value) is int]


class Evaluation:
    """Carries out statements with known values and numpy: nothing else of the program is there."""

    def __init__(self, *turns: Sight) -> None:
        """Take what is in sight in the turns of a loop, each of which changes what the last gave.

        ``before`` the first one, what they change has the value that is in its sight.
        """
        self.before, self.variable = turns[0].before, turns[0].variable
        names = list(dict.fromkeys(name for turn in turns for name in turn.names))
        known = (pair for turn in turns for pair in turn.known.items())
        functions = {name for name, one in known if isinstance(one, Recalled)}
        self.named = _Named(names, functions)
        self.changed = f"__{names.index(self.variable)}" if self.variable in names else TARGET
        """How the statement reads what it changes."""
        draws = range(len(next(iter(turns[0].names.values()), [])))
        self.draws = [[self._seen(turn, draw) for turn in turns] for draw in draws]

    def _seen(self, turn: Sight, draw: int) -> dict[str, Any]:
        """Return what a statement sees in a turn."""
        seen: dict[str, Any] = {"__builtins__": BUILTINS, "np": np}
        for name, one in turn.known.items():
            seen[name] = one.in_draw(draw) if isinstance(one, Recalled | Held) else one
        numbers = self.named.numbers
        return seen | {f"__{numbers[name]}": drawn[draw] for name, drawn in turn.names.items()}

    def of(self, statement: ast.stmt, wanted: Values | None = None) -> Values | None:
        """Return what a statement gives its target in each draw; None where it fails.

        It fails soon where the first draw is no multiple of what is ``wanted``.
        """
        code, made = self._compiled(statement), list[Any]()
        for turns, old in zip(self.draws, self.before or [None] * len(self.draws), strict=True):
            given = self._carried_out(code, turns, old) if code else None
            try:
                made.append(np.asarray(given, dtype=np.float64))
            except (TypeError, ValueError):
                return None
            if given is None or (
                len(made) == 1 and wanted and not right_value(made, wanted[:1], exact=False)
            ):
                return None
        return made

    def each(self, texts: Iterable[str]) -> list[dict[str, Values]]:
        """Return for each turn the values of expressions that are arrays, or numbers."""
        found: list[dict[str, Values]] = [{} for _ in self.draws[0]]
        for text in texts:
            code = self._compiled(ast.Return(ast.parse(text, mode="eval").body))
            if code is None:
                continue
            for turn, values in enumerate(found):
                made = [self._carried_out(code, draw[turn : turn + 1]) for draw in self.draws]
                if all(isinstance(one, float | np.ndarray | np.generic) for one in made):
                    values[text] = list(map(np.asarray, made))
        return found

    def _compiled(self, statement: ast.stmt) -> CodeType | None:
        tree = self.named.made(_written(statement, self.variable))
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # the compiler has doubts about some edits
            try:
                return compile(ast.Module([tree], []), "<edit>", "exec")
            except (SyntaxError, ValueError, TypeError):
                return None

    def _carried_out(
        self, code: CodeType, turns: Iterable[dict[str, Any]], old: Numbers | None = None
    ) -> Any:  # noqa: ANN401  whatever is computed
        """Return what the target is behind all turns; None where they fail."""
        before = None if old is None else np.array(old)
        given = {} if before is None else {TARGET: before if before.ndim else float(before)}
        with warnings.catch_warnings(), np.errstate(all="ignore"):
            warnings.simplefilter("ignore")
            for seen in turns:
                values = {**seen, **given}
                try:
                    exec(code, values)  # one statement, and nothing that it could reach out with
                except Exception:  # whatever an edited statement may raise
                    return None
                if TARGET not in values:  # it changes nothing
                    return None
                given = {TARGET: values[TARGET], self.changed: values[TARGET]}
        return given.get(TARGET)


def _written(statement: ast.stmt, variable: str) -> ast.stmt:
    """Return a statement that changes TARGET in the place of the variable that it changes."""
    if isinstance(statement, ast.Return):
        return ast.Assign([STORED], statement.value or ast.Constant(None), lineno=1)
    made = copy.copy(statement)
    if isinstance(made, ast.Expr):
        if isinstance(made.value, ast.Call):
            call = made.value = copy.copy(made.value)
            others = [one for one in call.keywords if one.arg != "out"]
            if len(others) < len(call.keywords):  # np.clip(array, -1, 1, out=array)
                call.keywords = others
                return ast.Assign([STORED], call, lineno=1)
            call.args = [LOADED, *call.args[1:]]  # np.add.at(array, index, values)
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

    def __init__(self, names: Iterable[str], functions: Container[str]) -> None:
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
