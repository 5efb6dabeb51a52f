"""Convolutions by loops: number by number in lists, and with buffers that gradients add up in."""

from bptui.trace.tape import Tape
from bptui.trace.updates import training_steps
from tests.trace.kinds import HEAD, assert_judged, program
from tests.trace.support import Run

BY_NUMBERS = """
import random
random.seed(3)
image = [[random.uniform(0, 1) for _ in range(4)] for _ in range(4)]
filters = [[[random.gauss(0.5 - k, 0.2) for _ in "ab"] for _ in "ab"] for k in range(2)]
dense = [random.gauss(0, 0.3) for _ in range(18)]
for step in range(2):
    maps = [[[0.0] * 3 for _ in range(3)] for _ in range(2)]
    for k in range(2):
        for i in range(3):
            for j in range(3):
                for a in range(2):
                    for b in range(2):
                        maps[k][i][j] += filters[k][a][b] * image[i + a][j + b]
    flat = [max(0.0, v) for m in maps for row in m for v in row]
    out = sum(w * v for w, v in zip(dense, flat))
    loss = 0.5 * (out - 1.0) ** 2
    d = out - 1.0
    dflat = [0.0] * 18
    for n in range(18):
        dflat[n] += d * dense[n]
    dF = [[[0.0] * 2 for _ in range(2)] for _ in range(2)]
    for k in range(2):
        for i in range(3):
            for j in range(3):
                if maps[k][i][j] > 0:
                    for a in range(2):
                        for b in range(2):
                            dF[k][a][b] += dflat[9 * k + 3 * i + j] * image[i + a][j + b]  #! -
    for n in range(18):
        dense[n] -= 0.05 * d * flat[n]
    for k in range(2):
        for a in range(2):
            for b in range(2):
                filters[k][a][b] -= 0.05 * dF[k][a][b]
"""
"""The second filter is off everywhere: its numbers have no gradient, and get none."""


def test_filters_in_lists_are_judged_number_by_number() -> None:
    for wrong in ("image[i][j + b]", "image[i + a][j]"):
        assert_judged(
            BY_NUMBERS.replace("#! -", f"#! dF[k][a][b] += dflat[9 * k + 3 * i + j] * {wrong}")
        )


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
