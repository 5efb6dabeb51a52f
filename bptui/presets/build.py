"""Schema -> experiment: numpy arrays, start values, samples, and the checks of several keys."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from msgspec import Struct, structs

from bptui.core.arrays import Array, frozen
from bptui.core.data import DATASETS, Data, class_targets, split, standardized
from bptui.core.errors import MOST_NUMBERS, MOST_SAMPLES, UnusableError, require
from bptui.core.experiment import Experiment, Training
from bptui.core.network import (
    INITIALIZERS,
    Network,
    Parameters,
    check_parameters,
    initial_weights,
)
from bptui.presets.errors import cleaned
from bptui.presets.schema import (
    NATURAL,
    DataTable,
    InitTable,
    ParametersTable,
    PresetFile,
    TrainingTable,
)

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

LARGEST_SCALE = 1e100
LARGEST_NOISE = 1e6
DEFAULT_SAMPLES = 200
OPTIONS = {
    "dataset": ("samples", "noise", "seed"),
    "csv": ("input_columns", "target_columns", "class_column"),
}
"""The keys that belong to one form of data alone."""


class Origin(Struct, frozen=True, eq=False):
    """The preset of an experiment, and the start values and samples that were made of it.

    An experiment that still has those very arrays is described by the preset's own words for them.
    ``folder`` is where a CSV file is looked for. ``file`` is None, and ``text`` empty, for what was
    not read from a file.
    """

    table: PresetFile
    start: Parameters
    data: Data
    folder: Path
    file: Path | None = None
    text: str = ""


def origin_of(experiment: Experiment) -> Origin | None:
    """Return the origin of ``experiment``; None where it was made by a program."""
    return experiment.origin if isinstance(experiment.origin, Origin) else None


def experiment(
    preset: PresetFile, name: str, folder: Path, file: Path | None = None, text: str = ""
) -> Experiment:
    """Return the experiment that ``preset`` describes; its CSV file is looked for in ``folder``.

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
    """Return the shape of the network alone, which costs no memory."""
    table, names = preset.network, preset.network.activation
    layers = tuple(table.layers)
    if isinstance(names, list):
        return Network(layers, tuple(names), table.bias)
    try:
        return Network(layers, (names,) * (len(layers) - 1), table.bias)
    except UnusableError as error:
        # the preset has one name where the core sees a list
        error.key = re.sub(r"(activation)\[.*", r"\1", error.key)
        raise


def training(table: TrainingTable) -> Training:
    """Return the settings of the training; raises :class:`UnusableError`."""
    given: dict[str, Any] = {
        key: tuple(held) if isinstance(held, list) else held
        for key, held in structs.asdict(table).items()
    }
    return Training(**given | {"settings": tuple(table.settings.items())})


def parameters(table: ParametersTable, init: InitTable, network: Network) -> Parameters:
    """Return the start values: those given, weights from [init] and biases of 0 otherwise."""
    known = f"one of {', '.join(INITIALIZERS)}"
    require(init.scheme in INITIALIZERS, "init.scheme", init.scheme, known)
    lowest = -LARGEST_SCALE if init.scheme == "constant" else 0.0
    span = f"a number from {lowest:g} to {LARGEST_SCALE:g}"
    require(lowest <= init.scale <= LARGEST_SCALE, "init.scale", init.scale, span)
    require(init.seed >= 0, "init.seed", init.seed, NATURAL)
    # numpy draws no normal numbers with a deviation of -0.0
    scale = init.scale if init.scheme == "constant" else abs(init.scale)
    weights: Sequence[ArrayLike] = [
        matrix(rows, f"parameters.weights[{place}]")
        for place, rows in enumerate(table.weights or ())
    ]
    biases: Sequence[ArrayLike] | None = table.biases
    if table.weights is None:
        weights = initial_weights(network.layers, init.scheme, scale, init.seed)
    if biases is None and network.bias:
        biases = [np.zeros(units) for units in network.layers[1:]]
    made = Parameters.of(weights, biases)
    check_parameters(made, network)
    return made


def matrix(rows: list[list[float]], key: str) -> Array:
    """Return ``rows`` as an array; they must be there and of one length."""
    require(bool(rows), key, "an empty list", "at least one row of numbers")
    require(bool(rows[0]), f"{key}[0]", "an empty list", "at least one number")
    for index, row in enumerate(rows):
        if len(row) != len(rows[0]):
            expected = f"{len(rows[0])}, as many as {key}[0] has"
            raise UnusableError(f"{key}[{index}]", counted(len(row), "number"), expected)
    return np.array(rows, dtype=np.float64)


def counted(count: int, what: str) -> str:
    """Return ``1 row`` or ``1,000 rows``."""
    return f"{count:,} {what}{'s' * (count != 1)}"


class Samples(NamedTuple):
    """``inputs`` (samples, inputs) and ``targets`` (samples, outputs), and what they are called."""

    inputs: Array
    targets: Array
    input_names: tuple[str, ...] = ()
    class_names: tuple[str, ...] = ()


