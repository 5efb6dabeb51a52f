"""``bptui check`` on whole programs: what it says, and its JSON."""

import json
import re
from pathlib import Path

import numpy as np
import pytest

from .net import NET, RIGHT, run
from .support import bptui

CLASS = """\
import numpy as np


class Net:
    def __init__(self):
        self.w = np.array([[0.5, -0.3]])

    def train_step(self, x, t):
        out = np.tanh(self.w @ x)
        self.w -= 0.1 * ((out - t) * (1 - out ** 2)) @ x.T
        return 0.5 * np.sum((out - t) ** 2)
"""
NEGATIVE = """\
import numpy as np
x, y, w, v = np.array([[0.3, 1.0], [1.0, 2.0]]), np.array([0.5, 1.0]), np.array([0.3, -0.2]), 0
for i in range(9):
    e = x @ w - y
    loss = 0.5 * np.sum(e ** 2)
    g = x.T @ e
    v = 0.9 * v - 0.1 * g ** 2
    w = w - 0.1 * g / np.sqrt(v)
"""
SCALARS = """\
from math import exp
x, t1, t2, w1, w2, w3, w4 = 0.5, 0.2, -0.1, 0.3, -0.4, 0.5, 0.8
def sigmoid(z):
    return 1 / (1 + exp(-z))
for step in range(3):
    h = sigmoid(w1 * x)
    g = sigmoid(w2 * h)
    o1, o2 = sigmoid(w3 * g), sigmoid(w4 * g)
    loss = 0.5 * ((o1 - t1) ** 2 + (o2 - t2) ** 2)
    e1, e2 = o1 - t1, o2 - t2
    d_w3 = e1 * o1 * (1 - o1) * g
    d_w4 = e2 * o2 * (1 - o2) * g
    d_w2 = (d_w3 + d_w4) * g * (1 - g) * h
    d_w1 = (d_w3 + d_w4) * g * (1 - g) * w2 * h * (1 - h) * x
    w1, w2, w3, w4 = w1 - d_w1, w2 - d_w2, w3 - d_w3, w4 - d_w4
"""
CALL = "Net().train_step(np.array([[0.2], [0.7]]), np.array([[0.5]]))"


def test_a_memory_of_squares_that_is_negative_has_no_root(tmp_path: Path) -> None:
    code, out, _ = run(tmp_path, NEGATIVE)
    assert code == 1
    assert "line 7" in out
    assert "v = 0.9 * v + 0.1 * g ** 2" in out
    assert "mistake" not in out


def test_the_first_wrong_line_is_shown_with_what_should_stand_there(tmp_path: Path) -> None:
    code, out, _ = run(tmp_path, NET)
    assert code == 1
    assert "loss = 0.5 * np.sum((a2 - y) ** 2)" in out
    rows = [" ".join(row.split()[1:]) for row in out.splitlines()]
    assert "hidden_error = error @ W2.T WRONG" in rows
    assert "d1 = hidden_error * a1 * (1 - a1) follows" in rows
    assert "d2 = error * a2 * (1 - a2) ok = dL/d (a1 @ W2 + b2)" in rows
    assert "should be hidden_error = d2 @ W2.T" in " ".join(out.split())
    assert out.count("WRONG") == 1
    assert "missing-output-derivative: it leaves" in out


@pytest.mark.parametrize(
    ("update", "should_be"),
    [
        ("W2 += 0.8 * a1.T @ d2", "W2 -= 0.8 * a1.T @ d2"),
        ("W2 = -0.8 * a1.T @ d2", "W2 += -0.8 * a1.T @ d2"),
    ],
)
def test_of_a_wrong_update_what_the_parameter_becomes_is_told(
    update: str, should_be: str, tmp_path: Path
) -> None:
    source = RIGHT.replace("W2 -= 0.8 * a1.T @ d2", update)
    code, out, _ = run(tmp_path, source)
    said = " ".join(out.split())
    assert code == 1
    assert f"should be {should_be}" in said
    assert "the new W2 stands for W2 - 0.8 dL/d W2" in said
    assert ("update wrong" in said, "gradient wrong" in said) == (True, False)
    _, out, _ = run(tmp_path, source, "--format", "json")
    (line,) = (line for line in json.loads(out)["lines"] if line["verdict"] == "wrong")
    assert line["stands_for"] == "W2 - 0.8 dL/d W2"
    names: dict[str, np.ndarray] = {}
    exec(RIGHT.replace("range(2000)", "range(1)"), names)
    expected = names["W2"][tuple(line["example"]["index"])]
    assert line["example"]["expected"] == pytest.approx(expected)


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ("db = len(x)\n    b -= 0.1 * db", "db = len(x)"),
        ("db = d.sum(axis=0)\n    b -= 0.1 * dc", "b -= 0.1 * dc"),
    ],
)
def test_a_gradient_that_is_a_plain_number_is_wrong_where_it_gets_its_name(
    wrong: str, said: str, tmp_path: Path
) -> None:
    source = f"""
import numpy as np
x = np.random.default_rng(0).normal(size=(4, 2))
W, b, c = x[:2], np.zeros(2), np.zeros(2)
for step in range(2):
    h = np.tanh(x @ W + b)
    loss = ((h + c - 1) ** 2).sum() / 2
    d = (h + c - 1) * (1 - h ** 2)
    dc = (h + c - 1).sum(axis=0)
    c -= 0.1 * dc
    W -= 0.1 * x.T @ d
    {wrong}
"""
    code, out, _ = run(tmp_path, source)
    line = source.split("\n").index(f"    {said}") + 1
    assert code == 1
    assert re.search(rf"The first wrong line\n  line {line} +{re.escape(said)}\n", out)


