"""The one walk through an explanation: what is told of it, in which order, in every format."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Literal, NamedTuple, TypeAlias

import numpy as np

from bptui.explain.chain import Chain
from bptui.explain.equation import CORRECT, Equation
from bptui.explain.explain import Explanation, Section
from bptui.explain.symbols import Symbols

Form: TypeAlias = Literal["scalar", "matrix", "numpy"]
FORMS: tuple[Form, ...] = ("scalar", "matrix", "numpy")


class Piece(NamedTuple):
    """What is told next: reasons, a link and its reason, what stands above an equation, or it.

    The value of an equation may stand ``behind`` its numbers; a ``chain`` tells what they are.
    """

    kind: Literal["chain", "why", "link", "label", "gap", "verdict", "equation"]
    texts: Sequence[str] = ()
    equation: Equation | None = None
    chain: Chain | None = None
    behind: bool = False


GAP = Piece("gap")


class Walk(NamedTuple):
    """How explanations are told.

    ``brief`` puts values behind the numbers, but for the first equation of several sections, and
    all reasons but the first behind the equations; with ``why_last`` that one is there, too, and
    the first equation stands right below its link.
    """

    symbols: Symbols
    brief: bool = False
    why_last: bool = False

    def pieces(self, explanation: Explanation, form: Form) -> Iterator[Piece]:
        """Yield an explanation in a form, piece by piece."""
        if form != "scalar":
            for place, statement in enumerate(explanation.arrays):
                yield from [GAP] if place else []
                if not explanation.silent:
                    yield Piece("link", statement.link or ("", ""))
                yield from self._statement(statement)
            return
        every = (each for section in explanation.numbers for each in section.statements)
        told = explanation.silent or any(each.chain for each in every)
        links = [] if told else [each.link for each in explanation.arrays if each.link]
        yield from (Piece("link", (link, "" if self.why_last else why)) for link, why in links)
        for place, section in enumerate(explanation.numbers):
            yield from self._section(section, place)
        yield from (Piece("why", [why]) for _, why in links if self.why_last)

    def _section(self, section: Section, place: int) -> Iterator[Piece]:
        behind = self.brief and (place > 0 or len(section.statements) > 1)
        yield from [GAP] if place or not self.why_last else []
        for label, statements in section.groups(self.symbols):
            yield Piece("label", [label])
            for statement in statements:
                yield from self._led(statement, behind)
        if section.omitted:
            yield Piece("label", [f"… {section.omitted} more like these"])
        for statement in section.statements if self.brief else ():
            chain = statement.chain
            if chain and not chain.derived and not chain.silent:
                yield Piece("why", chain.why[1:])

    def _led(self, statement: Equation, behind: bool, told: Sequence[str] = ()) -> Iterator[Piece]:
        """Yield a statement behind the links that lead to it and the reasons that are not told."""
        chain = statement.chain
        if chain is None:
            yield from self._statement(statement, behind)
            return
        now = chain.why[:1] if self.brief or chain.derived else chain.why
        why = [Piece("why", [why for why in now if why not in told])] * (not chain.silent)
        yield from [] if chain.silent else [Piece("chain", chain=chain)]
        yield from [] if self.why_last else why
        if chain.before is not None:
            yield from [] if chain.silent else [GAP]
            yield Piece("label", [chain.before.sample(self.symbols)])
            yield from self._led(chain.before, behind, chain.why)
            yield GAP
        if chain.derived is not None and np.isfinite(chain.derived.value):
            yield Piece("equation", [""], chain.derived)
        if chain.derived is not None and not chain.silent:
            yield Piece("why", chain.why[1:])
        yield from self._statement(statement, behind)
        yield from why if self.why_last else []

    def _statement(self, statement: Equation, behind: bool = False) -> Iterator[Piece]:
        """Yield an equation; or what sets a mistaken one apart from the correct, then both."""
        if statement.correct:
            yield Piece("verdict", equation=statement)
        for heading, equation in statement.sides.items():
            own = statement.chain if heading in ("", CORRECT) else None
            yield Piece("equation", [heading], equation, own, behind=behind)
