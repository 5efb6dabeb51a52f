"""Kinds of everyday programs by what they train: parameters, updates, optimizers."""

import pytest

from tests.trace.kinds import assert_judged, program
from tests.trace.support import Judged

PROGRAMS = {
    "rows that are updated where they stand, some of them twice": """
E, U = rng.normal(size=(5, 3)), rng.normal(size=(5, 3))
for word, others in ((0, [1, 4, 4]), (2, [0, 3, 1]), (3, [2, 2, 1])):
    v, us = E[word], U[others]
    p = 1 / (1 + np.exp(-us @ v))
    e = p - np.array([1.0, 0.0, 0.0])
    dv = e @ us
    np.subtract.at(U, others, 0.1 * np.outer(e, v))  #! U[others] -= 0.1 * np.outer(e, v)
    E[word] -= 0.1 * dv
""",
    "numbers by themselves decay as arrays do": """
U = rng.normal(size=(5, 2))
B = np.zeros(5)
for step in range(3):
    i = [2, 4, 2][step]
    q = W[:2, 0]
    error = y[step, 0] - (U[i] @ q + B[i] + 0.5)
    B[i] += 0.1 * (error - 0.01 * B[i])
    u = U[i].copy()
    U[i] += 0.1 * (error * q - 0.01 * U[i])
    W[:2, 0] += 0.1 * (error * u - 0.01 * q)  #! W[:2, 0] += 0.1 * (error * u * u - 0.01 * q)
""",
    "two networks are trained in turns, each with a loss of its own": """
def real(a, c, v):
    return 1 / (1 + np.exp(-(v @ a + c)))
G, a, c = W[:, :1].copy(), V[:1, :1].copy(), np.zeros(1)
for step in range(3):
    v, fake = y[:, :1], x @ G
    pv, pf = real(a, c, v), real(a, c, fake)
    d_loss = -np.mean(np.log(pv) + np.log(1 - pf))
    dv, df = (pv - 1) / 6, pf / 6
    a -= 0.1 * (v.T @ dv + fake.T @ df)
    c -= 0.1 * (dv + df).sum(axis=0)
    pf = real(a, c, x @ G)
    g_loss = -np.mean(np.log(pf))
    df = (pf - 1) / 6  #! df = (pf - 1) * pf / 6
    dfake = df @ a.T
    G -= 0.1 * x.T @ dfake
""",
    "an array is filled anew for each sample": """
k = rng.normal(size=2)
for step in range(3):
    gk, loss = np.zeros(2), 0.0
    for s, t in zip(x, y):
        z = np.zeros(2)
        for i in range(2):
            z[i] = np.sum(s[i:i + 2] * k)
        loss += ((z - t) ** 2).sum()
        dz = 2 * (z - t)
        for i in range(2):
            gk += dz[i] * s[i:i + 2]  #! gk += -dz[i] * s[i:i + 2]
    k -= 0.1 * gk
""",
    "all updates climb along what a function returns": """
def gradients(V, W):
    h = np.tanh(x @ W)
    loss = ((h @ V - y) ** 2).mean()
    d = 2 * (h @ V - y) / y.size
    return h.T @ d, x.T @ (d @ V.T * (1 - h ** 2))
for step in range(2):
    dV, dW = gradients(V, W)
    V = V - 0.1 * dV  #! V = V + 0.1 * dV
    W = W - 0.1 * dW  #! W = W + 0.1 * dW
""",
    "an update forgets the rate": """
for step in range(2):
    h = np.tanh(x @ W)
    loss = ((h @ V - y) ** 2).mean()
    d = 2 * (h @ V - y) / y.size
    dV, dW = h.T @ d, x.T @ (d @ V.T * (1 - h ** 2))
    V -= 0.1 * dV  #! V -= dV
    W -= 0.1 * dW
""",
    "every parameter is overwritten by its momentum": """
v, u = np.zeros((2, 2)), np.zeros((3, 2))
for step in range(3):
    h = np.tanh(x @ W)
    loss = ((h @ V - y) ** 2).mean()
    d = 2 * (h @ V - y) / y.size
    v = 0.9 * v + h.T @ d
    u = 0.9 * u + x.T @ (d @ V.T * (1 - h ** 2))
    V = V - 0.1 * v  #! V = 0.1 * v
    W = W - 0.1 * u  #! W = 0.1 * u
""",
    "an optimizer overwrites what it is given": """
v = {}
for step in range(3):
    h = np.tanh(x @ W)
    loss = ((h @ V - y) ** 2).mean()
    d = 2 * (h @ V - y) / y.size
    for name, array, g in ("W", W, x.T @ (d @ V.T * (1 - h ** 2))), ("V", V, h.T @ d):
        v[name] = 0.9 * v.get(name, 0) + 0.1 * g ** 2
        array[:] -= 0.01 * g / (np.sqrt(v[name]) + 1e-8)  #! array[:] = 0.01 * g / np.sqrt(v[name])
""",
    "an optimizer climbs": """
v = {}
for step in range(3):
    h = np.tanh(x @ W)
    loss = ((h @ V - y) ** 2).mean()
    d = 2 * (h @ V - y) / y.size
    for name, array, g in ("W", W, x.T @ (d @ V.T * (1 - h ** 2))), ("V", V, h.T @ d):
        v[name] = 0.9 * v.get(name, 0) + 0.1 * g ** 2
        array -= 0.01 * g / (np.sqrt(v[name]) + 1e-8)  #! array += 0.01 * g / np.sqrt(v[name])
""",
    "half of the gradients are means under an optimizer that takes any size": """
for step in range(2):
    h = np.tanh(x @ W)
    loss = ((h @ V - y) ** 2).mean()
    d = 2 * (h @ V - y) / y.size
    dV = h.T @ d  #! dV = h.T @ d / len(x)
    dW = x.T @ (d @ V.T * (1 - h ** 2))
    V -= 0.1 * np.sign(dV)
    W -= 0.1 * np.sign(dW)
""",
    "one of several gradients is a mean, in a function of an optimizer": """
m, v = {}, {}
def adam(name, array, g):
    m[name] = 0.9 * m.get(name, 0) + 0.1 * g
    v[name] = 0.9 * v.get(name, 0) + 0.1 * g ** 2
    array -= 0.01 * m[name] / (np.sqrt(v[name]) + 1e-8)
for step in range(2):
    h = np.tanh(x @ W + b)
    loss = ((h @ V - y) ** 2).mean()
    d = 2 * (h @ V - y) / y.size
    dz = d @ V.T * (1 - h ** 2)
    db = dz.sum(axis=0)  #! db = dz.mean(axis=0)
    adam("V", V, h.T @ d)
    adam("W", W, x.T @ dz)
    adam("b", b, db)
""",
    "what a loop carries on is no parameter": """
s = np.zeros((6, 2))
for step in range(3):
    s = 0.1 * np.tanh(x @ W + s)
    loss = ((s @ V - y) ** 2).sum()
    d = 2 * (s @ V - y)
    dV = s.T @ d  #! dV = s.T @ y
    dW = x.T @ (0.1 * (d @ V.T) * (1 - (s / 0.1) ** 2))
    V -= 0.1 * dV
    W -= 0.1 * dW
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
    "arrays are joined with lists of numbers": """
for step in range(2):
    ends = np.concatenate([[-1.0], b, [0.5, 2.0]])
    d = np.tanh(ends) - 0.5
    loss = (d ** 2).sum() / 2
    db = (d * (1 - np.tanh(ends) ** 2))[1:3]  #! db = (d * (1 - np.tanh(ends) ** 2))[:2]
    b = b - 0.1 * db
""",
    "of some gradients a part is clipped": """
for step in range(2):
    h = np.tanh(x @ W)
    d = h @ V - y
    loss = (d ** 2).sum() / 2
    dV = h.T @ d
    dW = x.T @ (d @ V.T * (1 - h ** 2))  #! dW = x.T @ (d @ V.T * (1 - h))
    for p, g in ((W, dW), (V, dV)):
        p -= 0.01 * np.clip(g, -3, 3)
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
    "an old value is taken away in its update": """
for step in range(2):
    h = np.tanh(x @ W + b)
    loss = ((h @ V - y) ** 2).sum()
    d = 2 * (h @ V - y)
    dz = d @ V.T * (1 - h ** 2)
    dV, dW, db = h.T @ d, x.T @ dz, dz.sum(0)
    V = V - 0.1 * dV
    W = W - 0.1 * dW  #! W = 1 - W - 0.1 * dW
    b = b - 0.1 * db  #! b = 0.1 * db - b
""",
    "numbers of an array that are updated one by one": """
w, r, t = np.array([0.2, -0.4, 0.3]), np.array([0.7, 0.7, 0.1]), 0.5
for step in range(2):
    p = np.tanh(w[0] * r[0] + w[1] * r[1] + w[2] * r[2])
    loss = (p - t) ** 2
    d = 2 * (p - t) * (1 - p ** 2)
    g = d * r[0]
    k = d * r[1]  #! k = d / r[1]
    m = d * r[2]
    w[0] = w[0] - 0.5 * g
    w[1] = w[1] - 0.5 * k
    w[2] = w[2] - 0.5 * m
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
    "a sigmoid whose exponential overflows": """
x[:4] *= 1e4
for step in range(2):
    h = 1 / (1 + np.exp(-x @ W))
    d = (h @ V - y) / 6
    dh = d @ V.T * h * (1 - h)  #! dh = d @ V.T * h
    V -= 0.1 * h.T @ d
    W -= 0.1 * x.T @ dh
""",
    "a slope of which rounding leaves few digits": """
X = np.array([[250.0, 3.0], [1.0, 240.0], [120.0, 130.0]])
Y, rng = np.array([[1.0], [0.0], [1.0]]), np.random.default_rng(0)
W1, W2 = rng.normal(size=(2, 4)), rng.normal(size=(4, 1))
for step in range(2):
    h = 1 / (1 + np.exp(-X @ W1))
    o = 1 / (1 + np.exp(-h @ W2))
    d = (o - Y) * o * (1 - o)
    dh = d @ W2.T * h * (1 - h)  #! dh = d @ W2.T * h
    W2 -= 0.1 * h.T @ d
    W1 -= 0.1 * X.T @ dh
""",
    "Adam for a bias that has no gradient, before a batch norm": """
mW, vW, mb, vb = (np.zeros_like(p) for p in (W, W, b, b))
for t in range(1, 3):
    z = x @ W + b
    xh = (z - z.mean(0)) / z.std(0)
    loss = ((xh - y) ** 2).mean()
    dx = 2 * (xh - y) / y.size
    dz = (dx - dx.mean(0) - xh * (dx * xh).mean(0)) / z.std(0)
    dW = x.T @ dz  #! dW = x.T @ dx
    db = dz.sum(0)
    mW, vW = 0.9 * mW + 0.1 * dW, 0.999 * vW + 0.001 * dW**2
    mb, vb = 0.9 * mb + 0.1 * db, 0.999 * vb + 0.001 * db**2
    W -= 0.01 * mW / (1 - 0.9**t) / (np.sqrt(vW / (1 - 0.999**t)) + 1e-8)
    b -= 0.01 * mb / (1 - 0.9**t) / (np.sqrt(vb / (1 - 0.999**t)) + 1e-8)
""",
    "a sigmoid in two formulas, of which the other overflows": """
x[:4] *= 1e4
for step in range(2):
    z = x @ W
    h = np.where(z >= 0, 1 / (1 + np.exp(-z)), np.exp(z) / (1 + np.exp(z)))
    d = (h @ V - y) / 6
    dh = d @ V.T * h * (1 - h)  #! dh = d @ V.T * h
    V -= 0.1 * h.T @ d
    W -= 0.1 * x.T @ dh
""",
}


@pytest.mark.parametrize("kind", PROGRAMS)
def test_a_program_is_judged(kind: str) -> None:
    assert_judged(PROGRAMS[kind])


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
    assert not program(text).verdict.right
    text = text.replace("dh.mean(0)", "dh.sum(0)")
    assert program(text).verdict.right
