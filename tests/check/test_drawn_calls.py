"""Classes and functions that nothing calls are called with drawn data, where that is obvious."""

from pathlib import Path

import pytest

from bptui.check.program.check import Checked, checked
from bptui.check.reports.report import Report
from bptui.check.running.interpreter import OWN
from bptui.trace.run import LOOK

START = "import numpy as np\n\n\ndef sigmoid(z):\n    return 1 / (1 + np.exp(-z))\n\n\n"
FIXED_SIZES = """\
class Net:
    def __init__(self):
        self.W1 = np.random.randn(2, 3)
        self.W2 = np.random.randn(3, 1)

    def forward(self, X):
        self.h = sigmoid(X @ self.W1)
        return sigmoid(self.h @ self.W2)

    def backward(self, X, y, output):
        d2 = (output - y) * output * (1 - output)
        d1 = (output - y) @ self.W2.T * self.h * (1 - self.h)
        self.W2 -= self.h.T @ d2
        self.W1 -= X.T @ d1
"""
BY_A_FUNCTION = "def made(*sizes):\n    return np.random.randn(*sizes)\n\n\n"
BY_A_FUNCTION += FIXED_SIZES.replace("np.random.randn", "made")
LAYERS = FIXED_SIZES.replace(
    "__init__(self)", "__init__(self, n_in, hidden_layers, n_out)"
).replace("randn(2, 3)", "randn(n_in, 3)")
LAYERS = LAYERS.replace("randn(3, 1)", "randn(3, n_out)")
OF_DATA = """\
class Net:
    def __init__(self, x, y):
        self.x, self.y = x, y
        self.w1 = np.random.rand(x.shape[1], 5)
        self.w2 = np.random.rand(5, 1)

    def feedforward(self):
        self.h = sigmoid(self.x @ self.w1)
        self.out = sigmoid(self.h @ self.w2)

    def backprop(self):
        d = 2 * (self.y - self.out) * self.out * (1 - self.out)
        g2 = self.h.T @ d
        g1 = self.x.T @ (d @ self.w2.T + 0 * self.h * (1 - self.h))
        self.w1 += g1
        self.w2 += g2
"""
COLUMNS = """\
def initialize(n_x, n_h, n_y):
    return {"W1": np.random.randn(n_h, n_x), "W2": np.random.randn(n_y, n_h)}


def model(X, Y, n_h, iterations=1000):
    p = initialize(len(X), n_h, len(Y))
    for _ in range(iterations):
        A1 = np.tanh(p["W1"] @ X)
        A2 = sigmoid(p["W2"] @ A1)
        dZ2 = A2 - Y
        dZ1 = p["W2"].T @ dZ2 * (1 - A1**2)
        p["W2"] = p["W2"] - 0.1 * dZ2 @ A1.T / X.shape[1]
        p["W1"] = p["W1"] - 0.1 * dZ1 @ X.T / X.shape[1]
    return p
"""
STARTED = """\
def make(n_in, n_out):
    return 0.1 * np.random.randn(n_in, n_out)


def restart(X, y, weights):
    out = sigmoid(X @ weights)
    return weights - 0.1 * X.T @ ((out - y) * out * (1 - out))
"""
LABELS = """\
class Softmax:
    def __init__(self, n_features, n_classes):
        self.params = {"W": 0.1 * np.random.randn(n_features, n_classes), "b": np.zeros(n_classes)}

    def gradients(self, X, y):
        scores = X @ self.params["W"] + self.params["b"]
        p = np.exp(scores) / np.exp(scores).sum(axis=1, keepdims=True)
        p[np.arange(len(y)), y] -= 1
        return {"W": X.T @ p / len(y), "b": p.mean(axis=0)}
"""
RETURNED = """\
class TwoLayers:
    def __init__(self, n_in, n_hidden, n_out):
        self.params = {"W1": np.random.randn(n_in, n_hidden), "gamma": np.ones(n_hidden)}
        self.params["W2"] = np.random.randn(n_hidden, n_out)

    def loss(self, X, y=None, reg=0.0):
        W1, W2, gamma = self.params["W1"], self.params["W2"], self.params["gamma"]
        h = np.maximum(0, X @ W1)
        out = gamma * h @ W2
        if y is None:
            return out
        loss = np.mean((out - y) ** 2) + reg * (np.sum(W1 ** 2) + np.sum(W2 ** 2))
        d = 2 * (out - y) / y.size
        grads = {"W2": (gamma * h).T @ d + 2 * reg * W2, "gamma": np.sum(h * (d @ W2.T), axis=0)}
        grads["W1"] = X.T @ (d @ W2.T * gamma * (h > 0))
        grads["W1"] += reg * W1
        return loss, grads
"""
BY_ONE = """\
def softmax_loss(W, X, y, reg):
    loss, dW = 0.0, np.zeros_like(W)
    scores = X.dot(W)
    scores -= scores.max(axis=1, keepdims=True)
    p = np.exp(scores) / np.exp(scores).sum(axis=1, keepdims=True)
    loss = -np.log(p[range(len(X)), y]).sum() / len(X) + reg * np.sum(W * W)
    p[range(len(X)), y] -= 1
    dW = X.T.dot(p)
    dW /= len(X)
    dW += reg * W * 2
    return loss, dW
"""
PAIRS = """\
class Network:
    def __init__(self, sizes):
        self.weights = [np.random.randn(b, a) for a, b in zip(sizes, sizes[1:])]

    def update_mini_batch(self, mini_batch, eta):
        for x, y in mini_batch:
            h = sigmoid(self.weights[0] @ x)
            out = sigmoid(self.weights[1] @ h)
            d = (out - y) * out * (1 - out)
            back = self.weights[1].T @ d * h * h
            self.weights[1] = self.weights[1] - eta * d @ h.T
            self.weights[0] = self.weights[0] - eta * back @ x.T
"""


