"""Experiment -> preset: the words that build the same numbers again, edited ones too."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from msgspec import convert

from bptui.core.arrays import Array
from bptui.core.data import Data, split
from bptui.core.experiment import Experiment
from bptui.core.network import Network
from bptui.presets import build
from bptui.presets.build import Origin, origin_of
from bptui.presets.errors import cleaned
from bptui.presets.schema import (
    DataTable,
    InitTable,
    NetworkTable,
    ParametersTable,
    PresetFile,
    TrainingTable,
)


def same_experiment(one: Experiment, other: Experiment) -> bool:
    """Return whether all that determines a run is the same to the last bit: -0.0 is not 0.0."""
    return _determining(one) == _determining(other)


def _determining(experiment: Experiment) -> tuple[object, ...]:
    training, start = experiment.training, experiment.start
    numbers = (training.learning_rate, training.l2, *dict(training.settings).values())
    return (
        *(experiment.network, training, np.array(numbers, dtype=float).tobytes()),
        *(_bits(start.weights), _bits(start.biases), _bits(_samples(experiment.data))),
    )


def _samples(data: Data) -> tuple[Array, ...]:
    """Return the samples, split into their parts; names do not count."""
    return data.inputs, data.targets, data.test_inputs, data.test_targets


def _bits(arrays: Sequence[Array] | None) -> object:
    return None if arrays is None else [(array.shape, array.tobytes()) for array in arrays]


def table_of(experiment: Experiment) -> PresetFile:
    """Return the preset of ``experiment``, of which ``build.experiment`` makes the same bits.

    What is still as it was in the preset that the experiment came from keeps that preset's words: a
    seed stays a seed, a CSV file a CSV file. All else is written out in numbers.
    """
    origin, start = origin_of(experiment), experiment.start
    given = PresetFile(NetworkTable([]), DataTable()) if origin is None else origin.table
    title = None if experiment.title in ("", experiment.name) else experiment.title
    weights, biases, init = given.parameters.weights, given.parameters.biases, given.init
    if origin is None or _bits(start.weights) != _bits(origin.start.weights):
        init = init if weights else InitTable()  # what was there beside given ones stays
        weights = [matrix.tolist() for matrix in start.weights]
    if origin is None or _bits(start.biases) != _bits(origin.start.biases):
        biases = None if start.biases is None else [vector.tolist() for vector in start.biases]
    return PresetFile(
        network=_network(experiment.network, given),
        data=_data(experiment.data, origin),
        title=title if given.title is None else _text(experiment.title, given.title),
        description=_text(experiment.description, given.description),
        source=_text(experiment.source, given.source),
        parameters=ParametersTable(weights, biases),
        init=init,
        training=_training(experiment, given.training),
    )


def _text(text: str, written: str) -> str:
    """Return ``written`` where it says the same: building cleans it and strips it of blanks."""
    return written if text in (cleaned(written), cleaned(written).strip()) else text


def _network(network: Network, given: PresetFile) -> NetworkTable:
    if given.network.layers and build.network(given) == network:
        return given.network
    names = network.activations
    activation = names[0] if len(set(names)) == 1 else list(names)
    return NetworkTable([*map(int, network.layers)], activation, network.bias)


def _training(experiment: Experiment, given: TrainingTable) -> TrainingTable:
    defaults = experiment.optimizer.defaults
    settings = {
        name: value
        for name, value in experiment.training.settings
        if value != defaults[name] or name in given.settings
    }
    return convert(vars(experiment.training) | {"settings": settings}, TrainingTable)


def _data(data: Data, origin: Origin | None) -> DataTable:
    given = DataTable() if origin is None else origin.table.data
    if origin is not None and _bits(_samples(data)) == _bits(_samples(origin.data)):
        return given
    tests, seed = len(data.test_inputs), given.split_seed
    count = data.samples + tests
    fraction = given.test_fraction if tests else 0.0
    if len(split(count, fraction, seed)[1]) != tests:
        fraction = tests / count
    # where the samples must stand in a list that is taken apart into these parts again
    order = np.argsort(np.concatenate(split(count, fraction, seed)))
    return DataTable(
        inputs=np.concatenate([data.inputs, data.test_inputs])[order].tolist(),
        targets=np.concatenate([data.targets, data.test_targets])[order].tolist(),
        test_fraction=fraction,
        split_seed=seed if tests else 0,
    )
