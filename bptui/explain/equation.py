"""Equations, and what is found when one with a mistake is held against the right one."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from bptui.core.arrays import Array
from bptui.explain.expression import (
    Activated,
    Constant,
    Expression,
    Product,
    Quantity,
    Setting,
    Sum,
    children,
    quantities,
    rebuild,
)
from bptui.explain.printer import Path
from bptui.explain.scope import Scope, evaluate
from bptui.explain.symbols import Symbols


@dataclass(frozen=True, eq=False)
class Equation:
    """``left`` is ``expression``; ``left.new``: it becomes that. Both in the values of ``scope``.

    ``marks`` are the paths of the parts that differ from another equation. ``note`` is to be
    written beside it.
    """

    left: Quantity
    expression: Expression
    scope: Scope
    marks: frozenset[Path] = frozenset()
    note: str = ""

    @property
    def value(self) -> float:
        """The value of an equation on single numbers."""
        return float(evaluate(self.expression, self.scope))

    @property
    def is_known(self) -> bool:
        """Whether nothing is computed: the expression is a symbol, maybe by the way of identity."""
        node = self.expression
        bare = node.body if isinstance(node, Activated) and not node.by_name else node
        return isinstance(bare, Quantity | Constant | Setting)

    @property
    def array(self) -> Array:
        """The value, in the shape of what it is assigned to."""
        found, left = evaluate(self.expression, self.scope), self.left
        if left.index is not None:
            return found
        return np.broadcast_to(found, self.scope.array(left.name, left.new).shape)


@dataclass(frozen=True)
class Difference:
    """Parts of the mistaken expression, and those that belong in their place."""

    mistaken: tuple[Expression, ...]
    correct: tuple[Expression, ...]


@dataclass(frozen=True, eq=False)
class Comparison:
    """The mistaken equation and the correct one, with the parts in which they differ marked."""

    mistaken: Equation
    correct: Equation
    differences: tuple[Difference, ...]
    heading: str = "with the mistake"
    """What stands above the mistaken one."""


def compare(mistaken: Equation, correct: Equation, heading: str = "with the mistake") -> Comparison:
    """Both equations with their differing parts marked."""
    found: list[tuple[list[Path], list[Path], Difference]] = []
    _differ(mistaken.expression, correct.expression, (), (), found)
    here = frozenset(path for paths, _, _ in found for path in paths)
    there = frozenset(path for _, paths, _ in found for path in paths)
    unique = tuple(dict.fromkeys(difference for _, _, difference in found))
    return Comparison(
        replace(mistaken, marks=here),
        replace(correct, marks=there),
        unique,
        heading,
    )


def _differ(
    first: Expression,
    second: Expression,
    here: Path,
    there: Path,
    found: list[tuple[list[Path], list[Path], Difference]],
) -> None:
    if first == second:
        return
    if isinstance(first, Product) or isinstance(second, Product):
        # a product's order says nothing: what both have is no difference
        left, right = _factors(first, here), _factors(second, there)
        _pair(left, right, lambda one, other: one == other)
        # w6 for w7 is one difference, a factor that is missing beside it another one
        for path, at in _pair(left, right, lambda one, other: _outline(one) == _outline(other)):
            _differ(_at(first, path, here), _at(second, at, there), path, at, found)
        if left or right:
            difference = Difference(tuple(left.values()), tuple(right.values()))
            found.append(([*left], [*right], difference))
        return
    if isinstance(first, Sum) != isinstance(second, Sum) or (
        isinstance(first, Sum) and isinstance(second, Sum) and len(first.terms) != len(second.terms)
    ):
        left, right = _terms(first, here), _terms(second, there)
        _pair(left, right, lambda one, other: one == other)
        if not left or not right:  # terms that are missing, or too many
            difference = Difference(tuple(left.values()), tuple(right.values()))
            found.append(([*left], [*right], difference))
            return
    parts, others = children(first), children(second)
    if type(first) is not type(second) or len(parts) != len(others) or not parts:
        found.append(([here], [there], Difference((first,), (second,))))
        return
    for place, (part, other) in enumerate(zip(parts, others, strict=True)):
        _differ(part, other, (*here, place), (*there, place), found)


def _pair(
    left: dict[Path, Expression],
    right: dict[Path, Expression],
    same: Callable[[Expression, Expression], bool],
) -> list[tuple[Path, Path]]:
    """Take factors that are the ``same`` out of both sides; their paths."""
    pairs: list[tuple[Path, Path]] = []
    for path, factor in [*left.items()]:
        match = next((at for at, each in right.items() if same(factor, each)), None)
        if match is not None:
            pairs.append((path, match))
            del left[path], right[match]
    return pairs


def _outline(node: Expression) -> Expression:
    """The tree without the places of its numbers: w6 and w7 look the same."""
    if isinstance(node, Quantity):
        return Quantity(node.name)
    return rebuild(node, _outline)


def _at(node: Expression, path: Path, base: Path) -> Expression:
    """The part of ``node``, which stands at ``base``, that stands at ``path``."""
    for place in path[len(base) :]:
        node = children(node)[place]
    return node


def _terms(node: Expression, path: Path) -> dict[Path, Expression]:
    if not isinstance(node, Sum):
        return {path: node}
    return {(*path, place): term for place, term in enumerate(node.terms)}


def _factors(node: Expression, path: Path) -> dict[Path, Expression]:
    """The factors of a product, those of activation functions included where they are written."""
    numbers = all(each.index is not None for each in quantities(node))
    if isinstance(node, Activated) and numbers and not node.by_name:
        return _factors(node.body, (*path, 1))
    if not isinstance(node, Product):
        return {path: node}
    found: dict[Path, Expression] = {}
    for place, factor in enumerate(node.factors):
        found |= _factors(factor, (*path, place))
    return found


EACH_SAMPLE = ("net", "out", "delta", "out_gradient")
"""Kinds of quantities that have a row for each sample."""


def sample_of(equation: Equation, symbols: Symbols) -> str:
    """``sample 2`` for a number that each of several samples has; else nothing."""
    left = equation.left
    place = symbols.places.get(left.name)
    if left.index is None or place is None or place.kind not in EACH_SAMPLE:
        return ""
    several = equation.scope.array(left.name).shape[0] > 1
    return f"sample {left.index[0] + 1}" if several else ""
