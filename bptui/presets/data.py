"""[data] -> samples: given in the preset, made up, or read from a CSV file."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from msgspec import Struct

from bptui.core.arrays import Array, frozen
from bptui.core.data import DATASETS, Data, class_targets, split, standardized
from bptui.core.errors import MOST_NUMBERS, MOST_SAMPLES, UnusableError, require
from bptui.core.network import Network
from bptui.presets.errors import printable
from bptui.presets.schema import DataTable

DEFAULT_SAMPLES = 200
LARGEST_NOISE = 1e6
OPTIONS = {
    "dataset": ("samples", "noise", "seed"),
    "csv": ("input_columns", "target_columns", "class_column"),
}
"""The keys that belong to one form of data alone."""


class Samples(Struct, frozen=True, eq=False):
    """``inputs`` (samples, inputs) and ``targets`` (samples, outputs), and what they are called."""

    inputs: Array
    targets: Array
    input_names: tuple[str, ...] = ()
    class_names: tuple[str, ...] = ()


def data(table: DataTable, network: Network, folder: Path) -> Data:
    """The samples that [data] describes, standardized and split as it says."""
    source = _form(table)
    require(
        0.0 <= table.test_fraction < 1.0,
        "data.test_fraction",
        table.test_fraction,
        "a number from 0 to below 1",
    )
    require(table.split_seed >= 0, "data.split_seed", table.split_seed, "a whole number, 0 or more")
    samples = {"inputs": _given, "dataset": _generated, "csv": _from_csv}[source](
        table, network, folder
    )
    count = len(samples.inputs)
    require(
        table.test_fraction == 0.0 or count >= 2,
        "data.test_fraction",
        f"{table.test_fraction:g} of a single sample",
        "0, or at least two samples to split",
    )
    train, test = split(count, table.test_fraction, table.split_seed)
    inputs = samples.inputs
    if table.standardize:
        with np.errstate(all="ignore"):
            deviation = inputs[train].std(axis=0)
            inputs = standardized(inputs, inputs[train])
        # a deviation that overflows would turn its column into zeros without a word
        require(
            bool(np.isfinite(deviation).all() and np.isfinite(inputs).all()),
            "data.standardize",
            "inputs too large for a standard deviation",
            "smaller inputs, or false",
        )
    return Data(
        inputs=frozen(inputs[train]),
        targets=frozen(samples.targets[train]),
        test_inputs=frozen(inputs[test]),
        test_targets=frozen(samples.targets[test]),
        input_names=samples.input_names,
        class_names=samples.class_names,
        source=source,
    )


def matrix(rows: list[list[float]], key: str) -> Array:
    """``rows`` as an array; they must be there and of one length."""
    require(bool(rows), key, "an empty list", "at least one row of numbers")
    require(bool(rows[0]), f"{key}[0]", "an empty list", "at least one number")
    width = len(rows[0])
    for index, row in enumerate(rows):
        if len(row) != width:
            raise UnusableError(
                f"{key}[{index}]",
                f"{len(row)} number{'s' * (len(row) != 1)}",
                f"{width}, as many as {key}[0] has",
            )
    return np.array(rows, dtype=np.float64)


def _form(table: DataTable) -> str:
    """Which of the three forms it is: inputs, dataset or csv."""
    given = [
        key for key in ("inputs", "targets", "dataset", "csv") if getattr(table, key) is not None
    ]
    forms = ["inputs" if key == "targets" else key for key in given]
    require(
        len(set(forms)) == 1,
        "data",
        " and ".join(given) or "none of them",
        "exactly one of inputs with targets, dataset, or csv",
    )
    for form, options in OPTIONS.items():
        for key in options:
            if form != forms[0] and getattr(table, key) is not None:
                raise UnusableError(
                    f"data.{key}", f"{key} with {forms[0]}", f"{key} only with {form}"
                )
    return forms[0]


def _given(table: DataTable, network: Network, folder: Path) -> Samples:
    for key in ("inputs", "targets"):
        require(
            getattr(table, key) is not None, f"data.{key}", "nothing", "inputs and targets together"
        )
    inputs = matrix(table.inputs or [], "data.inputs")
    targets = matrix(table.targets or [], "data.targets")
    require(
        len(inputs) == len(targets),
        "data.targets",
        f"{len(targets)} samples",
        f"{len(inputs)}, as many as data.inputs has",
    )
    _check_size(len(inputs), network, "data.inputs")
    return Samples(inputs, targets)


def _generated(table: DataTable, network: Network, folder: Path) -> Samples:
    name, outputs = table.dataset or "", network.layers[-1]
    require(name in DATASETS, "data.dataset", table.dataset, f"one of {', '.join(DATASETS)}")
    dataset = DATASETS[name]
    for key in OPTIONS["dataset"]:
        if getattr(table, key) is not None and not dataset.sized:
            raise UnusableError(
                f"data.{key}", f"{key} for {name}", f"no such key: {name} has four fixed samples"
            )
    count = DEFAULT_SAMPLES if table.samples is None else table.samples
    noise, seed = table.noise or 0.0, table.seed or 0
    span = f"1 to {MOST_SAMPLES:,}"
    require(1 <= count <= MOST_SAMPLES, "data.samples", count, span)
    require(0.0 <= noise <= LARGEST_NOISE, "data.noise", noise, f"0 to {LARGEST_NOISE:g}")
    require(seed >= 0, "data.seed", seed, "a whole number, 0 or more")
    _check_width("data.dataset", f"inputs of {name}", dataset.inputs, network.layers[0], 0)
    most = dataset.classes or 1
    possible = "1" if most == 1 else f"1 or {most}" if most == 2 else f"1 to {most}"
    require(
        outputs <= most,
        "data.dataset",
        f"{name} for {outputs} output units",
        f"a network with {possible} output unit{'s' * (most > 1)}"
        + (f": {name} has at most {most} classes" if most > 1 else f": {name} gives one number"),
    )
    _check_size(count if dataset.sized else 4, network, "data.samples")
    classes = max(outputs, 2)
    inputs, made = dataset.make(count, noise, classes, np.random.default_rng(seed))
    if dataset.classes is None:
        return Samples(inputs, made.astype(np.float64))
    return Samples(inputs, class_targets(made.astype(np.intp), outputs))


def _from_csv(table: DataTable, network: Network, folder: Path) -> Samples:
    from bptui.presets.csv_file import Columns, read_csv  # most presets have none

    name, outputs = table.csv or "", network.layers[-1]
    columns = Columns(table.input_columns, table.target_columns, table.class_column)
    content = read_csv(folder, name, columns, MOST_NUMBERS)
    names = tuple(map(printable, content.input_names))  # every panel and program shows them
    _check_width("data.csv", f"input columns in {name}", len(names), network.layers[0], 0)
    _check_size(len(content.inputs), network, "data.csv")
    if content.labels is None:
        width = content.targets.shape[1]
        _check_width("data.target_columns", f"target columns in {name}", width, outputs, -1)
        return Samples(content.inputs, content.targets, names)
    classes = len(content.class_names)
    require(
        classes == outputs or (classes, outputs) == (2, 1),
        "data.class_column",
        f"{classes} classes in {name}",
        f"{outputs}, one per output unit, as in network.layers"
        if outputs > 1
        else "2 classes for a single output unit",
    )
    targets = class_targets(content.labels, outputs)
    return Samples(content.inputs, targets, names, tuple(map(printable, content.class_names)))


def _check_width(key: str, what: str, found: int, units: int, layer: int) -> None:
    place = "first" if layer == 0 else "last"
    require(
        found == units,
        key,
        f"{found} {what}",
        f"{units}, the units of the {place} layer in network.layers",
    )


def _check_size(samples: int, network: Network, key: str) -> None:
    require(samples <= MOST_SAMPLES, key, f"{samples:,} samples", f"at most {MOST_SAMPLES:,}")
    numbers = samples * (network.layers[0] + network.layers[-1])
    require(
        numbers <= MOST_NUMBERS,
        key,
        f"{samples:,} samples, {numbers:,} numbers",
        f"at most {MOST_NUMBERS:,} numbers",
    )
