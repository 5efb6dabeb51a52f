"""``--format json`` of explain, gradcheck and list: to be read by programs, to the last bit."""

import json
from pathlib import Path
from typing import Any

import pytest

from bptui.presets.folders import shipped_names

from .support import DIVERGING, bptui


def no_number(text: str) -> None:
    raise AssertionError(f"{text} is no JSON")


def read(*arguments: str, code: int = 0, stdin: str | None = None) -> dict[str, Any]:
    """What the command writes, which is one line of strict JSON."""
    done = bptui(*arguments, "--format", "json", stdin=stdin)
    assert done.exit_code == code, done.output
    assert done.stdout.count("\n") == 1
    found: dict[str, Any] = json.loads(done.stdout, parse_constant=no_number)
    return found


def run(name: str, step: int) -> dict[str, Any]:
    """The line of ``bptui run --format jsonl`` about a step."""
    done = bptui("run", name, "--format", "jsonl", "--steps", str(step + 1))
    line: dict[str, Any] = json.loads(done.stdout.splitlines()[step])
    return line


@pytest.mark.parametrize("name", ["article-listing-2", "iris", "mazur"])
def test_a_worksheet_has_the_numbers_of_the_step(name: str) -> None:
    here, after = run(name, 3), run(name, 4)
    found = read("explain", name, "--step", "3")
    assert [found[each] for each in ("schema", "preset", "step", "quantity")] == [1, name, 3, "all"]
    assert found["loss"] == here["loss"]
    arrays = {
        (each["name"], each["update"]): each["value"]
        for part in found["parts"]
        for each in part["arrays"]
    }
    for layer, (gradient, weights) in enumerate(
        zip(here["gradients"]["weights"], after["weights"], strict=True), 1
    ):
        assert arrays[f"gW{layer}", False] == gradient
        assert arrays[f"W{layer}", True] == weights
    assert arrays["out_o", False] == here["outputs"]
    for part in found["parts"]:
        assert part["about"]
        for section in part["numbers"]:
            for each in section["statements"]:
                value = arrays[each["array"], each["update"]]
                for place in each["index"]:
                    value = value[place]
                assert value == each["value"]


def test_a_quantity_with_its_formulas() -> None:
    found = read("explain", "article", "--quantity", "w5")
    (part,) = found["parts"]
    gradient, update = (section["statements"][0] for section in part["numbers"])
    assert gradient["name"] == "dL/dw5"
    assert gradient["formula"] == "(out_o1 - t1) · out_o1 · (1 - out_o1) · out_h1"
    assert [each["name"] for each in gradient["reads"]] == ["out_o1", "t1", "out_h1"]
    o, t, h = (each["value"] for each in gradient["reads"])
    assert gradient["value"] == pytest.approx((o - t) * o * (1 - o) * h, rel=1e-14)
    assert (update["formula"], update["update"]) == ("w5 - learning_rate · dL/dw5", True)
    assert found["settings"] == {"learning_rate": 0.5}
    assert [each["code"] for each in part["arrays"]] == [
        "gW2 = out_h.T @ delta_o",
        "W2 = W2 - learning_rate * gW2",
    ]
    assert part["arrays"][0]["formula"] == "out_h^T @ delta_o"
    batch = read("explain", "xor", "--quantity", "gW1")["parts"][0]["numbers"][0]["statements"][0]
    assert batch["formula"] == "Σ delta_h1 · i1"
    assert [each["index"][0] for each in batch["reads"]] == [0, 0, 1, 1, 2, 2, 3, 3]


def test_a_mistake_has_what_is_correct_beside_it() -> None:
    found = read("explain", "article-listing-1", "--quantity", "w1")
    published = found["parts"][0]["numbers"][0]["statements"][0]
    right = read("explain", "article", "--quantity", "w1")["parts"][0]["numbers"][0]["statements"]
    assert published["value"] == run("article-listing-1", 0)["gradients"]["weights"][0][0][0]
    assert published["correct"]["value"] == right[0]["value"]
    assert published["correct"]["formula"] == right[0]["formula"]
    (told,) = published["differences"]
    assert told.startswith("w6 (W2[1][0])")
    assert found["frozen"] == {"W2": "the mistake frozen-last-layer"}
    assert right[0]["correct"] is None


def test_what_diverged_is_json_too(tmp_path: Path) -> None:
    found = read("explain", "-", "--step", "9", code=1, stdin=DIVERGING)
    assert 0 < found["step"] < 9
    assert found["loss"] in ("inf", "nan")
    file = tmp_path / "x.json"
    arguments = ["explain", "article", "--format", "json", "-o", str(file)]
    assert bptui(*arguments).stdout == ""
    assert json.loads(file.read_text())["preset"] == "article"
    found = read("gradcheck", "-", "--step", "9", code=1, stdin=DIVERGING)
    assert (found["verdict"], found["parameters"], found["loss"]) == ("failed", [], None)
    assert "training diverged" in found["reason"]


def test_a_gradient_check() -> None:
    found = read("gradcheck", "article")
    assert (found["schema"], found["verdict"], found["reason"]) == (1, "right", None)
    assert found["checked"] == found["total"] == 8
    assert found["loss"] == run("article", 0)["loss"]
    gradients = run("article", 0)["gradients"]["weights"]
    for parameter, gradient in zip(found["parameters"], gradients, strict=True):
        assert parameter["shape"] == [2, 2]
        for each in parameter["numbers"]:
            row, column = each["index"]
            assert each["analytic"] == gradient[row][column]
            assert each["numerical"] == pytest.approx(each["analytic"], rel=1e-12)
            assert each["central"] == pytest.approx(each["analytic"], rel=1e-8)
    assert [each["operation"] for each in found["chain"]][-1] == "update"
    assert {each["verdict"] for each in found["chain"]} == {"right"}


def test_a_gradient_check_that_fails() -> None:
    found = read("gradcheck", "article-listing-1", code=1)
    assert found["verdict"] == "wrong"
    assert found["reason"].startswith("4 of 8 gradients are wrong.\n")
    assert [each["verdict"] for each in found["parameters"]] == ["wrong", "right"]
    assert found["first_wrong"] == "dL/dout_h"
    assert found["mistakes"] == ["transposed-weights", "frozen-last-layer"]
    chain = {each["operation"]: each for each in found["chain"]}
    assert chain["delta_h"]["follows_from"] == ["dL/dout_h"]
    assert chain["update"]["faults"] == [{"parameter": "W2", "never_applied": True}]


def test_a_list(own: Path) -> None:
    found = read("list")
    assert sorted(each["name"] for each in found["presets"]) == shipped_names()
    listing = next(each for each in found["presets"] if each["name"] == "article-listing-1")
    assert listing["network"] == "2-2-2 sigmoid, no bias"
    assert listing["mistakes"] == ["transposed-weights", "frozen-last-layer"]
    assert Path(listing["file"]).is_file()
    assert read("list", "--own") == {"schema": 1, "presets": []}
    own.mkdir(parents=True)
    (own / "broken.toml").write_text("layers =")
    (broken,) = read("list", "--own")["presets"]
    assert (broken["name"], broken["network"]) == ("broken", None)
    assert "broken" in broken["file"]
    assert broken["unusable"]
