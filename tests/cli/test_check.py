"""``bptui check``: what it says of code that is right, wrong, unfinished, stuck or hostile."""

import json
import os
from pathlib import Path

import numpy as np
import pytest

from bptui.core.timeline import Timeline
from bptui.presets.files import load

from ..check.right_code import RIGHT as CORPUS
from .support import bptui, check, says

RIGHT = CORPUS["matrices, mean over the batch"][1]


def test_right_code(tmp_path: Path) -> None:
    done = check(tmp_path, RIGHT)
    assert done.exit_code == 0
    assert says(
        done,
        "gradients: right (gW2 and gW1).",
        "line 5",
        "2-2-2 and 4-5-3",
        "ok = dL/d (h @ weights[1])",
    )


def test_recorded_numbers(tmp_path: Path) -> None:
    file = tmp_path / "step.npz"
    one = {"x": [[0.5]], "t": [[1.0]], "W1": [[0.4]], "b1": [0.1], "lr": 0.1}
    right = 0.4 - 0.1 * (0.3 - 1.0) * 0.5
    for after, code in ((right, 0), (0.4, 1)):
        np.savez(file, **one, W1_after=[[after]], b1_after=[0.1 - 0.1 * (0.3 - 1.0)])
        done = bptui("check", str(file), "--format", "json")
        assert done.exit_code == code
        lines = json.loads(done.stdout)["lines"]
        assert [(line["line"], line["variable"]) for line in lines] == [(None, "W1"), (None, "b1")]
    np.savez(file, **one, gW1=[[77.0]])
    done = bptui("check", str(file))
    assert (done.exit_code, done.stdout) == (3, "")
    assert "--preset" in done.stderr
    file.write_text("hello")
    done = bptui("check", str(file))
    assert (done.exit_code, done.stdout) == (2, "")
    assert "step.npz: no .npz file" in done.stderr


def test_the_unfilled_template_is_not_written_yet(tmp_path: Path) -> None:
    template = bptui("check", "--template", "--preset", "mazur")
    assert template.exit_code == 0
    done = check(tmp_path, template.stdout, "--preset", "mazur")
    assert done.exit_code == 3
    assert says(done, "gradients: not written yet:", "NotImplementedError", "mine.py, line")


GRADIENTS = "import os, sys\ndef gradients(x, t, weights):\n    "
STEP = "import os\ndef step(x, t, weights, learning_rate):\n    "


@pytest.mark.parametrize(
    ("code", "source", "texts"),
    [
        (3, GRADIENTS + "return weights[5]", ("IndexError", "line 3", "return weights[5]")),
        (3, GRADIENTS + "pass", ("it returned nothing; expected a list",)),
        (3, GRADIENTS + "return {'theta': x}", ("'theta'", "expected names among", "gW1")),
        (
            3,
            GRADIENTS + "return [w.T[:1] for w in weights]",
            ("gW1: it has shape (1, 2)", "expected (2, 2)"),
        ),
        (
            1,
            RIGHT.replace("/ len(x)", "* np.random.rand()"),
            ("gave different results", "gradients: different numbers every time."),
        ),
        (1, RIGHT.replace("    h =", "    x[0, 0] += 1e-3\n    h =", 1), ("changes x in place",)),
        (
            1,
            RIGHT.replace("/ len", "/ -len") + STEP + "1/0",
            ("gradients: wrong-sign", "step: raises ZeroDivisionError"),
        ),
        (3, RIGHT + STEP + "1/0", ("gradients: right", "step: raises ZeroDivisionError")),
    ],
)
def test_what_stops_it_is_said(
    code: int, source: str, texts: tuple[str, ...], tmp_path: Path
) -> None:
    done = check(tmp_path, source)
    assert done.exit_code == code
    assert says(done, *texts)


