"""Correct backpropagation as different people write it: preset and source by name."""

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
HEAD = """
import numpy as np
def sigmoid(z):
    return 1 / (1 + np.exp(-z))
"""
CORPUS = """
#: matrices, mean over the batch | article
def gradients(x, t, weights):
    h = sigmoid(x @ weights[0])
    o = sigmoid(h @ weights[1])
    d = (o - t) * o * (1 - o) / len(x)
    return [x.T @ ((d @ weights[1].T) * h * (1 - h)), h.T @ d]

#: step that rebinds the list's members | article | matrices, mean over the batch
def step(x, t, weights, learning_rate):
    found = gradients(x, t, weights)
    for layer in range(len(weights)):
        weights[layer] = weights[layer] - learning_rate * found[layer]

#: outer products of vectors | article
def gradients(x, t, weights):
    h = sigmoid(x @ weights[0])
    o = sigmoid(h @ weights[1])
    d = (o - t) * o * (1 - o)
    return np.outer(x, weights[1] @ d * h * (1 - h)), np.outer(h, d)

#: samples in columns | article
def gradients(x, t, weights):
    x, t, n = x.T, t.T, x.shape[0]
    h = sigmoid(weights[0].T @ x)
    o = sigmoid(weights[1].T @ h)
    d = (o - t) * o * (1 - o) / n
    e = weights[1] @ d * h * (1 - h)
    return {"out_h": h, "out_o": o, "delta_o": d, "delta_h": e, "gW1": (e @ x.T).T, "gW2": h @ d.T}

#: loops over lists | article
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

#: float32 throughout | article
def gradients(x, t, weights):
    x, t = x.astype("float32"), t.astype("float32")
    a, b = (w.astype(np.float32) for w in weights)
    h = sigmoid(x @ a)
    o = sigmoid(h @ b)
    d = (o - t) * o * (1 - o) / np.float32(len(x))
    return [x.T @ ((d @ b.T) * h * (1 - h)), h.T @ d]

#: the opposite sign carried along | article
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

#: numerical, central differences | article
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

#: step in place | article
def step(x, t, weights, learning_rate):
    h = sigmoid(x @ weights[0])
    o = sigmoid(h @ weights[1])
    d = (t - o) * o * (1 - o) / len(x)
    e = (d @ weights[1].T) * h * (1 - h)
    weights[1] += learning_rate * h.T @ d
    weights[0] += learning_rate * x.T @ e

#: biases, pair of lists | mazur
def gradients(x, t, weights, biases):
    h = sigmoid(x @ weights[0] + biases[0])
    o = sigmoid(h @ weights[1] + biases[1])
    d = (o - t) * o * (1 - o) / len(x)
    e = d @ weights[1].T * h * (1 - h)
    return [x.T @ e, h.T @ d], [e.sum(axis=0), d.sum(axis=0)]

#: step with biases left alone, as the preset has them | mazur | biases, pair of lists
def step(x, t, weights, biases, learning_rate):
    found, _ = gradients(x, t, weights, biases)
    return [w - learning_rate * g for w, g in zip(weights, found)]

#: step that trains biases too | mazur | biases, pair of lists
def step(x, t, weights, biases, learning_rate):
    found = gradients(x, t, weights, biases)
    def moved(ps, gs):
        return [p - learning_rate * g for p, g in zip(ps, gs)]
    return moved(weights, found[0]), moved(biases, found[1])

#: biases taken only where there are some | article
def gradients(x, t, weights, biases=None):
    b = biases if biases is not None else [0, 0]
    h = sigmoid(x @ weights[0] + b[0])
    o = sigmoid(h @ weights[1] + b[1])
    d = (o - t) * o * (1 - o) / len(x)
    e = d @ weights[1].T * h * (1 - h)
    return [x.T @ e, h.T @ d]

#: softmax and cross-entropy, the short way | iris
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

#: any depth, classes of layers | DEEP
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
"""
"""Behind ``#:`` the name, the preset, and perhaps the name of the code that stands before it."""
RIGHT: dict[str, tuple[str, str]] = {}
WITHIN: set[str] = set()
"""Names of what stands, with the same function checked, before a ``step`` too."""
for entry in CORPUS.split("\n#: ")[1:]:
    title, code = entry.split("\n", 1)
    name, preset, *before = title.split(" | ")
    source = (RIGHT[before[0]][1] if before else HEAD) + code + "\n"
    WITHIN |= {*before} if "def gradients" not in code else set()
    RIGHT[name] = (DEEP if preset == "DEEP" else preset, source)
RIGHT["biases of one row, kept as rows"] = (
    "mazur",
    RIGHT["biases, pair of lists"][1].replace("axis=0", "axis=0, keepdims=True"),
)
RIGHT["a slope of 1 where a relu has its kink"] = (
    """
[network]
layers = [2, 2, 2]
activation = ["relu", "sigmoid"]

[parameters]
weights = [[[1.0, -0.5], [-1.0, 0.7]], [[0.4, -0.6], [0.9, 0.8]]]

[data]
inputs = [[0.5, 0.5]]
targets = [[0.2, 0.7]]
""",
    HEAD
    + """
def gradients(x, t, weights, biases):
    z = x @ weights[0] + biases[0]
    h = np.maximum(z, 0)
    o = sigmoid(h @ weights[1] + biases[1])
    d = (o - t) * o * (1 - o) / len(x)
    e = d @ weights[1].T * (z >= 0)
    return [x.T @ e, h.T @ d], [e.sum(axis=0), d.sum(axis=0)]
""",
)
RIGHT["a softmax over all there is, for single samples"] = (
    """
[network]
layers = [2, 3, 2]
activation = ["sigmoid", "softmax"]
bias = false
[training]
loss = "cross_entropy"
batch_size = 1
[data]
inputs = [[0.2, -0.4], [1.1, 0.3]]
targets = [[0.0, 1.0], [1.0, 0.0]]
""",
    HEAD
    + """
def gradients(x, t, weights):
    h = sigmoid(x @ weights[0])
    e = np.exp(h @ weights[1])
    d = (e / e.sum() - t) / len(x)
    return [x.T @ (d @ weights[1].T * h * (1 - h)), h.T @ d]
""",
)
