"""The chain rule in lines of text: the links of a gradient, and what each factor is one of."""

from __future__ import annotations

from collections.abc import Iterator
from textwrap import wrap

import numpy as np

from bptui.explain.chain import Chain, Factor, ratio
from bptui.explain.expression import Quantity, walked
from bptui.explain.formulas import MOST_TERMS
from bptui.explain.lines import Span, TextLine
from bptui.explain.printer import Printer, symbols_of
from bptui.explain.writer import EquationWriter

EQUALS = Span("= ", "operator")


class ChainWriter(EquationWriter):
    """Writes chains, and links of the chain rule, into ``width`` columns."""

    def chain(self, chain: Chain | None) -> list[TextLine]:
        """Return the links of a gradient, below each what it is."""
        if chain is None or chain.silent:
            return []
        lines, derived = self._links(chain), chain.derived
        return lines + self.numbers(derived) if derived and np.isfinite(derived.value) else lines

    def why(self, chain: Chain | None) -> list[TextLine]:
        """Return the reasons for the links of a gradient."""
        return [] if chain is None or chain.silent else self.said("why: ", "; ".join(chain.why))

    def _links(self, chain: Chain) -> list[TextLine]:
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
        for place, (factor, values, word) in enumerate(columns):
            word = ", ".join(values[:MOST_TERMS]) + ", …" * (len(values) > MOST_TERMS) or word
            width, sign = max(len(factor), len(word)), signs.times if place else ""
            if place and used + len(sign) + width > self.width:
                lines += [(*above,), (*below,)]
                above, below, used = [blank], [blank], margin
            above += [Span(sign, "operator"), Span(factor.center(width), "quantity")]
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
        factors = self._factors(chain)
        following = next(factors, None)
        found: list[TextLine] = []
        for line in lines:
            spans: list[Span] = []
            for span in line:
                if following is not None and span.quantity == following[0]:
                    span, following = span._replace(told=following[1]), next(factors, None)
                spans.append(span)
            found.append((*spans,))
        return found

    def _factors(self, chain: Chain) -> Iterator[tuple[Quantity, str]]:
        """Yield the quantities of all factors in their order, and what each is or belongs to."""
        text = self.symbols.text
        for link in (link for path in chain.paths for link in path):
            of = ratio(text(link.above), text(link.below))
            parts = [p for p in walked(link.value, written=True) if isinstance(p, Quantity)]
            for at, part in enumerate(parts, 1):
                place = f" ({parts[:at].count(part)} of {parts.count(part)})"
                several = parts.count(part) > 1
                yield part, self._of_factor(text(part), of, link, part) + place * several

    @staticmethod
    def _of_factor(name: str, of: str, link: Factor, part: Quantity) -> str:
        if link.value == part:
            return f"{name} = {of}" if name != of else of
        return f"{name}: in {of}{f', the {link.word}' if link.word else ''}"
