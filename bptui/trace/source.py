"""A program's text: its statements, and what stands at a place. Nothing of it runs here."""

from __future__ import annotations

import ast
import math
import re
from bisect import bisect_left
from collections.abc import Iterator, Mapping
from functools import cached_property
from itertools import groupby
from typing import NamedTuple

import numpy as np

from bptui.trace.tape import Value

Place = tuple[int, int, int, int]
"""First line, column, last line, and column of an expression or statement."""

NOWHERE: Place = (0, 0, 0, 0)
"""Of what stands in no file of the program."""

SIMPLE = (ast.Assign, ast.AugAssign, ast.AnnAssign, ast.Return, ast.Expr)


NEW_LINE = re.compile(r"\r\n?|\n")
"""What ends a line for Python; ``str.splitlines`` knows more."""
TOLD = re.compile(r"^\s*#\s*bptui:\s*(\w+)\s+(.+?)\s*$", re.MULTILINE)


def told_in(text: str) -> dict[str, str]:
    """Return what comments of a program tell: ``# bptui: loss NAME``."""
    return dict(TOLD.findall(text))


class Files(NamedTuple):
    """The files of a program, one behind the other, with their lines counted through.

    ``names`` are those of its modules; that of the program itself is empty. ``before``: how many
    lines stand before each.
    """

    names: tuple[str, ...] = ("",)
    before: tuple[int, ...] = (0,)

    def of(self, line: int) -> int:
        """Return which file a line stands in; 0 for the program's own and for no line."""
        return max(bisect_left(self.before, line) - 1, 0)

    def where(self, line: int) -> tuple[str, int]:
        """Return the name of a line's file, and its number there."""
        at = self.of(line)
        return self.names[at], line - self.before[at]

    def told(self, *lines: int) -> str:
        """Return where lines are: ``lines 3, 12``, in a module ``layers.py, line 12``."""
        said = []
        for name, group in groupby(map(self.where, lines), key=lambda place: place[0]):
            numbers = [str(number) for _, number in group]
            word = "lines" if len(numbers) > 1 else "line"
            said.append(f"{name}{', ' * bool(name)}{word} {', '.join(numbers)}")
        return "; ".join(said)


ONE_FILE = Files()


