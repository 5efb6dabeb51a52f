"""Verdicts on quantities: right code passes in any form, wrong links are found where they are."""

from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np
import pytest

from bptui.check.judging import Finding, findings_of
from bptui.check.trials import Case, FunctionName, cases_for
from bptui.core.losses import LOSSES

from ..core.support import HIDDEN, PAIRS, build, experiment
from .planted import Bend, Diagnosis, Numbers, diagnosed, right_trials, scaled

FUNCTIONS: tuple[FunctionName, ...] = ("gradients", "step")
MADE = experiment((2, 2, 2), ("tanh", "sigmoid"), samples=3, learning_rate=0.3)
ALL = cases_for(MADE, bias=True, single=False, function="step")
DRAWN = (ALL[1], ALL[-1])
"""A batch, and a single sample."""
FORWARD = ["net_h", "out_h", "net_o", "out_o"]
BACKWARD = ["delta_o", "gW2", "gb2", "delta_h", "gW1", "gb1"]
ORDER = [*FORWARD, "loss", *BACKWARD]


def judged(bend: Bend, cases: Sequence[Case] = DRAWN) -> dict[str, Finding]:
    """The findings on right code whose numbers are bent; of code that gives everything."""
    return {each.name: each for each in findings_of(right_trials(cases, "gradients", bend=bend))}


def verdicts(found: dict[str, Finding]) -> dict[str, str]:
    """All that are not right."""
    return {name: each.verdict for name, each in found.items() if each.verdict != "right"}


def times(names: str, factor: Callable[[Case], float]) -> Bend:
    """The quantities of these names, separated by spaces, times a constant."""

    def bend(numbers: Numbers, case: Case, call: int) -> Numbers:
        return numbers | {name: factor(case) * numbers[name] for name in names.split()}

    return bend


def assert_passes(diagnosis: Diagnosis) -> None:
    wrong = [each for each in diagnosis.findings if each.verdict not in ("right", "not given")]
    assert not wrong
    assert diagnosis.right
    assert diagnosis.causes == ()
    assert diagnosis.first_wrong is None


