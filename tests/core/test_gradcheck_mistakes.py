"""Every mistake of the catalogue is found where it is made; correct gradients agree with torch."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from bptui.check.gradcheck.check import check_gradients
from bptui.check.gradcheck.report import chain_lines, report_lines, summary
from bptui.core.engine import Engine
from bptui.core.mistakes import MISTAKES

from .support import HIDDEN, PAIRS, build, experiment
from .test_gradcheck import numerical_gradients, origins, step_of

MADE_IN = {
    "transposed-weights": "dL/dout_h",
    "missing-output-derivative": "delta_o",
    "missing-hidden-derivative": "delta_h",
    "derivative-of-activation": "delta_o",
    "updated-weights": "dL/dout_h",
    "frozen-first-layer": "update",
    "frozen-last-layer": "update",
    "wrong-sign": "dL/dout_o",
    "doubled": "dL/dout_o",
    "missing-half": "dL/dout_o",
    "not-averaged": "dL/dout_o",
    "averaged-twice": "dL/dout_o",
    "bias-not-updated": "update",
    "bias-gradient-not-summed": "gW2",
    "gradient-accumulated": "gW2",
    "output-factor-a": "dL/dout_h",
    "hidden-derivative-by-output": "dL/dout_h",
}
"""The operation of a network with one hidden layer in which each mistake begins."""
RATIOS = {"wrong-sign": -1.0, "doubled": 2.0, "missing-half": 0.5, "not-averaged": 3.0}


def test_the_operations_are_known_of_all_mistakes() -> None:
    assert MADE_IN.keys() == MISTAKES.keys()


@pytest.mark.parametrize("name", MADE_IN)
def test_finds_the_mistake_at_the_step_where_it_acts(name: str) -> None:
    for loss, optimizer in (("half_squared_error", "adam"), ("binary_cross_entropy", "sgd")):
        made = experiment(
            (2, 2, 2), ("tanh", "sigmoid"), samples=3, loss=loss, optimizer=optimizer,
            mistakes=(name,),
        )  # fmt: skip
        engine = Engine(made)
        start, later = check_gradients(engine.record()), check_gradients(engine.record())
        acts_later = name == "gradient-accumulated"
        assert start.right == acts_later
        assert start.idle_mistakes == ((name,) if acts_later else ())
        for check in [later] if acts_later else [start, later]:
            assert not check.right
            first = check.first_wrong
            assert first is not None
            assert first.operation == MADE_IN[name]
            assert all(behind == (name,) for behind in origins(check).values())
            updated = MADE_IN[name] == "update"
            assert (check.count("wrong") == 0) == updated
            assert any(name in line for line in summary(check))
        if name in RATIOS:
            for each in start.gradients:
                assert each.ratio == pytest.approx(RATIOS[name], rel=1e-9)


def test_in_deep_networks_errors_follow_from_the_first_one() -> None:
    made = experiment((2, 2, 2, 2), ("tanh", "tanh", "sigmoid"), mistakes=("transposed-weights",))
    check = check_gradients(step_of(made))
    assert origins(check) == {"dL/dout_2": ("transposed-weights",)}
    told = [" ".join(line.text.split()) for line in chain_lines(check, 100)]
    assert "delta_2 wrong because it uses dL/dout_2" in told
    assert "gW3 right" in told
    assert "dL/dout_2 wrong from here on: transposed-weights" in told


def test_mistakes_that_cancel_are_said_to_have_no_effect() -> None:
    made = experiment((2, 3, 1), mistakes=("doubled", "missing-half"))
    check = check_gradients(step_of(made))
    assert check.right
    assert check.idle_mistakes == ("doubled", "missing-half")


def test_a_mistake_that_another_hides_is_not_blamed() -> None:
    """Weights that are never updated cannot be used after their update."""
    made = experiment((2, 3, 1), mistakes=("updated-weights", "frozen-last-layer"))
    check = check_gradients(step_of(made))
    assert origins(check) == {"update": ("frozen-last-layer",)}
    assert check.idle_mistakes == ("updated-weights",)


def test_mistakes_that_meet_are_each_named_where_they_act() -> None:
    met = experiment((2, 2, 2, 2), mistakes=("updated-weights", "frozen-last-layer"))
    check = check_gradients(step_of(met))
    # the last weights stay, so that those before are the first that are used after their update
    assert origins(check) == {
        "update W3": ("frozen-last-layer",),
        "dL/dout_1": ("updated-weights",),
    }
    assert check.idle_mistakes == check.hidden_mistakes == ()
    behind = experiment(
        (2, 2, 2), mistakes=("doubled", "transposed-weights", "gradient-accumulated")
    )
    check = check_gradients(step_of(behind))
    assert origins(check) == {"dL/dout_o": ("doubled",)}
    named = {each.operation: each.mistakes for each in check.links if each.mistakes}
    assert named == {"dL/dout_o": ("doubled",), "dL/dout_h": ("transposed-weights",)}
    assert check.idle_mistakes == ("gradient-accumulated",)
    assert "dL/dout_h is also wrong on its own: transposed-weights." in summary(check)


def test_mistakes_that_cancel_beside_a_third_are_not_called_idle() -> None:
    mistakes = ("doubled", "missing-half", "transposed-weights")
    check = check_gradients(step_of(experiment((2, 2, 2), mistakes=mistakes)))
    assert origins(check) == {"dL/dout_h": mistakes[2:]}
    assert (check.hidden_mistakes, check.idle_mistakes) == (mistakes[:2], ())


def test_an_update_left_out_is_no_mistake_of_the_gradient() -> None:
    """Without the mistake in the gradient of a dead unit there would be nothing to leave out."""
    made = build(
        [[[1.0]]], [[50.0]], ("sigmoid",), [[1.0]], [[0.0]],
        mistakes=("bias-not-updated", "missing-output-derivative"),
    )  # fmt: skip
    check = check_gradients(step_of(made))
    assert origins(check) == {
        "delta_o": ("missing-output-derivative",),
        "update": ("bias-not-updated",),
    }


@pytest.mark.parametrize("width", [60, 71, 100])
def test_tables_have_their_numbers_in_columns(width: int) -> None:
    made = experiment((2, 16, 8, 3), ("leaky_relu", "tanh", "softmax"), loss="cross_entropy")
    check = check_gradients(step_of(made))
    lines = list(report_lines(check, width))
    ends: set[tuple[int, ...]] = set()
    for line in lines:
        if line.role == "right":
            numbers = line.text.removesuffix(line.words).rstrip()
            assert line.text.endswith("right")
            ends.add((len(numbers), line.text.index(line.words)))
        assert len(line.text) <= width
    assert len(ends) <= len(check.gradients)  # the columns of one table are as wide throughout
    assert sum(line.role == "title" for line in lines) == 6


def test_against_autograd() -> None:
    pytest.importorskip("torch")
    from .test_torch import autograd

    for hidden, (output, loss) in zip(itertools.cycle(HIDDEN), PAIRS, strict=False):
        made = experiment((2, 3, 2), (hidden, output), samples=2, loss=loss, l2=0.01)
        shown = step_of(made)
        check = check_gradients(shown)
        for found, expected in zip(numerical_gradients(check), autograd(shown), strict=True):
            np.testing.assert_allclose(found, expected, rtol=1e-9, atol=1e-14)
