"""Files that cannot be used: one message each, with file, key path, found and expected."""

# ruff: noqa: E501  the tables have a case a line
import json
import os
from pathlib import Path

import pytest

from bptui.presets import csv_file
from bptui.presets.errors import PresetError
from bptui.presets.files import load, loads

NETWORK = "[network]\nlayers = [2, 1]\n"
DATA = "[data]\ninputs = [[0, 1], [1, 0]]\ntargets = [[0], [1]]\n"
CSV = f'{NETWORK}[data]\ncsv = "table.csv"\n{{}}\n'
KIND = 'class_column = "kind"'
FRAMES = {
    "file": "{}",
    "network": f"[network]\n{{}}\n{DATA}",
    "training": f"[training]\n{{}}\n{NETWORK}{DATA}",
    "parameters": f"{NETWORK}[parameters]\n{{}}\n{DATA}",
    "data": f"{NETWORK}[data]\n{{}}\n",
}
# where it stands, what is wrong, key path, part of what is found, part of what is expected
UNUSABLE = r"""
file | layers = [ |  | invalid TOML | TOML
file |  | network | nothing | a table [network]
file | network = 3\n{D} | network | 3 | a table
file | {N}{D}[trainig]\nsteps = 1 | trainig | an unknown key | did you mean training?
file | title = 3\n{N}{D} | title | 3 | text
network | layers = [2] | network.layers | [2] | at least two layers
network | layers = [2, 0] | network.layers[1] | 0 | 1 to 100,000 units
network | layers = [2, 1.5] | network.layers[1] | 1.5 | whole
network | layers = [2, true] | network.layers[1] | true | whole
network | layers = [100_000, 100_000] | network.layers | 10,000,100,000 weights | at most 1,000,000
network | layers = [2, 1]\nactivation = "sigmiod" | network.activation | 'sigmiod' | one of identity, sigmoid
network | layers = [2, 2, 1]\nactivation = ["tanh"] | network.activation | 1 activations | 2, one for every layer
network | layers = [2, 2, 1]\nactivation = "softmax" | network.activation | softmax in a hidden layer | the last layer only
parameters | weights = [[[1], [2, 3]]] | parameters.weights[0][1] | 2 numbers | 1, as many as
parameters | weights = [[[1, 2], [3, 4]]] | parameters.weights[0] | shape 2x2 | 2x1 (inputs x outputs)
parameters | weights = [[[1], [2]], [[1]]] | parameters.weights | 2 arrays | 1, one for every layer
parameters | weights = [[[1], [nan]]] | parameters.weights[0][1][0] | nan | a finite number
parameters | biases = [[1, 2]] | parameters.biases[0] | shape 2 | 1 (outputs)
network | layers = [2, 1]\nbias = false\n[parameters]\nbiases = [[1]] | parameters.biases | biases | biases exactly where network.bias is true
file | {N}{D}[init]\nscheme = "xavier" | init.scheme | 'xavier' | glorot_uniform
file | {N}{D}[init]\nscale = -1 | init.scale | -1 | from 0 to
file | {N}{D}[init]\nseed = -1 | init.seed | -1 | 0 or more
training | loss = "mse" | training.loss | 'mse' | half_squared_error
network | layers = [2, 1]\nactivation = "tanh"\n[training]\nloss = "cross_entropy" | training.loss | cross_entropy after tanh | between 0 and 1
training | optimizer = "adamw" | training.optimizer | 'adamw' | one of sgd
training | momentum = 0.9 | training.momentum | a setting that sgd does not have | no such key
training | optimizer = "momentum"\nmomentum = 1.0 | training.momentum | 1.0 | below 1
training | learning_rate = -0.1 | training.learning_rate | -0.1 | 0 or more
training | optimizer = "adam"\nbeta2 = nan | training.beta2 | nan | a number
training | optimizer = "adam"\nepsilon = -1e-8 | training.epsilon | -1e-08 | above 0
training | steps = 10_000_000_000 | training.steps | 10000000000 | 0 to
training | batch_size = 3 | training.batch_size | 3 | 1 to 2
training | seed = -1 | training.seed | -1 | 0 or more
training | batch_size = 0 | training.batch_size | 0 | 1 to 2
training | train_weights = [true, false] | training.train_weights | 2 switches | 1, one per layer
training | mistakes = ["forgotten"] | training.mistakes[0] | 'forgotten' | transposed-weights
data |  | data | none of them | exactly one of
data | inputs = [[1, 2]]\ntargets = [[1]]\ndataset = "xor" | data | inputs and targets and dataset | exactly one of
data | inputs = [[1, 2]] | data.targets | nothing | together
data | inputs = []\ntargets = [[1]] | data.inputs | an empty list | row
data | inputs = [[1, 2, 3]]\ntargets = [[1]] | data.inputs | inputs of 3 numbers | 2 numbers per sample
data | inputs = [[1, 2], [3, 4]]\ntargets = [[1]] | data.targets | 1 samples | 2, as many as
file | {N}[training]\nloss = "binary_cross_entropy"\n[data]\ninputs = [[1, 2]]\ntargets = [[3]] | data.targets | the target 3 | from 0 to 1
data | dataset = "mnist" | data.dataset | 'mnist' | one of and, or
data | dataset = "xor"\nsamples = 8 | data.samples | samples for xor | four fixed samples
data | inputs = [[1, 2]]\ntargets = [[1]]\nsamples = 3 | data.samples | samples with inputs | with dataset
data | dataset = "moons"\nsamples = 0 | data.samples | 0 | 1 to 1,000,000
data | dataset = "moons"\nnoise = -0.1 | data.noise | -0.1 | 0 to
file | [network]\nlayers = [3, 1]\n[data]\ndataset = "moons" | data.dataset | 2 inputs of moons | 3, the units of the first layer
file | [network]\nlayers = [2, 3]\n[data]\ndataset = "moons" | data.dataset | moons for 3 output units | at most 2 output units: moons has 2 classes
data | inputs = [[1, 2]]\ntargets = [[1]]\ntest_fraction = 1.0 | data.test_fraction | 1.0 | below 1
data | inputs = [[1, 2]]\ntargets = [[1]]\ntest_fraction = 0.5 | data.test_fraction | a single sample | at least two samples
data | inputs = [[1e308, 2], [-1e308, 2]]\ntargets = [[1], [0]]\nstandardize = true | data.standardize | too large | smaller inputs
data | csv = "nowhere.csv"\nclass_column = "kind" | data.csv | nowhere.csv, a file that cannot be read (no such file | a readable file
data | csv = "a\\u0000b"\nclass_column = "kind" | data.csv | a\x00b | a readable file
data | csv = "table.csv" | data | neither of them | one of target_columns and class_column
"""
# the CSV file, what the preset says of it, key path, found, expected
UNUSABLE_CSV = r"""
 | KIND | data.csv | without a header | a first row that names
a,b,kind\n | KIND | data.csv | only a header | at least one row
a,b,c\n1,2,x\n | KIND | data.class_column | 'kind' | one of a, b, c
a,b,kind\n1,2,x\n | KIND\ninput_columns = ["a", "a"] | data.input_columns[1] | 'a' twice | each column once
a,b,kind\n1,2,x\n | KIND\ninput_columns = ["a", "kind"] | data.input_columns[1] | also a target | input or target
a,a,kind\n1,2,x\n | KIND | data.csv | columns named 'a' | distinct
a,b,kind\n1,2,x\n3,four,y\n | KIND | data.csv | 'four' in line 3 of table.csv, column b | a finite number
a,b,kind\n1,2\n | KIND | data.csv | 2 cells in line 2 | 3 cells
a,b,kind\n1,2,\xff\n | KIND | data.csv | not UTF-8 | UTF-8
a,b,kind\n1,2,"x\n | KIND | data.csv | an error in table.csv | CSV
a,b,kind\n1,2,x\n1,2,y\n1,2,z\n | KIND | data.class_column | 3 classes | 2 classes for a single output unit
a,b,c,kind\n1,2,3,x\n1,2,3,y\n | KIND | data.csv | 3 input columns | 2, the units of the first layer
a,b,c,d\n1,2,3,4\n | target_columns = ["c", "d"] | data.target_columns | 2 target columns | 1, the units of the last layer
"""
LONG = [
    (f"a = {'[' * 5000}", "", "nested too deeply", "TOML"),
    (f"a = {'[[],' * 1_100_000}", "", "more than 1,000,000 lists", "at most"),
    (f"a = [{'1,' * 4_100_000}]", "", "more than 4,000,000 numbers", "at most"),
    (f"title = '{'a' * 250_000}'", "", "more than 250,000 characters beside numbers", "at most"),
    (f"{'a.' * 10_000}a = 1", "", "a key with many parts", "two parts"),
    (f"{'1.' * 10_000}a = 1", "", "a key with many parts", "two parts"),
    ("[" + '"a" . ' * 10_000 + "a]", "", "a key with many parts", "two parts"),
    (f"[network]\nlayers = [2, {'9' * 5000}]", "", "thousands of digits", "shorter"),
    (
        f"{DATA}[network]\nlayers = [2, 0x{'f' * 5000}]",
        "network.layers[1]",
        "more than 64 bits",
        "at most 64 bits",
    ),
]


