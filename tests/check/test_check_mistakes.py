"""Every mistake of the catalogue in a user's own file, and correct code in any form."""

from pathlib import Path

import pytest

from bptui.core.mistakes import MISTAKES

from .right_code import RIGHT, WITHIN
from .support import checked, mistakes_of, outcome_of

SQUARE = """
[network]
layers = [2, 3, 3]
activation = "sigmoid"
[training]
learning_rate = 0.7
[data]
inputs = [[0.2, -0.4], [1.1, 0.3], [-0.6, 0.8]]
targets = [[0.1, 0.8, 0.3], [0.7, 0.4, 0.6], [0.2, 0.9, 0.5]]
"""

PLANTED = """
import numpy as np

MADE = {made!r}
sums = {{}}

def f(z):
    return 1 / (1 + np.exp(-z))

def slope(a):
    if "derivative-of-activation" in MADE:
        a = f(a)
    return a * (1 - a)

def step(x, t, weights, biases, learning_rate):
    n = len(x)
    W1, W2 = weights
    b1, b2 = biases
    out_h = f(x @ W1 + b1)
    out_o = f(out_h @ W2 + b2)
    error = (out_o - t) / (1 if "not-averaged" in MADE else n)
    if "averaged-twice" in MADE:
        error = error / n
    if "wrong-sign" in MADE:
        error = -error
    if "doubled" in MADE:
        error = error * 2
    if "missing-half" in MADE:
        error = error / 2
    delta_o = error * (1 if "missing-output-derivative" in MADE else slope(out_o))
    gW2 = out_h.T @ delta_o
    gb2 = delta_o[-1] if "bias-gradient-not-summed" in MADE else delta_o.sum(axis=0)
    if "gradient-accumulated" in MADE:
        gW2 = sums["W2"] = sums.get("W2", 0) + gW2
        gb2 = sums["b2"] = sums.get("b2", 0) + gb2
    new_W2 = W2 if "frozen-last-layer" in MADE else W2 - learning_rate * gW2
    frozen_bias = "bias-not-updated" in MADE or "frozen-last-layer" in MADE
    new_b2 = b2 if frozen_bias else b2 - learning_rate * gb2
    back = new_W2 if "updated-weights" in MADE else W2
    back = back if "transposed-weights" in MADE else back.T
    carried = error * out_o if "output-factor-a" in MADE else delta_o
    if "hidden-derivative-by-output" in MADE:
        delta_h = (carried * slope(out_h)) @ back
    else:
        delta_h = carried @ back
        if "missing-hidden-derivative" not in MADE:
            delta_h = delta_h * slope(out_h)
    gW1 = x.T @ delta_h
    gb1 = delta_h[-1] if "bias-gradient-not-summed" in MADE else delta_h.sum(axis=0)
    if "gradient-accumulated" in MADE:
        gW1 = sums["W1"] = sums.get("W1", 0) + gW1
        gb1 = sums["b1"] = sums.get("b1", 0) + gb1
    new_W1 = W1 if "frozen-first-layer" in MADE else W1 - learning_rate * gW1
    frozen_bias = "bias-not-updated" in MADE or "frozen-first-layer" in MADE
    new_b1 = b1 if frozen_bias else b1 - learning_rate * gb1
    return [new_W1, new_W2], [new_b1, new_b2]
"""


@pytest.mark.parametrize("name", MISTAKES)
def test_it_is_diagnosed_by_name(name: str, tmp_path: Path) -> None:
    done, text = checked(tmp_path, PLANTED.format(made=(name,)), SQUARE)
    assert mistakes_of(done.functions[0]) == [(name,)], text
    assert outcome_of(done) == "wrong"
    assert f"step: {name}." in text


@pytest.mark.parametrize("name", [name for name in RIGHT if name not in WITHIN])
def test_correct_code_passes(name: str, tmp_path: Path) -> None:
    preset, source = RIGHT[name]
    done, text = checked(tmp_path, source, preset)
    assert outcome_of(done) == "right", text
    for one in done.functions:
        verdicts = {finding.verdict for finding in one.findings}
        assert "right" in verdicts <= {"right", "convention", "not given"}
