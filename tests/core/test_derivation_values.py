"""Every derivation evaluates to the engine's own value, as an array and number by number."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest

from bptui.core.engine import Snapshot
from bptui.core.experiment import Experiment
from bptui.core.mistakes import CONTRADICTORY, MISTAKES
from bptui.core.optimizers import OPTIMIZERS
from bptui.explain.elements import element
from bptui.explain.formulas import define_for
from bptui.explain.scope import Scope

from .derivation_support import assert_value, definitions, expanded, random_experiment, steps
from .support import HIDDEN, PAIRS, experiment

FEW_TERMS, MOST_TERMS = 6, 60
"""Of a gradient written out: up to which all of its numbers are tested, and up to which any."""


def check(made: Experiment, count: int = 3) -> None:
    for snapshot in steps(made, count):
        check_complete(snapshot)
        check_definitions(snapshot)
        check_expanded(snapshot)


def check_complete(snapshot: Snapshot) -> None:
    """Each operation defines what the engine's writes, and a step all that an update changes."""
    formulas, scope = define_for(snapshot), Scope.of(snapshot)
    assert [*formulas.operations] == [each.name for each in snapshot.operations]
    for operation in snapshot.operations:
        defined = {each.name for each in formulas.operations[operation.name]}
        unseen = set() if snapshot.experiment.training.l2 else {"data_loss", "penalty"}
        assert defined >= set(operation.writes) - unseen
    written = {each.name for each in definitions(formulas) if each.new}
    for name in scope.new.keys() - written:
        parameter = name.removeprefix("accumulated_")
        before = scope.old[name if parameter == name else f"g{parameter}"]
        assert np.array_equal(scope.new[name], before, equal_nan=True)


def check_definitions(snapshot: Snapshot) -> None:
    scope = Scope.of(snapshot)
    for each in definitions(define_for(snapshot)):
        wanted = scope.array(each.name, each.new)
        what = snapshot.experiment.training, snapshot.step, each
        assert_value(each.expression, scope, wanted, what)
        for index in np.ndindex(wanted.shape):
            node = element(each.expression, index, scope)
            assert_value(node, scope, np.asarray(wanted[index]), (index, *what))


def check_expanded(snapshot: Snapshot) -> None:
    """Gradients written out back to the forward pass; of long ones the first and the last."""
    formulas, scope = define_for(snapshot), Scope.of(snapshot)
    names = snapshot.experiment.network.names
    for layer in range(1, names.depth + 1):
        count = len(snapshot.batch) * math.prod(names.layers[layer + 1 :])
        for gradient in (names.weight_gradient(layer), names.bias_gradient(layer)):
            if gradient not in scope.old or count > MOST_TERMS:
                continue
            indices = [*np.ndindex(scope.array(gradient).shape)]
            for index in indices if count <= FEW_TERMS else {indices[0], indices[-1]}:
                node = expanded(gradient, index, snapshot, scope, formulas)
                wanted = np.asarray(scope.array(gradient)[index])
                what = snapshot.experiment.training, snapshot.step, gradient, index, node
                assert_value(node, scope, wanted, what)


@pytest.mark.parametrize("seed", range(8))
def test_random_networks(seed: int) -> None:
    check(random_experiment(seed))


@pytest.mark.parametrize("seed", range(1000, 1005))
def test_random_networks_with_mistakes(seed: int) -> None:
    check(random_experiment(seed, mistakes=1 + seed % 4), 2)


@pytest.mark.parametrize(("output", "loss"), PAIRS)
def test_every_output_activation_with_every_loss(output: str, loss: str) -> None:
    hidden = HIDDEN[PAIRS.index((output, loss)) % len(HIDDEN)]
    check(experiment((2, 3, 2), (hidden, output), loss=loss, samples=1, l2=0.01), 1)


@pytest.mark.parametrize("hidden", HIDDEN)
def test_every_hidden_activation(hidden: str) -> None:
    for output, loss in (("sigmoid", "half_squared_error"), ("softmax", "cross_entropy")):
        check(experiment((2, 3, 2), (hidden, output), loss=loss, samples=1, l2=0.01), 1)


@pytest.mark.parametrize("optimizer", OPTIMIZERS)
def test_optimizers_over_several_steps(optimizer: str) -> None:
    made = experiment(
        (2, 3, 2),
        ("tanh", "sigmoid"),
        samples=5,
        batch_size=2,
        shuffle=True,
        optimizer=optimizer,
        train_biases=(True, False),
        learning_rate=0.02,
    )
    check(made, 7)


@pytest.mark.parametrize("mistake", MISTAKES)
def test_mistakes(mistake: str) -> None:
    """With every kind of loss where the mistake is made beside it, else with one by turns."""
    losses = ("half_squared_error", "binary_cross_entropy", "cross_entropy")
    at = [*MISTAKES].index(mistake) % len(losses)
    layers, activations = (3, 2, 2, 2), ("tanh", "softplus", "sigmoid")
    for loss in losses if "output" in mistake else losses[at : at + 1]:
        made = experiment(layers, activations, samples=3, loss=loss, mistakes=(mistake,), l2=0.01)
        check(made, 2)


def test_pairs_of_mistakes() -> None:
    for pair in itertools.combinations(MISTAKES, 2):
        if pair not in CONTRADICTORY:
            check(experiment((2, 2, 2), "sigmoid", samples=2, mistakes=pair), 1)


@pytest.mark.parametrize(("output", "loss"), PAIRS)
def test_saturated_outputs(output: str, loss: str) -> None:
    """Outputs that have become exactly 0 or 1: the engine stays finite, so do the formulas."""
    made = experiment((2, 3), (output,), loss=loss, samples=3, scale=2000.0)
    check(made, 1)
    mistaken = experiment(
        (2, 3),
        (output,),
        loss=loss,
        samples=3,
        scale=2000.0,
        mistakes=("missing-output-derivative",),
    )
    check(mistaken, 1)
