"""The preset of an experiment builds the same experiment again, bit by bit."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bptui.core.arrays import frozen
from bptui.core.experiment import Experiment
from bptui.core.network import Network, Parameters
from bptui.presets import load, loads
from bptui.presets.build import experiment as built
from bptui.presets.build import origin_of
from bptui.presets.describe import same_experiment, table_of
from bptui.presets.own import shipped

from .experiments import edited, one_input_changed, one_weight_changed, programmed, write_csv


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    made = tmp_path_factory.mktemp("presets")
    write_csv(made)
    return made


def rebuilt(experiment: Experiment, folder: Path) -> Experiment:
    return built(table_of(experiment), experiment.name, folder)


@given(st.data())
@settings(deadline=None, max_examples=20)
def test_it_builds_the_same_numbers_again(folder: Path, data: st.DataObject) -> None:
    experiment = data.draw(st.one_of(edited(folder), programmed()))
    assert same_experiment(rebuilt(experiment, folder), experiment)


@pytest.mark.parametrize("name", [each.name for each in shipped()])
def test_a_preset_unchanged_keeps_its_words(name: str) -> None:
    experiment = load(name)
    origin = origin_of(experiment)
    assert origin is not None
    assert table_of(experiment) == origin.table


@pytest.mark.parametrize("name", ["article", "mazur", "xor", "iris", "sine"])
def test_a_change_leaves_the_words_of_all_else(name: str) -> None:
    experiment = load(name)
    origin = origin_of(experiment)
    assert origin is not None
    table = table_of(replace(experiment, start=one_weight_changed(experiment.start, 0.75)))
    assert table.parameters.weights is not None
    assert table.parameters.weights[0][0][0] == 0.75
    assert (table.network, table.data) == (origin.table.network, origin.table.data)
    assert (table.title, table.training) == (origin.table.title, origin.table.training)
    table = table_of(replace(experiment, data=one_input_changed(experiment.data, 0.75)))
    assert table.data.inputs is not None
    assert (table.parameters, table.init) == (origin.table.parameters, origin.table.init)


def test_weights_of_a_seed_stay_a_seed_when_a_bias_changes() -> None:
    experiment = load("xor")
    assert experiment.start.biases is not None
    biases = tuple(frozen(each + 1.0) for each in experiment.start.biases)
    table = table_of(replace(experiment, start=Parameters(experiment.start.weights, biases)))
    assert table.parameters.weights is None
    assert table.parameters.biases == [each.tolist() for each in biases]
    assert table.init.seed == experiment.origin.table.init.seed  # type: ignore[attr-defined]  # an Origin


def test_the_parts_of_an_edited_split_are_split_the_same(tmp_path: Path) -> None:
    iris = load("iris")
    experiment = replace(iris, data=one_input_changed(iris.data, 0.125))
    again = rebuilt(experiment, tmp_path)  # where there is no CSV file
    assert same_experiment(again, experiment)
    assert len(again.data.test_inputs) == 30


def test_only_settings_that_say_something_are_written(tmp_path: Path) -> None:
    text = (
        "[network]\nlayers = [1, 1]\n[training]\noptimizer = 'adam'\nbeta1 = 0.9\n"
        "[data]\ninputs = [[1]]\ntargets = [[1]]\n"
    )
    experiment = loads(text, "mine", tmp_path)
    training = table_of(experiment).training
    assert training.settings == {"beta1": 0.9}
    changed = replace(experiment.training, optimizer="momentum", settings=(("momentum", 0.5),))
    training = table_of(replace(experiment, training=changed)).training
    assert training.settings == {"momentum": 0.5}


def test_one_activation_is_one_word() -> None:
    article = load("article")
    network = Network(article.network.layers, ("tanh", "tanh"), article.network.bias)
    assert table_of(replace(article, network=network)).network.activation == "tanh"
    network = Network(article.network.layers, ("tanh", "sigmoid"), article.network.bias)
    assert table_of(replace(article, network=network)).network.activation == ["tanh", "sigmoid"]


def test_a_title_that_is_the_name_is_not_written(tmp_path: Path) -> None:
    text = "[network]\nlayers = [1, 1]\n[data]\ninputs = [[1]]\ntargets = [[1]]\n"
    experiment = loads(text, "mine", tmp_path)
    assert table_of(experiment).title is None
    assert table_of(replace(experiment, title="Mine")).title == "Mine"
