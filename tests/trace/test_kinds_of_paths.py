"""Sequences, decays, objectives and weights that are meant otherwise than they look."""

import pytest

from tests.trace.kinds import assert_judged, program

TIMED = """
def run(xs, A, U):
    hs = [np.zeros(2)]
    for u in xs:
        hs.append(np.tanh(u @ A + hs[-1] @ U))
    return hs
def back(xs, hs, dhs, A, U):
    dA, dU, carried = np.zeros_like(A), np.zeros_like(U), np.zeros(2)
    for t in range(len(xs) - 1, -1, -1):
        d = (dhs[t] + carried) * (1 - hs[t + 1] ** 2)
        dA += np.outer(xs[t], d)
        dU += np.outer(hs[t], d)
        carried = U @ d  #! carried = d @ U
    return dA, dU
W2, U, U2 = (rng.normal(size=shape) for shape in ((3, 2), (2, 2), (2, 2)))
for step in range(2):
    h, g = run(x, W, U), run(x[::-1], W2, U2)
    e = np.array(h[1:]) + np.array(g[1:])[::-1] - y
    loss = (e ** 2).sum() / 2
    dW, dU = back(x, h, e, W, U)
    dW2, dU2 = back(x[::-1], g, e[::-1], W2, U2)
    for p, q in ((W, dW), (U, dU), (W2, dW2), (U2, dU2)):
        p -= 0.1 * q
"""
KINDS = {
    "a path's part is called the whole gradient, and handed on by a copy": """
for step in range(3):
    z = x @ W
    c = z - z.sum(0) / 6
    q = c ** 2
    s = (q.sum(0) / 5 + 1e-5) ** -0.5
    h = c * s
    loss = ((h @ V - y) ** 2).mean()
    d = 2 * (h @ V - y) / y.size
    dh = d @ V.T
    dc = s * dh
    ds = (c * dh).sum(0)
    dq = np.ones_like(q) / 5 * (-0.5 * s ** 3) * ds
    dc += 2 * c * dq  #! dc = 2 * c * dq
    dz = dc.copy()
    dz += -dc.sum(0) / 6
    V -= 0.1 * h.T @ d
    W -= 0.1 * x.T @ dz
""",
    "a function goes back through several sequences": TIMED,
    "an error that is multiplied with the wrong number, for all parameters": """
worth, chosen = rng.normal(size=6), (x[:, 0] > 0).astype(int)
for step in range(2):
    h = np.tanh(x @ W)
    p = np.exp(h @ V)
    p /= p.sum(axis=1, keepdims=True)
    loss = -np.sum(worth * np.log(p[np.arange(6), chosen]))
    d = p.copy()
    d[np.arange(6), chosen] -= 1
    d *= worth[:, None]  #! d *= worth[0]
    dW = x.T @ (d @ V.T * (1 - h ** 2))
    V -= 0.05 * h.T @ d
    W -= 0.05 * dW
""",
    "a term of a sum of two paths has lost its slope, in another line": """
Ws = [rng.normal(size=(2, 2)) for _ in range(2)]
for step in range(2):
    h, kept = y, []
    for U in Ws:
        kept.append((h, np.tanh(h @ U)))
        h = h + kept[-1][1]
    loss = ((h - x[:, :2]) ** 2).mean()
    d = 2 * (h - x[:, :2]) / h.size
    for k in (1, 0):
        before, a = kept[k]
        dU = before.T @ (d * (1 - a ** 2))
        inner = (d * (1 - a ** 2)) @ Ws[k].T  #! inner = d * np.sin(a)
        d = d + inner
        Ws[k] = Ws[k] - 0.1 * dU
""",
    "weights decay in a statement of their own": """
for step in range(2):
    h = np.tanh(x @ W + b)
    loss = ((h @ V - y) ** 2).sum() / 6
    d = 2 * (h @ V - y) / 6
    dz = d @ V.T * (1 - h ** 2)  #! dz = d @ V * (1 - h ** 2)
    for p, g in ((W, x.T @ dz), (V, h.T @ d)):
        p *= 1 - 0.1 * 0.05
        p -= 0.1 * g
    b -= 0.1 * dz.sum(axis=0)
""",
    "an objective may be made large, whatever its sign": """
weight = rng.normal(size=6)
for step in range(2):
    p = np.exp(x @ W)
    p /= p.sum(axis=1, keepdims=True)
    objective = (weight * np.log(p[:, 0])).sum() + 2 * np.log(p[:, 1]).sum() + 50
    one, two = np.array([1, 0]), np.array([0, 1])
    d = weight[:, None] * (one - p) + 2 * (two - p)  #! d = weight[:, None] * (one - p) + (two - p)
    W += 0.1 * x.T @ d
""",
    "a weight that is computed of the same probability has a gradient": """
t = (y > 0).astype(float)
for step in range(2):
    p = 1 / (1 + np.exp(-x @ W))
    q = np.where(t == 1, p, 1 - p)
    loss = -((1 - q) ** 2 * np.log(q)).mean()
    dq = 2 * (1 - q) * np.log(q) - (1 - q) ** 2 / q  #! dq = -(1 - q) ** 2 / q
    dq = np.where(t == 1, dq, -dq) / t.size
    W -= 0.1 * x.T @ (dq * p * (1 - p))
""",
}


@pytest.mark.parametrize("text", KINDS.values(), ids=KINDS)
def test_a_program_is_judged(text: str) -> None:
    assert_judged(text)


def test_gradients_are_cut_where_they_are_written_into_whole_numbers() -> None:
    found = program("""
k = (10 * x).astype(int)
for step in range(2):
    e = k @ W[:, 0] - y[:, 0]
    loss = (e ** 2).sum() / 2
    g = np.zeros_like(k[0])
    for n in range(6):
        for j in range(3):
            g[j] += e[n] * k[n, j]
    W[:, 0] -= 0.001 * g
""")
    assert found.first_wrong == {17}


@pytest.mark.parametrize(
    "text",
    [
        """
w, better = W[:, 0].copy(), (y[:, :1] > y[:, 0]) * 1.0
for step in range(2):
    s = x @ w
    apart = s[:, None] - s
    loss = np.sum(better * np.log1p(np.exp(-apart)))
    g = -better / (1 + np.exp(apart))
    w -= 0.1 * x.T @ (g.sum(axis=1) - g.sum(axis=0))
""",
        """
w, x = V[0].copy(), x[:2]
for step in range(2):
    e = (x @ W) @ w - y[:2, 0]
    loss = (e ** 2).sum()
    dh = np.ones((2, 1)) * w * 2 * e[:, None]
    dw = 2 * (x @ W).T @ e
    W -= 0.1 * x.T @ dh
    w -= 0.1 * dw
""",
        """
c, a, at = np.linspace(-1, 1, 6), y[:, 0].copy(), x[:, :1]
for step in range(2):
    u = at - c
    K = np.exp(-(u ** 2))
    e = K @ a - y[:, 1]
    loss = 0.5 * (e ** 2).sum()
    da = K.T @ e
    dc = np.sum(np.outer(e, a) * K * 2 * u, axis=0)
    a -= 0.05 * da
    c -= 0.05 * dc
""",
    ],
)
def test_a_square_of_a_column_and_a_row_of_the_same_length_may_be_meant(text: str) -> None:
    assert program(text).verdict.right