def test_where_there_is_no_gradient_no_multiple_of_it_is_told(tmp_path: Path) -> None:
    source = """
import numpy as np
x = np.random.default_rng(0).normal(size=(4, 3))
U, W, s = x.T[:, :2] / 2, x.T[:, 1:3] / 3, np.zeros((4, 2))
for step in range(2):
    f, a = np.tanh(x @ U), np.tanh(x @ W)
    loss = ((f * s + a - 1) ** 2).sum() / 2
    d = f * s + a - 1
    df = d * s
    U -= 0.1 * x.T @ (df * (1 - f ** 2))
    W -= 0.1 * x.T @ (d * (1 - a ** 2))
"""
    code, out, _ = run(tmp_path, source)
    assert code == 0
    assert "df = d * s" in out
    assert "nan" not in out


def test_where_the_programs_own_numbers_happen_to_be_right_there_is_no_example(
    tmp_path: Path,
) -> None:
    source = """
import numpy as np
rng = np.random.default_rng(0)
x, y, W, g = rng.normal(size=(6, 3)), rng.normal(size=(6, 2)), rng.normal(size=(3, 2)), np.ones(2)
for step in range(2):
    z = x @ W
    d = g * z - y
    loss = (d ** 2).sum() / 2
    dg = (d * z).sum(0)
    dz = d
    g -= 0.1 * dg
    W -= 0.1 * x.T @ dz
"""
    code, out, _ = run(tmp_path, source)
    assert code == 1
    assert "dz = d * g" in out
    assert "for example" not in out


def test_json_has_the_fields_of_the_contract(tmp_path: Path) -> None:
    named = NET.replace("W1 -= 0.8 * X.T @ d1", "gW1 = X.T @ d1\n    W1 -= 0.8 * gW1")
    code, out, _ = run(tmp_path, named, "--format", "json")
    record = json.loads(out)
    wrong = NET.splitlines().index("    hidden_error = error @ W2.T") + 1
    assert code == 1
    found = (record["schema"], record["verdict"], record["first_wrong_lines"])
    assert found == (1, "wrong", [wrong])
    assert record["loss"]["name"] == "loss"
    verdicts = {each["name"]: each["verdict"] for each in record["parameters"]}
    assert verdicts == {"W1": "wrong", "b1": "wrong", "W2": "right", "b2": "right"}
    gradients = {each["name"]: each["gradient"] for each in record["parameters"]}
    assert gradients == {"W1": "gW1", "b1": None, "W2": None, "b2": None}
    line = next(each for each in record["lines"] if each["line"] == wrong)
    assert line["should_be"] == "hidden_error = d2 @ W2.T"
    fields = "line text variable stands_for verdict should_be difference example"
    assert set(line) == {*fields.split()}
    assert record["mistakes"] == ["missing-output-derivative"]
    example = line["example"]
    assert abs(example["found"] - example["expected"]) > 1e-6


def test_all_that_a_line_gives_is_told_and_what_an_update_takes_over_is_not(tmp_path: Path) -> None:
    both = RIGHT.replace("error = a2 - y\n    d2 = error *", "d2 = (a2 - y) *")
    both = both.replace("    loss = 0.5 * np.sum((a2 - y) ** 2)\n", "")
    both = both.replace(
        "    W2 -= 0.8 * a1.T @ d2\n", "    dW2 = a1.T @ d2; db2 = d2.sum(0)\n    W2 -= 0.8 * dW2\n"
    )
    both = both.replace("b2 -= 0.8 * d2.sum(axis=0, keepdims=True)", "b2 -= 0.8 * db2")
    code, out, _ = run(tmp_path, both)
    rows = [" ".join(row.split()[1:]) for row in out.splitlines()]
    assert code == 0
    assert "d2 = (a2 - y) * a2 * (1 - a2) ok = dL/d (a1 @ W2 + b2)" in rows
    assert "dW2 = a1.T @ d2; db2 = d2.sum(0) ok = dL/d W2, dL/d b2" in rows
    assert "b2 -= 0.8 * db2 ok" in rows


