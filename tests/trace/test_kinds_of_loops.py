"""Masks and comparisons that gradients pass by, what is added up over samples, and convolutions."""

import pytest

from bptui.trace.tape import Tape
from bptui.trace.updates import training_steps
from tests.trace.kinds import HEAD, WRONG, assert_judged, program
from tests.trace.support import Run

RELU = """
for step in range(3):
    z = x @ W
    h = np.maximum(z, 0)
    loss = np.mean((h @ V - y) ** 2)
    d = 2 * (h @ V - y) / y.size
    dz = d @ V.T
    {mask}
    V -= 0.1 * h.T @ d
    W -= 0.1 * x.T @ dz
"""
MASKS = {
    "by a mask": "dz[z <= 0] = 0  #! dz[z > 0] = 0",
    "by where": "dz = np.where(z > 0, dz, 0)  #! dz = np.where(z < 0, dz, 0)",
    "by a name": "on = z > 0  #! on = z < 0\n    dz = dz * on",
}


@pytest.mark.parametrize("mask", MASKS.values(), ids=MASKS)
def test_a_comparison_is_turned_round(mask: str) -> None:
    text = RELU.format(mask=mask)
    assert_judged(text)
    right, wrong = WRONG.sub(r"\1\2", text), WRONG.sub(r"\1\3", text)
    assert program(wrong).mended() == program(right).text


def test_gradients_are_added_up_over_samples_whose_losses_nobody_adds() -> None:
    assert_judged("""
for step in range(3):
    dW, dV = np.zeros_like(W), np.zeros_like(V)
    for row, t in zip(x, y):
        h = np.tanh(row @ W)
        o = h @ V
        loss = ((o - t) ** 2).sum()
        d = 2 * (o - t)
        dV += np.outer(h, d)
        dW += np.outer(row, d @ V.T * (1 - h ** 2))  #! dW += np.outer(row, d @ V.T * (1 - h))
    W -= 0.1 * dW / 6
    V -= 0.1 * dV / 6
""")


@pytest.mark.parametrize("follow", ["T = 0.99 * T + 0.01 * W", "T += 0.1 * (W - T)"])
def test_a_copy_that_follows_a_parameter_is_none(follow: str) -> None:
    """As the network does that the targets of Q-learning are computed by."""
    found = program(f"""
T = W.copy()
for step in range(3):
    q = x @ W
    error = q[:, 0] - (y[:, 0] + 0.9 * (y @ V @ T.T[:, :2]).max(axis=1))
    loss = (error ** 2).mean()
    dq = np.zeros_like(q)
    dq[:, 0] = 2 * error / 6
    W -= 0.1 * x.T @ dq
    {follow}
""")
    assert found.verdict.right
    assert {one.name for one in found.verdict.step.parameters} == {"W"}


@pytest.mark.parametrize("terms", ["x.T @ dz + 0.02 * W", "0.02 * W + x.T @ dz"])
def test_a_memory_may_come_before_all_terms_of_a_gradient(terms: str) -> None:
    assert_judged(f"""
v, u = 0, 0
for step in range(3):
    h = np.tanh(x @ W)
    loss = ((h @ V - y) ** 2).mean() + 0.01 * (W ** 2).sum()
    d = 2 * (h @ V - y) / y.size
    dz = d @ V.T * (1 - h ** 2)
    v = 0.9 * v + {terms}  #! v = 0.9 * v + {terms.replace("0.02", "0.01")}
    u = 0.9 * u + h.T @ d
    W -= 0.1 * v
    V -= 0.1 * u
""")


BUFFERS = """
F = 0.1 * rng.normal(size=(2, 3, 3))
image = rng.uniform(size=(8, 8))
for step in range(3):
    maps = np.zeros((2, 6, 6))
    for k in range(2):
        for i in range(6):
            for j in range(6):
                maps[k, i, j] = np.sum(image[i:i + 3, j:j + 3] * F[k])
    loss = 0.5 * np.sum((maps - 1) ** 2)
    dF = np.zeros_like(F)
    for k in range(2):
        for i in range(6):
            for j in range(6):
                dF[k] += (maps[k, i, j] - 1) * image[i:i + 3, j:j + 3]
    F -= 0.001 * dF
"""


def test_a_buffer_of_gradients_is_no_parameter_before_the_first_update() -> None:
    assert program(BUFFERS).verdict.right
    # a program is stopped where enough steps were seen; here not even one was
    record = Run(HEAD + BUFFERS, limit=650).recorder
    assert not training_steps(Tape(record.tape, record.values, record.bindings))
