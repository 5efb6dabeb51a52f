"""Time travel: any step, however it is reached, has the bits of plain forward play."""

import itertools
import tracemalloc
from functools import cache, lru_cache
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bptui.core.engine import Engine, Snapshot
from bptui.core.experiment import Experiment
from bptui.core.mistakes import CONTRADICTORY, MISTAKES
from bptui.core.optimizers import OPTIMIZERS
from bptui.core.timeline import Timeline

from .support import HIDDEN, PAIRS, assert_same_bits, diverging, experiment, losses_of

FAR = 300


@cache
def made(
    hidden: tuple[str, ...],
    optimizer: str,
    batch_size: int | None,
    shuffle: bool,
    mistakes: tuple[str, ...],
) -> Experiment:
    return experiment(
        (2,) * (len(hidden) + 2),
        (*hidden, "sigmoid"),
        loss="binary_cross_entropy",
        optimizer=optimizer,
        batch_size=batch_size,
        shuffle=shuffle,
        mistakes=mistakes,
        learning_rate=0.05,
    )


@lru_cache(maxsize=8)
def forward(one: Experiment) -> tuple[Snapshot, ...]:
    """Steps 0 to FAR, each played once, from a fresh engine."""
    engine = Engine(one)
    return tuple(engine.record() for _ in range(FAR + 1))


experiments = st.builds(
    made,
    st.sampled_from([("tanh",), ("softplus", "relu")]),
    st.sampled_from(sorted(OPTIMIZERS)),
    st.sampled_from([None, 1, 2, 5]),
    st.booleans(),
    st.lists(st.sampled_from(sorted(MISTAKES)), max_size=2, unique=True)
    .map(tuple)
    .filter(lambda names: tuple(sorted(names, reverse=True)) not in CONTRADICTORY),
)
places = st.integers(0, 30) | st.integers(0, FAR)
moves = st.lists(
    st.tuples(st.just("show"), places)
    | st.tuples(st.just("move"), places, st.sampled_from([0.0, 1e-9, 1e-5, 3e-4, 1e-2, None])),
    min_size=1,
    max_size=25,
)
# from no checkpoint at all, over a few that thin out, to all that are wanted
budgets = st.sampled_from([0, 500, 2_000, 8_000, 30_000, 2**20])


@settings(deadline=None, max_examples=25)
@given(experiments, moves, budgets)
def test_random_walks(one: Experiment, walk: list[tuple[Any, ...]], budget: int) -> None:
    expected, timeline = forward(one), Timeline(one, budget)
    for kind, step, *seconds in walk:
        if kind == "show":
            assert_same_bits(timeline.snapshot(step), expected[step])
            assert timeline.furthest >= step
        else:
            before = timeline.reached
            there = timeline.move_towards(step, seconds[0])
            assert there == (timeline.reached == step)
            assert there or seconds[0] is not None
            assert there or before > step or before < timeline.reached < step
        assert timeline.checkpoint_bytes <= budget
        losses = losses_of(timeline)
        right = np.array([shown.loss for shown in expected[: len(losses)]])
        right[~np.isfinite(right)] = np.nan
        assert np.array_equal(losses, right, equal_nan=True)


def test_a_snapshot_cannot_be_changed() -> None:
    shown = Timeline(experiment(optimizer="adam")).snapshot(2)
    groups = (shown.parameters, shown.gradients, shown.updated_parameters, *shown.slots.values())
    for array in [*shown.values.values(), *(g.weights[0] for g in groups)]:
        with pytest.raises(ValueError, match="read-only"):
            array[...] = 0.0


@pytest.mark.parametrize("layers", [(1, 1), (60, 80, 40)])
@pytest.mark.parametrize("budget", [0, 100_000, 2**20])
def test_memory_stays_within_the_budget(layers: tuple[int, ...], budget: int) -> None:
    """Measured, not as the timeline counts it. 60-80-40 takes 64,960 bytes a state."""
    one = experiment(layers, samples=1, learning_rate=0.001)
    timeline = Timeline(one, budget)
    timeline.snapshot(0)
    losses = 2**17 * 8  # one chunk of the history and a bit
    tracemalloc.start()
    timeline.snapshot(2000)
    for step in (1500, 1499, 1498, 700, 10):
        timeline.snapshot(step)
        assert timeline.checkpoint_bytes <= budget
    used, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    snapshot = 8 * Engine(one).state.flat.nbytes + 50_000
    assert used < budget + losses + snapshot
    engine = Engine(one)
    *_, expected = (engine.record() for _ in range(11))
    assert_same_bits(timeline.snapshot(10), expected)


def test_divergence_is_found_and_can_be_left_again() -> None:
    one = diverging()
    expected = forward(one)
    first = next(k for k, shown in enumerate(expected) if not np.isfinite(shown.loss))
    assert 2 < first < FAR
    timeline = Timeline(one)
    timeline.move_towards(first)
    assert timeline.first_not_finite is None
    timeline.move_towards(first + 1)
    assert timeline.first_not_finite == first
    assert np.isnan(timeline.snapshot(FAR).parameters.weights[0]).all()
    for step in (first - 1, 0, first, FAR - 1, first + 1):
        assert_same_bits(timeline.snapshot(step), expected[step])
        assert timeline.first_not_finite == first
    assert np.isfinite(losses_of(timeline)[:first]).all()


FAST_CASES: list[dict[str, Any]] = [
    *(
        {"activations": (HIDDEN[n % len(HIDDEN)], activation), "loss": loss}
        for n, (activation, loss) in enumerate(PAIRS)
    ),
    *({"activations": (name, "sigmoid")} for name in HIDDEN),
    *(
        {"activations": "sigmoid", "mistakes": (name,), "loss": loss}
        for name in MISTAKES
        for loss in ("half_squared_error", "binary_cross_entropy")
    ),
]


@pytest.mark.parametrize("optimizer", OPTIMIZERS)
def test_fast_loop_and_explained_step_give_the_same_bits(optimizer: str) -> None:
    batches = ({}, {"samples": 1}, {"batch_size": 2, "shuffle": True, "l2": 0.01})
    turn = [*OPTIMIZERS].index(optimizer)
    for number, (case, rest) in enumerate(itertools.product(FAST_CASES, batches)):
        if (number + turn) % len(OPTIMIZERS):
            continue  # each case meets some of the optimizers
        one = experiment((2, 2, 2), optimizer=optimizer, **case, **rest)
        fast, slow = Engine(one), Engine(one)
        losses = np.empty(12)
        fast.advance(losses[:5])
        fast.advance(losses[5:])
        shown = [slow.record().loss for _ in range(12)]
        assert np.array_equal(losses, shown, equal_nan=True), case
        assert np.array_equal(fast.save(), slow.save(), equal_nan=True), case
        assert fast.step == slow.step == 12
