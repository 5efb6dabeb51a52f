"""Kinds of everyday programs: the right version, and one with a line as people get it wrong.

In each text a wrong line stands behind ``#!`` beside the right one.
"""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.trace.support import Judged

HEAD = """
import numpy as np
rng = np.random.default_rng(0)
x = rng.normal(size=(6, 3))
y = rng.normal(size=(6, 2))
W = rng.normal(size=(3, 2))
V = rng.normal(size=(2, 2))
b = np.zeros(2)
"""
PROGRAMS = {
    "one of the updates climbs": """
for step in range(2):
    h = np.tanh(x @ W + b)
    loss = ((h @ V - y) ** 2).mean()
    d = 2 * (h @ V - y) / y.size
    dz = d @ V.T * (1 - h ** 2)
    dV, dW, db = h.T @ d, x.T @ dz, dz.sum(axis=0)
    V -= 0.1 * dV  #! V += 0.1 * dV
    W -= 0.2 * dW
    b -= 0.2 * db
""",
    "a path of a sum is left out": """
U = rng.normal(size=(2, 2))
for step in range(2):
    h = np.tanh(x @ W)
    r, c = h @ V - y, h @ U + y
    loss = (r ** 2).sum() + (c ** 2).sum()
    dr, dc = 2 * r, 2 * c
    dh = dr @ V.T + dc @ U.T  #! dh = dr @ V.T
    dz = dh * (1 - h ** 2)
    V, U, W = V - 0.01 * h.T @ dr, U - 0.01 * h.T @ dc, W - 0.01 * x.T @ dz
""",
    "a term of another size under an optimizer that takes any": """
U = rng.normal(size=(2, 2))
v = {}
for step in range(2):
    h = np.tanh(x @ W)
    r, c = h @ V - y, h @ U + y
    loss = (r ** 2).sum() + 0.3 * (c ** 2).sum()
    dr = 2 * r
    dc = 0.6 * c  #! dc = 2 * c
    dh = dr @ V.T + dc @ U.T
    dz = dh * (1 - h ** 2)
    for name, array, g in ("W", W, x.T @ dz), ("V", V, h.T @ dr), ("U", U, h.T @ dc):
        v[name] = 0.9 * v.get(name, 0) + 0.1 * g ** 2
        array -= 0.01 * g / (np.sqrt(v[name]) + 1e-8)
""",
    "a function hands on what it was given": """
mask = (rng.random((6, 2)) > 0.3) / 0.7
def back(g):
    return g * mask  #! return g
for step in range(2):
    h = np.tanh(x @ W)
    loss = (((h * mask) @ V - y) ** 2).sum()
    d = 2 * ((h * mask) @ V - y)
    dV = (h * mask).T @ d
    dz = back(d @ V.T) * (1 - h ** 2)
    V, W = V - 0.01 * dV, W - 0.01 * x.T @ dz
""",
    "a residual is forgotten in what a function returns": """
U = rng.normal(size=(2, 2))
class Inner:
    def back(self, g):
        return g @ U.T
def residual(g):
    inner = Inner().back(g)
    return inner + g  #! return inner
for step in range(2):
    h = np.tanh(x @ W)
    loss = ((h + h @ U - y) ** 2).sum()
    d = 2 * (h + h @ U - y)
    dU = h.T @ d
    dz = residual(d) * (1 - h ** 2)
    U, W = U - 0.01 * dU, W - 0.01 * x.T @ dz
""",
    "what goes back to the turn before goes through another gate": """
def sigmoid(z):
    return 1 / (1 + np.exp(-z))
F, G = rng.normal(size=(1, 2)), rng.normal(size=(1, 2))
for step in range(2):
    c, past = np.zeros((1, 2)), []
    for row in x:
        f, i, g = sigmoid(row @ W + F), sigmoid(row @ W + G), np.tanh(row @ W)
        past.append((row[None], f, i, g, c))
        c = f * c + i * g
    loss = ((c - y[0]) ** 2).sum()
    dc, dW, dF, dG = 2 * (c - y[0]), 0, 0, 0
    for row, f, i, g, c in past[::-1]:
        df = dc * c * f * (1 - f)
        di = dc * g * i * (1 - i)
        dg = dc * i * (1 - g ** 2)
        dF = dF + df
        dG = dG + di
        dW = dW + row.T @ (df + di + dg)
        dc = dc * f  #! dc = dc * i
    F, G, W = F - 0.01 * dF, G - 0.01 * dG, W - 0.01 * dW
""",
    "the sign of a gate's gradient is that of a value inside its function": """
def sigmoid(z):
    return 1 / (1 + np.exp(-z))
U, S = rng.normal(size=(3, 2)), rng.normal(size=(3, 2))
for step in range(2):
    h, past = np.zeros((1, 2)), []
    for row in x:
        z, r = sigmoid(row @ U), sigmoid(row @ S)
        a = np.tanh(row @ W + r * h)
        past.append((row[None], z, r, a, h))
        h = (1 - z) * h + z * a
    loss = ((h @ V - y[0]) ** 2).sum()
    d = 2 * (h @ V - y[0])
    dV, dh = h.T @ d, d @ V.T
    dW = dU = dS = 0
    for row, z, r, a, h in past[::-1]:
        da = dh * z * (1 - a ** 2)
        dz = dh * (a - h)  #! dz = dh * (h - a)
        dr = da * h
        dU = dU + row.T @ (dz * z * (1 - z))
        dS = dS + row.T @ (dr * r * (1 - r))
        dW = dW + row.T @ da
        dh = dh * (1 - z) + da * r
    V, W, U, S = V - 0.01 * dV, W - 0.01 * dW, U - 0.01 * dU, S - 0.01 * dS
""",
    "a bias before a batch norm has no gradient but for rounding": """
for step in range(2):
    z = x @ W + b
    mu, var = z.mean(axis=0), z.var(axis=0)
    n = (z - mu) / np.sqrt(var + 1e-5)
    loss = ((np.tanh(n) @ V - y) ** 2).mean()
    d = 2 * (np.tanh(n) @ V - y) / y.size
    dV = np.tanh(n).T @ d
    dn = d @ V.T * (1 - np.tanh(n) ** 2)  #! dn = d @ V * (1 - np.tanh(n) ** 2)
    dz = (dn - dn.mean(0) - n * (dn * n).mean(0)) / np.sqrt(var + 1e-5)
    W -= 0.1 * x.T @ dz
    b -= 0.1 * dz.sum(axis=0)
    V -= 0.1 * dV
""",
    "a mean that is not taken, and a penalty whose gradient is added later": """
for step in range(2):
    h = np.maximum(0, x @ W)
    loss = ((h @ V + b - y) ** 2).sum() / len(x) + 0.05 * (W ** 2).sum() + 0.05 * (V ** 2).sum()
    d = 2 * (h @ V + b - y) / len(x)  #! d = 2 * (h @ V + b - y)
    dV = h.T @ d
    dW = x.T @ (d @ V.T * (h > 0))
    b -= 0.1 * d.sum(0)
    dV += 0.1 * V
    dW += 0.1 * W
    V -= 0.1 * dV
    W -= 0.1 * dW
""",
    "a square gradient is not right transposed": """
for step in range(2):
    h = np.tanh(x @ W)
    loss = ((h @ V - y) ** 2).sum()
    d = 2 * (h @ V - y)
    dV = h.T @ d  #! dV = d.T @ h
    dW = x.T @ (d @ V.T * (1 - h ** 2))
    V -= 0.01 * dV
    W -= 0.01 * dW
""",
    "all of an array is written to by an index": """
def update(array, change):
    array[...] -= 0.01 * change
for step in range(2):
    h = np.tanh(x @ W)
    loss = ((h @ V - y) ** 2).sum()
    d = 2 * (h @ V - y)
    dh = d @ V.T  #! dh = d @ V
    update(V, h.T @ d)
    update(W, x.T @ (dh * (1 - h ** 2)))
""",
    "another row of an embedding in every step": """
E = rng.normal(size=(5, 3))
for word, other in [(0, 1), (2, 3), (4, 0)]:
    p = 1 / (1 + np.exp(-E[word] @ W @ y[other]))
    loss = -np.log(p)
    d = (p - 1) * y[other]
    dW = np.outer(E[word], d)
    E[word] -= 0.1 * (W @ d)  #! E[word] -= 0.1 * (W @ d) * p
    W -= 0.1 * dW
""",
    "a difference called e is no loss": """
w, c = x[0].copy(), 0.0
for row, (t, _) in zip(x[1:], y):
    e = np.tanh(row @ w) + c - t
    total = 0.5 * e ** 2
    dw = e * (1 - np.tanh(row @ w) ** 2) * row  #! dw = e * row
    w -= 0.1 * dw
    c -= 0.1 * e
""",
    "a term of a loss without a name is no loss": """
history = []
for step in range(2):
    e = x @ W - y
    history.append((e ** 2).sum() / 2 + 0.1 * np.abs(W).sum())
    dW = x.T @ e + 0.1 * np.sign(W)  #! dW = x.T @ e + 0.2 * np.sign(W)
    W -= 0.1 * dW
""",
    "weights decay although the loss does not say so": """
for step in range(2):
    h = np.tanh(x @ W)
    loss = ((h @ V - y) ** 2).sum()
    d = 2 * (h @ V - y)
    dW = x.T @ (d @ V.T * (1 - h ** 2))  #! dW = x.T @ (d @ V.T * (1 - h))
    V -= 0.01 * (h.T @ d + 0.1 * V)
    W -= 0.01 * (dW + 0.1 * W)
""",
    "a penalty that the loss has is no decay": """
for step in range(2):
    e = x @ W - y
    loss = (e ** 2).sum() + 0.1 * (W ** 2).sum()
    dW = 2 * (x.T @ e) + 0.2 * W  #! dW = 2 * (x.T @ e) + 0.4 * W
    W -= 0.01 * dW
""",
    "squares of gradients are added up": """
h, g = np.zeros_like(V), np.zeros_like(W)
for step in range(2):
    a = np.tanh(x @ W)
    loss = ((a @ V - y) ** 2).sum()
    d = 2 * (a @ V - y)
    dW = x.T @ (d @ V.T * (1 - a ** 2))  #! dW = x.T @ (d @ V.T * (1 + a ** 2))
    dV = a.T @ d
    h += dV * dV
    g += dW * dW
    V -= 0.1 * dV / (np.sqrt(h) + 1e-8)
    W -= 0.1 * dW / (np.sqrt(g) + 1e-8)
""",
    "lists of lists that are made anew": """
A = [[0.1, -0.2], [0.3, 0.5], [-0.4, 0.6]]
for step in range(2):
    h = [sum(float(v) * a for v, a in zip(x[0], c)) for c in zip(*A)]
    loss = sum(v ** 2 for v in h) / 2
    d = [v for v in h]  #! d = [v * v for v in h]
    A = [[a - 0.1 * v * e for a, e in zip(r, d)] for r, v in zip(A, x[0])]
""",
    "errors on the way back are no losses, and targets stand in the call": """
def train(inputs, target):
    global p, q, r
    h = sum(i * w for i, w in zip(inputs, (p, q)))
    d_error_wrt_out = -(target - h * r)
    d_error_wrt_h = d_error_wrt_out * r  #! d_error_wrt_h = d_error_wrt_out * h
    r -= 0.1 * d_error_wrt_out * h
    p -= 0.1 * d_error_wrt_h * inputs[0]
    q -= 0.1 * d_error_wrt_h * inputs[1]
p, q, r = 0.4, -0.7, 0.9
for step in range(2):
    train([0.05, 0.1], 0.01)
""",
    "targets are whole numbers": """
p, q = 0.4, -0.7
for a, t in [(0.3, 0), (0.8, 1)]:
    out = np.tanh(p * a + q)
    delta = (out - t) * (1 - out * out)  #! delta = (out - t) * (1 - out)
    p -= 0.1 * delta * a
    q -= 0.1 * delta
""",
    "masks of whole numbers, and decisions that are near": """
x = rng.normal(size=(50, 3))
y = rng.normal(size=(50, 2))
for step in range(2):
    z = x @ W
    loss = (np.maximum(z, 0) ** 2).sum() + (z * y).sum()
    on = np.where(z > 0, 1, 0)
    d = 2 * np.maximum(z, 0) * on + y  #! d = 2 * np.maximum(z, 0) + on * y
    W -= 0.01 * x.T @ d
""",
    "a slope without a function of its own, in a line above": """
for step in range(2):
    h = np.tanh(x @ W)
    loss = ((h @ V - y) ** 2).sum()
    d = 2 * (h @ V - y)
    slope = 1 - h ** 2  #! slope = 1 + h ** 2
    dz = d @ V.T * slope
    V, W = V - 0.01 * h.T @ d, W - 0.01 * x.T @ dz
""",
    "a function of slopes that each call of needs right gradients for": """
def slope(out):
    return out * (1 - out)  #! return out * out
for step in range(2):
    h = 1 / (1 + np.exp(-x @ W))
    o = 1 / (1 + np.exp(-h @ V))
    e = o - y
    d = e * slope(o)
    dh = (d @ V.T) * slope(h)
    V -= 0.1 * h.T @ d
    W -= 0.1 * x.T @ dh
""",
    "a slope alone, as its function has given it": """
def slope(out):
    return 1 - out ** 2
for step in range(2):
    h = np.tanh(x @ W)
    loss = ((h @ V - y) ** 2).sum()
    d = 2 * (h @ V - y)
    dh = d @ V.T
    dz = dh * slope(h)  #! dz = slope(h)
    V, W = V - 0.01 * h.T @ d, W - 0.01 * x.T @ dz
""",
    "a term of a sum in a line above": """
U, S = rng.normal(size=(2, 2)), rng.normal(size=(2, 2))
for step in range(2):
    h = np.tanh(x @ W)
    loss = ((h @ V - y) ** 2).sum() + ((h @ U) ** 2).sum() + ((h @ S) ** 3).sum()
    r, u, s = 2 * (h @ V - y), 2 * h @ U, 3 * (h @ S) ** 2
    dh = r @ V.T
    dh = dh + u @ U.T  #! dh = dh - u @ U.T
    dh = dh + s @ S.T
    V, U, S = V - 0.01 * h.T @ r, U - 0.01 * h.T @ u, S - 0.01 * h.T @ s
    W -= 0.01 * x.T @ (dh * (1 - h ** 2))
""",
    "a sign that is lost twice": """
U = rng.normal(size=(2, 2))
def back(g, matrix, out):
    return g @ matrix.T * (1 - out ** 2)  #! return -(g @ matrix.T * (1 - out ** 2))
for step in range(2):
    a = np.tanh(x @ W)
    h = np.tanh(a @ U)
    loss = ((h @ V - y) ** 2).sum()
    d = 2 * (h @ V - y)
    dh = back(d, V, h)
    da = back(dh, U, a)
    V, U, W = V - 0.01 * h.T @ d, U - 0.01 * a.T @ dh, W - 0.01 * x.T @ da
""",
    "a sign that is lost where inputs have the other sign": """
t = (y > 0) * 1.0
for step in range(2):
    h = 1 / (1 + np.exp(-x @ W))
    p = 1 / (1 + np.exp(-h @ V))
    d = p - t
    dh = d @ V.T * h * (1 - h)
    dW = x.T @ dh  #! dW = -x.T @ dh
    V, W = V - 0.1 * h.T @ d, W - 0.1 * dW
""",
    "another name for what is right, and a name for its sum": """
row, t = x[0], y[0]
for step in range(2):
    h = np.tanh(row @ W + b)
    loss = ((h @ V - t) ** 2).sum()
    d = 2 * (h @ V - t)
    dh = V @ d
    dz = dh * (1 - h ** 2)  #! dz = dh
    db = dz
    dW = np.outer(row, dz)
    V, W, b = V - 0.01 * np.outer(h, d), W - 0.01 * dW, b - 0.01 * db
""",
    "an optimizer that goes uphill": """
m, v = np.zeros_like(W), np.zeros_like(W)
for step in range(1, 3):
    e = np.tanh(x @ W) - y
    loss = (e ** 2).mean()
    d = 2 * e * (1 - (e + y) ** 2)  #! d = -2 * e * (1 - (e + y) ** 2)
    g = x.T @ d / e.size
    m, v = 0.9 * m + 0.1 * g, 0.99 * v + 0.01 * g ** 2
    W -= 0.1 * m / (1 - 0.9 ** step) / (np.sqrt(v / (1 - 0.99 ** step)) + 1e-8)
""",
    "a bias that is one number gets the gradients of all samples": """
w, c = x[0].copy(), 0.0
for step in range(2):
    e = x @ w + c - y[:, 0]
    loss = (e ** 2).mean()
    dw = 2 * e @ x / len(x)
    dc = 2 * e.mean()  #! dc = 2 * e
    w -= 0.1 * dw
    c -= 0.1 * dc
""",
    "a maximum whose sum is the loss": """
for step in range(2):
    z = x @ W - y
    loss = np.maximum(0, np.abs(z) - np.abs(W).sum()).sum() + np.maximum(0, z).sum()
    d = (z > 0) * 1.0 + 0  #! d = (z < 0) * 1.0 + 0
    on = np.abs(z) - np.abs(W).sum() > 0
    W -= 0.1 * (x.T @ (d + on * np.sign(z)) - on.sum() * np.sign(W))
""",
    "a difference that implies the loss has the wrong sign": """
for step in range(2):
    h = 1 / (1 + np.exp(-x @ W))
    e = y - h  #! e = h - y
    d = e * h * (1 - h)
    W += 0.1 * x.T @ d
""",
    "biases that are updated by a loop over names": """
p = {"W": W, "b": b, "V": V}
v = {name: np.zeros_like(one) for name, one in p.items()}
for step in range(2):
    h = np.tanh(x @ p["W"] + p["b"])
    loss = ((h @ p["V"] - y) ** 2).sum()
    d = 2 * (h @ p["V"] - y)
    dz = d @ p["V"].T * (1 - h ** 2)
    grads = {"W": x.T @ dz, "V": h.T @ d}
    grads["b"] = dz.sum(0)  #! grads["b"] = dz
    for name in p:
        v[name] = 0.9 * v[name] + 0.1 * grads[name] ** 2
        p[name] = p[name] - 0.01 * grads[name] / (np.sqrt(v[name]) + 1e-8)
""",
    "functions of several operations": """
k = rng.normal(size=3)
for step in range(2):
    z = np.convolve(x[:, 0], k, "valid") + np.diff(k).sum()
    loss = (np.maximum(z, 0) ** 2).sum()
    d = 2 * np.maximum(z, 0) * np.heaviside(z, 0)
    dk = np.correlate(x[::-1, 0], d[::-1], "valid")
    dk[0] -= d.sum()
    dk[2] += d.sum()  #! dk[2] -= d.sum()
    k -= 0.1 * dk
""",
}
WRONG = re.compile(r"^( *)(.*?)  #! (.*)$", re.MULTILINE)


