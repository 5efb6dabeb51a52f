"""Experiment -> preset: the words that build the same numbers again, edited ones too."""

from __future__ import annotations

import numpy as np
from msgspec.structs import replace

from bptui.core.arrays import Array, Integers
from bptui.core.data import Data, split
from bptui.core.experiment import Experiment
from bptui.core.network import Network, Parameters
from bptui.presets import build
from bptui.presets.errors import cleaned
from bptui.presets.identity import same_arrays, same_samples
from bptui.presets.origin import Origin, origin_of
from bptui.presets.schema import (
    DataTable,
    InitTable,
    NetworkTable,
    ParametersTable,
    PresetFile,
    TrainingTable,
)


def table_of(experiment: Experiment) -> PresetFile:
    """The preset of ``experiment``.

    ``build.experiment`` makes the same numbers of it, bit by bit. What is still as it was in the
    preset that the experiment came from keeps that preset's words: a seed stays a seed, a CSV file
    a CSV file. All else is written out in numbers.
    """
    origin = origin_of(experiment)
    return PresetFile(
        network=_network(experiment.network, origin),
        data=_data(experiment.data, origin),
        title=_title(experiment, origin),
        description=_text(experiment.description, origin.table.description if origin else ""),
        source=_text(experiment.source, origin.table.source if origin else ""),
        parameters=_parameters(experiment.start, origin),
        init=_init(experiment.start, origin),
        training=_training(experiment, origin),
    )


def _title(experiment: Experiment, origin: Origin | None) -> str | None:
    named_after_file = origin is None or origin.table.title is None
    if named_after_file and experiment.title in ("", experiment.name):
        return None
    written = None if origin is None else origin.table.title
    return experiment.title if written is None else _text(experiment.title, written)


def _text(text: str, written: str) -> str:
    """``written`` where it says the same: building cleans it, and takes blanks around it away."""
    return written if text in (cleaned(written), cleaned(written).strip()) else text


def _network(network: Network, origin: Origin | None) -> NetworkTable:
    if origin is not None and build.network(origin.table) == network:
        return origin.table.network
    names = network.activations
    return NetworkTable(
        layers=[int(units) for units in network.layers],
        activation=names[0] if len(set(names)) == 1 else list(names),
        bias=network.bias,
    )


def _keeps_weights(start: Parameters, origin: Origin | None) -> bool:
    return origin is not None and same_arrays(start.weights, origin.start.weights)


def _parameters(start: Parameters, origin: Origin | None) -> ParametersTable:
    given = ParametersTable() if origin is None else origin.table.parameters
    weights, biases = given.weights, given.biases
    if not _keeps_weights(start, origin):
        weights = [each.tolist() for each in start.weights]
    if origin is None or not same_arrays(start.biases, origin.start.biases):
        biases = None if start.biases is None else [each.tolist() for each in start.biases]
    return ParametersTable(weights, biases)


def _init(start: Parameters, origin: Origin | None) -> InitTable:
    """None is needed beside weights written out; one that was there all the same stays."""
    if origin is None or not (_keeps_weights(start, origin) or origin.table.parameters.weights):
        return InitTable()
    return origin.table.init


def _training(experiment: Experiment, origin: Origin | None) -> TrainingTable:
    training = experiment.training
    given = TrainingTable() if origin is None else origin.table.training
    defaults = experiment.optimizer.defaults
    settings: dict[str, float | None] = dict.fromkeys(build.SETTINGS)
    for name, value in training.settings:
        if value != defaults[name] or getattr(given, name) is not None:
            settings[name] = float(value)
    switches = [
        list(each) if isinstance(each, tuple) else each
        for each in (training.train_weights, training.train_biases)
    ]
    return TrainingTable(
        loss=training.loss,
        reduction=training.reduction,
        optimizer=training.optimizer,
        learning_rate=float(training.learning_rate),
        **settings,
        l2=float(training.l2),
        steps=int(training.steps),
        batch_size=None if training.batch_size is None else int(training.batch_size),
        shuffle=training.shuffle,
        seed=int(training.seed),
        train_weights=switches[0],
        train_biases=switches[1],
        mistakes=list(training.mistakes),
    )


def _data(data: Data, origin: Origin | None) -> DataTable:
    if origin is not None and same_samples(data, origin.data):
        return origin.table.data
    tests = len(data.test_inputs)
    table = DataTable(inputs=[], targets=[])
    if tests:
        given = DataTable() if origin is None else origin.table.data
        table = replace(table, test_fraction=given.test_fraction, split_seed=given.split_seed)
        if len(_places(data, table)[1]) != tests:
            table = replace(table, test_fraction=tests / (tests + data.samples))
    return replace(
        table,
        inputs=_joined(data, table, data.inputs, data.test_inputs).tolist(),
        targets=_joined(data, table, data.targets, data.test_targets).tolist(),
    )


def _places(data: Data, table: DataTable) -> tuple[Integers, Integers]:
    """Where samples must stand in a list for ``table`` to take it apart into these parts."""
    return split(data.samples + len(data.test_inputs), table.test_fraction, table.split_seed)


def _joined(data: Data, table: DataTable, training: Array, test: Array) -> Array:
    places = _places(data, table)
    whole = np.empty((len(training) + len(test), training.shape[1]))
    for place, part in zip(places, (training, test), strict=True):
        whole[place] = part
    return whole
