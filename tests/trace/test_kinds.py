"""Kinds of everyday programs by what their backward pass does: paths, sums, signs."""

import pytest

from tests.trace.kinds import assert_judged, program

PROGRAMS = {
    "data is multiplied with a list": """
z = rng.normal(size=(6, 3)) * [1, 0.5, 2] + 1
for step in range(2):
    d = z @ W - y
    loss = (d ** 2).sum() / 2
    W -= 0.01 * z.T @ d  #! W += 0.01 * z.T @ d
""",
    "a function makes nothing of the gradient that it is given": """
def back(d, out):
    return d * (1 - out ** 2)  #! return 1 - out ** 2
for step in range(2):
    h = np.tanh(x @ W)
    o = np.tanh(h @ V)
    loss = ((o - y) ** 2).sum()
    do = back(2 * (o - y), o)
    dh = back(do @ V.T, h)
    V, W = V - 0.01 * h.T @ do, W - 0.01 * x.T @ dh
""",
    "another name means another value": """
for step in range(2):
    z = np.roll(x, 1, axis=0)
    one, two = np.tanh(x @ W), np.tanh(z @ W)
    apart = one - two
    loss = (apart ** 2).mean()
    d_apart = 2 * apart / 12
    d_one = d_apart
    d_two = -d_apart  #! d_two = d_apart
    W -= 0.1 * (x.T @ (d_one * (1 - one ** 2)) + z.T @ (d_two * (1 - two ** 2)))
""",
    "functions of several operations": """
k = rng.normal(size=3)
for step in range(2):
    z = np.convolve(x[:, 0], k, "valid") + np.diff(k).sum()
    loss = (np.maximum(z, 0) ** 2).sum()
    d = 2 * np.maximum(z, 0) * np.heaviside(z, 0)
    dk = np.correlate(x[::-1, 0], d[::-1], "valid")
    dk[0] -= d.sum()
    dk[2] += d.sum()  #! dk[2] -= d.sum()
    k -= 0.1 * dk
""",
}


@pytest.mark.parametrize("kind", PROGRAMS)
def test_a_program_is_judged(kind: str) -> None:
    assert_judged(PROGRAMS[kind])


def test_what_has_no_rule_is_not_called_wrong() -> None:
    text = """
for step in range(2):
    a = np.sinc(x @ W)
    loss = ((a - y) ** 2).sum()
    W -= 0.01 * x.T @ (2 * (a - y) * np.gradient(a, axis=1))
"""
    found = program(text)
    assert not found.verdict.right
    assert list(found.verdict.unknown.values()) == ["sinc"]


def test_what_has_no_rule_behind_the_loss_is_taken_as_it_is() -> None:
    text = """
for step in range(2):
    z = x @ W
    loss = (np.maximum(z, 0) ** 2).sum()
    W -= 0.01 * x.T @ (2 * np.maximum(z, 0) * np.isin(z > 0, [True]))
"""
    found = program(text)
    assert found.verdict.lines.truth.unknown
    assert found.verdict.right


def test_a_count_in_a_function_hides_an_array_of_its_name() -> None:
    text = """
def back(d, a):
    n = len(d)
    return d * (1 - a) / n
for step in range(2):
    n = x @ W
    h = np.tanh(n)
    loss = ((h - y) ** 2).mean()
    W -= 0.1 * x.T @ back(h - y, h)
"""
    found = program(text)
    assert "    return d * (1 - a ** 2) / n\n" in found.mended()


def test_what_each_turn_gives_a_variable_is_added_up() -> None:
    text = """
for step in range(2):
    out = [x[t] @ W + b for t in range(6)]
    loss = sum(((out[t] - y[t]) ** 2).sum() for t in range(6))
    dW, db = np.zeros_like(W), np.zeros_like(b)
    for t in range(6):
        d = 2 * (out[t] - y[t])
        dW += np.outer(x[t], d)
        db = d
    W -= 0.01 * dW
    b -= 0.01 * db
"""
    assert "        db += d\n" in program(text).mended()


def test_what_was_changed_in_place_is_mended_by_no_edit() -> None:
    text = """
U = rng.normal(size=(5, 2))
for step in range(2):
    u = U[step]
    score = W @ u
    loss = ((score - 1) ** 2).sum() / 2
    U[step] -= 0.1 * (score - 1) @ W
    dW = np.outer(score - 1, u)
    W -= 0.1 * dW
"""
    assert program(text).told == [None]


def test_turns_of_other_shapes_are_not_added_up() -> None:
    text = """
layers = [W, rng.normal(size=(2, 4)), rng.normal(size=(4, 2))]
for step in range(2):
    a = [x]
    for M in layers:
        a.append(np.tanh(a[-1] @ M))
    loss = ((a[3] - y) ** 2).sum()
    d = 2 * (a[3] - y) * (1 - a[3] ** 2)
    g = {}
    for i in (2, 1, 0):
        g[i] = a[i].T @ d
        if i:
            d = -(d @ layers[i].T) * (1 - a[i] ** 2)
    for i in g:
        layers[i] -= 0.01 * g[i]
"""
    (told,) = program(text).told
    assert not (told or "").startswith("d += ")


def test_a_forward_value_is_changed_before_the_gradients_are_computed_of_it() -> None:
    judged = program("""
for step in range(2):
    h = np.tanh(x @ W)
    o = np.tanh(h @ V)
    loss = ((o - y) ** 2).sum()
    h = h + 0.1
    do = 2 * (o - y) * (1 - o ** 2)
    dh = do @ V.T * (1 - h ** 2)
    V, W = V - 0.01 * h.T @ do, W - 0.01 * x.T @ dh
""")
    assert "    h = h\n" in judged.mended()
    assert judged.first_wrong == {14}