def data(table: DataTable, network: Network, folder: Path) -> Data:
    """Return the samples that [data] describes, standardized and split as it says."""
    source = _form_of(table)
    fraction, seed = table.test_fraction, table.split_seed
    require(0.0 <= fraction < 1.0, "data.test_fraction", fraction, "a number from 0 to below 1")
    require(seed >= 0, "data.split_seed", seed, NATURAL)
    if source == "inputs":
        samples = _given(table, network)
    elif source == "dataset":
        samples = _generated(table, network)
    else:
        from bptui.presets import csv_file  # most presets have none

        samples = csv_file.samples(table, network, folder)
    inputs, targets, count = samples.inputs, samples.targets, len(samples.inputs)
    found, expected = f"{fraction:g} of a single sample", "0, or at least two samples to split"
    require(fraction == 0.0 or count >= 2, "data.test_fraction", found, expected)
    train, test = split(count, fraction, seed)
    if table.standardize:
        with np.errstate(all="ignore"):
            deviation = inputs[train].std(axis=0)
            inputs = standardized(inputs, inputs[train])
        # a deviation that overflows would turn its column into zeros without a word
        usable = bool(np.isfinite(deviation).all() and np.isfinite(inputs).all())
        found, expected = "inputs too large for a standard deviation", "smaller inputs, or false"
        require(usable, "data.standardize", found, expected)
    return Data(
        inputs=frozen(inputs[train]),
        targets=frozen(targets[train]),
        test_inputs=frozen(inputs[test]),
        test_targets=frozen(targets[test]),
        input_names=samples.input_names,
        class_names=samples.class_names,
        source=source,
    )


def _form_of(table: DataTable) -> str:
    """Return which of the three forms it is: inputs, dataset or csv."""
    keys = ("inputs", "targets", "dataset", "csv")
    given = [key for key in keys if getattr(table, key) is not None]
    forms = {key.replace("targets", "inputs") for key in given}
    expected = "exactly one of inputs with targets, dataset, or csv"
    require(len(forms) == 1, "data", " and ".join(given) or "none of them", expected)
    (found,) = forms
    for form, options in OPTIONS.items():
        for key in options:
            used = form == found or getattr(table, key) is None
            require(used, f"data.{key}", f"{key} with {found}", f"{key} only with {form}")
    return found


def _given(table: DataTable, network: Network) -> Samples:
    for key in ("inputs", "targets"):
        there = getattr(table, key) is not None
        require(there, f"data.{key}", "nothing", "inputs and targets together")
    inputs = matrix(table.inputs or [], "data.inputs")
    targets = matrix(table.targets or [], "data.targets")
    expected = f"{len(inputs)}, as many as data.inputs has"
    require(len(inputs) == len(targets), "data.targets", f"{len(targets)} samples", expected)
    check_size(len(inputs), network, "data.inputs")
    return Samples(inputs, targets)


def _generated(table: DataTable, network: Network) -> Samples:
    name, outputs = table.dataset or "", network.layers[-1]
    require(name in DATASETS, "data.dataset", name, f"one of {', '.join(DATASETS)}")
    dataset = DATASETS[name]
    for key in OPTIONS["dataset"]:
        applies = dataset.sized or getattr(table, key) is None
        expected = f"no such key: {name} has four fixed samples"
        require(applies, f"data.{key}", f"{key} for {name}", expected)
    count = DEFAULT_SAMPLES if table.samples is None else table.samples
    noise, seed = table.noise or 0.0, table.seed or 0
    require(1 <= count <= MOST_SAMPLES, "data.samples", count, f"1 to {MOST_SAMPLES:,}")
    require(0.0 <= noise <= LARGEST_NOISE, "data.noise", noise, f"0 to {LARGEST_NOISE:g}")
    require(seed >= 0, "data.seed", seed, NATURAL)
    check_width("data.dataset", f"inputs of {name}", dataset.inputs, network, 0)
    most = dataset.classes or 1
    makes = f"has {most} classes" if most > 1 else "gives one number"
    expected = f"at most {counted(most, 'output unit')}: {name} {makes}"
    require(outputs <= most, "data.dataset", f"{name} for {outputs} output units", expected)
    check_size(count if dataset.sized else 4, network, "data.samples")
    inputs, made = dataset.make(count, noise, max(outputs, 2), np.random.default_rng(seed))
    if dataset.classes is None:
        return Samples(inputs, made.astype(np.float64))
    return Samples(inputs, class_targets(made.astype(np.intp), outputs))


def check_width(key: str, what: str, found: int, network: Network, layer: int) -> None:
    """Raise :class:`UnusableError` unless there are as many as units in the first or last layer."""
    units, place = network.layers[layer], "first" if layer == 0 else "last"
    expected = f"{units}, the units of the {place} layer in network.layers"
    require(found == units, key, f"{found} {what}", expected)


def check_size(samples: int, network: Network, key: str) -> None:
    """Raise :class:`UnusableError` where there are more samples or numbers than can be held."""
    require(samples <= MOST_SAMPLES, key, f"{samples:,} samples", f"at most {MOST_SAMPLES:,}")
    numbers = samples * (network.layers[0] + network.layers[-1])
    found = f"{samples:,} samples, {numbers:,} numbers"
    require(numbers <= MOST_NUMBERS, key, found, f"at most {MOST_NUMBERS:,} numbers")
