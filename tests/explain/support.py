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
from bptui.explain.expression import Expression, Scope

from ..core.support import HIDDEN, PAIRS, experiment, random_experiment

RELATIVE = 1e-12
MOVES, LITTLE = 6, 1e-7


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

    However a value is computed, two ways need not agree better than the values of numbers that
    differ by a rounding: found by moving all that is read, a few times, by a little of its size.
    """
    chance, moves = np.random.default_rng(0), list[Array]()

    def moved(array: Array) -> Array:
        return array * (1.0 + LITTLE * chance.choice([-1.0, 1.0], array.shape))

    with np.errstate(all="ignore"):
        value = scope.evaluate(node)
        for _ in range(MOVES):
            both = (
                {name: moved(each) for name, each in part.items()}
                for part in (scope.old, scope.new)
            )
            moves.append(np.abs(Scope(*both).evaluate(node) - value) / LITTLE)
    return np.abs(value) + 2.0 * np.max(moves, axis=0)
