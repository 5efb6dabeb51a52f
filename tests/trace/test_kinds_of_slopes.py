"""Kinds of everyday programs by the slopes of their functions: decisions, gates, factors."""

import pytest

from tests.trace.kinds import assert_judged
from tests.trace.support import Judged, source_of

PROGRAMS = {
    "a slope is missing, and all parameters are parts of one array": """
theta = np.concatenate([W.ravel(), V.ravel()])
for step in range(2):
    A, B = theta[:6].reshape(3, 2), theta[6:].reshape(2, 2)
    h = np.tanh(x @ A)
    loss = ((h @ B - y) ** 2).sum()
    d = 2 * (h @ B - y)
    e = d @ B.T * (1 - h ** 2)  #! e = d @ B.T
    G, H = e.T @ x, h.T @ d
    theta = theta - 0.01 * np.concatenate([G.T.ravel(), H.ravel()])
""",
    "the mean over the samples is left out for the biases": """
def gradients(one, target):
    h = np.tanh(one @ W + b)
    d = h @ V - target
    dz = V @ d * (1 - h ** 2)
    return np.outer(one, dz), dz, np.outer(h, d)
for batch in ([0, 1, 2], [3, 4, 5]):
    sums = [np.zeros_like(part) for part in (W, b, V)]
    for one in batch:
        sums = [s + g for s, g in zip(sums, gradients(x[one], y[one]))]
    W = W - 0.3 / len(batch) * sums[0]
    V = V - 0.3 / len(batch) * sums[2]
    b = b - 0.3 / len(batch) * sums[1]  #! b = b - 0.3 * sums[1]
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
    "a function that is used on the way back alone is given something else": """
slope = lambda a: 1 / (1 + np.exp(-a))
for step in range(2):
    a = x @ W + b
    h = np.log1p(np.exp(a))
    loss = ((h @ V - y) ** 2).sum()
    d = 2 * (h @ V - y)
    dz = d @ V.T * slope(a)  #! dz = d @ V.T * slope(-a)
    V -= 0.01 * h.T @ d
    W -= 0.01 * x.T @ dz
    b -= 0.01 * dz.sum(axis=0)
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
    "a loop over layers of different functions": """
U = rng.normal(size=(2, 2))
relu = lambda z: np.maximum(z, 0)
slopes = {relu: lambda z: z > 0, np.tanh: lambda z: 1 - np.tanh(z) ** 2}
net = [[W, relu], [U, np.tanh], [V, np.tanh]]
for step in range(2):
    a, cache = x, []
    for M, f in net:
        z = a @ M
        cache.append((a, z))
        a = f(z)
    loss = ((a - y) ** 2).sum()
    d, grads = 2 * (a - y), []
    for (M, f), (a, z) in zip(net[::-1], cache[::-1]):
        dz = d * slopes[f](z)
        grads.append(a.T @ dz)
        d = dz @ M.T  #! d = dz @ (1 - M.T)
    for (M, f), g in zip(net[::-1], grads):
        M -= 0.01 * g
""",
}
PROGRAMS["a function of slopes gives what the forward pass has"] = """
def sigmoid(z):
    return 1 / (1 + np.exp(-z))
def slope(z):
    return sigmoid(z) * (1 - sigmoid(z))  #! return sigmoid(z) * 1
U = rng.normal(size=(2, 2))
for step in range(2):
    z = x @ W
    s = sigmoid(z) @ V
    out = sigmoid(s) @ U
    d = out - y
    ds = d @ U.T * slope(s)
    dz = ds @ V.T * slope(z)
    U, V, W = U - 0.1 * sigmoid(s).T @ d, V - 0.1 * sigmoid(z).T @ ds, W - 0.1 * x.T @ dz
"""
PROGRAMS |= {
    f"the Jacobian of a softmax, {how}": f"""
U = rng.normal(size=(3, 3))
for step in range(2):
    loss, dU = 0.0, np.zeros_like(U)
    for row, t in zip(x, np.eye(3)[[0, 2, 1, 1, 0, 2]]):
        z = row @ U
        s = np.exp(z) / np.exp(z).sum()
        loss += ((s - t) ** 2).sum()
        J = np.diag(s) - np.outer(s, s)  #! J = {wrong}
        dU += np.outer(row, J @ (2 * (s - t)))
    U -= 0.1 * dU
"""
    for how, wrong in (
        ("a term of it", "np.diag(s)"),
        ("of the other sign", "np.outer(s, s) - np.diag(s)"),
    )
}
PROGRAMS["the Jacobian of a softmax, number by number"] = """
U = rng.normal(size=(3, 3))
for step in range(2):
    z = x @ U
    p = np.exp(z) / np.exp(z).sum(axis=1, keepdims=True)
    loss = ((p - 0.3) ** 2).sum()
    dz = np.zeros_like(z)
    for n, s in enumerate(p):
        J = np.zeros((3, 3))
        for i in range(3):
            for j in range(3):
                if i == j:
                    J[i, j] = s[i] * (1 - s[i])
                else:
                    J[i, j] = -s[i] * s[j]  #! J[i, j] = s[i] * s[j]
        dz[n] = J @ (2 * (s - 0.3))
    U -= 0.1 * x.T @ dz
"""
PROGRAMS["a function of slopes gives ones"] = """
def slope(h):
    return h * (1 - h)  #! return h + (1 - h)
for step in range(2):
    h = 1 / (1 + np.exp(-x @ W))
    p = 1 / (1 + np.exp(-h @ V))
    loss = ((p - y) ** 2).sum() / 2
    d = (p - y) * slope(p)
    dz = d @ V.T * slope(h)
    V = V - 0.1 * h.T @ d
    W = W - 0.1 * x.T @ dz
"""
PROGRAMS["a gradient that is right for others is taken for another"] = """
p, q, c, v = 0.3, -0.2, 0.1, 0.7
for a, e, t in ((0.4, 0.9, 0.3), (0.7, -0.3, 0.6)):
    h1, h2 = np.tanh(p * a + c), np.tanh(q * e + c)
    out = v * h1 - h2
    loss = (out - t) ** 2
    d = 2 * (out - t)
    d1 = d * v * (1 - h1 ** 2)
    d2 = -d * (1 - h2 ** 2)
    dp, dq = d1 * a, d2 * e
    dc = d1 + d2  #! dc = d1 + dp
    dv = d * h1
    p, q = p - 0.1 * dp, q - 0.1 * dq
    c, v = c - 0.1 * dc, v - 0.1 * dv
"""
PROGRAMS["weights stand where a gradient belongs"] = """
u = rng.normal(size=(2, 1))
for step in range(2):
    h = np.tanh(x @ W)
    loss = ((h @ u - y[:, :1]) ** 2).sum()
    d = 2 * (h @ u - y[:, :1])
    back = d @ u.T  #! back = u.T
    dz = back * (1 - h ** 2)
    du, dW = h.T @ d, x.T @ dz
    u = u - 0.1 * du
    W = W - 0.1 * dW
"""
PROGRAMS["an output stands where its error belongs, beside itself"] = """
for step in range(2):
    h = np.tanh(x @ W + b)
    p = 1 / (1 + np.exp(-h @ V))
    loss = ((p - y) ** 2).sum() / 2
    e = p - y  #! e = p
    d = e * p * (1 - p)
    dz = d @ V.T * (1 - h ** 2)
    dV, dW, db = h.T @ d, x.T @ dz, dz.sum(axis=0)
    V = V - 0.1 * dV
    W = W - 0.1 * dW
    b = b - 0.1 * db
"""


@pytest.mark.parametrize("kind", PROGRAMS)
def test_a_program_is_judged(kind: str) -> None:
    assert_judged(PROGRAMS[kind])


def test_what_has_a_usual_size_is_not_blamed_for_what_has_another() -> None:
    text, right = source_of("fixed", "attention_head.py"), "dS = dS * self.scale"
    slip = f"{right} * self.scale"
    found = Judged(text.replace(right, slip))
    (wrong,) = found.first_wrong
    assert found.text.splitlines()[wrong - 1].strip() == slip
