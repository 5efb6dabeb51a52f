"""More correct code: with biases, batches, other activations and losses, deeper networks."""

from __future__ import annotations

from .right_code import HEAD

DEEP = """
[network]
layers = [3, 4, 3, 2]
activation = ["relu", "tanh", "identity"]
[init]
seed = 4
[training]
loss = "mean_squared_error"
learning_rate = 0.3
batch_size = 4
l2 = 0.01
[data]
inputs = [[0.2, -0.4, 0.9], [1.1, 0.3, -0.7], [-0.6, 0.8, 0.5], [0.4, 0.1, -1.2]]
targets = [[0.3, -0.8], [1.2, 0.4], [-0.5, 0.9], [0.7, -0.1]]
"""
BINARY = """
[network]
layers = [2, 3, 1]
activation = ["leaky_relu", "sigmoid"]
[training]
loss = "binary_cross_entropy"
reduction = "sum"
[data]
inputs = [[0.2, -0.4], [1.1, 0.3], [-0.6, 0.8]]
targets = [[0], [1], [1]]
"""
SINGLE_LAYER = """
[network]
layers = [3, 2]
activation = "softplus"
[training]
loss = "squared_error"
[data]
inputs = [[0.2, -0.4, 0.9], [1.1, 0.3, -0.7]]
targets = [[0.3, 0.8], [1.2, 0.4]]
"""

MORE_RIGHT: dict[str, tuple[str, str]] = {}

MORE_RIGHT["biases, pair of lists"] = (
    "mazur",
    HEAD
    + """
def gradients(x, t, weights, biases):
    h = sigmoid(x @ weights[0] + biases[0])
    o = sigmoid(h @ weights[1] + biases[1])
    d = (o - t) * o * (1 - o) / len(x)
    e = d @ weights[1].T * h * (1 - h)
    return [x.T @ e, h.T @ d], [e.sum(axis=0), d.sum(axis=0)]
""",
)

MORE_RIGHT["biases of one row, kept as rows"] = (
    "mazur",
    MORE_RIGHT["biases, pair of lists"][1].replace("axis=0", "axis=0, keepdims=True"),
)

MORE_RIGHT["biases in a flat list"] = (
    "mazur",
    MORE_RIGHT["biases, pair of lists"][1].replace(
        "return [x.T @ e, h.T @ d], [e.sum(axis=0), d.sum(axis=0)]",
        "return x.T @ e, e.sum(axis=0), h.T @ d, d.sum(axis=0)",
    ),
)

MORE_RIGHT["step with biases left alone, as the preset has them"] = (
    "mazur",
    MORE_RIGHT["biases, pair of lists"][1]
    + """
def step(x, t, weights, biases, learning_rate):
    found, _ = gradients(x, t, weights, biases)
    return [w - learning_rate * g for w, g in zip(weights, found)]
""",
)

MORE_RIGHT["step that trains biases too"] = (
    "mazur",
    MORE_RIGHT["biases, pair of lists"][1]
    + """
def step(x, t, weights, biases, learning_rate):
    found = gradients(x, t, weights, biases)
    def moved(ps, gs):
        return [p - learning_rate * g for p, g in zip(ps, gs)]
    return moved(weights, found[0]), moved(biases, found[1])
""",
)

MORE_RIGHT["a column of ones for the biases"] = (
    "xor",
    """
import numpy as np

def gradients(x, t, weights, biases):
    ones = np.ones((len(x), 1))
    a = np.tanh(np.hstack([x, ones]) @ np.vstack([weights[0], biases[0]]))
    z = np.hstack([a, ones]) @ np.vstack([weights[1], biases[1]])
    o = 1 / (1 + np.exp(-z))
    d = (o - t) / len(x)
    e = d @ weights[1].T * (1 - a * a)
    g1, g2 = np.hstack([x, ones]).T @ e, np.hstack([a, ones]).T @ d
    return {"gW1": g1[:-1], "gb1": g1[-1], "gW2": g2[:-1], "gb2": g2[-1]}
""",
)

MORE_RIGHT["biases taken only where there are some"] = (
    "article",
    HEAD
    + """
def gradients(x, t, weights, biases=None):
    b = biases if biases is not None else [0, 0]
    h = sigmoid(x @ weights[0] + b[0])
    o = sigmoid(h @ weights[1] + b[1])
    d = (o - t) * o * (1 - o) / len(x)
    e = d @ weights[1].T * h * (1 - h)
    return [x.T @ e, h.T @ d]
""",
)

