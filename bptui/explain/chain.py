"""The chain rule before the numbers: on which paths a quantity reaches the loss, link by link.

The links are read from the formulas of the backward pass, which the graph made by the chain rule:
what a gradient takes of another one is the derivative that lies between them.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import NamedTuple, TypeAlias

from bptui.core.network import Network
from bptui.explain.equation import Equation
from bptui.explain.expression import (
    ONE,
    UNITS,
    Activated,
    Apply,
    Constant,
    Expression,
    Quantity,
    Rest,
    Scope,
    Series,
    Stable,
    times,
)
from bptui.explain.formulas import StepFormulas, element, series
from bptui.explain.symbols import Symbols

LOSS = Quantity("loss", ())
PASSED_ON = ("delta", "out_gradient")
"""Kinds of gradients that earlier ones are computed from."""
LETTERS = "jkmpqr"
"""Count the units of the layers that are summed over, from the last one back."""


def ratio(above: str, below: str) -> str:
    """Write a derivative in a line."""
    return f"d{above}/d{below}"


class Factor(NamedTuple):
    """The link d ``above`` / d ``below`` and its value; ``word`` for one that has no name.

    ``gradient`` is the one that it is, where ``above`` is the loss.
    """

    above: Quantity
    below: Quantity
    value: Expression
    word: str = "slope"
    gradient: Quantity | None = None


Path: TypeAlias = tuple[Factor, ...]
"""The factors from the loss to a quantity."""


class Written(NamedTuple):
    """A factor as it is written, and the names of its values; a word where they have none.

    ``stands`` are the quantities, of all paths, that it is or is made of.
    """

    text: str
    values: tuple[str, ...]
    word: str
    stands: tuple[Quantity, ...]


@dataclass(frozen=True, eq=False)
class Chain:
    """The paths from the loss to ``of``: several where one quantity feeds several others.

    ``added`` comes from elsewhere (the penalty's slope), ``why`` gives the reasons. Where the
    gradient is computed in a shorter way, ``derived`` is what it is before anything cancels.
    ``short`` is how such gradients that the paths begin with are written, ``before`` how the first
    of them is made.
    """

    gradient: Quantity
    of: Quantity
    paths: tuple[Path, ...]
    scope: Scope
    over_samples: bool = False
    added: Expression | None = None
    derived: Equation | None = None
    short: Mapping[Expression, Expression] = field(default_factory=dict)
    before: Equation | None = None
    why: tuple[str, ...] = ()
    silent: bool = False
    """Whether the links and reasons are written elsewhere."""
    untrue: bool = False
    """Whether a mistake makes the gradient something else than what it is called."""

    @property
    def called(self) -> tuple[Quantity, ...]:
        """Return the gradient, if it is what it should be."""
        return () if self.untrue else (self.gradient,)

    def at(self, scope: Scope) -> Chain:
        """Return the same chain with the numbers of another step."""
        derived = None if self.derived is None else replace(self.derived, scope=scope)
        return replace(self, scope=scope, derived=derived)

    @cached_property
    def letters(self) -> dict[str, str]:
        """Return the letter that counts its units for every array of which there are several."""
        units: dict[str, list[int]] = {}
        for path in self.paths:
            for quantity in dict.fromkeys(each for link in path for each in link[:2]):
                if quantity.index:
                    units.setdefault(quantity.name, []).append(quantity.index[-1])
        made: dict[tuple[int, ...], str] = {}
        found: dict[str, str] = {}
        for name, each in units.items():
            if len({*each}) > 1:  # what has the same unit on every path shares its letter
                found[name] = made.setdefault((*each,), LETTERS[len(made) % len(LETTERS)])
        _, below, value, *_ = self.paths[0][0]
        if isinstance(value, Quantity) and below.name in found:
            found[value.name] = found[below.name]  # delta_oj is dL/dnet_oj
        return found

    @property
    def sums(self) -> list[str]:
        """Return what is summed over: samples (n), then units, from the first layer on."""
        return ["n"] * self.over_samples + [*dict.fromkeys(self.letters.values())][::-1]

    def written(
        self, name: Callable[[Quantity], str], ratio: Callable[[str, str], str]
    ) -> list[Written]:
        """Return the factors that all paths have; of a single one there is nothing to write."""

        def text(quantity: Quantity) -> str:
            letter = self.letters.get(quantity.name)
            if letter is None or not quantity.index:
                return name(quantity)
            first = Quantity(quantity.name, (*quantity.index[:-1], 0))
            return re.sub(r"1(\}*)$", rf"{letter}\1", name(first))

        found: list[Written] = []
        for links in zip(*self.paths, strict=True) if len(self.paths[0]) > 1 else ():
            values = dict.fromkeys(link.value for link in links)
            factor = ratio(text(links[0].above), text(links[0].below))
            every = (text(value) for value in values if isinstance(value, Quantity))
            names = tuple(name for name in dict.fromkeys(every) if name != factor)
            if len(names) > 1 and "," in names[0]:  # weights called by their ends: W2[h1, oj]
                ends = [self.letters.get(end.name, "") for end in links[0][1::-1]]
                names = tuple(dict.fromkeys(_with_ends(name, *ends) for name in names))
            word = "1" if links[0].value == ONE else links[0].word
            stands = dict.fromkeys(
                link.gradient or next(iter(link.value.quantities(written=True)), link.below)
                for link in links
            )
            found.append(Written(factor, names, word, (*stands,)))
        return found


class ChainRule:
    """Finds the links of gradients in the formulas of a step."""

    def __init__(self, network: Network, formulas: StepFormulas, scope: Scope) -> None:
        self.names, self.formulas, self.scope = network.names, formulas, scope
        self.places = Symbols(self.names).places
        self.sources = {gradient: name for name, gradient in network.gradients.items()}
        """What gradients are taken with respect to."""
        fused = formulas.last_link is not None
        self.shortened = self.names.delta(network.depth) if fused else ""
        """The delta that is computed without the loss's own slope."""

    def chain(self, gradient: Quantity, samples: int, *, far: bool) -> Chain | None:
        """Return the chain of a gradient's number, of sample 1 of so many; None for others.

        ``far``: all the way to the loss, else to the gradients that it is computed from.
        """
        if not self.is_gradient(gradient.name) or gradient.index is None:
            return None
        paths = tuple(self.paths(gradient, far=far))
        several = self.places[gradient.name].kind not in PASSED_ON and samples > 1
        added, derived = self.added(gradient), self.derived(gradient)
        return Chain(gradient, self.of(gradient), paths, self.scope, several, added, derived)

    def is_gradient(self, name: str) -> bool:
        """Tell whether an array is a gradient of this step."""
        return name in self.sources and Quantity(name) in self.formulas.every

    def of(self, gradient: Quantity) -> Quantity:
        """Return the quantity that a gradient is taken with respect to."""
        return Quantity(self.sources[gradient.name], gradient.index)

    def paths(self, gradient: Quantity, sample: int | None = 0, *, far: bool) -> Iterator[Path]:
        """Yield the paths of one sample, or of all, from the loss to a number."""
        of, formula = self.of(gradient), self._formula(gradient)
        passed_on = self._passed_on(formula)
        if not passed_on:
            yield (Factor(LOSS, of, formula, self._word(gradient), gradient),)
        for upstream in passed_on:
            elsewhere = sample is not None and (upstream.index or (0,))[0] != sample
            if elsewhere and self.places[gradient.name].kind not in PASSED_ON:
                continue
            link = Factor(self.of(upstream), of, coefficient(formula, upstream) or ONE)
            if far and upstream.name != self.shortened:
                yield from ((*path, link) for path in self.paths(upstream, far=True))
            else:
                yield Factor(LOSS, link.above, upstream, self._word(upstream)), link

    def _word(self, gradient: Quantity) -> str:
        """Return what a gradient is that no other one goes into; nothing for others."""
        formula = self._formula(gradient)
        if self._passed_on(formula):
            return ""
        return "error" if _is_error(formula) else "slope of L"

    def added(self, gradient: Quantity) -> Expression | None:
        """Return what a gradient has beside what comes along its paths: the penalty's slope."""
        formula = self._formula(gradient)
        if not formula.is_op("add") or not self._passed_on(formula):
            return None
        rest = [part for part in formula.parts if not self._passed_on(part)]
        return rest[0] if len(rest) == 1 else Apply("add", tuple(rest)) if rest else None

    def derived(self, gradient: Quantity) -> Equation | None:
        """Return a shortened delta as the sum that it is, the loss's own slopes put in."""
        whole = self._formula(gradient)
        if gradient.name != self.shortened or any(isinstance(e, Rest) for e in whole.walked()):
            return None
        terms = (times(*(link.value for link in path)) for path in self.paths(gradient, far=True))
        return Equation(gradient, series(terms, UNITS), self.scope)

    def _formula(self, gradient: Quantity) -> Expression:
        """Return the formula of a gradient's number by the chain rule."""
        whole, link = self.formulas.every[Quantity(gradient.name)], self.formulas.last_link
        shortened = link if gradient.name == self.shortened else None
        return element(shortened or whole, gradient.index or (), self.scope)

    def _passed_on(self, formula: Expression) -> list[Quantity]:
        """Return the gradients in a formula."""
        return [
            each
            for each in formula.quantities(written=True)
            if each.name in self.places and self.places[each.name].kind in PASSED_ON
        ]


def coefficient(node: Expression, of: Quantity) -> Expression | None:
    """Return what ``of`` is multiplied with in an expression that is linear in it; None for 0."""
    if node == of:
        return ONE
    if of not in node.quantities(written=True):
        return None
    match node:
        case Activated(_, (_, body)) | Stable((body, _)):
            return coefficient(body, of)
        case Apply("add", parts) | Series(parts):
            found = [each for part in parts if (each := coefficient(part, of)) is not None]
            return found[0] if len(found) == 1 else Apply("add", tuple(found))
        case Apply("negative", (part,)):
            return -(coefficient(part, of) or ONE)
        case Apply("divide", (top, bottom)):
            return Apply("divide", (coefficient(top, of) or ONE, bottom))
        case Apply("multiply", parts):
            factors = [coefficient(part, of) or part for part in parts]
            plain = times(*(part.parts[0] if part.is_op("negative") else part for part in factors))
            odd = sum(part.is_op("negative") for part in factors) % 2
            return -plain if odd else plain
    raise ValueError(f"{of.name} is no factor there")


def _with_ends(weight: str, source: str, destination: str) -> str:
    """Return W2[hk, oj] for W2[h1, o1], of ends that have letters."""
    weight = re.sub(r"\d+(\D*)$", rf"{destination}\1", weight) if destination else weight
    return re.sub(r"\d+(?=\D*,)", source, weight) if source else weight


def _is_error(node: Expression) -> bool:
    """Tell whether an expression is output minus target, whatever constants are at it."""
    match node:
        case Apply("add", (Quantity(), Apply("negative", (Quantity("target"),)))):
            return True
        case Apply("multiply" | "divide", parts):
            rest = [part for part in parts if not isinstance(part, Constant)]
            return len(rest) == 1 and _is_error(rest[0])
    return False
