"""Code that is only slow: whenever its time is over, its numbers are not called wrong."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest

from bptui.check import check as checks
from bptui.check.runner import Answer, Argument, Stopped, UserCode

from .support import checked

HEAD = """
import numpy as np
def sigmoid(z):
    return 1 / (1 + np.exp(-z))
"""
OF_ONE = (
    HEAD
    + """
def gradients(x, t, weights):
    h = sigmoid(weights[0].T @ np.ravel(x)[:len(weights[0])])
    o = sigmoid(weights[1].T @ h)
    d = (o - np.ravel(t)[:len(o)]) * o * (1 - o)
    return np.outer(np.ravel(x)[:len(weights[0])], weights[1] @ d * h * (1 - h)), np.outer(h, d)
"""
)
"""Runs on several samples, too, where it takes the first one alone."""
RANDOM = (
    HEAD
    + """
def gradients(x, t, weights):
    h = sigmoid(x @ weights[0])
    o = sigmoid(h @ weights[1])
    d = (o - t) * o * (1 - o) * np.random.rand()
    return [x.T @ ((d @ weights[1].T) * h * (1 - h)), h.T @ d]
"""
)
FREE = (
    HEAD
    + """
def step(x, t, weights, biases, learning_rate):
    h = sigmoid(x @ weights[0] + biases[0])
    o = sigmoid(h @ weights[1] + biases[1])
    d = (o - t) * o * (1 - o) / len(x)
    e = d @ weights[1].T * h * (1 - h)
    gradients = [x.T @ e, h.T @ d], [e.sum(axis=0), d.sum(axis=0)]
    return tuple(
        [p - learning_rate * g for p, g in zip(ps, gs)]
        for ps, gs in zip((weights, biases), gradients)
    )
"""
)
"""Right but for the biases, which the preset keeps fixed; that is no mistake."""


@pytest.mark.parametrize(
    ("source", "preset", "verdict"),
    [
        pytest.param(OF_ONE, "article", "right", id="right for one sample at a time"),
        pytest.param(RANDOM, "article", "different numbers every time", id="random"),
        pytest.param(FREE, "mazur", "right", id="what the preset keeps frozen is trained"),
    ],
)
def test_whenever_the_time_is_over(
    source: str,
    preset: str,
    verdict: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    calls, most = 0, 0

    class Slow(UserCode):
        """Its time is over after so many calls, which take none in the test."""

        def call(self, function: str, arguments: Sequence[Argument]) -> Answer | Stopped:
            nonlocal calls
            calls += 1
            if calls > most:
                self.elapsed = self.limit
            return super().call(function, arguments)

    monkeypatch.setattr(checks, "UserCode", Slow)
    verdicts: set[str] = set()
    while calls >= most:  # until all of its calls come back
        calls, most = 0, 2 * most + 1
        _, text = checked(tmp_path, source, preset)
        found = text.rpartition(": ")[2]
        if found.startswith("too slow for its time limit"):
            assert f"ran out after {most} call" in text
            assert "shape" not in text
        else:
            assert found.startswith(verdict), text
        verdicts.add(found)
    assert len(verdicts) > 1
    assert found.startswith(verdict)
