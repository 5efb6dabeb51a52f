"""Backward passes that are loops, of forward passes that are: compared with the complex step."""

import re
from inspect import signature
from pathlib import Path
from textwrap import indent
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner

from bptui.program import cli

Array = np.ndarray[Any, Any]
START = """\
import numpy as np

rng = np.random.default_rng(4)
"""
RECURRENT = """\
xs, target = rng.normal(size=(9, 4, 2)), rng.integers(0, 3, size=9)
Wxh, Whh, b = rng.normal(size=(2, 5)), rng.normal(size=(5, 5)) * 0.3, rng.normal(size=5)
Wo, h_start = rng.normal(size=(5, 3)), rng.normal(size=(4, 5)) * 0.3
"""
RECURRENT_FORWARD = """\
h, loss = h_start, 0
hs, outs = [], []
for x, wanted in zip(xs, target):
    h = np.tanh(x @ Wxh + h @ Whh + b)
    out = h @ Wo
    loss = loss + 0.5 * np.sum(out[:, wanted] ** 2)
    hs.append(h)
    outs.append(out)
"""
LAYERS = """\
X, Y = rng.normal(size=(6, 3)), rng.normal(size=(6, 1))
U = [rng.normal(size=(3, n)) * 0.4 for n in (4, 2, 3, 2, 4)]
V = [rng.normal(size=(u.shape[1], 3)) * 0.4 for u in U]
Win, Wout = rng.normal(size=(3, 3)), rng.normal(size=(3, 1))
"""
LAYERS_FORWARD = """\
h = h_start = np.tanh(X @ Win)
hs, as_ = [], []
for u, v in zip(U, V):
    a = np.tanh(h @ u)
    h = h + a @ v
    as_.append(a)
    hs.append(h)
y = h @ Wout
loss = np.mean((y - Y) ** 2)
"""
SAMPLES = """\
X, Y = rng.normal(size=(4, 3)), rng.uniform(size=(4, 2))
W1, b1, W2 = rng.normal(size=(4, 3)), np.zeros(4), rng.normal(size=(2, 4))
"""
SAMPLES_FORWARD = """\
xs, ys, hs, outs, loss = [], [], [], [], 0
for x, y in zip(X, Y):
    h = np.tanh(W1 @ x + b1)
    out = W2 @ h
    loss = loss + 0.5 * np.sum((out - y) ** 2)
    xs.append(x), ys.append(y), hs.append(h), outs.append(out)
"""
LAYERS_DECAY = """\
for l in range(5):
    U[l] -= 0.1 * U[l]
    V[l] -= 0.1 * V[l]
"""
LABELS = """\
xs, target = rng.normal(size=(5, 4, 2)), rng.integers(0, 3, size=(5, 4))
Wxh, Whh, Wo = rng.normal(size=(2, 5)), rng.normal(size=(5, 5)) * 0.3, rng.normal(size=(5, 3))
h_start = np.zeros((4, 5))
"""
LABELS_FORWARD = """\
h, loss = h_start, 0
hs, ps = [], []
for x, wanted in zip(xs, target):
    h = np.tanh(x @ Wxh + h @ Whh)
    e = np.exp(h @ Wo)
    p = e / e.sum(axis=1, keepdims=True)
    loss = loss - np.log(p[np.arange(4), wanted]).sum()
    hs.append(h)
    ps.append(p)
"""
PARAMETERS = ["Wxh", "Whh", "b", "Wo", "h_start"]


def decay(*names: str) -> str:
    """Update parameters: no gradient of the program's own has to be right."""
    return "".join(f"{name} -= 0.1 * {name}\n" for name in names)


PROGRAMS = {
    "through time": (RECURRENT, RECURRENT_FORWARD, decay(*PARAMETERS), PARAMETERS),
    "with labels": (LABELS, LABELS_FORWARD, decay("Wxh", "Whh", "Wo"), ["Wxh", "Whh", "Wo"]),
    "over layers": (
        LAYERS,
        LAYERS_FORWARD,
        LAYERS_DECAY + decay("Win", "Wout"),
        ["Win", "Wout", "U", "V"],
    ),
    "over samples": (SAMPLES, SAMPLES_FORWARD, decay("W1", "b1", "W2"), ["W1", "b1", "W2"]),
}


def complex_step(forward: str, known: dict[str, Any], array: Array) -> Array:
    """Return dL/d of an array that ``forward`` reads, which is changed in place."""
    gradient = np.zeros(array.shape)
    for place in np.ndindex(array.shape):
        array[place] += 1e-30j
        exec(forward, known)
        gradient[place] = np.imag(known["loss"]) / 1e-30
        array[place] -= 1e-30j
    return gradient


@pytest.mark.parametrize("kind", PROGRAMS)
def test_a_loop_goes_back_through_the_turns(
    kind: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bptui.cli.export.LIMIT", 600.0)
    start, forward, updates, parameters = PROGRAMS[kind]
    known: dict[str, Any] = {}
    exec(START + start + forward, known)
    file = tmp_path / "net.py"
    steps = "for step in range(3):\n" + indent(forward + updates, "    ")
    file.write_text(START + start + steps)
    done = CliRunner().invoke(cli, ["export", str(file), "--to", "numpy"])
    assert done.exit_code == 0, done.output
    text = done.stdout
    assert len(re.findall(r"^    for \w+ in (?:reversed\()?range\(len\(", text, re.MULTILINE)) == 1
    assert ("reversed" in text) == (kind != "over samples")
    assert len(text.splitlines()) < 60
    made: dict[str, Any] = {"np": np}
    exec(text, made)
    given = [known[name] for name in signature(made["gradients"]).parameters]
    found = made["gradients"](*given)
    names = text.splitlines()[-1].removeprefix("    return ").split(", ")
    for name in parameters:
        gradient, several = found[names.index(f"d_{name}")], isinstance(known[name], list)
        whole = [one.astype(complex) for one in (known[name] if several else [known[name]])]
        for one, array in zip(gradient if several else [gradient], whole, strict=True):
            true = complex_step(forward, known | {name: whole if several else array}, array)
            np.testing.assert_allclose(one, true, rtol=1e-9, atol=1e-12)
