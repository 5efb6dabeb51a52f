"""The parts of a worksheet as formulas, remarks and code: what Markdown and LaTeX share."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from bptui.explain.code import array_lines, folded, remarked
from bptui.explain.equation import Comparison, Equation
from bptui.explain.explain import Statement
from bptui.explain.expression import Index
from bptui.explain.latex import SETTINGS, LatexWriter, number_text
from bptui.explain.report import Form, Report
from bptui.export.worksheet.sheet import (
    DIGITS,
    VALUE_DIGITS,
    Part,
    Worksheet,
    equations,
    remarks,
    sections,
)
from bptui.export.worksheet.text import code_lines

CODE_WIDTH = 96
_WORDS = {"learning_rate": "learning rate", "k": "update number"}
ROW_END, EQUATION_END = r" \\", r" \\[6pt]"


@dataclass(frozen=True)
class Formulas:
    """Lines of equations for align* or aligned, their ends included."""

    lines: tuple[str, ...]


@dataclass(frozen=True)
class Remark:
    """A line of words; ``heading``: it stands above what follows."""

    text: str
    heading: bool = False


@dataclass(frozen=True)
class Code:
    lines: tuple[str, ...]


Block: TypeAlias = Formulas | Remark | Code


class FormulaWriter:
    """Writes the parts of one worksheet as blocks."""

    def __init__(self, sheet: Worksheet) -> None:
        symbols = sheet.explainer.symbols
        self.writer = LatexWriter(symbols, DIGITS, VALUE_DIGITS)
        self.report = Report(symbols, CODE_WIDTH, DIGITS, VALUE_DIGITS)

    def blocks(self, part: Part, form: Form) -> Iterator[Block]:
        """What stands under the heading of one form."""
        explanation = part.explanation
        if form == "matrix":
            yield from self._statements(explanation.arrays, form, explanation.place_in)
            return
        if form == "numpy":
            lines = code_lines(part, CODE_WIDTH, self.report) if part.brief else self._code(part)
            yield Code(tuple(lines))
            return
        for title, section in sections(explanation, self.report.symbols):
            if title:
                yield Remark(title)
            yield from self._statements(section.statements, form, lambda name: None)
            if section.omitted:
                yield Remark(f"… {section.omitted} more like these")

    def settings(self, sheet: Worksheet) -> str:
        r"""\eta = 0.5 (learning\_rate), ..., between dollars."""
        return ", ".join(
            f"${SETTINGS.get(name, name)} = {number_text(value, DIGITS)}$ ({words})"
            for name, value in sheet.settings
            for words in (_WORDS.get(name, name),)
        )

    def _statements(
        self,
        statements: Sequence[Statement],
        form: Form,
        place_in: Callable[[str], Index | None],
    ) -> Iterator[Block]:
        together: list[Equation] = []
        for statement in statements:
            if isinstance(statement, Equation):
                together.append(statement)
                continue
            if together:
                yield self._formulas(together, place_in)
                together = []
            yield from self._comparison(statement, form, place_in)
        if together:
            yield self._formulas(together, place_in)

    def _comparison(
        self, comparison: Comparison, form: Form, place_in: Callable[[str], Index | None]
    ) -> Iterator[Block]:
        for text in self.report.verdict(comparison, form):
            yield Remark(text)
        yield Remark(comparison.heading, heading=True)
        yield self._formulas([comparison.mistaken], place_in)
        yield Remark("correct", heading=True)
        yield self._formulas([comparison.correct], place_in)

    def _formulas(
        self, together: Sequence[Equation], place_in: Callable[[str], Index | None]
    ) -> Formulas:
        lines: list[str] = []
        for equation in together:
            wanted = place_in(equation.left.name)
            written = self.writer.lines(equation, wanted)
            if lines:
                lines[-1] += EQUATION_END
            lines += [*(line + ROW_END for line in written[:-1]), written[-1]]
        return Formulas(tuple(lines))

    def _code(self, part: Part) -> list[str]:
        """The line of code for each array, and what it computes as a comment."""
        written: list[str] = []
        for statement in part.explanation.arrays:
            for equation, remark in zip(equations(statement), remarks(statement), strict=True):
                written += [""] if written else []
                written += [f"# {remark}"] if remark else []
                written += folded(remarked(equation, self.report.symbols), CODE_WIDTH)
                values = array_lines(equation.array, VALUE_DIGITS)
                written += [f"# {line}" for line in values]
        return written
