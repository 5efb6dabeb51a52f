"""Presets that can be used, in every form."""

from pathlib import Path

import numpy as np
import pytest

from bptui.presets.files import load, loads

MINIMAL = "[network]\nlayers = [2, 1]\n[data]\ninputs = [[0, 1]]\ntargets = [[1]]\n"


def with_data(layers: str, lines: str, activation: str = "sigmoid") -> str:
    return f'[network]\nlayers = {layers}\nactivation = "{activation}"\n[data]\n{lines}\n'


def test_what_is_left_out_has_defaults(tmp_path: Path) -> None:
    experiment = loads(MINIMAL, "mine", tmp_path)
    training = experiment.training
    assert (experiment.name, experiment.title) == ("mine", "mine")
    assert experiment.network.activations == ("sigmoid",)
    assert experiment.network.bias
    assert (training.loss, training.optimizer) == ("half_squared_error", "sgd")
    assert (training.learning_rate, training.reduction, training.steps) == (0.1, "mean", 1000)
    assert experiment.start.biases[0].tolist() == [0.0]
    limit = np.sqrt(6.0 / 3.0)
    assert np.all(np.abs(experiment.start.weights[0]) <= limit)
    assert np.any(experiment.start.weights[0] != 0.0)


def test_every_key_arrives(tmp_path: Path) -> None:
    text = """
title = "T"
description = "D"
source = "S"
[network]
layers = [1, 2, 1]
activation = ["relu", "identity"]
[parameters]
weights = [[[1, 2]], [[3], [4]]]
biases = [[5, 6], [7]]
[init]
scheme = "normal"
[training]
loss = "squared_error"
reduction = "sum"
optimizer = "adam"
learning_rate = 0.25
beta1 = 0.5
epsilon = 1e-4
l2 = 0.125
steps = 7
batch_size = 2
shuffle = true
seed = 9
train_weights = [true, false]
train_biases = false
mistakes = ["doubled"]
[data]
inputs = [[1], [2], [3]]
targets = [[4], [5], [6]]
"""
    experiment = loads(text, "mine", tmp_path)
    training = experiment.training
    assert (experiment.title, experiment.description, experiment.source) == ("T", "D", "S")
    assert experiment.network.activations == ("relu", "identity")
    assert [each.tolist() for each in experiment.start.weights] == [[[1, 2]], [[3], [4]]]
    assert [each.tolist() for each in experiment.start.biases or ()] == [[5, 6], [7]]
    assert (training.loss, training.reduction, training.l2) == ("squared_error", "sum", 0.125)
    assert dict(training.settings) == {"beta1": 0.5, "beta2": 0.999, "epsilon": 1e-4}
    assert (training.steps, training.batch_size, training.shuffle, training.seed) == (7, 2, True, 9)
    assert (training.train_weights, training.train_biases) == ((True, False), False)
    assert training.mistakes == ("doubled",)
    assert experiment.data.inputs.tolist() == [[1], [2], [3]]
    assert experiment.data.targets.tolist() == [[4], [5], [6]]


def test_a_shipped_name_wins_unless_written_like_a_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    for name in ("xor", "xor.toml", "mine"):
        Path(name).write_text(MINIMAL)
    assert load("xor").data.source == "dataset"
    assert load("./xor").data.source == "inputs"
    assert load("xor.toml").data.source == "inputs"
    assert load("mine").data.source == "inputs"


@pytest.mark.parametrize("dataset", ["and", "or", "xor", "circles", "moons", "spirals", "blobs"])
@pytest.mark.parametrize("outputs", [1, 2])
def test_classes_become_a_label_or_one_hot(dataset: str, outputs: int, tmp_path: Path) -> None:
    text = with_data(f"[2, {outputs}]", f'dataset = "{dataset}"')
    data = loads(text, "mine", tmp_path).data
    assert data.samples == (4 if dataset in ("and", "or", "xor") else 200)
    assert data.targets.shape == (data.samples, outputs)
    assert set(np.unique(data.targets)) == {0.0, 1.0}
    if outputs == 2:
        assert np.all(data.targets.sum(axis=1) == 1.0)


