"""What should stand in a line: as its author would write it, from the chain rule, or summed."""

import ast
from pathlib import Path

import pytest

from bptui.check.program.check import checked
from bptui.check.program.formula import from_chain_rule
from bptui.check.reports.line_edits import kept
from bptui.check.reports.report import Report
from bptui.check.running.interpreter import interpreter_for
from tests.trace.support import Judged

EDITS = {
    "one name": ("d=(a-y) * (a*(1-a))", "d = (a - y) * (z * (1 - a))", "d=(a-y) * (z*(1-a))"),
    "a sign": ("self.W1 += (lr)*dW", "self.W1 -= lr * dW", "self.W1 -= (lr)*dW"),
    "one factor more": ("g = (x.T @ d)", "g = x.T @ d / n", "g = (x.T @ d / n)"),
    "one less": ("g = np.dot(x.T,d*s)", "g = np.dot(x.T, d)", "g = np.dot(x.T,d)"),
    "other brackets": ("d = a - y*s", "d = (a - y) * s", "d = (a - y)*s"),
    "a key": ('g["W1"] = g["W2"]*2.', "g['W1'] = g['W3'] * 2.0", 'g["W1"] = g["W3"]*2.'),
    "several": ("a,b = (c)+1 ,d", "a, b = (e + 1, d)", "a,b = (e)+1 ,d"),
    "a sum no more": ("gh=e@(u+1)", "gh = e @ u", "gh=e@u"),
    "no sign": ("d = -(a-y)", "d = a - y", "d = a-y"),
    "a call": ("d[k] += g", "np.add.at(d, k, g)", "np.add.at(d, k, g)"),
    "all": ("d = (x)", "d += y.T", "d += (y.T)"),
}


@pytest.mark.parametrize("name", EDITS)
def test_what_is_not_edited_stays(name: str) -> None:
    own, new, wanted = EDITS[name]
    whole, new = (ast.unparse(ast.parse(code)) for code in (own, new))
    found = kept(own, whole, new)
    assert ast.dump(ast.parse(found)) == ast.dump(ast.parse(new))
    assert found == wanted


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
GATES = """\
import numpy as np

rng = np.random.default_rng(0)
X, T = rng.normal(size=(6, 3)), rng.normal(size=(6, 3))
Ws, Gs = ([rng.normal(size=(3, 3)) for _ in range(3)] for _ in "WG")


def back(dy, x, h, gate, W, G):
    dh, dg = dy * gate * (h > 0), dy * (h - x) * gate * (1 - gate)
    grads.append((x.T @ dh, x.T @ dg))
    return WRONG


for _ in range(3):
    y, kept, grads = X, [], []
    for W, G in zip(Ws, Gs):
        h, gate = np.maximum(0, y @ W), 1 / (1 + np.exp(-(y @ G)))
        kept.append((y, h, gate, W, G))
        y = gate * h + (1 - gate) * y
    loss = np.mean((y - T) ** 2)
    d = 2 * (y - T) / y.size
    for one in kept[::-1]:
        d = back(d, *one)
    for W, G, (dW, dG) in zip(Ws, Gs, grads[::-1]):
        W -= 0.1 * dW
        G -= 0.1 * dG
"""


@pytest.mark.parametrize(
    ("program", "wrong"),
    [
        (GATES, "dh @ W.T + dg @ G.T"),
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
        ("4", "dh * 1.0", "gb1", 13, "gb1 = dh.sum(axis=0) * 1.0"),
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


def test_arrays_that_do_not_fit_are_not_right(tmp_path: Path) -> None:
    file = tmp_path / "net.py"
    file.write_text(NET.format(shape="4", gradient="dh.sum(axis=1)", change="gb1"))
    found = checked(file, interpreter_for(file, None), 600.0)
    assert isinstance(found, Report)
    assert found.verdict == "failed"
    assert "line 16" in found.trouble[0].text
