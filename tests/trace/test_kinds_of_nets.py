"""Programs with nets of many kinds: what is a loss, what is held, what belongs in a line."""

import pytest

from bptui.trace.mend.slips import slip
from tests.trace.kinds import assert_judged, program

KINDS = {
    "directions that a power iteration finds are held": """
u = rng.normal(size=2)
for step in range(3):
    for turn in range(3):
        v = W @ u
        v /= np.linalg.norm(v)
        u = W.T @ v
        u /= np.linalg.norm(u)
    sigma = v @ W @ u
    h = np.tanh(x @ (W / sigma))
    loss = ((h - y) ** 2).sum()
    dz = 2 * (h - y) * (1 - h ** 2)
    dn = x.T @ dz
    dW = dn / sigma - (dn * W).sum() / sigma ** 2 * np.outer(v, u)  #! dW = dn / sigma
    W = W - 0.1 * dW
""",
    "a slope of the next layer, from a list that only grows": """
def leaky(z, slope=0.1):
    return np.where(z > 0, z, slope * z)
def prime(z, slope=0.1):
    return np.where(z > 0, 1.0, slope)
Ws = [W, V, rng.normal(size=(2, 2))]
for step in range(2):
    zs, hs = [], [x]
    for w in Ws:
        zs.append(hs[-1] @ w)
        hs.append(leaky(zs[-1]))
    loss = ((zs[-1] - y) ** 2).sum()
    d, grads = 2 * (zs[-1] - y), []
    for i in reversed(range(3)):
        grads.append(hs[i].T @ d)
        if i > 0:
            d = (d @ Ws[i].T) * prime(zs[i - 1])  #! d = (d @ Ws[i].T) * prime(zs[i])
    for w, g in zip(Ws, reversed(grads)):
        w -= 0.1 * g
""",
    "a sign that is added to its gradient is no optimizer's": """
for step in range(3):
    h = np.tanh(x @ W + b)
    loss = ((h @ V - y) ** 2).sum() + 0.01 * np.abs(W).sum()
    d = 2 * (h @ V - y)
    dV = h.T @ d
    dz = d @ V.T * (1 - h ** 2)
    dW = x.T @ dz
    dW += 0.01 * np.sign(W)  #! dW += 0.01 * np.sign(dW)
    W, V, b = W - 0.1 * dW, V - 0.1 * dV, b - 0.1 * dz.sum(axis=0)
""",
    "a cross-entropy that is only kept, by any name": """
t, history = (y > 0) * 1.0, []
for step in range(3):
    p = 1 / (1 + np.exp(-(x @ W + b)))
    history.append(-np.mean(t * np.log(p) + (1 - t) * np.log(1 - p)))
    d = p - t  #! d = (p - t) * p * (1 - p)
    W, b = W - 0.1 * x.T @ d, b - 0.1 * d.sum(axis=0)
""",
    "a squared error whose outputs' entropy is looked at": """
t, seen = (y > 0) * 1.0, []
for step in range(3):
    p = 1 / (1 + np.exp(-(x @ W + b)))
    seen.append(-np.mean(p * np.log(p)))
    d = (p - t) * p * (1 - p)  #! d = (p - t) * p * (1 + p)
    W, b = W - 0.1 * x.T @ d, b - 0.1 * d.sum(axis=0)
""",
    "a function that the forward pass calls is right, a call of it may be wrong": """
turn = np.arange(6)[:, None] * 0.7
def rotated(z, sign=1):
    c, s = np.cos(turn), np.sin(turn)
    one, other = z[:, :1], z[:, 1:]
    return np.hstack([one * c - sign * other * s, sign * one * s + other * c])
Q = rng.normal(size=(3, 2))
for step in range(2):
    q, k = rotated(x @ Q), rotated(x @ W)
    s = np.tanh(q @ k.T + b[0])
    loss = (s ** 2).sum()
    ds = 2 * s * (1 - s ** 2)
    dQ = x.T @ rotated(ds @ k, -1)  #! dQ = x.T @ rotated(ds @ k)
    dW = x.T @ rotated(ds.T @ q, -1)
    Q, W, b = Q - 0.01 * dQ, W - 0.01 * dW, b - 0.01 * np.array([ds.sum(), 0])
""",
    "a simulation that makes the data is no training": """
xs = [0.1]
for k in range(12):
    xs.append(xs[k] + 0.1 * 1.7 * xs[k] * (1 - xs[k]))
rate, most = 1.0, 1.2
for step in range(2):
    zs = [0.1]
    for k in range(12):
        zs.append(zs[k] + 0.1 * rate * zs[k] * (1 - zs[k] / most))
    loss = sum((z - t) ** 2 for z, t in zip(zs, xs))
    d, d_rate, d_most = 0.0, 0.0, 0.0
    for k in range(11, -1, -1):
        d += 2 * (zs[k + 1] - xs[k + 1])
        d_rate += d * 0.1 * zs[k] * (1 - zs[k] / most)  #! d_rate += d * 0.1 * zs[k] / most
        d_most += d * 0.1 * rate * zs[k] ** 2 / most ** 2
        d *= 1 + 0.1 * rate * (1 - 2 * zs[k] / most)
    rate, most = rate - 0.5 * d_rate, most - 0.5 * d_most
""",
    "the nearest rows of a table hand their gradient on to what they are near to": """
book = rng.normal(size=(4, 2))
for step in range(2):
    e = x @ W
    near = book[((e[:, None] - book) ** 2).sum(axis=2).argmin(axis=1)]
    loss = ((near @ V - y) ** 2).sum() + 0.25 * ((e - near) ** 2).sum()
    d = 2 * (near @ V - y)
    de = d @ V.T + 0.5 * (e - near)  #! de = d @ V.T
    V, W = V - 0.01 * near.T @ d, W - 0.01 * x.T @ de
""",
    "two loops call one function": """
U = rng.normal(size=(2, 2))
def cell(A, z):
    return np.tanh(z @ A)
for step in range(2):
    hs, gs = [x[:, :2]], []
    for k in range(3):
        hs.append(cell(V, hs[-1]))
    gs.append(hs[-1])
    for k in range(3):
        gs.append(cell(U, gs[-1]))
    loss = ((gs[-1] - y) ** 2).sum()
    d, dU, dV = 2 * (gs[-1] - y), 0, 0
    for k in (2, 1, 0):
        da = d * (1 - gs[k + 1] ** 2)
        dU = dU + gs[k].T @ da
        d = da @ U.T
    for k in (2, 1, 0):
        da = d * (1 - hs[k + 1] ** 2)
        dV = dV + hs[k].T @ da
        d = da @ V.T  #! d = da @ U.T
    U, V = U - 0.01 * dU, V - 0.01 * dV
""",
    "one of two terms of a sum of numbers has the wrong sign": """
import math
names = ["a", "b", "c", "d"]
worth = dict(zip(names, (0.1, 0.3, -0.2, 0.2)))
for step in range(2):
    loss, grad = 0.0, {name: 0.0 for name in names}
    for one, other in ("ab", "bc", "ca", "ad", "db", "cd"):
        p = 1 / (1 + math.exp(worth[other] - worth[one]))
        loss -= math.log(p)
        grad[one] -= 1 - p
        grad[other] += 1 - p  #! grad[other] -= 1 - p
    for name in names:
        worth[name] -= 0.05 * grad[name]
""",
    "a gradient of a square matrix is turned": """
A = rng.normal(size=(3, 3))
for step in range(2):
    h = np.tanh(x @ A.T)
    loss = ((h - x) ** 2).sum()
    d = 2 * (h - x) * (1 - h ** 2)
    dA = d.T @ x  #! dA = x.T @ d
    A = A - 0.01 * dA
""",
    "a slope that an object tells of itself": """
class Layer:
    def __init__(self, W):
        self.W = W
    @property
    def slope(self):
        return self.out * (1 - self.out)  #! return self.net * (1 - self.net)
    def forward(self, x):
        self.x, self.net = x, x @ self.W
        self.out = 1 / (1 + np.exp(-self.net))
        return self.out
    def backward(self, d):
        d = d * self.slope
        back = d @ self.W.T
        self.W = self.W - 0.1 * self.x.T @ d
        return back
one, two = Layer(W), Layer(V)
for step in range(2):
    out = two.forward(one.forward(x))
    loss = ((out - y) ** 2).sum()
    one.backward(two.backward(2 * (out - y)))
""",
    "a deviance is a loss": """
t = np.abs(y[:, 0]) + 0.5
v = np.array([0.3, -0.4])
for step in range(2):
    h = np.tanh(x @ W)
    mean = np.exp(h @ v)
    deviance = np.mean(h @ v + t / mean)
    d = (1 - t / mean) / 6  #! d = (1 - t) / 6
    W, v = W - 0.1 * x.T @ (np.outer(d, v) * (1 - h ** 2)), v - 0.1 * h.T @ d
""",
}
MENDED = {
    "a mask of the other side": """
a = np.full(2, 0.25)
for step in range(3):
    z = x @ W
    h = np.where(z >= 0, z, a * z)
    loss = ((h @ V - y) ** 2).sum()
    d = 2 * (h @ V - y)
    dh = d @ V.T
    da = (np.where(z < 0, z, 0) * dh).sum(axis=0)  #! da = (np.where(z >= 0, z, 0) * dh).sum(axis=0)
    dz = np.where(z >= 0, 1, a) * dh
    V, W, a = V - 0.1 * h.T @ d, W - 0.1 * x.T @ dz, a - 0.1 * da
""",
    "a scale that stands elsewhere": """
Q, wide, target = rng.normal(size=(3, 2)), 7, rng.normal(size=(6, 6))
for step in range(2):
    q, k = x @ Q, x @ W
    s = q @ k.T / np.sqrt(wide) + b[:1]
    loss = ((s - target) ** 2).sum()
    ds = 2 * (s - target)
    dq = ds @ k / np.sqrt(wide)
    dk = ds.T @ q / np.sqrt(wide)  #! dk = ds.T @ q
    Q, W, b[:1] = Q - 0.01 * x.T @ dq, W - 0.01 * x.T @ dk, b[:1] - 0.01 * ds.sum()
""",
    "an index that is computed": """
t, rows = np.array([0, 1, 1, 0, 1, 0]), np.arange(6)
for step in range(3):
    s = x @ W + b
    p = np.exp(s) / np.exp(s).sum(axis=1, keepdims=True)
    loss = -np.log(p[rows, t]).sum()
    d = p.copy()
    d[rows, t] -= 1  #! d[rows, s.argmax(axis=1)] -= 1
    W, b = W - 0.1 * x.T @ d, b - 0.1 * d.sum(axis=0)
""",
    "an item of another list": """
ws = [rng.normal(size=3) * 0.3 for _ in range(3)]
for step in range(2):
    xs = [x]
    for i in range(3):
        xs.append(x * (xs[i] @ ws[i])[:, None] + xs[i])
    loss = ((xs[-1] @ W - y) ** 2).sum()
    d = 2 * (xs[-1] @ W - y)
    dW, dx, dws = xs[-1].T @ d, d @ W.T, [0, 0, 0]
    for i in (2, 1, 0):
        dot = (dx * x).sum(axis=1)
        dws[i] = xs[i].T @ dot
        dx = dx + dot[:, None] * ws[i]  #! dx = dx + dot[:, None]
    W = W - 0.01 * dW
    for i in range(3):
        ws[i] = ws[i] - 0.01 * dws[i]
""",
    "a mean over the last of three axes": """
z = x.reshape(3, 2, 3) + 0.0
A = rng.normal(size=(3, 4))
target = rng.normal(size=(3, 2, 4))
for step in range(2):
    u = z @ A
    m = u - u.mean(axis=2, keepdims=True)
    loss = ((np.tanh(m) - target) ** 2).sum()
    dm = 2 * (np.tanh(m) - target) * (1 - np.tanh(m) ** 2)
    du = dm - np.mean(dm, axis=2, keepdims=True)  #! du = dm
    A = A - 0.01 * np.einsum("abc,abd->cd", z, du)
""",
    "a sum too many": """
for step in range(2):
    h = np.tanh(x @ W + b)
    loss = ((h @ V - y) ** 2).sum()
    d = 2 * (h @ V - y)
    dz = d @ V.T * (1 - h ** 2)
    db = dz.sum(axis=0)  #! db = dz.sum(axis=0).sum()
    V, W, b = V - 0.01 * h.T @ d, W - 0.01 * x.T @ dz, b - 0.01 * db
""",
    "a column of what has a row": """
q = rng.normal(size=3)
for step in range(2):
    w = np.exp(-((x + W.T[:1]) ** 2))
    out = (w * q).sum(axis=1) / w.sum(axis=1)
    loss = ((out - y[:, 0]) ** 2).sum()
    d = 2 * (out - y[:, 0]) / w.sum(axis=1)
    dw = d[:, None] * (q - out[:, None])  #! dw = d[:, None] * q
    dq = (d[:, None] * w).sum(axis=0)
    dW = np.zeros_like(W)
    dW[:, 0] = (dw * w * -2 * (x + W.T[:1])).sum(axis=0)
    W, q = W - 0.01 * dW, q - 0.01 * dq
""",
    "what comes from later steps is there, and left out": """
class Net:
    def __init__(self):
        self.U, self.R, self.O = W, V, V * 2
    def grads(self, xs, y):
        hs = [np.zeros(2)]
        for one in xs:
            hs.append(np.tanh(one @ self.U + hs[-1] @ self.R))
        loss = sum(((h @ self.O - t) ** 2).sum() for h, t in zip(hs[1:], y))
        dU, dR, dO = np.zeros_like(self.U), np.zeros_like(self.R), np.zeros_like(self.O)
        later = np.zeros(2)
        for t in reversed(range(len(xs))):
            d = 2 * (hs[t + 1] @ self.O - y[t])
            dO += np.outer(hs[t + 1], d)
            dh = self.O @ d + later  #! dh = self.O @ d
            da = dh * (1 - hs[t + 1] ** 2)
            dU += np.outer(xs[t], da)
            dR += np.outer(hs[t], da)
            later = self.R @ da
        return loss, dU, dR, dO
net = Net()
for step in range(2):
    loss, dU, dR, dO = net.grads(x[:4], y[:4])
    net.U, net.R, net.O = net.U - 0.01 * dU, net.R - 0.01 * dR, net.O - 0.01 * dO
""",
    "another list of as many numbers": """
import math
def both(A, B, f):
    return [[f(a, b) for a, b in zip(one, two)] for one, two in zip(A, B)]
def times(A, B):
    return [[sum(a * b for a, b in zip(row, col)) for col in zip(*B)] for row in A]
X, T, U = x[:3].tolist(), y[:3].tolist(), W.tolist()
for step in range(2):
    Z = times(X, U)
    H = [[math.tanh(z) for z in row] for row in Z]
    E = both(H, T, lambda h, t: h - t)
    loss = sum(e ** 2 for row in E for e in row)
    D = both(E, H, lambda e, h: e * (1 - h * h))  #! D = both(E, Z, lambda e, h: e * (1 - h * h))
    G = times([list(col) for col in zip(*X)], D)
    U = both(U, G, lambda u, g: u - 0.1 * g)
""",
}


