"""Initial schemes: the limits and variances of their papers, and seeds."""

from __future__ import annotations

import numpy as np
import pytest

from bptui.core.network import INITIALIZERS, initial_weights

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
