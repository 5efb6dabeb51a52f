"""``bptui check`` on programs whose updates change nothing, are missing, or tell nothing."""

import json
import re
from pathlib import Path

import pytest

from tests.trace.support import source_of

from .net import RIGHT, run
from .support import bptui


def test_updates_of_local_names_change_nothing(tmp_path: Path) -> None:
    before, loop = RIGHT.split("for epoch in range(2000):\n")
    for name in ("W1", "b1", "W2", "b2"):
        loop = loop.replace(f"{name} -= ", f"{name} = {name} - ")
    function = f"def train(W1, b1, W2, b2):\n{loop.replace('print(a2.ravel())', '')}\n"
    code, out, _ = run(
        tmp_path, f"{before}{function}for _ in range(9):\n    train(W1, b1, W2, b2)\n"
    )
    assert code == 1
    assert "W2, b2, W1 and b1 are names of a function alone" in out
    assert "The first wrong lines" in out


def test_updates_of_a_loops_own_name_change_nothing(tmp_path: Path) -> None:
    before = RIGHT.replace("range(2000)", "range(9)").partition("    W2 -= ")[0]
    changes = "a1.T @ d2, d2.sum(axis=0), X.T @ d1, d1.sum(axis=0)"
    loop = f"    for p, g in zip((W2, b2, W1, b1), ({changes})):\n        p = p - 0.8 * g\n"
    code, out, _ = run(tmp_path, before + loop)
    assert code == 1
    assert "p is a name of a loop alone" in out
    assert "p = p - 0.8 * g WRONG" in " ".join(out.split())


@pytest.mark.parametrize(
    ("updates", "wrong"),
    [
        ("W2 -= 0.8 * g2; b2 -= 0.8 * c2; b1 -= 0.8 * c1", ["g1 = X.T @ d1"]),
        ("W2 -= 0.8 * g2; W1 -= 0.8 * g1; b1 -= 0.8 * c1", ["c2 = d2.sum(axis=0)"]),
        ("W2 -= 0.8 * g2; b2 -= 0.8 * c2", ["g1 = X.T @ d1", "c1 = d1.sum(axis=0)"]),
        (
            "def shown(biases): return [each.sum() for each in biases]\n    shown([b1, b2][:])\n"
            "    W2 -= 0.8 * g2; b2 -= 0.8 * c2; W1 -= 0.8 * g1",
            ["c1 = d1.sum(axis=0)"],
        ),
        ("W2 -= 0.8 * g2; W1 -= 0.8 * g1; b1 -= 0.8 * c1\n    b2 = -0.8 * c2", ["b2 = -0.8 * c2"]),
        ("W2 -= 0.8 * g2; W1 -= 0.8 * g1; b1 -= 0.8 * c1\n    b2 = b2", ["b2 = b2"]),
        (
            "W2 -= 0.8 * g2; W1 -= 0.8 * g1; b1 -= 0.8 * c1\n    np.subtract(b2, c2, out=d2[:1])",
            ["np.subtract(b2, c2, out=d2[:1])"],
        ),
        (
            "W2 -= 0.8 * g2; b2 -= 0.8 * c2\n    if isinstance(W1, np.ndarray): W1 -= 0.8 * g1",
            ["c1 = d1.sum(axis=0)"],
        ),
        ("W2 -= 0.8 * g2; b2 -= 0.8 * c2; W1 -= 0.8 * g1\n    if epoch > 99: b1 -= 0.8 * c1", []),
        ("W2 -= 0.8 * g2; b2 -= 0.8 * c2; W1 -= 0.8 * g1; b1 -= 0.8 * c1", []),
    ],
)
def test_a_gradient_that_is_computed_and_never_applied_is_wrong(
    updates: str, wrong: list[str], tmp_path: Path
) -> None:
    before = RIGHT.partition("    W2 -=")[0]
    gradients = "g2 = a1.T @ d2", "c2 = d2.sum(axis=0)", "g1 = X.T @ d1", "c1 = d1.sum(axis=0)"
    source = before + "".join(f"    {line}\n" for line in (*gradients, updates))
    found = json.loads(run(tmp_path, source, "--format", "json")[1])
    assert found["verdict"] == ("wrong" if wrong else "right")
    assert [line["text"] for line in found["lines"] if line["verdict"] == "wrong"] == wrong
    assert len(found["first_wrong_lines"]) == len(wrong)


def test_an_update_that_gets_the_gradients_name_is_given_its_own(tmp_path: Path) -> None:
    before = RIGHT.partition("    W2 -=")[0]
    source = (
        before
        + "    W2, W1 = W2 - 0.8 * a1.T @ d2, W1 - 0.8 * X.T @ d1\n"
        + (
            "    db2 = d2.sum(axis=0)\n    db1 = d1.sum(axis=0)\n    b1 = b1 - 0.8 * db1\n"
            "    db2 = b2 - 0.8 * db2\n"
        )
    )
    (line,) = json.loads(run(tmp_path, source, "--format", "json")[1])["lines"][-1:]
    assert (line["verdict"], line["should_be"]) == ("wrong", "b2 = b2 - 0.8 * db2")


