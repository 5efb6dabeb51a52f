"""Updates and signs as people get them wrong, and updates that look odd and are right."""

import pytest

from tests.trace.kinds import assert_judged

STEP = """
for step in range(3):
    h = np.tanh(x @ W + b)
    loss = ((h @ V - y) ** 2).mean()
    d = 2 * (h @ V - y) / y.size
    dz = d @ V.T * (1 - h ** 2)
"""
GRADIENTS = "    dV, dW, db = h.T @ d, x.T @ dz, dz.sum(axis=0)\n"
UPDATES = {
    "minus the parameter": "V = V - 0.1 * dV  #! V = -V - 0.1 * dV",
    "the gradient less the parameter": "V = V - 0.1 * dV  #! V = dV - 0.1 * V",
    "the change less the parameter, in place": (
        "np.subtract(V, 0.1 * dV, out=V)  #! np.subtract(0.1 * dV, V, out=V)"
    ),
    "a square of the parameter": "V = V - 0.1 * dV  #! V = V ** 2 - 0.1 * dV",
    "minus the whole": "V = V - 0.1 * dV  #! V = -(V - 0.1 * dV)",
    "the change alone, of a vector": "b = b.T - 0.1 * db  #! b = 0.1 * db",
}
NUMBERS = [f"V[{i}][{j}] = V[{i}][{j}] - 0.1 * dV[{i}][{j}]" for i in "01" for j in "01"]
"""The update, number by number."""
for k, wrong in (
    (0, "V[0][0] + 0.1 * dV[0][0]"),
    (0, "0.1 * dV[0][0] - V[0][0]"),
    (1, "(1 - V)[0][1] - 0.1 * dV[0][1]"),
    (2, "h[0, 0] - 0.1 * dV[1][0]"),
    (3, "-(V[1][1] - 0.1 * dV[1][1])"),
):
    slipped = f"{NUMBERS[k]}  #! {NUMBERS[k].partition(' = ')[0]} = {wrong}"
    UPDATES[f"one number: {wrong}"] = "\n    ".join([*NUMBERS[:k], slipped, *NUMBERS[k + 1 :]])
