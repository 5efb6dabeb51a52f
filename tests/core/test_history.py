"""The loss history: exact where it is kept, bounded, and an envelope that loses no extreme."""

from __future__ import annotations

import threading
from functools import cache

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from bptui.core.arrays import Array
from bptui.core.history import KEPT, ROOM, SPANS, LossHistory

from .long_runs import check_envelope

MOST = KEPT + ROOM


def history(losses: Array, piece: int = 1000) -> LossHistory:
    made = LossHistory()
    for start in range(0, len(losses), piece):
        made.extend(losses[start : start + piece])
    return made


@cache
def millions() -> tuple[Array, LossHistory]:
    """Ten million losses that jump about, as numbers and as a history."""
    losses = np.random.default_rng(0).random(10_000_000)
    return losses, history(losses, 50_000)


@settings(deadline=None, max_examples=20)
@given(st.integers(0, 3 * ROOM), st.integers(200, 2 * ROOM), st.integers(0, 2**31))
@example(ROOM, ROOM, 0)
@example(2 * ROOM, 2 * ROOM, 0)
def test_values_come_back(count: int, piece: int, seed: int) -> None:
    losses = np.random.default_rng(seed).random(count)
    made = history(losses, piece)
    assert len(made) == count
    assert made.first_kept == 0
    assert np.array_equal(made.values(0, count), losses)
    third = count // 3
    assert np.array_equal(made.values(third, 2 * third), losses[third : 2 * third])
    for step in {0, third, count - 1} & set(range(count)):
        assert made[step] == losses[step]
    for step in (-1, count):
        with pytest.raises(IndexError, match="has not been played"):
            made[step]


def test_memory_stays_bounded() -> None:
    """What the arrays hold after each million, counted: only a level of spans is added."""
    made, million, held = LossHistory(), np.ones(1_000_000), []
    for _ in range(10):
        made.extend(million)
        held.append(made.nbytes)
    level = 2 * 8 * SPANS
    assert held[0] <= 8 * (MOST + 2 * ROOM) + 8 * level
    assert held[-1] <= held[0] + 4 * level  # the number of steps has doubled less than four times
    assert len(made) == 10_000_000


@pytest.mark.parametrize("step", [0, 4_999_999, 9_999_999])
def test_one_spike_among_millions_is_never_lost(step: int) -> None:
    made, quiet = LossHistory(), np.ones(10_000_000)
    quiet[step] = 9.0
    made.extend(quiet)
    steps, lows, highs = made.envelope(100)
    assert lows.min() == 1.0
    column = np.searchsorted(steps, step, side="right") - 1
    assert highs[min(column, 99)] == 9.0
    assert (highs == 9.0).sum() == (2 if step == 9_999_999 else 1)


@settings(deadline=None, max_examples=20)
@given(
    st.integers(1, 60_000),
    st.integers(1, 200),
    st.integers(0, 2**31),
    st.sampled_from([0.0, 0.01, 0.5, 1.0]),
)
@example(SPANS, 40, 0, 0.0)
@example(SPANS - 1, 40, 0, 0.0)
@example(2 * SPANS + 1, 40, 0, 0.0)
def test_envelope_covers_every_finite_loss(
    count: int, columns: int, seed: int, broken: float
) -> None:
    rng = np.random.default_rng(seed)
    losses = rng.normal(size=count)
    holes = rng.random(count) < broken
    losses[holes] = rng.choice([np.nan, np.inf, -np.inf], count)[holes]
    check_envelope(history(losses).envelope(columns), losses, columns)


@pytest.mark.parametrize(
    "length", [0, 1, 1000, SPANS, SPANS + 1, 700_000, 6_543_211, 9_000_001, 9_999_999, 10_000_000]
)
def test_a_fork_of_millions(length: int) -> None:
    """What it lacks is little, and with that played again it is as if nothing later had been."""
    losses, made = millions()
    fork = made.until(length)
    assert length - length // (SPANS // 2) - 1 <= len(fork) <= length
    if length >= made.first_kept + ROOM:
        assert len(fork) == length
        assert np.array_equal(fork.values(length - 1000, length), losses[length - 1000 : length])
    fork.extend(losses[len(fork) : length])
    later = 1.0 + losses[:3000]
    fork.extend(later)
    check_envelope(fork.envelope(100), np.concatenate([losses[:length], later]), 100)
    fresh = history(np.concatenate([losses[: min(length, 20_000)], later]))
    if length <= 20_000:
        for one, other in zip(fork.envelope(200), fresh.envelope(200), strict=True):
            assert np.array_equal(one, other)
    check_envelope(made.envelope(60), losses, 60)  # which the fork has left as it was


def test_resting_keeps_what_is_drawn() -> None:
    losses = np.random.default_rng(0).random(500_000)
    made = history(losses)
    before, held = made.envelope(80), made.nbytes
    made.rest()
    assert made.nbytes < held / 2
    assert all(np.array_equal(*each) for each in zip(before, made.envelope(80), strict=True))
    made.extend(losses)
    both = np.concatenate([losses, losses])
    check_envelope(made.envelope(80), both, 80)
    assert np.array_equal(made.values(made.first_kept, len(both)), both[made.first_kept :])


def test_looking_while_another_thread_extends() -> None:
    losses = np.random.default_rng(0).random(300_000)
    made = LossHistory()

    def extend() -> None:
        for start in range(0, len(losses), 100):
            made.extend(losses[start : start + 100])

    thread, looks = threading.Thread(target=extend), 0
    thread.start()
    while thread.is_alive() or not looks:
        summary = made.summary()
        if len(summary):
            check_envelope(summary.envelope(50), losses[: len(summary)], 50)
            looks += 1
    thread.join()
    check_envelope(made.envelope(50), losses, 50)


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("step", [0, 999, 1000, 2500])
def test_first_not_finite(bad: float, step: int) -> None:
    losses = np.ones(3000)
    assert history(losses).first_not_finite is None
    losses[step] = bad
    losses[2900] = np.nan
    made = history(losses)
    assert made.first_not_finite == step
    assert made.until(step).first_not_finite is None
    assert made.until(step + 1).first_not_finite == step


def test_a_chart_without_columns_gets_one() -> None:
    history = LossHistory()
    history.extend(np.linspace(1.0, 0.0, 100))
    assert [each.size for each in history.envelope(0)] == [2, 2, 2]
