"""Slips in programs as people write them: where to look is told by what else a program has."""

import pytest

from tests.trace.kinds import assert_judged, program

KINDS = {
    "channels that are not moved before a reshape": """
z, target = x.reshape(3, 2, 3), rng.normal(size=(3, 2, 2))
for step in range(2):
    out = (z.reshape(6, 3) @ W + b).reshape(3, 2, 2).transpose(0, 2, 1)
    loss = ((np.tanh(out) - target) ** 2).mean()
    dout = (np.tanh(out) - target) * (1 - np.tanh(out) ** 2) / 6
    d = dout.transpose(0, 2, 1).reshape(-1, 2)  #! d = dout.reshape(-1, 2)
    W -= 0.1 * z.reshape(6, 3).T @ d
    b -= 0.1 * d.sum(axis=0)
""",
    "a slope at another value, with a name of its own": """
def tanh(z):
    return np.tanh(z)
def prime(z):
    return 1 - tanh(z) ** 2
for step in range(3):
    z = x @ W + b
    h = tanh(z)
    s = h @ V
    out = tanh(s)
    d = (out - y) / 6 * prime(s)
    slope = prime(z)  #! slope = prime(h)
    delta = d @ V.T * slope
    W, V, b = W - 0.1 * x.T @ delta, V - 0.1 * h.T @ d, b - 0.1 * delta.sum(axis=0)
""",
    "one function makes the updates of two wrong numbers, and of right ones": """
import math
def moved(w, dw):
    return w - 0.5 * dw
u = np.array([0.9, 0.3, 0.1, 0.5])
v = np.array([0.8, 0.7])
for p, q, t in ((1, 1, 0), (1, 0, 1), (0.5, 2, 1)):
    g = 1 / (1 + np.exp(-(u[0] * p + u[1] * q)))
    h = 1 / (1 + np.exp(-(u[2] * p + u[3] * q)))
    o = 1 / (1 + np.exp(-(v[0] * g + v[1] * h)))
    e = -(t - o)
    du = [e * o * (1 - o) * v[0] * g * (1 - g) * p, e * o * (1 - o) * v[0] * g * (1 - g) * q]
    du += [e * o * (1 - o) * v[1] * h * (1 - h) * p, e * o * (1 - o) * v[1] * h * (1 - h) * q]
    dg = e * o * (1 - o) * g  #! dg = e * g
    dh = e * o * (1 - o) * h  #! dh = e * h
    for k in range(4):
        u[k] = moved(u[k], du[k])
    v[0] = moved(v[0], dg)
    v[1] = moved(v[1], dh)
""",
    "biases begin as a plain 0, beside weights": """
import math
def slope(a):
    return a * (1 - a)
w, v, c, k = 0.4, -0.7, 0, 0
for p, t in ((1, 0), (2, 1), (3, 0), (4, 1)):
    h = 1 / (1 + math.exp(-p * w - c))
    o = 1 / (1 + math.exp(-h * v - k))
    e = 2 * (o - t)
    dv = e * slope(o) * h  #! dv = e * slope(o) * v
    dw = e * slope(o) * v * slope(h) * p  #! dw = e * slope(o) * v * slope(h) * w
    dk = e * slope(o)
    dc = e * slope(o) * v * slope(h)
    w -= 0.1 * dw
    v -= 0.1 * dv
    c -= 0.1 * dc
    k -= 0.1 * dk
""",
    "targets that are 0 have no cross-entropy": """
def sigmoid(z):
    return 1 / (1 + np.exp(-z))
row, t = np.ones((2, 1)), np.array([0])
V, c, k = V[:1], np.zeros((2, 1)), np.zeros((1, 1))
for step in range(2):
    h = sigmoid(W[:2] @ row + c)
    o = sigmoid(V @ h + k)
    error = t - o
    d = -2 * o * (1 - o) * error  #! d = -2 * sigmoid(o) * (1 - sigmoid(o)) * error
    dh = V.T * d * h * (1 - h)  #! dh = V.T * d * sigmoid(h) * (1 - sigmoid(h))
    V = V - 0.05 * d * h.T
    k = k - 0.05 * d
    W = W - 0.05 * np.vstack((dh @ row.T, np.zeros(2)))
    c = c - 0.05 * dh
""",
    "a softmax adds up over the samples": """
t = np.eye(2)[[0, 1, 1, 0, 1, 0]]
for step in range(3):
    z = x @ W + b
    p = np.exp(z) / np.sum(np.exp(z), axis=1, keepdims=True)  #! p = np.exp(z) / sum(np.exp(z))
    loss = -np.sum(t * np.log(p)) / 6
    d = p - t
    W = W - 0.1 * x.T @ d / 6
    b = b - 0.1 * d.mean(axis=0)
""",
    "a gradient that is taken for another one of another size": """
a = V[:, :1].copy()
for step in range(3):
    h = np.tanh(x @ W)
    out = h @ a
    loss = np.mean((out - y[:, :1]) ** 2)
    d = 2 * (out - y[:, :1]) / 6
    dh = d @ a.T  #! dh = d
    dW = x.T @ (dh * (1 - np.tanh(x @ W) ** 2))
    a, W = a - 0.1 * h.T @ d, W - 0.1 * dW
""",
    "a sum over samples that is left out": """
for step in range(3):
    z = x @ W
    mu = z.mean(axis=0)
    h = np.tanh(z - mu)
    loss = np.mean((h - y) ** 2)
    d = (h - y) / 6 * (1 - h ** 2)
    dmu = -d.sum(axis=0)  #! dmu = -d
    W -= 0.1 * x.T @ (d + dmu / 6)
""",
    "the root of a sum of gradients": """
memory = [np.zeros_like(p) for p in (W, V)]
for step in range(3):
    h = np.tanh(x @ W)
    loss = ((h @ V - y) ** 2).mean()
    d = 2 * (h @ V - y) / y.size
    dW = x.T @ (d @ V.T * (1 - h ** 2))
    dV = h.T @ d
    for p, dp, m in zip((W, V), (dW, dV), memory):
        m += dp * dp  #! m += dp
        p += -0.1 * dp / np.sqrt(m + 1e-8)
""",
    "an error with a minus before it": """
w, c = 0.3, 0.0
for step in range(3):
    error = w * x[:, 0] + c - y[:, 0]  #! error = -(w * x[:, 0] + c - y[:, 0])
    loss = np.mean(error ** 2)
    dw = 2 * np.mean(error * x[:, 0])
    dc = 2 * np.mean(error)
    w -= 0.1 * dw
    c -= 0.1 * dc
""",
    "the new value with the other sign": """
for step in range(3):
    error = x @ W - y
    loss = (error ** 2).sum() / 12
    grad = x.T @ error
    W = W - 0.1 / len(x) * grad  #! W = -(W - 0.1 / len(x) * grad)
""",
    "a sum of what adds up to nothing": """
t = np.eye(2)[[0, 1, 1, 0, 1, 0]]
for step in range(3):
    scores = x @ W + b
    p = np.exp(scores) / np.exp(scores).sum(axis=1, keepdims=True)
    loss = -np.sum(t * np.log(p)) / 6
    d = (p - t) / 6
    db = d.sum(axis=0)  #! db = d.sum()
    W -= 0.5 * x.T @ d
    b -= 0.5 * db
""",
    "a function that does one thing is given a wrong product": """
def times(a, b):
    return a @ b
def each(a, b):
    return a * b
def minus(a, b):
    return a - b
for step in range(2):
    h = np.tanh(times(x, W))
    e = minus(times(h, V), y)
    loss = (e ** 2).sum() / 2
    d = each(times(e, V.T), 1 - h ** 2)  #! d = each(times(e, V), 1 - h ** 2)
    dV = each(0.01, times(h.T, e))
    W, V = minus(W, each(0.01, times(x.T, d))), minus(V, dV)
""",
    "rows and columns that are learned number by number, with a decay": """
P = [[0.3, -0.2], [0.1, 0.4], [-0.3, 0.2]]
Q = [[0.5, 0.1], [-0.4, 0.2]]
for u, f in [(0, 0), (1, 1), (2, 0), (0, 1)] * 3:
    e = float(y[u, f]) - (P[u][0] * Q[f][0] + P[u][1] * Q[f][1])
    error = e * e
    for k in range(2):
        old = P[u][k]
        P[u][k] += 0.05 * (e * Q[f][k] - 0.02 * P[u][k])
        q = e * old  #! q = e * P[u][k]
        Q[f][k] += 0.05 * (q - 0.02 * Q[f][k])
""",
    "a method is given a gradient that is not turned round": """
class Net:
    def __init__(self):
        self.A, self.U = rng.normal(size=(3, 2)), rng.normal(size=(2, 2))
    def run(self, xs):
        self.xs, self.hs = xs, [np.zeros(2)]
        for u in xs:
            self.hs.append(np.tanh(u @ self.A + self.hs[-1] @ self.U))
        return np.array(self.hs[1:])
    def back(self, d_out):
        self.dA, self.dU, later = np.zeros((3, 2)), np.zeros((2, 2)), np.zeros(2)
        for t in range(5, -1, -1):
            d = (d_out[t] + later) * (1 - self.hs[t + 1] ** 2)
            self.dA += np.outer(self.xs[t], d)
            self.dU += np.outer(self.hs[t], d)
            later = self.U @ d
        self.A -= 0.1 * self.dA
        self.U -= 0.1 * self.dU
one, two = Net(), Net()
V = rng.normal(size=(4, 2))
for step in range(2):
    h = np.hstack([one.run(x), two.run(x[::-1])[::-1]])
    e = h @ V - y
    loss = (e ** 2).sum() / 2
    d = e @ V.T
    one.back(d[:, :2])
    two.back(d[::-1, 2:])  #! two.back(d[:, 2:])
    V -= 0.1 * h.T @ e
""",
}


