"""The networks on which a user's code is tried: different, generic, and fit for the preset."""

from __future__ import annotations

import numpy as np
import pytest

from bptui.check.diagnosis.trials import Case, FunctionName, cases_for
from bptui.core.engine import Snapshot
from bptui.core.experiment import Experiment

from .support import arrays, build, experiment

SQUARE = experiment((2, 2, 2), "sigmoid", samples=3, learning_rate=0.5, l2=0.01)


def drawn(
    made: Experiment, function: FunctionName = "step", single: bool = False
) -> tuple[Case, ...]:
    cases = cases_for(made, bias=made.network.bias, single=single, function=function)
    assert [each.own for each in cases] == [True, *[False] * (len(cases) - 1)]
    return cases[1:]


def test_own_numbers_come_first_without_mistakes_and_with_plain_descent() -> None:
    preset = experiment(
        (2, 2, 2),
        "sigmoid",
        samples=7,
        batch_size=3,
        optimizer="adam",
        learning_rate=0.02,
        mistakes=("doubled",),
    )
    own = cases_for(preset, bias=True, single=False, function="step")[0]
    made = own.experiment
    assert made.training.mistakes == ()
    assert made.training.optimizer == "sgd"
    assert made.training.learning_rate == 0.02
    assert own.samples == 3
    assert np.array_equal(made.data.inputs, preset.data.inputs[:3])
    for mine, theirs in zip(arrays(made.start), arrays(preset.start), strict=True):
        assert np.array_equal(mine, theirs)
    assert own.title == "test's own data"


def test_no_more_than_64_samples_of_the_preset() -> None:
    preset = experiment((2, 3, 1), samples=100)
    assert cases_for(preset, bias=True, single=False, function="step")[0].samples == 64
    assert cases_for(preset, bias=True, single=True, function="step")[0].samples == 1


@pytest.mark.parametrize("bias", [True, False])
def test_biases_as_the_code_takes_them(bias: bool) -> None:
    for preset in (experiment(bias=True), experiment(bias=False)):
        for case in cases_for(preset, bias=bias, single=False, function="step"):
            assert case.experiment.network.bias is bias
            for snapshot in case.right:
                biases = snapshot.parameters.biases
                assert (biases is not None) is bias
                assert all(each.all() for each in biases or ())


def numbers_of(snapshot: Snapshot) -> np.ndarray:
    given = [*arrays(snapshot.parameters), snapshot.values["input"]]
    return np.concatenate([each.ravel() for each in given])


@pytest.mark.parametrize(
    "preset",
    [
        SQUARE,
        experiment((2, 3, 1), ("relu", "sigmoid"), loss="binary_cross_entropy"),
        experiment((3, 4, 4, 2), ("leaky_relu", "relu", "identity")),
    ],
)
def test_drawn_numbers_are_different_and_let_mistakes_show(preset: Experiment) -> None:
    names = preset.network.names
    for case in drawn(preset):
        for snapshot in case.right:
            numbers = np.abs(numbers_of(snapshot))
            assert numbers.min() > 0.01
            assert len(np.unique(numbers)) == numbers.size
            for layer, activation in enumerate(preset.network.activations, 1):
                net = np.abs(snapshot.values[names.net(layer)])
                if activation.endswith("relu"):
                    assert net.min() > 1e-3
                elif activation == "sigmoid":
                    assert net.max() < 4.0
            for gradient in snapshot.gradients.weights:
                assert np.abs(gradient).max() > 1e-3


def test_sizes_samples_and_learning_rates_tell_each_other_apart() -> None:
    cases = drawn(SQUARE)
    batches = [each.samples for each in cases if each.samples > 1]
    assert len(batches) >= 4
    assert len(set(batches)) == len(batches)
    sizes = {each for case in cases for each in case.experiment.network.layers}
    assert not set(batches) & (sizes | {1, 2})
    rates = [each.experiment.training.learning_rate for each in cases]
    assert len(set(rates)) == len(rates)
    assert not {0.5, 1.0, 2.0} & set(rates)
    assert max(len(each.right) for each in cases) == 3
    assert {each.experiment.training.l2 for each in cases} == {0.01}
    other = [each for each in cases if each.experiment.network.layers != (2, 2, 2)]
    for case in other:
        layers = case.experiment.network.layers
        assert len(set(layers)) == len(layers)
        assert layers[-1] == 3, "or twice and the number of outputs were the same"
    assert len(other) >= 1


def test_gradients_know_the_learning_rate_of_the_preset() -> None:
    """The function is not told one, so the only one it can use is the preset's."""
    assert {each.experiment.training.learning_rate for each in drawn(SQUARE, "gradients")} == {0.5}


def test_single_samples() -> None:
    cases = drawn(SQUARE, single=True)
    assert {each.samples for each in cases} == {1}
    assert len(cases) >= 4


def test_the_same_every_time() -> None:
    for one, other in zip(drawn(SQUARE), drawn(SQUARE), strict=True):
        assert one.title == other.title
        assert np.array_equal(numbers_of(one.right[-1]), numbers_of(other.right[-1]))


def with_targets(targets: object, **training: object) -> Experiment:
    given = np.array(targets, dtype=np.float64)
    rng = np.random.default_rng(1)
    weights = [rng.normal(size=(2, 3)), rng.normal(size=(3, given.shape[1]))]
    activations = ("tanh", "softmax" if training["loss"] == "cross_entropy" else "sigmoid")
    return build(weights, None, activations, rng.normal(size=(len(given), 2)), given, **training)


def test_targets_like_those_of_the_preset() -> None:
    classes = with_targets([[1, 0, 0], [0, 0, 1], [0, 1, 0]], loss="cross_entropy")
    shares = with_targets([[0.2, 0.8], [0.7, 0.3]], loss="cross_entropy")
    yes_or_no = with_targets([[0], [1], [1]], loss="binary_cross_entropy")
    any_numbers = with_targets([[0.3, 0.8], [0.1, 0.6]], loss="half_squared_error")
    for single in (False, True):
        for case in drawn(classes, single=single):
            targets = case.experiment.data.targets
            assert set(np.unique(targets)) == {0.0, 1.0}
            assert np.array_equal(targets.sum(axis=1), np.ones(case.samples))
        for case in drawn(shares, single=single):
            assert np.allclose(case.experiment.data.targets.sum(axis=1), 1.0, rtol=0, atol=1e-15)
        for case in drawn(yes_or_no, single=single):
            assert set(np.unique(case.experiment.data.targets)) <= {0.0, 1.0}
        for case in drawn(any_numbers, single=single):
            targets = case.experiment.data.targets
            assert np.all((targets > 0.0) & (targets < 1.0))
            assert len(np.unique(targets)) == targets.size


def test_a_large_network_is_tried_little_and_a_small_one_of_its_depth_more() -> None:
    large = experiment((784, 128, 10), ("relu", "softmax"), samples=3, loss="cross_entropy")
    cases = drawn(large)
    sizes = [each.experiment.network.layers for each in cases]
    assert sizes.count((784, 128, 10)) == 1
    small = [each for each in cases if each.experiment.network.parameter_count < 1000]
    assert len(small) == len(cases) - 1
    assert max(len(each.right) for each in small) == 3
    assert [each[-1] for each in sizes].count(10) == 2
    assert {each[-1] for each in sizes} == {10, 11}


def test_one_output_stays_one() -> None:
    """Code for a single output may rely on it: an error summed over the batch is its gb."""
    made = experiment((2, 3, 1), ("tanh", "sigmoid"), samples=3, loss="binary_cross_entropy")
    assert {each.experiment.network.layers[-1] for each in drawn(made)} == {1}
