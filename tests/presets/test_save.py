"""Saved presets: the same numbers again, comments kept, nothing half-written."""

import os
import tomllib
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bptui.core.arrays import frozen
from bptui.core.data import Data
from bptui.core.experiment import Experiment
from bptui.core.network import Parameters
from bptui.presets.build import origin_of
from bptui.presets.errors import cleaned
from bptui.presets.files import load, loads
from bptui.presets.folders import shipped_folder, shipped_names
from bptui.presets.own import shipped
from bptui.presets.save import ExistsError, SaveError, document, same_experiment, save, write

from ..explained.drawn import drawn

CSV = "a,b,kind,y\n1,2,one,5\n3,-4,two,6.5\n0.25,1e3,one,7\n2,2,two,8\n9,0.1,one,-0.0\n"
EDGES = [-0.0, 0.0, 1e-300, 5e-324, 0.1 + 0.2, 1e22, -123456789.0]
COMMENTED = """\
# Exercise 7
title = 'Mine'   # only mine

[network] # two and one
layers = [2, 2, 1]

# by the teacher
[parameters]
weights = [
  [[0.10, 2e-1],  # first unit
   [0.30, .4e0]],
  [[1], [-2]],
]

[training]
# slowly
learning_rate = 0.50 # at first
optimizer = 'momentum'

# four samples
[data]
inputs = [[1, 2.50]]
targets = [[0.5]]
# the end
""".replace(" .4e0", " 0.4e0")


def write_csv(folder: Path) -> None:
    """The CSV file that some of the presets read."""
    (folder / "t.csv").write_text(CSV)


def one_weight_changed(start: Parameters, value: float) -> Parameters:
    first = start.weights[0].copy()
    first[0, 0] = value
    return Parameters((frozen(first), *start.weights[1:]), start.biases)


def one_input_changed(data: Data, value: float) -> Data:
    inputs = data.inputs.copy()
    inputs[-1, 0] = value
    return replace(data, inputs=frozen(inputs))


def loaded(tmp_path: Path, text: str = COMMENTED) -> Experiment:
    file = tmp_path / "mine.toml"
    file.write_bytes(text.encode())
    return load(str(file))


def edits(experiment: Experiment, number: float) -> Iterator[Experiment]:
    """Yield it with every one of its parts changed, one after the other and together."""
    start, data = one_weight_changed(experiment.start, number), experiment.data
    yield experiment
    yield replace(experiment, start=start)
    yield replace(experiment, data=one_input_changed(data, number))
    training = replace(
        experiment.training,
        optimizer="adam",
        settings=(("beta1", 0.5), ("epsilon", 1e-4)),
        learning_rate=abs(number),
        l2=-0.0,
        steps=7,
        batch_size=1,
        shuffle=True,
        seed=2**63 - 1,
        train_weights=(False,) * experiment.network.depth,
        train_biases=False,
    )
    yield replace(experiment, training=training)
    yield replace(experiment, start=start, data=one_input_changed(data, 0.5), training=training)


EXPERIMENTS = [*shipped_names(), *range(6)]
"""Shipped presets, and experiments that no preset describes."""


@pytest.mark.parametrize("name", EXPERIMENTS)
def test_a_saved_experiment_loads_to_the_same_bits(name: str | int) -> None:
    made = load(name) if isinstance(name, str) else drawn(name)
    folder = shipped_folder()
    for number in EDGES if name in ("article", "mazur") else EDGES[:2]:
        for experiment in edits(made, number):
            text = document(experiment, folder)
            again = loads(text, experiment.name, folder)
            assert same_experiment(again, experiment)
            assert again.title == (experiment.title or experiment.name)
            assert document(again, folder) == text


@given(st.text(), st.text(), st.text())
@settings(deadline=None, max_examples=20)
def test_words_are_kept_but_for_what_terminals_obey(
    title: str, description: str, source: str
) -> None:
    for name in ("article", "mine"):
        experiment = replace(load("article"), name=name, origin=None)
        experiment = replace(
            experiment, title=title, description=description.strip(), source=source.strip()
        )
        again = loads(document(experiment), name, Path())
        assert again.title == (cleaned(title) if title else name)
        assert again.description == cleaned(description).strip()
        assert again.source == cleaned(source).strip()


