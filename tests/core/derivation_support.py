"""Experiments of every kind for the tests of derivations, and how exactly a value can be known."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from itertools import pairwise
from typing import Any

import numpy as np

from bptui.core.arrays import Array
from bptui.core.engine import Engine, Snapshot
from bptui.core.errors import UnusableError
from bptui.core.experiment import Experiment
from bptui.core.mistakes import MISTAKES, check_mistakes
from bptui.core.network import Network
from bptui.core.optimizers import OPTIMIZERS
from bptui.explain.elements import element, expand
from bptui.explain.expression import (
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
    Quotient,
    Series,
    Stable,
    Sum,
    Total,
    Transposed,
)
from bptui.explain.formulas import Definition, StepFormulas
from bptui.explain.scope import Scope, evaluate
from bptui.explain.symbols import Symbols

from .support import HIDDEN, PAIRS, build

RELATIVE = 1e-12


def steps(experiment: Experiment, count: int) -> Iterator[Snapshot]:
    """The first ``count`` steps."""
    engine = Engine(experiment)
    for _ in range(count):
        yield engine.record()


def definitions(formulas: StepFormulas) -> list[Definition]:
    """Every definition of a step, in order."""
    return [each for group in formulas.operations.values() for each in group]


def expanded(
    gradient: str, index: tuple[int, ...], snapshot: Snapshot, scope: Scope, formulas: StepFormulas
) -> Expression:
    """A gradient's number written out back to the forward pass."""
    places = Symbols(snapshot.experiment.network.names).places
    backward = frozenset(k for k, each in places.items() if each.kind in ("delta", "out_gradient"))
    known = formulas.definitions
    return expand(element(known[gradient], index, scope), known, scope, backward)


def random_experiment(seed: int, **given: Any) -> Experiment:  # noqa: ANN401  settings of any type
    """One to four layers of one to five units, everything else drawn too; ``given`` is kept.

    ``mistakes`` is how many to make of those that are possible there.
    """
    draw, rng = random.Random(seed), np.random.default_rng(seed)
    depth, square = draw.randint(1, 4), draw.random() < 0.4
    layers = [draw.randint(1, 5) for _ in range(depth + 1)]
    if square:
        layers[1:] = [layers[1]] * depth
    output, loss = draw.choice(PAIRS)
    activations = (*(draw.choice(HIDDEN) for _ in range(depth - 1)), output)
    bias, samples = draw.random() < 0.7, draw.choice([1, 1, 2, 3, 5])
    settings = {
        "loss": loss,
        "optimizer": draw.choice([*OPTIMIZERS]),
        "learning_rate": draw.choice([0.5, 0.05, 0.003]),
        "l2": draw.choice([0.0, 0.0, 0.01]),
        "reduction": draw.choice(["mean", "sum"]),
        "batch_size": draw.choice([None, draw.randint(1, samples)]),
        "shuffle": draw.random() < 0.5,
        "seed": seed,
        "train_weights": tuple(draw.random() < 0.8 for _ in range(depth)),
        "train_biases": draw.choice([True, tuple(draw.random() < 0.8 for _ in range(depth))]),
        **given,
    }
    network = Network(tuple(layers), activations, bias)
    wanted = int(settings.pop("mistakes", 0))
    mistakes = possible_mistakes(draw, wanted, network, str(settings["reduction"]))
    weights = [rng.normal(0.0, 0.8, shape) for shape in pairwise(layers)]
    biases = [rng.normal(0.0, 0.8, units) for units in layers[1:]] if bias else None
    targets = rng.uniform(0.05, 0.95, (samples, layers[-1]))
    if draw.random() < 0.4:  # classes
        targets = np.eye(layers[-1])[rng.integers(0, layers[-1], samples)]
    inputs = rng.normal(0.0, 1.0, (samples, layers[0]))
    settings["mistakes"] = mistakes
    return build(weights, biases, activations, inputs, targets, **settings)


def possible_mistakes(
    draw: random.Random, wanted: int, network: Network, reduction: str
) -> tuple[str, ...]:
    chosen: tuple[str, ...] = ()
    for name in draw.sample([*MISTAKES], len(MISTAKES)):
        if len(chosen) == wanted:
            break
        try:
            check_mistakes((*chosen, name), network, reduction)
        except UnusableError:
            continue
        chosen = (*chosen, name)
    return chosen


