"""Optimizers against the formulas as they are written in the papers, one number at a time."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from bptui.core.arrays import Array
from bptui.core.engine import Engine
from bptui.core.graph.node import evaluate, leaf
from bptui.core.optimizers import OPTIMIZERS

from .support import build

PUBLISHED = json.loads((Path(__file__).parents[1] / "data" / "optimizers.json").read_text())


class Scalar:
    """One parameter, updated by the formulas in plain Python."""

    def __init__(self, w: float) -> None:
        self.w, self.first, self.second, self.k = w, 0.0, 0.0, 0

    def update(self, name: str, lr: float, g: float, **settings: float) -> None:
        self.k += 1
        mu = settings.get("momentum", 0.9)
        epsilon = settings.get("epsilon", 1e-8)
        if name == "sgd":
            self.w -= lr * g
        elif name == "momentum":
            self.first = mu * self.first - lr * g
            self.w += self.first
        elif name == "nesterov":
            self.first = mu * self.first - lr * g
            self.w += mu * self.first - lr * g
        elif name == "adagrad":
            self.first += g * g
            self.w -= lr * g / (math.sqrt(self.first) + epsilon)
        elif name == "rmsprop":
            rho = settings.get("rho", 0.9)
            self.first = rho * self.first + (1 - rho) * g * g
            self.w -= lr * g / (math.sqrt(self.first) + epsilon)
        else:
            beta1, beta2 = settings.get("beta1", 0.9), settings.get("beta2", 0.999)
            self.first = beta1 * self.first + (1 - beta1) * g
            self.second = beta2 * self.second + (1 - beta2) * g * g
            m, v = self.first / (1 - beta1**self.k), self.second / (1 - beta2**self.k)
            self.w -= lr * m / (math.sqrt(v) + epsilon)


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
    engine, scalar = Engine(made), Scalar(-0.7)
    for _ in range(50):
        shown = engine.record()
        assert shown.parameters.weights[0][0, 0] == pytest.approx(scalar.w, rel=1e-12)
        scalar.update(name, lr, (scalar.w * x - t) * x, **settings)
        slots = [each.weights[0][0, 0] for each in shown.updated_slots.values()]
        expected = [scalar.first, scalar.second][: len(slots)]
        assert slots == pytest.approx(expected, rel=1e-11)


def test_momentum_keeps_the_learning_rate_of_the_time() -> None:
    """The rate is in the velocity: after k equal gradients -lr g (1 - mu^k) / (1 - mu)."""
    w, v = apply("momentum", [0.0], [[2.0]] * 8, 0.1, {"momentum": 0.9})
    assert v[0][0] == pytest.approx(-0.2 * (1 - 0.9**8) / 0.1)
    assert w[0] == pytest.approx(sum(-0.2 * (1 - 0.9**k) / 0.1 for k in range(1, 9)))


def test_first_adam_step_has_the_size_of_the_learning_rate() -> None:
    w, _ = apply("adam", [0.0, 0.0], [[1e-3, -50.0]], 0.01, {})
    assert w == pytest.approx([-0.01, 0.01], rel=1e-4)


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


def test_the_published_cases_are_there() -> None:
    assert {case["optimizer"] for case in PUBLISHED} == {"sgd", "adam"}