def test_of_several_statements_in_a_line_the_wrong_one_is_told(tmp_path: Path) -> None:
    both = RIGHT.replace("    W2 -= 0.8 * a1.T @ d2\n    b2 -=", "    W2 -= 0.8 * a1.T @ d2; b2 +=")
    code, out, _ = run(tmp_path, both)
    said = " ".join(out.split())
    assert code == 1
    assert "line 22 b2 += 0.8 * d2.sum(axis=0, keepdims=True)" in said
    assert "should be b2 -= 0.8 * d2.sum(axis=0, keepdims=True)" in said
    lines = json.loads(run(tmp_path, both, "--format", "json")[1])["lines"]
    (told,) = (line["should_be"] for line in lines if line["verdict"] == "wrong")
    assert told == "W2 -= 0.8 * a1.T @ d2; b2 -= 0.8 * d2.sum(axis=0, keepdims=True)"


def test_of_a_statement_over_several_rows_the_wrong_row_is_told(tmp_path: Path) -> None:
    both = RIGHT.replace(
        "    W2 -=", "    g = {\n        1: X.T @ d1,\n        2: a1.T @ error,\n    }\n    W2 -="
    )
    both = both.replace("0.8 * a1.T @ d2", "0.8 * g[2]").replace("0.8 * X.T @ d1", "0.8 * g[1]")
    lines = json.loads(run(tmp_path, both, "--format", "json")[1])["lines"]
    (row,) = (line for line in lines if line["verdict"] == "wrong")
    assert (row["text"], row["should_be"]) == ("2: a1.T @ error,", "2: a1.T @ d2,")


def test_what_the_compiler_says_of_an_edit_is_not_shown(
    tmp_path: Path, recwarn: pytest.WarningsRecorder
) -> None:
    source = RIGHT.replace("a1 * (1 - a1)", "(1 * a1)[:]")  # 1[:] is one
    assert run(tmp_path, source)[0] == 1
    assert not recwarn.list


def test_what_only_shows_something_takes_no_part_and_need_not_be_installed(tmp_path: Path) -> None:
    shown = """\
import sys
sys.settrace(lambda *given: [1.5 * 2.5, sys.exit()])
sys.path[:] = [folder for folder in sys.path if "site-packages" not in folder]  # nothing is
import matplotlib.pyplot as plt
import seaborn
from tqdm.auto import tqdm, trange
fig, (left, right) = plt.subplots(1, 2)
with plt.style.context("ggplot"):
    plt.rcParams["font.size"] = 9
    left.plot([1, 2])[0].set_color("r")
for turn in trange(1):
    for W1 in (bar := tqdm([W1], desc="W1")):
        bar.set_postfix(loss=loss)
    for axes in plt.subplots()[1]:
        """
    shown += "W1 -= 0.8 * X.T @ d1\n"
    source = RIGHT.replace("range(2000)", "range(1)").replace("    W1 -= 0.8 * X.T @ d1\n", "")
    code, out, _ = run(tmp_path, source + shown)
    assert (code, "W1 -= 0.8 * X.T @ d1" in out) == (0, True)


def test_a_notebook(tmp_path: Path) -> None:
    cells = [
        {"cell_type": "markdown", "source": ["# a net"]},
        {"cell_type": "code", "source": ["%matplotlib inline\n", *NET.splitlines(keepends=True)]},
        {"cell_type": "code", "source": ["from __future__ import print_function\n", "print(1)"]},
    ]
    code, out, _ = run(tmp_path, json.dumps({"cells": cells}), name="net.ipynb")
    assert code == 1
    assert "hidden_error = d2 @ W2.T" in out


def test_a_class_is_run_by_a_call(tmp_path: Path) -> None:
    assert run(tmp_path, CLASS, "--call", CALL)[0] == 0
    wrong = CLASS.replace("1 - out ** 2", "1 - out")
    code, out, _ = run(tmp_path, wrong, "--call", CALL)
    assert code == 1
    assert "1 - out ** 2" in out
    code, _, err = run(tmp_path, CLASS)
    assert code == 3
    assert "--call" in err
    sized = wrong.replace("__init__(self)", "__init__(self, n_in, n_out)")
    sized = sized.replace("np.array([[0.5, -0.3]])", "np.full((n_out, n_in), 0.3)")
    code, out, _ = run(tmp_path, sized, "--call", "Net(2, 1).train_step(X, t)")
    assert (code, "Net(2, 1).train_step(X, t) on drawn data" in out) == (1, True)
    code, _, err = run(tmp_path, sized, "--call", "Net(2, 1).train_step(what, t)")
    assert (code, "NameError: name 'what' is not defined" in err) == (3, True)


