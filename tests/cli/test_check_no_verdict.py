"""Programs that come to no verdict, or look at first as if they did."""

import json
import re
import sys
from pathlib import Path

import pytest

from bptui.trace.judge.judge import Verdict, judge

from .net import NET, run

EVOLVED = """\
import numpy as np
rng = np.random.default_rng(0)
x, w = rng.normal(size=(20, 3)), rng.normal(size=3)
for i in range(4):
    tried = rng.normal(size=(8, 3))
    gains = np.array([-np.mean((np.tanh(x @ (w + 0.1 * one)) - 0.5) ** 2) for one in tried])
    loss = np.mean((np.tanh(x @ w) - 0.5) ** 2)
    w = w + 0.02 * tried.T @ (gains - gains.mean())
"""
NOT_FINITE = """import numpy as np
x, y, w = np.array([[0.0, 1.0], [1.0, 2.0]]), np.array([0.5, 1.0]), np.array([0.3, -0.2])
for i in range(9):
    out = np.log(x) @ w
    loss = np.mean((out - y) ** 2)
    w -= 0.1 * np.log(x).T @ (out - y)
"""
ACTOR_AND_CRITIC = """import numpy as np
rng = np.random.default_rng(0)
x, a, r = rng.normal(size=(6, 3)), np.array([0, 1, 1, 0, 1, 0]), rng.normal(size=6)
W, v, c = rng.normal(size=(3, 4)), rng.normal(size=4), rng.normal(size=4)
for step in range(2):
    h = np.tanh(x @ W)
    p = 1 / (1 + np.exp(-(h @ v)))
    worth = r - h @ c
    d = (a - p) * worth
    dh = np.outer(d, v) + np.outer(worth, c)
    W += 0.1 * x.T @ (dh * (1 - h ** 2))
    v += 0.1 * h.T @ d
    c += 0.1 * h.T @ worth
"""


@pytest.mark.parametrize(
    ("source", "said"),
    [
        ("print('hello')\n", "updates nothing by a gradient"),
        (
            "class Net:\n    def _a(self, x): ...\n    def back(self, x): ...\ndef f(x, y): ...\n",
            "(it defines class Net with back and function f)",
        ),
        ("import numpy as np\nx = np.ones(3) @ np.ones(2)\n", "line 2: ValueError"),
        (
            "import no_such_library\n",
            f"named 'no_such_library'; it was run with {sys.executable} (bptui's own); activate",
        ),
        (
            "import numpy as np\nx = np.ones(3)\nprint(x * input())\n",
            "line 3: EOFError: EOF when reading a line; input() has no",
        ),
        ("import os\nos._exit(7)\n", "os._exit(7)"),
        ("import os\nos.kill(os.getpid(), 9)\n", "signal SIGKILL"),
        ("import sys\nsys.exit('no data')\n", "line 2: sys.exit('no data')"),
        ("def f(): return f()\nf()\n", "line 1: RecursionError"),
        ("for i in xrange(3):\n    print i\n", "SyntaxError: Missing parentheses"),
        (EVOLVED, "nothing that it updates by is a gradient of loss"),
        (ACTOR_AND_CRITIC, "the errors of several outputs (line 7 and line 8)"),
        (NOT_FINITE, "line 4: here its numbers become nan or inf"),
    ],
    ids=[
        "no numbers",
        "defines",
        "raises",
        "import",
        "input",
        "exits",
        "killed",
        "exit",
        "deep",
        "Python 2",
        "no backpropagation",
        "several outputs",
        "not finite",
    ],
)
def test_what_comes_to_no_verdict_is_told_in_a_sentence(
    source: str, said: str, tmp_path: Path
) -> None:
    code, out, err = run(tmp_path, source)
    assert (code, out) == (3, "")
    assert said in err


@pytest.mark.parametrize(
    ("layer", "said"),
    [
        ("def f(x):\n    y = x @ x\n    return y\n", "x is 2x3; x @ x.T would fit ("),
        ("def f(x):\n\n", "IndentationError: expected an indented block"),
    ],
    ids=["shapes", "syntax"],
)
def test_a_module_in_which_a_program_fails_is_told(layer: str, said: str, tmp_path: Path) -> None:
    (tmp_path / "layer.py").write_text(layer)
    source = "import numpy as np\nfrom layer import f\nf(np.ones((2, 3)))\n"
    code, _, err = run(tmp_path, source)
    assert code == 3
    assert said in err
    assert "(layer.py, line 2)" in err


def test_residual_blocks_that_look_like_updates_at_first(tmp_path: Path) -> None:
    """A step is longer than what is recorded before it is looked at whether that is enough."""
    text = """
import numpy as np
rng = np.random.default_rng(0)
E, y = rng.normal(size=(5, 3)), rng.normal(size=(4, 3))
A = [rng.normal(size=(3, 3)) for _ in range(6)]
for step in range(3):
    x, hs = np.tanh(E[[0, 2, 2, 4]]), []
    for one in A:
        hs.append(x)
        x = x + sum(np.tanh(x @ one) for _ in range(50)) / 50
    loss = 0.5 * ((x - y) ** 2).sum()
    d, grads = x - y, []
    for one, h in zip(A[::-1], hs[::-1]):
        dz = d * (1 - np.tanh(h @ one) ** 2)
        grads.append(h.T @ dz)
        d = d + dz @ one.T
    np.add.at(E, [0, 2, 2, 4], -0.1 * d * (1 - hs[0] ** 2))
    for one, g in zip(A, grads[::-1]):
        one -= 0.1 * g
"""
    assert run(tmp_path, text)[0] == 0


