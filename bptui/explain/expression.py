"""Expression trees: what a quantity is computed from, on whole arrays or on single numbers.

The same nodes serve both: a :class:`Quantity` without an index is an array, with one a number.
Trees are immutable and compare by value.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import reduce
from typing import Any, TypeAlias, cast

import numpy as np

from bptui.core.activations import LOG_SUM_EXP
from bptui.core.arrays import Array
from bptui.core.engine import Snapshot
from bptui.core.graph.node import OPS

Index: TypeAlias = tuple[int, ...]
SAMPLES, UNITS = "samples", "units"


class Expression:
    """A node of a tree, made of its parts."""

    parts: tuple[Expression, ...]

    def is_op(self, *names: str) -> bool:
        """Tell whether it is one of these operations."""
        return isinstance(self, Apply) and self.op in names

    def terms_of(self, op: str) -> tuple[Expression, ...]:
        """Return the parts of that operation; of anything else only itself."""
        return self.parts if self.is_op(op) else (self,)

    def __neg__(self) -> Apply:
        """Return minus an expression; as a term of a sum it is subtracted."""
        return Apply("negative", (self,))

    @property
    def signed(self) -> tuple[str, Expression]:
        """A term's sign in a sum, and what stands behind it."""
        return ("-", self.parts[0]) if self.is_op("negative") else ("+", self)

    @property
    def is_leaf(self) -> bool:
        """Whether it is a single symbol, its sign aside."""
        return isinstance(self.signed[1], Quantity | Constant | Setting)

    def rebuilt(self, change: Callable[[Expression], Expression]) -> Expression:
        """Return it with ``change`` applied to each of its parts."""
        if not self.parts:
            return self
        parts = tuple(map(change, self.parts))
        if isinstance(self, Apply):
            return times(*parts) if self.op == "multiply" else Apply(self.op, parts, self.settings)
        return cast(Expression, replace(cast(Any, self), parts=parts))

    def walked(self, written: bool = False) -> Iterator[Expression]:
        """Yield it and all below it, in the order in which they are read."""
        yield self
        parts = self.parts
        if written and isinstance(self, Activated):
            parts = parts[:1] if self.by_name else parts[1:]
        if written and isinstance(self, Stable):
            parts = parts[:1]
        for part in parts:
            yield from part.walked(written)

    def quantities(self, written: bool = False) -> tuple[Quantity, ...]:
        """Return the quantities in it, in the order in which they are read, each once.

        ``written``: only those in the formula as it is written for single numbers.
        """
        found = (part for part in self.walked(written) if isinstance(part, Quantity))
        return tuple(dict.fromkeys(found))


class Leaf(Expression):
    """A node without parts."""

    parts = ()


@dataclass(frozen=True)
class Quantity(Leaf):
    """A named array of the step, or one of its numbers; ``new`` is its value after the update."""

    name: str
    index: Index | None = None
    new: bool = False


@dataclass(frozen=True)
class Constant(Leaf):
    """A number of the formula itself; ``text`` and ``code`` where it is not written in digits."""

    value: float
    text: str = ""
    code: str = ""


@dataclass(frozen=True)
class Setting(Leaf):
    """A number that the experiment sets: learning_rate, momentum, l2, ..."""

    name: str
    value: float


@dataclass(frozen=True)
class Apply(Expression):
    """An operation of the graph on its parts; ``add`` and ``multiply`` take any number of them."""

    op: str
    parts: tuple[Expression, ...]
    settings: tuple[tuple[str, Any], ...] = ()


@dataclass(frozen=True)
class Activated(Expression):
    """An activation function, or its derivative: the parts are its argument, and it written out.

    ``by_name`` stands for one that is never written out where single numbers are shown.
    """

    name: str
    parts: tuple[Expression, ...]
    by_name: bool = False


@dataclass(frozen=True)
class Stable(Expression):
    """The parts are the textbook's way to write it, and the one that keeps its digits."""

    parts: tuple[Expression, ...]