def found_in(tmp_path: Path, source: str, look: int = LOOK) -> Checked | Report:
    (tmp_path / "net.py").write_text(START + source)
    return checked(tmp_path / "net.py", OWN, limit=60.0, look=look)


@pytest.mark.parametrize(
    ("source", "call", "wrong"),
    [
        (FIXED_SIZES, "net.backward(X, y, out)", "d1 = (output - y) @"),
        (BY_A_FUNCTION, "net.backward(X, y, out)", "d1 = (output - y) @"),
        (LAYERS, "net = Net(4, 1, 3);", "d1 = (output - y) @"),
        (OF_DATA, "net = Net(X, y);", "g1 = self.x.T @ (d @ self.w2.T + 0"),
        (COLUMNS, "model(X, y, 5)", None),
        (STARTED, "restart(X, y, make(4, 3))", None),
        (LABELS, "Softmax(4, 3).gradients(X, y)", None),
        (RETURNED, "TwoLayers(4, 5, 3).loss(X, y, reg=0.01)", "+= reg * W1"),
        (RETURNED.replace("+= reg", "+= 2 * reg"), "TwoLayers(4, 5, 3).loss(X, y, reg", None),
        (BY_ONE, "softmax_loss(W, X, y, 0.01)", None),
        (BY_ONE.replace("W * 2", "W"), "softmax_loss(W, X, y, 0.01)", "dW += reg * W"),
        (PAIRS, "Network([4, 5, 3])", "h * h"),
    ],
    ids=[
        "sizes of its own",
        "weights that a function makes",
        "a count of layers",
        "made of data",
        "columns",
        "start values",
        "labels",
        "wrong gradients that are only returned",
        "right gradients that are only returned",
        "right weights one by one",
        "wrong weights one by one",
        "pairs",
    ],
)
def test_what_is_defined_is_called(
    source: str, call: str, wrong: str | None, tmp_path: Path
) -> None:
    found = found_in(tmp_path, source)
    assert isinstance(found, Checked)
    assert call in dict(found.report.facts)["called"]
    told = [line.text or "" for line in found.report.wrong]
    assert found.report.verdict == ("wrong" if wrong else "right")
    assert [wrong in text for text in told if wrong] == [True] * bool(wrong)


COMPARED = """\
def costs(W, b, X, y):
    p = sigmoid(X @ W + b)
    cost = -np.mean(y * np.log(p) + (1 - y) * np.log(1 - p))
    dW = X.T @ (p - y)
    dW /= len(X)
    return cost, dW, np.mean(p - y, axis=0)


X, W, b = np.random.randn(5, 3), np.random.randn(3, 1), np.zeros(1)
y = (X[:, :1] > 0) * 1.0
_, dW, db = costs(W, b, X, y)
for i in range(3):
    W[i] += 1e-6
    more = costs(W, b, X, y)[0]
    W[i] -= 1e-6
    print(dW[i], (more - costs(W, b, X, y)[0]) / 1e-6)
"""


@pytest.mark.parametrize(("edit", "wrong"), [("", []), ("p * ", ["dW = X.T @ (p * (p - y))"])])
def test_gradients_that_are_only_compared_are_judged(
    edit: str, wrong: list[str], tmp_path: Path
) -> None:
    found = found_in(tmp_path, COMPARED.replace("(p - y)\n", f"({edit}(p - y))\n"))
    assert isinstance(found, Checked)
    assert [line.text for line in found.report.wrong] == wrong
    assert dict(found.report.facts)["updates"].startswith("none")
    assert [parameter.name for parameter in found.report.parameters] == ["W", "b"]


LAYER = """\
def forward(x, w, b):
    padded = np.pad(x, ((0, 0), (1, 1)))
    windows = np.stack([padded[:, i:i + 3] for i in range(x.shape[1])], axis=1)
    return windows @ w + b, (x, w, b)


def backward(dout, cache):
    x, w, b = cache
    padded = np.pad(x, ((0, 0), (1, 1)))
    dpadded, dw = np.zeros_like(padded), np.zeros_like(w)
    for i in range(x.shape[1]):
        dw += padded[:, i:i + 3].T @ dout[:, i]
        dpadded[:, i:i + 3] += dout[:, i:i + 1] @ w[None]
    return dpadded[:, 1:-1], dw, dout.sum(axis=(0, 1))


x, w, b = np.random.randn(2, 5), np.random.randn(3), np.random.randn()
dout = np.random.randn(2, 5)
out, cache = forward(x, w, b)
dx, dw, db = backward(dout, cache)
"""


