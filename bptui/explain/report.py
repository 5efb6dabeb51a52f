"""Explanations as lines of text, in the three forms."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from functools import partial
from textwrap import wrap
from typing import Literal, TypeAlias

import numpy as np

from bptui.explain.code import array_lines, expression_code, folded, remarked
from bptui.explain.equation import Comparison, Difference, Equation, sample_of
from bptui.explain.explain import Explanation, Statement
from bptui.explain.expression import Expression, Negative, Quantity, quantities
from bptui.explain.lines import LABEL_GAP, EquationWriter, Span, TextLine, plain
from bptui.explain.matrices import MatrixWriter
from bptui.explain.printer import PRODUCT, SUM, Printer, number
from bptui.explain.symbols import Symbols

Form: TypeAlias = Literal["scalar", "matrix", "numpy"]
FORMS: tuple[Form, ...] = ("scalar", "matrix", "numpy")
MOST_CODE_NUMBERS = 12
"""Numbers of an array that are put into a line of code."""
BLANK: TextLine = ()


class Report:
    """Writes explanations into ``width`` columns; see :class:`EquationWriter` for the digits.

    ``brief`` puts values behind the numbers, but for the first equation of several sections.
    """

    def __init__(
        self,
        symbols: Symbols,
        width: int,
        digits: int = 6,
        value_digits: int = 7,
        brief: bool = False,
    ) -> None:
        self.symbols, self.width = symbols, width
        self.value_digits, self.brief = value_digits, brief
        self._equations = EquationWriter(symbols, width, digits, value_digits, brief)
        self._matrices = MatrixWriter(symbols, width, digits, value_digits)

    def lines(self, explanation: Explanation, form: Form) -> list[TextLine]:
        """The explanation in one of the forms."""
        if form == "scalar":
            return self.scalar(explanation)
        written: list[TextLine] = []
        for place, statement in enumerate(explanation.arrays):
            if place:
                written.append(BLANK)
            write = self._matrix if form == "matrix" else self._code
            written += self.statement(statement, partial(write, explanation), form)
        return written

    def scalar(self, explanation: Explanation) -> list[TextLine]:
        written: list[TextLine] = []
        for place, section in enumerate(explanation.numbers):
            if place:
                written.append(BLANK)
            linked = section.title.startswith("where")
            if linked:
                written.append((Span(section.title, "label"),))
            several = place > 0 or len(section.statements) > 1
            write = partial(self._equations.lines, compact=self.brief and several)
            sample = ""
            for each in section.statements:
                one = each if isinstance(each, Equation) else each.mistaken
                if not linked and sample_of(one, self.symbols) != sample:
                    sample = sample_of(one, self.symbols)
                    written.append((Span(sample, "label"),))
                written += self.statement(each, write)
            if section.omitted:
                written.append((Span(f"… {section.omitted} more like these", "label"),))
        return written

    def _matrix(self, explanation: Explanation, equation: Equation) -> list[TextLine]:
        return self._matrices.lines(equation, explanation.place_in(equation.left.name))

    def statement(
        self,
        statement: Statement,
        write: Callable[[Equation], list[TextLine]],
        form: Form = "scalar",
    ) -> list[TextLine]:
        """An equation; or what sets a mistaken one apart from the correct one, then both."""
        if isinstance(statement, Equation):
            return self._noted(statement, write(statement), form)
        verdict = [
            line for text in self.verdict(statement, form) for line in wrap(text, self.width)
        ]
        return [
            *((Span(text, "warning"),) for text in verdict),
            (Span(statement.heading, "heading"),),
            *self._noted(statement.mistaken, write(statement.mistaken), form),
            (Span("correct", "heading"),),
            *write(statement.correct),
        ]

    def _noted(self, equation: Equation, lines: list[TextLine], form: Form) -> list[TextLine]:
        """The lines of an equation with its note: behind the first one, or above where it's long.

        Code has it as a comment already.
        """
        if not equation.note or form == "numpy":
            return lines
        line = [*lines[0]]
        while not line[-1].text.strip():  # what keeps columns in line
            line.pop()
        first = (*line, Span(" " * LABEL_GAP + equation.note, "label"))
        if len(plain(first)) <= self.width:
            return [first, *lines[1:]]
        above = wrap(equation.note, self.width)
        return [*((Span(text, "label"),) for text in above), *lines]

    def verdict(self, comparison: Comparison, form: Form = "scalar") -> list[str]:
        """By how much the two sides differ, and which of their parts."""
        mistaken, correct = comparison.mistaken, comparison.correct
        first, second = mistaken.array, correct.array
        written: list[str] = []
        if np.array_equal(first, second, equal_nan=True):
            written.append("both give the same value here")
        elif first.ndim == 0:
            told = _apart(float(first), float(second), comparison.heading)
            written.append(f"{told[0].upper()}{told[1:]}")
        else:
            with np.errstate(invalid="ignore"):
                apart = np.nan_to_num(np.abs(first - second), nan=-1.0)
            # the first of those that are as far apart but for rounding
            far = np.unravel_index((apart >= apart.max() * (1.0 - 1e-9)).argmax(), first.shape)
            name = self.symbols.text(
                replace(mistaken.left, index=tuple(int(each) for each in far), new=False)
            )
            told = _apart(float(first[far]), float(second[far]), comparison.heading)
            written.append(f"Largest difference in {name}: {told}")
        parts = (self.difference(each, comparison, form) for each in comparison.differences)
        return [*written, *dict.fromkeys(parts)]  # once, not for every sample

    def difference(
        self, difference: Difference, comparison: Comparison, form: Form = "scalar"
    ) -> str:
        """``w6 (weight_2[1][0]) should be w7 (weight_2[0][1])``."""
        there = self._named(difference.mistaken, comparison.mistaken, form)
        right = self._named(difference.correct, comparison.correct, form)
        if there and right:
            return f"{there} should be {right}"
        return f"{there} should not be there" if there else f"{right} is missing"

    def _named(self, parts: Sequence[Expression], equation: Equation, form: Form) -> str:
        written: list[str] = []
        for part in parts:
            if form == "matrix":
                written.append(self._matrices.symbols_of(part, equation))
            elif form == "numpy":
                new = isinstance(part, Quantity) and self.symbols.is_new(part)
                code = expression_code(part, self.symbols, PRODUCT)
                written.append(f"{code} after its update" if new else code)
            else:
                level = SUM if isinstance(part, Negative) else PRODUCT
                tokens = Printer(self.symbols, equation.scope).tokens(part, level)
                text = "".join(token.symbol for token in tokens)
                position = self.symbols.position(part) if isinstance(part, Quantity) else ""
                written.append(f"{text} ({position})" if position else text)
        return {"matrix": self.symbols.signs.elementwise, "numpy": " * "}.get(
            form, self.symbols.signs.times
        ).join(written)

    def _code(self, explanation: Explanation, equation: Equation) -> list[TextLine]:
        """The line of code, the same with numbers where they are few, and the result."""
        node, left = equation.expression, equation.left
        name, wanted = self.symbols.code(left.name), explanation.place_in(left.name)
        code = folded(remarked(equation, self.symbols), self.width)
        lines: list[TextLine] = [(Span(text, "code"),) for text in code]
        arrays = [np.asarray(equation.scope.value(each)) for each in quantities(node)]
        indent = " " * (len(name) + 1)
        if isinstance(node, Quantity):
            pass
        elif all(each.size <= MOST_CODE_NUMBERS for each in arrays):
            text = expression_code(node, self.symbols, numbers=equation)
            lines += _broken(f"{indent}= {text}", self.width, len(indent) + 2)
        else:
            shapes = [
                f"{self.symbols.code(each.name)} {array.shape}"
                for each, array in zip(quantities(node), arrays, strict=True)
                if array.ndim
            ]
            lines += _broken(f"{indent}# {', '.join(shapes)}", self.width, len(indent) + 2)
        columns = max(self.width - len(indent) - 3, 20)
        result = array_lines(equation.array, self.value_digits, columns)
        for place, text in enumerate(result):
            start = f"{indent}= " if not place else " " * (len(indent) + 2)
            lines.append((Span(start, "operator"), Span(text, "value")))
        if wanted is not None:
            value = float(equation.array[wanted])
            place_text = ", ".join(map(str, wanted))
            lines.append(
                (
                    Span(f"{name}[{place_text}] ", "name"),
                    Span("= ", "operator"),
                    Span(number(value, self.value_digits), "selected"),
                )
            )
        return lines


def _apart(mistaken: float, correct: float, heading: str) -> str:
    """``published 0.00103, correct 0.00177 (58.2 %, off by -0.00074)``."""
    off = f"off by {number(mistaken - correct)}"
    if 0.0 not in (mistaken, correct) and np.isfinite(ratio := mistaken / correct):
        times = f"{100.0 * ratio:.3g} %" if abs(ratio) < 10.0 else f"{ratio:.3g} times"
        off = f"{times}, {off}"
    return f"{heading.removeprefix('as ')} {number(mistaken)}, correct {number(correct)} ({off})"


def _filled(text: str) -> Callable[[re.Match[str]], str]:
    """Carets for a gap between carets where ``text`` has blanks too."""

    def fill(gap: re.Match[str]) -> str:
        blank = not text[gap.start() : gap.end()].strip()
        return ("^" if blank else " ") * len(gap[0])

    return fill


def _broken(text: str, width: int, indent: int) -> list[TextLine]:
    """A long line of code, broken behind blanks."""
    lines: list[TextLine] = []
    while len(text) > width:
        cut = text.rfind(" ", indent + 1, width)
        if cut < 0:
            break
        lines.append((Span(text[:cut], "number"),))
        text = " " * indent + text[cut + 1 :]
    return [*lines, (Span(text, "number"),)]


def with_carets(lines: Iterable[TextLine]) -> list[str]:
    """Plain text in which a line of carets stands under what is marked."""
    written: list[str] = []
    for line in lines:
        written.append(plain(line))
        if any(span.marked for span in line):
            carets = "".join(("^" if span.marked else " ") * len(span.text) for span in line)
            # blanks that keep columns in line, between parts that are marked
            joined = re.sub(r"(?<=\^) {1,8}(?=\^)", _filled(written[-1]), carets)
            written.append(joined.rstrip())
    return written
