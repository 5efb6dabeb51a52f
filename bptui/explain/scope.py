"""The values that a step's expressions stand for, and their evaluation."""

from __future__ import annotations

import operator
from collections.abc import Mapping
from dataclasses import dataclass
from functools import reduce
from typing import cast

import numpy as np

from bptui.core.arrays import Array
from bptui.core.engine import Snapshot
from bptui.explain.expression import (
    FUNCTIONS,
    Activated,
    Choice,
    Constant,
    Expression,
    Function,
    LastSample,
    LogSumExp,
    MatrixProduct,
    Maximum,
    Minimum,
    Negative,
    Power,
    Product,
    Quantity,
    Quotient,
    Rest,
    Series,
    Setting,
    Stable,
    Sum,
    Total,
    Transposed,
    children,
)


@dataclass(frozen=True, eq=False)
class Scope:
    """The arrays of one step by name: ``old`` before the update, ``new`` what it changes."""

    old: Mapping[str, Array]
    new: Mapping[str, Array]

    @classmethod
    def of(cls, snapshot: Snapshot) -> Scope:
        """Everything that ``snapshot`` holds, slots as ``v_W1``, ``m_b2``, ... included."""
        old, new = dict(snapshot.values), dict[str, Array]()
        old["k"] = np.asarray(float(snapshot.step + 1))
        old |= snapshot.parameters.named()
        new |= snapshot.updated_parameters.named()
        for into, slots in ((old, snapshot.slots), (new, snapshot.updated_slots)):
            for slot, parameters in slots.items():
                into |= {f"{slot}_{name}": each for name, each in parameters.named().items()}
        for name in ("data_loss", "penalty", "loss"):
            if name in old:
                old[name] = old[name].reshape(())
        return cls(old, new)

    def array(self, name: str, new: bool = False) -> Array:
        return self.new[name] if new else self.old[name]

    def value(self, quantity: Quantity) -> Array:
        """The array that a quantity stands for, or its number as a 0-d array."""
        array = self.array(quantity.name, quantity.new)
        # a float where one number is asked for: it behaves like a 0-d array and is much quicker
        return array if quantity.index is None else cast(Array, array.item(*quantity.index))

    def shape(self, node: Expression) -> tuple[int, ...]:
        """The shape that an expression on arrays has."""
        match node:
            case Quantity(name, index, new):
                return self.array(name, new).shape if index is None else ()
            case Transposed(of):
                return self.shape(of)[::-1]
            case MatrixProduct(left, right):
                return (self.shape(left)[0], self.shape(right)[1])
            case Total(of, axis):
                shape = self.shape(of)
                return () if axis is None else shape[1:] if axis == 0 else (shape[0], 1)
            case LastSample(of):
                return self.shape(of)[1:]
            case LogSumExp(of):
                shape = self.shape(of)
                return (shape[0], 1) if shape else ()
            case Activated(_, _, body) | Stable(_, body):
                return self.shape(body)
            case _:
                shapes = {self.shape(part) for part in children(node)}
                return shapes.pop() if len(shapes) == 1 else np.broadcast_shapes(*shapes)


def evaluate(node: Expression, scope: Scope) -> Array:
    """The value of an expression; of one on single numbers a 0-d array. Overflow gives inf."""
    with np.errstate(all="ignore"):
        return np.asarray(_evaluate(node, scope), dtype=np.float64)


def _evaluate(node: Expression, scope: Scope) -> Array:
    result: Array
    match node:
        case Quantity():
            return scope.value(node)
        case Constant(number) | Setting(_, number) | Rest(_, number):
            return cast(Array, number)
        case Activated(_, _, body) | Stable(_, body):
            return _evaluate(body, scope)
    values = [_evaluate(part, scope) for part in children(node)]
    match node:
        case Sum() | Series():  # a + (-b) and a - b are the same number
            return reduce(operator.add, values)
        case Product():
            return reduce(operator.mul, values)
        case Quotient():
            return np.divide(*values)
        case Negative():
            return -values[0]
        case Power():
            return np.power(*values)
        case Function(name):
            result = (FUNCTIONS.get(name) or getattr(np, name))(values[0])
        case Maximum():
            return np.maximum(*values)
        case Minimum():
            return np.minimum(*values)
        case Choice():
            condition, positive, otherwise = values
            return np.where(condition > 0.0, positive, otherwise)
        case LogSumExp(Series(terms)):  # single numbers
            result = np.logaddexp.reduce([_evaluate(term, scope) for term in terms])
        case LogSumExp():
            result = np.logaddexp.reduce(values[0], axis=1, keepdims=True)
        case MatrixProduct():
            result = np.dot(*values)
        case Transposed():
            return values[0].T
        case Total(_, axis):
            result = values[0].sum(axis=axis, keepdims=axis == 1)
        case LastSample():
            result = values[0][-1]
        case _:
            raise AssertionError(f"{type(node).__name__} has no value")
    return result
