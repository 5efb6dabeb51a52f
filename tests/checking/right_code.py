"""Correct backpropagation as different people write it: preset and source by name.

Without biases, for 2-2-2 networks such as the article's, in the styles that need few samples.
"""

from __future__ import annotations

HEAD = """
import numpy as np
def sigmoid(z):
    return 1 / (1 + np.exp(-z))
"""

RIGHT: dict[str, tuple[str, str]] = {}

RIGHT["scalars of the article"] = (
    "article",
    """
import numpy as np

def back(i1, i2, t1, t2, w1, w2, w3, w4, w5, w6, w7, w8):
    s = lambda z: 1 / (1 + np.exp(-z))
    h1, h2 = s(i1 * w1 + i2 * w2), s(i1 * w3 + i2 * w4)
    o1, o2 = s(h1 * w5 + h2 * w6), s(h1 * w7 + h2 * w8)
    g5 = -1 * (t1 - o1) * o1 * (1 - o1) * h1
    g6 = -1 * (t1 - o1) * o1 * (1 - o1) * h2
    g7 = -1 * (t2 - o2) * o2 * (1 - o2) * h1
    g8 = -1 * (t2 - o2) * o2 * (1 - o2) * h2
    e1 = -(t1 - o1) * o1 * (1 - o1) * w5 - (t2 - o2) * o2 * (1 - o2) * w7
    e2 = -(t1 - o1) * o1 * (1 - o1) * w6 - (t2 - o2) * o2 * (1 - o2) * w8
    g1, g2 = e1 * h1 * (1 - h1) * i1, e1 * h1 * (1 - h1) * i2
    g3, g4 = e2 * h2 * (1 - h2) * i1, e2 * h2 * (1 - h2) * i2
    return g1, g2, g3, g4, g5, g6, g7, g8

def gradients(x, t, weights):
    (w1, w3), (w2, w4) = weights[0]
    (w5, w7), (w6, w8) = weights[1]
    g1, g2, g3, g4, g5, g6, g7, g8 = back(*x, *t, w1, w2, w3, w4, w5, w6, w7, w8)
    return [[[g1, g3], [g2, g4]], [[g5, g7], [g6, g8]]]
""",
)

RIGHT["scalars by name"] = (
    "article",
    RIGHT["scalars of the article"][1]
    + """
def gradients(x, t, weights):
    (w1, w3), (w2, w4) = weights[0]
    (w5, w7), (w6, w8) = weights[1]
    found = back(*x, *t, w1, w2, w3, w4, w5, w6, w7, w8)
    return {f"gw{number}": value for number, value in enumerate(found, 1)}
""",
)

RIGHT["columns of the article's second listing"] = (
    "article-matrix",
    HEAD
    + """
def gradients(x, t, weights):
    w1, w2 = weights
    out_h = sigmoid(np.dot(x, w1))
    out_o = sigmoid(np.dot(out_h, w2))
    g2 = np.zeros_like(w2)
    for i in range(g2.shape[1]):
        g2[:, i] = (out_o[i] - t[i]) * out_o[i] * (1 - out_o[i]) * out_h
    g1 = np.zeros_like(w1)
    for i in range(g1.shape[1]):
        dot1 = -1 * (t - out_o) * out_o * (1 - out_o)
        g1[:, i] = np.dot(dot1, w2[i, :]) * out_h[i] * (1 - out_h[i]) * x
    return [g1, g2]
""",
)

RIGHT["matrices, sum over the batch"] = (
    "article",
    HEAD
    + """
def gradients(x, t, weights):
    h = sigmoid(x @ weights[0])
    o = sigmoid(h @ weights[1])
    d = (o - t) * o * (1 - o)
    return [x.T @ ((d @ weights[1].T) * h * (1 - h)), h.T @ d]
""",
)

RIGHT["matrices, mean over the batch"] = (
    "article",
    HEAD
    + """
def gradients(x, t, weights):
    h = sigmoid(x @ weights[0])
    o = sigmoid(h @ weights[1])
    d = (o - t) * o * (1 - o) / len(x)
    return [x.T @ ((d @ weights[1].T) * h * (1 - h)), h.T @ d]
""",
)

RIGHT["outer products of vectors"] = (
    "article",
    HEAD
    + """
def gradients(x, t, weights):
    h = sigmoid(x @ weights[0])
    o = sigmoid(h @ weights[1])
    d = (o - t) * o * (1 - o)
    return np.outer(x, weights[1] @ d * h * (1 - h)), np.outer(h, d)
""",
)

