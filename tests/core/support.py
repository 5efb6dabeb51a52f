"""Small experiments for the tests of the core."""

import random
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from itertools import pairwise
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

from bptui.app.playback import search
from bptui.core import history
from bptui.core.activations import ACTIVATIONS, APPLIED
from bptui.core.arrays import Array, Integers, frozen
from bptui.core.data import Data
from bptui.core.engine import Engine, Snapshot
from bptui.core.errors import UnusableError
from bptui.core.evaluation import Evaluator
from bptui.core.experiment import Experiment, Training
from bptui.core.losses import LOSSES, TERMS
from bptui.core.mistakes import MISTAKES, check_mistakes
from bptui.core.network import Network, Parameters
from bptui.core.optimizers import OPTIMIZERS
from bptui.core.timeline import Timeline

from .reference import PlainRun

PAIRS = [
    (activation.name, loss.name)
    for loss in LOSSES.values()
    for activation in ACTIVATIONS.values()
    if loss.refusal(activation) is None
]
"""Every output activation with every loss that may follow it."""

HIDDEN = [name for name, each in ACTIVATIONS.items() if each.pullback is None]


def data(inputs: npt.ArrayLike, targets: npt.ArrayLike) -> Data:
    x, t = frozen(inputs), frozen(targets)
    return Data(x, t, frozen(np.empty((0, x.shape[1]))), frozen(np.empty((0, t.shape[1]))))


def build(
    weights: Sequence[npt.ArrayLike],
    biases: Sequence[npt.ArrayLike] | None,
    activations: tuple[str, ...],
    inputs: npt.ArrayLike,
    targets: npt.ArrayLike,
    **training: Any,  # noqa: ANN401  fields of Training, each with its own type
) -> Experiment:
    """An experiment with these start values and this data."""
    start = Parameters.of(weights, biases)
    layers = (start.weights[0].shape[0], *(each.shape[1] for each in start.weights))
    network = Network(layers, activations, bias=biases is not None)
    return Experiment("test", network, start, Training(**training), data(inputs, targets))


def experiment(
    layers: tuple[int, ...] = (2, 3, 2),
    activations: str | tuple[str, ...] = "tanh",
    *,
    samples: int = 5,
    bias: bool = True,
    seed: int = 0,
    scale: float = 0.8,
    **training: Any,  # noqa: ANN401  fields of Training, each with its own type
) -> Experiment:
    """An experiment with drawn start values and data; targets lie in (0.05, 0.95)."""
    rng = np.random.default_rng(seed)
    if isinstance(activations, str):
        activations = (activations,) * (len(layers) - 1)
    weights = [rng.normal(0.0, scale, shape) for shape in pairwise(layers)]
    biases = [rng.normal(0.0, scale, units) for units in layers[1:]] if bias else None
    inputs = rng.normal(0.0, 1.0, (samples, layers[0]))
    targets = rng.uniform(0.05, 0.95, (samples, layers[-1]))
    return build(weights, biases, activations, inputs, targets, **training)


@contextmanager
def tables_kept() -> Iterator[None]:
    """What is entered within is gone afterwards."""
    tables: list[dict[str, Any]] = [ACTIVATIONS, APPLIED, LOSSES, TERMS, OPTIMIZERS]
    kept = [dict(table) for table in tables]
    yield
    for table, before in zip(tables, kept, strict=True):
        table.clear()
        table.update(before)


def diverging(**training: Any) -> Experiment:  # noqa: ANN401  fields of Training, as above
    """Two linear layers and a step size far too large: the loss overflows within a few steps."""
    training = {"learning_rate": 3.0, **training}
    weights = [[[1.0, -0.5]], [[0.5], [1.5]]]
    return build(weights, None, ("identity",) * 2, [[2.0]], [[1.0]], **training)


def first_not_finite(timeline: Timeline) -> int:
    """Play until a loss is not finite; the step."""
    while timeline.first_not_finite is None:
        timeline.snapshot(timeline.furthest + 1)
    return timeline.first_not_finite


def arrays(parameters: Parameters) -> list[Array]:
    """Weights, then biases."""
    return [*parameters.weights, *(parameters.biases or ())]


def losses_of(timeline: Timeline) -> Array:
    """The losses of every step that a short timeline has played; NaN where one is not finite."""
    return timeline.losses.envelope(len(timeline.losses))[1]