@pytest.mark.parametrize("name", [each.name for each in shipped()])
def test_what_is_unchanged_is_saved_byte_by_byte(name: str) -> None:
    experiment = load(name)
    origin = origin_of(experiment)
    assert document(experiment).encode() == origin.file.read_bytes()


@pytest.mark.parametrize(("newline", "mark"), [("\n", ""), ("\r\n", ""), ("\r\n", "\ufeff")])
def test_comments_order_and_spelling_stay(tmp_path: Path, newline: str, mark: str) -> None:
    text = mark + COMMENTED.replace("\n", newline)
    experiment = loaded(tmp_path, text)
    assert document(experiment) == text
    start = one_weight_changed(experiment.start, -0.125)
    training = replace(experiment.training, learning_rate=0.25)
    changed = document(replace(experiment, start=start, training=training))
    assert changed == text.replace("[[0.10,", "[[-0.125,").replace("= 0.50 #", "= 0.25 #")


def test_added_keys_go_into_their_tables(tmp_path: Path) -> None:
    experiment = loaded(tmp_path)
    training = replace(experiment.training, steps=7, settings=(("momentum", 0.5),))
    added = document(replace(experiment, training=training, source="A book"))
    expected = COMMENTED.replace("[training]\n", "[training]\nmomentum = 0.5\nsteps = 7\n").replace(
        "only mine\n", 'only mine\nsource = "A book"\n'
    )
    assert added == expected


def test_keys_without_a_use_are_removed(tmp_path: Path) -> None:
    text = (
        "[network]\nlayers = [1, 1]\n\n[init]\nscheme = 'normal'\nseed = 3\n\n[training]\n"
        "optimizer = 'adam' # good\nbeta1 = 0.8\n\n[data]\ndataset = 'sine'\nsamples = 3\n"
    )
    experiment = loaded(tmp_path, text)
    training = replace(experiment.training, optimizer="sgd", settings=())
    data = one_input_changed(experiment.data, 0.5)
    start = one_weight_changed(experiment.start, 0.5)
    made = document(replace(experiment, training=training, data=data, start=start))
    assert "beta1" not in made
    assert 'optimizer = "sgd" # good' in made
    assert {*tomllib.loads(made)} == {"network", "training", "data", "parameters"}
    assert {*tomllib.loads(made)["data"]} == {"inputs", "targets"}


@pytest.mark.parametrize(
    "text",
    [
        "network = {layers = [1, 1]}\ndata = {inputs = [[1]], targets = [[2]]}\n",
        "network.layers = [1, 1]\ndata.inputs = [[1]]\ndata.targets = [[2]]\n",
        "data.inputs = [[1]]\nnetwork.layers = [1, 1]\ndata.targets = [[2]]\n",
        "[data]\ninputs = [[1]]\ntargets = [[2]]\n[ network ]\nlayers = [1, 1]",
        '["data"]\n"inputs" = [[1]]\ntargets = [[2]]\n[training]\n[network]\nlayers = [1, 1]\n#',
    ],
)
def test_however_the_tables_are_written(tmp_path: Path, text: str) -> None:
    experiment = loaded(tmp_path, text)
    training = replace(experiment.training, optimizer="adam", steps=7, l2=0.5)
    changed = replace(
        experiment,
        title="T",
        training=training,
        start=one_weight_changed(experiment.start, 0.5),
        data=replace(experiment.data, inputs=frozen([[4], [5]]), targets=frozen([[1], [0]])),
    )
    changed = replace(changed, network=replace(changed.network, activations=("tanh",)))
    made = document(changed)
    assert same_experiment(loads(made, "mine", tmp_path), changed)
    assert document(experiment) == text


def test_a_new_document_is_laid_out_for_people(tmp_path: Path) -> None:
    experiment = replace(loaded(tmp_path), origin=None)
    assert document(experiment) == (
        'title = "Mine"\n\n[network]\nlayers = [2, 2, 1]\n\n[parameters]\nweights = [\n  [\n'
        "    [0.1, 0.2],\n    [0.3, 0.4],\n  ],\n  [\n    [1.0],\n    [-2.0],\n  ],\n]\n"
        "biases = [[0.0, 0.0], [0.0]]\n\n[training]\n"
        'optimizer = "momentum"\nlearning_rate = 0.5\n\n[data]\n'
        "inputs = [[1.0, 2.5]]\ntargets = [[0.5]]\n"
    )


