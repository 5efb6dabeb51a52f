"""The text of a sheet: what is typed, pasted or printed, and what is said of what is wrong."""

# ruff: noqa: RUF001  full-width characters are what input methods write

from pathlib import Path

import pytest

from bptui.app.screens.sheet import Outcome, Place, checked
from bptui.app.screens.typed import entries, matrices, template, tidied
from bptui.core.experiment import Experiment
from bptui.core.optimizers import OPTIMIZERS
from bptui.presets.build import origin_of
from bptui.presets.files import load, loads
from bptui.presets.save import document, preset_text, same_experiment, table_of

NAMES = sorted(file.stem for file in (Path(__file__).parents[2] / "presets").glob("*.toml"))
XOR = """
[network]
layers = [2, 3, 1]
activation = "tanh"
[init]
seed = 4
[training]
batch_size = 4
learning_rate = 0.3
optimizer = "momentum"
momentum = 0.8
[data]
inputs = [[0, 0], [0, 1], [1, 0], [1, 1]]
targets = [[0], [1], [1], [0]]
"""


def text_of(experiment: Experiment) -> str:
    return preset_text(table_of(experiment), origin_of(experiment))


def outcome(text: str) -> Outcome:
    return checked(text, Place("typed", Path()))


def with_value(text: str, key: str, value: str) -> str:
    """Write another value behind a key, where it stands in one line."""
    lines = text.splitlines()
    (at,) = (place for place, line in enumerate(lines) if line.startswith(f"{key} ="))
    return "\n".join([*lines[:at], f"{key} = {value}", *lines[at + 1 :]])


@pytest.mark.parametrize("name", NAMES)
def test_texts_of_presets_make_the_same_presets(name: str) -> None:
    experiment = load(name)
    made = checked(text_of(experiment), Place.of(experiment)).experiment
    assert made is not None
    assert table_of(made) == table_of(experiment)
    assert same_experiment(made, experiment)


@pytest.mark.parametrize("optimizer", OPTIMIZERS)
def test_every_key_stands_in_the_sheet_of_a_new_experiment(optimizer: str) -> None:
    text = with_value(template(), "layers", "2-2-1")
    text = with_value(with_value(text, "inputs", "0 1; 1 0"), "targets", "0; 1")
    assert outcome(text).experiment is not None
    text = with_value(text, "optimizer", optimizer)
    for name in OPTIMIZERS[optimizer].defaults:
        found = [outcome(with_value(text, name, value)) for value in ("-1", "0.5", "x")]
        assert [each.key == f"training.{name}" for each in found] == [True, False, True]


@pytest.mark.parametrize(
    ("key", "value", "said"),
    [
        ("layers", "2-b-2", "network.layers: not a number of units: 'b'; such as 2-3-1"),
        ("layers", "-".join("2" * 70), "at most 65 layers"),
        ("activation", "xyz", "network.activation: found 'xyz'"),
        ("activation", "softmax, sigmoid", "network.activation[0]: found softmax in a hidden"),
        ("weights", "0.15 abc\n0.2 0.3", "parameters.weights: row 1: not a number: 'abc'"),
        ("weights", "1 2\n3 4\n5 6\n\n1\n2", "shape 3x2; expected 2x2"),
        ("weights", "\x1b[2J\x07", "'"),
        ("learning_rate", "0,5", "training.learning_rate: write 0.5 with a point"),
        ("l2", "-0.1", "training.l2: found -0.1; expected a finite number, 0 or more"),
        ("steps", "1.5", "training.steps: not a whole number: '1.5'"),
        ("train_weights", "perhaps", "neither yes nor no: 'perhaps'"),
        ("mistakes", "wrong-sing", "training.mistakes[0]: found 'wrong-sing'"),
        ("inputs", "0.05", "data.inputs: found inputs of 1 numbers"),
        ("targets", "0.01\n0.5", "data.targets: found 2 samples; expected 1"),
        ("test_fraction", "1", "from 0 to below 1"),
    ],
)
def test_what_is_wrong_is_said_with_its_key(key: str, value: str, said: str) -> None:
    text = with_value(template(), "layers", "2-2-1")
    text = with_value(with_value(text, "inputs", "0 1"), "targets", "1")
    found = outcome(with_value(text, key, value))
    assert found.experiment is None
    assert found.key.partition("[")[0].rpartition(".")[2] == key
    assert said in found.said
    assert found.said.replace("\n", "").isprintable()


@pytest.mark.parametrize("text", ["x", 'title = """', "[network]\nfoo\nlayers = 2-1", "=\n[a", ""])
def test_a_text_of_any_kind_is_refused_with_a_reason(text: str) -> None:
    found = outcome(text)
    assert found.experiment is None
    assert found.said.startswith("! ")
    assert next(entries(text.split("\n"))).first == 0  # what stands at the cursor can be told