def assert_value(
    node: Expression, scope: Scope, wanted: Array, what: object, to: float = RELATIVE
) -> None:
    """``node`` evaluates to ``wanted`` within ``to``."""
    assert_close(evaluate(node, scope), wanted, node, scope, what, to)


def assert_close(
    found: Array, wanted: Array, node: Expression, scope: Scope, what: object, to: float = RELATIVE
) -> None:
    """Equal within ``to``, relative to the number itself.

    Where terms of ``node`` cancel, relative to the scale of their rounding.
    """
    assert np.shape(found) == np.shape(wanted), what
    with np.errstate(invalid="ignore", over="ignore"):
        off = np.abs(found - wanted)
        within = to * np.abs(wanted) + np.finfo(float).tiny  # numbers below it have fewer digits
        fine = (off <= within) | (found == wanted) | np.isnan(found) & np.isnan(wanted)
    if not np.all(fine):
        scale = np.broadcast_to(rounding_scale(node, scope), np.shape(wanted))
        fine |= off <= to * scale
        assert np.all(fine), (what, found[~fine], wanted[~fine], scale[~fine])


def rounding_scale(node: Expression, scope: Scope) -> Array:
    """What the rounding error of an expression is relative to; its value where nothing cancels.

    Running error analysis (Higham, Accuracy and Stability of Numerical Algorithms, section 3.3) to
    first order. Sums round relative to the sum of their terms' sizes, products and quotients to
    their own, a function passes its argument's error on times its slope. However a value is
    computed, two ways need not agree to more than a few units in the last place of this.
    """

    def scale(part: Expression) -> Array:
        return rounding_scale(part, scope)

    def size(part: Expression) -> Array:
        return np.abs(evaluate(part, scope))

    result: Array
    match node:
        case Sum(terms) | Series(terms):
            result = scale(terms[0])
            for term in terms[1:]:
                result = result + scale(term)
            return result
        case Product(factors):
            result = scale(factors[0])
            for factor in factors[1:]:
                result = result * scale(factor)
            return result
        case Quotient(top, bottom):
            with np.errstate(all="ignore"):
                result = scale(top) * scale(bottom) / size(bottom) ** 2
            return np.where(np.isfinite(result), result, size(node))
        case Power(base, exponent):
            return np.asarray(scale(base) ** evaluate(exponent, scope))
        case Function(name, argument):
            slope = SLOPES[name](evaluate(argument, scope))
            return size(node) + slope * scale(argument)
        case LogSumExp(Series(terms)):
            return size(node) + np.max([scale(term) for term in terms])
        case LogSumExp(of):
            return size(node) + np.max(scale(of), axis=1, keepdims=True)
        case Maximum(first, second):
            return np.maximum(scale(first), scale(second))
        case Choice(condition, positive, otherwise):
            above = evaluate(condition, scope) > 0.0
            return np.where(above, scale(positive), scale(otherwise))
        case Activated(_, _, body) | Stable(_, body):
            return scale(body)
        case Negative(of):
            return scale(of)
        case MatrixProduct(left, right):
            return np.asarray(scale(left) @ scale(right))
        case Transposed(of):
            return scale(of).T
        case Total(of, axis):
            return np.asarray(scale(of).sum(axis=axis, keepdims=axis == 1))
        case LastSample(of):
            return np.asarray(scale(of)[-1])
        case Constant(value):
            return np.asarray(abs(value))
        case _:
            return size(node)


SLOPES: dict[str, Callable[[Array], Array]] = {
    "exp": np.exp,
    "ln": lambda x: 1.0 / np.abs(x),
    "sqrt": lambda x: 0.5 / np.sqrt(np.maximum(x, np.finfo(float).tiny)),
    "tanh": lambda x: 1.0 - np.tanh(x) ** 2,
    "ln_one_plus_exp": lambda x: np.exp(-np.logaddexp(0.0, -x)),
    "abs": lambda x: np.abs(np.sign(x)),
    "sign": np.zeros_like,
}
"""The size of each function's derivative."""