@pytest.mark.parametrize("kind", KINDS)
def test_a_kind_is_judged(kind: str) -> None:
    assert_judged(KINDS[kind])


@pytest.mark.parametrize("kind", MENDED)
def test_a_kind_is_mended(kind: str) -> None:
    assert_judged(MENDED[kind])
    (row,) = (row for row in MENDED[kind].splitlines() if "#!" in row)
    right, _, wrong = row.partition("  #! ")
    before = right[: len(right) - len(right.lstrip())]
    text = MENDED[kind].replace(row, before + wrong)
    assert f"{right}\n" in program(text).mended()


def test_a_factor_of_what_is_no_gradient_has_no_name() -> None:
    found = program("""
a = 0.3
for step in range(2):
    h = np.tanh(a * x)
    loss = ((h @ W - y) ** 2).sum()
    d = 2 * (h @ W - y)
    dh = d @ W.T * (1 - h * (h / 2))
    W, a = W - 0.1 * h.T @ d, a - 0.1 * (dh * x).sum()
""")
    (repair,) = found.verdict.lines.repairs
    view = found.view(repair)
    assert view is not None
    assert slip(view, repair, "dh = d @ W.T * (1 - h * h)") is None


def test_a_factor_of_one_is_no_slip() -> None:
    kind = MENDED["what comes from later steps is there, and left out"]
    text = kind.replace(" + later  #! dh = self.O @ d", "")
    found = program(text)
    (repair,) = found.verdict.lines.repairs
    view = found.view(repair)
    assert view is not None
    assert slip(view, repair, view.should_be(repair)) is None


@pytest.mark.parametrize("weight", ["", "    d *= y[:, :1]\n"])
def test_a_policy_climbs_by_what_is_taken_from_its_actions(weight: str) -> None:
    assert_judged(f"""
a = [0, 1, 1, 0, 1, 0]
for step in range(2):
    s = np.exp(x @ W + b)
    p = s / s.sum(axis=1, keepdims=True)
    d = -p
    d[np.arange(6), a] += 1
{weight}    b += 0.1 * d.sum(axis=0)
    W += 0.1 * x.T @ d  #! W += 0.1 * x.T @ np.abs(d)
""")
