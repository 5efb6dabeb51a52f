"""Mistakes planted in an independent implementation are named by the diagnosis."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest

from bptui.check.trials import Case, FunctionName, Trial, cases_for
from bptui.core.experiment import Experiment

from ..core.support import experiment
from .planted import Bend, Code, Numbers, cause_of, diagnosed, right_trials

FUNCTIONS: tuple[FunctionName, ...] = ("gradients", "step")
SQUARE = experiment((3, 2, 2), ("tanh", "sigmoid"), samples=3, learning_rate=0.3)
DEEP = experiment(
    (2, 2, 2, 2), ("tanh", "sigmoid", "sigmoid"), samples=3, loss="mean_squared_error"
)
ARTICLE = experiment((2, 2, 2), "sigmoid", samples=1, bias=False, learning_rate=0.5)


def cases_of(made: Experiment, single: bool = False) -> tuple[Case, ...]:
    """For both functions: code for gradients is as good on any learning rate."""
    return cases_for(made, bias=made.network.bias, single=single, function="step")


ALL = cases_of(SQUARE)
FEW = (ALL[1], ALL[4])
"""One of the preset's sizes with three calls, one of others."""
DEEP_CASES = cases_of(DEEP)[1:2]


def played(code: Code, cases: Sequence[Case]) -> dict[FunctionName, list[Trial]]:
    made: dict[FunctionName, list[Trial]] = {"gradients": [], "step": []}
    for case in cases:
        try:
            both = code.both(case)
        except ValueError:  # it back-propagates through a matrix that is not square
            continue
        for function in FUNCTIONS:
            made[function].append(both[function])
    return made


@pytest.mark.parametrize(
    ("names", "cases"),
    [
        (("updated-weights", "frozen-last-layer"), DEEP_CASES),
        (("transposed-weights", "gradient-accumulated"), DEEP_CASES),
        (("wrong-sign", "output-factor-a"), DEEP_CASES),
        (("missing-hidden-derivative", "bias-gradient-not-summed"), DEEP_CASES),
        (("wrong-sign", "frozen-first-layer", "bias-gradient-not-summed"), FEW),
        (("missing-output-derivative", "not-averaged", "gradient-accumulated"), FEW),
        (("transposed-weights", "missing-hidden-derivative", "wrong-sign", "not-averaged"), FEW),
    ],
)
def test_several_at_once(names: tuple[str, ...], cases: tuple[Case, ...]) -> None:
    trials = played(Code(names), cases)
    assert {*names} in [{*each.mistakes} for each in diagnosed(trials["step"]).causes]


@pytest.mark.parametrize("single", [True, False])
def test_the_listings_of_the_article(single: bool) -> None:
    cases = cases_of(ARTICLE, single)
    first = ("transposed-weights", "frozen-last-layer")
    trials = played(Code(first), cases)
    assert [each.mistakes for each in diagnosed(trials["step"]).causes] == [first]
    # the gradient that is not applied is right
    assert [each.mistakes for each in diagnosed(trials["gradients"]).causes] == [first[:1]]
    second = {"output-factor-a", "hidden-derivative-by-output", "transposed-weights"}
    trials = played(Code(tuple(second)), cases)
    for function in FUNCTIONS:
        (cause,) = diagnosed(trials[function]).causes
        assert set(cause.mistakes) == second
        assert cause.other == ()


OTHERS = [
    (experiment((2, 2, 2), "sigmoid", l2=0.02), {"l2": 0.0}, None, "the L2 penalty is left out"),
    (
        experiment((2, 3, 2), "tanh", l2=0.02),
        {"l2": 0.01},
        None,
        "the factor 2 of the L2 penalty's gradient is left out",
    ),
    (
        experiment((2, 3, 1), ("tanh", "sigmoid"), loss="binary_cross_entropy"),
        {"loss": "half_squared_error"},
        None,
        "the loss is half_squared_error",
    ),
    (
        experiment((2, 3, 2), ("tanh", "sigmoid")),
        {},
        ("sigmoid", "sigmoid"),
        "the hidden layer's activation is sigmoid",
    ),
    (
        experiment((2, 3, 2), ("tanh", "identity")),
        {},
        ("tanh", "sigmoid"),
        "the output layer's activation is sigmoid",
    ),
]


@pytest.mark.parametrize(("made", "settings", "activations", "text"), OTHERS)
def test_what_is_not_in_the_catalogue_but_known(
    made: Experiment, settings: dict[str, object], activations: tuple[str, ...], text: str
) -> None:
    trials = played(Code((), settings, activations), cases_of(made)[1:2])
    assert cause_of(text) in diagnosed(trials["step"]).causes
    beside = played(Code(("wrong-sign",), settings, activations), cases_of(made)[1:2])
    assert cause_of(text, "wrong-sign") in diagnosed(beside["step"]).causes