def cases(table: str) -> list[list[str]]:
    """Return the cells of each line; a cell that is empty is one blank."""
    return [[cell.strip() for cell in line.split(" | ")] for line in table.splitlines()[1:]]


def plain(text: str) -> str:
    """Return ``text`` with its line ends and frames."""
    text = text.replace("\\n", "\n").replace("\\0", "\0").replace("\\\\", "\\")
    return text.replace("{N}", NETWORK).replace("{D}", DATA)


def refused(error: PresetError, key: str, found: str, expected: str) -> None:
    assert error.key == key
    assert found in error.found
    assert expected in error.expected
    place = f"{error.file}: {key}" if key else error.file
    assert str(error) == f"{place}: found {error.found}; expected {error.expected}"
    assert str(error).isprintable()


@pytest.mark.parametrize(("frame", "line", "key", "found", "expected"), cases(UNUSABLE))
def test_an_unusable_file_is_refused_with_its_place(
    frame: str, line: str, key: str, found: str, expected: str, tmp_path: Path
) -> None:
    file = tmp_path / "mine.toml"
    file.write_text(FRAMES[frame].format(plain(line)), encoding="utf-8")
    with pytest.raises(PresetError) as caught:
        load(str(file))
    assert caught.value.file == str(file)
    refused(caught.value, key, found, expected)