@dataclass(frozen=True)
class Series(Expression):
    """A sum over ``samples`` or ``units``, a term each; of a long one a :class:`Rest` for most."""

    parts: tuple[Expression, ...]
    over: str


@dataclass(frozen=True)
class Rest(Leaf):
    """So many terms of a long series that are not written out, and their sum."""

    count: int
    value: float = field(compare=False)


ONE, ZERO, HALF = Constant(1.0), Constant(0.0), Constant(0.5, "1/2", "0.5")


def times(*factors: Expression) -> Expression:
    """Return a product with the factors of inner products as its own; a factor 1 is left out."""
    flat: list[Expression] = []
    for factor in factors:
        flat += factor.terms_of("multiply")
    kept = [factor for factor in flat if factor != ONE] or [ONE]
    return kept[0] if len(kept) == 1 else Apply("multiply", tuple(kept))


def count(terms: Iterable[Expression]) -> int:
    """Return how many terms there are, those that are not written out among them."""
    return sum(term.count if isinstance(term, Rest) else 1 for term in terms)


@dataclass(frozen=True, eq=False)
class Scope:
    """The arrays of one step by name: ``old`` before the update, ``new`` what it changes."""

    old: Mapping[str, Array]
    new: Mapping[str, Array]

    @classmethod
    def of(cls, snapshot: Snapshot) -> Scope:
        """Return everything that ``snapshot`` holds, slots as ``v_W1``, ``m_b2``, ... included."""
        old, new = dict(snapshot.values), dict[str, Array]()
        old["k"] = np.asarray(float(snapshot.step + 1))
        old |= snapshot.parameters.named()
        new |= snapshot.updated_parameters.named()
        for into, slots in ((old, snapshot.slots), (new, snapshot.updated_slots)):
            for slot, parameters in slots.items():
                into |= {f"{slot}_{name}": array for name, array in parameters.named().items()}
        for name in ("data_loss", "penalty", "loss"):
            if name in old:
                old[name] = old[name].reshape(())
        return cls(old, new)

    def array(self, name: str, new: bool = False) -> Array:
        """Return an array by its name."""
        return self.new[name] if new else self.old[name]

    def value(self, quantity: Quantity) -> Array:
        """Return the array that a quantity stands for, or its number as a 0-d array."""
        array = self.array(quantity.name, quantity.new)
        # a float where one number is asked for: it behaves like a 0-d array and is much quicker
        return array if quantity.index is None else cast(Array, array.item(*quantity.index))

    def shape(self, node: Expression) -> tuple[int, ...]:
        """Return the shape that an expression has."""
        match node:
            case Quantity(name, index, new):
                return self.array(name, new).shape if index is None else ()
            case Activated(_, (_, body)) | Stable((_, body)):
                return self.shape(body)
            case Apply(name, parts, settings):
                shapes = [self.shape(part) for part in parts]
                return OPS[name].shape(*shapes, **dict(settings)) if any(shapes) else ()
        return ()

    def evaluate(self, node: Expression) -> Array:
        """Return the value of an expression; of one on single numbers a 0-d array.

        Overflow gives inf.
        """
        with np.errstate(all="ignore"):
            return np.asarray(self._evaluated(node), dtype=np.float64)

    def _evaluated(self, node: Expression) -> Array:
        match node:
            case Quantity():
                return self.value(node)
            case Constant(number) | Setting(_, number) | Rest(_, number):
                return cast(Array, number)
            case Activated(_, (_, body)) | Stable((_, body)):
                return self._evaluated(body)
            case Apply(LOG_SUM_EXP.name, (Series(terms),)):
                return cast(Array, np.logaddexp.reduce([*map(self._evaluated, terms)]))
        values = [*map(self._evaluated, node.parts)]
        match node:
            case Apply("multiply"):
                return reduce(operator.mul, values)
            case Series() | Apply("add"):  # a + (-b) and a - b are the same number
                return reduce(operator.add, values)
            case Apply(name, _, settings):
                return OPS[name].evaluate(*values, **dict(settings))
        raise AssertionError(f"{type(node).__name__} has no value")