def assert_same_bits(one: Snapshot, other: Snapshot) -> None:
    """Everything in two snapshots is equal, NaN counting as equal to NaN."""
    assert one.step == other.step
    assert one.epoch == other.epoch
    assert np.array_equal(one.batch, other.batch)
    assert one.values.keys() == other.values.keys()
    pairs = [(one.values[name], other.values[name], name) for name in one.values]
    groups = ("parameters", "updated_parameters", "gradients")
    for group in groups:
        mine, theirs = arrays(getattr(one, group)), arrays(getattr(other, group))
        pairs += [(a, b, group) for a, b in zip(mine, theirs, strict=True)]
    for group in ("slots", "updated_slots"):
        mine, theirs = getattr(one, group), getattr(other, group)
        assert mine.keys() == theirs.keys()
        for slot in mine:
            both = zip(arrays(mine[slot]), arrays(theirs[slot]), strict=True)
            pairs += [(a, b, f"{group} {slot}") for a, b in both]
    for a, b, name in pairs:
        assert np.array_equal(a, b, equal_nan=True), name


def check_against_plain_loops(made: Experiment, steps: int = 4) -> None:
    """Compare loss, gradients and updates of some steps with those of the plain loops."""
    engine, plain = Engine(made), PlainRun(made)
    for _ in range(steps):
        shown = engine.record()
        loss, weights, biases = plain.play()
        assert shown.loss == pytest.approx(loss, rel=1e-10, abs=1e-13)
        after = [*plain.weights, *(plain.biases or ())]
        for found, expected in (
            *zip(arrays(shown.gradients), [*weights, *biases], strict=True),
            *zip(arrays(shown.updated_parameters), after, strict=True),
        ):
            # of a network that has learned its samples gradients are differences of equal numbers
            error, size = np.linalg.norm(found - expected), np.linalg.norm(expected)
            assert error <= 1e-10 * size + 1e-14


def random_experiment(seed: int, mistakes: int = 0) -> Experiment:
    """One to four layers of one to five units, everything else drawn too, with mistakes."""
    draw, rng = random.Random(seed), np.random.default_rng(seed)
    depth, square = draw.randint(1, 4), draw.random() < 0.4
    layers = [draw.randint(1, 5) for _ in range(depth + 1)]
    if square:
        layers[1:] = [layers[1]] * depth
    output, loss = draw.choice(PAIRS)
    activations = (*(draw.choice(HIDDEN) for _ in range(depth - 1)), output)
    bias, samples = draw.random() < 0.7, draw.choice([1, 1, 2, 3, 5])
    settings: dict[str, Any] = {
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
    }
    network = Network(tuple(layers), activations, bias)
    chosen: tuple[str, ...] = ()
    for name in draw.sample([*MISTAKES], len(MISTAKES)):
        try:
            check_mistakes((*chosen, name), network, settings["reduction"])
        except UnusableError:
            continue
        chosen = (*chosen, name)[:mistakes]
    weights = [rng.normal(0.0, 0.8, shape) for shape in pairwise(layers)]
    biases = [rng.normal(0.0, 0.8, units) for units in layers[1:]] if bias else None
    targets = rng.uniform(0.05, 0.95, (samples, layers[-1]))
    if draw.random() < 0.4:  # classes
        targets = np.eye(layers[-1])[rng.integers(0, layers[-1], samples)]
    inputs = rng.normal(0.0, 1.0, (samples, layers[0]))
    return build(weights, biases, activations, inputs, targets, mistakes=chosen, **settings)


def held_out_loss(made: Experiment, parameters: Parameters) -> float:
    """The loss of the test samples, by the forward pass of all of them."""
    data = made.data
    return Evaluator(made.network, data.test_inputs).loss(made, parameters, data.test_targets)


def keep_little(patch: pytest.MonkeyPatch) -> None:
    """Keep 16 spans of the losses, at most."""
    patch.setattr(history, "SPANS", 16)
    patch.setattr(search, "PIECE", 12)


def check_envelope(found: tuple[Integers, Array, Array], losses: Array, columns: int) -> None:
    """Every column against the losses themselves, and the last step against its own."""
    steps, lows, highs = found
    count = len(losses)
    assert len(steps) == len(lows) == len(highs) <= max(2 * columns, 1)
    assert steps[0] == 0
    assert steps[-1] == count - 1 or len(steps) == 1
    assert np.all(np.diff(steps) > 0)
    if len(steps) == columns + 1 < count:  # where columns begin, and a rounding to spans
        even = np.linspace(0, count, columns, endpoint=False)
        assert np.all(np.abs(even - steps[:-1]) <= 1 + 2 * count / history.SPANS)
    finite = np.where(np.isfinite(losses), losses, np.nan)
    for each, extreme in ((lows, np.fmin), (highs, np.fmax)):
        expected = extreme.reduceat(finite, steps)
        if not np.array_equal(each, expected, equal_nan=True):
            # the last step may be in the last column too
            expected[-2:-1] = extreme(expected[-2:-1], finite[-1])
        assert np.array_equal(each, expected, equal_nan=True)
