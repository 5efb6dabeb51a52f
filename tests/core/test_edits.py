"""Any step, however it is reached, has the bits of plain play up to an edit, and from it on."""

import tracemalloc
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bptui.core.edits import Edit, Number
from bptui.core.engine import Engine, Snapshot
from bptui.core.experiment import Experiment
from bptui.core.state import BUDGET
from bptui.core.timeline import Timeline

from .support import assert_same_bits, check_envelope, experiment, held_out_loss, keep_little

FAR = 200


def small(optimizer: str, batch_size: int | None, mistakes: tuple[str, ...] = ()) -> Experiment:
    return experiment(
        (2, 3, 1),
        ("tanh", "sigmoid"),
        loss="binary_cross_entropy",
        optimizer=optimizer,
        batch_size=batch_size,
        shuffle=batch_size is not None,
        mistakes=mistakes,
        learning_rate=0.05,
    )


def played(one: Experiment, changes: list[tuple[int, Number, float]]) -> list[Snapshot]:
    """Steps 0 to FAR by plain forward play: an engine for each stretch between two edits."""
    engine, shown = Engine(one), []
    for step in range(FAR + 1):
        for at, number, value in changes:
            if at == step:
                engine = changed(engine, number, value)
        shown.append(engine.record())
    return shown


def changed(engine: Engine, number: Number, value: float) -> Engine:
    state, one = engine.save().copy(), engine.experiment
    if number.kind in ("weight", "bias"):
        layer, *place = number.place
        name = f"{'W' if number.kind == 'weight' else 'b'}{layer}"
        engine.state.layout.part(state, name)[tuple(place)] = value
    elif number.kind == "learning rate":
        one = replace(one, training=replace(one.training, learning_rate=value))
    else:
        array = getattr(one.data, f"{number.kind}s").copy()
        array[number.place] = value
        one = replace(one, data=replace(one.data, **{f"{number.kind}s": array}))
    fresh = Engine(one)
    fresh.load(state, engine.step)
    return fresh


numbers = st.sampled_from(
    [
        Number("weight", (1, 1, 2)),
        Number("weight", (2, 2, 0)),
        Number("bias", (1, 0)),
        Number("bias", (2, 0)),
        Number("input", (3, 1)),
        Number("target", (0, 0)),
        Number("learning rate"),
    ]
)
edits = st.tuples(st.integers(0, 60), numbers, st.floats(0.1, 0.9))
places = st.integers(0, 30) | st.integers(0, FAR)
seconds = st.sampled_from([0.0, 1e-9, 1e-5, 3e-4, 1e-2, None])
walks = st.lists(
    st.tuples(st.just("edit"), edits)
    | st.tuples(st.just("show"), places)
    | st.tuples(st.just("move"), st.tuples(places, seconds))
    | st.tuples(st.just("rest"), st.sampled_from([0, 2_000, BUDGET])),
    min_size=1,
    max_size=20,
)
# from no checkpoint at all, over a few that thin out, to all that are wanted
budgets = st.sampled_from([0, 500, 2_000, 8_000, 30_000, BUDGET])


@settings(deadline=None, max_examples=25)
@given(
    st.sampled_from(["sgd", "momentum", "adam", "adagrad"]),
    st.sampled_from([None, 1, 2, 5]),
    st.sampled_from([(), ("gradient-accumulated",), ("updated-weights",)]),
    walks,
    budgets,
    st.booleans(),
)
def test_walks_with_edits(
    optimizer: str,
    batch_size: int | None,
    mistakes: tuple[str, ...],
    walk: list[tuple[str, Any]],
    budget: int,
    little: bool,
) -> None:
    with pytest.MonkeyPatch.context() as patch:
        if little:
            keep_little(patch)
        walk_with_edits(small(optimizer, batch_size, mistakes), walk, budget)


def walk_with_edits(one: Experiment, walk: list[tuple[str, Any]], budget: int) -> None:
    """What is drawn of the losses is right, too."""
    timeline, changes = Timeline(one, budget), list[tuple[int, Number, float]]()
    expected = played(one, changes)
    for kind, what in walk:
        if kind == "edit":
            step, number, value = what
            timeline = timeline.edited(timeline.snapshot(step), number, value)
            changes = [*(each for each in changes if each[0] <= step), (step, number, value)]
            expected = played(one, changes)
            assert_same_bits(timeline.snapshot(step), expected[step])
        elif kind == "rest":
            timeline.rest(what)
            timeline.wake()
            budget = BUDGET
        elif kind == "show":
            assert_same_bits(timeline.snapshot(what), expected[what])
        else:
            (step, limit), before, known = what, timeline.reached, len(timeline.losses)
            there = timeline.move_towards(step, limit)
            assert there == (timeline.reached == step)
            assert there or limit is not None
            assert there or before > min(step, known) or before < timeline.reached < step
        assert timeline.checkpoint_bytes <= budget
        known = len(timeline.losses)
        right = np.array([shown.loss for shown in expected[:known]])
        if known:
            check_envelope(timeline.losses.envelope(7), right, 7)


def test_test_losses_are_those_of_the_states_at_their_steps() -> None:
    one = small("momentum", 2)
    tested = {"test_inputs": one.data.inputs[:2], "test_targets": one.data.targets[:2]}
    timeline = Timeline(replace(one, data=replace(one.data, **tested)))
    timeline.snapshot(FAR)
    fork = timeline.edited(timeline.snapshot(50), Number("weight", (1, 0, 0)), 3.0)
    fork.snapshot(10)
    fork.snapshot(FAR)
    for each in (timeline, fork):
        tested = each.test_losses
        assert tested.steps == list(range(0, FAR + 1, tested.steps[1]))
        for step, value in zip(tested.steps, tested.values, strict=True):
            shown = each.snapshot(step)
            assert value == held_out_loss(shown.experiment, shown.parameters)


def test_resting_gives_memory_back() -> None:
    one = experiment((50, 40, 3), "tanh", samples=60, optimizer="adam", learning_rate=0.01)
    timeline = Timeline(one)
    timeline.snapshot(200)
    tracemalloc.start()
    fork = timeline.edited(timeline.snapshot(200), Number("learning rate"), 0.02)
    shown = fork.snapshot(300)
    assert fork.snapshot(300) is shown
    before = tracemalloc.get_traced_memory()[0]
    fork.rest(0)
    given_back = before - tracemalloc.get_traced_memory()[0]
    tracemalloc.stop()
    assert given_back > 0
    assert fork.snapshot(300) is not shown
    assert_same_bits(fork.snapshot(300), shown)


@pytest.mark.parametrize(
    ("number", "value"),
    [
        *((Number("weight", (0, 0, 0)), 1.0), (Number("weight", (1, -1, 0)), 1.0)),
        *((Number("bias", (1, 0, 0)), 1.0), (Number("input", (99, 0)), 1.0)),
        *((Number("learning rate"), -1.0), (Number("target", (0, 0)), np.nan)),
        (Number("bias", (1, 2**70)), 1.0),
    ],
)
def test_edits_of_what_there_is_not_are_refused(number: Number, value: float) -> None:
    with pytest.raises(ValueError, match=r"no |a finite number"):
        Timeline.replayed(small("sgd", None), [(3, Edit(number, value))])
