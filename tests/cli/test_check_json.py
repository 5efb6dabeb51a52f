"""``bptui check --format json``: what is in its record, of schema 1."""

import json
from pathlib import Path

import pytest

from bptui.core.timeline import Timeline
from bptui.presets.files import load

from .support import check
from .test_check import RIGHT

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