KINDS = {
    "a gradient of the other sign for most of what an optimizer updates": """
m, v = [0.0] * 3, [0.0] * 3
for step in range(1, 4):
    h = np.tanh(x @ W + b)
    loss = ((h @ V - y) ** 2).mean()
    d = 2 * (h @ V - y) / y.size
    dz = d @ V.T * (1 - h ** 2)  #! dz = -d @ V.T * (1 - h ** 2)
    for k, (p, g) in enumerate(((V, h.T @ d), (W, x.T @ dz), (b, dz.sum(axis=0)))):
        m[k] = 0.9 * m[k] + 0.1 * g
        v[k] = 0.99 * v[k] + 0.01 * g ** 2
        p -= 0.1 * (m[k] / (1 - 0.9 ** step)) / (np.sqrt(v[k] / (1 - 0.99 ** step)) + 1e-8)
""",
    "the gradient squared": STEP
    + GRADIENTS
    + """
    for p, g in ((V, dV), (W, dW), (b, db)):
        p -= 0.1 * g  #! p -= 0.1 * g * g
""",
    "a memory that takes no gradient in": """
b = b + 0.05
m = np.zeros_like(V)
"""
    + STEP
    + GRADIENTS
    + """
    m = 0.9 * m + dV  #! m = 0.9 * m + m
    V -= 0.1 * m
    W -= 0.1 * dW
    b -= 0.1 * db
""",
    "a rate is forgotten where the gradient is divided by a number": STEP
    + """
    dV, dW = h.T @ (d * len(x)) / len(x), x.T @ dz
    V -= 0.1 * dV  #! V -= dV
    W -= 0.1 * dW
""",
    "a sign too many behind a sigmoid": """
for step in range(2):
    h = 1 / (1 + np.exp(-(x @ W)))
    loss = ((h @ V - y) ** 2).mean()
    d = 2 * (h @ V - y) / y.size
    dz = d @ V.T * h * (1 - h)  #! dz = -(d @ V.T * h * (1 - h))
    V -= 0.1 * h.T @ d
    dW = np.zeros_like(W)
    for unit in range(2):
        dW[:, unit] = x.T @ dz[:, unit]
    W -= 0.1 * dW
""",
    "the error of the other sign, whose square is the loss": """
for step in range(2):
    e = x @ W + b - y  #! e = y - (x @ W + b)
    loss = np.mean(e ** 2)
    gW = 2 * x.T @ e / e.size
    gb = 2 * e.sum(axis=0) / e.size
    W -= 0.1 * gW
    b -= 0.1 * gb
""",
    "a sign that is lost from layer to layer, and the mean taken later": """
ws = [rng.normal(size=(3, 4)), rng.normal(size=(4, 3)), rng.normal(size=(3, 2))]
for step in range(2):
    hs = [x]
    for w in ws:
        hs.append(np.tanh(hs[-1] @ w))
    loss = 0.5 * np.sum((hs[-1] - y) ** 2) / len(x)
    d = hs[-1] - y
    for i in reversed(range(3)):
        d = d * (1 - hs[i + 1] ** 2)
        g = hs[i].T @ d / len(x)
        d = d @ ws[i].T  #! d = -(d @ ws[i].T)
        ws[i] = ws[i] - 0.1 * g
""",
    "a weight decay that stands before the parameter": """
for step in range(3):
    h = np.tanh(x @ W)
    d = h @ V - y
    dV = h.T @ d
    dW = x.T @ (d @ V.T * (1 - h ** 2))  #! dW = x.T @ (d @ V.T * (1 - h))
    V = (1 - 0.1 * 0.02) * V - 0.1 / len(x) * dV
    W = (1 - 0.1 * 0.02) * W - 0.1 / len(x) * dW
""",
    "a momentum that keeps nearly all is no parameter": STEP
    + """
    dV, dW = h.T @ d, x.T @ dz  #! dV, dW = h.T @ d, x.T @ (dz + h)
    u, v = (np.zeros_like(W), np.zeros_like(V)) if step == 0 else (u, v)
    u = 0.99 * u - 0.1 * dW
    v = 0.99 * v - 0.1 * dV
    W, V = W + u, V + v
""",
    "a word that stands twice in a sentence": """
E = rng.normal(size=(5, 3))
for words in ([0, 1, 0, 3], [2, 2, 4]):
    h = E[words].mean(axis=0)
    loss = ((h @ W - y[0]) ** 2).sum()
    d = 2 * (h @ W - y[0])
    dW = np.outer(h, d)
    dh = W @ d  #! dh = W @ (d * d)
    for word in words:
        E[word] -= 0.1 * dh / len(words)
    W -= 0.1 * dW
""",
    "errors that are added up are no parameter": """
c = np.zeros_like(W)
def back(t, p):
    global W, c
    e = t - p
    change = np.outer(row, e * (1 - p ** 2))  #! change = np.outer(row, e * (1 - p))
    W += 0.2 * change + 0.1 * c
    c = change
    return 0.5 * np.sum(e ** 2)
for epoch in range(2):
    error = 0.0
    for row, t in zip(x, y):
        error += back(t, np.tanh(row @ W))
""",
    "rows of an embedding, each after a matrix": """
E = rng.normal(size=(5, 3))
for word, other in [(0, 1), (2, 0), (4, 1), (1, 0)]:
    v = E[word]
    u = v @ W
    p = np.exp(u) / np.exp(u).sum()
    loss = -np.sum([np.log(p[other])])
    e = p.copy()
    e[other] -= 1
    dW = np.outer(v, e)
    dv = W @ e  #! dv = W @ p
    W -= 0.1 * dW
    E[word] -= 0.1 * dv
""",
}
NEURONS = """
data = [([0.3, -1.2], [0.0, 1.0]), ([1.1, 0.4], [1.0, 0.0])]
layers = [[{"w": list(w), "b": 0.1} for w in rng.normal(size=(n, m))] for n, m in [(3, 2), (2, 3)]]
total = 0.0
for inputs, target in data:
    here = inputs
    for layer in layers:
        for one in layer:
            one["out"] = 1 / (1 + np.exp(-(one["b"] + sum(w * v for w, v in zip(one["w"], here)))))
        here = [one["out"] for one in layer]
    total += sum((t - o) ** 2 for t, o in zip(target, here))
    for i in (1, 0):
        for j, one in enumerate(layers[i]):
            if i == 1:
                error = one["out"] - target[j]
            else:
                error = sum(n["w"][j] * n["delta"] for n in layers[1])
            one["delta"] = error * one["out"] * (1 - one["out"])
    here = inputs
    for layer in layers:
        for one in layer:
            for j in range(len(here)):
                one["w"][j] -= 0.5 * one["delta"] * here[j]
            one["b"] -= 0.5 * one["delta"]
        here = [one["out"] for one in layer]
"""
SLIPS = {
    "neurons: the error has the other sign": ('one["out"] - target[j]', 'target[j] - one["out"]'),
    "neurons: another's target": ("target[j]", "target[j - 1]"),
    "neurons: a quotient is added up": ('n["w"][j] * n["delta"]', 'n["w"][j] / n["delta"]'),
    "neurons: weights climb, biases do not": ('["w"][j] -= 0.5', '["w"][j] += 0.5'),
    "neurons: deltas have the wrong sign": ('error * one["out"]', '-error * one["out"]'),
    "neurons: a rate is forgotten": ('["b"] -= 0.5 * one', '["b"] -= one'),
}


