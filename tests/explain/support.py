"""Experiments of every kind for the tests of explanations, and how exactly a value can be known."""

from collections.abc import Iterator

import numpy as np

from bptui.core.arrays import Array
from bptui.core.engine import Engine, Snapshot
from bptui.core.experiment import Experiment
from bptui.core.losses import LOSSES
from bptui.core.mistakes import MISTAKES
from bptui.core.optimizers import OPTIMIZERS
from bptui.explain.equation import Equation
from bptui.explain.explain import Explanation
from bptui.explain.expression import (
    Activated,
    Apply,
    Constant,
    Expression,
    Scope,
    Series,
    Stable,
    evaluate,
)

from ..core.support import HIDDEN, PAIRS, experiment, random_experiment

RELATIVE = 1e-12


def steps(experiment: Experiment, count: int) -> Iterator[Snapshot]:
    """The first ``count`` steps."""
    engine = Engine(experiment)
    for _ in range(count):
        yield engine.record()


def last(made: Experiment, count: int = 2) -> Snapshot:
    """The last of so many steps."""
    *_, snapshot = steps(made, count)
    return snapshot


def statements(explanation: Explanation) -> list[Equation]:
    """Everything that is said of single numbers."""
    return [each for section in explanation.numbers for each in section.statements]


def all_equations(explanation: Explanation) -> Iterator[Equation]:
    """Every equation of an explanation, mistaken and correct ones alike."""
    for statement in (*explanation.arrays, *statements(explanation)):
        yield from statement.sides.values()


def cases() -> dict[str, Experiment]:
    """Every function, optimizer and mistake, saturated outputs, and some drawn at random."""
    found: dict[str, Experiment] = {}
    for place, (output, loss) in enumerate(PAIRS):
        # others are one after the other: each with one of the losses in turn
        if output not in ("sigmoid", "softmax") and place % len(LOSSES):
            continue
        activations = (HIDDEN[place % len(HIDDEN)], output)
        found[f"{output}-{loss}"] = experiment(
            (2, 3, 2), activations, loss=loss, samples=1 + place % 3, l2=0.01
        )
    for name in OPTIMIZERS:
        found[name] = experiment(
            (2, 2, 2), "sigmoid", samples=5, batch_size=2, optimizer=name, l2=0.01
        )
    losses = ("half_squared_error", "binary_cross_entropy", "cross_entropy")
    for place, name in enumerate(MISTAKES):
        loss, layers = losses[place % 3], ((2, 2, 2), (3, 2, 2, 2))[place % 2]
        found[name] = experiment(layers, "sigmoid", samples=3, loss=loss, mistakes=(name,))
    for output, loss in (("sigmoid", "binary_cross_entropy"), ("softmax", "cross_entropy")):
        found[f"saturated-{output}"] = experiment((2, 3), output, loss=loss, scale=2000.0)
    slip = ("derivative-of-activation",)  # through a softmax of one unit
    found["softmax-of-one"] = experiment((1, 1), "softmax", samples=4, mistakes=slip)
    for seed in range(6):
        found[f"random-{seed}"] = random_experiment(seed, mistakes=seed % 3)
    return found


CASES = cases()


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
    with np.errstate(all="ignore"):
        return _scale(node, scope)


def _scale(node: Expression, scope: Scope) -> Array:
    parts = [_scale(part, scope) for part in node.parts]
    size = np.abs(evaluate(node, scope))
    match node:
        case Activated() | Stable():
            return parts[1]
        case Series() | Apply("add"):
            return np.asarray(sum(parts))
        case Constant(value):
            return np.asarray(abs(value))
        case Apply("multiply"):
            product = parts[0]
            for factor in parts[1:]:
                product = product * factor
            return np.asarray(product)
        case Apply("divide", (_, bottom)):
            result = parts[0] * parts[1] / evaluate(bottom, scope) ** 2
            return np.where(np.isfinite(result), result, size)
        case Apply("power", (_, exponent)):
            return np.asarray(parts[0] ** evaluate(exponent, scope))
        case Apply("negative" | "absolute"):
            return parts[0]
        case Apply("maximum" | "minimum"):
            return np.maximum(*parts)
        case Apply("where", (condition, _, _)):
            return np.where(evaluate(condition, scope) > 0.0, parts[1], parts[2])
        case Apply("matmul"):
            return np.asarray(parts[0] @ parts[1])
        case Apply("transpose"):
            return parts[0].T
        case Apply("sum", _, settings):
            return np.asarray(parts[0].sum(**dict(settings)))
        case Apply("getitem"):
            return np.asarray(parts[0][-1])
        case Apply("log_sum_exp", (Series(terms),)):
            return size + np.max([_scale(term, scope) for term in terms])
        case Apply("log_sum_exp"):
            return size + np.max(parts[0], axis=1, keepdims=True)
        case Apply("exp" | "expm1"):
            return size + np.abs(evaluate(node, scope) + 1.0) * parts[0]
        case Apply("log", (of,)):
            return size + parts[0] / np.abs(evaluate(of, scope))
        case Apply("sqrt"):
            return size + 0.5 * parts[0] / np.maximum(size, np.finfo(float).tiny)
        case Apply("tanh" | "logaddexp"):
            return size + parts[0]  # slopes of at most 1
    return size
