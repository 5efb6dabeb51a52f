"""Optimizers against the formulas as they are written in the papers, one number at a time."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from bptui.core.arrays import Array
from bptui.core.graph.node import evaluate, leaf
from bptui.core.optimizers import OPTIMIZERS

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
