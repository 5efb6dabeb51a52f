"""The loss history: every loss kept, and an envelope for drawing that loses no extreme."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from bptui.core.history import CHUNK, SPAN, LossHistory


def history(losses: np.ndarray, piece: int = 1000) -> LossHistory:
    made = LossHistory()
    for start in range(0, len(losses), piece):
        made.extend(losses[start : start + piece])
    return made


@settings(deadline=None, max_examples=30)
@given(st.integers(0, 3 * CHUNK), st.integers(200, 2 * CHUNK), st.integers(0, 2**31))
@example(CHUNK, CHUNK, 0)
@example(2 * CHUNK, 2 * CHUNK, 0)
def test_values_come_back(count: int, piece: int, seed: int) -> None:
    losses = np.random.default_rng(seed).random(count)
    made = history(losses, piece)
    assert len(made) == count
    assert np.array_equal(made.values(0, count), losses)
    third = count // 3
    assert np.array_equal(made.values(third, 2 * third), losses[third : 2 * third])
    assert np.array_equal(made.values(third, count + 10), losses[third:])
    for step in {0, third, count - 1} & set(range(count)):
        assert made[step] == losses[step]
    for step in (-1, count):
        with pytest.raises(IndexError):
            made[step]


def test_what_was_given_may_change_afterwards() -> None:
    losses = np.ones(10)
    made = history(losses)
    losses[:] = 2.0
    made.values(0, 10)[:] = 3.0
    assert made.values(0, 10).tolist() == [1.0] * 10


@settings(deadline=None, max_examples=100)
@given(
    st.integers(1, 60_000),
    st.integers(1, 200),
    st.integers(0, 2**31),
    st.sampled_from([0.0, 0.01, 0.5, 1.0]),
)
@example(SPAN * 40 * 4 + SPAN - 1, 40, 0, 0.0)
def test_envelope_covers_every_finite_loss(
    count: int, columns: int, seed: int, broken: float
) -> None:
    rng = np.random.default_rng(seed)
    losses = rng.normal(size=count)
    holes = rng.random(count) < broken
    losses[holes] = rng.choice([np.nan, np.inf, -np.inf], count)[holes]
    steps, lows, highs = history(losses).envelope(columns)
    assert len(steps) == len(lows) == len(highs) <= max(2 * columns, 1)
    assert steps[0] == 0
    assert np.all(np.diff(steps) > 0)
    edges = [*steps.tolist(), count]
    for start, stop, low, high in zip(edges, edges[1:], lows, highs, strict=False):
        part = losses[start:stop]
        finite = part[np.isfinite(part)]
        if finite.size:
            assert (low, high) == (finite.min(), finite.max())
        else:
            assert np.isnan(low)
            assert np.isnan(high)


@pytest.mark.parametrize("where", ["first", "last", "middle"])
def test_one_spike_is_never_lost(where: str) -> None:
    count = 100_000
    losses = np.ones(count)
    losses[{"first": 0, "last": count - 1, "middle": count // 2}[where]] = 9.0
    assert history(losses).envelope(50)[2].max() == 9.0


def test_envelope_of_nothing() -> None:
    steps, lows, highs = LossHistory().envelope(80)
    assert len(steps) == len(lows) == len(highs) == 0


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("step", [0, 999, 1000, 2500])
def test_first_not_finite(bad: float, step: int) -> None:
    losses = np.ones(3000)
    assert history(losses).first_not_finite is None
    losses[step] = bad
    losses[2900] = np.nan
    assert history(losses).first_not_finite == step
