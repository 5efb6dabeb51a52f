"""A worksheet as a record for other programs, of the form that ``bptui help json`` tells."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, TypeAlias

from bptui.core.engine import Snapshot
from bptui.explain.code import assignment
from bptui.explain.equation import Equation
from bptui.explain.explain import Section, Statement
from bptui.explain.expression import (
    Activated,
    Expression,
    Quantity,
    Stable,
    children,
)
from bptui.explain.lines import EquationWriter
from bptui.explain.matrices import MatrixWriter
from bptui.explain.printer import SUM
from bptui.explain.report import Form, Report
from bptui.export.worksheet.sheet import Part, Worksheet

Record: TypeAlias = dict[str, Any]
SCHEMA = 1
ENDLESS = 10**6
"""Columns: a formula stays on one line."""


def record(sheet: Worksheet, snapshot: Snapshot, quantity: str) -> Record:
    """The explanation of ``quantity`` in the step of ``snapshot``."""
    experiment, writer = snapshot.experiment, _Writer(sheet)
    return {
        "schema": SCHEMA,
        "preset": experiment.name,
        "title": sheet.title,
        "network": str(experiment.network),
        "step": snapshot.step,
        "quantity": quantity,
        "batch": snapshot.batch,
        "loss": snapshot.loss,
        "settings": dict(sheet.settings),
        "frozen": {name: each.reason for name, each in experiment.frozen.items()},
        "mistakes": experiment.training.mistakes,
        "parts": [writer.part(each) for each in sheet.parts],
    }


class _Writer:
    """Writes statements; values are those of the step itself, to the last bit."""

    def __init__(self, sheet: Worksheet) -> None:
        self.symbols = sheet.explainer.symbols
        self.numbers = EquationWriter(self.symbols, ENDLESS)
        self.matrices = MatrixWriter(self.symbols, ENDLESS)
        self.report = Report(self.symbols, ENDLESS)

    def part(self, part: Part) -> Record:
        explanation = part.explanation
        return {
            "title": part.title,
            "about": part.words,
            "numbers": [self.section(each) for each in explanation.numbers],
            "arrays": [self.statement(each, self.array, "matrix") for each in explanation.arrays],
        }

    def section(self, section: Section) -> Record:
        return {
            "title": section.title,
            "statements": [
                self.statement(each, self.number, "scalar") for each in section.statements
            ],
            "omitted": section.omitted,
        }

    def statement(
        self, statement: Statement, write: Callable[[Equation], Record], form: Form
    ) -> Record:
        """What the step computes; beside it what is correct where that is something else."""
        if isinstance(statement, Equation):
            return write(statement) | {"correct": None, "differences": []}
        told = [self.report.difference(each, statement, form) for each in statement.differences]
        return write(statement.mistaken) | {
            "correct": write(statement.correct),
            "differences": [*dict.fromkeys(told)],
        }

    def number(self, equation: Equation) -> Record:
        left, scope = equation.left, equation.scope
        return {
            "name": self.symbols.assigned(left)[0],
            "array": left.name,
            "index": left.index,
            "update": left.new,
            "formula": self.numbers.formula(equation),
            "reads": [
                {
                    "name": self.symbols.text(each),
                    "array": each.name,
                    "index": each.index,
                    "value": scope.value(each),
                }
                for each in dict.fromkeys(_read(equation.expression))
            ],
            "value": scope.value(left),
            "note": equation.note or None,
        }

    def array(self, equation: Equation) -> Record:
        left, node = equation.left, equation.expression
        return {
            "name": left.name,
            "update": left.new,
            "formula": self.matrices.symbols_of(node, equation, SUM),
            "code": assignment(equation, self.symbols),
            "reads": [self.symbols.text(each) for each in dict.fromkeys(_read(node))],
            "value": equation.scope.value(left),
            "note": equation.note or None,
        }


def _read(node: Expression) -> Iterator[Quantity]:
    """The quantities in a formula as it is written, in its order."""
    match node:
        case Quantity():
            yield node
        case Activated(_, argument, body, by_name):
            yield from _read(argument if by_name else body)
        case Stable(shown, _):
            yield from _read(shown)
        case _:
            for each in children(node):
                yield from _read(each)
