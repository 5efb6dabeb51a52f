"""What optimizers make of right gradients, and what they remember of them."""

import pytest

from tests.trace.kinds import assert_judged, program

ADAM = """
P = {"V": V, "W": W, "b": b}
m, v = ({k: np.zeros_like(p) for k, p in P.items()} for _ in "mv")
for step in range(1, 4):
    h = np.tanh(x @ P["W"] + P["b"])
    loss = ((h @ P["V"] - y) ** 2).mean()
    d = 2 * (h @ P["V"] - y) / y.size
    dz = d @ P["V"].T * (1 - h ** 2)
    grads = {"V": h.T @ d, "W": x.T @ dz, "b": dz.sum(axis=0)}
    for k in P:
        g = grads[k]
        m[k] = 0.9 * m[k] + (1 - 0.9) * g
        v[k] = 0.99 * v[k] + (1 - 0.99) * g ** 2
        m_hat = m[k] / (1 - 0.9 ** step)
        v_hat = v[k] / (1 - 0.99 ** step)
        P[k] -= 0.1 * m_hat / (np.sqrt(v_hat) + 1e-8)
"""
SLIPS = {
    "the first memory has the other sign": (
        "m[k] = 0.9 * m[k] + (1 - 0.9) * g",
        "m[k] = 0.9 * m[k] - (1 - 0.9) * g",
    ),
    "the first memory is of squares": ("(1 - 0.9) * g", "(1 - 0.9) * g ** 2"),
    "the second memory is of no squares": ("(1 - 0.99) * g ** 2", "(1 - 0.99) * g"),
    "the second memory is negative": ("+ (1 - 0.99) * g ** 2", "- (1 - 0.99) * g ** 2"),
    "divided by the gradient": ("0.1 * m_hat / (np.sqrt", "0.1 / m_hat / (np.sqrt"),
    "times the root": ("m_hat / (np.sqrt", "m_hat * (np.sqrt"),
    "without the root": ("(np.sqrt(v_hat) + 1e-8)", "(v_hat + 1e-8)"),
}


@pytest.mark.parametrize(("old", "new"), SLIPS.values(), ids=SLIPS)
def test_what_adam_makes_of_right_gradients(old: str, new: str) -> None:
    rows = [
        f"{row}  #! {row.strip().replace(old, new)}" if old in row else row
        for row in ADAM.splitlines()
    ]
    assert_judged("\n".join(rows) + "\n")


def test_a_square_gradient_is_transposed_and_clipped() -> None:
    assert_judged("""
for step in range(3):
    h = np.tanh(x @ W)
    loss = ((h @ V - y) ** 2).mean()
    d = 2 * (h @ V - y) / y.size
    dV = h.T @ d  #! dV = d.T @ h
    dW = x.T @ (d @ V.T * (1 - h ** 2))
    V -= 0.1 * np.clip(dV, -5, 5)
    W -= 0.1 * np.clip(dW, -5, 5)
""")


def test_an_optimizer_is_given_one_number_for_a_column() -> None:
    assert_judged("""
P, G = {"V": V, "W": W.T.copy(), "b": b[:, None]}, {}
S = {k: np.zeros_like(p) for k, p in P.items()}
for step in range(3):
    h = np.tanh(P["W"] @ x.T + P["b"])
    out = P["V"] @ h
    loss = ((out - y.T) ** 2).mean()
    d = 2 * (out - y.T) / y.size
    dz = P["V"].T @ d * (1 - h ** 2)
    G["V"], G["W"] = d @ h.T, dz @ x
    G["b"] = np.sum(dz, axis=1, keepdims=True)  #! G["b"] = np.sum(dz, keepdims=True)
    for k in P:
        S[k] = 0.9 * S[k] + 0.1 * G[k] ** 2
        P[k] = P[k] - 0.1 * G[k] / (np.sqrt(S[k]) + 1e-8)
""")


@pytest.mark.parametrize("root", ["np.sqrt({})", "{} ** 0.5", "pow({}, 0.5)"])
def test_what_is_remembered_may_outweigh_a_gradient_that_is_divided_by_its_norm(root: str) -> None:
    assert program(f"""
v = {{"V": 0.0, "W": 0.0, "b": 0.0}}
for step in range(3):
    h = np.tanh(x @ W + b)
    loss = ((h @ V - y) ** 2).mean()
    d = 2 * (h @ V - y) / len(x)
    dz = d @ V.T * (1 - h ** 2)
    grads = {{"V": h.T @ d, "W": x.T @ dz, "b": dz.sum(axis=0)}}
    norm = {root.format("sum(np.sum(g ** 2) for g in grads.values())")}
    for name, p in (("V", V), ("W", W), ("b", b)):
        v[name] = 0.9 * v[name] - 0.1 * grads[name] / norm
        p += v[name]
""").verdict.right