RIGHT["columns as vectors"] = (
    "article",
    HEAD
    + """
def gradients(x, t, weights):
    x, t = x.reshape(-1, 1), t.reshape(-1, 1)
    h = sigmoid(weights[0].T @ x)
    o = sigmoid(weights[1].T @ h)
    d = (o - t) * o * (1 - o)
    e = weights[1] @ d * h * (1 - h)
    return {"net_h": weights[0].T @ x, "out_h": h, "out_o": o, "delta_o": d, "delta_h": e,
            "gW1": x @ e.T, "gW2": h @ d.T, "loss": 0.5 * ((o - t) ** 2).sum()}
""",
)

RIGHT["samples in columns"] = (
    "article",
    HEAD
    + """
def gradients(x, t, weights):
    x, t, n = x.T, t.T, x.shape[0]
    h = sigmoid(weights[0].T @ x)
    o = sigmoid(weights[1].T @ h)
    d = (o - t) * o * (1 - o) / n
    e = weights[1] @ d * h * (1 - h)
    return {"out_h": h, "out_o": o, "delta_o": d, "delta_h": e, "gW1": (e @ x.T).T, "gW2": h @ d.T}
""",
)

RIGHT["einsum"] = (
    "article",
    HEAD
    + """
def gradients(x, t, weights):
    h = sigmoid(np.einsum("ni,ij->nj", x, weights[0]))
    o = sigmoid(np.einsum("nj,jk->nk", h, weights[1]))
    d = (o - t) * o * (1 - o)
    e = np.einsum("nk,jk,nj->nj", d, weights[1], h * (1 - h))
    return [np.einsum("ni,nj->ij", x, e) / len(x), np.einsum("nj,nk->jk", h, d) / len(x)]
""",
)

RIGHT["loops over lists"] = (
    "article",
    """
import math

def gradients(x, t, weights):
    w1, w2 = weights[0].tolist(), weights[1].tolist()
    g1 = [[0.0] * len(w1[0]) for _ in w1]
    g2 = [[0.0] * len(w2[0]) for _ in w2]
    for xs, ts in zip(x.tolist(), t.tolist()):
        h = [1 / (1 + math.exp(-sum(a * w[j] for a, w in zip(xs, w1)))) for j in range(len(w1[0]))]
        o = [1 / (1 + math.exp(-sum(a * w[j] for a, w in zip(h, w2)))) for j in range(len(w2[0]))]
        for j in range(len(h)):
            for k in range(len(o)):
                d = (o[k] - ts[k]) * o[k] * (1 - o[k]) / len(x)
                g2[j][k] += d * h[j]
                for i in range(len(xs)):
                    g1[i][j] += d * w2[j][k] * h[j] * (1 - h[j]) * xs[i]
    return [g1, g2]
""",
)

RIGHT["float32 throughout"] = (
    "article",
    HEAD
    + """
def gradients(x, t, weights):
    x, t = x.astype("float32"), t.astype("float32")
    a, b = (w.astype(np.float32) for w in weights)
    h = sigmoid(x @ a)
    o = sigmoid(h @ b)
    d = (o - t) * o * (1 - o) / np.float32(len(x))
    return [x.T @ ((d @ b.T) * h * (1 - h)), h.T @ d]
""",
)

RIGHT["float32 inside"] = (
    "article",
    RIGHT["float32 throughout"][1].replace(
        "return [x.T @ ((d @ b.T) * h * (1 - h)), h.T @ d]",
        "return [np.float64(x.T @ ((d @ b.T) * h * (1 - h))), np.float64(h.T @ d)]",
    ),
)

RIGHT["the opposite sign carried along"] = (
    "article",
    HEAD
    + """
def gradients(x, t, weights):
    net_h = x @ weights[0]
    out_h = sigmoid(net_h)
    net_o = out_h @ weights[1]
    out_o = sigmoid(net_o)
    delta_o = (t - out_o) * out_o * (1 - out_o)
    delta_h = delta_o @ weights[1].T * out_h * (1 - out_h)
    return dict(net_h=net_h, out_h=out_h, net_o=net_o, out_o=out_o, delta_o=delta_o,
                delta_h=delta_h, gW1=-x.T @ delta_h / len(x), gW2=-out_h.T @ delta_o / len(x),
                loss=0.5 * np.sum((t - out_o) ** 2) / len(x))
""",
)

RIGHT["mean taken in the gradients"] = (
    "article",
    HEAD
    + """
def gradients(x, t, weights):
    out_h = sigmoid(x @ weights[0])
    out_o = sigmoid(out_h @ weights[1])
    delta_o = (out_o - t) * out_o * (1 - out_o)
    delta_h = delta_o @ weights[1].T * out_h * (1 - out_h)
    n = x.shape[0]
    return {"delta_o": delta_o, "delta_h": delta_h, "gW1": x.T @ delta_h / n,
            "gW2": out_h.T @ delta_o / n, "loss": 0.5 * ((out_o - t) ** 2).sum(axis=1)}
""",
)

