"""Worked examples that others have published: every number that a step shows, to its last digit."""

import json
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from bptui.core.arrays import Array
from bptui.core.engine import Snapshot
from bptui.core.timeline import Timeline

from .support import build

Case = dict[str, Any]
CASES: list[Case] = json.loads(
    (Path(__file__).parents[1] / "data" / "published.json").read_text(encoding="utf-8")
)
BY_ID = {case["id"]: case for case in CASES}


def values(given: dict[str, Any] | list[Any]) -> Array:
    """Numbers as they stand, or a ramp."""
    if isinstance(given, dict):
        return np.linspace(*given["linspace"], int(np.prod(given["shape"]))).reshape(given["shape"])
    return np.array(given, dtype=float)


@cache
def timeline(name: str) -> Timeline:
    case = BY_ID[name]
    training = dict(case["training"])
    training["mistakes"] = tuple(training.get("mistakes", ()))
    biases = case["biases"]
    return Timeline(
        build(
            [values(w) for w in case["weights"]],
            None if biases is None else [values(b) for b in biases],
            tuple(case["activations"]),
            values(case["inputs"]),
            values(case["targets"]),
            **training,
        )
    )


def quantity(shown: Snapshot, name: str, layer: int) -> Array:
    """A quantity by the letter it has in the data file; ``layer`` counts from 1."""
    names, known = shown.experiment.network.names, shown.values
    error, parameters = shown.outputs - known["target"], shown.parameters.named()
    if name in ("W", "b"):
        return parameters[f"{name}{layer}"]
    if name == "da/dz":  # delta = dL/da da/dz
        return known[names.delta(layer)] / known[names.out_gradient(layer)]
    if name == "dx":
        return known[names.delta(1)] @ parameters["W1"].T
    found = {
        "z": names.net,
        "a": names.out,
        "dz": names.delta,
        "da": names.out_gradient,
        "dW": names.weight_gradient,
        "db": names.bias_gradient,
    }
    if name in found:
        return known[found[name](layer)]
    return {"error": error, "loss_output": 0.5 * error**2, "loss": known["loss"]}[name]


@pytest.mark.parametrize("name", BY_ID)
def test_published_numbers(name: str) -> None:
    for number in BY_ID[name]["numbers"]:
        shown = timeline(name).snapshot(number["k"])
        found = quantity(shown, number["q"], number.get("l", 1))
        place = tuple(number.get("i", ()))
        if "n" in number:
            place = (number["n"], *place)
        value = float(found[place]) if place else float(found.item())
        # half a unit of the last digit, and a little for the decimal the unit itself is not
        allowed = number["tolerance"] * (1.0 + 1e-6)
        error = abs(number.get("factor", 1) * value - float(number["printed"]))
        assert error <= allowed, number["label"]
