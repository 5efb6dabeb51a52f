"""Mistakes that plain numpy code makes in one layer only are named, with that layer."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest

from bptui.check.slips import Cause, rewritten
from bptui.check.trials import Case, FunctionName, Trial, cases_for
from bptui.core.experiment import Experiment
from bptui.explain.report import assignment
from bptui.explain.symbols import Symbols

from ..core.support import experiment
from .planted import Numbers, cause_of, diagnosed

DEEP = experiment((2, 4, 4, 3), "tanh", samples=3, learning_rate=0.3)
SHALLOW = experiment((2, 3, 2), "tanh", samples=3, learning_rate=0.3)
ALONE = experiment((3, 2), "tanh", samples=3, learning_rate=0.3)
RESULTS = ("gW", "gb", "W", "b")


def cases_of(made: Experiment) -> tuple[Case, ...]:
    return cases_for(made, bias=True, single=False, function="step")


DEEP_CASES, SHALLOW_CASES = cases_of(DEEP), cases_of(SHALLOW)[1:]
FEW = (DEEP_CASES[1], DEEP_CASES[4])


def written(case: Case, call: int, wrong: dict[int, str]) -> tuple[Numbers, Numbers]:
    """Code for tanh and the halved squared error, with ``wrong`` in the layers named.

    What ``gradients`` gives, intermediates included, and what ``step`` gives.
    """
    start, names = case.right[call].parameters, case.experiment.network.names
    x, t = case.experiment.data.inputs, case.experiment.data.targets
    weights, biases, depth = start.weights, start.biases or (), len(start.weights)
    nets, outs = [x], [x]
    for layer in range(1, depth + 1):
        nets.append(outs[-1] @ weights[layer - 1] + biases[layer - 1])
        outs.append(np.tanh(nets[-1]))
    made: Numbers = {}
    after: Numbers = {}
    error = (outs[-1] - t) / len(x)
    for layer in range(depth, 0, -1):
        mistake = wrong.get(layer, "")
        at = outs[layer] if mistake == "derivative-of-activation" else nets[layer]
        missing = mistake in ("missing-hidden-derivative", "missing-output-derivative")
        if mistake == "transposed-weights" and weights[layer].shape[0] == weights[layer].shape[1]:
            error = made[names.delta(layer + 1)] @ weights[layer]
        delta = error * (1.0 if missing else 1.0 / np.cosh(at) ** 2)
        of_bias = delta[-1] if mistake == "bias-gradient-not-summed" else delta.sum(axis=0)
        of_weights = outs[layer - 1].T @ delta
        made |= {names.net(layer): nets[layer], names.out(layer): outs[layer]}
        made |= {names.delta(layer): delta, f"gW{layer}": of_weights, f"gb{layer}": of_bias}
        rate = case.experiment.training.learning_rate
        moves = not mistake.startswith("frozen"), mistake != "bias-not-updated"
        after[f"W{layer}"] = weights[layer - 1] - rate * moves[0] * of_weights
        after[f"b{layer}"] = biases[layer - 1] - rate * moves[1] * of_bias
        error = delta @ weights[layer - 1].T
    return made, after


def trials(
    cases: Sequence[Case], function: FunctionName, wrong: dict[int, str], everything: bool = False
) -> list[Trial]:
    made = []
    for case in cases:
        calls = [written(case, call, wrong) for call in range(len(case.right))]
        given = [after if function == "step" else numbers for numbers, after in calls]
        kept = ("",) if everything else RESULTS
        given = [{k: v for k, v in numbers.items() if k.startswith(kept)} for numbers in given]
        made.append(Trial(case, function, tuple(given)))
    return made


def causes(
    cases: Sequence[Case], function: FunctionName, wrong: dict[int, str], everything: bool = False
) -> tuple[Cause, ...]:
    return diagnosed(trials(cases, function, wrong, everything)).causes


def test_without_a_mistake_it_is_right() -> None:
    assert diagnosed(trials(DEEP_CASES, "gradients", {}, everything=True)).right
    assert diagnosed(trials(DEEP_CASES, "step", {})).right


@pytest.mark.parametrize(
    ("mistake", "layer"),
    [
        ("transposed-weights", 1),
        ("missing-hidden-derivative", 1),
        ("missing-hidden-derivative", 2),
        ("derivative-of-activation", 1),
        ("derivative-of-activation", 3),
        ("bias-gradient-not-summed", 1),
        ("bias-gradient-not-summed", 3),
        ("frozen-first-layer", 1),
        ("frozen-last-layer", 3),
        ("bias-not-updated", 2),
    ],
)
def test_a_mistake_in_one_layer_is_named_with_it(mistake: str, layer: int) -> None:
    cause = cause_of(mistake, layer=layer)
    assert causes(FEW, "step", {layer: mistake}) == (cause,)
    if not mistake.startswith("frozen") and mistake != "bias-not-updated":
        for everything in (True, False):
            assert causes(FEW, "gradients", {layer: mistake}, everything) == (cause,)


def test_one_hidden_layer() -> None:
    for everything in (True, False):
        for mistake in ("derivative-of-activation", "bias-gradient-not-summed"):
            found = causes(SHALLOW_CASES, "gradients", {1: mistake}, everything)
            assert found == (cause_of(mistake, layer=1),)
        # it is the only hidden layer, so nothing else could be meant
        found = causes(SHALLOW_CASES, "gradients", {1: "missing-hidden-derivative"}, everything)
        assert found == (cause_of("missing-hidden-derivative"),)


def test_two_layers_with_different_mistakes() -> None:
    both = {1: "derivative-of-activation", 2: "bias-gradient-not-summed"}
    (cause,) = causes(FEW, "gradients", both)
    assert {*cause.places} == {(name, layer) for layer, name in both.items()}


def test_deltas_in_another_convention() -> None:
    """Code that divides by the batch size only where it makes the gradients."""
    given = []
    for each in trials(SHALLOW_CASES, "gradients", {1: "derivative-of-activation"}, True):
        scaled = tuple(
            {k: v * each.case.samples if k.startswith("delta") else v for k, v in numbers.items()}
            for numbers in each.observed
        )
        given.append(Trial(each.case, "gradients", scaled))
    assert diagnosed(given).causes == (cause_of("derivative-of-activation", layer=1),)


def test_all_that_fit_are_given() -> None:
    """The only layer is the first and the last."""
    assert causes(cases_of(ALONE)[1:], "step", {1: "frozen-first-layer"}) == (
        cause_of("frozen-first-layer", layer=1),
        cause_of("frozen-last-layer", layer=1),
    )


def test_no_name_is_given_for_what_is_wrong_besides() -> None:
    """One mistake that fits only some trials or calls."""
    some = trials(FEW, "gradients", {2: "missing-hidden-derivative"})
    other = trials(FEW, "gradients", {2: "derivative-of-activation"})
    assert diagnosed([some[0], other[1]]).causes == ()
    mixed = (*some[0].observed[:2], *other[0].observed[2:])
    assert diagnosed([Trial(FEW[0], "gradients", mixed)]).causes == ()
    # the numbers of the preset alone name nothing, nor do numbers beyond all bounds
    own = diagnosed(trials(DEEP_CASES[:1], "gradients", {1: "derivative-of-activation"}))
    (trial,) = trials(FEW[:1], "gradients", {1: "bias-gradient-not-summed"})
    spoilt = tuple(each | {"gW1": each["gW1"] * np.nan} for each in trial.observed)
    for found in (own, diagnosed([Trial(trial.case, "gradients", spoilt)])):
        assert not found.right
        assert found.causes == ()


@pytest.mark.parametrize(
    ("mistake", "layer", "case", "names"),
    [
        ("transposed-weights", 1, 1, ["dL/dout_1"]),
        ("missing-hidden-derivative", 2, 1, ["delta_2"]),
        ("derivative-of-activation", 3, 1, ["delta_3"]),
        ("bias-gradient-not-summed", 2, 1, ["gb2"]),
        ("frozen-first-layer", 1, 1, ["W1"]),
        ("frozen-last-layer", 3, 1, ["W3"]),
        ("bias-not-updated", 2, 1, ["b2"]),
        # W3 of 2-4-4-3 is 4x3, and no matrix of the other network is square
        ("transposed-weights", 2, 1, []),
        ("transposed-weights", 1, 4, []),
    ],
)
def test_only_what_that_layer_has_is_rewritten(
    mistake: str, layer: int, case: int, names: list[str]
) -> None:
    made = rewritten(cause_of(mistake, layer=layer), DEEP_CASES[case])
    assert [each.correct.left.name for each in made] == names
    symbols = Symbols(DEEP.network.names)
    for each in made:
        one, other = assignment(each.mistaken, symbols), assignment(each.correct, symbols)
        assert one != other
        assert mistake != "transposed-weights" or one == other.removesuffix(".T")
