"""Explanations as lines of text, in the three forms."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from functools import partial
from textwrap import wrap
from typing import Literal, TypeAlias

import numpy as np

from bptui.core.arrays import Array
from bptui.core.graph.node import PRODUCT, SUM
from bptui.explain.equation import Comparison, Difference, Equation, Statement, equations
from bptui.explain.explain import Explanation
from bptui.explain.expression import Expression, Quantity, Scope, is_op, quantities
from bptui.explain.lines import LABEL_GAP, EquationWriter, Span, TextLine, aligned, plain
from bptui.explain.printer import NumpyPrinter, Printer, number, symbols_of
from bptui.explain.symbols import Symbols

Form: TypeAlias = Literal["scalar", "matrix", "numpy"]
FORMS: tuple[Form, ...] = ("scalar", "matrix", "numpy")
MOST_CODE_NUMBERS = 12
"""Numbers of an array that are put into a line of code."""
BLANK: TextLine = ()
MOST_PRINTED = 32
"""Numbers of an array that are printed whole."""
_EDGES = [0, 1, -2, -1]


def digits_of(value: float) -> str:
    """Write the shortest digits that read back as ``value``; 2 for 2.0."""
    return repr(value).removesuffix(".0")


class Report(EquationWriter):
    """Writes explanations into ``width`` columns; see :class:`EquationWriter` for the digits.

    ``brief`` puts values behind the numbers, but for the first equation of several sections.
    """

    def lines(self, explanation: Explanation, form: Form) -> list[TextLine]:
        """Return the explanation in one of the forms."""
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
        """Return the equations on single numbers, by section and by sample."""
        written: list[TextLine] = []
        for place, section in enumerate(explanation.numbers):
            if place:
                written.append(BLANK)
            linked = section.title.startswith("where")
            if linked:
                written.append((Span(section.title, "label"),))
            several = place > 0 or len(section.statements) > 1
            write = partial(self.numbers, compact=self.brief and several)
            before = ""
            for statement in section.statements:
                sample = next(iter(equations(statement).values())).sample(self.symbols)
                if not linked and sample != before:
                    before = sample
                    written.append((Span(sample, "label"),))
                written += self.statement(statement, write)
            if section.omitted:
                written.append((Span(f"… {section.omitted} more like these", "label"),))
        return written

    def _matrix(self, explanation: Explanation, equation: Equation) -> list[TextLine]:
        return self.matrices(equation, explanation.place_in(equation.left.name))

    def statement(
        self,
        statement: Statement,
        write: Callable[[Equation], list[TextLine]],
        form: Form = "scalar",
    ) -> list[TextLine]:
        """Return an equation; or what sets a mistaken one apart from the correct, then both."""
        if isinstance(statement, Equation):
            return self._noted(statement, write(statement), form)
        told = [line for text in self.verdict(statement, form) for line in wrap(text, self.width)]
        written: list[TextLine] = [(Span(text, "warning"),) for text in told]
        for heading, equation in equations(statement).items():
            written.append((Span(heading, "heading"),))
            written += self._noted(equation, write(equation), form)
        return written

    def _noted(self, equation: Equation, lines: list[TextLine], form: Form) -> list[TextLine]:
        """Return the lines of an equation with its note: behind the first one, or above.

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
        """Say by how much the two sides differ, and which of their parts."""
        mistaken, correct = comparison.mistaken, comparison.correct
        first, second = mistaken.array, correct.array
        if np.array_equal(first, second, equal_nan=True):
            told = "both give the same value here"
        elif first.ndim == 0:
            told = _apart(float(first), float(second), comparison.heading)
            told = f"{told[0].upper()}{told[1:]}"
        else:
            with np.errstate(invalid="ignore"):
                apart = np.nan_to_num(np.abs(first - second), nan=-1.0)
            # the first of those that are as far apart but for rounding
            far = np.unravel_index((apart >= apart.max() * (1.0 - 1e-9)).argmax(), first.shape)
            place = tuple(map(int, far))
            name = self.symbols.text(replace(mistaken.left, index=place, new=False))
            told = _apart(float(first[far]), float(second[far]), comparison.heading)
            told = f"Largest difference in {name}: {told}"
        return [told, *self.differences(comparison, form)]

    def differences(self, comparison: Comparison, form: Form) -> list[str]:
        """Say each difference once, not for every sample."""
        told = (self.difference(each, comparison, form) for each in comparison.differences)
        return [*dict.fromkeys(told)]

    def difference(
        self, difference: Difference, comparison: Comparison, form: Form = "scalar"
    ) -> str:
        """Write ``w6 (weight_2[1][0]) should be w7 (weight_2[0][1])``."""
        there = self._named(difference.mistaken, comparison.mistaken, form)
        right = self._named(difference.correct, comparison.correct, form)
        if there and right:
            return f"{there} should be {right}"
        return f"{there} should not be there" if there else f"{right} is missing"

    def _named(self, parts: Sequence[Expression], equation: Equation, form: Form) -> str:
        kind = NumpyPrinter if form == "numpy" else Printer
        printer = kind(self.symbols, equation.scope)
        written: list[str] = []
        for part in parts:
            alone = form == "scalar" and is_op(part, "negative")
            text = symbols_of(printer.tokens(part, SUM if alone else PRODUCT))
            if isinstance(part, Quantity) and form == "numpy" and self.symbols.is_new(part):
                text += " after its update"
            if isinstance(part, Quantity) and form == "scalar":
                position = self.symbols.position(part)
                text += f" ({position})" if position else ""
            written.append(text)
        return printer.times(form == "matrix").join(written)

    def _code(self, explanation: Explanation, equation: Equation) -> list[TextLine]:
        """Return the line of code, the same with numbers where they are few, and the result."""
        node, left = equation.expression, equation.left
        name, wanted = self.symbols.code(left.name), explanation.place_in(left.name)
        code = folded(remarked(equation, self.symbols), self.width)
        lines: list[TextLine] = [(Span(text, "code"),) for text in code]
        read = {each: np.asarray(equation.scope.value(each)) for each in quantities(node)}
        indent = " " * (len(name) + 1)
        if all(array.size <= MOST_CODE_NUMBERS for array in read.values()):
            text = f"= {expression_code(node, self.symbols, numbers=equation)}"
        else:
            shapes = [
                f"{self.symbols.code(each.name)} {array.shape}"
                for each, array in read.items()
                if array.ndim
            ]
            text = f"# {', '.join(shapes)}"
        if not isinstance(node, Quantity):
            lines += _broken(indent + text, self.width, len(indent) + 2)
        columns = max(self.width - len(indent) - 3, 20)
        for place, text in enumerate(array_lines(equation.array, self.value_digits, columns)):
            start = f"{indent}= " if not place else " " * (len(indent) + 2)
            lines.append((Span(start, "operator"), Span(text, "value")))
        if wanted is not None:
            start = f"{name}[{', '.join(map(str, wanted))}] "
            value = number(float(equation.array[wanted]), self.value_digits)
            lines.append((Span(start, "name"), Span("= ", "operator"), Span(value, "selected")))
        return lines


