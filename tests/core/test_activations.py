"""Activations: closed forms, kinks, and pre-activations far out."""

import math

import numpy as np
import pytest

from bptui.core.activations import ACTIVATIONS, APPLIED, evaluate
from bptui.core.arrays import Array
from bptui.core.graph.backward import backward
from bptui.core.graph.node import evaluate as values_of
from bptui.core.graph.node import leaf

pytestmark = pytest.mark.filterwarnings("error")

FAR = np.array([[-1e4, -800.0, -40.0, 0.0, 40.0, 800.0, 1e4]])


def back(name: str, z: Array, upstream: Array) -> Array:
    """dL/dz from dL/da."""
    given, gradient = leaf("z", z.shape), leaf("g", z.shape)
    a = APPLIED[name](given)
    (delta,) = APPLIED[name].rule(a, gradient)
    assert delta is not None
    known = {given: z, a: evaluate(name, z), gradient: upstream}
    return values_of([delta], known)[delta]


@pytest.mark.parametrize(
    ("name", "values", "slopes"),
    [
        ("identity", FAR[0], [1.0] * 7),
        ("sigmoid", [0, 0, math.exp(-40), 0.5, 1, 1, 1], [0, 0, math.exp(-40), 0.25, 0, 0, 0]),
        ("tanh", [-1, -1, -1, 0, 1, 1, 1], [0, 0, 0, 1, 0, 0, 0]),
        ("relu", [0, 0, 0, 0, 40, 800, 1e4], [0, 0, 0, 0, 1, 1, 1]),
        ("leaky_relu", [-100, -8, -0.4, 0, 40, 800, 1e4], [0.01, 0.01, 0.01, 0.01, 1, 1, 1]),
        (
            "softplus",
            [0, 0, math.exp(-40), math.log(2), 40, 800, 1e4],
            [0, 0, math.exp(-40), 0.5, 1, 1, 1],
        ),
        ("gelu", [0, 0, 0, 0, 40, 800, 1e4], [0, 0, 0, 0.5, 1, 1, 1]),
    ],
)
def test_far_out(name: str, values: list[float], slopes: list[float]) -> None:
    # a (1 - a) of a sigmoid at 40 keeps 17 digits of 1 - a only, hence the absolute tolerance
    found = evaluate(name, FAR)[0]
    assert found == pytest.approx(np.array(values, dtype=float), rel=1e-12, abs=1e-300)
    assert back(name, FAR, np.ones_like(FAR))[0] == pytest.approx(
        np.array(slopes), rel=1e-12, abs=1e-15
    )


def test_softmax_far_out() -> None:
    z = np.array([[1e4, -1e4, 0.0], [-1e4, -1e4, -1e4], [1e4, 1e4, -1e4]])
    expected = [[1.0, 0.0, 0.0], [1 / 3, 1 / 3, 1 / 3], [0.5, 0.5, 0.0]]
    assert evaluate("softmax", z) == pytest.approx(np.array(expected), rel=1e-15)


def test_relu_has_slope_zero_at_its_kink() -> None:
    zero = np.array([[0.0, -0.0]])
    assert back("relu", zero, np.ones((1, 2))).tolist() == [[0.0, 0.0]]
    assert back("leaky_relu", zero, np.ones((1, 2))).tolist() == [[0.01, 0.01]]


@pytest.mark.parametrize("name", sorted(ACTIVATIONS))
def test_nan_stays_visible(name: str) -> None:
    assert np.isnan(evaluate(name, np.array([[np.nan]]))).all()


@pytest.mark.parametrize("name", ACTIVATIONS)
def test_slopes_far_away_are_numbers(name: str) -> None:
    """Also where the square of a pre-activation overflows."""
    z = leaf("z", (1, 6))
    out = APPLIED[name](z)
    far = np.array([[-1e300, -1e160, -1e9, 1e9, 1e160, 1e300]])
    gradient = backward(out.sum(), [z]).of[z]
    assert np.isfinite(values_of([gradient], {z: far})[gradient]).all()
