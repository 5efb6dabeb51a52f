"""Files that cannot be used: one message each, with file, key path, found and expected."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from bptui.presets import PresetError, load, loads

NETWORK = "[network]\nlayers = [2, 1]\n"
DATA = "[data]\ninputs = [[0, 1], [1, 0]]\ntargets = [[0], [1]]\n"


def network(line: str) -> str:
    return f"[network]\n{line}\n{DATA}"


def training(line: str) -> str:
    return f"[training]\n{line}\n{NETWORK}{DATA}"


def parameters(line: str) -> str:
    return f"{NETWORK}[parameters]\n{line}\n{DATA}"


# what is wrong: (text, key path, part of what is found, part of what is expected)
UNUSABLE: dict[str, tuple[str, str, str, str]] = {
    "no TOML": ("layers = [", "", "invalid TOML", "TOML"),
    "a key twice": (f"{NETWORK}layers = [1, 1]", "", "invalid TOML", "TOML"),
    "a NUL byte": ('title = "a\0b"', "", "invalid TOML", "TOML"),
    "nested too deeply": (f"a = {'[' * 5000}", "", "nested too deeply", "TOML"),
    "too many digits": (
        network(f"layers = [2, {'9' * 5000}]"),
        "",
        "thousands of digits",
        "shorter",
    ),
    "empty": ("", "network", "nothing", "a table [network]"),
    "no data": (NETWORK, "data", "nothing", "a table [data]"),
    "no layers": (network("bias = true"), "network.layers", "nothing", "units per layer"),
    "network is no table": (f"network = 3\n{DATA}", "network", "3", "a table"),
    "an unknown table": (
        f"{NETWORK}{DATA}[trainig]\nsteps = 1",
        "trainig",
        "an unknown key",
        "did you mean training?",
    ),
    "an unknown key": (
        training("learning_rat = 1"),
        "training.learning_rat",
        "an unknown key",
        "did you mean learning_rate?",
    ),
    "title is a number": (f"title = 3\n{NETWORK}{DATA}", "title", "3", "text"),
    "title is a date": (f"title = 2020-01-01\n{NETWORK}{DATA}", "title", "2020-01-01", "text"),
    "layers is text": (network('layers = "2-1"'), "network.layers", "'2-1'", "a list"),
    "one layer": (network("layers = [2]"), "network.layers", "[2]", "at least two layers"),
    "a layer of 0": (network("layers = [2, 0]"), "network.layers[1]", "0", "1 to 100,000 units"),
    "a negative layer": (network("layers = [-2, 1]"), "network.layers[0]", "-2", "units"),
    "a fraction of units": (network("layers = [2, 1.5]"), "network.layers[1]", "1.5", "whole"),
    "a truth value of units": (network("layers = [2, true]"), "network.layers[1]", "true", "whole"),
    "a huge layer": (network("layers = [2, 1_000_000]"), "network.layers[1]", "1000000", "100,000"),
    "beyond 64 bits": (
        network(f"layers = [2, 0x{'f' * 5000}]"),
        "network.layers[1]",
        "more than 64 bits",
        "at most 64 bits",
    ),
    "too many parameters": (
        network("layers = [100_000, 100_000]"),
        "network.layers",
        "10,000,100,000 weights",
        "at most 1,000,000",
    ),
    "an unknown activation": (
        network('layers = [2, 1]\nactivation = "sigmiod"'),
        "network.activation",
        "'sigmiod'",
        "one of identity, sigmoid",
    ),
    "an unknown activation in a list": (
        network('layers = [2, 2, 1]\nactivation = ["tanh", "nope"]'),
        "network.activation[1]",
        "'nope'",
        "one of identity, sigmoid",
    ),
    "too few activations": (
        network('layers = [2, 2, 1]\nactivation = ["tanh"]'),
        "network.activation",
        "1 activations",
        "2, one for every layer",
    ),
    "softmax inside": (
        network('layers = [2, 2, 1]\nactivation = "softmax"'),
        "network.activation",
        "softmax in a hidden layer",
        "the last layer only",
    ),
    "bias is a number": (network("layers = [2, 1]\nbias = 1"), "network.bias", "1", "true or"),
    "ragged weights": (
        parameters("weights = [[[1], [2, 3]]]"),
        "parameters.weights[0][1]",
        "2 numbers",
        "1, as many as",
    ),
    "weights of a wrong shape": (
        parameters("weights = [[[1, 2], [3, 4]]]"),
        "parameters.weights[0]",
        "shape (2, 2)",
        "shape (2, 1)",
    ),
    "weights for too many layers": (
        parameters("weights = [[[1], [2]], [[1]]]"),
        "parameters.weights",
        "weights for 2 layers",
        "1, one for every layer",
    ),
    "empty weights": (
        parameters("weights = [[]]"),
        "parameters.weights[0]",
        "an empty list",
        "at least one row",
    ),
    "a weight that is text": (
        parameters('weights = [[[1], ["2"]]]'),
        "parameters.weights[0][1][0]",
        "'2'",
        "a number",
    ),
    "a weight that is nan": (
        parameters("weights = [[[1], [nan]]]"),
        "parameters.weights[0][1][0]",
        "nan",
        "a finite number",
    ),
    "a bias that is infinite": (
        parameters("biases = [[-inf]]"),
        "parameters.biases[0][0]",
        "-inf",
        "a finite number",
    ),
    "too many biases": (
        parameters("biases = [[1, 2]]"),
        "parameters.biases[0]",
        "shape (2,)",
        "shape (1,)",
    ),
    "biases without bias": (
        f"[network]\nlayers = [2, 1]\nbias = false\n[parameters]\nbiases = [[1]]\n{DATA}",
        "parameters.biases",
        "biases for a network without them",
        "network.bias = true",
    ),
    "an unknown scheme": (
        f'{NETWORK}{DATA}[init]\nscheme = "xavier"',
        "init.scheme",
        "'xavier'",
        "glorot_uniform",
    ),
    "a negative scale": (f"{NETWORK}{DATA}[init]\nscale = -1", "init.scale", "-1", "from 0 to"),
    "a negative init seed": (f"{NETWORK}{DATA}[init]\nseed = -1", "init.seed", "-1", "0 or more"),
    "an unknown loss": (training('loss = "mse"'), "training.loss", "'mse'", "half_squared_error"),
    "a loss that does not fit": (
        f'[network]\nlayers = [2, 1]\nactivation = "tanh"\n'
        f'[training]\nloss = "cross_entropy"\n{DATA}',
        "training.loss",
        "cross_entropy after tanh",
        "between 0 and 1",
    ),
    "an unknown reduction": (
        training('reduction = "none"'),
        "training.reduction",
        "'none'",
        "mean or sum",
    ),
    "an unknown optimizer": (
        training('optimizer = "adamw"'),
        "training.optimizer",
        "'adamw'",
        "one of sgd",
    ),
    "a setting of another optimizer": (
        training("momentum = 0.9"),
        "training.momentum",
        "a setting that sgd does not have",
        "no such key",
    ),
    "a momentum of 1": (
        training('optimizer = "momentum"\nmomentum = 1.0'),
        "training.momentum",
        "1.0",
        "below 1",
    ),
    "a negative learning rate": (
        training("learning_rate = -0.1"),
        "training.learning_rate",
        "-0.1",
        "0 or more",
    ),
    "a learning rate in quotes": (
        training('learning_rate = "0.1"'),
        "training.learning_rate",
        "'0.1'",
        "a number",
    ),
    "a learning rate that is true": (
        training("learning_rate = true"),
        "training.learning_rate",
        "true",
        "a number",
    ),
    "a negative penalty": (training("l2 = -1"), "training.l2", "-1", "0 or more"),
    "negative steps": (training("steps = -1"), "training.steps", "-1", "0 to"),
    "too many steps": (training("steps = 10_000_000_000"), "training.steps", "10000000000", "0 to"),
    "a batch of 0": (training("batch_size = 0"), "training.batch_size", "0", "1 to 2"),
    "a batch beyond the samples": (
        training("batch_size = 3"),
        "training.batch_size",
        "3",
        "1 to 2",
    ),
    "too many switches": (
        training("train_weights = [true, false]"),
        "training.train_weights",
        "2 switches",
        "1, one per layer",
    ),
    "an unknown mistake": (
        training('mistakes = ["forgotten"]'),
        "training.mistakes[0]",
        "'forgotten'",
        "transposed-weights",
    ),
    "an impossible mistake": (
        training('mistakes = ["transposed-weights"]'),
        "training.mistakes[0]",
        "'transposed-weights'",
        "no hidden layer",
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


def test_a_file_that_is_no_text_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "mine.toml"
    file.write_bytes(b'title = "caf\xe9"\n')
    with pytest.raises(PresetError, match="not UTF-8, at offset 12; expected a preset in TOML"):
        load(str(file))


@pytest.mark.parametrize("name", ["nowhere.toml", "no/such/file", "a\0b.toml"])
def test_a_missing_file_is_named(name: str) -> None:
    with pytest.raises(PresetError, match="a file that cannot be read"):
        load(name)


def test_a_folder_is_refused(tmp_path: Path) -> None:
    with pytest.raises(PresetError, match="is a directory"):
        load(f"{tmp_path}/")


@pytest.mark.parametrize("name", ["artcle", "mazurr", "", "a\0b"])
def test_an_unknown_name_is_refused(name: str) -> None:
    with pytest.raises(PresetError, match="found no preset or file of that name"):
        load(name)


def test_a_misspelt_name_gets_a_hint() -> None:
    with pytest.raises(PresetError, match="did you mean mazur"):
        load("mazurr")


def test_a_file_beyond_the_limit_is_refused_without_parsing(tmp_path: Path) -> None:
    file = tmp_path / "mine.toml"
    with file.open("wb") as stream:
        stream.truncate(20_000_001)
    with pytest.raises(PresetError, match="at most 20,000,000 bytes"):
        load(str(file))


def test_a_batch_beyond_memory_is_refused(tmp_path: Path) -> None:
    text = '[network]\nlayers = [2, 10_000, 1]\n[data]\ndataset = "moons"\nsamples = 100_000'
    with pytest.raises(
        PresetError,
        match=r"training\.batch_size: found all 100,000 samples in a batch, .*at most 99 ",
    ):
        loads(text, "mine", tmp_path)


def test_control_characters_do_not_reach_the_terminal(tmp_path: Path) -> None:
    text = f'{NETWORK}{DATA}[training]\nloss = "\\u001b[31m"'
    with pytest.raises(PresetError) as caught:
        loads(text, "mine\nother", tmp_path)
    assert str(caught.value).isprintable()


def test_pipes_devices_and_loops_are_refused_at_once(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.toml")
    (tmp_path / "loop.toml").symlink_to("loop.toml")
    (tmp_path / "folder.toml").mkdir()
    names = [*map(str, tmp_path.iterdir()), "/dev/zero", "/proc/kcore"]
    for name in names:
        with pytest.raises(PresetError, match="cannot be read"):
            load(name)
    for name in [*names, "a\0b", "x" * 5000]:
        text = f'{NETWORK}[data]\ncsv = {json.dumps(name)}\nclass_column = "y"\n'
        with pytest.raises(PresetError, match=r"data\.csv: found"):
            loads(text, "mine", tmp_path)
