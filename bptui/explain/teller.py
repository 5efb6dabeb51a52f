"""The one walk through an explanation: what is told of it, in which order, in every format."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import Generic, Literal, TypeAlias, TypeVar

import numpy as np

from bptui.explain.chain import Chain
from bptui.explain.equation import Comparison, Equation, Statement, equations
from bptui.explain.explain import Explanation, Section
from bptui.explain.symbols import Symbols

Form: TypeAlias = Literal["scalar", "matrix", "numpy"]
FORMS: tuple[Form, ...] = ("scalar", "matrix", "numpy")
T = TypeVar("T")
"""What is told in: lines of text, blocks of a document."""


class Teller(ABC, Generic[T]):
    """Tells explanations in pieces, each written in the way of a format."""

    symbols: Symbols
    brief = False
    """Whether values stand behind the numbers, but for the first equation of several sections, and
    all reasons but the first behind the equations."""
    why_last = False
    """Whether the first reason is there, too, and the first equation right below its link."""
    apart = False
    """Whether samples are set apart."""

    @abstractmethod
    def chain(self, chain: Chain) -> list[T]:
        """Write the links of a gradient."""

    @abstractmethod
    def why(self, *reasons: str) -> list[T]:
        """Write reasons, if there are any."""

    @abstractmethod
    def reason(self, link: str, why: str, form: Form) -> list[T]:
        """Write the link of the chain rule that an array is, and why."""

    @abstractmethod
    def label(self, text: str) -> list[T]:
        """Write what stands above or below equations, if it is anything."""

    @abstractmethod
    def gap(self) -> list[T]:
        """Set apart what follows."""

    @abstractmethod
    def verdict(self, comparison: Comparison, form: Form) -> list[T]:
        """Write by how much an equation and the correct one differ, and in which parts."""

    @abstractmethod
    def equation(
        self,
        equation: Equation,
        heading: str = "",
        chain: Chain | None = None,
        behind: bool = False,
    ) -> list[T]:
        """Write the numbers of an equation; the product that a ``chain`` leads to tells of it.

        ``behind``: the value stands behind the numbers where it fits.
        """

    @abstractmethod
    def array(
        self, equation: Equation, heading: str, explanation: Explanation, form: Form
    ) -> list[T]:
        """Write the equation of an array."""

    def pieces(self, explanation: Explanation, form: Form) -> Iterator[T]:
        """Yield an explanation piece by piece."""
        if form != "scalar":
            for place, statement in enumerate(explanation.arrays):
                link, why = explanation.links.get(statement.left.name, ("", ""))
                yield from self.gap() if place else []
                yield from [] if explanation.silent else self.reason(link, why, form)
                write = partial(self.array, explanation=explanation, form=form)
                yield from self._statement(statement, form, write)
            return
        last: list[T] = []
        if not explanation.silent and not any(each.chains for each in explanation.numbers):
            for link, why in explanation.links.values():
                yield from self.reason(link, "" if self.why_last else why, form)
                last += self.why(why) if self.why_last else []
        for place, section in enumerate(explanation.numbers):
            yield from self._section(section, place)
        yield from last

    def _section(self, section: Section, place: int) -> Iterator[T]:
        several = place > 0 or len(section.statements) > 1
        for group, (label, statements) in enumerate(section.groups(self.symbols)):
            begins = not group and (place > 0 or not self.why_last)
            yield from self.gap() if begins or (self.apart and group) else []
            yield from self.label(label)
            for statement in statements:
                chain = section.chains.get(statement)
                yield from self._led(statement, chain, self.brief and several)
        if section.omitted:
            yield from self.label(f"… {section.omitted} more like these")
        for chain in section.chains.values() if self.brief else ():
            yield from [] if chain.derived or chain.silent else self.why(*chain.why[1:])

    def _led(
        self, statement: Statement, chain: Chain | None, behind: bool, told: Sequence[str] = ()
    ) -> Iterator[T]:
        """Yield a statement behind the links that lead to it and the reasons that are not told."""
        write = partial(self.equation, behind=behind)
        if chain is None:
            yield from self._statement(statement, "scalar", write)
            return
        now = chain.why[:1] if self.brief or chain.derived else chain.why
        why = [] if chain.silent else self.why(*(why for why in now if why not in told))
        yield from [] if chain.silent else self.chain(chain)
        yield from [] if self.why_last else why
        if chain.before is not None:
            delta, own = chain.before
            yield from [] if chain.silent else self.gap()
            yield from self.label(next(iter(equations(delta).values())).sample(self.symbols))
            yield from self._led(delta, own, behind, chain.why)
            yield from self.gap()
        if chain.derived is not None and np.isfinite(chain.derived.value):
            yield from self.equation(chain.derived)
        if chain.derived is not None and not chain.silent:
            yield from self.why(*chain.why[1:])
        yield from self._statement(statement, "scalar", partial(write, chain=chain))
        yield from why if self.why_last else []

    def _statement(
        self, statement: Statement, form: Form, write: Callable[[Equation, str], list[T]]
    ) -> Iterator[T]:
        """Yield an equation; or what sets a mistaken one apart from the correct, then both."""
        if isinstance(statement, Comparison):
            yield from self.verdict(statement, form)
        for heading, equation in equations(statement).items():
            yield from write(equation, heading)
