"""Explanations as lines of text, in the three forms."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from functools import partial
from textwrap import wrap
from typing import Literal, TypeAlias

import numpy as np

from bptui.core.graph.notation import PRODUCT, SUM
from bptui.explain.chain import Chain
from bptui.explain.chain_lines import ChainWriter
from bptui.explain.code import folded
from bptui.explain.equation import Comparison, Equation, Statement, equations
from bptui.explain.explain import Explanation
from bptui.explain.expression import Expression, Index, Quantity, Scope, is_op, quantities
from bptui.explain.lines import Block, Span, TextLine, beside, plain, stripped
from bptui.explain.printer import NumpyPrinter, Printer, number, symbols_of
from bptui.explain.symbols import Symbols
from bptui.explain.writer import LABEL_GAP

Form: TypeAlias = Literal["scalar", "matrix", "numpy"]
FORMS: tuple[Form, ...] = ("scalar", "matrix", "numpy")


class Report(ChainWriter):
    """Writes explanations into ``width`` columns; see :class:`EquationWriter` for the digits.

    ``brief`` puts values behind the numbers, but for the first equation of several sections, and
    all reasons but the first behind the equations; with ``why_last`` that one is there, too, and
    the first equation stands right below its link.
    """

    why_last = False

    def lines(self, explanation: Explanation, form: Form, *, apart: bool = False) -> list[TextLine]:
        """Return the explanation in a form; with ``apart`` a blank line between samples, too."""
        written: list[TextLine] = []
        if form != "scalar":
            for statement in explanation.arrays:
                written += [()] if written else []
                written += self._array(explanation, statement, form)
            return self._with_signs(written)
        last: list[TextLine] = []
        if not explanation.silent and not any(each.chains for each in explanation.numbers):
            for link, why in explanation.links.values():
                written += [*self.link(link), *([] if self.why_last else self.why(why))]
                last += self.why(why) if self.why_last else []
        for place, section in enumerate(explanation.numbers):
            several = place > 0 or len(section.statements) > 1
            behind = self.brief and several
            write = partial(self.numbers, compact=behind)
            for group, (label, statements) in enumerate(section.groups(self.symbols)):
                begins = not group and (place > 0 or not self.why_last)
                written += [()] if written and (apart or begins) else []
                written += [(Span(label, "label"),)] if label else []
                for statement in statements:
                    written += self._led(statement, section.chains.get(statement), write)
            if section.omitted:
                written.append((Span(f"… {section.omitted} more like these", "label"),))
            for chain in section.chains.values() if self.brief else ():
                written += [] if chain.derived or chain.silent else self.why(*chain.why[1:])
        return [*written, *last]

    def _led(
        self,
        statement: Statement,
        chain: Chain | None,
        write: Callable[[Equation], list[TextLine]],
        told: Sequence[str] = (),
    ) -> list[TextLine]:
        """Return a statement behind the links that lead to it and the reasons that are not told."""
        written: list[TextLine] = []
        if chain is None:
            return self.statement(statement, write)
        first, more = chain.why[:1], chain.why[1:]
        now = first if self.brief or chain.derived else chain.why
        why = [] if chain.silent else self.why(*(why for why in now if why not in told))
        if not chain.silent:
            written += [*self.chain(chain), *([] if self.why_last else why)]
        if chain.before is not None:
            delta, own = chain.before
            sample = next(iter(equations(delta).values())).sample(self.symbols)
            written += [()] * (not chain.silent) + [(Span(sample, "label"),)] * bool(sample)
            written += [*self._led(delta, own, write, chain.why), ()]
        if chain.derived is not None and np.isfinite(chain.derived.value):
            written += self.numbers(chain.derived)
        if chain.derived is not None and not chain.silent:
            written += self.why(*more)
        written += self.statement(statement, write, chain=chain)
        return [*written, *(why if self.why_last else [])]

    def _array(self, explanation: Explanation, statement: Statement, form: Form) -> list[TextLine]:
        """Return the equation of an array, its link of the chain rule and the reason."""
        name = statement.left.name
        link, why = explanation.links.get(name, ("", ""))
        wanted = explanation.wanted.get(name)
        write = self._code if form == "numpy" else self.numbers
        lines = self.statement(statement, partial(write, wanted=wanted), form)
        lines = self.linked(lines, link, [*equations(statement).values()][-1])
        if explanation.silent:
            return lines
        if form == "numpy":
            return [*self.said("# ", why), *lines]
        return [*self.link(link), *self.why(why), *lines]

    def _with_signs(self, lines: list[TextLine]) -> list[TextLine]:
        """Say before its first line what a product with ⊙ is, and what a prime stands for."""
        shown = [plain(line) for line in lines]
        first = next((at for at, text in enumerate(shown) if "⊙" in text), None)
        if first is None:
            return lines
        slopes = dict.fromkeys(re.findall(r"(\w+)'\(", "\n".join(shown)))
        told = ["⊙: number by number", *(f"{name}': the slope of {name}" for name in slopes)]
        return [*lines[:first], *self.said("", ", ".join(told)), *lines[first:]]

    def statement(
        self,
        statement: Statement,
        write: Callable[[Equation], list[TextLine]],
        form: Form = "scalar",
        chain: Chain | None = None,
    ) -> list[TextLine]:
        """Return an equation; or what sets a mistaken one apart from the correct, then both.

        The correct one is the product that the ``chain`` leads to.
        """
        if isinstance(statement, Equation):
            return self._noted(statement, self.told(write(statement), chain), form)
        told = [line for text in self.verdict(statement, form) for line in wrap(text, self.width)]
        written: list[TextLine] = [(Span(text, "warning"),) for text in told]
        for heading, equation in equations(statement).items():
            written.append((Span(heading, "heading"),))
            lines = write(equation)
            lines = self.told(lines, chain) if equation is statement.correct else lines
            written += self._noted(equation, lines, form)
        return written

    def _noted(self, equation: Equation, lines: list[TextLine], form: Form) -> list[TextLine]:
        """Return the lines of an equation with its note, which code has as a comment already."""
        if not equation.note or form == "numpy":
            return lines
        first = (*stripped(lines[0]), Span(" " * LABEL_GAP + equation.note, "label"))
        if len(plain(first)) <= self.width:
            return [first, *lines[1:]]
        return [*((Span(text, "label"),) for text in wrap(equation.note, self.width)), *lines]

    # mistakes

    def verdict(self, comparison: Comparison, form: Form) -> list[str]:
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
        """Write ``w6 (W2[1][0]) should be w7 (W2[0][1])``, once for all samples."""
        told: dict[str, None] = {}
        for difference in comparison.differences:
            there = self._named(difference.mistaken, comparison.mistaken, form)
            right = self._named(difference.correct, comparison.correct, form)
            if there and right:
                text = f"{there} should be {right}"
            else:
                text = f"{there} should not be there" if there else f"{right} is missing"
            told[text] = None
        return [*told]

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

    # code

    def _code(self, equation: Equation, wanted: Index | None) -> list[TextLine]:
        node, name = equation.expression, self.symbols.code(equation.left.name)
        code = folded(remarked(equation, self.symbols), self.width)
        read = {self.symbols.code(one.name): one for one in quantities(node)}
        lines = [
            tuple(Span(part, "code", quantity=read.get(part)) for part in re.split(r"\b", text))
            for text in code
        ]
        indent = " " * (len(name) + 1)
        shapes = ((self.symbols.code(q.name), equation.scope.shape(q)) for q in quantities(node))
        words = {*re.findall(r"\w+", " ".join(code))}
        text = ", ".join(f"{name} {shape}" for name, shape in shapes if shape and name in words)
        if text and not isinstance(node, Quantity):
            rows = wrap(
                f"# {text}",
                self.width - len(indent),
                subsequent_indent="  ",
                break_long_words=False,
                break_on_hyphens=False,
            )
            lines += [(Span(indent + row, "number"),) for row in rows]
        start = Block(((Span(f"{indent}= ", "operator"),),), len(indent) + 2)
        return [*lines, *beside([start, self.value(equation, wanted)])]


def _apart(mistaken: float, correct: float, heading: str) -> str:
    """Write ``published 0.00103, correct 0.00177 (58.2 %, off by -0.00074)``."""
    off = f"off by {number(mistaken - correct)}"
    if 0.0 not in (mistaken, correct) and np.isfinite(ratio := mistaken / correct):
        times = f"{100.0 * ratio:.3g} %" if abs(ratio) < 10.0 else f"{ratio:.3g} times"
        off = f"{times}, {off}"
    return f"{heading.removeprefix('as ')} {number(mistaken)}, correct {number(correct)} ({off})"


def with_carets(lines: Iterable[TextLine]) -> list[str]:
    """Return plain text in which a line of carets stands under what is marked."""
    return [text for line in lines for text in (plain(line), *filter(None, [_carets(line)]))]


def _carets(line: TextLine) -> str:
    text = plain(line)
    carets = "".join(("^" if span.marked else " ") * len(span.text) for span in line)

    def filled(gap: re.Match[str]) -> str:
        return gap[0] if text[gap.start() : gap.end()].strip() else "^" * len(gap[0])

    # blanks that keep columns in line, between parts that are marked
    return re.sub(r"(?<=\^) {1,8}(?=\^)", filled, carets).rstrip()


# code


def assignment(equation: Equation, symbols: Symbols) -> str:
    """Write ``gW1 = input.T @ delta_h``: needs numpy as np and the names that it reads."""
    code = NumpyPrinter(symbols, Scope({}, {})).code(equation.expression)
    return f"{symbols.code(equation.left.name)} = {code}"


def remarked(equation: Equation, symbols: Symbols, *remarks: str) -> str:
    """Write the assignment with ``remarks`` and what else is to be said of it as a comment."""
    new = [read.name for read in quantities(equation.expression) if symbols.is_new(read)]
    updated = f"{', '.join(dict.fromkeys(new))} after the update" if new else ""
    said = ", ".join(filter(None, [*remarks, updated, equation.note]))
    return f"{assignment(equation, symbols)}{f'  # {said}' if said else ''}"