def _slip(right: str, wrong: str) -> str:
    """Return the neurons with a slip in the line that has ``right`` in it."""
    rows = [f"{r}  #! {r.strip().replace(right, wrong)}" if right in r else r for r in ROWS]
    return "\n".join(rows) + "\n"


ROWS = NEURONS.splitlines()
KINDS |= {name: _slip(*slip) for name, slip in SLIPS.items()}
KINDS |= {
    "gradients that are limited where they are large": f"""{STEP}
    dV, dW = h.T @ d, x.T @ dz  #! dV, dW = h.T @ d, x.T @ (d @ V.T)
    dV = np.where(np.abs(dV) > 0.1, 0.1 * np.sign(dV), dV)
    dW[dW > 0.05] = 0.05
    dW[dW < -0.05] = -0.05
    V, W = V - 0.1 * dV, W - 0.1 * dW
""",
    "weights in a dict by numbers of numpy": """
w = {key: 0.1 for key in np.arange(3)}
for row, (t, _) in zip(x, y):
    error = sum(w[key] * row[key] for key in w) - t
    for key in w:
        w[key] -= 0.1 * error * row[key]  #! w[key] -= 0.1 * error * w[key]
""",
    "a slope that is a gradient inside the sigmoid": """
def sigmoid(z):
    return 1 / (1 + np.exp(-z))
for step in range(2):
    z = x @ W
    h = sigmoid(z)
    loss = ((h @ V - y) ** 2).mean()
    d = 2 * (h @ V - y) / y.size
    dz = d @ V.T * sigmoid(z) * (1 - sigmoid(z))  #! dz = d @ V.T * sigmoid(z) * (0 - sigmoid(z))
    V -= 0.1 * h.T @ d
    W -= 0.1 * x.T @ dz
""",
    "a gradient of the last moment alone, which is then clipped": """
U = rng.normal(size=(2, 2))
for step in range(2):
    hs, loss = [np.zeros(2)], 0.0
    for row in x:
        hs.append(np.tanh(row @ W + hs[-1] @ U))
    outs = [h @ V for h in hs[1:]]
    loss = sum(np.sum((o - t) ** 2) for o, t in zip(outs, y))
    g = {"W": np.zeros_like(W), "U": np.zeros_like(U), "V": np.zeros_like(V)}
    later = np.zeros(2)
    for i in reversed(range(6)):
        d = 2 * (outs[i] - y[i])
        g["V"] += np.outer(hs[i + 1], d)  #! g["V"] = np.outer(hs[i + 1], d)
        dz = (V @ d + later) * (1 - hs[i + 1] ** 2)
        g["W"] += np.outer(x[i], dz)
        g["U"] += np.outer(hs[i], dz)
        later = U @ dz
    for name, array in ("W", W), ("U", U), ("V", V):
        np.clip(g[name], -50, 50, out=g[name])
        array -= 0.01 * g[name]
""",
    "the gradient of a bias has the wrong sign before a momentum": STEP
    + """
    dV, dW = h.T @ d, x.T @ dz
    db = dz.sum(axis=0)  #! db = -dz.sum(axis=0)
    moves = moves if step else [np.zeros_like(p) for p in (V, W, b)]
    for p, v, g in zip((V, W, b), moves, (dV, dW, db)):
        v *= 0.9
        v -= 0.1 * g
        p += v
""",
    "a decay without its rate, in a step that is made once": """
reg = 0.1
def gradients(V, W):
    h = np.tanh(x @ W)
    loss = np.mean((h @ V - y) ** 2) + 0.5 * reg * (np.sum(V ** 2) + np.sum(W ** 2))
    d = 2 * (h @ V - y) / y.size
    dV = h.T @ d + reg * V  #! dV = h.T @ d + V
    dW = x.T @ (d @ V.T * (1 - h ** 2)) + reg * W
    return loss, dV, dW
loss, dV, dW = gradients(V, W)
V -= 0.1 * dV
W -= 0.1 * dW
""",
    "all of a list are overwritten by their changes": """
ws = [W, V]
for step in range(3):
    hs = [x]
    for w in ws:
        hs.append(np.tanh(hs[-1] @ w))
    loss = ((hs[-1] - y) ** 2).mean()
    d = 2 * (hs[-1] - y) / y.size
    grads = [None, None]
    for i in (1, 0):
        d = d * (1 - hs[i + 1] ** 2)
        grads[i] = hs[i].T @ d
        d = d @ ws[i].T
    for i in range(2):
        ws[i] = ws[i] - 0.1 * grads[i]  #! ws[i] = -0.1 * grads[i]
""",
    "a sign too many behind an error that is added": """
for row, t in zip(x, y):
    h = 1 / (1 + np.exp(-(row @ W + b)))
    err = t - h
    d = err * h * (1 - h)  #! d = -err * h * (1 - h)
    W += 0.1 * np.outer(row, d)
    b += 0.1 * d
""",
    "a list that is repeated has the numbers of the list": """
w, given = [0.1] * 6, [0.5, -1.0, 0.3]
for step in range(3):
    p = sum(w[j] * (2 * given)[j] for j in range(6))
    loss = 0.5 * (p - 1.0) ** 2
    for j in range(6):
        w[j] -= 0.1 * (p - 1.0) * (2 * given)[j]  #! w[j] -= 0.1 * (p - 1.0) * (2 * given)[j - 1]
""",
    "the last of a list is overwritten by its change": """
v = [0.3, -0.2, 0.1]
for a, c in [(0.5, 1.0), (-0.7, 0.0), (0.2, 0.4)]:
    p = np.tanh(v[0] * a + v[1] * a * a + v[-1])
    loss = (p - c) ** 2
    d = 2 * (p - c) * (1 - p ** 2)
    v[0] -= 0.1 * d * a
    v[1] -= 0.1 * d * a * a
    v[-1] -= 0.1 * d  #! v[-1] = 0.1 * d
""",
    "the first gradient has the wrong sign, and the error gives the loss": """
rate = np.float64(0.1)
for step in range(2):
    h = np.tanh(x @ W)
    e = h @ V - y
    loss = np.mean(e ** 2)
    d = 2 * e / e.size  #! d = -2 * e / e.size
    dV = h.T @ d
    dW = x.T @ (d @ V.T * (1 - h ** 2))
    V -= rate * dV
    W -= rate * dW
""",
    "a mean is not taken in one of two branches": """
U = rng.normal(size=(2, 1))
for step in range(2):
    h = np.tanh(x @ W)
    one, two = h @ V, h @ U
    loss = ((one - y) ** 2).sum() / len(x) + ((two - y[:, :1]) ** 2).sum() / len(x)
    d = 2 * (one - y) / len(x)  #! d = 2 * (one - y)
    e = 2 * (two - y[:, :1]) / len(x)
    dV = h.T @ d
    dU = h.T @ e
    dh = d @ V.T + e @ U.T
    dW = x.T @ (dh * (1 - h ** 2))
    V -= 0.1 * dV
    U -= 0.1 * dU
    W -= 0.1 * dW
""",
    "a value is used twice in a product, and the line is wrong": """
mask = (rng.random((6, 2)) < 0.8) / 0.8
for step in range(2):
    h = 1 / (1 + np.exp(-(x @ W))) * mask
    loss = ((h @ V - y) ** 2).mean()
    d = 2 * (h @ V - y) / y.size
    raw = np.divide(h, mask, out=np.zeros_like(mask), where=mask > 0)
    dz = (d @ V.T) * mask * raw * (1 - raw)  #! dz = (d @ V.T) * mask * raw * (2 - raw)
    dV = h.T @ d
    V -= 0.1 * dV
    W -= 0.1 * x.T @ dz
""",
    "a function of the forward pass is given the gradient": """
def sigmoid(z):
    s = 1 / (1 + np.exp(-z))
    return s
def back(g, z):
    s = sigmoid(z)
    return g * s * (1 - s)  #! return g * sigmoid(g) * (1 - sigmoid(g))
for step in range(2):
    z = x @ W
    h = sigmoid(z)
    loss = ((h @ V - y) ** 2).mean()
    d = 2 * (h @ V - y) / y.size
    dz = back(d @ V.T, z)
    V -= 0.1 * h.T @ d
    W -= 0.1 * x.T @ dz
""",
}
for name, old in {"twice": "2 * w", "a square of": "w ** 2", "minus": "-w"}.items():
    KINDS[f"{name} the one parameter there is"] = f"""
w = b + 0.5
for step in range(3):
    e = x[:, :2] @ w - y[:, 0]
    loss = e @ e / 12
    grad = x[:, :2].T @ e / 6
    w = w - 0.1 * grad  #! w = {old} - 0.1 * grad
"""
KINDS |= {
    name: STEP + GRADIENTS + f"    {update}\n    W -= 0.1 * dW\n"
    for name, update in UPDATES.items()
}


@pytest.mark.parametrize("text", KINDS.values(), ids=KINDS)
def test_a_program_is_judged(text: str) -> None:
    assert_judged(text)