@pytest.mark.parametrize("nested", ["", "deeper"])
def test_a_csv_file_is_found_from_another_folder_too(tmp_path: Path, nested: str) -> None:
    there = tmp_path / "there" / nested
    there.mkdir(parents=True)
    write_csv(there)
    text = "[network]\nlayers = [3, 1]\n[data]\ncsv = 't.csv' # mine\nclass_column = 'kind'\n"
    experiment = loaded(there, text)
    for target in (tmp_path / "elsewhere", tmp_path, there):
        target.mkdir(exist_ok=True)
        save(experiment, target / "copy.toml")
        assert same_experiment(load(str(target / "copy.toml")), experiment)
    assert (there / "copy.toml").read_bytes() == (there / "mine.toml").read_bytes()
    assert (
        f"'{Path('there', nested, 't.csv')}' # mine".replace("'", '"')
        in (tmp_path / "copy.toml").read_text()
    )


def test_a_csv_file_that_changed_is_noticed(tmp_path: Path) -> None:
    write_csv(tmp_path)
    text = (
        "[network]\nlayers = [2, 1]\n[data]\ncsv = 't.csv'\n"
        "input_columns = ['a', 'b']\nclass_column = 'kind'\n"
    )
    experiment = loaded(tmp_path, text)
    (tmp_path / "t.csv").write_text("a,b,kind\n1,2,x\n3,4,y\n")
    with pytest.raises(SaveError, match="has changed since it was read"):
        document(experiment)
    (tmp_path / "t.csv").unlink()
    with pytest.raises(SaveError, match="no such file"):
        save(experiment, tmp_path / "new.toml")
    assert not (tmp_path / "new.toml").exists()


def test_a_file_that_appears_at_the_last_moment_is_not_overwritten(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file, fsync = tmp_path / "x.toml", os.fsync

    def appears(descriptor: int) -> None:
        fsync(descriptor)
        file.write_text("another's")

    monkeypatch.setattr(os, "fsync", appears)
    with pytest.raises(ExistsError):
        write(file, "new", overwrite=False)
    assert file.read_text() == "another's"
    assert [*tmp_path.iterdir()] == [file]


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("nowhere/x.toml", "There is no folder .*nowhere"),
        ("folder", "is a directory"),
        ("file/x.toml", "not a directory"),
        ("n" * 300 + ".toml", "file name too long"),
        ("nul\0.toml", "No file can have this name"),
        ("pipe.toml", "a device or a pipe"),
    ],
)
def test_names_that_cannot_be_written_are_one_sentence(
    tmp_path: Path, name: str, message: str
) -> None:
    (tmp_path / "folder").mkdir()
    (tmp_path / "file").write_text("")
    os.mkfifo(tmp_path / "pipe.toml")
    before = sorted(tmp_path.iterdir())
    with pytest.raises(SaveError, match=message) as caught:
        write(tmp_path / name, "text", overwrite=True)
    assert "\n" not in str(caught.value)
    assert sorted(tmp_path.iterdir()) == before


def test_weights_of_a_seed_stay_a_seed_when_a_bias_changes() -> None:
    experiment = load("xor")
    assert experiment.start.biases is not None
    biases = tuple(frozen(each + 1.0) for each in experiment.start.biases)
    start = Parameters(experiment.start.weights, biases)
    written = tomllib.loads(document(replace(experiment, start=start)))
    assert written["parameters"] == {"biases": [each.tolist() for each in biases]}
    assert "seed" in written["init"]


def test_the_parts_of_an_edited_split_are_split_the_same(tmp_path: Path) -> None:
    iris = load("iris")
    experiment = replace(iris, data=one_input_changed(iris.data, 0.125))
    again = loads(document(experiment, tmp_path), "iris", tmp_path)  # where there is no CSV file
    assert same_experiment(again, experiment)
    assert len(again.data.test_inputs) == 30
