"""Wrong lines whose slip has a name in the catalogue, and some whose slip has none."""

import pytest

from bptui.core.mistakes import MISTAKES
from bptui.trace.mend.slips import slip
from tests.trace.support import Judged

NET = """\
import numpy as np

rng = np.random.default_rng(3)
x, t = rng.normal(size=(7, 4)), rng.uniform(size=(7, 3))
W1, b1 = rng.normal(size=(4, 4)), rng.normal(size=4)
W2, b2 = rng.normal(size=(4, 4)), rng.normal(size=4)
W3, b3 = rng.normal(size=(4, 3)), rng.normal(size=3)
gW2 = np.zeros((4, 4))


def sigmoid(z):
    return 1 / (1 + np.exp(-z))


def slope(z):
    return sigmoid(z) * (1 - sigmoid(z))


for _ in range(3):
    z1 = x @ W1 + b1
    a1 = np.tanh(z1)
    z2 = a1 @ W2 + b2
    a2 = sigmoid(z2)
    z3 = a2 @ W3 + b3
    a3 = sigmoid(z3)
    loss = np.sum((a3 - t) ** 2) / len(x)
    da3 = 2 * (a3 - t) / len(x)
    dz3 = da3 * slope(z3)
    da2 = dz3 @ W3.T
    dz2 = da2 * slope(z2)
    da1 = dz2 @ W2.T
    dz1 = da1 * (1 - a1 ** 2)
    gW3, gb3 = a2.T @ dz3, dz3.sum(axis=0)
    gW2 = a1.T @ dz2
    gb2 = dz2.sum(axis=0)
    gW1 = x.T @ dz1
    gb1 = dz1.sum(axis=0)
    W3 -= 0.5 * gW3
    b3 -= 0.5 * gb3
    W2 -= 0.5 * gW2
    b2 -= 0.5 * gb2
    W1 -= 0.5 * gW1
    b1 -= 0.5 * gb1
"""
NAMED = [
    ("transposed-weights", "dz2 @ W2.T", "dz2 @ W2"),
    ("transposed-weights", "dz2 @ W2.T", "(W2.T @ dz2.T).T"),
    ("transposed-weights", "dz2 @ W2.T", "np.einsum('ni,ij->nj', dz2, W2)"),
    ("missing-output-derivative", "dz3 = da3 * slope(z3)", "dz3 = da3"),
    ("missing-output-derivative", "da2 = dz3 @ W3.T", "da2 = da3 @ W3.T"),
    ("missing-hidden-derivative", "dz1 = da1 * (1 - a1 ** 2)", "dz1 = da1"),
    ("missing-hidden-derivative", "da1 = dz2 @ W2.T", "da1 = da2 @ W2.T"),
    ("derivative-of-activation", "da2 * slope(z2)", "da2 * slope(a2)"),
    ("derivative-of-activation", "da1 * (1 - a1 ** 2)", "da1 * (1 - np.tanh(a1) ** 2)"),
    ("output-factor-a", "dz3 = da3 * slope(z3)", "dz3 = da3 * a3"),
    ("wrong-sign", "dz2 = da2 * slope(z2)", "dz2 = -da2 * slope(z2)"),
    ("doubled", "gW2 = a1.T @ dz2", "gW2 = 2 * a1.T @ dz2"),
    ("missing-half", "gW2 = a1.T @ dz2", "gW2 = 0.5 * a1.T @ dz2"),
    ("not-averaged", "gb2 = dz2.sum(axis=0)", "gb2 = dz2.sum(axis=0) * len(x)"),
    ("averaged-twice", "gb2 = dz2.sum(axis=0)", "gb2 = dz2.mean(axis=0)"),
    ("bias-gradient-not-summed", "gb2 = dz2.sum(axis=0)", "gb2 = dz2[-1]"),
    ("bias-gradient-not-summed", "gb1 = dz1.sum(axis=0)", "gb1 = dz1[0]"),
    ("gradient-accumulated", "gW2 = a1.T @ dz2", "gW2 += a1.T @ dz2"),
    (None, "gb2 = dz2.sum(axis=0)", "gb2 = dz2.sum(axis=0) * 3"),
    (None, "gb2 = dz2.sum(axis=0)", "gb2 = dz2.max(axis=0)"),
    (None, "da1 * (1 - a1 ** 2)", "da1 * (1 - a1)"),
]
EARLY = NET.replace(
    "    da1 = dz2 @ W2.T\n", "    W2 -= 0.5 * a1.T @ dz2\n    da1 = dz2 @ W2.T\n"
).replace("    W2 -= 0.5 * gW2\n", "")


def named(text: str) -> list[str | None]:
    program = Judged(text)
    repairs = program.verdict.lines.repairs
    return [
        slip(program.view(each), each, told)
        for each, told in zip(repairs, program.told, strict=True)
    ]


@pytest.mark.parametrize(("name", "right", "wrong"), NAMED)
def test_the_slip_of_a_wrong_line_is_named(name: str | None, right: str, wrong: str) -> None:
    assert name is None or name in MISTAKES
    assert NET.count(right) == 1
    assert named(NET.replace(right, wrong)) == [name]


def test_weights_that_were_updated_too_early() -> None:
    assert named(EARLY) == ["updated-weights"]


def test_an_index_of_the_other_sign_turns_no_gradient() -> None:
    text = """\
import numpy as np

rng = np.random.default_rng(0)
x, y = rng.normal(size=(6, 3)), rng.normal(size=(6, 2))
W = [rng.normal(size=(3, 4)), rng.normal(size=(4, 4)), rng.normal(size=(4, 2))]
for step in range(2):
    a, z = [x], []
    for w in W:
        z.append(a[-1] @ w)
        a.append(np.tanh(z[-1]))
    error = a[-1] - y
    d = error * (1 - a[-1] ** 2)
    g = [None, None, a[-2].T @ d]
    for l in (2, 1):
        error = d @ W[l].T
        slope = 1 - np.tanh(z[::-1][l]) ** 2
        d = error * slope
        g[l - 1] = a[l - 1].T @ d
    for w, dw in zip(W, g):
        w -= 0.1 * dw
"""
    assert "1 - np.tanh(z[::-1][-l]) ** 2" in (Judged(text).told[0] or "")
    assert named(text) == [None]
