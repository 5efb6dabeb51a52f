"""[data] that cannot be used: one message each, with file, key path, found and expected."""

from __future__ import annotations

from pathlib import Path

import pytest

from bptui.presets import PresetError, load

NETWORK = "[network]\nlayers = [2, 1]\n"


def given(line: str) -> str:
    return f"{NETWORK}[data]\n{line}\n"


# what is wrong: (text, key path, part of what is found, part of what is expected)
UNUSABLE: dict[str, tuple[str, str, str, str]] = {
    "an empty data table": (given(""), "data", "none of them", "exactly one of"),
    "two forms of data": (
        given('inputs = [[1, 2]]\ntargets = [[1]]\ndataset = "xor"'),
        "data",
        "inputs and targets and dataset",
        "exactly one of",
    ),
    "inputs without targets": (given("inputs = [[1, 2]]"), "data.targets", "nothing", "together"),
    "ragged inputs": (
        given("inputs = [[1, 2], [3]]\ntargets = [[1], [2]]"),
        "data.inputs[1]",
        "1 number",
        "2, as many as data.inputs[0]",
    ),
    "no inputs": (given("inputs = []\ntargets = [[1]]"), "data.inputs", "an empty list", "row"),
    "inputs of a wrong width": (
        given("inputs = [[1, 2, 3]]\ntargets = [[1]]"),
        "data.inputs",
        "inputs of 3 numbers",
        "2 numbers per sample",
    ),
    "too few targets": (
        given("inputs = [[1, 2], [3, 4]]\ntargets = [[1]]"),
        "data.targets",
        "1 samples",
        "2, as many as",
    ),
    "targets that are no probabilities": (
        '[network]\nlayers = [2, 1]\n[training]\nloss = "binary_cross_entropy"\n'
        "[data]\ninputs = [[1, 2]]\ntargets = [[3]]",
        "data.targets",
        "the target 3",
        "from 0 to 1",
    ),
    "an unknown dataset": (given('dataset = "mnist"'), "data.dataset", "'mnist'", "one of and, or"),
    "samples for a gate": (
        given('dataset = "xor"\nsamples = 8'),
        "data.samples",
        "samples for xor",
        "four fixed samples",
    ),
    "samples with inputs": (
        given("inputs = [[1, 2]]\ntargets = [[1]]\nsamples = 3"),
        "data.samples",
        "samples with inputs",
        "with dataset",
    ),
    "no samples": (given('dataset = "moons"\nsamples = 0'), "data.samples", "0", "1 to 1,000,000"),
    "too many samples": (
        given('dataset = "moons"\nsamples = 2_000_000'),
        "data.samples",
        "2000000",
        "1 to 1,000,000",
    ),
    "negative noise": (given('dataset = "moons"\nnoise = -0.1'), "data.noise", "-0.1", "0 to"),
    "a dataset too narrow": (
        '[network]\nlayers = [3, 1]\n[data]\ndataset = "moons"',
        "data.dataset",
        "2 inputs of moons",
        "3, the units of the first layer",
    ),
    "a dataset with too few classes": (
        '[network]\nlayers = [2, 3]\n[data]\ndataset = "moons"',
        "data.dataset",
        "moons for 3 output units",
        "moons has at most 2 classes",
    ),
    "a curve with two outputs": (
        '[network]\nlayers = [1, 2]\n[data]\ndataset = "sine"',
        "data.dataset",
        "sine for 2 output units",
        "a network with 1 output unit",
    ),
    "a test fraction of 1": (
        given("inputs = [[1, 2]]\ntargets = [[1]]\ntest_fraction = 1.0"),
        "data.test_fraction",
        "1.0",
        "below 1",
    ),
    "a split of one sample": (
        given("inputs = [[1, 2]]\ntargets = [[1]]\ntest_fraction = 0.5"),
        "data.test_fraction",
        "a single sample",
        "at least two samples",
    ),
    "inputs too large to standardize": (
        given("inputs = [[1e308, 2], [-1e308, 2]]\ntargets = [[1], [0]]\nstandardize = true"),
        "data.standardize",
        "too large",
        "smaller inputs",
    ),
    "a CSV file that is missing": (
        given('csv = "nowhere.csv"\nclass_column = "kind"'),
        "data.csv",
        "nowhere.csv",
        "the name of a CSV file",
    ),
    "a CSV file that is a folder": (
        given('csv = "."\nclass_column = "kind"'),
        "data.csv",
        "which is not a regular file",
        "the name of a CSV file",
    ),
    "a CSV name with a NUL": (
        given('csv = "a\\u0000b"\nclass_column = "kind"'),
        "data.csv",
        "a\\x00b",
        "the name of a CSV file",
    ),
    "a CSV file without targets": (
        given('csv = "table.csv"'),
        "data",
        "neither target_columns nor class_column",
        "one of target_columns and class_column",
    ),
}


@pytest.mark.parametrize(
    ("text", "key", "found", "expected"), UNUSABLE.values(), ids=UNUSABLE.keys()
)
def test_an_unusable_file_is_refused_with_its_place(
    text: str, key: str, found: str, expected: str, tmp_path: Path
) -> None:
    file = tmp_path / "mine.toml"
    file.write_text(text, encoding="utf-8")
    with pytest.raises(PresetError) as caught:
        load(str(file))
    error = caught.value
    assert error.file == str(file)
    assert error.key == key
    assert found in error.found
    assert expected in error.expected
    place = f"{file}: {key}" if key else str(file)
    assert str(error) == f"{place}: found {error.found}; expected {error.expected}"
    assert "\n" not in str(error)
