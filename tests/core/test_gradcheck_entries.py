"""The gradient check of activations, losses and optimizers that somebody has entered."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

from bptui.check.gradcheck.check import check_gradients
from bptui.core.activations import ACTIVATIONS, APPLIED, Activation, enter_activation, logistic
from bptui.core.arrays import frozen
from bptui.core.graph.elementwise import absolute, greater, sqrt, where
from bptui.core.graph.node import Node, constant
from bptui.core.losses import LOSSES, TERMS, Loss, enter_loss
from bptui.core.optimizers import OPTIMIZERS, Optimizer, enter_optimizer

from .support import build, experiment
from .test_gradcheck import assert_all_right, origins, step_of

TABLES: list[dict[str, Any]] = [ACTIVATIONS, APPLIED, LOSSES, TERMS, OPTIMIZERS]


@pytest.fixture(autouse=True)
def _for_one_test() -> Iterator[None]:
    """What a test enters is gone after it."""
    kept = [dict(table) for table in TABLES]
    yield
    for table, before in zip(TABLES, kept, strict=True):
        table.clear()
        table.update(before)


def test_entries_of_ones_own_are_checked() -> None:
    enter_activation(Activation("twice_swish", lambda z: z * logistic(2.0 * z)))
    enter_loss(Loss("quartic", lambda a, t: (a - t) ** 4.0, lambda a, t: 4.0 * (a - t) ** 3.0))
    enter_optimizer(
        Optimizer(
            "rooted",
            lambda w, g, slots, given, rate, k: {
                "w": w - rate * given["share"] * g / sqrt(1.0 + slots["s"]),
                "s": slots["s"] + g**2.0,
            },
            slots=("s",),
            defaults={"share": 0.5},
        )
    )
    made = experiment(
        (2, 3, 4, 2), "twice_swish", samples=4, loss="quartic", optimizer="rooted", l2=0.02
    )
    shown = step_of(made, 3)
    assert_all_right(check_gradients(shown))
    moved = [each.copy() for each in shown.updated_parameters.weights]
    moved[1] *= 1.001
    object.__setattr__(shown.updated_parameters, "weights", tuple(map(frozen, moved)))
    (fault,) = check_gradients(shown).links[-1].faults
    assert (fault.name, fault.wrong, fault.never_applied) == ("W2", 12, False)


def test_a_slope_of_ones_own_that_is_wrong_is_found_where_it_is() -> None:
    enter_activation(Activation("miscopied", lambda z: z * z, lambda z, a: z))
    check = check_gradients(step_of(experiment((2, 3, 2), ("miscopied", "sigmoid"))))
    assert origins(check) == {"delta_h": ()}
    assert [each.name for each in check.gradients if each.wrong.any()] == ["gW1", "gb1"]
    assert [each.ratio for each in check.gradients] == [
        pytest.approx(0.5),
        pytest.approx(0.5),
        None,
        None,
    ]


def _bent(z: Node) -> Node:
    """z, from 1 on as steep as 2 z."""
    return where(greater(z, constant(1.0)), 2.0 * z - 1.0, z)


@pytest.mark.parametrize("rounding", [0.0, 1.1e-16])
def test_kinks_are_found_wherever_they_are(rounding: float) -> None:
    enter_activation(Activation("bent", _bent))
    made = build(
        [[[0.5 - rounding, 0.3], [0.5, 0.2]], [[1.0], [2.0]]], None, ("bent", "identity"),
        [[1.0, 1.0]], [[0.5]],
    )  # fmt: skip
    check = check_gradients(step_of(made))
    assert check.right
    # out is 1 + 2 * 0.5, 1.5 more than the target; the first hidden unit stands at its kink
    hidden = check.gradients[0]
    assert hidden.kink.tolist() == [True, True, False, False]
    np.testing.assert_allclose(hidden.left[:2], 1.5, rtol=1e-14)
    np.testing.assert_allclose(hidden.right[:2], 3.0, rtol=1e-14)
    assert not check.gradients[1].kink.any()


def test_a_loss_has_kinks_too() -> None:
    enter_loss(Loss("distance", lambda a, t: absolute(a - t)))
    made = build([[[0.5, 1.0]]], None, ("identity",), [[2.0]], [[1.0, 3.0]], loss="distance")
    check = check_gradients(step_of(made))
    assert check.right
    (weights,) = check.gradients
    assert weights.kink.tolist() == [True, False]
    assert (weights.left[0], weights.right[0], weights.right[1]) == (-2.0, 2.0, -2.0)
