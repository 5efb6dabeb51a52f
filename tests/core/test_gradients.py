"""Gradients and updates of drawn experiments against a reference that is written a second time."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from bptui.core.activations import ACTIVATIONS
from bptui.core.arrays import Array
from bptui.core.engine import Engine
from bptui.core.graph.node import evaluate, leaf
from bptui.core.losses import LOSSES
from bptui.core.optimizers import OPTIMIZERS

from .support import PAIRS, arrays, check_against_plain_loops, experiment, random_experiment

COUNT, AT_ONCE = 300, 20


@pytest.mark.parametrize("first", range(0, COUNT, AT_ONCE))
def test_drawn_experiments(first: int) -> None:
    for seed in range(first, first + AT_ONCE):
        check_against_plain_loops(random_experiment(seed, mistakes=2 * (seed % 3 // 2)))


def test_everything_is_drawn() -> None:
    made = [random_experiment(seed, mistakes=2 * (seed % 3 // 2)) for seed in range(COUNT)]
    training = [one.training for one in made]
    assert {name for one in made for name in one.network.activations} == set(ACTIVATIONS)
    assert {(one.network.activations[-1], one.training.loss) for one in made} == set(PAIRS)
    assert {each.loss for each in training} == set(LOSSES)
    assert {each.optimizer for each in training} == set(OPTIMIZERS)
    assert {(each.reduction, each.l2 > 0.0) for each in training} == {
        (reduction, penalty) for reduction in ("mean", "sum") for penalty in (True, False)
    }
    assert {one.schedule.full_batch for one in made} == {True, False}
    assert {one.network.bias for one in made} == {True, False}


def test_gradient_of_one_softmax_unit_is_zero() -> None:
    shown = Engine(experiment((3, 1), "softmax", loss="cross_entropy")).record()
    assert all(not np.any(g) for g in arrays(shown.gradients))


PUBLISHED = json.loads((Path(__file__).parents[1] / "data" / "optimizers.json").read_text())


def apply(
    name: str, start: list[float], gradients: list[list[float]], lr: float, own: dict[str, float]
) -> tuple[Array, tuple[Array, ...]]:
    """Parameters and slots after one update per gradient."""
    rule = OPTIMIZERS[name]
    settings = {**rule.defaults, **own}
    nodes = {each: leaf(each, (len(start),)) for each in ("w", "g", *rule.slots)}
    given = {each: leaf(each) for each in (*settings, "rate", "k")}
    slots = {each: nodes[each] for each in rule.slots}
    after = rule.update(nodes["w"], nodes["g"], slots, given, given["rate"], given["k"])
    known = {each: np.zeros(len(start)) for each in rule.slots} | {"w": np.array(start)}
    for k, each in enumerate(gradients, 1):
        values = {nodes[name]: value for name, value in known.items()}
        values |= {given[name]: np.asarray(value) for name, value in settings.items()}
        values |= {nodes["g"]: np.array(each), given["rate"]: np.asarray(lr)}
        found = evaluate(after.values(), {**values, given["k"]: np.asarray(float(k))})
        known = {name: found[node] for name, node in after.items()}
    return known.pop("w"), tuple(known.values())


@pytest.mark.parametrize("case", PUBLISHED, ids=lambda case: case["id"])
def test_published_numbers(case: dict[str, Any]) -> None:
    found, _ = apply(
        case["optimizer"], case["start"], case["gradients"], case["learning_rate"], case["settings"]
    )
    assert found == pytest.approx([float(n) for n in case["printed"]], abs=case["tolerance"])
