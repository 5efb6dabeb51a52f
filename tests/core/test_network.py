"""Networks: the names of their parts, and the limits and variances of initial schemes."""

import numpy as np
import pytest

from bptui.core.network import INITIALIZERS, Names, initial_weights

FAN_IN, FAN_OUT = 300, 200
DEVIATIONS = {
    "glorot_uniform": np.sqrt(2.0 / (FAN_IN + FAN_OUT)),
    "glorot_normal": np.sqrt(2.0 / (FAN_IN + FAN_OUT)),
    "he_uniform": np.sqrt(2.0 / FAN_IN),
    "he_normal": np.sqrt(2.0 / FAN_IN),
    "lecun_normal": np.sqrt(1.0 / FAN_IN),
    "uniform": 1.0 / np.sqrt(3.0),
    "normal": 1.0,
}


def draw(scheme: str, scale: float = 1.0, seed: int = 0) -> np.ndarray:
    (weights,) = initial_weights((FAN_IN, FAN_OUT), scheme, scale, seed)
    return weights


@pytest.mark.parametrize("scale", [1.0, 0.25])
@pytest.mark.parametrize("scheme", DEVIATIONS)
def test_distribution(scheme: str, scale: float) -> None:
    weights, deviation = draw(scheme, scale), DEVIATIONS[scheme] * scale
    count = weights.size
    assert weights.shape == (FAN_IN, FAN_OUT)
    assert abs(weights.mean()) < 5.0 * deviation / np.sqrt(count)
    assert weights.std() == pytest.approx(deviation, rel=0.02)
    limit = np.sqrt(3.0) * deviation
    if scheme.endswith("uniform"):
        # the largest of n uniform numbers comes within about 1/n of the limit
        assert np.abs(weights).max() <= limit
        assert np.abs(weights).max() > limit * (1.0 - 20.0 / count)
    else:
        beyond = np.mean(np.abs(weights) > 2.0 * deviation)
        assert beyond == pytest.approx(0.0455, abs=0.005)


@pytest.mark.parametrize("scheme", INITIALIZERS)
def test_every_layer_has_its_shape_and_its_own_numbers(scheme: str) -> None:
    weights = initial_weights((3, 4, 4, 4), scheme, 1.0, 0)
    assert [w.shape for w in weights] == [(3, 4), (4, 4), (4, 4)]
    if scheme in DEVIATIONS:
        assert not np.array_equal(weights[1], weights[2])
    with pytest.raises(ValueError, match="read-only"):
        weights[0][0, 0] = 1.0


def quantities(layers: tuple[int, ...]) -> list[str]:
    """Return the names of all arrays, forward and backward."""
    names = Names(layers)
    makers = (names.net, names.out, names.out_gradient, names.delta, names.weights, names.bias)
    makers += (names.weight_gradient, names.bias_gradient)
    return [make(layer) for make in makers for layer in range(1, names.depth + 1)]


def test_quantities() -> None:
    hidden = ["net_h", "net_o", "out_h", "out_o", "dL/dout_h", "dL/dout_o", "delta_h", "delta_o"]
    matrices = ["W1", "W2", "b1", "b2", "gW1", "gW2", "gb1", "gb2"]
    assert quantities((2, 3, 1)) == [*hidden, *matrices]
    assert quantities((3, 2)) == [*hidden[1::2], *matrices[::2]]
    assert quantities((2, 3, 4, 2))[:6] == ["net_1", "net_2", "net_3", "out_1", "out_2", "out_3"]
    assert Names((3, 2)).out(0) == "input"


def test_units() -> None:
    assert [Names((2, 3, 1)).unit(*place) for place in ((0, 1), (1, 2), (2, 0))] == [
        *("i2", "h3", "o1")
    ]
    assert [Names((3, 2)).unit(*place) for place in ((0, 2), (1, 1))] == ["i3", "o2"]
    deep = Names((2, 3, 4, 2))
    assert [deep.unit(*place) for place in ((1, 0), (2, 3), (3, 1))] == ["h1.1", "h2.4", "o2"]
