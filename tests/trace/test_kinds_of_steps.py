"""Kinds of everyday programs by what a training step begins with, and what comes before it."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.trace.kinds import WRONG, assert_judged, program
from tests.trace.support import Judged

ENGINE = """
import math

class Value:
    def __init__(self, data, parents=()):
        self.data, self.grad, self.parents = data, 0.0, parents
        self.back = lambda: None

    def __add__(self, other):
        out = Value(self.data + other.data, (self, other))
        def back():
            self.grad += out.grad
            other.grad += out.grad
        out.back = back
        return out

    def __mul__(self, other):
        out = Value(self.data * other.data, (self, other))
        def back():
            self.grad += other.data * out.grad  #1 self.grad += self.data * out.grad
            other.grad += self.data * out.grad
        out.back = back
        return out

    def tanh(self):
        t = math.tanh(self.data)
        out = Value(t, (self,))
        def back():
            self.grad += (1 - t ** 2) * out.grad  #2 self.grad += (1 - t) * out.grad
        out.back = back
        return out

def backward(value):
    order, seen = [], set()
    def visit(one):
        if one not in seen:
            seen.add(one)
            for part in one.parents:
                visit(part)
            order.append(one)
    visit(value)
    value.grad = 1.0
    for one in reversed(order):
        one.back()

params = [Value(v) for v in (0.3, -0.4, 0.2, 0.7)]
for step in range(2):
    loss = Value(0.0)
    for a, t in ((0.5, 1.0), (-0.8, -0.3), (1.2, 0.4)):
        hidden = (params[0] * Value(a) + params[1]).tanh()
        off = (params[2] * hidden + params[3]).tanh() + Value(-t)
        loss = loss + off * off
    for p in params:
        p.grad = 0.0
    backward(loss)
    for p in params:
        p.data += -0.05 * p.grad
"""
PROGRAMS = {
    "outputs at their limits, and numbers that are shown after the update": """
t, U, P = np.eye(2)[[0, 1, 1, 0, 1, 0]], 20 * rng.normal(size=(3, 8)), 20 * rng.normal(size=(8, 2))
for step in range(3):
    h = np.maximum(x @ U, 0)
    e = np.exp(h @ P - np.max(h @ P, axis=1, keepdims=True))
    p = e / e.sum(axis=1, keepdims=True)
    loss = -np.mean(np.sum(t * np.log(p + 1e-15), axis=1))
    d = (p - t) / len(x)
    dU = x.T @ (d @ P.T * (h > 0))  #! dU = x.T @ (d @ P.T * h)
    P -= 0.1 * h.T @ d
    U -= 0.1 * dU
    shown = np.maximum(1 + x @ U, 0)
""",
    "data are made turn by turn before the training": """
end = x.copy()
for turn in range(9):
    end = end + 0.1 * np.tanh(end @ np.ones((3, 3)))
V = rng.normal(size=(3, 3))
for step in range(2):
    u = np.tanh(x @ V)
    loss = 0.5 * np.sum((x + 0.1 * u - end) ** 2)
    d = x + 0.1 * u - end
    V -= 0.1 * x.T @ (0.1 * d * (1 - u ** 2))  #! V -= 0.1 * x.T @ (0.1 * d * (1 - u))
""",
    "a weight that begins as the transpose of another": """
U = W.T.copy()
for step in range(3):
    h = np.tanh(x @ W)
    d = h @ U - x
    loss = 0.5 * np.sum(d ** 2)
    dU = h.T @ d
    dW = x.T @ (d @ U.T * (1 - h ** 2))  #! dW = x.T @ (d @ U.T * (1 - h))
    U -= 0.05 * dU
    W -= 0.05 * dW
""",
    "zeros that gradients are added to": """
C, words = rng.normal(size=(4, 3)), np.array([[0, 1], [2, 1], [3, 0]])
for step in range(2):
    e = C[words].mean(axis=1)
    d = e @ W - y[:3]
    loss = 0.5 * np.sum(d ** 2)
    de = d @ W.T / 2
    dC = np.zeros_like(C)
    for i in range(3):
        for k in words[i]:
            dC[k] += de[i]  #! dC[words] += de[i]
    W -= 0.1 * e.T @ d
    C -= 0.1 * dC
""",
    "a mean that is taken twice, and updates that all go through one line": """
P, M = {"W": W, "b": b, "V": V, "c": np.zeros(2)}, {}
def bias(g):
    return g.sum(axis=0)  #! return g.mean(axis=0)
for step in range(2):
    h = np.tanh(x @ P["W"] + P["b"])
    d = (h @ P["V"] + P["c"] - y) / 6
    loss = 0.5 * np.sum((h @ P["V"] + P["c"] - y) ** 2) / 6
    G = {"V": h.T @ d}
    dz = d @ P["V"].T * (1 - h ** 2)
    G["W"], G["b"], G["c"] = x.T @ dz, bias(dz), bias(d)
    for k in P:
        M[k] = 0.9 * M.get(k, 0) + (1 - 0.9) * G[k]
        P[k] = P[k] - 0.1 * M[k]
