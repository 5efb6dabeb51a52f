"""Experiment -> preset: the words that build the same numbers again, edited ones too."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from msgspec.structs import replace

from bptui.core.arrays import Array
from bptui.core.data import Data, split
from bptui.core.experiment import Experiment
from bptui.core.network import Network, Parameters
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
    origin = origin_of(experiment)
    given = None if origin is None else origin.table
    return PresetFile(
        network=_network(experiment.network, given),
        data=_data(experiment.data, origin),
        title=_title(experiment, given.title if given else None),
        description=_text(experiment.description, given.description if given else ""),
        source=_text(experiment.source, given.source if given else ""),
        parameters=_parameters(experiment.start, origin),
        init=_init(experiment.start, origin),
        training=_training(experiment, given),
    )


def _title(experiment: Experiment, written: str | None) -> str | None:
    if written is not None:
        return _text(experiment.title, written)
    return None if experiment.title in ("", experiment.name) else experiment.title


def _text(text: str, written: str) -> str:
    """Return ``written`` where it says the same: building cleans it and strips it of blanks."""
    return written if text in (cleaned(written), cleaned(written).strip()) else text


def _network(network: Network, given: PresetFile | None) -> NetworkTable:
    if given is not None and build.network(given) == network:
        return given.network
    names = network.activations
    return NetworkTable(
        layers=[int(units) for units in network.layers],
        activation=names[0] if len(set(names)) == 1 else list(names),
        bias=network.bias,
    )


def _parameters(start: Parameters, origin: Origin | None) -> ParametersTable:
    given = ParametersTable() if origin is None else origin.table.parameters
    weights, biases = given.weights, given.biases
    if origin is None or _bits(start.weights) != _bits(origin.start.weights):
        weights = [matrix.tolist() for matrix in start.weights]
    if origin is None or _bits(start.biases) != _bits(origin.start.biases):
        biases = None if start.biases is None else [vector.tolist() for vector in start.biases]
    return ParametersTable(weights, biases)


def _init(start: Parameters, origin: Origin | None) -> InitTable:
    """Return what is needed beside the weights; what was there beside given ones stays."""
    if origin is None:
        return InitTable()
    same = _bits(start.weights) == _bits(origin.start.weights)
    kept = same or origin.table.parameters.weights
    return origin.table.init if kept else InitTable()


def _training(experiment: Experiment, given: PresetFile | None) -> TrainingTable:
    training, defaults = experiment.training, experiment.optimizer.defaults
    written = {} if given is None else given.training.settings
    return TrainingTable(
        loss=training.loss,
        reduction=training.reduction,
        optimizer=training.optimizer,
        learning_rate=float(training.learning_rate),
        settings={
            name: float(value)
            for name, value in training.settings
            if value != defaults[name] or name in written
        },
        l2=float(training.l2),
        steps=int(training.steps),
        batch_size=None if training.batch_size is None else int(training.batch_size),
        shuffle=training.shuffle,
        seed=int(training.seed),
        train_weights=_switches(training.train_weights),
        train_biases=_switches(training.train_biases),
        mistakes=list(training.mistakes),
    )


def _switches(given: bool | tuple[bool, ...]) -> bool | list[bool]:
    return list(given) if isinstance(given, tuple) else given


def _data(data: Data, origin: Origin | None) -> DataTable:
    if origin is not None and _bits(_samples(data)) == _bits(_samples(origin.data)):
        return origin.table.data
    tests = len(data.test_inputs)
    count, table = data.samples + tests, DataTable()
    if tests and origin is not None:
        given = origin.table.data
        table = replace(table, test_fraction=given.test_fraction, split_seed=given.split_seed)
    if len(split(count, table.test_fraction, table.split_seed)[1]) != tests:
        table = replace(table, test_fraction=tests / count)
    # where the samples must stand in a list that is taken apart into these parts again
    places = split(count, table.test_fraction, table.split_seed)
    joined = []
    for parts in ((data.inputs, data.test_inputs), (data.targets, data.test_targets)):
        whole = np.empty((count, parts[0].shape[1]))
        for place, part in zip(places, parts, strict=True):
            whole[place] = part
        joined.append(whole.tolist())
    return replace(table, inputs=joined[0], targets=joined[1])