@pytest.mark.parametrize("text", KINDS.values(), ids=KINDS)
def test_the_line_with_the_slip_is_named(text: str) -> None:
    assert_judged(text)


def test_a_call_is_given_the_targets_that_the_loss_has() -> None:
    text = """
u = rng.normal(size=(6, 2))
def error(out, y):
    return np.mean((out - y) ** 2)
def slope(out, y):
    return 2 * (out - y) / np.size(y)
for step in range(3):
    h = np.tanh(x @ W)
    out = h @ V
    loss = error(out, y)
    d = slope(out, u)
    V, W = V - 0.1 * h.T @ d, W - 0.1 * x.T @ (d @ V.T * (1 - h ** 2))
"""
    assert "    d = slope(out, y)\n" in program(text).mended()


STEP = """
def sigmoid(z):
    return 1 / (1 + np.exp(-z))
def error(out, y):
    return 2 * (out - y) / y.size
def sloped(g, z):
    s = sigmoid(z)
    return g * s * (1 - s)
for step in range(2):
    z = x @ W + b
    h = sigmoid(z)
    out = h @ V
    loss = ((out - y) ** 2).mean()
    d = error(out, y)
    dz = sloped(d @ V.T, z)
    V -= 0.1 * h.T @ d
    W -= 0.1 * x.T @ dz
    b -= 0.1 * dz.sum(axis=0)
"""
SHARED = """
u, v = rng.normal(size=(6, 3)), rng.normal(size=(6, 3))
def embed(x):
    h = np.tanh(x @ W)
    return h, h @ V
def back(x, h, g):
    dV = h.T @ g
    dh = g @ V.T
    dz = dh * (1 - h * h)
    return x.T @ dz, dV
for step in range(2):
    ha, ea = embed(x)
    hp, ep = embed(u)
    hn, en = embed(v)
    far = ((ea - ep) ** 2).sum(axis=1) - ((ea - en) ** 2).sum(axis=1) + 9
    loss = np.mean(np.maximum(far, 0))
    active = (far > 0)[:, None] / 6
    ga = back(x, ha, 2 * (en - ep) * active)
    gp = back(u, hp, -2 * (ea - ep) * active)  #! gp = back(u, ha, -2 * (ea - ep) * active)
    gn = back(v, hn, 2 * (ea - en) * active)
    dW, dV = (sum(parts) for parts in zip(ga, gp, gn))
    W -= 0.05 * dW
    V -= 0.05 * dV
"""
WRONG_HIDDEN = SHARED.replace("  #! gp = back(u, ha, -2 * (ea - ep) * active)", "").replace(
    "    ga = back(x, ha, 2 * (en - ep) * active)\n",
    "    ga = back(x, ha, 2 * (en - ep) * active)  #! ga = back(x, -ha, 2 * (en - ep) * active)\n",
)
FILLED = WRONG_HIDDEN.replace(
    "    dh = g @ V.T\n", "    dh = np.zeros_like(h)\n    dh += g @ V.T\n"
)
"""Of an argument only the shape is read, too."""
FLOW = """
def flow(h):
    path = [h]
    for _ in range(3):
        path.append(path[-1] + 0.5 * np.tanh(V @ path[-1] + c))
    return path
def adjoint(path, lam):
    gV, gc = 0, 0
    for h in path[-2::-1]:
        z = V @ h + c
        d = lam * (1 - np.tanh(z) ** 2)
        gV = gV + 0.5 * d @ h.T
        gc = gc + d.sum(1, keepdims=True) / 2  #! gc = gc + d.mean(1, keepdims=True) / 2
        lam = lam + 0.5 * V.T @ d
    return gV, gc
c = np.zeros((2, 1))
for step in range(2):
    path = flow(x[:, :2].T)
    off = path[-1] - y.T
    loss = 0.5 * np.sum(off ** 2) / off.shape[1]
    gV, gc = adjoint(path, off / off.shape[1])
    V, c = V - 0.1 * gV, c - 0.1 * gc
"""
"""No argument is wrong that would be right for one of the gradients alone."""
LAYERS = """
class Dense:
    def __init__(self, n, m):
        self.W = rng.normal(size=(n, m))
    def forward(self, x):
        self.x, self.a = x, np.tanh(x @ self.W)
        return self.a
    def backward(self, g):
        dz = g * (1 - self.a ** 2)
        dx = dz @ self.W.T
        self.W -= 0.1 * self.x.T @ dz
        return dx
one, two, three = Dense(3, 2), Dense(2, 2), Dense(2, 2)
for step in range(2):
    out = three.forward(two.forward(one.forward(x)))
    loss = np.mean((out - y) ** 2)
    g3 = three.backward(2 * (out - y) / y.size)
    g2 = two.backward(g3)
    one.backward(g2)  #! one.backward(g3)
"""
"""A call may be wrong that gives nothing a name."""
TOWERS = """
def unit(v):
    length = np.sqrt((v ** 2).sum(axis=1, keepdims=True))
    return v / length, length
def unit_back(g, n, length):
    return (g - n * (g * n).sum(axis=1, keepdims=True)) / length
class Tower:
    def __init__(self, n):
        self.K = rng.normal(size=(n, 2))
    def up(self, x):
        self.x = x
        self.n, self.length = unit(x @ self.K)
        return self.n
    def down(self, g):
        grad = self.x.T @ unit_back(g, self.n, self.length)
        self.K -= 0.1 * grad
asking, telling = Tower(3), Tower(2)
for step in range(2):
    a, c = asking.up(x), telling.up(y)
    off = a - c
    loss = np.sum(off ** 4)
    d = 4 * off ** 3
    asking.down(d)  #! asking.down(c)
    telling.down(-d)
"""
SLIPS = {
    "d = error(out, y)": ("d = error(-out, y)", "d = error(out, -y)", "d = error(out ** 2, y)"),
    "dz = sloped(d @ V.T, z)": ("dz = sloped(d @ V.T, z ** 2)", "dz = sloped(d @ V.T, 1 - z)"),
}
SLIPPED = [
    STEP.replace(right, f"{right}  #! {wrong}") for right, slips in SLIPS.items() for wrong in slips
]


@pytest.mark.parametrize("text", [SHARED, FILLED, FLOW, LAYERS, TOWERS, *SLIPPED])
def test_a_wrong_argument_is_the_calls(text: str) -> None:
    assert_judged(text)


def test_an_action_is_no_target_of_a_loss_that_has_its_own() -> None:
    text = """
states, actions, worth = [0, 1, 2, 1], [2, 0, 3, 2], [1.0, -0.5, 0.3, 0.8]
T = rng.normal(size=(3, 4))
for step in range(2):
    loss, dT = 0.0, np.zeros_like(T)
    for s, a, w in zip(states, actions, worth):
        p = np.exp(T[s]) / np.exp(T[s]).sum()
        loss -= w * np.log(p[a])
        d = p.copy()
        d[s] -= 1
        dT[s] += w * d
    T -= 0.1 * dT
"""
    assert "        d[a] -= 1\n" in program(text).mended()