def test_a_function_that_the_program_calls_itself_happens_to_be_called_step(tmp_path: Path) -> None:
    file = tmp_path / "net.py"
    file.write_text(
        "import numpy as np\nw = np.ones(2)\nx = np.array([[1.0, 2.0], [0.5, -1.0]])\n"
        "def step(x, y):\n    e = x @ w - y\n    loss = (e ** 2).sum()\n    return 2 * x.T @ e\n"
        "for _ in range(3):\n    w -= 0.1 * step(x, 1.5)\n"
    )
    result = bptui("check", str(file))
    assert result.exit_code == 0
    assert f"{file}: right" in result.output
    file.write_text("def step(x, y):\n    return x * y\nw = 1.0\nw -= step(w, w)\n")
    assert "no loss is found" in bptui("check", str(file)).output


def test_the_loss_can_be_told(tmp_path: Path) -> None:
    other = RIGHT.replace(
        "    error = a2 - y\n", "    check = np.abs(a2 - y).sum()\n    error = a2 - y\n"
    )
    assert run(tmp_path, other, "--loss", "squared_error")[0] == 0
    code, out, _ = run(tmp_path, other, "--loss", "check", "--format", "json")
    assert (code, json.loads(out)["loss"]["given"]) == (1, True)
    code, out, err = run(tmp_path, other, "--loss", "los")
    assert (code, out) == (2, "")
    assert "found 'los'; expected one of half_squared_error" in err
    assert "loss, check" in err
    told = other.replace("import numpy", "# bptui: loss check\nimport numpy")
    assert run(tmp_path, told)[0] == 1
    assert run(tmp_path, told, "--loss", "loss")[0] == 0


def test_a_later_step(tmp_path: Path) -> None:
    code, out, _ = run(tmp_path, NET, "--step", "40")
    assert code == 1
    assert "training step 40" in out
    short = NET.replace("range(2000)", "range(5)")
    code, _, err = run(tmp_path, short, "--step", "9")
    assert code == 3
    assert "makes only 5" in err
    code, _, err = run(
        tmp_path,
        "import time\n" + NET.replace("    a1 =", "    time.sleep(0.01)\n    a1 ="),
        "--step",
        "1500",
        "--timeout",
        "1",
    )
    assert code == 3
    assert "training step 1500 (--step) is not reached within the time limit: 1 s" in err


def test_functions_hand_on_what_is_wrong_and_counts_divide(tmp_path: Path) -> None:
    source = """\
import numpy as np
def step(x, t, weights, biases, rate):
    (W1, W2), (b1, b2), n = weights, biases, len(x)
    h = np.tanh(x @ W1 + b1)
    d = 1 / (1 + np.exp(-(h @ W2 + b2))) - t  # of all samples
    dh = d @ W2.T * (1 - h ** 2)
    return (
        [W1 - rate * x.T @ dh, W2 - rate * h.T @ d],
        [b1 - rate * dh.sum(0), b2 - rate * d.sum(0)],
    )
"""
    code, out, _ = run(tmp_path, source, "--preset", "xor")
    rows = [" ".join(row.split()) for row in out.splitlines()]
    assert code == 1
    assert "line 5 d = 1 / (1 + np.exp(-(h @ W2 + b2))) - t" in rows
    assert "should be d = (1 / (1 + np.exp(-(h @ W2 + b2))) - t) / n" in rows
    assert "8 [W1 - rate * x.T @ dh, W2 - rate * h.T @ d], follows" in rows


def test_what_a_function_gives_has_the_name_that_its_caller_gives_it(tmp_path: Path) -> None:
    source = SCALARS.replace("return 1 /", "a = 1 /").replace(
        "exp(-z))\n", "exp(-z))\n    return a\n"
    )
    _, out, _ = run(
        tmp_path,
        source.replace("(d_w3 + d_w4) * g", "dg * g").replace(
            "    d_w2 =", "    dg = d_w3 + d_w4\n    d_w2 ="
        ),
    )
    assert "dg stands for dL/d g" in out


def test_single_numbers_are_written_anew_by_the_chain_rule(tmp_path: Path) -> None:
    code, out, _ = run(tmp_path, SCALARS, "--format", "json")
    report = json.loads(out)
    assert (code, report["first_wrong_lines"]) == (1, [13, 14])
    rows = SCALARS.splitlines()
    for line in report["lines"]:
        if line["verdict"] == "wrong":
            rows[line["line"] - 1] = "    " + line["should_be"]
    assert run(tmp_path, "\n".join(rows) + "\n")[0] == 0


def test_what_stands_after_two_dashes_is_the_programs(tmp_path: Path) -> None:
    own = RIGHT.replace("np.random.seed(1)", "import sys\nassert sys.argv[1:] == ['--rate', '5']")
    assert run(tmp_path, own, "--", "--rate", "5")[0] == 0
    assert run(tmp_path, own)[0] == 3
