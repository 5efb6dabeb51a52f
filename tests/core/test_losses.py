"""Losses: closed forms, refused pairs, and logits so large that naive formulas overflow."""

import itertools

import numpy as np
import pytest

from bptui.core.engine import Engine, Snapshot

from .reference import FUNCTIONS, jacobian, sample_loss_gradient
from .support import PAIRS, build

pytestmark = pytest.mark.filterwarnings("error")


def on_logits(activation: str, loss: str, z: list[float], t: list[float]) -> Snapshot:
    """One layer whose pre-activations are ``z``."""
    made = build([[z]], None, (activation,), [[1.0]], [t], loss=loss)
    return Engine(made).record()


def test_both_gradients_are_shown_and_belong_together() -> None:
    """dL/dout is shown even where delta does not need it."""
    z, t = np.array([0.3, -1.2, 2.0]), np.array([0.2, 0.5, 0.3])
    for activation, loss in PAIRS:
        shown = on_logits(activation, loss, z.tolist(), t.tolist()).values
        expected = sample_loss_gradient(loss, FUNCTIONS[activation](z), t)
        assert shown["dL/dout_o"][0] == pytest.approx(expected, rel=1e-13), (activation, loss)
        delta = jacobian(activation, z) @ expected
        assert shown["delta_o"][0] == pytest.approx(delta, rel=1e-12, abs=1e-15), (activation, loss)


@pytest.mark.parametrize("target", [0.0, 0.25, 1.0])
@pytest.mark.parametrize("z", [-1e4, 1e4])
def test_binary_cross_entropy_far_out(z: float, target: float) -> None:
    shown = on_logits("sigmoid", "binary_cross_entropy", [z], [target])
    # -t ln a - (1 - t) ln(1 - a): the wrong side costs |z|, the right one nothing
    assert shown.loss == pytest.approx(1e4 * (1.0 - target if z > 0 else target), rel=1e-15)
    assert shown.values["delta_o"][0, 0] == (1.0 if z > 0 else 0.0) - target
    upstream = shown.values["dL/dout_o"][0, 0]
    if target == (1.0 if z > 0 else 0.0):  # -t / a + (1 - t) / (1 - a), on the right side
        assert upstream == (-1.0 if z > 0 else 1.0)
    else:  # beyond the range of a float: as large as it gets
        assert np.isfinite(upstream)
        assert abs(upstream) > 1e300


@pytest.mark.parametrize("target", [0.0, 0.25, 1.0])
@pytest.mark.parametrize("z", [-1e4, 1e4])
def test_cross_entropy_of_a_sigmoid_far_out(z: float, target: float) -> None:
    shown = on_logits("sigmoid", "cross_entropy", [z], [target])
    assert shown.loss == pytest.approx(0.0 if z > 0 else 1e4 * target, rel=1e-15)
    assert shown.values["delta_o"][0, 0] == (0.0 if z > 0 else -target)
    assert np.isfinite(shown.values["dL/dout_o"]).all()


def test_cross_entropy_of_softmax_far_out() -> None:
    shown = on_logits("softmax", "cross_entropy", [1e4, -1e4, 0.0], [0.0, 1.0, 0.0])
    assert shown.loss == 2e4
    assert shown.values["delta_o"].tolist() == [[1.0, -1.0, 0.0]]
    assert np.isfinite(shown.values["dL/dout_o"]).all()
    shown = on_logits("softmax", "cross_entropy", [1e4, -1e4], [1.0, 0.0])
    assert shown.loss == 0.0
    assert shown.values["delta_o"].tolist() == [[0.0, 0.0]]


@pytest.mark.parametrize("hidden", ["sigmoid", "softplus", "gelu"])
def test_everything_is_finite_far_out(hidden: str) -> None:
    for (activation, loss), sign in itertools.product(PAIRS, (-1.0, 1.0)):
        made = build(
            [[[sign * 1e4, -sign * 1e4]], [[1.0, -1.0], [0.5, 2.0]]],
            [[0.0, 0.0], [0.0, 0.0]],
            (hidden, activation),
            [[1.0]],
            [[0.0, 1.0]],
            loss=loss,
        )
        shown = Engine(made).record()
        for name, values in shown.values.items():
            assert np.isfinite(values).all(), (activation, loss, name)
