"""What is said of right programs that do not learn, and of such that do."""

import pytest

from tests.trace.support import Judged

NET = """\
import numpy as np

rng = np.random.default_rng(4)
X = rng.uniform(-1, 1, size=(12, 3))
y = rng.uniform(0.1, 0.9, size=(12, 2))
W1, b1 = 0.5 * rng.normal(size=(3, 5)), np.zeros(5)
W2, b2 = 0.5 * rng.normal(size=(5, 2)), np.zeros(2)
rate = 0.5


def sigmoid(z):
    return 1 / (1 + np.exp(-z))


for _ in range(3):
    a1 = np.tanh(X @ W1 + b1)
    a2 = sigmoid(a1 @ W2 + b2)
    loss = np.mean((a2 - y) ** 2)
    d2 = 2 * (a2 - y) / y.size * a2 * (1 - a2)
    d1 = d2 @ W2.T * (1 - a1 ** 2)
    gW1 = X.T @ d1
    gb1 = d1.sum(axis=0)
    gW2 = a1.T @ d2
    gb2 = d2.sum(axis=0)
    W1 -= rate * gW1
    b1 -= rate * gb1
    W2 -= rate * gW2
    b2 -= rate * gb2
"""
RELU = NET.replace("np.tanh(X @ W1 + b1)", "np.maximum(0, X @ W1 + b1)").replace(
    "(1 - a1 ** 2)", "(a1 > 0)"
)
LINEAR = NET.replace("a2 = sigmoid(a1 @ W2 + b2)", "a2 = a1 @ W2 + b2").replace(
    " * a2 * (1 - a2)", ""
)
LINE = """\
import numpy as np

rng = np.random.default_rng(3)
x = rng.uniform(500, 3000, size=40)
y = 100 * x + 5000 * rng.normal(size=40)
w, b = 0.25, 0.5
for _ in range(100):
    error = w * x + b - y
    loss = np.mean(error ** 2)
    w -= 0.01 * np.mean(2 * error * x)
    b -= 0.01 * np.mean(2 * error)
"""
STATES = """
import numpy as np
rng = np.random.default_rng(0)
xs, ys = [rng.normal(size=3) for _ in range(4)], rng.uniform(0.1, 0.9, size=(4, 5))
W, rate = 0.3 * rng.normal(size=(5, 8)), 0.1
for step in range(3):
    h, joined = [np.zeros(5)], []
    for x in xs:
        joined.append(np.hstack((x, h[-1])))
        h.append(np.tanh(W @ joined[-1]))
    loss = 0.5 * sum(((h[t + 1] - ys[t]) ** 2).sum() for t in range(4))
    gW, later, gx = np.zeros_like(W), 0, [None] * 4
    for t in reversed(range(4)):
        d = (h[t + 1] - ys[t] + later) * (1 - h[t + 1] ** 2)
        gW += np.outer(d, joined[t])
        back = W.T @ d
        gx[t] = back[:3]
        later = back[3:]
    W -= rate * gW
"""
ROWS = """
import numpy as np
rng = np.random.default_rng(0)
x, y = np.eye(3, dtype=int)[[0, 1, 2, 1]], rng.uniform(0.1, 0.9, size=(4, 2))
W, V, rate = 0.3 * rng.normal(size=(3, 3)), 0.3 * rng.normal(size=(3, 2)), 0.1
for step in range(3):
    h = np.zeros((4, 3))
    for i in range(4):
        h[i] = np.tanh(x[i] @ W)
    loss = 0.5 * ((h @ V - y) ** 2).sum()
    d = h @ V - y
    gV, dz = h.T @ d, d @ V.T * (1 - h ** 2)
    gx = np.zeros_like(x)
    gx[:] = dz @ W.T
    V -= rate * gV
    W -= rate * x.T @ dz
"""
CHANGED = """
import numpy as np
rng = np.random.default_rng(0)
X, y = rng.normal(size=(4, 6)), rng.uniform(0.1, 0.9, size=(4, 2))
for row in X:
    row[:2] += 1.0
W, V = 0.3 * rng.normal(size=(3, 3)), 0.3 * rng.normal(size=(3, 2))
for step in range(3):
    h = np.tanh(X[:, :3] @ W)
    d = h @ V - y
    gV, dz = h.T @ d, d @ V.T * (1 - h ** 2)
    gX = np.zeros_like(X)
    gX[:, :3] += dz @ W.T
    V -= 0.1 * gV
    W -= 0.1 * X[:, :3].T @ dz
"""
PADDED = """
import numpy as np
rng = np.random.default_rng(0)
X, y, K = rng.normal(size=(5, 2, 6)), rng.normal(size=(5, 6)), rng.normal(size=(2, 3))
for step in range(200):
    P = np.pad(X, ((0, 0), (0, 0), (1, 1)))
    views = np.stack([P[:, :, k:k + 6] for k in range(3)], axis=-1)
    d = (np.einsum("ncwk,ck->nw", views, K) - y) / 30
    dP = np.zeros_like(P)
    for k in range(3):
        dP[:, :, k:k + 6] += d[:, None] * K[:, k, None]
    dX = dP[:, :, 1:-1]
    K -= 0.5 * np.einsum("ncwk,nw->ck", views, d)
"""
FINE = {
    "a gradient of data that were changed in place": CHANGED,
    "a gradient of data that were padded": PADDED,
    "data that are joined with a state": STATES,
    "a gradient of data in whole numbers": ROWS,
    "tanh": NET,
    "relu": RELU,
    "linear": LINEAR,
    "targets at the ends": NET.replace(
        "y = rng.uniform(0.1, 0.9, size=(12, 2))", "y = (rng.uniform(size=(12, 2)) > 0.5) * 1.0"
    ),
    "tanh with targets of 0 and 1": NET.replace("sigmoid(a1", "np.tanh(a1").replace(
        "a2 * (1 - a2)", "(1 - a2 ** 2)"
    ),
    "output weights of 0": NET.replace("0.5 * rng.normal(size=(5, 2))", "np.zeros((5, 2))"),
    "a slow start": NET.replace("rate = 0.5", "rate = 0.02"),
    "one sample that is 0": RELU.replace("size=(12,", "size=(1,").replace(
        "a1 =", "X = 0 * X\n    a1 ="
    ),
    "one sample": NET.replace("size=(12,", "size=(1,"),
    "mini-batches": NET.replace(
        "    a1 =", "    X, y = rng.normal(size=(12, 3)), rng.uniform(size=(12, 2))\n    a1 ="
    ),
}
FAULTS = {
    "with a rate 100,000 times smaller": LINE,
    "large inputs: x": LINE,
    "equal units: the 5 that W1": (
        NET.replace("0.5 * rng.normal(size=(3, 5))", "np.full((3, 5), 0.3)").replace(
            "0.5 * rng.normal(size=(5, 2))", "np.full((5, 2), 0.3)"
        )
    ),
    "the same gradients": NET.replace("0.5 * rng.normal(size=(3, 5))", "np.zeros((3, 5))").replace(
        "0.5 * rng.normal(size=(5, 2))", "np.zeros((5, 2))"
    ),
    "gW1 is right, and W1 is never updated": NET.replace("    W1 -= rate * gW1\n", ""),
    "gb1 is right, and b1 is never updated": NET.replace("    b1 -= rate * gb1\n", ""),
    "gW2 is right, and W2 is never updated": NET.replace("    W2 -= rate * gW2\n", ""),
    "targets out of reach: y": NET.replace("uniform(0.1, 0.9", "uniform(-2, 3"),
    "a2 = tanh(...) gives -1 to 1": FINE["tanh with targets of 0 and 1"].replace(
        "uniform(0.1, 0.9", "uniform(0, 4"
    ),
    "dead units: a1": RELU.replace("np.zeros(5)", "-9 * np.ones(5)"),
    "saturated units": NET.replace("0.5 * rng.normal(size=(3, 5))", "90 * rng.normal(size=(3, 5))"),
    "large inputs: X": NET.replace("uniform(-1, 1, size=(12, 3))", "uniform(0, 255, size=(12, 3))"),
    "learning rate too large: the loss rises": LINEAR.replace("rate = 0.5", "rate = 9.0"),
    "learning rate too large: the loss goes up and down": NET.replace("rate = 0.5", "rate = 35.0"),
    "rate too large: the loss rises from": LINEAR.replace("rate = 0.5", "rate = 9.0").replace(
        "    a1 =", "    X, y = rng.normal(size=(12, 3)), rng.uniform(size=(12, 2))\n    a1 ="
    ),
    "learning rate too small: the loss falls only": LINEAR.replace("rate = 0.5", "rate = 0.00001"),
}


@pytest.mark.parametrize("said", FAULTS)
def test_what_keeps_a_program_from_learning_is_said(said: str) -> None:
    found = Judged(FAULTS[said]).remarks()
    assert any(said in remark for remark in found)


@pytest.mark.parametrize("name", FINE)
def test_nothing_is_said_where_all_is_well(name: str) -> None:
    assert Judged(FINE[name]).remarks() == []
