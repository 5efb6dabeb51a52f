"""Equations, and what is found when one with a mistake is held against the right one."""

from __future__ import annotations

from collections.abc import Callable
from copy import copy
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, NamedTuple, TypeAlias

import numpy as np

from bptui.core.arrays import Array
from bptui.explain.expression import (
    Activated,
    Constant,
    Expression,
    Index,
    Quantity,
    Scope,
    Setting,
)
from bptui.explain.symbols import Symbols

if TYPE_CHECKING:
    from bptui.explain.chain import Chain  # which is made of equations

CORRECT = "correct"
"""What stands above the correct equation of a comparison."""
EACH_SAMPLE = ("net", "out", "delta", "out_gradient")
"""Kinds of quantities that have a row for each sample."""


class Difference(NamedTuple):
    """Parts of the mistaken expression, and those that belong in their place."""

    mistaken: tuple[Expression, ...]
    correct: tuple[Expression, ...]


@dataclass(frozen=True, eq=False)
class Equation:
    """``left`` is ``expression``; ``left.new``: it becomes that. Both in the values of ``scope``.

    ``note`` stands beside it. Of an array ``wanted`` is the place of the number asked for; of a
    whole gradient ``link`` is the one of the chain rule that it is, and why; of one of its numbers
    the ``chain`` leads to it. Where a mistake makes it another one than the ``correct`` one, that
    is in it, the ``heading`` of the mistaken one, and the ``differences``; ``marks`` are the ids of
    the parts that differ.
    """

    left: Quantity
    expression: Expression
    scope: Scope
    marks: frozenset[int] = frozenset()
    note: str = ""
    heading: str = ""
    correct: Equation | None = None
    differences: tuple[Difference, ...] = ()
    chain: Chain | None = None
    wanted: Index | None = None
    link: tuple[str, str] | None = None

    @property
    def sides(self) -> dict[str, Equation]:
        """It, and the correct one where there is another, by what stands above them."""
        return {self.heading: self} | ({CORRECT: self.correct} if self.correct else {})

    @property
    def value(self) -> float:
        """The value of an equation on single numbers."""
        return float(self.scope.evaluate(self.expression))

    @property
    def is_known(self) -> bool:
        """Whether nothing is computed: the expression is a symbol, maybe by the way of identity."""
        node = self.expression
        bare = node.parts[1] if isinstance(node, Activated) and not node.by_name else node
        return isinstance(bare, Quantity | Constant | Setting)

    @cached_property
    def array(self) -> Array:
        """The value, in the shape of what it is assigned to."""
        found, left = self.scope.evaluate(self.expression), self.left
        if left.index is not None:
            return found
        return np.broadcast_to(found, self.scope.array(left.name, left.new).shape)

    def sample(self, symbols: Symbols) -> str:
        """Return ``sample 2 of the batch`` for a number that each of several has; else nothing."""
        index, place = self.left.index, symbols.places.get(self.left.name)
        if index is None or place is None or place.kind not in EACH_SAMPLE:
            return ""
        return (
            f"sample {index[0] + 1} of the batch"
            if self.scope.array(self.left.name).shape[0] > 1
            else ""
        )


def compare(mistaken: Equation, correct: Equation, heading: str) -> Equation:
    """Return the mistaken equation with the correct one, in both the parts marked that differ."""
    both = [_apart(each.expression) for each in (mistaken, correct)]
    found = _differences(*both)
    marks = [frozenset(id(part) for pair in found for part in pair[side]) for side in (0, 1)]
    right = replace(correct, expression=both[1], marks=marks[1])
    told = dict.fromkeys(Difference((*left,), (*right,)) for left, right in found)
    made = replace(mistaken, expression=both[0], marks=marks[0], heading=heading, correct=right)
    return replace(made, differences=(*told,))


def _apart(node: Expression) -> Expression:
    """Return the same tree, of which no part stands in two places."""
    return node.rebuilt(_apart) if node.parts else copy(node)


_Both: TypeAlias = tuple[list[Expression], list[Expression]]


def _differences(first: Expression, second: Expression) -> list[_Both]:
    """Return the parts in which two expressions differ."""
    if first == second:
        return []
    if first.is_op("multiply") or second.is_op("multiply"):
        # a product's order says nothing: what both have is no difference
        left, right = _factors(first), _factors(second)
        _pair(left, right, lambda node: node)
        # w6 for w7 is one difference, a factor that is missing beside it another one
        pairs = _pair(left, right, _outline)
        found = [each for pair in pairs for each in _differences(*pair)]
        return [*found, (left, right)] if left or right else found
    if first.is_op("add") or second.is_op("add"):
        left, right = ([*node.terms_of("add")] for node in (first, second))
        if len(left) != len(right):
            _pair(left, right, lambda node: node)
            if not left or not right:  # terms that are missing, or too many
                return [(left, right)]
    kinds = [(type(node), getattr(node, "op", ""), len(node.parts)) for node in (first, second)]
    if kinds[0] != kinds[1] or not first.parts:
        return [([first], [second])]
    pairs = [*zip(first.parts, second.parts, strict=True)]
    return [difference for pair in pairs for difference in _differences(*pair)]


def _pair(
    left: list[Expression], right: list[Expression], look: Callable[[Expression], Expression]
) -> list[tuple[Expression, Expression]]:
    """Take parts that ``look`` the same out of both sides; return them."""
    pairs = []
    for part in [*left]:
        match = next((other for other in right if look(part) == look(other)), None)
        if match is not None:
            left.remove(part)
            right.remove(match)
            pairs.append((part, match))
    return pairs


def _outline(node: Expression) -> Expression:
    """Return the tree without the places of its numbers: w6 and w7 look the same."""
    return Quantity(node.name) if isinstance(node, Quantity) else node.rebuilt(_outline)


def _factors(node: Expression) -> list[Expression]:
    """Return the factors, those of activation functions included where they are written."""
    numbers = all(quantity.index is not None for quantity in node.quantities())
    if isinstance(node, Activated) and numbers and not node.by_name:
        return _factors(node.parts[1])
    parts = node.terms_of("multiply")
    return [*parts] if parts == (node,) else [each for part in parts for each in _factors(part)]
