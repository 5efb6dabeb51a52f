"""Data sets and what prepares them; mini-batches, whose order only seed and epoch decide."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bptui.core.data import DATASETS, BatchSchedule, split, standardized


def make(
    name: str, samples: int = 300, noise: float = 0.0, classes: int = 2
) -> tuple[np.ndarray, np.ndarray]:
    return DATASETS[name].make(samples, noise, classes, np.random.default_rng(0))


@pytest.mark.parametrize(
    ("name", "truth"), [("and", [0, 0, 0, 1]), ("or", [0, 1, 1, 1]), ("xor", [0, 1, 1, 0])]
)
def test_gates(name: str, truth: list[int]) -> None:
    x, labels = make(name)
    assert x.tolist() == [[0, 0], [0, 1], [1, 0], [1, 1]]
    assert labels.tolist() == truth


@pytest.mark.parametrize("classes", [2, 3, 5])
def test_circles_without_noise(classes: int) -> None:
    x, labels = make("circles", classes=classes)
    assert np.hypot(*x.T) == pytest.approx((labels + 1) / classes)


@pytest.mark.parametrize("classes", [2, 3])
def test_spirals_without_noise(classes: int) -> None:
    x, labels = make("spirals", classes=classes)
    radius = np.hypot(*x.T)
    assert (radius >= 0.1).all()
    assert (radius <= 1.0).all()
    turn = 2.5 * np.pi * radius + 2.0 * np.pi * labels / classes
    off = np.arctan2(x[:, 1], x[:, 0]) - turn
    assert np.cos(off) == pytest.approx(np.ones(len(x)))


@pytest.mark.parametrize(
    ("name", "classes"),
    [(name, n) for name, each in DATASETS.items() if each.sized for n in (2, each.classes)],
)
@pytest.mark.parametrize("samples", [2, 11, 100])
def test_sizes_and_balance(name: str, classes: int | None, samples: int) -> None:
    x, labels = make(name, samples, 0.1, classes or 2)
    assert x.shape == (samples, DATASETS[name].inputs)
    if DATASETS[name].classes is None:
        assert labels.shape == (samples, 1)
    else:
        counts = np.bincount(labels, minlength=classes or 2)
        assert counts.sum() == samples
        assert counts.max() - counts.min() <= 1


@pytest.mark.parametrize("value", [0.0, 0.1, -3.3, 1e9 + 0.1, 1e-7])
@pytest.mark.parametrize("samples", [1, 3, 10, 97])
def test_a_constant_column_becomes_zero(value: float, samples: int) -> None:
    """Also where the mean of equal numbers is not quite that number."""
    assert not np.any(standardized(*[np.full((samples, 1), value)] * 2))


@settings(deadline=None, max_examples=20)
@given(st.integers(2, 200), st.floats(0.0, 0.99), st.integers(0, 2**31))
def test_split(samples: int, fraction: float, seed: int) -> None:
    train, test = split(samples, fraction, seed)
    assert sorted([*train, *test]) == list(range(samples))
    assert list(train) == sorted(train)
    assert list(test) == sorted(test)
    assert len(train) >= 1
    if fraction == 0.0:
        assert len(test) == 0
    else:
        assert len(test) >= 1
        assert abs(len(test) - samples * fraction) <= 1.0
    again = split(samples, fraction, seed)
    assert np.array_equal(test, again[1])


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


def test_shuffling_moves_between_full_batches_too() -> None:
    assert BatchSchedule(5, 5).full_batch
    assert not BatchSchedule(5, 5, shuffle=True).full_batch
    assert not BatchSchedule(5, 4).full_batch