@pytest.mark.parametrize("kind", PROGRAMS)
def test_a_program_is_judged(kind: str) -> None:
    text = HEAD + PROGRAMS[kind]
    right = Judged(WRONG.sub(r"\1\2", text), Path("program.py"), None)
    assert right.verdict.right
    assert (right.first_wrong, right.follows) == (set(), set())
    wrong = Judged(WRONG.sub(r"\1\3", text), Path("program.py"), None)
    assert not wrong.verdict.right
    assert wrong.first_wrong == {n for n, row in enumerate(text.splitlines(), 1) if "#!" in row}


def test_what_has_no_rule_is_not_called_wrong() -> None:
    text = """
for step in range(2):
    a = np.sinc(x @ W)
    loss = ((a - y) ** 2).sum()
    W -= 0.01 * x.T @ (2 * (a - y) * np.gradient(a, axis=1))
"""
    found = Judged(HEAD + text, Path("program.py"), None)
    assert not found.verdict.right
    assert list(found.verdict.unknown.values()) == ["sinc"]


def test_what_has_no_rule_behind_the_loss_is_taken_as_it_is() -> None:
    text = """
for step in range(2):
    z = x @ W
    loss = (np.maximum(z, 0) ** 2).sum()
    W -= 0.01 * x.T @ (2 * np.maximum(z, 0) * np.isin(z > 0, [True]))
"""
    found = Judged(HEAD + text, Path("program.py"), None)
    assert found.verdict.lines.truth.unknown
    assert found.verdict.right