class Source:
    """A program's text, with those of its own modules behind it, and its statements.

    Lines are counted through all of them.
    """

    def __init__(self, text: str, modules: Mapping[str, str] | None = None) -> None:
        texts, self.lines = {"": text, **(modules or {})}, list[str]()
        before, self._trees = list[int](), list[ast.Module]()
        for each in texts.values():
            before.append(len(self.lines))
            self._trees.append(ast.increment_lineno(ast.parse(each), len(self.lines)))
            self.lines += NEW_LINE.split(each.removesuffix("\n"))
        self.files = Files(tuple(texts), tuple(before))
        self.tree = ast.Module([node for tree in self._trees for node in tree.body], [])
        self.text, self.rows = "\n".join(self.lines), [row.encode() for row in self.lines]
        self.modules = self._modules()
        self._normal: dict[Place, str | None] = {}
        self._read: dict[Place, frozenset[str]] = {}

    @cached_property
    def _globals(self) -> list[frozenset[str] | None]:
        """The names that each file gives or imports; None where it imports all of a module."""
        return [None if "*" in (own := frozenset(_given(tree))) else own for tree in self._trees]

    def sees(self, line: int, name: str) -> bool:
        """Whether a global name is known in the file that a line stands in."""
        known = self._globals[self.files.of(line)]
        return known is None or name.split(".")[0].split("[")[0] in known

    def _modules(self) -> dict[str, Value]:
        """Return what the program has of numpy and math, by its names: all else stays with it."""
        roots = {"numpy": np, "math": math}
        known: dict[str, Value] = {"np": np, **roots}
        for node in ast.walk(self.tree):
            if isinstance(node, ast.Import):
                for name in node.names:
                    path = name.name if name.asname else name.name.partition(".")[0]
                    known |= {name.asname or path: _found(roots, path)}
            elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
                module = _found(roots, node.module)
                for name in node.names:
                    if name.name != "*":
                        known[name.asname or name.name] = getattr(module, name.name, None)
                    elif module is not None:
                        known |= {n: v for n, v in vars(module).items() if n[:1] != "_"}
        return {name: value for name, value in known.items() if value is not None}

    @cached_property
    def _statements(self) -> list[ast.stmt]:
        return [node for node in ast.walk(self.tree) if isinstance(node, SIMPLE)]

    def statement(self, line: int, column: int | None = None) -> ast.stmt | None:
        """Return the simple statement that a line belongs to, the first one or that at a column."""
        found = [
            node
            for node in self._statements
            if node.lineno <= line <= (node.end_lineno or node.lineno)
            if column is None or has(node, (line, column))
        ]
        return min(found, key=lambda node: (node.end_lineno or 0) - node.lineno, default=None)

    def around(self, line: int) -> tuple[int, int]:
        """Return the first and last line of the function that a line stands in."""
        node = self.part(line)
        return getattr(node, "lineno", 0), getattr(node, "end_lineno", None) or len(self.rows)

    def part(self, line: int) -> ast.AST:
        """Return the function that a line stands in; where that is none, all."""
        return max(self._functions(line), key=lambda node: node.lineno, default=self.tree)

    def outside(self, line: int) -> list[tuple[int, int]]:
        """Return the first and last lines of the functions that enclose that one."""
        return sorted((one.lineno, one.end_lineno or 0) for one in self._functions(line))[:-1]

    def takes(self, line: int, name: str) -> bool:
        """Whether a function that a line stands in is given something by this name."""
        parts = (part for node in self._functions(line) for part in ast.walk(node.args))
        return any(isinstance(part, ast.arg) and part.arg == name for part in parts)

    def _functions(self, line: int) -> list[ast.FunctionDef | ast.AsyncFunctionDef]:
        return [
            node
            for node in ast.walk(self.tree)
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
            if node.lineno <= line <= (node.end_lineno or 0)
        ]

    def normal(self, place: Place) -> str | None:
        """Return the expression at a place as ``ast`` writes it; None where there is none."""
        if place not in self._normal:
            try:
                tree = ast.parse(self.piece(place), mode="eval")
                self._normal[place] = ast.unparse(tree)
            except SyntaxError:
                self._normal[place] = None
        return self._normal[place]

    def read_at(self, place: Place) -> frozenset[str]:
        """Return the names, attributes and items that an expression is computed of directly."""
        if place not in self._read:
            try:
                statement = ast.parse(self.piece(place).strip()).body[0]
            except (SyntaxError, IndexError):
                statement = ast.Pass()
            whole: ast.AST = statement.value if isinstance(statement, ast.Expr) else statement
            parts = [*ast.iter_child_nodes(whole)]
            listed = (ast.List, ast.Tuple, ast.keyword)
            parts += [e for part in parts if isinstance(part, listed) for e in ast.walk(part)]
            if isinstance(whole, ast.Call) and isinstance(whole.func, ast.Attribute):
                parts.append(whole.func.value)
            single = (ast.Name, ast.Attribute, ast.Subscript)
            self._read[place] = frozenset(ast.unparse(p) for p in parts if isinstance(p, single))
        return self._read[place]

    def text_of(self, statement: ast.stmt) -> str:
        """Return a statement as it stands, on one line."""
        first, last = statement.lineno, statement.end_lineno or statement.lineno
        start, end = statement.col_offset, statement.end_col_offset or 0
        text = self.piece((first, start, last, end))
        text = re.sub(r"\s+", " ", text) if first != last else text
        try:
            same = ast.dump(ast.parse(text)) == ast.dump(ast.Module([statement], []))
        except SyntaxError:  # a comment within it
            same = False
        return text if same else ast.unparse(statement)

    def piece(self, place: Place) -> str:
        """Return the text at a place, on one line."""
        first, start, last, end = place
        rows = self.rows[first - 1 : last]
        if len(rows) == 1:
            return rows[0][start:end].decode()
        return b" ".join([rows[0][start:], *rows[1:-1], rows[-1][:end]]).decode()


def _given(tree: ast.Module) -> Iterator[str]:
    """Yield the names that a file gives to anything, wherever it does."""
    for node in ast.walk(tree):
        if isinstance(node, ast.alias):
            yield (node.asname or node.name).split(".")[0]
        elif isinstance(node, ast.Name) and not isinstance(node.ctx, ast.Load):
            yield node.id
        elif isinstance(node, ast.FunctionDef | ast.ClassDef):
            yield node.name


def has(node: ast.stmt | ast.expr, at: tuple[int, int]) -> bool:
    """Whether a line and column are those of a statement."""
    end = node.end_lineno or node.lineno, node.end_col_offset or 0
    return (node.lineno, node.col_offset) <= at < end


def _found(roots: Mapping[str, Value], path: str) -> Value:
    """Return a part of a module that is loaded; None where there is none."""
    first, *rest = path.split(".")
    found = roots.get(first)
    for name in rest:
        found = getattr(found, name, None)
    return found
