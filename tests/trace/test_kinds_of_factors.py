"""Factors and signs that most gradients, or the updates of some, have wrong."""

import pytest

from tests.trace.kinds import assert_judged, program

STEP = """
for step in range(1, 3):
    h = np.tanh(x @ W + b)
    loss = ((h @ V - y) ** 2).mean()
    d = 2 * (h @ V - y) / y.size
    dh = d @ V.T  #! dh = 2 * d @ V.T
    dz = dh * (1 - h ** 2)
    dV, dW, db = h.T @ d, x.T @ dz, dz.sum(axis=0)
"""
PLAIN = STEP.replace("  #! dh = 2 * d @ V.T", "")
KINDS = {
    "twice as much for most, at a rate of a half": STEP
    + """
    V -= 0.5 * dV
    W -= 0.5 * dW
    b -= 0.5 * db
""",
    "twice as much for most, behind an optimizer": "m, v = [0.0] * 3, [0.0] * 3"
    + STEP
    + """
    for k, (p, g) in enumerate(((V, dV), (W, dW), (b, db))):
        m[k] = 0.9 * m[k] + 0.1 * g
        v[k] = 0.99 * v[k] + 0.01 * g ** 2
        p -= 0.1 * (m[k] / (1 - 0.9 ** step)) / (np.sqrt(v[k] / (1 - 0.99 ** step)) + 1e-8)
""",
    "one update has the wrong sign within": PLAIN
    + """
    V -= 0.1 * dV
    W -= 0.1 * dW
    b -= 0.1 * db  #! b -= 0.1 * -db
""",
    "one mean is taken twice, others later": PLAIN.replace("/ y.size", "/ 2")
    + """
    db = dz.sum(axis=0)  #! db = dz.mean(axis=0)
    V -= 0.1 * dV / len(x)
    W -= 0.1 * dW / len(x)
    b -= 0.1 * db / len(x)
""",
    "the error of numbers in lists has the wrong sign": """
data = [([0.5, -0.2], 0.3), ([-0.4, 0.7], 0.9)]
w, c, v = [0.3, -0.6], 0.2, 0.8
for step in range(2):
    total = 0.0
    for row, t in data:
        h = np.tanh(w[0] * row[0] + w[1] * row[1] + c)
        o = 1 / (1 + np.exp(-v * h))
        total += (o - t) ** 2 / 2
        d = (o - t) * o * (1 - o)  #! d = (t - o) * o * (1 - o)
        dz = d * v * (1 - h * h)
        v -= 0.1 * d * h
        for i in range(2):
            w[i] -= 0.1 * dz * row[i]
        c -= 0.1 * dz
""",
}


@pytest.mark.parametrize("text", KINDS.values(), ids=KINDS)
def test_a_program_is_judged(text: str) -> None:
    assert_judged(text)


@pytest.mark.parametrize("update", ["V -= 2 * (0.1 * dV)", "V -= 0.5 * (0.1 * dV)"])
def test_a_right_gradient_may_have_a_rate_of_its_own(update: str) -> None:
    found = program(PLAIN + f"\n    {update}\n    W -= 0.1 * dW\n    b -= 0.1 * db\n")
    assert found.verdict.right
    assert not found.first_wrong
