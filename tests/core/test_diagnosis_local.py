"""Mistakes that plain numpy code makes in one layer only are named, with that layer."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest

from bptui.check.diagnosis.diagnose import Diagnosis, diagnose
from bptui.check.diagnosis.rewrites import Cause, rewritten
from bptui.check.diagnosis.trials import Case, FunctionName, Trial, cases_for
from bptui.core.experiment import Experiment
from bptui.explain.report import assignment
from bptui.explain.symbols import Symbols

from .planted import Numbers
from .support import experiment

FUNCTIONS: tuple[FunctionName, ...] = ("gradients", "step")
DEEP = experiment((2, 4, 4, 3), "tanh", samples=3, learning_rate=0.3)
SHALLOW = experiment((2, 3, 2), "tanh", samples=3, learning_rate=0.3)
ALONE = experiment((3, 2), "tanh", samples=3, learning_rate=0.3)


def cases_of(made: Experiment) -> tuple[Case, ...]:
    return cases_for(made, bias=True, single=False, function="step")


DEEP_CASES, SHALLOW_CASES = cases_of(DEEP), cases_of(SHALLOW)
RESULTS = ("gW", "gb", "W", "b")


def slope(net: np.ndarray) -> np.ndarray:
    return 1.0 / np.cosh(net) ** 2


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
        delta = error * (1.0 if missing else slope(at))
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
        if not everything:
            given = [
                {name: each for name, each in numbers.items() if name.startswith(RESULTS)}
                for numbers in given
            ]
        made.append(Trial(case, function, tuple(given)))
    return made


def diagnosed(
    cases: Sequence[Case], function: FunctionName, wrong: dict[int, str], everything: bool = False
) -> Diagnosis:
    return diagnose(trials(cases, function, wrong, everything))


@pytest.mark.parametrize("function", FUNCTIONS)
def test_without_a_mistake_it_is_right(function: FunctionName) -> None:
    assert diagnosed(DEEP_CASES, function, {}, everything=True).right


IN_GRADIENTS = [
    ("transposed-weights", 1),
    ("missing-hidden-derivative", 1),
    ("missing-hidden-derivative", 2),
    ("derivative-of-activation", 1),
    ("derivative-of-activation", 2),
    ("derivative-of-activation", 3),
    ("bias-gradient-not-summed", 1),
    ("bias-gradient-not-summed", 3),
]


@pytest.mark.parametrize(("mistake", "layer"), IN_GRADIENTS)
def test_a_mistake_in_one_layer_is_named_with_it(mistake: str, layer: int) -> None:
    cases = (DEEP_CASES[1], DEEP_CASES[4])
    for function, everything in (("gradients", True), ("gradients", False), ("step", False)):
        assert function in FUNCTIONS
        found = diagnosed(cases, function, {layer: mistake}, everything)
        assert found.causes == (Cause((mistake,), layer=layer),), (function, everything)


IN_STEPS = [
    ("frozen-first-layer", 1),
    ("frozen-last-layer", 3),
    ("bias-not-updated", 1),
    ("bias-not-updated", 2),
]


@pytest.mark.parametrize(("mistake", "layer"), IN_STEPS)
def test_parameters_of_one_layer_that_are_not_updated(mistake: str, layer: int) -> None:
    found = diagnosed((DEEP_CASES[1], DEEP_CASES[4]), "step", {layer: mistake})
    assert found.causes == (Cause((mistake,), layer=layer),)


def test_one_hidden_layer() -> None:
    cases = SHALLOW_CASES[1:]
    for everything in (True, False):
        found = diagnosed(cases, "gradients", {1: "derivative-of-activation"}, everything)
        assert found.causes == (Cause(("derivative-of-activation",), layer=1),)
        found = diagnosed(cases, "gradients", {1: "bias-gradient-not-summed"}, everything)
        assert found.causes == (Cause(("bias-gradient-not-summed",), layer=1),)
        # it is the only hidden layer, so nothing else could be meant
        found = diagnosed(cases, "gradients", {1: "missing-hidden-derivative"}, everything)
        assert found.causes == (Cause(("missing-hidden-derivative",)),)


def test_deltas_in_another_convention() -> None:
    """Code that divides by the batch size only where it makes the gradients."""
    given = []
    for each in trials(SHALLOW_CASES[1:], "gradients", {1: "derivative-of-activation"}, True):
        scaled = tuple(
            {k: v * each.case.samples if k.startswith("delta") else v for k, v in numbers.items()}
            for numbers in each.observed
        )
        given.append(Trial(each.case, "gradients", scaled))
    found = diagnose(given)
    assert found.causes == (Cause(("derivative-of-activation",), layer=1),)


def test_all_that_fit_are_given() -> None:
    """The only layer is the first and the last."""
    found = diagnosed(cases_of(ALONE)[1:], "step", {1: "frozen-first-layer"})
    assert found.causes == (
        Cause(("frozen-first-layer",), layer=1),
        Cause(("frozen-last-layer",), layer=1),
    )


def test_no_name_is_given_for_what_is_wrong_besides() -> None:
    """Two layers with different mistakes; one mistake that fits only some trials or calls."""
    cases = (DEEP_CASES[1], DEEP_CASES[4])
    both = {1: "derivative-of-activation", 2: "bias-gradient-not-summed"}
    assert diagnosed(cases, "gradients", both).causes == ()
    some = trials(cases, "gradients", {2: "missing-hidden-derivative"})
    other = trials(cases, "gradients", {2: "derivative-of-activation"})
    assert diagnose([some[0], other[1]]).causes == ()
    mixed = (*some[0].observed[:2], *other[0].observed[2:])
    assert diagnose([Trial(cases[0], "gradients", mixed)]).causes == ()


def test_the_numbers_of_the_preset_alone_name_nothing() -> None:
    found = diagnosed(DEEP_CASES[:1], "gradients", {1: "derivative-of-activation"})
    assert not found.right
    assert found.causes == ()


@pytest.mark.parametrize("factor", [np.nan, np.inf])
def test_numbers_beyond_all_bounds(factor: float) -> None:
    (trial,) = trials(DEEP_CASES[1:2], "gradients", {1: "bias-gradient-not-summed"})
    spoilt = tuple(each | {"gW1": each["gW1"] * factor} for each in trial.observed)
    found = diagnose([Trial(trial.case, "gradients", spoilt)])
    assert not found.right
    assert found.causes == ()


def equations(mistake: str, layer: int, case: Case) -> dict[str, tuple[str, str]]:
    symbols = Symbols(case.experiment.network.names)
    return {
        each.correct.left.name: (
            assignment(each.mistaken, symbols),
            assignment(each.correct, symbols),
        )
        for each in rewritten(Cause((mistake,), layer=layer), case)
    }


@pytest.mark.parametrize(
    ("mistake", "layer", "name"),
    [
        ("transposed-weights", 1, "dL/dout_1"),
        ("missing-hidden-derivative", 2, "delta_2"),
        ("derivative-of-activation", 3, "delta_3"),
        ("bias-gradient-not-summed", 2, "gb2"),
        ("frozen-first-layer", 1, "W1"),
        ("frozen-last-layer", 3, "W3"),
        ("bias-not-updated", 2, "b2"),
    ],
)
def test_only_what_that_layer_has_is_rewritten(mistake: str, layer: int, name: str) -> None:
    made = equations(mistake, layer, DEEP_CASES[1])
    assert [*made] == [name]
    written_so, right = made[name]
    assert written_so != right


def test_a_matrix_that_is_not_square_is_not_rewritten_transposed() -> None:
    """W3 of 2-4-4-3 is 4x3."""
    written_so, right = equations("transposed-weights", 1, DEEP_CASES[1])["dL/dout_1"]
    assert right.endswith("W2.T")
    assert written_so == right.removesuffix(".T")
    assert equations("transposed-weights", 2, DEEP_CASES[1]) == {}
    assert equations("transposed-weights", 1, DEEP_CASES[4]) == {}
