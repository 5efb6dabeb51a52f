"""Kept states: the nearest one is found, and memory stays within its budget."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bptui.core.state import Checkpoints


def played(checkpoints: Checkpoints, steps: int) -> None:
    """Play as the timeline does, keeping what is wanted; state k holds the number k."""
    step = 0
    while step < steps:
        step = min(checkpoints.next_stop(step), steps)
        if checkpoints.wants(step):
            checkpoints.keep(step, np.full(checkpoints.state_bytes // 8, float(step)))


@settings(deadline=None, max_examples=20)
@given(
    st.integers(1, 2000),
    st.integers(0, 200_000),
    st.integers(1, 20_000),
    st.lists(st.integers(0, 20_000), max_size=20),
    st.lists(st.integers(0, 25_000), min_size=1, max_size=20),
)
def test_nearest_and_budget(
    numbers: int, budget: int, steps: int, recent: list[int], asked: list[int]
) -> None:
    checkpoints = Checkpoints(numbers * 8, budget)
    played(checkpoints, steps)
    for step in recent:
        checkpoints.keep_recent(step, np.full(numbers, float(step)))
        assert checkpoints.nbytes <= budget
    for step in asked:
        found = checkpoints.nearest(step)
        if found is None:
            assert checkpoints.nbytes == 0 or step < max(checkpoints.stride, *recent, 1)
        else:
            kept, state = found
            assert kept <= step
            assert state[0] == kept


def test_a_step_just_before_is_preferred_to_the_grid() -> None:
    checkpoints = Checkpoints(8)
    played(checkpoints, 1000)
    checkpoints.keep_recent(777, np.array([777.0]))
    assert checkpoints.nearest(780) is not None
    assert checkpoints.nearest(780)[0] == 777
    assert checkpoints.nearest(776)[0] == 768
    assert checkpoints.nearest(1000)[0] == 960


@pytest.mark.parametrize("budget", [0, 100, 7999])
def test_a_state_larger_than_the_budget_is_not_kept(budget: int) -> None:
    checkpoints = Checkpoints(8000, budget)
    played(checkpoints, 1000)
    checkpoints.keep_recent(5, np.zeros(1000))
    assert checkpoints.nbytes == 0
    assert checkpoints.nearest(1000) is None