@pytest.mark.parametrize(
    ("start", "body", "said"),
    [
        ("1.5", "w -= 0.1 * 2 * w", "no loss is found in it"),
        (
            "np.ones((3, 2)); t = np.array([1.0, 0, 1])",
            "q = np.exp(t @ w) / np.exp(t @ w).sum(); e = np.eye(2)[int(q.argmax())]; "
            "w += 0.1 * np.outer(t, e) * (1 + w)",
            "no loss is found in it",
        ),
        ("np.ones(3)", "loss = np.sinc(w).sum(); w -= 0.1 * w", "line 4: no derivative is known"),
        (
            "np.ones((3, 2)) / 3; a = np.zeros(3); t = np.array([1.0, 0, 1])",
            "p = 1 / (1 + np.exp(-t @ w)); h = np.random.random(2) < p; "
            "v = 1 / (1 + np.exp(-w @ h - a)); q = 1 / (1 + np.exp(-v @ w)); "
            "w += 0.1 * (np.outer(t, p) - np.outer(v, q)); a += 0.1 * (t - v)",
            "line 4: it draws numbers by what it computes",
        ),
    ],
)
def test_what_cannot_be_known_is_unclear(tmp_path: Path, start: str, body: str, said: str) -> None:
    file = tmp_path / "net.py"
    file.write_text(f"import numpy as np\nw = {start}\nfor _ in range(3):\n    {body}\n")
    result = bptui("check", "--format", "json", str(file))
    found = json.loads(result.stdout)
    assert (result.exit_code, found["verdict"]) == (3, "unclear")
    assert said in found["reason"]


def test_a_gradient_that_is_written_elsewhere_leaves_zeros(tmp_path: Path) -> None:
    given = Path(__file__).parents[1] / "trace" / "programs" / "given" / "all_halves.py"
    text = given.read_text(encoding="utf-8").replace("grad_hidden[:, j] =", "w_out[:, j] =")
    code, out, err = run(tmp_path, text.replace("np.dot(delta_out, w_out)", "w_out @ delta_out"))
    assert (code, err) == (1, "")
    assert "The first wrong line" in out


def given(name: str, right: str, wrong: str) -> str:
    """Return the right version of a given program with a mistake."""
    text = source_of("fixed", name)
    assert text.count(right) == 1
    return text.replace(right, wrong)


def test_sums_that_nothing_is_added_to_are_wrong(tmp_path: Path) -> None:
    text = given("glyphs_sgd.py", "sum_w = [s + g for", "sum_w = [s for")
    code, out, err = run(tmp_path, text)
    assert (code, err) == (1, "")
    assert "is 0 in every update of self.weights" in out
    assert re.search(r"The first wrong line\n  line \d+ +sum_w = \[s for", out)


def test_the_line_is_wrong_from_which_on_gradients_are_no_numbers(tmp_path: Path) -> None:
    text = given("layers_self_update.py", "/ np.size(T)", "/ T")
    code, out, err = run(tmp_path, text)
    assert (code, err) == (1, "")
    assert "here its numbers become nan or inf" in out
    assert re.search(r"The first wrong line\n  line \d+ .*/ T\b", out)


def test_numbers_that_come_together_in_an_output_are_no_schedule(tmp_path: Path) -> None:
    source = """\
E = 2.718281828459045
rows, targets = [[0, 1], [1, 1], [1, 0]], [0, 1, 0]
w = [0.23, -0.46]
for _ in range(9):
    outs = [1 / (1 + E ** -sum(w[k] * row[k] for k in range(2))) for row in rows]
    deltas = [(t - o) * (1 - o * o) for t, o in zip(targets, outs)]
    for k in range(2):
        w[k] += sum(d * row[k] for d, row in zip(deltas, rows))
"""
    code, out, _ = run(tmp_path, source)
    assert code == 1
    assert "line 6" in out


def test_an_index_is_no_gradient(tmp_path: Path) -> None:
    text = """
import numpy as np
rng = np.random.default_rng(0)
x, W, v = rng.normal(size=(3, 4)), rng.normal(size=(4, 5)), rng.normal(size=5)
for step in range(2):
    h = np.tanh(x @ W)
    m = h.max(axis=0)
    loss = 0.5 * (m @ v - 0.3) ** 2
    d = m @ v - 0.3
    dh = np.zeros_like(h)
    for j in range(5):
        k = np.argmax(h[:, j])
        dh[k, j] = d * v[j]
    v = v - 0.1 * d * m
    W = W - 0.1 * x.T @ (dh * (1 - h ** 2))
"""
    code, out, _ = run(tmp_path, text)
    assert code == 0
    assert re.search(r"k = np.argmax\(h\[:, j\]\) +ok\n", out)
    assert re.search(r"dh\[k, j\] = d \* v\[j\] +ok = dL/d h\n", out)