def test_a_loss_is_the_one_whose_gradients_the_program_has_as_they_are() -> None:
    text = """
smooth = 1.0
for step in range(2):
    out = x @ W + b
    loss = 0.5 * ((out - y) ** 2).sum()
    smooth_loss = smooth * 0.999 + loss * 0.001
    d = out - y
    W -= 0.02 * x.T @ d
    b -= 0.02 * d.sum(0)
"""
    assert Judged(HEAD + text, Path("program.py"), None).verdict.lines.judged.loss.text == "loss"
    text = re.sub(".*loss.*", "", text)
    implied = Judged(HEAD + text, Path("program.py"), None).verdict.lines.judged.loss
    assert implied.text == "half squared error"
    text = text.replace("d = out", "d = 2 * (out").replace("- y\n", "- y)\n")
    implied = Judged(HEAD + text, Path("program.py"), None).verdict.lines.judged.loss
    assert implied.text == "squared error"


def test_no_loss_is_implied_by_what_a_wrong_gradient_reads() -> None:
    text = """
y, V = np.array([[1, 0, 1, 1, 0, 0]]).T, V[:, :1]
for step in range(2):
    h = np.tanh(x @ W)
    out = 1 / (1 + np.exp(-(h @ V)))
    d = 2 * (out - y) * out * (1 - out)
    dV = h.T @ d
    dW = x.T @ ((out - y) @ V.T * (1 - h ** 2))
    V = V - 0.1 * dV
    W = W - 0.1 * dW
"""
    found = Judged(HEAD + text, Path("program.py"), None)
    assert found.verdict.lines.judged.loss.text == "squared error"
    assert "dW = x.T @ (d @ V.T * (1 - h ** 2))" in found.mended()


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
    found = Judged("import numpy as np" + text.replace("b -=", "b = b -"), Path("p.py"), None)
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
    found = Judged(NUMBERS.replace(f"{right}\n", f"{wrong}\n"), Path("program.py"), None)
    assert not found.verdict.right
    assert f"        {told}\n" in found.mended()


