"""How lines in loops are mended: in all their turns, with lists as they were."""

import pytest

from tests.trace.kinds import HEAD, program

LISTS = """
theta, rows = [0.1, -0.2, 0.3], x.tolist()
for step in range(3):
    outs = [sum(c * v for c, v in zip(theta, row)) for row in rows]
    loss = sum((o - t) ** 2 for o, t in zip(outs, [1.0, 0.5, 2.0, -1.0, 0.3, 0.7])) / 6
    grad = [0.0] * 3
    for o, row, t in zip(outs, rows, [1.0, 0.5, 2.0, -1.0, 0.3, 0.7]):
        e = 2 * (o - t) / len(rows)
        grad[0] += e * row[0]
        grad[1] += e * row[1]
        grad[2] += e * row[2]
    theta = [c - 0.1 * g for c, g in zip(theta, grad)]
"""
RECURRENT = """
import math
M, c = [[0.3, -0.2], [0.1, 0.4]], [0.5, -0.6]
for step in range(2):
    hs = [[0.0, 0.0]]
    for v in (0.4, -0.3, 0.7):
        z = [c[i] * v + sum(M[i][j] * hs[-1][j] for j in range(2)) for i in range(2)]
        hs.append([math.tanh(z[i]) for i in range(2)])
    loss = sum(h[0] ** 2 + h[1] for h in hs[1:])
    dM, back = [[0.0] * 2 for _ in range(2)], [0.0, 0.0]
    for t in range(3, 0, -1):
        d = [(back[0] + 2 * hs[t][0]) * (1 - hs[t][0] ** 2), (back[1] + 1) * (1 - hs[t][1] ** 2)]
        for i in range(2):
            for j in range(2):
                dM[i][j] += d[i] * hs[t - 1][j]
        back = [sum(M[j][i] * d[j] for j in range(2)) for i in range(2)]
    for i in range(2):
        for j in range(2):
            M[i][j] -= 0.1 * dM[i][j]
"""
CELLS = """
A, B = rng.normal(size=(3, 2)), rng.normal(size=(3, 2))
for step in range(2):
    s, kept = np.zeros((6, 2)), []
    for t in range(3):
        p = np.hstack((1 / (1 + np.exp(-x @ A * (t + 1))), np.tanh(x @ B)))
        s = p[:, :2] * s + p[:, 2:4]
        kept.append((p, s))
    loss = sum((one[1] ** 2).sum() for one in kept) / 2
    dA, dB, back = np.zeros_like(A), np.zeros_like(B), np.zeros((6, 2))
    for t in (2, 1, 0):
        p, s = kept[t]
        before = kept[t - 1][1] if t else np.zeros((6, 2))
        gate, ds = p[:, :2], s + back
        dA += x.T @ (ds * before * gate * (1 - gate)) * (t + 1)
        dB += x.T @ (ds * (1 - p[:, 2:4] ** 2))
        back = ds * gate
    A -= 0.1 * dA
    B -= 0.1 * dB
"""
STACKS = """
q, k, v = (rng.normal(size=(2, 3, 4)) for _ in "qkv")
M, N = rng.normal(size=(4, 4)), rng.normal(size=(4, 4))
for step in range(2):
    a, b = q @ M, k @ N
    s = a @ b.transpose(0, 2, 1)
    loss = ((s @ v) ** 2).sum() / 2
    ds = (s @ v) @ v.transpose(0, 2, 1)
    da = ds @ b
    db = ds.transpose(0, 2, 1) @ a
    grads = [q.reshape(-1, 4).T @ da.reshape(-1, 4), k.reshape(-1, 4).T @ db.reshape(-1, 4)]
    M -= 0.01 * grads[0]
    N -= 0.01 * grads[1]
"""
MARGINS = """
k = np.arange(6) % 2
for step in range(2):
    o = x @ W
    m = np.maximum(0, o - o[np.arange(6), k][:, None] + 1)
    m[np.arange(6), k] = 0
    loss = m.sum() / 6
    on = (m > 0) * 1.0
    on[np.arange(6), k] = -on.sum(axis=1)
    W -= 0.1 * (x.T @ on / 6)
"""
PATHS = """
class Node:
    def __init__(self, data, parents=(), slopes=()):
        self.data, self.parents, self.slopes, self.grad = data, parents, slopes, None
    def back(self, grad):
        self.grad = grad if self.grad is None else self.grad + grad
        if self.slopes == "tanh":
            self.parents[0].back(grad * (1 - self.data ** 2))
        elif self.slopes == "mm":
            self.parents[1].back(self.parents[0].data.T @ grad)
        elif self.slopes == "mul":
            self.parents[0].back(grad * self.parents[1].data)
            self.parents[1].back(grad * self.parents[0].data)
w = Node(W)
for step in range(2):
    z = Node(x @ w.data, (Node(x), w), "mm")
    h = Node(np.tanh(z.data), (z,), "tanh")
    o = Node(h.data * h.data, (h, h), "mul")
    loss = o.data.sum()
    w.grad = None
    o.back(np.ones((6, 2)))
    w.data = w.data - 0.1 * w.grad
"""
CRITIC = """
c = rng.normal(size=2)
def scored(h):
    return 1 / (1 + np.exp(-(h @ W + c)))
def back(ds, h):
    return ds @ W.T * (1 - h ** 2)
A, a = rng.normal(size=(3, 3)), np.zeros(3)
for step in range(3):
    h = np.tanh(x @ A + a)
    p = scored(h)
    loss = -np.mean(np.log(p))
    d = back((p - 1) / p.size, h)
    A -= 0.1 * x.T @ d
    a -= 0.1 * d.sum(axis=0)
"""
FACTORS = """
P, Q = rng.normal(size=(3, 2)), rng.normal(size=(3, 2))
for row in range(3):
    for column in range(3):
        e = x[row, column] - P[row] @ Q[column]
        own = P[row].copy()
        P[row] += 0.1 * (e * Q[column] - 0.02 * P[row])
        Q[column] += 0.1 * (e * own - 0.02 * Q[column])
"""
ZEROS = """
w, c = 0, 0
rows = [[0.1, 1.2], [0.5, 1.9], [0.9, 3.1], [1.3, 3.8]]
for epoch in range(4):
    dw = dc = 0
    for p, q in rows:
        e = w * p + c - q
        dw += 2 * e * p
        dc += 2 * e
    w -= 0.05 * dw / 4
    c -= 0.05 * dc / 4
"""
STATES = """
u = np.array([0.9, 0.7])
for step in range(2):
    s = np.zeros((6, 4))
    for k in range(3):
        s[:, k + 1] = x[:, k] * u[0] + s[:, k] * u[1]
    loss = ((s[:, -1] - y[:, 0]) ** 2).mean()
    g = np.zeros((6, 4))
    g[:, -1] = 2 * (s[:, -1] - y[:, 0])
    du = np.zeros(2)
    for k in range(3, 0, -1):
        du[0] += (g[:, k] * x[:, k - 1]).mean()
        du[1] += (g[:, k] * s[:, k - 1]).mean()
        g[:, k - 1] = g[:, k] * u[1]
    u = u - 0.1 * du
"""
INLINE = """
V = V[:, :1].copy()
for step in range(3):
    h = 1 / (1 + np.exp(-x @ W))
    o = 1 / (1 + np.exp(-h @ V))
    e = y[:, :1] - o
    W += x.T.dot((e * (o * (1 - o))).dot(V.T) * h * (1 - h)) * 0.1
    V += h.T.dot(e * (o * (1 - o))) * 0.1
"""
HOLDING = """
class Net:
    def __init__(self):
        self.w = [W[:2], V, rng.normal(size=(2, 2))]
    def forward(self, x):
        self.a = [x]
        for m in self.w:
            self.a.append(np.tanh(self.a[-1] @ m))
        return self.a[-1]
    def backward(self, y):
        d = (self.a[-1] - y) * (1 - self.a[-1] ** 2)
        for i in (2, 1, 0):
            g = self.a[i].T @ d
            d = (d @ self.w[i].T) * (1 - self.a[i] ** 2)
            self.w[i] = self.w[i] - 0.1 * g
net = Net()
for step in range(2):
    loss = ((net.forward(x[:, :2]) - y) ** 2).sum() / 2
    net.backward(y)
"""
BITS = """
t = (y > 0) * 1.0
for step in range(3):
    o = 1 / (1 + np.exp(-x @ W))
    e = o - t
    W -= 0.1 * x.T @ (e * o * (1 - o))
"""
NOTHING = """
import math
w, v, t = 0.3, -0.8, 0
for k in (1, 2, 3):
    h = 1 / (1 + math.exp(-k * w))
    o = 1 / (1 + math.exp(-h * v))
    e = o - t
    loss = e * e
    dh = 2 * e * o * (1 - o) * v
    v -= 0.1 * 2 * e * o * (1 - o) * h
    w -= 0.1 * dh * h * (1 - h) * k
"""