RIGHT["gradients stacked in one array"] = (
    "article",
    HEAD
    + """
def gradients(x, t, weights):
    h = sigmoid(x @ weights[0])
    o = sigmoid(h @ weights[1])
    d = (o - t) * o * (1 - o) / len(x)
    return np.array([x.T @ ((d @ weights[1].T) * h * (1 - h)), h.T @ d])
""",
)

RIGHT["numerical, central differences"] = (
    "article",
    HEAD
    + """
def loss(x, t, a, b):
    return 0.5 * np.mean(np.sum((sigmoid(sigmoid(x @ a) @ b) - t) ** 2, axis=-1))

def gradients(x, t, weights):
    found = []
    for layer, w in enumerate(weights):
        g = np.zeros_like(w)
        for place in np.ndindex(*w.shape):
            up, down = [v.copy() for v in weights], [v.copy() for v in weights]
            up[layer][place] += 1e-5
            down[layer][place] -= 1e-5
            g[place] = (loss(x, t, *up) - loss(x, t, *down)) / 2e-5
        found.append(g)
    return found
""",
)

RIGHT["numerical, complex steps"] = (
    "article",
    RIGHT["numerical, central differences"][1].replace(
        """            up, down = [v.copy() for v in weights], [v.copy() for v in weights]
            up[layer][place] += 1e-5
            down[layer][place] -= 1e-5
            g[place] = (loss(x, t, *up) - loss(x, t, *down)) / 2e-5
""",
        """            up = [v.astype(complex) for v in weights]
            up[layer][place] += 1e-30j
            g[place] = loss(x, t, *up).imag / 1e-30
""",
    ),
)

RIGHT["automatic differentiation of scalars"] = (
    "article",
    """
import math

class Value:
    def __init__(self, data, parents=()):
        self.data, self.parents, self.grad = data, parents, 0.0
    def __add__(self, other):
        return Value(self.data + other.data, ((self, 1.0), (other, 1.0)))
    def __mul__(self, other):
        return Value(self.data * other.data, ((self, other.data), (other, self.data)))
    def sigmoid(self):
        s = 1 / (1 + math.exp(-self.data))
        return Value(s, ((self, s * (1 - s)),))
    def backward(self):
        order, seen = [], set()
        def visit(v):
            if id(v) not in seen:
                seen.add(id(v))
                for p, _ in v.parents:
                    visit(p)
                order.append(v)
        visit(self)
        self.grad = 1.0
        for v in reversed(order):
            for p, slope in v.parents:
                p.grad += slope * v.grad

def gradients(x, t, weights):
    leaves = [[[Value(float(w)) for w in row] for row in layer] for layer in weights]
    total = Value(0.0)
    for xs, ts in zip(x, t):
        a = [Value(float(v)) for v in xs]
        for layer in leaves:
            out = []
            for j in range(len(layer[0])):
                z = Value(0.0)
                for source, row in zip(a, layer):
                    z = z + source * row[j]
                out.append(z.sigmoid())
            a = out
        for o, target in zip(a, ts):
            e = o + Value(-float(target))
            total = total + e * e * Value(0.5 / len(x))
    total.backward()
    return [[[w.grad for w in row] for row in layer] for layer in leaves]
""",
)

RIGHT["step that returns new weights"] = (
    "article",
    HEAD
    + """
def step(x, t, weights, learning_rate):
    h = sigmoid(x @ weights[0])
    o = sigmoid(h @ weights[1])
    d = (o - t) * o * (1 - o) / len(x)
    e = (d @ weights[1].T) * h * (1 - h)
    return [weights[0] - learning_rate * x.T @ e, weights[1] - learning_rate * h.T @ d]
""",
)

RIGHT["step in place"] = (
    "article",
    HEAD
    + """
def step(x, t, weights, learning_rate):
    h = sigmoid(x @ weights[0])
    o = sigmoid(h @ weights[1])
    d = (t - o) * o * (1 - o) / len(x)
    e = (d @ weights[1].T) * h * (1 - h)
    weights[1] += learning_rate * h.T @ d
    weights[0] += learning_rate * x.T @ e
""",
)

RIGHT["both functions, single vectors"] = (
    "article",
    RIGHT["outer products of vectors"][1]
    + """
def step(x, t, weights, learning_rate):
    return [w - learning_rate * g for w, g in zip(weights, gradients(x, t, weights))]
""",
)

RIGHT["step that rebinds the list's members"] = (
    "article",
    RIGHT["matrices, mean over the batch"][1]
    + """
def step(x, t, weights, learning_rate):
    found = gradients(x, t, weights)
    for layer in range(len(weights)):
        weights[layer] = weights[layer] - learning_rate * found[layer]
""",
)
