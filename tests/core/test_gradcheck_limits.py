"""The gradient check where numbers reach their limits: saturation, cancellation, overflow."""

from __future__ import annotations

import warnings
from dataclasses import replace

import numpy as np
import numpy.typing as npt
import pytest

from bptui.core.activations import evaluate
from bptui.core.arrays import Array, frozen
from bptui.core.experiment import Experiment
from bptui.core.gradcheck.check import check_gradients
from bptui.core.gradcheck.derivatives import SMALLEST
from bptui.core.gradcheck.report import chain_lines, report_lines, summary
from bptui.core.gradcheck.slopes import EPSILON, logits, out_error, slope, slope_error
from bptui.core.network import Parameters
from bptui.core.snapshot import Snapshot

from .support import build, experiment
from .test_activations import derivative
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


def test_what_rounding_may_have_done_is_neither_right_nor_wrong() -> None:
    check = check_gradients(step_of(experiment()))
    true = check.gradients[0]
    vague = replace(true.derivatives, rounding=np.full_like(true.analytic, 1e6))
    opposite = replace(true, analytic=-true.analytic, derivatives=vague)
    assert opposite.unclear.all()
    assert not opposite.wrong.any()
    assert opposite.verdict(0) == "unclear"
    # right without mistakes, the numerical value is trusted, and the other is wrong
    sure = replace(opposite, without_mistakes=true.analytic)
    assert sure.wrong.all()
    assert not sure.unclear.any()
    assert not replace(true, derivatives=vague, without_mistakes=true.analytic).wrong.any()
    told = replace(check, gradients=(opposite, *check.gradients[1:]))
    assert told.right
    assert summary(replace(check, gradients=(opposite,)))[0] == "No gradient is wrong."
    (sentence,) = (each for each in summary(told) if "unclear" in each)
    assert sentence.startswith(f"{true.analytic.size} of {check.checked} gradients are unclear")
    rows = [line for line in report_lines(told, 100) if line.role == "unclear"]
    assert len(rows) == true.analytic.size
    assert all(line.words == "unclear" for line in rows)


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
    lost = replace(true.derivatives, right=np.full_like(true.analytic, np.nan))
    assert replace(true, derivatives=lost).unclear.all()
    assert not replace(true, derivatives=lost).wrong.any()


@pytest.mark.parametrize("name", ["sigmoid", "tanh", "softplus", "gelu", "relu", "leaky_relu"])
def test_bounds_hold_the_errors_of_activations_and_slopes(name: str) -> None:
    """Against values in extended precision, moved by up to the error of the pre-activation."""
    rng = np.random.default_rng(3)
    z = rng.normal(0.0, 1.0, (4, 500)) * 10.0 ** rng.uniform(-3.0, 2.5, (4, 500))
    error = 4.0 * EPSILON * np.abs(z) * 10.0 ** rng.choice([0.0, 6.0, 12.0, 16.0], z.shape)
    a, found = evaluate(name, z), derivative(name, z)
    with np.errstate(all="ignore"):
        bound, of_slope = out_error(name, z, a, error), slope_error(name, z, a, error)
        for share in (-1.0, -0.3, 0.0, 0.6, 1.0):
            moved = z + share * error
            exact = _exactly(name, moved)
            assert (np.abs(a - exact) <= 4.0 * bound).all()
            if name not in ("relu", "leaky_relu"):
                apart = np.abs(found - _signed_slope(name, moved))
                assert (apart <= 4.0 * of_slope + SMALLEST).all()
    swallowed = bound[np.abs(z) - error > 400.0] <= SMALLEST
    assert swallowed.all() == (name in ("sigmoid", "tanh"))


def _signed_slope(name: str, z: Array) -> Array:
    """f'(z); that of the gelu is negative below its minimum, near -0.7524."""
    falling = (name == "gelu") & (z < -0.752461)
    signed: Array = np.where(falling, -1.0, 1.0) * slope(name, z)
    return signed


def _exactly(name: str, z: Array) -> npt.NDArray[np.longdouble]:
    x = z.astype(np.longdouble)
    match name:
        case "sigmoid":
            found = 1 / (1 + np.exp(-x))
        case "tanh":
            found = np.tanh(x)
        case "softplus":
            found = np.logaddexp(0, x)
        case "gelu":
            inner = np.sqrt(2 / np.longdouble(np.pi)) * (x + np.longdouble("0.044715") * x**3)
            found = x / (1 + np.exp(-2 * inner))
        case "relu":
            found = np.maximum(x, 0)
        case _:
            found = np.maximum(x, np.longdouble("0.01") * x)
    return np.asarray(found, dtype=np.longdouble)


def test_logits_of_a_softmax() -> None:
    z = np.array([[0.3, -0.2, 1.0], [700.0, -700.0, 3.0], [5.0, 5.0, 5.0]])
    expected = [
        [each - np.logaddexp.reduce(np.delete(row, place)) for place, each in enumerate(row)]
        for row in z
    ]
    with np.errstate(divide="ignore"):
        np.testing.assert_allclose(logits(z), expected, rtol=1e-13)
        assert (logits(np.array([[2.0]])) == np.inf).all()