def test_a_count_in_a_function_hides_an_array_of_its_name() -> None:
    text = (
        HEAD
        + """
def back(d, a):
    n = len(d)
    return d * (1 - a) / n
for step in range(2):
    n = x @ W
    h = np.tanh(n)
    loss = ((h - y) ** 2).mean()
    W -= 0.1 * x.T @ back(h - y, h)
"""
    )
    found = Judged(text, Path("program.py"), None)
    assert "    return d * (1 - a ** 2) / n\n" in found.mended()


def test_where_all_of_a_sample_is_zero_the_slope_of_a_maximum_is_written() -> None:
    text = """
x[0] = 0
for step in range(2):
    h = np.maximum(0, x @ W)
    loss = ((h @ V - y) ** 2).sum()
    d = 2 * (h @ V - y)
    dh = d @ V.T
    V -= 0.1 * h.T @ d
    W -= 0.1 * x.T @ dh
"""
    assert "dh = d @ V.T * (h > 0)" in Judged(HEAD + text, Path("program.py"), None).mended()


def test_one_optimizer_is_given_one_factor() -> None:
    text = """
for step in range(2):
    h = np.tanh(x @ W + b)
    loss = ((h @ V - y) ** 2).sum()
    d = 2 * (h @ V - y)
    dh = d @ V.T * (1 - h ** 2)
    grads = [x.T @ dh, dh.mean(0), h.T @ d]
    norm = np.sqrt(sum((g ** 2).sum() for g in grads))
    for p, g in zip((W, b, V), grads):
        p -= 0.1 * min(1.0, 1.0 / norm) * g
"""
    assert not Judged(HEAD + text, Path("program.py"), None).verdict.right
    text = text.replace("dh.mean(0)", "dh.sum(0)")
    assert Judged(HEAD + text, Path("program.py"), None).verdict.right
