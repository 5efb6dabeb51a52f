"""Lines that are blamed although what they give is no gradient: an edit of them mends all."""

from pathlib import Path

import pytest

from bptui.check.program.check import Checked, checked
from bptui.check.running.interpreter import OWN
from tests.trace.kinds import assert_blamed
from tests.trace.support import source_of

PROGRAMS = {
    "a part of a sum that is the gradient of something else": """
t = np.tanh(x @ np.ones((3, 2)))
for step in range(2):
    h = np.tanh(x @ W)
    o = h @ V
    loss = 0.3 * np.sum((o - y) ** 2) / len(x) + 0.7 * np.sum((o - t) ** 2) / len(x)
    hard = 2 * (o - y) / len(x)  #! hard = 2 * (o - y) * len(x)
    soft = 2 * (o - t) / len(x)
    d = 0.3 * hard + 0.7 * soft
    dW = x.T @ (d @ V.T * (1 - h ** 2))
    V -= 0.1 * h.T @ d
    W -= 0.1 * dW
""",
    "a mean that is no gradient, in a line before": """
Q = rng.normal(size=(3, 3))
for step in range(2):
    z = x @ Q
    s = z.std(axis=1, keepdims=True)
    n = (z - z.mean(axis=1, keepdims=True)) / s
    e = (n @ W - y) / 6
    loss = 3 * np.sum(e ** 2)
    d = e @ W.T
    m1 = d.mean(axis=1, keepdims=True)  #! m1 = d.sum(axis=1, keepdims=True)
    m2 = (d * n).mean(axis=1, keepdims=True)
    dz = (d - m1 - n * m2) / s
    W -= 0.1 * n.T @ e
    Q -= 0.1 * x.T @ dz
""",
    "slopes of one line that two lines use": """
w, c = W[:, 0].copy(), np.array([-1.0, 1.0])
for step in range(2):
    loss, gw, gc = 0.0, np.zeros(3), np.zeros(2)
    for i in range(6):
        s = x[i] @ w
        u, l = 1 / (1 + np.exp(s - c[1])), 1 / (1 + np.exp(s - c[0]))
        loss -= np.log(u - l)
        su, sl = u * (1 - u), l * (1 - l)  #! su, sl = u * (1 - u), l * l
        gw += (su - sl) / (u - l) * x[i]
        gc += np.array([sl, -su]) / (u - l)
    w -= 0.01 * gw
    c -= 0.01 * gc
""",
}


@pytest.mark.parametrize("kind", PROGRAMS)
def test_a_line_is_blamed_that_mends_all(kind: str) -> None:
    assert_blamed(PROGRAMS[kind])


def test_a_gradient_that_is_data_alone_is_wrong_where_nothing_else_is_in_sight(
    tmp_path: Path,
) -> None:
    text = source_of("fixed", "helper_functions.py").replace("dZ2 = A2 - Y", "dZ2 = Y")
    (tmp_path / "net.py").write_text(text)
    found = checked(tmp_path / "net.py", OWN, limit=60.0)
    assert isinstance(found, Checked)
    assert [line.text for line in found.report.wrong] == ["dZ2 = Y"]
