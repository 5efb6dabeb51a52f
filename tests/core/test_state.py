"""The state as one flat array: where everything lies in it, and what training may change."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bptui.core.engine import Engine
from bptui.core.optimizers import OPTIMIZERS
from bptui.core.state import BLOCK, Layout, State

from .support import arrays, experiment

shapes = st.lists(st.integers(1, 5), min_size=2, max_size=6).map(tuple)


@settings(deadline=None, max_examples=20)
@given(shapes, st.booleans())
def test_round_trip(layers: tuple[int, ...], bias: bool) -> None:
    made = experiment(layers, bias=bias)
    layout = Layout(made.network)
    flat = layout.flatten(made.start)
    assert flat.shape == (layout.size,)
    back = layout.unflatten(flat)
    assert (back.biases is None) == (not bias)
    for one, other in zip(arrays(back), arrays(made.start), strict=True):
        assert np.array_equal(one, other)
    assert np.array_equal(layout.flatten(back), flat)


def test_blocks_of_a_large_network_are_cut() -> None:
    made = experiment((200, 100, 10), samples=1)
    state = State(made)
    blocks = state.blocks(["W1", "b1", "W2", "b2"])
    assert all(0 < block.stop - block.start <= BLOCK for block in blocks)
    assert sum(block.stop - block.start for block in blocks) == state.layout.size


@pytest.mark.parametrize("name", OPTIMIZERS)
@pytest.mark.parametrize("switch", ["train_weights", "train_biases"])
def test_switches_stop_updates_and_slots(name: str, switch: str) -> None:
    made = experiment((2, 3, 2), optimizer=name, **{switch: (False, True)})
    engine = Engine(made)
    for _ in range(3):
        shown = engine.record()
    kind = "weights" if switch == "train_weights" else "biases"
    start, now = getattr(made.start, kind), getattr(shown.updated_parameters, kind)
    assert np.array_equal(now[0], start[0])
    assert not np.array_equal(now[1], start[1])
    assert np.any(getattr(shown.gradients, kind)[0]), "the gradient is shown all the same"
    for slot in shown.updated_slots.values():
        assert not np.any(getattr(slot, kind)[0])