BETWEEN = {
    "decay before": "W *= 1 - 0.1 * 0.01; UPDATE",
    "decay after": "UPDATE; W *= 1 - 0.1 * 0.01",
    "largest norm": "UPDATE; W *= np.minimum(1, 1 / np.linalg.norm(W, axis=0))",
    "limits": "UPDATE; W = np.clip(W, -0.3, 0.3)",
    "limits of some": "UPDATE; W[W > 0.3] = 0.3",
    "rounding": "UPDATE; W = np.round(W, 3)",
    "a mask": "UPDATE; W *= kept",
    "noise": "UPDATE; W += rng.normal(size=W.shape) * 1e-3",
    "limits at once": "W = np.clip(W - 0.1 * x.T @ dz, -0.3, 0.3)",
    "a mask at once": "W = np.where(kept, W - 0.1 * x.T @ dz, W)",
    "a mask and no name between": "W = (W - 0.1 * x.T @ dz) * kept",
    "shrinking in a function": "W = shrunk(W - 0.1 * x.T @ dz)",
    "shrinking": "UPDATE; W = np.sign(W) * np.maximum(np.abs(W) - 1e-3, 0)",
}


@pytest.mark.parametrize("change", BETWEEN.values(), ids=BETWEEN)
def test_weights_may_be_changed_between_updates(change: str) -> None:
    verdict = program(f"""
kept = rng.random((3, 2)) > 0.3
def shrunk(w):
    return np.sign(w) * np.maximum(np.abs(w) - 1e-3, 0)
for step in range(4):
    h = np.tanh(x @ W + b)
    loss = ((h @ V - y) ** 2).mean()
    d = 2 * (h @ V - y) / y.size
    dz = d @ V.T * (1 - h ** 2)
    V -= 0.1 * h.T @ d
    b -= 0.1 * dz.sum(axis=0)
    {change.replace("UPDATE", "W -= 0.1 * x.T @ dz")}
""").verdict
    assert verdict.right
    assert {parameter.name for parameter in verdict.step.parameters} == {"W", "V", "b"}


MEANT = {
    "centred": "dW -= dW.mean(axis=0); UPDATE",
    "without its part along the weights": "dW = dW - (dW * W).sum() * W; UPDATE",
    "a mask": "dW *= kept; UPDATE",
    "a mask of the weights": "dW = dW * (np.abs(W) > 0.1); UPDATE",
    "rates of single numbers": "dW = rates * dW; UPDATE",
    "zeros in a part": "dW[0] = 0; UPDATE",
    "whole steps": "dW = np.round(dW, 2); UPDATE",
    "the former gradient": "last, dW = dW, dW + 0.5 * (dW - (last if step else dW)); UPDATE",
    "noise": "dW += 0.01 * rng.normal(size=dW.shape); UPDATE",
    "L1 and L2": "dW += 0.02 * np.sign(W) + 0.03 * W; UPDATE",
    "the way that weights have gone": "old, (W, *_) = W, [W - 0.1 * dW + 0.9 * (W - old)]",
    "slow weights": (
        "UPDATE\n    if step % 2:\n        slow += 0.5 * (W - slow)\n        W = slow.copy()"
    ),
}


@pytest.mark.parametrize("change", MEANT.values(), ids=MEANT)
def test_right_gradients_may_be_changed_before_an_update(change: str) -> None:
    assert_judged(f"""
kept, rates = rng.random((3, 2)) > 0.3, rng.random((3, 2))
old, slow = W.copy(), W.copy()
for step in range(4):
    h = np.tanh(x @ W)
    loss = ((h @ V - y) ** 2).mean()
    d = 2 * (h @ V - y) / y.size
    dz = d @ V.T * (1 - h ** 2)  #! dz = d @ V.T * (1 - h)
    dW = x.T @ dz
    V -= 0.1 * h.T @ d
    {change.replace("UPDATE", "W = W - 0.1 * dW")}
""")


def test_biases_that_begin_as_0_go_on_the_way_that_they_have_gone() -> None:
    assert_judged("""
P = {"W": W, "b": b}
old = {k: p.copy() for k, p in P.items()}
for step in range(3):
    e = np.tanh(x @ P["W"] + P["b"]) - y
    loss = (e ** 2).mean()
    d = 2 * e / y.size * (1 - (e + y) ** 2)  #! d = 2 * e / y.size * (1 - e - y)
    grads = {"W": x.T @ d, "b": d.sum(axis=0)}
    for k in P:
        move = 0.8 * (P[k] - old[k]) - 0.1 * grads[k]
        old[k] = P[k].copy()
        P[k] += move
""")


