"""The chain rule in lines of text: the links of a gradient, and what each factor is one of."""

from __future__ import annotations

from collections.abc import Iterator
from textwrap import wrap

from bptui.explain.chain import Chain, Factor, ratio
from bptui.explain.equation import Equation
from bptui.explain.expression import Quantity, quantities, walked
from bptui.explain.formulas import MOST_TERMS
from bptui.explain.lines import Span, TextLine
from bptui.explain.printer import Printer, symbols_of
from bptui.explain.writer import EquationWriter

EQUALS = Span("= ", "operator")


class ChainWriter(EquationWriter):
    """Writes chains, and links of the chain rule, into ``width`` columns."""

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
    def linked(lines: list[TextLine], link: str, equation: Equation) -> list[TextLine]:
        """Return the lines of an array's equation, told what belongs to a factor of its link."""
        passed_on, _, factor = link.rpartition(" = ")[2].partition(" * ")
        read = quantities(equation.expression)
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
            parts = [p for p in walked(value, written=True) if isinstance(p, Quantity)]
            for at, part in enumerate(parts, 1):
                place = f" ({parts[:at].count(part)} of {parts.count(part)})"
                several = parts.count(part) > 1
                yield part, self._of_factor(text(part), of, link, part) + place * several

    @staticmethod
    def _of_factor(name: str, of: str, link: Factor, part: Quantity) -> str:
        if link.value == part:
            return f"{name} = {of}" if name != of else of
        return f"{name}: in {of}{f', the {link.word}' if link.word else ''}"