def test_standardizing_uses_the_training_part_alone(tmp_path: Path) -> None:
    lines = "inputs = [[1, 9], [2, 9], [4, 9], [8, 9]]\ntargets = [[1], [2], [3], [4]]\n"
    lines += "standardize = true\ntest_fraction = 0.25\nsplit_seed = 1"
    data = loads(with_data("[2, 1]", lines), "mine", tmp_path).data
    assert (data.samples, len(data.test_inputs)) == (3, 1)
    raw = {1.0: 1.0, 2.0: 2.0, 3.0: 4.0, 4.0: 8.0}  # input by target
    train = np.array([raw[target] for target in data.targets[:, 0]])
    test = raw[data.test_targets[0, 0]]
    np.testing.assert_allclose(data.inputs[:, 0], (train - train.mean()) / train.std())
    np.testing.assert_allclose(data.test_inputs[0, 0], (test - train.mean()) / train.std())
    assert np.all(data.inputs[:, 1] == 0.0)  # a column that never varies


CSV = "b,kind,a,y\n1,z,2,5\n\n3,x,4,6\n5,z,6,7\n"


def test_csv_classes_are_sorted_and_one_hot(tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_text("\ufeff" + CSV, encoding="utf-8")
    text = with_data("[3, 2]", 'csv = "t.csv"\nclass_column = "kind"')
    (tmp_path / "mine.toml").write_text(text)
    data = load(str(tmp_path / "mine.toml")).data
    assert data.input_names == ("b", "a", "y")
    assert data.class_names == ("x", "z")
    assert data.inputs.tolist() == [[1, 2, 5], [3, 4, 6], [5, 6, 7]]
    assert data.targets.tolist() == [[0, 1], [1, 0], [0, 1]]


def test_csv_columns_for_a_single_output_in_the_order_asked_for(tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_text(CSV)
    text = with_data("[3, 1]", 'csv = "t.csv"\nclass_column = "kind"')
    assert loads(text, "mine", tmp_path).data.targets.tolist() == [[1], [0], [1]]
    lines = 'csv = "t.csv"\ninput_columns = ["a", "b"]\ntarget_columns = ["y"]'
    (tmp_path / "t.csv").write_text(CSV.replace(",", ";"))
    data = loads(with_data("[2, 1]", lines, "identity"), "mine", tmp_path).data
    assert data.inputs.tolist() == [[2, 1], [4, 3], [6, 5]]
    assert data.targets.tolist() == [[5], [6], [7]]
    assert data.input_names == ("a", "b")


def test_start_weights_and_generated_samples_come_from_their_seeds(tmp_path: Path) -> None:
    def weights(lines: str) -> object:
        return loads(f"{MINIMAL}[init]\n{lines}", "mine", tmp_path).start.weights[0].tolist()

    def inputs(seed: int) -> object:
        lines = f'dataset = "spirals"\nsamples = 30\nnoise = 0.1\nseed = {seed}'
        return loads(with_data("[2, 3]", lines), "mine", tmp_path).data.inputs.tolist()

    assert weights("seed = 1") == weights("seed = 1") != weights("seed = 2")
    assert weights('scheme = "constant"\nscale = -0.5') == [[-0.5], [-0.5]]
    assert inputs(3) == inputs(3) != inputs(4)


def test_a_scale_of_minus_zero_is_a_scale_of_zero() -> None:
    text = '[network]\nlayers = [2, 1]\n[init]\nscheme = "normal"\nscale = -0.0\n'
    experiment = loads(f"{text}[data]\ninputs = [[0, 1]]\ntargets = [[1]]\n", "mine", Path())
    assert experiment.start.weights[0].tolist() == [[0.0], [0.0]]