MATRICES = """
X, M, N = np.asmatrix(x), np.asmatrix(W), np.asmatrix(V)
for step in range(2):
    H = np.tanh(X * M)
    D = (H * N - y) / 6
    loss = 3 * np.sum(np.square(D))
    B = np.multiply(D * N.T, 1 - np.square(H))
    M = M - 0.1 * (X.T * B)
    N = N - 0.1 * (H.T * D)
"""
HELD_BY_ITEMS = """
from types import SimpleNamespace as Layer
net = [Layer(w=W), Layer(w=V)]
for step in range(2):
    h = np.tanh(x @ net[0].w)
    g = h @ net[1].w
    o = np.tanh(g)
    loss = ((o - y) ** 2).sum()
    d = 2 * (o - y) * (1 - o ** 2)
    dh = d @ net[1].w.T * (1 - h ** 2)
    net[1].w -= 0.01 * h.T @ d
    net[0].w -= 0.01 * x.T @ dh
"""
PICKED = """
w, cuts = W[:, 0].copy(), np.array([-0.5, 0.5])
for step in range(2):
    loss, gw, gc = 0.0, np.zeros(3), np.zeros(2)
    for row, k in zip(x, np.array([0, 1, 2, 1, 0, 2])):
        up = 1 / (1 + np.exp(row @ w - cuts[k])) if k < 2 else 1.0
        low = 1 / (1 + np.exp(row @ w - cuts[k - 1])) if k > 0 else 0.0
        share = up - low
        loss -= np.log(share)
        gw += (up * (1 - up) - low * (1 - low)) / share * row
        if k < 2:
            gc[k] -= up * (1 - up) / share
        if k > 0:
            gc[k - 1] += low * (1 - low) / share
    w -= 0.01 * gw
    cuts -= 0.01 * gc
"""
NORMED = """
U = rng.normal(size=(3, 3))
for step in range(3):
    c = x @ U - (x @ U).mean(axis=1, keepdims=True)
    s = 1 / np.sqrt((c ** 2).mean(axis=1, keepdims=True) + 1e-5)
    n = c * s
    loss = ((n @ W - y) ** 2).mean()
    d = 2 * (n @ W - y) / y.size
    dn = d @ W.T
    m = dn.mean(axis=1, keepdims=True)
    k = (dn * n).mean(axis=1, keepdims=True)
    dz = s * (dn - m - n * k)
    U -= 0.1 * x.T @ dz
    W -= 0.1 * n.T @ d
"""