def test_code_that_hangs_is_stopped(tmp_path: Path) -> None:
    endless = "    import time\n    time.sleep(1000)\n"
    called = f"def gradients(x, t, weights):\n    print('here')\n{endless}"
    done = check(tmp_path, called, limit="1.5")
    assert done.exit_code == 3
    assert says(done, "line 4", "here", "gradients: does not return within 1.5 s")
    done = check(tmp_path, f"if True:\n{endless}", limit="0.5")
    assert (done.exit_code, done.stdout) == (3, "")
    assert says(done, "no training step within the time limit: 0.5 s; it was at line ")


@pytest.mark.parametrize(
    ("source", "texts"),
    [
        ("def gradients(x, t, weights)\n    pass\n", ("SyntaxError", "line 1")),
        ("def backward(x):\n    pass\n", ("updates nothing by a gradient", "--call", "--template")),
        ("def gradients(x, t):\n    pass\n", ("takes 2 arguments (x, t)", "expected gradients(x,")),
        ("1 / 0\n", ("ZeroDivisionError", "line 1")),
    ],
)
def test_what_cannot_be_checked_is_said(
    source: str, texts: tuple[str, ...], tmp_path: Path
) -> None:
    record = check(tmp_path, source, "--format", "json")
    assert record.exit_code == 3
    assert says(record, *texts)
    found = json.loads(record.stdout)
    assert found["verdict"] == "failed"
    assert found["parameters"] == found["lines"] == found["mistakes"] == []
    assert f"Error: {found['reason']}\n" == record.stderr


