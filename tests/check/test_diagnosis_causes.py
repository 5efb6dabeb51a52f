"""Mistakes and other slips are named from their numbers, several at once, too."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest

from bptui.check.comparing import chain, is_result
from bptui.check.inferring import with_settings
from bptui.check.trials import Case, FunctionName, Trial, cases_for
from bptui.core.experiment import Experiment
from bptui.core.graph.node import evaluate
from bptui.core.mistakes import mistaken_step

from ..core.support import experiment
from .planted import Bend, Numbers, diagnosed, right_trials

FUNCTIONS: tuple[FunctionName, ...] = ("gradients", "step")
SQUARE = experiment((3, 2, 2), ("tanh", "sigmoid"), samples=3, learning_rate=0.3)
DEEP = experiment(
    (2, 2, 2, 2), ("tanh", "sigmoid", "sigmoid"), samples=3, loss="mean_squared_error"
)


def cases_of(made: Experiment, single: bool = False) -> tuple[Case, ...]:
    """For both functions: code for gradients is as good on any learning rate."""
    return cases_for(made, bias=made.network.bias, single=single, function="step")


ALL = cases_of(SQUARE)
FEW = (ALL[1], ALL[4])
"""One of the preset's sizes with three calls, one of others."""
DEEP_CASES = cases_of(DEEP)[1:2]


def made_with(
    names: Sequence[str], cases: Sequence[Case], function: FunctionName, **settings: object
) -> list[Trial]:
    """The results of steps with these mistakes and settings, in one life of the code."""
    made = []
    for case in cases:
        plain = case.experiment
        used = settings.pop("activations", plain.network.activations)
        other = with_settings(plain, used, mistakes=tuple(names), **settings)  # type: ignore[arg-type]  # of any kind
        step = mistaken_step(other, case.samples)
        wanted = [name for name in chain(plain.network, function) if is_result(name)]
        slots = {
            node: np.zeros(node.shape) for n, node in step.before.items() if n not in step.nodes
        }
        given = []
        for right in case.right:
            data = {name: right.values[name] for name in ("input", "target")}
            known = {**step.given({**data, **right.parameters.named()}), **slots}
            found = evaluate(step.computed.values(), known)
            slots = {old: found[step.updated[old.name]] for old in slots}
            given.append({name: found[step.computed[name]] for name in wanted})
        made.append(Trial(case, function, tuple(given)))
    return made


@pytest.mark.parametrize(
    ("names", "cases"),
    [
        (("transposed-weights", "gradient-accumulated"), DEEP_CASES),
        (("wrong-sign", "frozen-first-layer", "bias-gradient-not-summed"), FEW),
        (
            ("transposed-weights", "missing-hidden-derivative", "wrong-sign", "not-averaged"),
            FEW[:1],
        ),
    ],
)
def test_several_at_once(names: tuple[str, ...], cases: tuple[Case, ...]) -> None:
    found = diagnosed(made_with(names, cases, "step")).causes
    assert {*names} in [{*each.mistakes} for each in found]


@pytest.mark.parametrize(
    ("made", "settings", "text"),
    [
        (experiment((2, 2, 2), "sigmoid", l2=0.02), {"l2": 0.0}, "the L2 penalty is left out"),
        (
            experiment((2, 3, 2), "tanh", l2=0.02),
            {"l2": 0.01},
            "the factor 2 of the L2 penalty's gradient is left out",
        ),
        (
            experiment((2, 3, 1), ("tanh", "sigmoid"), loss="binary_cross_entropy"),
            {"loss": "half_squared_error"},
            "the loss is half_squared_error",
        ),
        (
            experiment((2, 3, 2), ("tanh", "sigmoid")),
            {"activations": ("sigmoid", "sigmoid")},
            "the hidden layer's activation is sigmoid",
        ),
        (
            experiment((2, 3, 2), ("tanh", "identity")),
            {"activations": ("tanh", "sigmoid")},
            "the output layer's activation is sigmoid",
        ),
    ],
)
def test_what_is_not_in_the_catalogue_but_known(
    made: Experiment, settings: dict[str, object], text: str
) -> None:
    trials = made_with((), cases_of(made)[1:2], "step", **settings)
    assert (text,) in [each.other for each in diagnosed(trials).causes]


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
    "delta_h = dL_dout_h * (1 - out_h ** 2) ** 2": lambda numbers, case, call: made_from(
        back(numbers, case, call) * (1.0 - numbers["out_h"] ** 2) ** 2, case
    ),
}
"""Lines that are no mistakes of the catalogue, and what code with them gives otherwise."""


@pytest.mark.parametrize("line", SLIPS)
def test_one_operation_that_is_another_one(line: str) -> None:
    def bend(numbers: Numbers, case: Case, call: int) -> Numbers:
        changed = numbers | SLIPS[line](numbers, case, call)
        return {name: changed[name] for name in ("gW2", "gb2", "gW1", "gb1")}

    trials = right_trials(ALL[1:2], "gradients", bend=bend)
    (cause,) = diagnosed(trials).causes
    assert cause.lines == (line,)


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
    assert found.first_wrong.error > 1e100


def test_explanations_that_fit_equally_are_all_given_unless_more_is_known() -> None:
    """A gradient of the error without the derivative is that of the cross-entropy."""
    trials = made_with(("missing-output-derivative",), FEW, "step")
    names = {each.mistakes for each in diagnosed(trials).causes}
    assert ("missing-output-derivative",) in names
    # with the loss it also returns, the code says which of them it computes
    right = right_trials(FEW, "gradients")
    wrong = made_with(("missing-output-derivative",), FEW, "gradients")
    both = [
        replace(one, observed=tuple({**a, "loss": b["loss"]} for a, b in pairs))
        for one, other in zip(wrong, right, strict=True)
        for pairs in [zip(one.observed, other.observed, strict=True)]
    ]
    names = {each.mistakes + each.other for each in diagnosed(both).causes}
    assert names == {("missing-output-derivative",)}