def test_what_input_methods_spreadsheets_and_numpy_write_is_accepted() -> None:
    text = template()
    for key, value in {
        "layers": "２－２－２",
        "learning_rate": "０．５",
        "steps": "1e4",
        "weights": "０．１５，０．２５\n０．２０　０．３０\n\narray([[0.4, 0.5],\n [0.45, 0.55]])",
        "biases": "0.35 0.35\n0.6\t0.6",
        "inputs": "0.05\t0.10\r",
        "targets": "[0.01, 0.99]",
        "train_biases": "no",
    }.items():
        text = with_value(text, key, value)
    given = outcome(text).experiment
    assert given is not None
    assert same_experiment(given, load("mazur"))


def test_what_was_changed_can_be_saved_with_all_else_as_it_was() -> None:
    text = text_of(load("article")).replace("[training]", "# mine\n[training]", 1)
    made = outcome(with_value(text, "learning_rate", ".25")).experiment
    assert made is not None
    assert made.training.learning_rate == 0.25
    saved = document(made)
    assert "# mine\n[training]" in saved
    assert table_of(loads(saved, "again", Path())) == table_of(made) != table_of(load("article"))
    assert "description" in tidied(text)  # whose text may look like keys and tables


@pytest.mark.parametrize(
    ("typed", "toml"),
    [
        ("title = Exercise #3", 'title = "Exercise #3"'),
        ("[ training ]\nsteps = 1e3  # mine", "[ training ]\nsteps = 1000  # mine"),
        ("[training]\nlearning_rate = .5 # fast", "[training]\nlearning_rate = 0.5 # fast"),
        ("\ufeff[network]\nlayers = 2-1", "[network]\nlayers = [2, 1]"),
        ('[training]\noptimizer = "Adam"', '[training]\noptimizer = "adam"'),
        ("[parameters]\nbiases =\n1 2 # h\n3", "[parameters]\n# h\nbiases = [[1.0, 2.0], [3.0]]"),
    ],
)
def test_comments_and_titles_stay_as_they_are(typed: str, toml: str) -> None:
    assert tidied(typed) == toml


@pytest.mark.parametrize(
    "typed",
    [
        "[[[.1, 0.2], [0.3 0.4]], [[0.5],\n [0.6]]]",
        "[array([[0.1, 0.2],\n [0.3, 0.4]]), array([[0.5],\n [0.6]])]",
        "[[0.1 0.2]\n [0.3 0.4]]\n[[0.5]\n [0.6]]",
        "0.1 0.2\n0.3 0.4\n\n0.5\n0.6",
    ],
)
def test_all_weights_are_read_as_they_are_typed_or_printed(typed: str) -> None:
    assert matrices(typed) == [[[0.1, 0.2], [0.3, 0.4]], [[0.5], [0.6]]]


def test_weights_of_a_layer_stand_behind_its_own_key() -> None:
    typed = "[network]\nlayers = 2-3-1\n[parameters]\nb2 = 7\nW2 =\n1\n2\n3\nb1 = 4 5 6\n"
    data = "[data]\ninputs = 0 1\ntargets = 1\n"
    made = outcome(f"{typed}W1 = [[1, 2, 3],  # of x1\n      [4, 5, 6]]\n{data}").experiment
    assert made is not None
    first, second = made.start.weights
    assert first.tolist() == [[1, 2, 3], [4, 5, 6]]
    assert second.tolist() == [[1], [2], [3]]
    assert [bias.tolist() for bias in made.start.biases or ()] == [[4, 5, 6], [7]]
    missing = outcome(typed + data)
    assert (missing.key, missing.said) == ("parameters.W1", "! parameters.W1: is missing")


@pytest.mark.parametrize(
    ("more", "key", "said"),
    [
        ("[data]", "data", "stands twice"),
        ("seed = 1\nseed = 2", "training.seed", "stands twice"),
        ("[parameters]\nW1", "parameters", "'W1' is no key with a value"),
    ],
)
def test_what_toml_has_no_place_for_is_told_with_its_key(more: str, key: str, said: str) -> None:
    text = "[network]\nlayers = 2-1\n[data]\ninputs = 0 1\ntargets = 1\n[training]\n"
    found = outcome(text + more)
    assert (found.key, found.said) == (key, f"! {key}: {said}")


def test_a_line_without_a_key_is_told_and_not_the_one_above() -> None:
    said = outcome(f"{XOR}\n".replace("seed = 4", "seed = 4\nthe scale 3")).said
    assert "init.seed: 'the scale 3' below 4 is no key with a value" in said
