"""The gradient check where numbers reach their limits: saturation, cancellation, overflow."""

from __future__ import annotations

import warnings
from dataclasses import replace

import numpy as np
import pytest

from bptui.check.gradcheck.check import check_gradients
from bptui.check.gradcheck.report import chain_lines, report_lines
from bptui.core.arrays import frozen
from bptui.core.engine import Snapshot
from bptui.core.experiment import Experiment
from bptui.core.network import Parameters

from .support import build, experiment
from .test_gradcheck import assert_all_right, origins, step_of


def test_gelu_at_0_is_right() -> None:
    """The error of a complex step, h^2 times a third derivative, must not show beside exact 0s."""
    for made in (
        build([[[0.7]]], [[0.0]], ("gelu",), [[0.0]], [[0.0]]),
        build(
            [[[0.3, -0.4, 0.5], [0.2, 0.6, -0.7]], [[0.5], [-0.6], [0.4]]],
            [[0.0, 0.0, 0.0], [0.0]], ("gelu", "gelu"), [[0.0, 0.0], [1.0, 0.0]], [[0.0], [1.0]],
        ),
    ):  # fmt: skip
        assert_all_right(check_gradients(step_of(made)))


SATURATED_OUTPUTS = [
    # activation, loss, weights, input, targets
    ("softmax", "cross_entropy", [[1.0, -1.0]], 25.0, [0.0, 1.0]),
    ("softmax", "cross_entropy", [[1.0, -1.0, 0.3]], 400.0, [1.0, 0.0, 0.0]),
    ("sigmoid", "binary_cross_entropy", [[1.0, 0.1]], 40.0, [1.0, 0.0]),
    ("sigmoid", "binary_cross_entropy", [[1.0, -1.0]], 45.0, [0.3, 0.6]),
    ("sigmoid", "cross_entropy", [[1.0, -20.0]], 40.0, [0.5, 0.0]),
    ("sigmoid", "cross_entropy", [[-1.0, 1.0]], 600.0, [1.0, 1.0]),
]


@pytest.mark.parametrize(("output", "loss", "weights", "x", "t"), SATURATED_OUTPUTS)
def test_saturated_outputs_are_right_and_their_mistakes_found(
    output: str, loss: str, weights: list[list[float]], x: float, t: list[float]
) -> None:
    def made(*mistakes: str) -> Experiment:
        return build([weights], None, (output,), [[x]], [t], loss=loss, mistakes=mistakes)

    assert check_gradients(step_of(made())).right
    shown = step_of(made("wrong-sign"))
    if np.abs(shown.values["delta_o"]).max() > 0.0:
        assert not check_gradients(shown).right


def test_a_saturated_unit_hides_no_mistake_behind_it() -> None:
    """The pre-activation of 3e16 is off by units, and the sigmoid's 1 by nothing."""
    made = build(
        [[[3e7]], [[0.5]]], [[0.0], [0.25]], ("sigmoid", "relu"), [[1e9]], [[0.0]],
        mistakes=("wrong-sign",),
    )  # fmt: skip
    check = check_gradients(step_of(made))
    assert origins(check) == {"dL/dout_o": ("wrong-sign",)}
    assert [each.wrong.tolist() for each in check.gradients] == [[False], [False], [True], [True]]


def overflowing() -> Snapshot:
    """A step with gradients that are not finite, and updated parameters that fit them."""
    shown = step_of(experiment((2, 2, 1), bias=False))
    values = dict(shown.values)
    values["gW1"] = frozen([[np.inf, -np.inf], [1e308, -1e308]])
    values["gW2"] = frozen(-1.6e308 * np.sign(values["gW2"]))
    gradients = Parameters.of([values["gW1"], values["gW2"]], None)
    with np.errstate(over="ignore"):
        rate = shown.experiment.training.learning_rate
        pairs = zip(shown.parameters.weights, gradients.weights, strict=True)
        updated = Parameters.of([w - rate * g for w, g in pairs], None)
    return replace(shown, values=values, gradients=gradients, updated_parameters=updated)


def test_numbers_that_overflow_are_told_without_a_warning() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        check = check_gradients(overflowing())
        told = "\n".join(line.text for line in report_lines(check, 100))
        chain = [" ".join(line.text.split()) for line in chain_lines(check, 100)]
    assert "wrong: not finite" in told
    assert " times what it should be" not in told
    assert "update right" in chain


@pytest.mark.parametrize(("hidden", "z"), [("gelu", -21.4), ("sigmoid", -710.0)])
def test_a_kink_that_only_underflow_hides(hidden: str, z: float) -> None:
    """The unit's output is 1e-309 or 0, depending on the formula: the next one stands on a kink."""
    made = build([[[z]], [[1.0]]], None, (hidden, "leaky_relu"), [[1.0]], [[0.5]])
    check = check_gradients(step_of(made))
    assert check.right
    assert "delta_o right, at a kink" in [" ".join(x.text.split()) for x in chain_lines(check, 80)]


def test_derivatives_that_overflow_themselves_tell_nothing() -> None:
    true = check_gradients(step_of(experiment())).gradients[0]
    nothing = np.full_like(true.analytic, np.nan)
    lost = replace(true, right=nothing, lowest=nothing, highest=nothing)
    assert not lost.wrong.any()
    assert lost.kink.all()