@pytest.mark.parametrize("loss", LOSSES)
def test_right_code_passes_with_every_activation_and_loss(loss: str) -> None:
    outputs = [output for output, each in PAIRS if each == loss]
    if "squared" in loss and "half" not in loss:  # they differ by a number alone
        outputs = outputs[::4]
    for number, output in enumerate(outputs):
        bias, hidden = number % 2 == 0, HIDDEN[-number % len(HIDDEN)]
        made = experiment((2, 3, 2), (hidden, output), samples=4, loss=loss, l2=0.01, bias=bias)
        cases = cases_for(made, bias=bias, single=False, function="step")
        # single precision, given as if it were double: of code that converts at the end
        case, dtype = ((cases[0], np.float64), (cases[2], np.float32))[number // 4 % 2]
        assert_passes(diagnosed(right_trials([case], FUNCTIONS[number // 2 % 2], dtype)))


def test_the_loss_with_or_without_the_penalty() -> None:
    made = experiment((2, 2, 2), ("tanh", "sigmoid"), samples=3, l2=0.05)
    cases = cases_for(made, bias=True, single=False, function="gradients")[:2]

    def of_data(numbers: Numbers, case: Case, call: int) -> Numbers:
        squares = sum(np.sum(each**2) for each in case.right[call].parameters.weights)
        return numbers | {"loss": numbers["loss"] - 0.05 * squares}

    assert_passes(diagnosed(right_trials(cases, "gradients")))
    assert_passes(diagnosed(right_trials(cases, "gradients", bend=of_data)))
    half = diagnosed(right_trials(cases, "gradients", bend=times("loss", lambda case: 0.5)))
    assert half.first_wrong.ratio.text == "times 0.5"
    assert half.causes == ()  # the gradients are right


def batch(case: Case) -> float:
    return float(case.samples)


@pytest.mark.parametrize(
    "factor",
    [
        lambda case: -1.0,
        lambda case: 2.0,
        lambda case: 1.0 / batch(case),
        lambda case: -batch(case),
    ],
)
def test_deltas_in_another_convention_are_right(factor: Callable[[Case], float]) -> None:
    diagnosis = diagnosed(right_trials(DRAWN, "gradients", bend=times("delta_o delta_h", factor)))
    assert diagnosis.right
    assert diagnosis.causes == ()
    found = {each.name: each for each in diagnosis.findings}
    assert verdicts(found) == {"delta_o": "convention", "delta_h": "convention"}


@pytest.mark.parametrize(
    ("factor", "text"),
    [
        (lambda case: 0.5, "times 0.5"),
        (lambda case: -1.0, "with the opposite sign"),
        (batch, "times the batch size"),
        (lambda case: 1.0 / batch(case), "divided by the batch size"),
        (
            lambda case: -2.0 / batch(case),
            "times 2 and divided by the batch size and with the opposite sign",
        ),
    ],
)
@pytest.mark.parametrize("function", FUNCTIONS)
def test_a_constant_ratio_is_told(
    factor: Callable[[Case], float], text: str, function: FunctionName
) -> None:
    found = Diagnosis(findings_of(right_trials(DRAWN, function, bend=scaled(factor))), ())
    for each in found.findings:
        if each.verdict in ("wrong", "follows"):
            assert each.ratio.text == text
    assert found.first_wrong.name == ("gW2" if function == "gradients" else "W2")
    # code that scales everything alike goes wrong once
    assert [each.verdict for each in found.findings].count("wrong") == 1


def broken_at(name: str) -> Bend:
    """Code that goes wrong at ``name`` and goes on rightly from there, as plain formulas."""

    def spoil(numbers: Numbers, key: str, value: np.ndarray) -> None:
        wave = 1.0 + 0.3 * np.sin(1.0 + np.arange(value.size)).reshape(value.shape)
        numbers[key] = value * wave if key == name else value

    def bend(_: Numbers, case: Case, call: int) -> Numbers:
        start, made = case.right[call].parameters, Numbers()
        x, t = case.experiment.data.inputs, case.experiment.data.targets
        (w1, w2), (b1, b2) = start.weights, start.biases or ()
        spoil(made, "net_h", x @ w1 + b1)
        spoil(made, "out_h", np.tanh(made["net_h"]))
        spoil(made, "net_o", made["out_h"] @ w2 + b2)
        spoil(made, "out_o", 1.0 / (1.0 + np.exp(-made["net_o"])))
        error = made["out_o"] - t
        spoil(made, "loss", np.array([[0.5 * np.sum(error**2) / len(x)]]))
        spoil(made, "delta_o", error * made["out_o"] * (1.0 - made["out_o"]) / len(x))
        spoil(made, "gW2", made["out_h"].T @ made["delta_o"])
        spoil(made, "gb2", made["delta_o"].sum(axis=0))
        back = made["delta_o"] @ w2.T
        spoil(made, "delta_h", back * (1.0 - made["out_h"] ** 2))
        spoil(made, "gW1", x.T @ made["delta_h"])
        spoil(made, "gb1", made["delta_h"].sum(axis=0))
        return made

    return bend


@pytest.mark.parametrize("name", ORDER)
def test_the_first_wrong_link_is_wrong_and_the_rest_follows(name: str) -> None:
    found = judged(broken_at(name))
    wrong = verdicts(found)
    assert [each for each, verdict in wrong.items() if verdict == "wrong"] == [name]
    carries = not name.startswith(("loss", "g"))
    reached = ORDER[ORDER.index(name) + 1 :] if carries else []
    assert [each for each, verdict in wrong.items() if verdict == "follows"] == reached


def test_several_wrong_links() -> None:
    """Behind a hidden delta that itself is only -dL/dnet; two links that are wrong on their own."""

    def negative(numbers: Numbers, case: Case, call: int) -> Numbers:
        made = broken_at("delta_h")(numbers, case, call)
        return made | {name: -made[name] for name in ("delta_o", "delta_h")}

    assert verdicts(judged(negative)) == {
        "delta_o": "convention",
        "delta_h": "wrong",
        "gW1": "follows",
        "gb1": "follows",
    }

    def two(numbers: Numbers, case: Case, call: int) -> Numbers:
        made = broken_at("delta_o")(numbers, case, call)
        return made | {"gW1": made["gW1"] + 0.1}

    wrong = verdicts(judged(two))
    assert [each for each, verdict in wrong.items() if verdict == "wrong"] == ["delta_o", "gW1"]


@pytest.mark.parametrize(
    ("bend", "name", "notice"),
    [
        (lambda a: 0.0 * a, "gW2", "all zeros"),
        (lambda a: a + 1.0, "gW1", ""),
    ],
)
def test_notices(bend: Callable[[np.ndarray], np.ndarray], name: str, notice: str) -> None:
    found = judged(lambda numbers, case, call: numbers | {name: bend(numbers[name])})
    assert found[name].notice == notice


def test_the_place_is_in_the_call_where_it_goes_wrong() -> None:
    """Gradients that are never cleared are right in the first call; frozen layers stay."""

    def later(numbers: Numbers, case: Case, call: int) -> Numbers:
        return numbers | {"gW2": numbers["gW2"] + (0.1 if call else 0.0)}

    trials = right_trials(ALL[1:2], "gradients", bend=later)
    first = next(each for each in findings_of(trials) if each.verdict == "wrong")
    assert (first.name, first.call, first.trial) == ("gW2", 1, trials[0])

    def frozen(numbers: Numbers, case: Case, call: int) -> Numbers:
        before = case.right[call].parameters.named()
        return numbers | {name: before[name] for name in ("W2", "b2")}

    found = {each.name: each for each in findings_of(right_trials(DRAWN, "step", bend=frozen))}
    assert verdicts(found) == {"W2": "wrong", "b2": "wrong"}
    assert found["W2"].notice == "not changed"
    assert found["W2"].error == pytest.approx(1.0)


KINK = build(
    [[[1.0, -0.5], [-1.0, 0.7]], [[0.4, -0.6], [0.9, 0.8]]],
    [[0.0, 0.0], [0.1, -0.2]],
    ("relu", "sigmoid"),
    [[0.5, 0.5]],
    [[0.2, 0.7]],
)
"""The first hidden unit stands exactly at its kink."""


def above(numbers: Numbers, case: Case, call: int) -> Numbers:
    """The slope of relu at 0 is 1."""
    start, x = case.right[call].parameters, case.experiment.data.inputs
    net, out = numbers["net_h"], numbers["out_h"]
    delta = (numbers["delta_o"] @ start.weights[1].T) * (net >= 0.0)
    assert np.array_equal(out > 0.0, net > 0.0)
    return numbers | {"delta_h": delta, "gW1": x.T @ delta, "gb1": delta.sum(axis=0)}


def test_at_a_kink_both_slopes_are_right() -> None:
    cases = cases_for(KINK, bias=True, single=False, function="gradients")
    for some in (cases[:2], cases[:1]):
        assert_passes(diagnosed(right_trials(some, "gradients", bend=above)))
        assert_passes(diagnosed(right_trials(some, "gradients")))
    wrong = diagnosed(right_trials(cases[:1], "gradients", bend=times("gW1", lambda case: 3.0)))
    assert not wrong.right


def test_saturated_numbers_of_the_preset_do_not_accuse() -> None:
    """Outputs are so nearly 1 that their derivative is rounding error."""
    made = experiment((2, 2, 2), "sigmoid", samples=2, seed=3)
    start = replace(made.start, weights=tuple(30.0 * each for each in made.start.weights))
    made = replace(made, start=start)
    case = cases_for(made, bias=True, single=False, function="gradients")[0]

    def other_form(numbers: Numbers, case: Case, call: int) -> Numbers:
        """e^-z / (1 + e^-z)^2 and a (1 - a) differ there by more than they are."""
        noise = 1e-13 * np.cos(np.arange(4.0)).reshape(2, 2)
        return numbers | {"gW1": numbers["gW1"] + noise, "gW2": numbers["gW2"] + noise}

    assert_passes(diagnosed(right_trials([case], "gradients", bend=other_form)))