@pytest.mark.parametrize("sign", ["+=", "="])
def test_a_layer_is_judged_by_the_gradient_that_it_is_given(sign: str, tmp_path: Path) -> None:
    found = found_in(tmp_path, LAYER.replace("dw +=", f"dw {sign}"))
    assert isinstance(found, Checked)
    assert "dout" in (found.report.loss or {})["formula"]
    slip = "dw = padded[:, i:i + 3].T @ dout[:, i]"
    assert [line.text for line in found.report.wrong] == [slip] * (sign == "=")
    assert sorted(parameter.name for parameter in found.report.parameters) == ["b", "w", "x"]


CELL = """\
def step(h, c, W):
    next_c = 0.5 * c + h @ W
    return np.tanh(next_c), next_c


def back(dnext_h, dnext_c, h, W, next_h):
    dsum = dnext_c + dnext_h * (1 - next_h ** 2)
    return dsum @ W.T, 0.5 * dsum, h.T @ dsum


draw = np.random.randn
h, c, W, dnext_h, dnext_c = draw(4, 3), draw(4, 5), draw(3, 5), draw(4, 5), draw(4, 5)
next_h, next_c = step(h, c, W)
dh, dc, dW = back(dnext_h, dnext_c, h, W, next_h)
"""


@pytest.mark.parametrize(("edit", "wrong"), [("", 0), ("dnext_c + ", 1)])
def test_a_cell_is_judged_by_all_gradients_that_it_is_given(
    edit: str, wrong: int, tmp_path: Path
) -> None:
    found = found_in(tmp_path, CELL.replace(f"dsum = {edit}", "dsum = "))
    assert isinstance(found, Checked)
    slip = "dsum = dnext_h * (1 - next_h ** 2)"
    assert [line.text for line in found.report.wrong] == [slip] * wrong


def test_what_cannot_be_called_needs_a_call(tmp_path: Path) -> None:
    source = "class Adder:\n    def __init__(self, left):\n        self.left = left\n"
    source += "\n\nclass Broken:\n    def fit(self, X, y):\n        raise ValueError(X)\n"
    source += "\n\nclass Remembering:\n    def __init__(self):\n        self.w = np.ones((4, 3))\n"
    source += "\n    def forward(self, x, memory):\n        return np.tanh(x @ self.w + memory)\n"
    source += "\n    def backward(self, x, y, output):\n        g = output * (x @ self.w) - y\n"
    source += "        self.w -= x.T @ g\n"
    found = found_in(tmp_path, source)
    assert isinstance(found, Report)
    assert "--call EXPRESSION" in found.trouble[0].text


def test_a_step_is_recorded_to_its_end_where_what_it_adds_up_looks_like_several(
    tmp_path: Path,
) -> None:
    found = found_in(
        tmp_path,
        """
rng = np.random.default_rng(0)
W, x, y = rng.normal(size=(2, 2)), rng.normal(size=(12, 2)), rng.normal(size=(12, 2))
for step in range(4):
    c = np.zeros((13, 2))
    for t in range(12):
        c[t + 1] = 0.9 * c[t] + np.tanh(x[t] @ W)
    loss = 0.5 * ((c[1:] - y) ** 2).sum()
    dc, dW = np.zeros((13, 2)), np.zeros((2, 2))
    for t in range(11, -1, -1):
        dc[t + 1] += c[t + 1] - y[t]
        dW += np.outer(x[t], dc[t + 1] * (1 - np.tanh(x[t] @ W) ** 2))
        dc[t] += 0.9 * dc[t + 1]
    W -= 0.001 * dW
""",
        look=80,
    )
    assert isinstance(found, Checked)
    assert found.verdict.right


def test_a_map_that_organises_itself_learns_by_no_gradient(tmp_path: Path) -> None:
    found = found_in(
        tmp_path,
        """
rng = np.random.default_rng(0)
W = rng.normal(size=(3, 2))
for row in rng.normal(size=(6, 2)):
    apart = ((W - row) ** 2).sum(axis=1)
    near = np.exp(-np.abs(np.arange(3) - apart.argmin()))
    W += 0.1 * near[:, None] * (row - W)
""",
    )
    assert not isinstance(found, Checked)
    assert found.verdict not in ("right", "wrong")


def test_what_is_compared_with_itself_is_no_parameter_while_nothing_goes_on(tmp_path: Path) -> None:
    found = found_in(
        tmp_path,
        """
data = np.random.default_rng(0).normal(size=40).tolist()
mean, w = sum(data) / 40, [0.1] * 20
for n in [*range(20), *range(20)]:
    e = data[n] - (mean + w[n] * data[n + 20])
    w[n] += 0.1 * e * data[n + 20]
""",
        look=100,
    )
    assert isinstance(found, Checked)
    assert {p.name.partition("[")[0] for p in found.parameters} == {"w"}
