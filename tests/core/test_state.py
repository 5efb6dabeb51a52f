"""What training may change, and what is frozen."""

from __future__ import annotations

import numpy as np
import pytest

from bptui.core.engine import Engine
from bptui.core.optimizers import OPTIMIZERS

from .support import experiment


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
