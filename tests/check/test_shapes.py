"""A bias gradient that is not summed over the batch gives the bias another shape."""

from pathlib import Path

import pytest

from bptui.check.interpreter import interpreter_for
from bptui.check.program import checked

NET = """\
import numpy as np

rng = np.random.default_rng(2)
X, t = rng.normal(size=(5, 3)), rng.uniform(size=(5, 2))
W1, b1 = rng.normal(size=(3, 4)), np.zeros({shape})
W2 = rng.normal(size=(4, 2))
for epoch in range(100):
    h = np.tanh(X @ W1 + b1)
    out = h @ W2
    loss = np.mean((out - t) ** 2)
    d = 2 * (out - t) / out.size
    dh = d @ W2.T * (1 - h ** 2)
    gb1 = {gradient}
    W1 = W1 - 0.1 * X.T @ dh
    W2 = W2 - 0.1 * h.T @ d
    b1 = b1 - 0.1 * {change}
"""


@pytest.mark.parametrize(
    ("shape", "gradient", "change", "line", "told"),
    [
        ("4", "dh", "gb1", 13, "gb1 = dh.sum(axis=0)"),
        ("(1, 4)", "dh", "gb1", 13, "gb1 = dh.sum(axis=0, keepdims=True)"),
        ("4", "None", "dh", 16, "b1 = b1 - 0.1 * dh.sum(axis=0)"),
        ("4", "dh * 1.0", "gb1", 13, "gb1 = (dh * 1.0).sum(axis=0)"),
    ],
)
def test_the_sum_is_told(
    tmp_path: Path, shape: str, gradient: str, change: str, line: int, told: str
) -> None:
    file = tmp_path / "net.py"
    file.write_text(NET.format(shape=shape, gradient=gradient, change=change))
    report = checked(file, interpreter_for(file, None), 600.0).report
    assert [(one.line, one.should_be, one.mistake) for one in report.wrong] == [
        (line, told, "bias-gradient-not-summed")
    ]
    assert [one.name for one in report.parameters if one.verdict == "wrong"] == ["b1"]
