"""``bptui run``: its formats, and the published numbers in them."""

import csv
import io
import json
import math
import re
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from bptui.core.timeline import Timeline
from bptui.presets.files import load

from .support import DIVERGING, bptui, printed

LISTINGS = Path(__file__).parents[1] / "data"


run = partial(bptui, "run")


def lines(*arguments: str) -> list[dict[str, Any]]:
    return [
        json.loads(line) for line in printed("run", *arguments, "--format", "jsonl").splitlines()
    ]


@pytest.mark.parametrize(("listing", "count"), [(1, 1000), (2, 999)])
def test_the_published_listings_to_their_six_digits(listing: int, count: int) -> None:
    printed = json.loads((LISTINGS / f"article_listing_{listing}.json").read_text())
    steps = lines(f"article-listing-{listing}", "--steps", str(count - 1))
    assert len(steps) == len(printed["loss"]) == count
    # listing 2 prints its first output in the column of the second, too
    for unit, column in enumerate(["out_o1", "out_o2"][: 3 - listing]):
        expected = [f"{value / 1e6:.6f}" for value in printed[column]]
        assert [f"{step['outputs'][0][unit]:.6f}" for step in steps] == expected
    expected = [f"{value / 1e6:.6f}" for value in printed["loss"]]
    assert [f"{step['loss']:.6f}" for step in steps] == expected


def test_the_article_with_true_gradients() -> None:
    steps = lines("article")
    assert [step["step"] for step in steps] == list(range(1001))
    for step, loss in ((0, 0.16328681495493247), (1, 0.15792065956499146), (1000, 2.465032157e-8)):
        assert steps[step]["loss"] == pytest.approx(loss, rel=1e-9)


def test_mazur_correct_and_as_published() -> None:
    correct, published = lines("mazur", "--steps", "1"), lines("mazur-as-published", "--steps", "1")
    assert f"{correct[0]['loss']:.9f}" == f"{published[0]['loss']:.9f}" == "0.298371109"
    assert f"{correct[1]['loss']:.9f}" == "0.291027774"
    assert f"{published[1]['loss']:.9f}" == "0.291027924"
    end = lines("mazur-as-published", "--every", "10000")[-1]
    assert end["step"] == 10000
    assert [f"{value:.9f}" for value in end["outputs"][0]] == ["0.015912196", "0.984065734"]
    end = lines("mazur", "--every", "10000")[-1]
    assert [f"{value:.9f}" for value in end["outputs"][0]] == ["0.015913620", "0.984064274"]


@pytest.mark.parametrize("name", ["article", "iris", "spirals"])
def test_jsonl_reads_back_bit_identically(name: str) -> None:
    timeline = Timeline(load(name))
    steps = lines(name, "--steps", "25", "--every", "10")
    assert [step["step"] for step in steps] == [0, 10, 20, 25]
    for step in steps:
        snapshot = timeline.snapshot(step["step"])
        assert list(step) == ["step", "epoch", "loss", "outputs", "weights", "biases", "gradients"]
        assert list(step["gradients"]) == ["weights", "biases"]
        assert (step["epoch"], step["loss"]) == (snapshot.epoch, snapshot.loss)
        assert step["outputs"] == snapshot.outputs.tolist()
        for written, parameters in (
            (step, snapshot.parameters),
            (step["gradients"], snapshot.gradients),
        ):
            assert written["weights"] == [each.tolist() for each in parameters.weights]
            biases = parameters.biases
            expected = None if biases is None else [each.tolist() for each in biases]
            assert written["biases"] == expected


def test_csv_has_named_columns_and_the_same_numbers() -> None:
    result = run("mazur", "--steps", "3", "--format", "csv")
    rows = list(csv.DictReader(io.StringIO(result.stdout)))
    steps = lines("mazur", "--steps", "3")
    assert len(rows) == len(steps) == 4
    for row, step in zip(rows, steps, strict=True):
        expected = {name: step[name] for name in ("step", "epoch", "loss")}
        expected |= {f"out_o{unit}": value for unit, value in enumerate(step["outputs"][0], 1)}
        for prefix, group in (("", step), ("g", step["gradients"])):
            for letter in ("weights", "biases"):
                for layer, array in enumerate(group[letter], 1):
                    name = f"{prefix}{'W' if letter == 'weights' else 'b'}{layer}"
                    for place, value in np.ndenumerate(array):
                        expected[name + "".join(f"[{at}]" for at in place)] = value
        assert {name: float(cell) for name, cell in row.items()} == expected


def test_the_table_is_aligned_and_short() -> None:
    table = run("article").stdout.splitlines()
    assert table[0].split() == ["step", "loss", "out_o1", "out_o2"]
    assert len({len(line) for line in table}) == 1
    assert [int(line.split()[0]) for line in table[1:]] == list(range(0, 1001, 50))
    assert table[1].split() == ["0", "0.163287", "0.620606", "0.633377"]
    assert table[-1].split()[:2] == ["1000", "2.46503e-08"]


@pytest.mark.parametrize(
    ("steps", "every"), [(0, 1), (20, 1), (21, 2), (100, 5), (101, 10), (1000, 50), (10000, 500)]
)
def test_a_table_has_about_20_rows(steps: int, every: int) -> None:
    rows = run("article", "--steps", str(steps)).stdout.splitlines()[1:]
    assert [int(row.split()[0]) for row in rows] == sorted({*range(0, steps + 1, every), steps})


def test_toml_on_standard_input() -> None:
    text = "[network]\nlayers = [2, 1]\n[training]\nsteps = 2\n[data]\ndataset = 'or'"
    result = run("-", "--format", "jsonl", stdin=text)
    assert result.exit_code == 0
    assert len(result.stdout.splitlines()) == 3
    refused = run("-", stdin="[network]\nlayers = [0, 1]\n[data]\ndataset = 'or'")
    assert refused.exit_code == 2
    assert (
        refused.stderr == "Error: stdin: network.layers[0]: found 0; expected 1 to 100,000 units\n"
    )


@pytest.mark.parametrize("every", ["1", "7", "1000"])
def test_divergence_ends_with_its_first_step(every: str) -> None:
    # 9^2 / 2 at first; the first update throws the weights to 1e200, whose products overflow
    result = run("-", "--format", "jsonl", "--every", every, stdin=DIVERGING)
    assert result.exit_code == 1
    told = r"Error: training diverged: the loss at step 1 is (inf|nan)\n"
    assert re.fullmatch(told, result.stderr)
    rows = [json.loads(line) for line in result.stdout.splitlines()]
    assert [row["step"] for row in rows] == [0, 1]
    assert rows[0]["loss"] == 40.5
    assert rows[1]["loss"] in ("inf", "nan")  # JSON has no infinity
    assert math.isfinite(rows[1]["weights"][0][0][0])
