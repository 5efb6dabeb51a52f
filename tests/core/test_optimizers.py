"""Optimizers against the formulas as they are written in the papers, one number at a time."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from bptui.core.arrays import Array
from bptui.core.engine import Engine
from bptui.core.graph.node import evaluate, leaf
from bptui.core.optimizers import OPTIMIZERS

from .reference import stepped
from .support import build

PUBLISHED = json.loads((Path(__file__).parents[1] / "data" / "optimizers.json").read_text())


SETTINGS: list[tuple[str, dict[str, float]]] = [
    ("sgd", {}),
    *((name, {}) for name in OPTIMIZERS if name != "sgd"),
    ("momentum", {"momentum": 0.5}),
    ("nesterov", {"momentum": 0.0}),
    ("adagrad", {"epsilon": 0.1}),
    ("rmsprop", {"rho": 0.5, "epsilon": 1e-3}),
    ("adam", {"beta1": 0.5, "beta2": 0.9, "epsilon": 0.01}),
    ("adam", {"beta1": 0.0}),
]


@pytest.mark.parametrize(("name", "settings"), SETTINGS)
def test_fifty_steps_of_a_linear_unit(name: str, settings: dict[str, float]) -> None:
    """1/2 (w x - t)^2, whose gradient is (w x - t) x."""
    x, t, lr = 1.5, 2.0, 0.05
    made = build(
        [[[-0.7]]],
        None,
        ("identity",),
        [[x]],
        [[t]],
        optimizer=name,
        learning_rate=lr,
        settings=tuple(settings.items()),
    )
    engine, w, slots = Engine(made), np.array([-0.7]), [np.zeros(1), np.zeros(1)]
    for k in range(1, 51):
        shown = engine.record()
        assert shown.parameters.weights[0][0, 0] == pytest.approx(w[0], rel=1e-12)
        w = stepped(name, lr, dict(made.training.settings), slots, w, (w * x - t) * x, k)
        found = [each.weights[0][0, 0] for each in shown.updated_slots.values()]
        assert found == pytest.approx([slot[0] for slot in slots][: len(found)], rel=1e-11)


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
