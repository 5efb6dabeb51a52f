"""A wrong line that no small edit mends is written anew from the chain rule."""

import pytest

from bptui.check.formula import from_chain_rule
from tests.trace.support import Judged

VECTORS = """\
import numpy as np

x, t = np.array([0.9, 0.1, 0.4]), np.array([0.11, 0.89])
w1 = np.array([[0.5, 0.4], [0.2, 0.5], [0.1, -0.7]])
w2 = np.array([[0.3, 0.5], [0.6, -0.5]])


def f(z):
    return 1 / (1 + np.exp(-z))


def df(a):
    return a * (1 - a)


for epoch in range(10):
    h = f(x @ w1)
    o = f(h @ w2)
    e = o - t
    back = WRONG
    w1 = w1 - 0.5 * np.outer(x, back)
    w2 = w2 - 0.5 * np.outer(h, e * df(o))
"""
ROWS = """\
import numpy as np

rng = np.random.default_rng(0)
X, T = rng.normal(size=(6, 3)), rng.normal(size=(6, 2))
net = {"W1": rng.normal(size=(3, 4)), "W2": rng.normal(size=(4, 2))}
for _ in range(10):
    A = np.tanh(X @ net["W1"])
    out = A @ net["W2"]
    dout = (out - T) / len(X)
    dZ = WRONG
    net["W2"] -= 0.1 * A.T @ dout
    net["W1"] -= 0.1 * X.T @ dZ
"""


@pytest.mark.parametrize(
    ("program", "wrong"),
    [
        (VECTORS, "w2 @ (e * o * df(h))"),
        (VECTORS, "(e @ w2) * h"),
        (ROWS, "np.cos(A) * dout.sum()"),
        (ROWS, "(dout @ net['W2'].T + A) * (1 + A)"),
    ],
)
def test_the_line_that_is_told_makes_the_program_right(program: str, wrong: str) -> None:
    text = program.replace("WRONG", wrong)
    judged = Judged(text)
    (repair,) = judged.verdict.lines.repairs
    told = from_chain_rule(judged.view(repair), repair)
    row = next(row for row in program.splitlines() if "WRONG" in row)
    indent = " " * (len(row) - len(row.lstrip()))
    assert Judged(program.replace(row, f"{indent}{told}")).verdict.right
