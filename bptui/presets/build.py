"""Schema -> experiment: numpy arrays, start values, and the checks that need several keys."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from bptui.core.arrays import Array
from bptui.core.errors import UnusableError, require
from bptui.core.experiment import Experiment, Training
from bptui.core.network import INITIALIZERS, Network, Parameters, initial_weights
from bptui.presets.data import data, matrix
from bptui.presets.errors import cleaned
from bptui.presets.origin import Origin
from bptui.presets.schema import InitTable, ParametersTable, PresetFile, TrainingTable

LARGEST_SCALE = 1e100
SETTINGS = ("momentum", "beta1", "beta2", "rho", "epsilon")


def experiment(
    preset: PresetFile, name: str, folder: Path, file: Path | None = None, text: str = ""
) -> Experiment:
    """The experiment that ``preset`` describes; its CSV file is looked for in ``folder``.

    ``file`` and its ``text`` are where the preset was read, if it was. Raises
    :class:`UnusableError` with the key path of what is wrong.
    """
    net = network(preset)
    settings = training(preset.training)
    start = parameters(preset.parameters, preset.init, net)
    samples = data(preset.data, net, folder)
    return Experiment(
        name=name,
        network=net,
        start=start,
        training=settings,
        data=samples,
        title=name if preset.title is None else cleaned(preset.title),
        description=cleaned(preset.description).strip(),
        source=cleaned(preset.source).strip(),
        origin=Origin(preset, start, samples, folder, file, text),
    )


def network(preset: PresetFile) -> Network:
    """The shape of the network alone, which costs no memory."""
    table, name = preset.network, preset.network.activation
    layers = tuple(table.layers)
    if isinstance(name, list):
        return Network(layers, tuple(name), table.bias)
    try:
        return Network(layers, (name,) * (len(layers) - 1), table.bias)
    except UnusableError as error:
        # the preset has one name where the core sees a list
        key = error.key.partition("[")[0] if "activation" in error.key else error.key
        raise UnusableError(key, error.found, error.expected) from None


def training(table: TrainingTable) -> Training:
    given = [(name, getattr(table, name)) for name in SETTINGS]
    switches = [
        tuple(each) if isinstance(each, list) else each
        for each in (table.train_weights, table.train_biases)
    ]
    return Training(
        loss=table.loss,
        reduction=table.reduction,
        optimizer=table.optimizer,
        learning_rate=table.learning_rate,
        settings=tuple((name, value) for name, value in given if value is not None),
        l2=table.l2,
        steps=table.steps,
        batch_size=table.batch_size,
        shuffle=table.shuffle,
        seed=table.seed,
        train_weights=switches[0],
        train_biases=switches[1],
        mistakes=tuple(table.mistakes),
    )


def parameters(table: ParametersTable, init: InitTable, network: Network) -> Parameters:
    """The start values: those given, weights from [init] and biases of 0 otherwise."""
    require(
        init.scheme in INITIALIZERS, "init.scheme", init.scheme, f"one of {', '.join(INITIALIZERS)}"
    )
    lowest = -LARGEST_SCALE if init.scheme == "constant" else 0.0
    span = f"a number from {lowest:g} to {LARGEST_SCALE:g}"
    require(lowest <= init.scale <= LARGEST_SCALE, "init.scale", init.scale, span)
    require(init.seed >= 0, "init.seed", init.seed, "a whole number, 0 or more")
    # numpy draws no normal numbers with a deviation of -0.0
    scale = init.scale if init.scheme == "constant" else abs(init.scale)
    weights: Sequence[Array]
    if table.weights is None:
        weights = initial_weights(network.layers, init.scheme, scale, init.seed)
    else:
        _one_per_layer(len(table.weights), "weights", network.depth)
        weights = [
            matrix(rows, f"parameters.weights[{layer}]") for layer, rows in enumerate(table.weights)
        ]
    if not network.bias:
        require(
            table.biases is None,
            "parameters.biases",
            "biases for a network without them",
            "no such key, or network.bias = true",
        )
        return Parameters.of(weights, None)
    if table.biases is None:
        return Parameters.of(weights, [np.zeros(units) for units in network.layers[1:]])
    _one_per_layer(len(table.biases), "biases", network.depth)
    for layer, row in enumerate(table.biases):
        require(bool(row), f"parameters.biases[{layer}]", "an empty list", "one number per unit")
    return Parameters.of(weights, table.biases)


def _one_per_layer(count: int, name: str, depth: int) -> None:
    require(
        count == depth,
        f"parameters.{name}",
        f"{name} for {count} layers",
        f"{depth}, one for every layer after the input",
    )