def _apart(mistaken: float, correct: float, heading: str) -> str:
    """Write ``published 0.00103, correct 0.00177 (58.2 %, off by -0.00074)``."""
    off = f"off by {number(mistaken - correct)}"
    if 0.0 not in (mistaken, correct) and np.isfinite(ratio := mistaken / correct):
        times = f"{100.0 * ratio:.3g} %" if abs(ratio) < 10.0 else f"{ratio:.3g} times"
        off = f"{times}, {off}"
    return f"{heading.removeprefix('as ')} {number(mistaken)}, correct {number(correct)} ({off})"


def _broken(text: str, width: int, indent: int) -> list[TextLine]:
    """Return a long line of code, broken behind blanks."""
    lines: list[TextLine] = []
    while len(text) > width:
        cut = text.rfind(" ", indent + 1, width)
        if cut < 0:
            break
        lines.append((Span(text[:cut], "number"),))
        text = " " * indent + text[cut + 1 :]
    return [*lines, (Span(text, "number"),)]


def with_carets(lines: Iterable[TextLine]) -> list[str]:
    """Return plain text in which a line of carets stands under what is marked."""
    written: list[str] = []
    for line in lines:
        text = plain(line)
        written.append(text)
        if any(span.marked for span in line):
            carets = "".join(("^" if span.marked else " ") * len(span.text) for span in line)

            def filled(gap: re.Match[str], text: str = text) -> str:
                blank = not text[gap.start() : gap.end()].strip()
                return ("^" if blank else " ") * len(gap[0])

            # blanks that keep columns in line, between parts that are marked
            written.append(re.sub(r"(?<=\^) {1,8}(?=\^)", filled, carets).rstrip())
    return written


# code


def assignment(equation: Equation, symbols: Symbols) -> str:
    """Write ``gW1 = input.T @ delta_h``: needs numpy as np and the names that it reads."""
    return f"{symbols.code(equation.left.name)} = {expression_code(equation.expression, symbols)}"


def remarked(equation: Equation, symbols: Symbols, *remarks: str) -> str:
    """Write the assignment with ``remarks`` and what else is to be said of it as a comment."""
    new = [read.name for read in quantities(equation.expression) if symbols.is_new(read)]
    updated = f"{', '.join(dict.fromkeys(new))} after the update" if new else ""
    said = ", ".join(filter(None, [*remarks, updated, equation.note]))
    return f"{assignment(equation, symbols)}{f'  # {said}' if said else ''}"


def expression_code(
    node: Expression, symbols: Symbols, level: int = SUM, numbers: Equation | None = None
) -> str:
    """Write Python for an expression on arrays; with ``numbers`` values in place of names."""
    scope = Scope({}, {}) if numbers is None else numbers.scope
    return NumpyPrinter(symbols, scope, numbers=numbers is not None).code(node, level)


def array_lines(array: Array, digits: int = 7, columns: int = 75) -> list[str]:
    """Write the array much as numpy prints it in so many columns, large ones with dots."""
    if array.ndim == 0:
        return [f"{float(array):.{digits}g}"]
    seen = array
    if array.size > MOST_PRINTED:
        for axis in range(array.ndim):
            seen = seen.take(_EDGES, axis, mode="wrap")
    texts = [f"{value:.{digits}g}" for value in seen.ravel().tolist()]
    padded = dict(zip(texts, aligned(texts), strict=True))
    text = np.array2string(
        array,
        separator=", ",
        max_line_width=columns,
        threshold=MOST_PRINTED,
        edgeitems=2,
        prefix="array(",
        formatter={"float_kind": lambda value: padded[f"{value:.{digits}g}"]},
    )
    return f"array({text})".split("\n")


def folded(code: str, width: int) -> list[str]:
    """Write a long assignment over several lines, in parentheses, so that it stays one."""
    if len(code) <= width:
        return [code]
    name, _, expression = code.partition(" = ")
    expression, hash_sign, remark = expression.partition("  # ")
    inner = wrap(expression, width - 4, break_long_words=False, break_on_hyphens=False)
    return [
        f"{name} = ({hash_sign}{remark}",
        *(f"    {line}" for line in inner),
        ")",
    ]
