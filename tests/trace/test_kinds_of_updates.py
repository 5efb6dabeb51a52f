"""Updates, signs and factors as people get them wrong, and updates that look odd and are right."""

import pytest

from tests.trace.kinds import assert_judged, program, slipped

NET = """
for step in range(1, 4):
    h = np.tanh(x @ W + b)
    loss = ((h @ V - y) ** 2).mean()
    d = 2 * (h @ V - y) / y.size
    dh = d @ V.T
    dz = dh * (1 - h ** 2)
    dV = h.T @ d
    dW = x.T @ dz
    db = dz.sum(axis=0)
"""
PLAIN = f"""{NET}
    V = V - 0.1 * dV
    W = W - 0.1 * dW
    b = b - 0.1 * db
"""
ADAM = f"""m, v = [0.0] * 3, [0.0] * 3{NET}
    for k, (p, g) in enumerate(((V, dV), (W, dW), (b, db))):
        m[k] = 0.9 * m[k] + 0.1 * g
        v[k] = 0.99 * v[k] + 0.01 * g ** 2
        p -= 0.1 * (m[k] / (1 - 0.9 ** step)) / (np.sqrt(v[k] / (1 - 0.99 ** step)) + 1e-8)
"""
MOMENTUM = f"""moves = [np.zeros_like(p) for p in (V, W, b)]{NET}
    for p, v, g in zip((V, W, b), moves, (dV, dW, db)):
        v *= 0.9
        v -= 0.1 * g
        p += v
"""
MEMORY = "b = b + 0.05\nm = np.zeros_like(V)" + PLAIN.replace(
    "V = V - 0.1 * dV", "m = 0.9 * m + dV\n    V -= 0.1 * m"
)
NESTEROV = "m = np.zeros_like(V)" + PLAIN.replace(
    "V = V - 0.1 * dV",
    "former = m\n    m = 0.9 * m - 0.1 * dV\n    V = V - 0.9 * former + 1.9 * m",
)
LIMITED = PLAIN.replace(
    "    V = V",
    "    dV = np.where(np.abs(dV) > 0.1, 0.1 * np.sign(dV), dV)\n"
    "    dW[dW > 0.05] = 0.05\n    dW[dW < -0.05] = -0.05\n    V = V",
)
RMSPROP = f"""v = dict(){NET}
    for name, array, g in ("W", W, dW), ("V", V, dV):
        v[name] = 0.9 * v.get(name, 0) + 0.1 * g ** 2
        array[:] -= 0.01 * g / (np.sqrt(v[name]) + 1e-8)
"""
SIGNS = NET + "    V -= 0.1 * np.sign(dV)\n    W -= 0.1 * np.sign(dW)\n"
CLIPPED = NET + "    for p, g in ((W, dW), (V, dV)):\n        p -= 0.01 * np.clip(g, -0.2, 0.2)\n"
NUMBER_BY_NUMBER = PLAIN.replace(
    "V = V - 0.1 * dV",
    "\n    ".join(f"V[{i}][{j}] = V[{i}][{j}] - 0.1 * dV[{i}][{j}]" for i in "01" for j in "01"),
)
ADDED = """
for step in range(3):
    h = np.tanh(x @ W)
    d = (y - h @ V) / 6
    error = d @ V.T
    delta = error * (1 - h ** 2)
    V += 0.1 * h.T @ d
    W += 0.1 * x.T @ delta
"""
RATE = "V = V - 0.1 * dV"
EDITS = {
    "not right transposed": (PLAIN, "dV = h.T @ d", "dV = d.T @ h"),
    "two slips": (
        *(PLAIN, "dz = dh * (1 - h ** 2)", "dz = dh * (1 + h ** 2)"),
        *("db = dz.sum(axis=0)", "db = dz.mean(axis=0)"),
    ),
    "an error for the delta": (PLAIN, "dW = x.T @ dz", "dW = x.T @ dh"),
    "twice as much for most": (PLAIN.replace("0.1", "0.5"), "dh = d @ V.T", "dh = 2 * d @ V.T"),
    "the other sign for most, behind Adam": (ADAM, "dh = d @ V.T", "dh = -d @ V.T"),
    "the other sign before a momentum": (MOMENTUM, "db = dz.sum(axis=0)", "db = -dz.sum(axis=0)"),
    "a memory that takes no gradient in": (MEMORY, "m = 0.9 * m + dV", "m = 0.9 * m + m"),
    "a former velocity is taken away": (NESTEROV, "dV = h.T @ d", "dV = h.T @ (d * d)"),
    "a parameter is overwritten by its momentum": (MEMORY, "V -= 0.1 * m", "V = 0.1 * m"),
    "gradients that are limited": (LIMITED, "dW = x.T @ dz", "dW = x.T @ dh"),
    "gradients of which a part is clipped": (CLIPPED, "dW = x.T @ dz", "dW = x.T @ dh"),
    "a mean under an optimizer that takes any size": (SIGNS, "dV = h.T @ d", "dV = h.T @ d / 6"),
    "an optimizer overwrites": (
        *(RMSPROP, "array[:] -= 0.01 * g / (np.sqrt(v[name]) + 1e-8)"),
        "array[:] = 0.01 * g / np.sqrt(v[name])",
    ),
    "an optimizer climbs": (
        *(RMSPROP, "array[:] -= 0.01 * g / (np.sqrt(v[name]) + 1e-8)"),
        "array[:] += 0.01 * g / np.sqrt(v[name])",
    ),
    "the wrong sign within": (PLAIN, "b = b - 0.1 * db", "b = b - 0.1 * -db"),
    "a rate is forgotten": (PLAIN, RATE, "V = V - dV"),
    "a gradient is squared": (PLAIN, RATE, "V = V - 0.1 * dV * dV"),
    "an old value is taken away": (
        *(PLAIN, "W = W - 0.1 * dW", "W = 1 - W - 0.1 * dW"),
        *("b = b - 0.1 * db", "b = 0.1 * db - b"),
    ),
    "minus the parameter": (PLAIN, RATE, "V = -V - 0.1 * dV"),
    "a square of the parameter": (PLAIN, RATE, "V = V ** 2 - 0.1 * dV"),
    "the change alone, of a vector": (
        PLAIN.replace("b = b - 0.1", "b = b.T - 0.1"),
        *("b = b.T - 0.1 * db", "b = 0.1 * db"),
    ),
    "the change less one number": (
        *(NUMBER_BY_NUMBER, "V[0][0] = V[0][0] - 0.1 * dV[0][0]"),
        "V[0][0] = 0.1 * dV[0][0] - V[0][0]",
    ),
    "minus one number and its change": (
        *(NUMBER_BY_NUMBER, "V[1][1] = V[1][1] - 0.1 * dV[1][1]"),
        "V[1][1] = -(V[1][1] - 0.1 * dV[1][1])",
    ),
    "an error that is added, for the delta": (
        *(ADDED, "W += 0.1 * x.T @ delta", "W += 0.1 * x.T @ error"),
    ),
    "a sign too many behind an error that is added": (
        *(ADDED, "delta = error * (1 - h ** 2)", "delta = -error * (1 - h ** 2)"),
    ),
}
for old in ("2 * w", "w ** 2", "-w"):
    EDITS[f"{old} for the one parameter there is"] = (
        """
w = b + 0.5
for step in range(3):
    e = x[:, :2] @ w - y[:, 0]
    loss = e @ e / 12
    grad = x[:, :2].T @ e / 6
    w = w - 0.1 * grad
""",
        *("w = w - 0.1 * grad", f"w = {old} - 0.1 * grad"),
    )