def unexplained(numbers: Numbers, case: Case, call: int) -> Numbers:
    """Another function altogether for the derivative of tanh."""
    x, out, target = (
        case.experiment.data.inputs,
        numbers["out_h"],
        case.right[call].values["target"],
    )
    assert len(x) == len(target)
    weights = case.right[call].parameters.weights[1]
    delta = (numbers["delta_o"] @ weights.T) * np.cos(3.0 * out)
    return numbers | {"delta_h": delta, "gW1": x.T @ delta, "gb1": delta.sum(axis=0)}


def test_a_mistake_that_nobody_knows() -> None:
    """No cause, and the first wrong link is named."""
    found = diagnosed(right_trials(FEW, "gradients", bend=unexplained))
    assert found.causes == ()
    assert found.first_wrong is not None
    assert found.first_wrong.name == "delta_h"
    follow = [each.name for each in found.findings if each.verdict == "follows"]
    assert follow == ["gW1", "gb1"]


def back(numbers: Numbers, case: Case, call: int) -> np.ndarray:
    return numbers["delta_o"] @ case.right[call].parameters.weights[1].T


def made_from(delta: np.ndarray, case: Case) -> Numbers:
    return {"gW1": case.experiment.data.inputs.T @ delta, "gb1": delta.sum(axis=0)}


SLIPS: dict[str, Bend] = {
    "gb1 = dL_dout_h.sum(axis=0)": lambda numbers, case, call: {
        "gb1": back(numbers, case, call).sum(axis=0)
    },
    "gW2 = out_h.T @ dL_dout_o": lambda numbers, case, call: {
        "gW2": numbers["out_h"].T
        @ ((numbers["out_o"] - case.right[call].values["target"]) / case.samples)
    },
    "dL_dout_h = delta_o @ gW2.T": lambda numbers, case, call: made_from(
        numbers["delta_o"] @ numbers["gW2"].T * (1.0 - numbers["out_h"] ** 2), case
    ),
    "delta_h = dL_dout_h * (1 - out_h ** 2) * (1 - out_h ** 2)": lambda numbers, case, call: (
        made_from(back(numbers, case, call) * (1.0 - numbers["out_h"] ** 2) ** 2, case)
    ),
}
"""Lines that are no mistakes of the catalogue, and what code with them gives otherwise."""


@pytest.mark.parametrize("line", SLIPS)
def test_one_operation_that_is_another_one(line: str) -> None:
    def bend(numbers: Numbers, case: Case, call: int) -> Numbers:
        changed = numbers | SLIPS[line](numbers, case, call)
        return {name: changed[name] for name in ("gW2", "gb2", "gW1", "gb1")}

    (cause,) = diagnosed(right_trials(ALL[1:3], "gradients", bend=bend)).causes
    assert cause.other == (line,)


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("factor", [np.nan, np.inf, -1e300])
@pytest.mark.parametrize("function", FUNCTIONS)
def test_numbers_beyond_all_bounds(function: FunctionName, factor: float) -> None:
    """They are wrong, without a cause and without a warning."""

    def bend(numbers: Numbers, case: Case, call: int) -> Numbers:
        names = ("delta_o", "gW2", "gW1") if function == "gradients" else ("W2", "W1")
        return numbers | {name: numbers[name] * factor for name in names}

    found = diagnosed(right_trials(FEW, function, bend=bend))
    assert found.causes == ()
    assert found.first_wrong is not None
    assert found.first_wrong.error > 1e100


def test_the_order_is_always_the_same() -> None:
    trials = played(Code(("doubled", "missing-output-derivative")), FEW)["step"]
    one, other = (diagnosed(trials).causes for _ in range(2))
    assert one == other
    assert len(one) > 1


def test_explanations_that_fit_equally_are_all_given_unless_more_is_known() -> None:
    """A gradient of the error without the derivative is that of the cross-entropy."""
    trials = played(Code(("missing-output-derivative",)), FEW)
    names = {each.mistakes + each.other for each in diagnosed(trials["step"]).causes}
    assert names == {("missing-output-derivative",), ("the loss is binary_cross_entropy",)}
    # with the loss it also returns, the code says which of them it computes
    names = {each.mistakes + each.other for each in diagnosed(trials["gradients"]).causes}
    assert names == {("missing-output-derivative",)}