@pytest.mark.parametrize(
    ("text", "right", "wrong"),
    [
        (HELD_BY_ITEMS, "* (1 - h ** 2)", "* (1 - o ** 2)"),
        (MATRICES, "D * N.T", "D * N"),
        (PICKED, "gc[k - 1] += low", "gc[k - 1] -= low"),
        (NORMED, "(dn * n).mean(axis=1,", "(dn * n).mean(axis=0,"),
        (CRITIC, "back((p - 1) / p.size, h)", "back(p / p.size, h)"),
        (HOLDING, "(1 - self.a[i] ** 2)", "(1 - self.a[i - 1] ** 2)"),
        (HOLDING, "g = self.a[i].T @ d", "g = self.a[i + 1].T @ d"),
        (STATES, "= g[:, k] * u[1]", "= g[:, k - 1] * u[1]"),
        (ZEROS, "dw += 2 * e * p", "dw += 2 * e * q"),
        (FACTORS, "(e * own -", "(e * P[row] -"),
        (LISTS, "grad[2] += e * row[2]", "grad[2] += e * row[1]"),
        (LISTS, "(o - t) / len(rows)", "(o - t) / len(row)"),
        (RECURRENT, "sum(M[j][i] * d[j]", "sum(M[i][j] * d[j]"),
        (CELLS, "ds * (1 - p[:, 2:4] ** 2)", "ds * (1 - p[:, :2] ** 2)"),
        (STACKS, "db = ds.transpose(0, 2, 1) @ a", "db = ds @ a"),
        (STACKS, "[q.reshape(-1, 4).T @ da", "[-q.reshape(-1, 4).T @ da"),
        (MARGINS, "= -on.sum(axis=1)", "= -1"),
        (PATHS, "back(grad * (1 - self.data ** 2))", "back(grad * (1 - self.data))"),
    ],
)
def test_what_a_line_makes_of_items_and_in_turns_is_mended(
    text: str, right: str, wrong: str
) -> None:
    assert program(text).verdict.right
    assert program(program(text.replace(right, wrong)).mended().removeprefix(HEAD)).verdict.right


