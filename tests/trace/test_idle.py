"""Statements that do nothing are blamed, and neither what stands before them nor behind them."""

import pytest

from bptui.trace.mend.idle import IDLE
from bptui.trace.mend.origins import blame_origins
from tests.trace.kinds import HEAD, WRONG, program

SOFTMAX = """
label = np.array([0, 1, 1, 0, 1, 0])
U = rng.normal(size=(2, 2))
for step in range(3):
    z = x @ W
    h = np.maximum(z, 0)
    s = h @ U
    p = np.exp(s) / np.exp(s).sum(axis=1, keepdims=True)
    loss = -np.log(p[np.arange(6), label]).mean() + 0.05 * (U ** 2).sum()
    d = p.copy()
    d[np.arange(6), label] -= 1
    d /= 6
    dU = h.T @ d
    dU[:] = dU + 0.1 * U
    dz = d @ U.T
    dz[z <= 0] = 0
    U = U - 0.1 * dU
    W = W - 0.1 * x.T @ dz
"""
SLIPS = {
    "d[np.arange(6), label] -= 1": (
        "p[np.arange(6), label] -= 1",
        "(-d)[np.arange(6), label] -= 1",
        "d.copy()[np.arange(6), label] -= 1",
    ),
    "dz[z <= 0] = 0": ("(-dz)[z <= 0] = 0", "h[z <= 0] = 0", "(1 * dz)[z <= 0] = 0"),
    "dU[:] = dU + 0.1 * U": ("dU[:] = dU[:]",),
}


@pytest.mark.parametrize(("right", "slip"), [(r, slip) for r, own in SLIPS.items() for slip in own])
def test_a_statement_that_does_nothing_is_blamed(right: str, slip: str) -> None:
    text = SOFTMAX.replace(f"{right}\n", f"{right}  #! {slip}\n")
    assert program(WRONG.sub(r"\1\2", text)).verdict.right
    found = program(WRONG.sub(r"\1\3", text))
    lines = found.verdict.lines
    blame_origins(lines, found.view)
    assert found.first_wrong == {
        n for n, row in enumerate((HEAD + text).splitlines(), 1) if "#!" in row
    }
    assert [*lines.said.values()] == [IDLE]
