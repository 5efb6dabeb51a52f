"""The presets that come with the program load, learn and give the published numbers; their keys."""

import re

import numpy as np
import pytest

from bptui.core.arrays import Array
from bptui.core.evaluation import Evaluator
from bptui.core.timeline import Timeline
from bptui.presets.files import load
from bptui.presets.folders import named_file
from bptui.presets.own import shipped
from bptui.presets.schema import TABLES, keys, words

SHIPPED = {each.name: each for each in shipped()}


def test_the_promised_presets_are_there() -> None:
    promised = "article article-matrix article-listing-1 article-listing-2 mazur mazur-as-published"
    promised += " xor and circles moons spirals sine iris hagan negnevitsky"
    assert set(promised.split()) <= set(SHIPPED)


@pytest.mark.parametrize("name", SHIPPED)
def test_a_shipped_preset_loads_and_describes_itself(name: str) -> None:
    experiment, entry = load(name), SHIPPED[name]
    assert experiment.name == name
    assert experiment.title == entry.title != name
    assert re.match(r"[\d-]+ \w", entry.network)
    assert entry.summary
    assert experiment.description.partition("\n")[0] == f"{entry.summary}."
    assert named_file(entry.name).read_text(encoding="utf-8").isascii()


def accuracy(found: Array, targets: Array) -> float:
    if targets.shape[1] == 1:
        return float(np.mean((found > 0.5) == (targets > 0.5)))
    return float(np.mean(found.argmax(axis=1) == targets.argmax(axis=1)))


@pytest.mark.parametrize(
    ("name", "least"),
    [
        ("xor", 1.0),
        ("and", 1.0),
        ("circles", 0.95),
        ("moons", 0.97),
        ("spirals", 0.95),
        ("iris", 0.95),
    ],
)
def test_a_made_up_problem_is_learned_within_its_steps(name: str, least: float) -> None:
    experiment = load(name)
    data = experiment.data
    end = Timeline(experiment).snapshot(experiment.training.steps).parameters
    found = Evaluator(experiment.network, data.inputs).outputs(end)
    assert accuracy(found, data.targets) >= least
    if len(data.test_inputs):
        found = Evaluator(experiment.network, data.test_inputs).outputs(end)
        assert accuracy(found, data.test_targets) >= least - 0.05


def test_the_sine_is_learned_down_to_its_noise() -> None:
    experiment = load("sine")
    # half the square of the noise's standard deviation
    assert Timeline(experiment).snapshot(experiment.training.steps).loss < 0.05**2 / 2


def test_every_key_says_what_it_expects() -> None:
    for table in TABLES:
        for key in keys(table):
            said = words(table, key)
            assert said.expected
            assert said.help or key in TABLES