def test_elements_of_one_line_are_mended_together() -> None:
    judged = program("""
r, c = np.zeros(6), np.zeros(6)
for step in range(2):
    d = r[:, None] + c - x @ x.T - np.outer(x[:, 0], y[:, 1])
    loss = (d ** 2).sum() / 2
    parts = [d.sum(axis=0), d.sum(axis=1)]
    r -= 0.1 * parts[0]
    c -= 0.1 * parts[1]
""")
    first, second = judged.verdict.lines.repairs
    view = judged.view(first)
    assert view is not None
    assert view.all_mended([first, second]) == "parts = [d.sum(axis=1), d.sum(axis=0)]"


@pytest.mark.parametrize(
    ("text", "right", "wrong"),
    [
        (BITS, "e = o - t", "e = (o - t) ** 2"),
        (NOTHING, "dh = 2 * e * o * (1 - o) * v", "dh = 2 * e * v"),
    ],
)
def test_no_edit_is_right_for_numbers_that_are_0_or_1_alone(
    text: str, right: str, wrong: str
) -> None:
    made = program(text.replace(right, wrong)).mended()
    assert "t ** 2" not in made
    assert "e * (1 - e)" not in made
    assert program(made.removeprefix(HEAD)).verdict.right


def test_a_slope_that_is_left_out_belongs_to_a_gradient() -> None:
    right = "W += x.T.dot((e * (o * (1 - o))).dot(V.T) * h * (1 - h)) * 0.1"
    assert program(INLINE).verdict.right
    made = program(INLINE.replace("(e * (o * (1 - o))).dot(V.T)", "e.dot(V.T)")).mended()
    assert right in made.splitlines()[-2]


def test_a_key_is_made_of_the_number_of_a_layer() -> None:
    text = """
P = {"W1": W, "W2": V}
for step in range(2):
    c = {"A0": x}
    for k in (1, 2):
        c[f"Z{k}"] = c[f"A{k-1}"] @ P[f"W{k}"]
        c[f"A{k}"] = np.tanh(c[f"Z{k}"]) if k < 2 else c[f"Z{k}"]
    loss = ((c["A2"] - y) ** 2).mean()
    dz, G = 2 * (c["A2"] - y) / y.size, {}
    for k in (2, 1):
        G[f"W{k}"] = c[f"A{k-1}"].T @ dz
        if k > 1:
            dz = dz @ P[f"W{k}"].T * (1 - c[f"Z{k-1}"] ** 2)
    for k in P:
        P[k] -= 0.1 * G[k]
"""
    assert "(1 - c[f'A{k - 1}'] ** 2)\n" in program(text).mended()
    square = text.replace('"W1": W', '"W1": V + 1').replace('{"A0": x}', '{"A0": x[:, :2]}')
    square = square.replace('(1 - c[f"Z', '(1 - c[f"A').replace('dz @ P[f"W{k}', 'dz @ P[f"W{k-1}')
    assert "dz = dz @ P[f'W{k}'].T" in program(square).mended()
