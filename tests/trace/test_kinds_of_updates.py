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
    "minus the whole": "V = V - 0.1 * dV  #! V = -(V - 0.1 * dV)",
    "the change alone, of a vector": "b = b.T - 0.1 * db  #! b = 0.1 * db",
    "one number of a matrix climbs": (
        "V[0][0] = V[0][0] - 0.1 * dV[0][0]  #! V[0][0] = V[0][0] + 0.1 * dV[0][0]\n"
        "    V[0][1] = V[0][1] - 0.1 * dV[0][1]\n"
        "    V[1][0] = V[1][0] - 0.1 * dV[1][0]\n"
        "    V[1][1] = V[1][1] - 0.1 * dV[1][1]"
    ),
}
KINDS = {
    "a rate is forgotten where the gradient is divided by a number": STEP
    + """
    dV, dW = h.T @ (d * len(x)) / len(x), x.T @ dz
    V -= 0.1 * dV  #! V -= dV
    W -= 0.1 * dW
""",
    "one gradient has the wrong sign, and every update its rate": STEP
    + """
    dV, dW = h.T @ d, x.T @ dz
    db = dz.sum(axis=0)  #! db = -dz.sum(axis=0)
    V -= 0.1 * dV
    W -= 0.1 * dW
    b -= 0.1 * db
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
KINDS |= {
    name: STEP + GRADIENTS + f"    {update}\n    W -= 0.1 * dW\n"
    for name, update in UPDATES.items()
}


@pytest.mark.parametrize("text", KINDS.values(), ids=KINDS)
def test_a_program_is_judged(text: str) -> None:
    assert_judged(text)
