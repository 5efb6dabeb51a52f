"""The loss history: exact where it is kept, bounded, and an envelope that loses no extreme."""

import threading
import tracemalloc

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from bptui.core.arrays import Array
from bptui.core.history import SPANS, LossHistory

from .support import check_envelope


def history(losses: Array, piece: int = 1000) -> LossHistory:
    made = LossHistory()
    for start in range(0, len(losses), piece):
        made.extend(losses[start : start + piece])
    return made


@pytest.fixture(scope="module")
def millions() -> tuple[Array, LossHistory]:
    """Ten million losses that jump about, as numbers and as a history."""
    losses = np.random.default_rng(0).random(10_000_000)
    return losses, history(losses, 50_000)


def test_memory_stays_bounded() -> None:
    losses = np.ones(1_000_000)
    tracemalloc.start()
    made = LossHistory()
    for _ in range(10):
        made.extend(losses)
    held, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert len(made) == 10_000_000
    assert held < 12 * 2 * 8 * SPANS  # a level of spans each time that their number doubles


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


@pytest.mark.parametrize("length", [0, 1000, SPANS, SPANS + 1, 6_543_211, 9_999_999, 10_000_000])
def test_a_fork_of_millions(length: int, millions: tuple[Array, LossHistory]) -> None:
    """What it lacks is little, and with that played again it is as if nothing later had been."""
    losses, made = millions
    fork = made.until(length)
    assert length - length // (SPANS // 2) - 1 <= len(fork) <= length
    if length <= SPANS or length == len(made):
        assert len(fork) == length
    fork.extend(losses[len(fork) : length])
    later = 1.0 + losses[:3000]
    fork.extend(later)
    check_envelope(fork.envelope(100), np.concatenate([losses[:length], later]), 100)
    fresh = history(np.concatenate([losses[: min(length, 20_000)], later]))
    if length <= 20_000:
        for one, other in zip(fork.envelope(200), fresh.envelope(200), strict=True):
            assert np.array_equal(one, other)
    check_envelope(made.envelope(60), losses, 60)  # which the fork has left as it was


def test_looking_while_another_thread_extends() -> None:
    losses = np.random.default_rng(0).random(300_000)
    made = LossHistory()

    def extend() -> None:
        for start in range(0, len(losses), 100):
            made.extend(losses[start : start + 100])

    thread, looks = threading.Thread(target=extend), 0
    thread.start()
    while thread.is_alive() or not looks:
        summary = made.summary
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
