"""Explanations as lines of text, in the three forms."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from textwrap import wrap

import numpy as np

from bptui.core.graph.node import PRODUCT, SUM
from bptui.explain.chain import Chain, Factor, ratio
from bptui.explain.code import folded
from bptui.explain.equation import Equation
from bptui.explain.explain import Explanation
from bptui.explain.expression import Expression, Quantity, Scope
from bptui.explain.formulas import MOST_TERMS
from bptui.explain.lines import Block, Span, TextLine, beside, plain, stripped
from bptui.explain.pieces import Form, Piece, Walk
from bptui.explain.printer import NumpyPrinter, Printer, number, symbols_of
from bptui.explain.symbols import Symbols
from bptui.explain.writer import LABEL_GAP, EquationWriter

EQUALS = Span("= ", "operator")


class Report(EquationWriter):
    """Writes explanations into ``width`` columns; see :class:`EquationWriter` for the digits."""

    why_last = False

    def lines(self, explanation: Explanation, form: Form) -> list[TextLine]:
        """Return the explanation in a form, told as :class:`Walk` says."""
        written: list[TextLine] = []
        for piece in Walk(self.symbols, self.brief, self.why_last).pieces(explanation, form):
            if written or piece.kind != "gap":
                written += self._written(piece, form)
        return written if form == "scalar" else self._with_signs(written)

    def _written(self, piece: Piece, form: Form) -> list[TextLine]:
        match piece:
            case Piece("chain", chain=Chain() as chain):
                return self.chain(chain)
            case Piece("why", reasons):
                return self.why(*reasons)
            case Piece("link", (link, why)):
                numpy = form == "numpy"
                return self.said("# ", why) if numpy else [*self.link(link), *self.why(why)]
            case Piece("label", (text,)):
                return [(Span(text, "label"),)] if text else []
            case Piece("verdict", equation=Equation() as both):
                rows = (row for text in self.verdict(both, form) for row in wrap(text, self.width))
                return [(Span(row, "warning"),) for row in rows]
            case Piece("equation", (heading,), Equation() as equation, chain):
                if form == "scalar":
                    lines = self.told(self.numbers(equation, piece.behind), chain)
                else:
                    write = self._code if form == "numpy" else self.numbers
                    lines = self.linked(write(equation), equation)
                lines = lines if form == "numpy" else self._noted(equation, lines)
                return [(Span(heading, "heading"),), *lines] if heading else lines
        return [()]

    def _with_signs(self, lines: list[TextLine]) -> list[TextLine]:
        """Say before its first line what a product with ⊙ is, and what a prime stands for."""
        shown = [plain(line) for line in lines]
        first = next((at for at, text in enumerate(shown) if "⊙" in text), None)
        if first is None:
            return lines
        slopes = dict.fromkeys(re.findall(r"(\w+)'\(", "\n".join(shown)))
        told = ["⊙: number by number", *(f"{name}': the slope of {name}" for name in slopes)]
        return [*lines[:first], *self.said("", ", ".join(told)), *lines[first:]]

    def _noted(self, equation: Equation, lines: list[TextLine]) -> list[TextLine]:
        if not equation.note:
            return lines
        first = (*stripped(lines[0]), Span(" " * LABEL_GAP + equation.note, "label"))
        if len(plain(first)) <= self.width:
            return [first, *lines[1:]]
        return [*((Span(text, "label"),) for text in wrap(equation.note, self.width)), *lines]

    # the chain rule

    def why(self, *reasons: str) -> list[TextLine]:
        """Return reasons in a sentence."""
        return self.said("why: ", "; ".join(reasons))

    def chain(self, chain: Chain) -> list[TextLine]:
        """Return the links of a gradient, below each what it is."""
        text, signs = self.symbols.text, self.symbols.signs
        columns = chain.written(text, ratio)
        if not columns:
            return []
        names = dict.fromkeys((*map(text, chain.called), f"dL/d{text(chain.of)}"))
        between = "_" if self.symbols.ascii_only else ""
        sums = "".join(f"{signs.total}{between}{letter} " for letter in chain.sums)
        start = [span for each in names for span in (Span(f"{each} ", "name"), EQUALS)]
        start.append(Span(sums, "operator"))
        margin = sum(len(span.text) for span in start)
        blank = Span(" " * margin, "operator")
        lines: list[TextLine] = []
        above, below, used = start, [blank], margin
        for place, (factor, values, word, (first, *others)) in enumerate(columns):
            word = ", ".join(values[:MOST_TERMS]) + ", …" * (len(values) > MOST_TERMS) or word
            told = f"{factor}{' = ' if values or word == '1' else ': '}{word}" if word else ""
            width, sign = max(len(factor), len(word)), signs.times if place else ""
            if place and used + len(sign) + width > self.width:
                lines += [(*above,), (*below,)]
                above, below, used = [blank], [blank], margin
            before, _, after = factor.center(width).partition(factor)
            link = Span(factor, "quantity", quantity=first, told=told, also=(*others,))
            above += [Span(sign + before, "operator"), link, Span(after, "operator")]
            below += [Span(" " * len(sign), "operator"), Span(word.center(width), "label")]
            used += len(sign) + width
        if chain.added is not None:
            tail = symbols_of(Printer(self.symbols, chain.scope).tokens(chain.added))
            above.append(Span(f" + {tail}", "operator"))
        return [*lines, (*above,), (*below,)]

    def link(self, link: str) -> list[TextLine]:
        """Return the link of the chain rule that an array is."""
        return self.said("", link.replace(" * ", self.symbols.signs.times) if "=" in link else "")

    def said(self, heading: str, text: str) -> list[TextLine]:
        """Return a sentence under its heading; nothing where there is none."""
        rows = wrap(text, self.width - len(heading))
        again = heading if heading == "# " else " " * len(heading)
        return [
            (Span(again if place else heading, "heading"), Span(row, "label"))
            for place, row in enumerate(rows)
        ]

    def told(self, lines: list[TextLine], chain: Chain | None) -> list[TextLine]:
        """Return the lines of the product that a chain leads to, each factor told of.

        The quantities in it are those of the factors, path by path.
        """
        if chain is None:
            return lines
        factors, found = [*self._factors(chain)], list[TextLine]()
        for line in lines:
            spans: list[Span] = []
            for span in line:
                at = [k for k, (part, _) in enumerate(factors) if part == span.quantity][:1]
                spans += [span._replace(told=factors[k][1]) for k in at] or [span]
                factors = factors[at[0] + 1 :] if at else factors
            found.append((*spans,))
        return found

    @staticmethod
    def linked(lines: list[TextLine], equation: Equation) -> list[TextLine]:
        """Return the lines of an array's equation, told what belongs to a factor of its link."""
        link, _ = equation.link or ("", "")
        passed_on, _, factor = link.rpartition(" = ")[2].partition(" * ")
        read = equation.expression.quantities()
        if not factor or Quantity(passed_on) not in read:
            return lines
        told = {each: f"{each.name}: in {factor}" for each in read if each.name != passed_on}
        return [
            tuple(s._replace(told=told[s.quantity]) if s.quantity in told else s for s in line)
            for line in lines
        ]

    def _factors(self, chain: Chain) -> Iterator[tuple[Quantity, str]]:
        """Yield the quantities of all factors in their order, and what each is or belongs to."""
        text = self.symbols.text
        for link in (link for path in chain.paths for link in path):
            of = ratio(text(link.above), text(link.below))
            value = chain.short.get(link.value, link.value)
            parts = [p for p in value.walked(written=True) if isinstance(p, Quantity)]
            for at, part in enumerate(parts, 1):
                place = f" ({parts[:at].count(part)} of {parts.count(part)})"
                several = parts.count(part) > 1
                yield part, self._of_factor(text(part), of, link, part) + place * several

    @staticmethod
    def _of_factor(name: str, of: str, link: Factor, part: Quantity) -> str:
        if link.value == part:
            return f"{name} = {of}" if name != of else of
        return f"{name}: in {of}{f', the {link.word}' if link.word else ''}"

    # mistakes

    def verdict(self, both: Equation, form: Form) -> list[str]:
        """Say by how much the two sides differ, and which of their parts."""
        first, second = (side.array for side in both.sides.values())
        if np.array_equal(first, second, equal_nan=True):
            told = "both give the same value here"
        elif first.ndim == 0:
            told = _apart(float(first), float(second), both.heading)
            told = f"{told[0].upper()}{told[1:]}"
        else:
            with np.errstate(invalid="ignore"):
                apart = np.nan_to_num(np.abs(first - second), nan=-1.0)
            # the first of those that are as far apart but for rounding
            far = np.unravel_index((apart >= apart.max() * (1.0 - 1e-9)).argmax(), first.shape)
            place = tuple(map(int, far))
            name = self.symbols.text(replace(both.left, index=place, new=False))
            told = _apart(float(first[far]), float(second[far]), both.heading)
            told = f"Largest difference in {name}: {told}"
        return [told, *self.differences(both, form)]

    def differences(self, both: Equation, form: Form) -> list[str]:
        """Write ``w6 (W2[1][0]) should be w7 (W2[0][1])``, once for all samples."""
        told: dict[str, None] = {}
        for difference in both.differences:
            there, right = (
                self._named(parts, side, form)
                for parts, side in zip(difference, both.sides.values(), strict=True)
            )
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
            alone = form == "scalar" and part.is_op("negative")
            text = symbols_of(printer.tokens(part, SUM if alone else PRODUCT))
            if isinstance(part, Quantity) and form == "numpy" and self.symbols.is_new(part):
                text += " after its update"
            if isinstance(part, Quantity) and form == "scalar":
                position = self.symbols.position(part)
                text += f" ({position})" if position else ""
            written.append(text)
        return printer.times(form == "matrix").join(written)

    # code

    def _code(self, equation: Equation) -> list[TextLine]:
        node, name = equation.expression, self.symbols.code(equation.left.name)
        code = folded(remarked(equation, self.symbols), self.width)
        read = {self.symbols.code(one.name): one for one in node.quantities()}
        lines = [
            tuple(Span(part, "code", quantity=read.get(part)) for part in re.split(r"\b", text))
            for text in code
        ]
        indent = " " * (len(name) + 1)
        shapes = ((self.symbols.code(q.name), equation.scope.shape(q)) for q in node.quantities())
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
        return [*lines, *beside([start, self.value(equation)])]


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
    new = [read.name for read in equation.expression.quantities() if symbols.is_new(read)]
    updated = f"{', '.join(dict.fromkeys(new))} after the update" if new else ""
    said = ", ".join(filter(None, [*remarks, updated, equation.note]))
    return f"{assignment(equation, symbols)}{f'  # {said}' if said else ''}"