def test_a_single_number_is_clipped_by_its_norm() -> None:
    assert program("""
c, v = np.zeros((1, 1)), V[:, :1]
for step in range(4):
    h = np.tanh(x @ W)
    loss = ((h @ v + c - y[:, :1]) ** 2).mean()
    d = 2 * (h @ v + c - y[:, :1]) / len(x)
    for p, g in ((v, h.T @ d), (c, d.sum(axis=0)[None]), (W, x.T @ (d @ v.T * (1 - h ** 2)))):
        p -= 0.1 * g * min(1.0, 0.1 / np.linalg.norm(g))
""").verdict.right


MEMORIES = {
    "squares that are added up": "m[k] = m.get(k, np.zeros_like(p)) + g * g; p -= g / m[k] ** 0.5",
    "averages that begin as 0": (
        "a[k] += 0.1 * (g - a[k]); q[k] += 0.01 * (g * g - q[k]); p -= a[k] / np.sqrt(q[k] + 1e-8)"
    ),
}


@pytest.mark.parametrize("update", MEMORIES.values(), ids=MEMORIES)
def test_what_is_remembered_is_no_parameter(update: str) -> None:
    verdict = program(f"""
m, a, q = {{}}, [0, 0], [0, 0]
for step in range(4):
    h = np.tanh(x @ W)
    loss = ((h @ V - y) ** 2).mean()
    d = 2 * (h @ V - y) / y.size
    grads = h.T @ d, x.T @ (d @ V.T * (1 - h ** 2))
    for k, (p, g) in enumerate(zip((V, W), grads)):
        {update}
""").verdict
    assert verdict.right
    assert {parameter.name for parameter in verdict.step.parameters} == {"W", "V"}


def test_the_first_training_of_several_is_judged() -> None:
    verdict = program("""
def train(rate):
    w, v = rng.normal(size=(3, 2)), rng.normal(size=(2, 2))
    for step in range(2):
        h = np.tanh(x @ w)
        loss = ((h @ v - y) ** 2).mean()
        d = 2 * (h @ v - y) / y.size
        w, v = w - rate * x.T @ (d @ v.T * (1 - h ** 2)), v - rate * h.T @ d
    return loss
print(min((train(rate), rate) for rate in (0.1, 0.2, 0.3)))
""").verdict
    assert verdict.right
    assert {parameter.name for parameter in verdict.step.parameters} == {"w", "v"}


def test_what_objects_remember_from_their_first_call_on_is_no_parameter() -> None:
    verdict = program("""
class Squares:
    seen = None
    def change(self, p, g):
        if self.seen is None:
            self.seen = np.zeros(p.shape)
        self.seen += g ** 2
        return p - 0.1 * g / np.sqrt(self.seen + 1e-8)
of_W, of_b = Squares(), Squares()
for step in range(4):
    d = x @ W + b - y
    W = of_W.change(W, x.T @ d)
    b = of_b.change(b, d.sum(0))
""").verdict
    assert verdict.right
    assert {parameter.name for parameter in verdict.step.parameters} == {"W", "b"}


def test_a_last_sum_that_begins_as_a_bias_is_no_update() -> None:
    verdict = program("""
class Unit:
    def __init__(self, bias, before):
        self.bias, self.before = bias, before
    def forward(self):
        self.value = self.bias
        for unit in self.before:
            self.value += unit.value * weights[unit, self]
    def squash(self):
        self.value = 1.0 / (1.0 + np.exp(-self.value))
first = Unit(0.0, [])
inner = Unit(0.3, [first])
last = Unit(-0.2, [inner])
weights = {(first, inner): 0.4, (inner, last): -0.6}
for first.value, t in [(0.0, 1.0), (1.0, 0.0), (1.0, 1.0)]:
    for unit in inner, last:
        unit.forward()
        unit.squash()
    e = (t - last.value) * last.value * (1.0 - last.value)
    d = e * weights[inner, last] * inner.value * (1.0 - inner.value)
    weights[first, inner] += d * first.value * 0.5
    weights[inner, last] += e * inner.value * 0.5
    inner.bias += d * 0.5
    last.bias += e * 0.5
inner.forward()
""").verdict
    assert verdict.right
    assert len(verdict.step.parameters) == 4


def test_a_memory_is_what_a_step_reads_itself() -> None:
    assert_judged("""
m = np.zeros_like(W)
for step in range(3):
    d = x @ W - y
    g = x.T @ d + 0.01 * W  #! g = x.T @ (d * d) + 0.01 * W
    m = 0.9 * m + g
    W = W - 0.1 * m
""")