KINDS = {name: slipped(*edits) for name, edits in EDITS.items()} | {
    "a bias that is one number gets the gradients of all samples": """
w, c = x[0].copy(), 0.0
for step in range(2):
    e = x @ w + c - y[:, 0]
    loss = (e ** 2).mean()
    dw = 2 * e @ x / len(x)
    dc = 2 * e.mean()  #! dc = 2 * e
    w -= 0.1 * dw
    c -= 0.1 * dc
""",
    "Adam for a bias that has no gradient, before a batch norm": """
mW, vW, mb, vb = (np.zeros_like(p) for p in (W, W, b, b))
for t in range(1, 3):
    z = x @ W + b
    xh = (z - z.mean(0)) / z.std(0)
    loss = ((xh - y) ** 2).mean()
    dx = 2 * (xh - y) / y.size
    dz = (dx - dx.mean(0) - xh * (dx * xh).mean(0)) / z.std(0)
    dW = x.T @ dz  #! dW = x.T @ dx
    db = dz.sum(0)
    mW, vW = 0.9 * mW + 0.1 * dW, 0.999 * vW + 0.001 * dW**2
    mb, vb = 0.9 * mb + 0.1 * db, 0.999 * vb + 0.001 * db**2
    W -= 0.01 * mW / (1 - 0.9**t) / (np.sqrt(vW / (1 - 0.999**t)) + 1e-8)
    b -= 0.01 * mb / (1 - 0.9**t) / (np.sqrt(vb / (1 - 0.999**t)) + 1e-8)
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
    "a decay of all but the biases, at a rate that is computed": """
T = rng.normal(size=(2, 4))
for step in range(3):
    a = np.hstack([np.ones((len(x), 1)), x])
    h = 1 / (1 + np.exp(-a @ T.T))
    d = (h - (y > 0)) * h * (1 - h)  #! d = (h - (y > 0)) * h
    g = d.T @ a / len(x)
    g[:, 1:] += 1 / len(x) * T[:, 1:]
    T -= 0.5 * g
""",
    "a decay that the loss has not, and no gradient that is right": """
for step in range(3):
    h = np.tanh(x @ W)
    loss = ((h @ V - y) ** 2).sum()
    d = (h @ V - y) * 2  #! d = (h @ V - y) * 2 * h
    dV = h.T @ d
    dW = x.T @ (d @ V.T * (1 - h ** 2))
    dV += 0.1 * V
    dW += 0.1 * W
    V -= 0.1 * dV
    W -= 0.1 * dW
""",
    "a decay of weights alone, of which no gradient is right": """
c = 0.0
for step in range(2):
    e = x @ W[:, 0] + c - y[:, 0]
    loss = (e ** 2).mean()
    dW = 2 * x.T @ e / len(e)  #! dW = 2 * x.T @ np.abs(e) / len(e)
    dW += 0.1 * W[:, 0]
    W[:, 0] -= 0.1 * dW
    c -= 0.1 * 2 * e.mean()
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
    "most gradients are too large by what is no number of samples": """
for step in range(2):
    h = np.tanh(x @ W + b)
    mean = h.reshape(2, 3, 2).mean(axis=1)
    loss = ((mean @ V - y[:2]) ** 2).sum()
    d = 2 * (mean @ V - y[:2])
    dh = np.repeat(d @ V.T, 3, axis=0) / 3  #! dh = np.repeat(d @ V.T, 3, axis=0)
    dz = dh * (1 - h ** 2)
    V -= 0.1 * mean.T @ d
    W -= 0.1 * x.T @ dz
    b -= 0.1 * dz.sum(axis=0)
""",
    "a number and what scales weights as they begin": """
M, w, c = W @ V.T, rng.normal(size=(2, 1)) * np.sqrt(1.0 / 2), np.zeros((1, 1))
t = (y[:, :1] > 0) * 1.0
for step in range(2):
    h = np.tanh(x @ M)
    p = 1 / (1 + np.exp(-(h @ w + c)))
    loss = -np.mean(t * np.log(p) + (1 - t) * np.log(1 - p))
    dp = (-t / p + (1 - t) / (1 - p)) / 6
    d = dp * p * (1 - p)  #! d = dp * p
    dz = d @ w.T * (1 - h ** 2)
    M -= 0.1 * x.T @ dz
    w -= 0.1 * h.T @ d
    c -= 0.1 * d.sum(axis=0, keepdims=True)
""",
    "a mean that is not taken, before a decay that is": """
t = np.eye(2)[[0, 1, 1, 0, 1, 0]]
v, u = np.zeros_like(W), np.zeros_like(b)
for step in range(2):
    p = np.exp(x @ W + b)
    p /= p.sum(axis=1, keepdims=True)
    loss = -np.sum(t * np.log(p)) / 6 + 0.05 * (W ** 2).sum()
    d = (p - t) / 6  #! d = p - t
    dW, db = x.T @ d + 0.1 * W, d.sum(axis=0)
    v = 0.9 * v - 0.3 * dW
    u = 0.9 * u - 0.3 * db
    W += v
    b += u
""",
    "rows that get the gradient of their sum": """
E = rng.normal(size=(5, 3))
for words, row in (([0, 1, 3], 0), ([2, 3, 4], 1)):
    h = sum(E[word] for word in words) / 3
    loss = ((h @ W - y[row]) ** 2).sum()
    d = 2 * (h @ W - y[row])
    dW = np.outer(h, d)
    dh = W @ d
    W -= 0.1 * dW
    for word in words:
        E[word] -= 0.1 * dh / 3  #! E[word] -= 0.1 * dh
""",
    "slopes of the output go back through weights that are updated already": """
U = rng.normal(size=(2, 1))
for step in range(3):
    a = np.tanh(x @ W)
    h = np.tanh(a @ V)
    e = h @ U - y[:, :1]
    loss = (e ** 2).mean()
    old, older = U, V
    ones, d = np.ones_like(e), e / 3
    U = U - 0.1 * h.T @ d
    slope = (ones @ old.T) * (1 - h ** 2)  #! slope = (ones @ U.T) * (1 - h ** 2)
    V = V - 0.1 * a.T @ (d * slope)
    slope = (slope @ older.T) * (1 - a ** 2)  #! slope = (slope @ V.T) * (1 - a ** 2)
    W = W - 0.1 * x.T @ (d * slope)
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
    "weights in a dict by numbers of numpy": """
w = {key: 0.1 for key in np.arange(3)}
for row, (t, _) in zip(x, y):
    error = sum(w[key] * row[key] for key in w) - t
    for key in w:
        w[key] -= 0.1 * error * row[key]  #! w[key] -= 0.1 * error * w[key]
""",
}


@pytest.mark.parametrize("text", KINDS.values(), ids=KINDS)
def test_a_program_is_judged(text: str) -> None:
    assert_judged(text)


def test_a_parameter_may_begin_with_whole_numbers_and_be_multiplied_with_such() -> None:
    assert_judged("""
X, Y = np.array([[0, 1], [1, 1], [1, 0]]), np.array([[1], [0], [1]])
U = np.array([[-1], [2]])
for step in range(2):
    out = 1 / (1 + np.exp(-(X @ U)))
    loss = ((out - Y) ** 2).sum() / 2
    d = (out - Y) * out * (1 - out)
    dU = X.T @ d  #! dU = X.T @ (out - Y)
    U = U - 0.5 * dU
""")


def test_a_parameter_may_be_kept_by_a_number_that_is_1() -> None:
    assert_judged("""
keep = 1
for step in range(2):
    h = np.tanh(x @ W)
    error = y - h @ V
    back = error @ V.T * (1 - h ** 2)
    V = (V * keep) + (0.1 * (h.T @ error))
    W = (W * keep) + (0.1 * (x.T @ back))  #! W = (W * keep) + (0.1 * (x.T @ (back * h)))
""")


VELOCITY = "m = 0.9 * m - 0.3 * dV\n    V += "
UPDATES = ("V -= 2 * (0.1 * dV)", "V -= 0.5 * (0.1 * dV)", VELOCITY + "m", VELOCITY + "1.9 * m")


@pytest.mark.parametrize("update", UPDATES)
def test_a_right_gradient_may_have_a_rate_of_its_own(update: str) -> None:
    found = program("m = np.zeros_like(V)" + PLAIN.replace(RATE, update))
    assert found.verdict.right
    assert not found.first_wrong


def test_one_optimizer_is_given_one_factor() -> None:
    text = """
for step in range(2):
    h = np.tanh(x @ W + b)
    loss = ((h @ V - y) ** 2).sum()
    d = 2 * (h @ V - y)
    dh = d @ V.T * (1 - h ** 2)
    grads = [x.T @ dh, dh.mean(0), h.T @ d]
    norm = np.sqrt(sum((g ** 2).sum() for g in grads))
    for p, g in zip((W, b, V), grads):
        p -= 0.1 * min(1.0, 1.0 / norm) * g
"""
    assert not program(text).verdict.right
    text = text.replace("dh.mean(0)", "dh.sum(0)")
    assert program(text).verdict.right


def test_what_is_right_is_told_at_the_rate_of_the_parameter() -> None:
    rates = PLAIN.replace("W - 0.1", "W - 0.5").replace("b - 0.1", "b - 0.5")
    found = program(rates.replace("1 - h ** 2", "1 - h"))
    assert "(1 - h ** 2)" in found.mended()


@pytest.mark.parametrize(
    ("rows", "index", "text"),
    [
        (True, "words", "U[words]"),
        (False, "np.s_[:, words]", "U[:, words]"),
    ],
)
def test_a_word_that_is_drawn_twice_gets_both_shares(rows: bool, index: str, text: str) -> None:
    d = "s[:, None] * h" if rows else "s * h[:, None]"
    scores, dh = (f"{text} @ h", f"s @ {text}") if rows else (f"h @ {text}", f"{text} @ s")
    mended = f"np.subtract.at(U, {index}, 0.1 * d)"
    assert_judged(f"""
U = rng.normal(size={(8, 2) if rows else (2, 8)})
for step in range(2):
    words = [5, 5, 7]
    h = x[0] @ W
    s = 1 / (1 + np.exp(-({scores})))
    loss = -np.sum(np.log(1 - s))
    d = {d}
    dh = {dh}
    {mended}  #! {text} -= 0.1 * d
    W -= 0.1 * np.outer(x[0], dh)
""")