MORE_RIGHT["softmax and cross-entropy, the short way"] = (
    "iris",
    """
import numpy as np

def gradients(x, t, weights, biases):
    a = np.tanh(x @ weights[0] + biases[0])
    z = a @ weights[1] + biases[1]
    p = np.exp(z - z.max(axis=1, keepdims=True))
    p /= p.sum(axis=1, keepdims=True)
    d = (p - t) / len(x)
    e = d @ weights[1].T * (1 - a ** 2)
    return dict(out_h=a, net_o=z, out_o=p, delta_o=d, delta_h=e, gW1=x.T @ e, gW2=a.T @ d,
                gb1=e.sum(0), gb2=d.sum(0), loss=-np.log(p[np.arange(len(x)), t.argmax(1)]).mean())
""",
)

MORE_RIGHT["softmax through its whole Jacobian"] = (
    "iris",
    """
import numpy as np

def gradients(x, t, weights, biases):
    gw = [np.zeros_like(w) for w in weights]
    gb = [np.zeros_like(b) for b in biases]
    for xs, ts in zip(x, t):
        a = np.tanh(xs @ weights[0] + biases[0])
        z = a @ weights[1] + biases[1]
        p = np.exp(z) / np.exp(z).sum()
        d = (np.diag(p) - np.outer(p, p)) @ (-ts / p)
        e = weights[1] @ d * (1 - a ** 2)
        for layer, (source, delta) in enumerate([(xs, e), (a, d)]):
            gw[layer] += np.outer(source, delta) / len(x)
            gb[layer] += delta / len(x)
    return gw, gb
""",
)

MORE_RIGHT["any depth, classes of layers"] = (
    DEEP,
    """
import numpy as np

class Dense:
    def __init__(self, w, b, f, df):
        self.w, self.b, self.f, self.df = w, b, f, df
    def forward(self, x):
        self.x, self.z = x, x @ self.w + self.b
        return self.f(self.z)
    def backward(self, upstream):
        self.delta = upstream * self.df(self.z)
        self.gw, self.gb = self.x.T @ self.delta + 0.02 * self.w, self.delta.sum(axis=0)
        return self.delta @ self.w.T

FUNCTIONS = [
    (lambda z: np.maximum(z, 0), lambda z: (z > 0) * 1.0),
    (np.tanh, lambda z: 1 - np.tanh(z) ** 2),
    (lambda z: z, lambda z: np.ones_like(z)),
]

def gradients(x, t, weights, biases):
    net = [Dense(w, b, *f) for w, b, f in zip(weights, biases, FUNCTIONS)]
    a = x
    for layer in net:
        a = layer.forward(a)
    g = 2 * (a - t) / t.size
    for layer in reversed(net):
        g = layer.backward(g)
    found = {f"delta_{k}": layer.delta for k, layer in enumerate(net, 1)}
    found |= {f"net_{k}": layer.z for k, layer in enumerate(net, 1)}
    found |= {f"gW{k}": layer.gw for k, layer in enumerate(net, 1)}
    found |= {f"gb{k}": layer.gb for k, layer in enumerate(net, 1)}
    return found | {"loss": np.mean((a - t) ** 2) + 0.01 * sum((w ** 2).sum() for w in weights)}
""",
)

MORE_RIGHT["binary cross-entropy, summed"] = (
    BINARY,
    """
import numpy as np

def gradients(x, t, weights, biases):
    z = x @ weights[0] + biases[0]
    a = np.where(z > 0, z, 0.01 * z)
    p = 1 / (1 + np.exp(-(a @ weights[1] + biases[1])))
    d = -(t / p) * p * (1 - p) + (1 - t) / (1 - p) * p * (1 - p)
    e = d @ weights[1].T * np.where(z > 0, 1, 0.01)
    loss = -(t * np.log(p) + (1 - t) * np.log(1 - p)).sum()
    return {"gW1": x.T @ e, "gW2": a.T @ d, "gb1": e.sum(0), "gb2": d.sum(0), "loss": loss}
""",
)

MORE_RIGHT["one layer, np.matrix"] = (
    SINGLE_LAYER,
    """
import numpy as np

def gradients(x, t, weights, biases):
    x, t, w = np.matrix(x), np.matrix(t), np.matrix(weights[0])
    z = x * w + biases[0]
    d = 2 * np.multiply(np.logaddexp(0, z) - t, 1 / (1 + np.exp(-z))) / len(x)
    return [x.T * d], [d.sum(axis=0)]
""",
)
