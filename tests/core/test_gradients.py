"""Gradients and updates of drawn experiments against a reference that is written a second time."""

from __future__ import annotations

import numpy as np
import pytest

from bptui.core.activations import ACTIVATIONS
from bptui.core.engine import Engine
from bptui.core.experiment import Experiment
from bptui.core.losses import LOSSES
from bptui.core.optimizers import OPTIMIZERS

from .reference import PlainRun
from .support import PAIRS, arrays, experiment, random_experiment

COUNT, AT_ONCE = 300, 20


def check(made: Experiment, steps: int = 4) -> None:
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


@pytest.mark.parametrize("first", range(0, COUNT, AT_ONCE))
def test_drawn_experiments(first: int) -> None:
    for seed in range(first, first + AT_ONCE):
        check(random_experiment(seed))


def test_everything_is_drawn() -> None:
    made = [random_experiment(seed) for seed in range(COUNT)]
    training = [one.training for one in made]
    assert {name for one in made for name in one.network.activations} == set(ACTIVATIONS)
    assert {(one.network.activations[-1], one.training.loss) for one in made} == set(PAIRS)
    assert {each.loss for each in training} == set(LOSSES)
    assert {each.optimizer for each in training} == set(OPTIMIZERS)
    assert {(each.reduction, each.l2 > 0.0) for each in training} == {
        (reduction, penalty) for reduction in ("mean", "sum") for penalty in (True, False)
    }
    assert {one.schedule.full_batch for one in made} == {True, False}
    assert {one.network.bias for one in made} == {True, False}


@pytest.mark.parametrize("shuffle", [False, True])
@pytest.mark.parametrize("batch_size", [1, 2, 5])
def test_mini_batches_are_those_of_the_data(batch_size: int, shuffle: bool) -> None:
    engine = Engine(experiment(samples=5, batch_size=batch_size, shuffle=shuffle))
    for _ in range(6):
        shown = engine.record()
        assert np.array_equal(shown.values["input"], shown.experiment.data.inputs[shown.batch])


def test_gradient_of_one_softmax_unit_is_zero() -> None:
    shown = Engine(experiment((3, 1), "softmax", loss="cross_entropy")).record()
    assert all(not np.any(g) for g in arrays(shown.gradients))
