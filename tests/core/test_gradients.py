"""Gradients and updates of drawn experiments against a reference that is written a second time."""

import numpy as np
import pytest

from bptui.core.activations import ACTIVATIONS
from bptui.core.engine import Engine
from bptui.core.losses import LOSSES
from bptui.core.optimizers import OPTIMIZERS

from .support import PAIRS, arrays, check_against_plain_loops, experiment, random_experiment

COUNT, AT_ONCE = 300, 20


@pytest.mark.parametrize("first", range(0, COUNT, AT_ONCE))
def test_drawn_experiments(first: int) -> None:
    for seed in range(first, first + AT_ONCE):
        check_against_plain_loops(random_experiment(seed))


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


def test_gradient_of_one_softmax_unit_is_zero() -> None:
    shown = Engine(experiment((3, 1), "softmax", loss="cross_entropy")).record()
    assert all(not np.any(g) for g in arrays(shown.gradients))
