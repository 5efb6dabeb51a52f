"""The networks on which a user's code is tried: different, generic, and fit for the preset."""

import numpy as np

from bptui.check.numbers.trials import Case, FunctionName, cases_for
from bptui.core.experiment import Experiment

from ..core.support import arrays, build, experiment

SQUARE = experiment((2, 2, 2), "sigmoid", samples=3, learning_rate=0.5, l2=0.01)


def cases(
    made: Experiment, function: FunctionName = "step", single: bool = False
) -> tuple[Case, ...]:
    found = cases_for(made, bias=made.network.bias, single=single, function=function)
    assert [each.own for each in found] == [False, True, False]
    return found


def test_own_numbers_are_without_mistakes_and_with_plain_descent() -> None:
    training = {"optimizer": "adam", "learning_rate": 0.02, "mistakes": ("doubled",)}
    preset = experiment((2, 2, 2), "sigmoid", samples=7, batch_size=3, **training)
    own = cases(preset)[1]
    made = own.experiment
    assert (made.training.mistakes, made.training.optimizer) == ((), "sgd")
    assert (made.training.learning_rate, own.samples) == (0.02, 3)
    assert np.array_equal(made.data.inputs, preset.data.inputs[:3])
    for mine, theirs in zip(arrays(made.start), arrays(preset.start), strict=True):
        assert np.array_equal(mine, theirs)
    many = experiment((2, 3, 1), samples=300)
    assert [cases(many, single=single)[1].samples for single in (False, True)] == [256, 1]


def test_sizes_samples_and_learning_rates_tell_each_other_apart() -> None:
    drawn = cases(SQUARE)[::2]
    batches = [each.samples for each in cases(SQUARE)]
    assert len(set(batches)) == len(batches)
    sizes = {each for case in drawn for each in case.experiment.network.layers}
    assert not {each.samples for each in drawn} & (sizes | {1, 2})
    rates = [each.experiment.training.learning_rate for each in drawn]
    assert len(set(rates)) == len(rates)
    assert not {0.5, 1.0, 2.0} & set(rates)
    assert {len(each.right) for each in drawn} == {2}
    assert {each.experiment.training.l2 for each in drawn} == {0.01}
    layers = [case.experiment.network.layers for case in drawn]
    other = [each for each in layers if each != (2, 2, 2)]
    assert all(len(set(each)) == len(each) for each in other)
    assert {each[-1] for each in other} == {3}, "or twice and the number of outputs were the same"
    # gradients are told no rate, so the only one they can use is the preset's
    rates = [each.experiment.training.learning_rate for each in cases(SQUARE, "gradients")]
    assert {*rates} == {0.5}
    assert {each.samples for each in cases(SQUARE, single=True)} == {1}


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

    def drawn(made: Experiment) -> list[np.ndarray]:
        every = (*cases(made)[::2], *cases(made, single=True)[::2])
        return [case.experiment.data.targets for case in every]

    for targets in drawn(classes):
        assert set(np.unique(targets)) == {0.0, 1.0}
        assert np.array_equal(targets.sum(axis=1), np.ones(len(targets)))
    for targets in drawn(shares):
        assert np.allclose(targets.sum(axis=1), 1.0, rtol=0, atol=1e-15)
    for targets in drawn(yes_or_no):
        assert set(np.unique(targets)) <= {0.0, 1.0}
        assert targets.shape[1] == 1  # code may rely on a single output
    for targets in drawn(any_numbers):
        assert np.all((targets > 0.0) & (targets < 1.0))
        assert len(np.unique(targets)) == targets.size
