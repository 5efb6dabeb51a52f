"""Mini-batches: each epoch uses every sample once, in an order that only seed and epoch decide."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bptui.core.data import BatchSchedule
from bptui.core.errors import UnusableError

from .support import experiment

schedules = st.builds(
    lambda samples, share, shuffle, seed: BatchSchedule(
        samples, max(1, round(samples * share)), shuffle, seed
    ),
    st.integers(1, 40),
    st.floats(0.0, 1.0),
    st.booleans(),
    st.integers(0, 2**63 - 1),
)


@settings(deadline=None, max_examples=20)
@given(schedules, st.integers(0, 10**9))
def test_an_epoch_uses_every_sample_once(schedule: BatchSchedule, epoch: int) -> None:
    first = epoch * schedule.batches_per_epoch
    steps = range(first, first + schedule.batches_per_epoch)
    batches = [schedule.indices(step) for step in steps]
    assert sorted(np.concatenate(batches)) == list(range(schedule.samples))
    assert [schedule.size(step) for step in steps] == [len(batch) for batch in batches]
    assert all(len(batch) == schedule.batch_size for batch in batches[:-1])
    assert {schedule.epoch(step) for step in steps} == {epoch}
    if not schedule.shuffle:
        assert np.concatenate(batches).tolist() == list(range(schedule.samples))


@settings(deadline=None, max_examples=20)
@given(schedules, st.lists(st.integers(0, 10**6), min_size=1, max_size=12))
def test_order_does_not_depend_on_what_was_asked_before(
    schedule: BatchSchedule, steps: list[int]
) -> None:
    before = [schedule.indices(step).tolist() for step in steps]
    again = BatchSchedule(schedule.samples, schedule.batch_size, schedule.shuffle, schedule.seed)
    assert [again.indices(step).tolist() for step in reversed(steps)] == before[::-1]


def test_epochs_and_seeds_differ() -> None:
    orders = {
        tuple(BatchSchedule(20, 20, True, seed).indices(epoch))
        for seed in range(5)
        for epoch in range(5)
    }
    assert len(orders) == 25


def test_every_sample_comes_first_equally_often() -> None:
    schedule = BatchSchedule(4, 1, True, 7)
    first = np.array([schedule.indices(4 * epoch)[0] for epoch in range(2000)])
    # 500 each, standard deviation 19
    assert np.abs(np.bincount(first, minlength=4) - 500).max() < 100


def test_shuffling_moves_between_full_batches_too() -> None:
    assert BatchSchedule(5, 5).full_batch
    assert not BatchSchedule(5, 5, shuffle=True).full_batch
    assert not BatchSchedule(5, 4).full_batch


@pytest.mark.parametrize("batch_size", [0, -1, 6])
def test_impossible_batch_sizes(batch_size: int) -> None:
    with pytest.raises(UnusableError, match=r"training\.batch_size.*1 to 5"):
        experiment(samples=5, batch_size=batch_size)