def test_what_is_no_file_is_refused(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe.py"
    os.mkfifo(pipe)  # nobody writes into it, so whoever opens it waits
    for file, text in (tmp_path, "is a folder"), (pipe, "is not a regular file; expected a Python"):
        done = bptui("check", str(file))
        assert (done.exit_code, text in done.stderr) == (2, True)


def test_what_no_mistake_explains_is_pointed_at(tmp_path: Path) -> None:
    source = RIGHT.replace("return [x.T", "h = h + 0.1\n    return [x.T")
    done = check(tmp_path, source)
    assert done.exit_code == 1
    assert says(done, "line 9 h = h + 0.1", "gradients: line 9, which should be h = h.")
    assert "stands for" not in done.stdout


def test_a_slip_that_only_batches_show_is_told_where_the_preset_has_none(tmp_path: Path) -> None:
    source = RIGHT.replace("/ len(x)", "")
    alone = check(tmp_path, source)
    assert alone.exit_code == 0
    assert says(alone, "times the batch size; so it got one at a time", "gradients: right")
    batches = check(tmp_path, source, "--preset", "negnevitsky")
    assert says(batches, "negnevitsky has biases, but the function takes none")


@pytest.mark.parametrize(
    ("source", "options", "code", "texts"),
    [
        pytest.param(
            CORPUS["outer products of vectors"][1].replace("* (1 - o)", "* (1 - o) / len(x)"),
            (),
            1,
            ("as vectors", "should be d = (o - t) * o * (1 - o)"),
            id="len(x) of a vector is no batch size",
        ),
        pytest.param(
            RIGHT
            + """
def step(x, t, weights, learning_rate):
    return [w + learning_rate * g for w, g in zip(weights, gradients(x, t, weights))]
""",
            (),
            1,
            ("step: wrong-sign.", "line 13 return [w + learning_rate * g"),
            id="no line is accused that gives what is right",
        ),
        pytest.param(
            RIGHT.replace("h.T @ d]", "(h.T @ d).round(5)]"),
            (),
            1,
            ("right to", "rounding, numerical differentiation"),
            id="rounding is not called a mistake",
        ),
        pytest.param(
            RIGHT.replace("def grad", "calls = []\ndef grad").replace(
                "/ len(x)", "/ len(x) * (1 + len(calls))\n    calls.append(1)"
            ),
            (),
            1,
            ("it keeps something from call to call",),
            id="what is kept between calls shows",
        ),
        pytest.param(
            CORPUS["step that trains biases too"][1].replace("h * (1 - h)", "h * (1 + h)"),
            ("--preset", "mazur"),
            1,
            ("line 9 e = d @ weights[1].T * h * (1 + h)",),
            id="training what the preset keeps frozen is not the mistake",
        ),
        pytest.param(
            RIGHT[: RIGHT.index("def gradients")]
            + """
def gradients(x, t, weights, biases):
    x, t = x.T, t.T
    h = np.tanh(weights[0].T @ x + biases[0][:, None])
    o = sigmoid(weights[1].T @ h + biases[1][:, None])
    d = (o - t) / x.shape[1]
    e = weights[1] @ d * (1 - h ** 2)
    return {"out_h": h, "delta_h": e, "gW1": x @ e.T, "gW2": h @ d.T}
""",
            ("--preset", "xor"),
            0,
            ("out_h has its samples in columns", "gradients: right"),
            id="columns of as many samples as units",
        ),
    ],
)
def test_reports_are_true(
    source: str, options: tuple[str, ...], code: int, texts: tuple[str, ...], tmp_path: Path
) -> None:
    done = check(tmp_path, source, *options)
    assert done.exit_code == code, done.stdout
    assert says(done, *texts)


PARTLY = (
    RIGHT.replace(" * h * (1 - h)", "")
    + """
def step(x, t, weights, learning_rate):
    return [weights[0], weights[1] - learning_rate * gradients(x, t, weights)[1]]
"""
)


def test_json_says_what_the_report_says(tmp_path: Path) -> None:
    done = check(tmp_path, PARTLY, "--format", "json")
    assert (done.exit_code, done.stderr, done.stdout.count("\n")) == (1, "", 1)
    found = json.loads(done.stdout)
    assert [*found] == [
        *("schema", "file", "verdict", "reason", "loss", "parameters", "lines"),
        *("first_wrong_lines", "mistakes", "remarks", "seconds"),
    ]
    assert (found["schema"], found["file"]) == (1, str(tmp_path / "mine.py"))
    assert found["verdict"] == "wrong"
    assert found["reason"] == "gradients: missing-hidden-derivative\nstep: frozen-first-layer"
    assert found["loss"]["name"] == "half_squared_error"
    assert found["mistakes"] == ["missing-hidden-derivative", "frozen-first-layer"]
    first, second = found["parameters"]
    assert (first["name"], first["shape"], first["gradient"]) == ("W1", [2, 2], "gW1")
    assert (first["verdict"], second["verdict"]) == ("not updated", "right")
    assert first["max_error"] > 0.1 > second["max_error"]
    lines = {each["variable"]: each for each in found["lines"] if each["line"] is None}
    assert {each: lines[each]["verdict"] for each in lines} == {
        "gW1": "wrong",
        "gW2": "right",
        "W1": "wrong",
        "W2": "right",
    }
    assert lines["gW2"]["stands_for"] == "dL/dW2"
    assert lines["gW2"]["should_be"] is lines["gW2"]["example"] is None
    assert lines["gW1"]["should_be"].endswith("gW1 = x.T @ delta_h")
    example = lines["gW1"]["example"]
    assert example["index"] == [0, 0]
    # the article's own gradient, all digits of it
    right = Timeline(load("article")).snapshot(0).gradients.weights[0][0, 0]
    assert example["expected"] == right


def test_numbers_that_are_not_finite_and_constant_factors_in_json(tmp_path: Path) -> None:
    done = check(tmp_path, RIGHT.replace("/ len(x)", "* np.inf"), "--format", "json")
    found = json.loads(done.stdout)
    numbers = [each["example"] for each in found["lines"] if each["line"] is None]
    assert numbers[0]["found"] in ("inf", "-inf", "nan")
    done = check(tmp_path, RIGHT.replace("/ len", "/ -len"), "--format", "json")
    ratios = [each["ratio"] for each in json.loads(done.stdout)["parameters"]]
    assert ratios == pytest.approx([-1.0, -1.0])
