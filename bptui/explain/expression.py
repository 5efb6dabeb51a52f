"""Expression trees: what a quantity is computed from, on whole arrays or on single numbers.

The same nodes serve both: a :class:`Quantity` without an index is an array, with one a number.
Trees are immutable and compare by value.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar, TypeAlias, cast

import numpy as np

from bptui.core.arrays import Array

Index: TypeAlias = tuple[int, ...]


@dataclass(frozen=True)
class Expression:
    """A node of a tree; its parts are those fields that hold expressions."""

    part_names: ClassVar[tuple[str, ...]] = ()

    def __init_subclass__(cls) -> None:
        cls.part_names = tuple(
            name for name, kind in cls.__annotations__.items() if "Expression" in kind
        )


@dataclass(frozen=True)
class Quantity(Expression):
    """A named array of the step, or one of its numbers; ``new`` is its value after the update."""

    name: str
    index: Index | None = None
    new: bool = False


@dataclass(frozen=True)
class Constant(Expression):
    """A number of the formula itself; ``text`` and ``code`` where it is not written in digits."""

    value: float
    text: str = ""
    code: str = ""


@dataclass(frozen=True)
class Setting(Expression):
    """A number that the experiment sets: learning_rate, momentum, l2, ..."""

    name: str
    value: float


@dataclass(frozen=True)
class Sum(Expression):
    """A sum; a :class:`Negative` term is subtracted."""

    terms: tuple[Expression, ...]


@dataclass(frozen=True)
class Product(Expression):
    """A product, element by element on arrays."""

    factors: tuple[Expression, ...]


@dataclass(frozen=True)
class Quotient(Expression):
    top: Expression
    bottom: Expression


@dataclass(frozen=True)
class Negative(Expression):
    of: Expression


@dataclass(frozen=True)
class Power(Expression):
    base: Expression
    exponent: Expression


@dataclass(frozen=True)
class Function(Expression):
    """A function of one argument, by the name that numpy or :data:`FUNCTIONS` has for it."""

    name: str
    argument: Expression


@dataclass(frozen=True)
class Maximum(Expression):
    """The larger of two numbers."""

    first: Expression
    second: Expression


@dataclass(frozen=True)
class Minimum(Expression):
    """The smaller of two numbers."""

    first: Expression
    second: Expression


@dataclass(frozen=True)
class Choice(Expression):
    """``positive`` where ``condition`` is above 0, ``otherwise`` elsewhere."""

    condition: Expression
    positive: Expression
    otherwise: Expression


@dataclass(frozen=True)
class Activated(Expression):
    """An activation function, or its derivative, of ``argument``, written out in ``body``.

    ``by_name`` stands for one that is never written out where single numbers are shown.
    """

    name: str
    argument: Expression
    body: Expression
    by_name: bool = False


@dataclass(frozen=True)
class Stable(Expression):
    """``shown`` is the textbook's way to write it, ``computed`` the one that keeps its digits."""

    shown: Expression
    computed: Expression


@dataclass(frozen=True)
class LogSumExp(Expression):
    """ln of the sum of e^x over the units of each sample, (samples, 1)."""

    of: Expression


@dataclass(frozen=True)
class MatrixProduct(Expression):
    left: Expression
    right: Expression


@dataclass(frozen=True)
class Transposed(Expression):
    of: Expression


@dataclass(frozen=True)
class Total(Expression):
    """The sum over everything (axis None), the samples (0), or the units of each sample (1).

    ``rows`` is what the rows of ``of`` stand for: samples, or units where it is made of weights.
    """

    of: Expression
    axis: int | None = None
    rows: str = "samples"


@dataclass(frozen=True)
class LastSample(Expression):
    """The last row of a batch."""

    of: Expression


@dataclass(frozen=True)
class Series(Expression):
    """A sum over ``samples`` or ``units``, a term each; of a long one a :class:`Rest` for most."""

    terms: tuple[Expression, ...]
    over: str


@dataclass(frozen=True)
class Rest(Expression):
    """So many terms of a long series that are not written out, and their sum."""

    count: int
    value: float = field(compare=False)


def _softplus(x: Array) -> Array:
    return np.logaddexp(0.0, x)


FUNCTIONS: Mapping[str, Callable[[Array], Array]] = {
    "ln": np.log,
    "abs": np.abs,
    "ln_one_plus_exp": _softplus,
}
"""Functions that numpy has under another name; ln_one_plus_exp is ln(1 + e^x) with all digits."""

ONE, TWO, HALF = Constant(1.0), Constant(2.0), Constant(0.5, "1/2", "0.5")


def plus(*terms: Expression) -> Expression:
    """A sum, or the only term."""
    return terms[0] if len(terms) == 1 else Sum(terms)


def minus(first: Expression, second: Expression) -> Sum:
    return Sum((first, Negative(second)))


def times(*factors: Expression) -> Expression:
    """A product with the factors of inner products as its own; a factor 1 is left out."""
    flat: list[Expression] = []
    for each in factors:
        flat += each.factors if isinstance(each, Product) else (each,)
    kept = [each for each in flat if each != ONE] or [ONE]
    return kept[0] if len(kept) == 1 else Product(tuple(kept))


def signed(term: Expression) -> tuple[str, Expression]:
    """A term's sign in a sum, and what stands behind it."""
    return ("-", term.of) if isinstance(term, Negative) else ("+", term)


def square(of: Expression) -> Power:
    return Power(of, TWO)


def children(node: Expression) -> tuple[Expression, ...]:
    """The parts of a node, in the order in which they are read."""
    parts = [getattr(node, name) for name in node.part_names]
    return parts[0] if parts and isinstance(parts[0], tuple) else tuple(parts)


def rebuild(node: Expression, change: Callable[[Expression], Expression]) -> Expression:
    """The node with ``change`` applied to each of its parts."""
    if not node.part_names:
        return node
    if isinstance(node, Product):
        return times(*map(change, node.factors))
    kind: Any = type(node)
    values = []
    for name in kind.__match_args__:
        value = getattr(node, name)
        if name in kind.part_names:
            value = tuple(map(change, value)) if isinstance(value, tuple) else change(value)
        values.append(value)
    return cast(Expression, kind(*values))


def quantities(node: Expression) -> tuple[Quantity, ...]:
    """Every quantity in the tree, in the order in which they are read, each once."""
    found: dict[Quantity, None] = {}
    stack = [node]
    while stack:
        each = stack.pop()
        if isinstance(each, Quantity):
            found[each] = None
        stack += reversed(children(each))
    return tuple(found)


def count(terms: Iterable[Expression]) -> int:
    """How many terms there are, those that are not written out among them."""
    return sum(each.count if isinstance(each, Rest) else 1 for each in terms)


def is_leaf(node: Expression) -> bool:
    """Whether a node is a single symbol, its sign aside."""
    inner = node.of if isinstance(node, Negative) else node
    return isinstance(inner, Quantity | Constant | Setting)


def is_scaled_series(factors: tuple[Expression, ...]) -> bool:
    """Whether the last factor of a product, and only that, is a series."""
    return isinstance(factors[-1], Series) and not any(
        isinstance(each, Series) for each in factors[:-1]
    )
