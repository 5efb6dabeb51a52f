"""What should stand in a wrong line: its statement, what is in sight there, and the right value."""

from __future__ import annotations

import ast
import math
import re
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from bptui.trace.lines import Lines, Repair
from bptui.trace.mending import Values, mended, right_value
from bptui.trace.recorder import Recorder

SIMPLE = (ast.Assign, ast.AugAssign, ast.AnnAssign, ast.Return, ast.Expr)


PLAIN = re.compile(r"[^\W\d]\w*(\.\w+)*(\[('\w+'|\d+)\])?")


class Source:
    """A program's text, its statements and its functions."""

    def __init__(self, text: str) -> None:
        self.text, self.tree = text, ast.parse(text)
        self.functions = self._functions()

    def _functions(self) -> dict[str, Any]:
        """Return the functions at the program's top level, to evaluate expressions with."""
        known: dict[str, Any] = {"np": np, "numpy": np, "math": math}
        for node in self.tree.body:
            if isinstance(node, ast.FunctionDef | ast.Import | ast.ImportFrom):
                module = ast.Module([node], [])
                try:
                    exec(compile(module, "<program>", "exec"), known)  # noqa: S102  the user's own functions
                except Exception:  # an import that is not there, a decorator that fails
                    continue
        return known

    def statement(self, line: int) -> ast.stmt | None:
        """Return the simple statement that a line belongs to."""
        found = [
            node for node in ast.walk(self.tree)
            if isinstance(node, SIMPLE) and node.lineno <= line <= (node.end_lineno or node.lineno)
        ]
        return min(found, key=lambda node: (node.end_lineno or 0) - node.lineno, default=None)

    def around(self, line: int) -> tuple[int, int]:
        """Return the first and last line of the function that a line stands in."""
        spans = [
            (node.lineno, node.end_lineno or node.lineno) for node in ast.walk(self.tree)
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.lineno <= line <= (node.end_lineno or 0)
        ]
        return max(spans, default=(0, 10**9))

    def piece(self, place: tuple[int, int, int, int]) -> str:
        """Return the text at a place, on one line."""
        first, start, last, end = place
        rows = self.text.splitlines()[first - 1 : last]
        if len(rows) == 1:
            return rows[0].encode()[start:end].decode()
        return " ".join([rows[0].encode()[start:].decode(), *rows[1:-1], rows[-1].encode()[:end].decode()])


def should_be(
    source: Source, recorder: Recorder, places: Sequence[tuple[int, int, int, int]], lines: Lines, repair: Repair
) -> str | None:
    """Return the statement of a repair as it should stand; None where no small edit gives it."""
    line = places[repair.place][0]
    statement = source.statement(line)
    if statement is None:
        return None
    first = repair.entries[0]
    span = range(statement.lineno, (statement.end_lineno or statement.lineno) + 1)
    binding = next((b for b in recorder.bindings if b.when > first and b.place >= 0 and places[b.place][0] in span), None)
    if binding is None or binding.entry not in lines.current:
        return None
    start = min((e for e in lines.backward if e <= first and places[lines.truth.tape.notes[e].place][0] in span and e > first - 200), default=first)
    names = _in_sight(source, recorder, places, lines, binding.frame, binding.when, start, line)
    before = None
    note = lines.truth.tape.notes[binding.entry]
    if isinstance(statement, ast.AugAssign | ast.Assign) and note.arguments and hasattr(note.arguments[0], "entry"):
        if isinstance(statement, ast.AugAssign) or note.call in ("setitem", "put", "add.at"):
            before = _values(lines, note.arguments[0].entry)
    if before is None and isinstance(statement, ast.Assign):
        old = [b for b in recorder.bindings if b.when <= start and b.location == binding.location]
        before = _values(lines, old[-1].entry) if old else None
    wanted = lines.current[binding.entry]
    exact = lines.factor is not None
    plain = {name: value for when, frame, name, value in recorder.plain if frame in (0, binding.frame) and when <= binding.when}
    return mended(statement, names, {**source.functions, **plain}, lambda found: right_value(found, wanted, exact), before, binding.name, _undone(source, lines, places))


def _undone(source: Source, lines: Lines, places: Sequence[tuple[int, int, int, int]]) -> dict[str, str]:
    """Return the texts of parameters with how to have their value from before the update."""
    found: dict[str, str] = {}
    for parameter in lines.truth.parameters:
        for binding in parameter.statements:
            statement = source.statement(places[binding.place][0])
            if isinstance(statement, ast.AugAssign) and isinstance(statement.op, ast.Sub | ast.Add):
                sign = "+" if isinstance(statement.op, ast.Sub) else "-"
                target = ast.unparse(statement.target)
                found[target] = f"({target} {sign} {ast.unparse(statement.value)})"
    return found


def _values(lines: Lines, entry: int) -> Values | None:
    if entry in lines.current:
        return lines.current[entry]
    graph = lines.truth.graph
    recorded = np.asarray(lines.truth.tape.values[entry])
    if recorded.dtype.kind in "iub":
        return [recorded] * len(lines.truth.draws)
    if entry in lines.values:
        return lines.values[entry]
    node = graph.nodes.get(entry)
    if node is not None and all(node in draw for draw in lines.truth.draws):
        return [np.asarray(draw[node], dtype=np.float64) for draw in lines.truth.draws]
    return [np.asarray(recorded, dtype=np.float64)] * len(lines.truth.draws)


def _in_sight(
    source: Source, recorder: Recorder, places: Sequence[tuple[int, int, int, int]], lines: Lines, frame: int, until: int, start: int, line: int
) -> dict[str, Values]:
    """Return the expressions with a known value in a statement's sight, the latest first."""
    found: dict[str, int] = {}
    for binding in recorder.bindings:
        usable = bool(PLAIN.fullmatch(binding.name))
        if binding.when <= start and usable and (binding.frame in (0, frame) or binding.name.startswith("self.")):
            found.pop(binding.name, None)
            found[binding.name] = binding.entry
    first, last = source.around(line)
    for when, place, entry in recorder.reads:
        if when <= until and first <= places[place][0] <= last:
            try:
                text = ast.unparse(ast.parse(source.piece(places[place]), mode="eval"))
            except SyntaxError:
                continue
            found.pop(text, None)
            found[text] = entry
    values = {name: _values(lines, entry) for name, entry in reversed(found.items())}
    return {name: each for name, each in values.items() if each is not None}


def pieces(recorder: Recorder) -> Callable[[int], int]:
    return lambda place: place