@pytest.mark.parametrize(("text", "key", "found", "expected"), LONG, ids=range(len(LONG)))
def test_long_and_deep_texts_are_refused_at_once(
    text: str, key: str, found: str, expected: str
) -> None:
    with pytest.raises(PresetError) as caught:
        loads(text, "mine", Path("/"))
    refused(caught.value, key, found, expected)


@pytest.mark.parametrize(("content", "keys", "key", "found", "expected"), cases(UNUSABLE_CSV))
def test_an_unusable_csv_file_is_refused_with_its_place(
    content: str, keys: str, key: str, found: str, expected: str, tmp_path: Path
) -> None:
    data = plain(content).encode().replace(b"\\xff", b"\xff")
    (tmp_path / "table.csv").write_bytes(data)
    with pytest.raises(PresetError) as caught:
        loads(CSV.format(plain(keys).replace("KIND", KIND)), "mine", tmp_path)
    refused(caught.value, key, found, expected)


def test_a_file_that_is_no_text_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "mine.toml"
    file.write_bytes(b'title = "caf\xe9"\n')
    with pytest.raises(PresetError, match="not UTF-8, at offset 12; expected text in UTF-8"):
        load(str(file))


@pytest.mark.parametrize("name", ["nowhere.toml", "no/such/file", "a\0b.toml"])
def test_a_missing_file_is_named(name: str) -> None:
    with pytest.raises(PresetError, match="a file that cannot be read"):
        load(name)


@pytest.mark.parametrize("name", ["artcle", "mazurr", "", "a\0b"])
def test_an_unknown_name_is_refused(name: str) -> None:
    with pytest.raises(PresetError, match="found no preset or file of that name"):
        load(name)


def test_files_beyond_the_limit_are_refused_without_reading(tmp_path: Path) -> None:
    for name in ("mine.toml", "table.csv"):
        with (tmp_path / name).open("wb") as stream:
            stream.truncate(20_000_001)
    with pytest.raises(PresetError, match="at most 20,000,000 bytes"):
        load(str(tmp_path / "mine.toml"))
    with pytest.raises(PresetError, match="at most 20,000,000 bytes"):
        loads(CSV.format(KIND), "mine", tmp_path)


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


LARGE_CSV = {
    "a line": ("a" * 1_000_000, "an error in table.csv (field larger than"),
    "columns": ("a,b,kind\n" + "1," * 1_500_000, "1500001 cells in line 2 of table.csv"),
    "rows": ("a,b,kind\n" + "1,2,x\n" * 1_100, "too many samples in table.csv"),
    "classes": (
        "a,b,kind\n" + "".join(f"1,2,{each}\n" for each in range(999)),
        "999 classes in table.csv",
    ),
}


@pytest.mark.parametrize(("text", "found"), LARGE_CSV.values(), ids=LARGE_CSV)
def test_large_csv_files_are_refused(
    text: str, found: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(csv_file, "MOST_SAMPLES", 1_000)  # so that the files are smaller
    (tmp_path / "table.csv").write_text(text)
    with pytest.raises(PresetError) as caught:
        loads(CSV.format(KIND), "mine", tmp_path)
    assert found in str(caught.value)