def test_no_gradient_is_wrong_for_a_number_that_only_may_be_the_loss(tmp_path: Path) -> None:
    text = """
import numpy as np
rng = np.random.default_rng(0)
x, W, V = rng.normal(size=(4, 3)), rng.normal(size=(3, 2)), rng.normal(size=(3, 2))
for step in range(3):
    size = np.exp(np.sum(x @ W)) + np.sum(np.tanh(x @ V))
    dW = np.outer(x.sum(axis=0), np.full(2, np.exp(np.sum(x @ W))))
    dV = x.T @ (V.sum() + np.tanh(x @ V))
    W, V = W - 0.01 * dW, V - 0.01 * dV
"""
    code, _, err = run(tmp_path, text)
    assert (code, "no loss is found in it; --loss NAME" in err) == (3, True)
    assert run(tmp_path, text, "--loss", "size")[0] == 1
    assert run(tmp_path, text.replace("size =", "L ="))[0] == 1


def test_a_rate_that_follows_its_schedule_is_no_parameter(tmp_path: Path) -> None:
    code, _, err = run(
        tmp_path,
        """
import math
class Optimizer:
    def __init__(self, rate, beta=0.9):
        self.rates, self.m = {"lr": rate, "beta": beta}, 0.0
    def step(self, w, gradient):
        beta = self.rates["beta"]
        self.m = beta * self.m + (1 - beta) * gradient
        return w - self.rates["lr"] * self.m / math.sqrt(gradient * gradient)
optimizer, w, low = Optimizer(0.5), 5.0, 0.0
base = optimizer.rates["lr"]
for k in range(9):
    w = optimizer.step(w, 1.0)
    optimizer.rates["lr"] = low + (base - low) * (1 + math.cos(math.pi * k / 20)) / 2
""",
    )
    assert (code, "no loss is found in it; --loss NAME" in err) == (3, True)


def test_judging_ends_in_time(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def judge(*_: object) -> None:
        while True:
            pass

    monkeypatch.setattr("bptui.check.program.check.judge", judge)
    code, _, err = run(tmp_path, NET, "--timeout", "0.5")
    assert (code, "could not be judged within the time limit: 0.5 s" in err) == (3, True)


def test_no_line_is_right_that_there_was_no_time_to_look_at(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def late(*given: object) -> Verdict | None:
        return judge(*given[:-1], limit=-1.0)  # type: ignore[arg-type]  # as it was called

    monkeypatch.setattr("bptui.check.program.check.judge", late)
    code, out, _ = run(tmp_path, NET, "--format", "json")
    told = json.loads(out)
    assert (code, told["first_wrong_lines"]) == (1, [])
    verdicts = {line["text"]: line["verdict"] for line in told["lines"]}
    assert verdicts["hidden_error = error @ W2.T"] == verdicts["W1 -= 0.8 * X.T @ d1"] == "unclear"
    assert verdicts["d2 = error * a2 * (1 - a2)"] == "right"


def test_one_value_that_is_wrong_for_all_parameters_is_a_wrong_backpropagation(
    tmp_path: Path,
) -> None:
    text = """
import numpy as np
rng = np.random.default_rng(0)
X, Y = rng.normal(size=(6, 3)), np.eye(2)[[0, 1, 1, 0, 1, 0]]
W, V = rng.normal(size=(3, 4)), rng.normal(size=(4, 2))
memory = [np.zeros_like(W), np.zeros_like(V)]
for step in range(3):
    h = np.tanh(X @ W)
    s = np.einsum("nj,jk->nk", h, V)
    s -= s.max(axis=1, keepdims=True)
    log_p = s - np.log(np.exp(s).sum(axis=1, keepdims=True))
    loss = -(Y * log_p).sum() / 6
    d = (log_p - Y) / 6
    dh = d @ V.T * (1 - h ** 2)
    for p, g, m in zip((W, V), (X.T @ dh, h.T @ d), memory):
        m += g * g
        p -= 0.1 * g / np.sqrt(m + 1e-8)
"""
    code, out, _ = run(tmp_path, text)
    assert code == 1
    assert re.search(r"d = \(log_p - Y\) / 6 +WRONG\n", out)


def test_an_actor_is_not_judged_by_the_loss_of_its_critic(tmp_path: Path) -> None:
    text = """
import numpy as np
rng = np.random.default_rng(0)
W, b = rng.normal(size=(4, 3)), np.zeros(3)
v, c = rng.normal(size=4), 0.1
for episode in range(3):
    x, gain, action = rng.normal(size=(6, 4)), rng.normal(size=6), [0, 1, 2, 2, 1, 0]
    s = np.exp(x @ W + b)
    p = s / s.sum(axis=1, keepdims=True)
    better = gain - (x @ v + c)
    d = (np.eye(3)[action] - p) * better[:, None]
    W += 0.1 * x.T @ d
    b += 0.1 * d.sum(axis=0)
    v += 0.1 * x.T @ better
    c += 0.1 * better.sum()
"""
    code, out, err = run(tmp_path, text)
    assert (code, out) == (3, "")
    assert "W and b take no part in half squared error, which the other gradients are of" in err
