"""Outputs, losses and classes away from training: the same numbers as training's own."""

import math
from dataclasses import replace

import numpy as np
import pytest

from bptui.core import evaluation
from bptui.core.arrays import Array, frozen
from bptui.core.data import Data
from bptui.core.evaluation import Evaluator
from bptui.core.experiment import Experiment
from bptui.core.network import Parameters
from bptui.core.timeline import Timeline

from .support import PAIRS, data, experiment, held_out_loss


def loss_of(made: Experiment, parameters: Parameters, inputs: Array, targets: Array) -> float:
    return Evaluator(made.network, inputs).loss(made, parameters, targets)


def test_outputs_and_losses_are_those_of_the_steps() -> None:
    for place, (activation, loss) in enumerate(PAIRS):
        activations, bias = ("tanh", activation), bool(place % 3)
        made = experiment((3, 4, 2), activations, bias=bias, loss=loss, batch_size=5)
        timeline = Timeline(made)
        for step in (0, 1, 7):
            snapshot = timeline.snapshot(step)
            inputs, targets = made.data.inputs, made.data.targets
            outputs = Evaluator(made.network, inputs).outputs(snapshot.parameters)
            assert np.array_equal(outputs, snapshot.outputs), (activation, loss)
            loss_there = loss_of(made, snapshot.parameters, inputs, targets)
            assert loss_there == snapshot.loss, (activation, loss)


@pytest.mark.parametrize("reduction", ["mean", "sum"])
@pytest.mark.parametrize("batch_size", [2, 5])
def test_losses_of_any_samples_share_the_scale_of_training(reduction: str, batch_size: int) -> None:
    made = experiment(reduction=reduction, batch_size=batch_size, l2=0.01)
    snapshot = Timeline(made).snapshot(0)
    # the samples of the batch, given twice, have the same mean
    rows = np.tile(snapshot.batch, 2)
    inputs, targets = made.data.inputs[rows], made.data.targets[rows]
    found = loss_of(made, snapshot.parameters, inputs, targets)
    assert found == pytest.approx(snapshot.loss, rel=1e-12)


def test_large_batches_are_taken_in_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    made = experiment((2, 3, 2), samples=10)
    whole = Evaluator(made.network, made.data.inputs).outputs(made.start)
    loss = loss_of(made, made.start, made.data.inputs, made.data.targets)
    monkeypatch.setattr(evaluation, "MOST_NUMBERS", 3 * 7)
    parts = Evaluator(made.network, made.data.inputs).outputs(made.start)
    assert np.allclose(parts, whole, rtol=1e-12)
    again = loss_of(made, made.start, made.data.inputs, made.data.targets)
    assert again == pytest.approx(loss, rel=1e-12)


def test_without_samples_there_is_no_loss() -> None:
    assert math.isnan(held_out_loss(experiment((2, 3, 1)), experiment((2, 3, 1)).start))


def samples(targets: list[list[float]], test: list[list[float]] | None = None) -> Data:
    made = data(np.zeros((len(targets), 1)), targets)
    if test is None:
        return made
    return replace(made, test_inputs=frozen(np.zeros((len(test), 1))), test_targets=frozen(test))


def test_single_outputs_of_two_values_are_classes() -> None:
    classes = evaluation.classes_of(samples([[0.0], [1.0], [1.0]], [[1.0]]))
    assert classes.labels.tolist() == [0, 1, 1, 1]
    assert classes.predicted(np.array([[0.49], [0.5], [math.nan]])).tolist() == [0, 1, -1]
    signs = evaluation.classes_of(samples([[-1.0], [1.0], [1.0]]))
    assert signs.predicted(np.array([[-0.1], [0.0]])).tolist() == [0, 1]


def test_rows_with_a_single_one_are_classes() -> None:
    classes = evaluation.classes_of(samples([[0, 0, 1], [1, 0, 0]], [[0, 1, 0]]))
    assert classes.labels.tolist() == [2, 0, 1]
    assert classes.count == 3
    outputs = np.array([[0.2, 0.1, 0.7], [0.1, math.nan, 0.3]])
    assert classes.predicted(outputs).tolist() == [2, -1]


@pytest.mark.parametrize(
    "targets",
    [
        [[0.11, 0.89]],
        [[0.1], [0.7]],
        [[0.5], [0.5]],
        [[0.0], [0.5], [1.0]],
        [[1.0, 1.0], [0.0, 1.0]],
        [[0.0, 0.0], [0.0, 1.0]],
        [[0.0, 0.9], [0.9, 0.0]],
    ],
)
def test_other_targets_are_no_classes(targets: list[list[float]]) -> None:
    assert evaluation.classes_of(samples(targets)) is None
