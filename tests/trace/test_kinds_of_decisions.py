"""Conditions that decide wrongly, and paths that are lost where two functions meet."""

import pytest

from bptui.trace.mend.origins import blame_origins
from tests.trace.kinds import HEAD, WRONG, assert_blamed, assert_judged, blamed, program

CONDITIONS = {
    "under which numbers are set": """
W, V = rng.normal(size=(3, 5)), rng.normal(size=(5, 2))
for step in range(3):
    for row, t in zip(x, y):
        z = row @ W
        h = np.maximum(z, 0)
        loss = ((h @ V - t) ** 2).sum()
        d = 2 * (h @ V - t)
        dh, dz = V @ d, np.zeros(5)
        for j in range(5):
            if z[j] > 0:  #! if z[j] < 0:
                dz[j] = dh[j]
        V -= 0.1 * np.outer(h, d)
        W -= 0.1 * np.outer(row, dz)
""",
    "by which a function chooses a slope": """
def slope(z):
    if z > 0:  #! if z < 0:
        return 1.0
    return 0.0
w, v = W.T.tolist(), V[0].tolist()
for step in range(3):
    for row, t in zip(x.tolist(), y[:, 0].tolist()):
        z = [sum(a * c for a, c in zip(weights, row)) for weights in w]
        h = [max(a, 0.0) for a in z]
        o = sum(a * c for a, c in zip(v, h))
        loss = (o - t) ** 2
        d = 2 * (o - t)
        for j in range(2):
            dz = d * v[j] * slope(z[j])
            for i in range(3):
                w[j][i] -= 0.05 * dz * row[i]
        for j in range(2):
            v[j] -= 0.05 * d * h[j]
""",
}


@pytest.mark.parametrize("text", CONDITIONS.values(), ids=CONDITIONS)
def test_a_condition_is_blamed_and_not_what_stands_under_it(text: str) -> None:
    found = program(WRONG.sub(r"\1\3", text))
    lines = found.verdict.lines
    blame_origins(lines, found.view)
    (wrong,) = found.first_wrong
    (row,) = (row for row in (HEAD + text).splitlines() if "#!" in row)
    assert (HEAD + text).splitlines()[wrong - 1] == row
    (repair,) = lines.repairs
    assert lines.said[repair.place, repair.entries] == row.partition("  #!")[0].strip()
    assert program(WRONG.sub(r"\1\2", text)).verdict.right


LAYERS = """
weights = [rng.normal(size=size) for size in ((3, 4), (4, 5), (5, 2))]
def forward(a):
    out = [a]
    for i, one in enumerate(weights):
        out.append(np.tanh(out[-1] @ one) if i == 2 else np.maximum(out[-1] @ one, 0))
    return out
def relu_back(d, h):
    return d * (h > 0)
def tanh_back(d, h):
    return d * (1 - h ** 2)
for step in range(3):
    out = forward(x)
    d = 2 * (out[-1] - y) / 6
    loss = ((out[-1] - y) ** 2).sum() / 6
    for i in (2, 1, 0):
        CHOICE
        weights[i], d = weights[i] - 0.1 * out[i].T @ d, d @ weights[i].T
"""
BACK = """
def back(d, h, kind):
    return relu_back(d, h) if kind == "relu" else tanh_back(d, h)
"""
EITHER = """
def back(d, h, kind):
    if kind == "relu":
        return relu_back(d, h)
    else:
        return tanh_back(d, h)
"""
CHOICES = [
    (EITHER, "d = back(d, out[i + 1], 'relu' if i < 2 else 'tanh')"),
    (BACK, "d = back(d, out[i + 1], 'relu' if i < 2 else 'tanh')"),
    ("", "d = relu_back(d, out[i + 1]) if i < 2 else tanh_back(d, out[i + 1])"),
]


@pytest.mark.parametrize("slip", ["i < 3", "i < 1"])
@pytest.mark.parametrize(("before", "right"), CHOICES)
def test_what_chooses_a_function_is_blamed_where_another_would_be_right(
    before: str, right: str, slip: str
) -> None:
    assert program(before + LAYERS.replace("CHOICE", right)).verdict.right
    slip = right.replace("i < 2", slip)
    text = before + LAYERS.replace("CHOICE", slip)
    assert blamed(text, text) == slip


def test_a_choice_is_blamed_where_each_function_would_be_right_for_the_other() -> None:
    text = """
def relu_back(dA, Z):
    return dA * (Z > 0)
def tanh_back(dA, Z):
    return dA * (1 - np.tanh(Z) ** 2)
U = rng.normal(size=(2, 2))
for step in range(3):
    z1 = x @ W
    a1 = np.maximum(z1, 0)
    z2 = a1 @ V
    a2 = np.tanh(z2)
    loss = ((a2 @ U - y) ** 2).sum() / 6
    e = 2 * (a2 @ U - y) / 6
    dU, dA = a2.T @ e, e @ U.T
    grads = []
    for Z, A, M, kind in ((z2, a1, V, "tanh"), (z1, x, W, "relu")):
        dZ = relu_back(dA, Z) if kind == "relu" else tanh_back(dA, Z)  #! SLIP
        grads.append(A.T @ dZ)
        dA = dZ @ M.T
    U = U - 0.1 * dU
    V = V - 0.1 * grads[0]
    W = W - 0.1 * grads[1]
""".replace("SLIP", "dZ = relu_back(dA, Z) if kind != 'relu' else tanh_back(dA, Z)")
    assert_blamed(text)


@pytest.mark.parametrize("before", [BACK, EITHER])
def test_a_call_is_blamed_that_always_chooses_the_same(before: str) -> None:
    slip = "d = back(d, out[i + 1], 'relu')"
    text = before + LAYERS.replace("CHOICE", slip)
    assert blamed(text, text) == slip


def test_a_mask_is_wrong_itself_and_not_the_condition_around_it() -> None:
    text = """
U = rng.normal(size=(3, 3))
for step in range(3):
    z = [x @ U]
    z.append(np.maximum(z[0], 0.1 * z[0]) @ W)
    a = np.maximum(z[1], 0.1 * z[1])
    loss = ((a @ V - y) ** 2).sum()
    dW, d = [0, 0], 2 * (a @ V - y) @ V.T
    dV = a.T @ (2 * (a @ V - y))
    for i in (1, 0):
        if step >= 0:
            d[z[i] < 0] *= 0.1  #! d[z[i] > 0] *= 0.1
        dW[i] = (np.maximum(z[0], 0.1 * z[0]) if i else x).T @ d
        d = d @ W.T if i else d
    V = V - 0.01 * dV
    W = W - 0.01 * dW[1]
    U = U - 0.01 * dW[0]
"""
    assert_blamed(text)


def test_a_path_is_forgotten_where_two_meet_and_not_in_the_function_of_one() -> None:
    text = """
def inner_back(d, h):
    return d * (1 - h ** 2)
def back(d, h):
    dz = inner_back(d, h)
    return dz + d, h  #! return dz, h
for step in range(3):
    z = x @ W
    h = np.tanh(z)
    s = h + z
    loss = ((s @ V - y) ** 2).mean()
    d = 2 * (s @ V - y) / y.size
    dz, _ = back(d @ V.T, h)
    V -= 0.1 * s.T @ d
    W -= 0.1 * x.T @ dz
"""
    assert_judged(text)
    assert program(WRONG.sub(r"\1\3", text)).mended() == HEAD + WRONG.sub(r"\1\2", text).replace(
        "return dz + d, h", "return (dz + d, h)"
    )
