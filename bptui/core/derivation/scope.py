"""The values that a step's expressions stand for, and their evaluation."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import cast

import numpy as np

from bptui.core.arrays import Array
from bptui.core.derivation.expression import (
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
)
from bptui.core.network import Parameters
from bptui.core.snapshot import Snapshot


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
        _add(old, snapshot, "", snapshot.parameters)
        _add(new, snapshot, "", snapshot.updated_parameters)
        for slot, parameters in snapshot.slots.items():
            _add(old, snapshot, f"{slot}_", parameters)
        for slot, parameters in snapshot.updated_slots.items():
            _add(new, snapshot, f"{slot}_", parameters)
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
            case Quantity():
                return self.value(node).shape
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
                return (self.shape(of)[0], 1)
            case Activated(_, _, body) | Stable(_, body):
                return self.shape(body)
            case Sum(parts) | Product(parts) | Series(parts):
                return np.broadcast_shapes(*map(self.shape, parts))
            case Quotient(first, second) | Power(first, second) | Maximum(first, second):
                return np.broadcast_shapes(self.shape(first), self.shape(second))
            case Choice(condition, positive, otherwise):
                return np.broadcast_shapes(*map(self.shape, (condition, positive, otherwise)))
            case Negative(of) | Function(_, of):
                return self.shape(of)
            case _:
                return ()


def _add(into: dict[str, Array], snapshot: Snapshot, prefix: str, parameters: Parameters) -> None:
    names = snapshot.experiment.network.names
    for layer, weights in enumerate(parameters.weights, 1):
        into[prefix + names.weights(layer)] = weights
        if parameters.biases is not None:
            into[prefix + names.bias(layer)] = parameters.biases[layer - 1]


def evaluate(node: Expression, scope: Scope) -> Array:
    """The value of an expression; of one on single numbers a 0-d array. Overflow gives inf."""
    with np.errstate(all="ignore"):
        return np.asarray(_evaluate(node, scope), dtype=np.float64)


def _evaluate(node: Expression, scope: Scope) -> Array:
    def value(part: Expression) -> Array:
        return _evaluate(part, scope)

    result: Array
    match node:
        case Quantity():
            return scope.value(node)
        case Constant(number) | Setting(_, number) | Rest(_, number):
            return cast(Array, number)
        case Sum(terms) | Series(terms):
            result = value(terms[0])
            for term in terms[1:]:
                # a + (-b) and a - b are the same number
                result = result + value(term)
            return result
        case Product(factors):
            result = value(factors[0])
            for factor in factors[1:]:
                result = result * value(factor)
            return result
        case Quotient(top, bottom):
            return np.divide(value(top), value(bottom))
        case Negative(of):
            return -value(of)
        case Power(base, exponent):
            return np.power(value(base), value(exponent))
        case Function(name, argument):
            return FUNCTIONS[name](value(argument))
        case Maximum(first, second):
            return np.maximum(value(first), value(second))
        case Choice(condition, positive, otherwise):
            return np.where(value(condition) > 0.0, value(positive), value(otherwise))
        case Activated(_, _, body) | Stable(_, body):
            return value(body)
        case LogSumExp(Series(terms)):  # single numbers
            result = np.logaddexp.reduce([value(term) for term in terms])
            return result
        case LogSumExp(of):
            result = np.logaddexp.reduce(value(of), axis=1, keepdims=True)
            return result
        case MatrixProduct(left, right):
            result = np.dot(value(left), value(right))
            return result
        case Transposed(of):
            return value(of).T
        case Total(of, axis):
            result = value(of).sum(axis=axis, keepdims=axis == 1)
            return result
        case LastSample(of):
            result = value(of)[-1]
            return result