""",
}
TWICE = """    G["W"] = x.T @ dz
    for k, g in (("b", dz), ("c", d)):
        G[k] = g.sum(axis=0)  #! G[k] = g.mean(axis=0)
"""


@pytest.mark.parametrize("kind", PROGRAMS)
def test_a_program_is_judged(kind: str) -> None:
    assert_judged(PROGRAMS[kind])


def test_a_mean_is_taken_twice_where_it_is_and_not_where_a_loop_hands_gradients_on() -> None:
    text = PROGRAMS["a mean that is taken twice, and updates that all go through one line"]
    text = text.replace("  #! return g.mean(axis=0)", "")
    assert_judged(re.sub(r'    G\["W"\], .*\n', TWICE, text))


LOST = ENGINE.replace("#1 self.grad += self.data", "#1 self.grad = other.data")


@pytest.mark.parametrize(("engine", "slip"), [(ENGINE, 1), (ENGINE, 2), (LOST, 1)])
def test_what_an_engine_adds_to_a_gradient_is_told_by_the_objects(engine: str, slip: int) -> None:
    text = re.sub(f"#{slip}", "#!", engine)
    text = re.sub(r"  #\d.*", "", text)
    assert_judged(text)
    mended = program(WRONG.sub(r"\1\3", text)).mended()
    assert Judged(mended, Path("program.py"), None).verdict.right


GROWING = {
    "gradients alone": """
t = (y > 0) * 1.0
for step in range(3):
    p = 1 / (1 + np.exp(-(x @ W)))
    loss = np.mean((p - t) ** 2)
    W -= 1e5 * x.T @ (2 * (p - t) / t.size * p * (1 - p))
""",
}


@pytest.mark.parametrize("text", GROWING.values(), ids=GROWING)
def test_what_grows_without_limit_is_not_called_wrong(text: str) -> None:
    found = program(text)
    assert found.verdict.right
    assert not found.first_wrong


NUMBERS = """
xs, ys = [1., 2., 3., 4.], [3., 5., 7., 9.]
w = b = 0.0
for epoch in range(3):
    dw = db = loss = 0.0
    for x, y in zip(xs, ys):
        p = w * x + b
        loss += (p - y) ** 2
        dw += 2 * (p - y) * x
        db += 2 * (p - y)
    w -= 0.01 * dw
    b -= 0.01 * db
"""


@pytest.mark.parametrize("start", ["0.0", "0", "np.float64(0)", "np.zeros(1)"])
def test_a_value_given_to_two_names_is_two_parameters(start: str) -> None:
    text = NUMBERS.replace("w = b = 0.0", f"w = b = {start}").replace("w -=", "w = w -")
    found = Judged("import numpy as np" + text.replace("b -=", "b = b -"))
    assert found.verdict.right
    assert {parameter.name for parameter in found.verdict.step.parameters} == {"w", "b"}


@pytest.mark.parametrize(
    ("right", "wrong", "told"),
    [
        ("dw += 2 * (p - y) * x", "dw += 2 * (p - y)", "dw += 2 * (p - y) * x"),
        ("dw += 2 * (p - y) * x", "dw += (p - y) * x", "dw += 2 * ((p - y) * x)"),
        ("db += 2 * (p - y)", "db += 2 * (p - y) * x", "db += 2 * (p - y)"),
    ],
)
def test_a_line_is_mended_for_all_samples_of_a_loop(right: str, wrong: str, told: str) -> None:
    found = Judged(NUMBERS.replace(f"{right}\n", f"{wrong}\n"))
    assert not found.verdict.right
    assert f"        {told}\n" in found.mended()


def test_a_forward_pass_after_the_only_update_is_no_update_of_the_bias() -> None:
    assert_judged("""
w, c, t = np.array([0.1, -0.2, 0.3]), 0.5, 0.4
z = np.dot(x[0], w) + c
out = 1 / (1 + np.exp(-z))
d = (t - out) * out * (1 - out)  #! d = (t - out) * out
w = w + 0.5 * d * x[0]
z = np.dot(x[0], w) + c
print(1 / (1 + np.exp(-z)))
""")


@pytest.mark.filterwarnings("ignore:the matrix subclass")
def test_rows_of_a_matrix_are_updated_one_by_one() -> None:
    assert_judged("""
w, xs, ts = np.matrix([[0.1], [0.2], [0.3]]), np.matrix(x), np.matrix(y[:, :1])
for step in range(2):
    e = xs * w - ts
    first = np.multiply(e, xs[:, 0]).sum(axis=0)  #! first = np.multiply(e, xs[:, 2]).sum(axis=0)
    w[1] = w[1] - 0.01 * np.multiply(e, xs[:, 1]).sum(axis=0)
    w[0] = w[0] - 0.01 * first
""")
