"""The schema of a preset file: every key once, with its type, its default and its words.

The loader, the writer and the sheet of a new experiment are made from it.
"""

from __future__ import annotations

import sys
from functools import cache
from typing import Annotated, NamedTuple

from msgspec import Meta, Struct, structs

from bptui.core.optimizers import OPTIMIZERS

_LARGEST = sys.float_info.max
Whole = Annotated[int, Meta(ge=-(2**63), le=2**63 - 1)]
Number = Annotated[float, Meta(ge=-_LARGEST, le=_LARGEST)]
"""Neither nan nor inf, which TOML knows."""
Matrix = list[list[Number]]


class Words(NamedTuple):
    """What is said of a key: what it expects in a file, and to somebody who fills it in."""

    expected: str
    help: str = ""
    """What it expects where it is empty."""


TEXT, YES_NO, COLUMNS = "text in quotes", "true or false", "a list of column names"
SAMPLES, SWITCHES = "a list with one list of numbers per sample", "true, false, or a list by layer"
COUNT, NATURAL = "a whole number, 1 or more", "a whole number, 0 or more"
POSITIVE, BELOW_1 = "a number, 0 or more", "a number from 0 to below 1"
COLUMNS_HELP = "names of columns"


class NetworkTable(Struct, frozen=True):
    """[network]"""

    layers: Annotated[
        list[Whole], Words("units per layer, input first", "units per layer, input first: 2-3-1")
    ]
    activation: Annotated[
        str | list[str],
        Words("one name, or a list by layer", "one name, or one per layer"),
    ] = "sigmoid"
    bias: Annotated[bool, Words(YES_NO, "do units have a bias?")] = True


class ParametersTable(Struct, frozen=True):
    """[parameters]"""

    weights: Annotated[
        list[Matrix] | None,
        Words("one matrix per layer", "a matrix per layer; else random"),
    ] = None
    biases: Annotated[
        Matrix | None, Words("one list per layer", "a line per layer; else all 0")
    ] = None


class InitTable(Struct, frozen=True):
    """[init]"""

    scheme: Annotated[str, Words("a name", "how random weights are drawn")] = "glorot_uniform"
    scale: Annotated[Number, Words("a number", "half-width, deviation or constant")] = 1.0
    seed: Annotated[Whole, Words(NATURAL, "another seed gives other weights")] = 0


class TrainingTable(Struct, frozen=True):
    """[training]"""

    loss: Annotated[str, Words("the name of a loss", "for one sample")] = "half_squared_error"
    reduction: Annotated[str, Words("mean or sum", "over the samples of a batch")] = "mean"
    optimizer: Annotated[str, Words("the name of an optimizer", "how weights are updated")] = "sgd"
    learning_rate: Annotated[Number, Words(POSITIVE)] = 0.1
    settings: dict[str, float] = {}
    """The optimizer's, beside the other keys in a file; its own defaults hold for those missing."""
    l2: Annotated[Number, Words(POSITIVE, "adds l2 * sum(W**2) to the loss")] = 0.0
    steps: Annotated[Whole, Words(NATURAL, "where a run stops")] = 1000
    batch_size: Annotated[Whole | None, Words(COUNT, "samples per step")] = None
    shuffle: Annotated[bool, Words(YES_NO, "a new order every epoch")] = False
    seed: Annotated[Whole, Words(NATURAL, "seed of that order")] = 0
    train_weights: Annotated[bool | list[bool], Words(SWITCHES)] = True
    train_biases: Annotated[bool | list[bool], Words(SWITCHES)] = True
    mistakes: Annotated[list[str], Words("a list of mistake names", "deliberate mistakes")] = []


class DataTable(Struct, frozen=True):
    """[data]: inputs with targets, a dataset or a CSV file, and what may be done to any of them."""

    inputs: Annotated[Matrix | None, Words(SAMPLES, "one row per sample")] = None
    targets: Annotated[Matrix | None, Words(SAMPLES, "one row per sample")] = None
    dataset: Annotated[str | None, Words("the name of a dataset", "generated data")] = None
    samples: Annotated[Whole | None, Words(COUNT, "number of samples")] = None
    noise: Annotated[Number | None, Words(POSITIVE, "standard deviation")] = None
    seed: Annotated[Whole | None, Words(NATURAL, "another seed gives other samples")] = None
    csv: Annotated[str | None, Words("a name", "a file whose first row names columns")] = None
    class_column: Annotated[str | None, Words("the name of a column")] = None
    target_columns: Annotated[list[str] | None, Words(COLUMNS, COLUMNS_HELP)] = None
    input_columns: Annotated[list[str] | None, Words(COLUMNS, COLUMNS_HELP)] = None
    standardize: Annotated[bool, Words(YES_NO, "inputs with mean 0 and deviation 1")] = False
    test_fraction: Annotated[Number, Words(BELOW_1, "share of test samples")] = 0.0
    split_seed: Annotated[Whole, Words(NATURAL, "picks the test samples")] = 0


class PresetFile(Struct, frozen=True):
    """A whole preset file; its tables are written in this order."""

    network: Annotated[NetworkTable, Words("a table [network] with the key layers")]
    data: Annotated[DataTable, Words("a table [data] with inputs and targets, dataset or csv")]
    title: Annotated[str | None, Words(TEXT, "one line")] = None
    description: Annotated[str, Words(TEXT, "a few lines, Markdown")] = ""
    source: Annotated[str, Words(TEXT, "where the numbers come from")] = ""
    parameters: Annotated[ParametersTable, Words("a table")] = ParametersTable()
    init: Annotated[InitTable, Words("a table")] = InitTable()
    training: Annotated[TrainingTable, Words("a table")] = TrainingTable()


TABLES: dict[str, type[Struct]] = {
    "": PresetFile,
    "network": NetworkTable,
    "parameters": ParametersTable,
    "init": InitTable,
    "training": TrainingTable,
    "data": DataTable,
}
"""The struct of every table by its name, "" for the top, in the order in which they are written."""
SETTINGS = "settings"
_SETTINGS_HELP = {
    "momentum": "share of the last step that is kept",
    "beta1": "decay of the mean gradient",
    "beta2": "decay of the mean squared gradient",
    "rho": "decay of the mean squared gradient",
    "epsilon": "keeps the divisor above 0",
}


def setting_names() -> list[str]:
    """Return the names of all optimizers' settings, each once."""
    return [
        *dict.fromkeys(name for optimizer in OPTIMIZERS.values() for name in optimizer.defaults)
    ]


def keys(table: str) -> list[str]:
    """Return the keys of a table in their order, settings of optimizers among them."""
    found = list[str]()
    for name in TABLES[table].__struct_fields__:
        found += setting_names() if name == SETTINGS else [name]
    return found


@cache
def _fields(table: str) -> dict[str, structs.FieldInfo]:
    return {field.name: field for field in structs.fields(TABLES[table])}


def default(table: str, key: str) -> object:
    """Return the default of a key; None where it has none, or depends on other keys."""
    field = _fields(table).get(key)
    if field is None or field.required or key in TABLES:
        return None
    return field.default_factory() if callable(field.default_factory) else field.default


def value(table: str, part: Struct, key: str) -> object:
    """Return what ``part``, a table of that name, holds for a key."""
    return getattr(part, key) if key in _fields(table) else getattr(part, SETTINGS).get(key)


def words(table: str, key: str) -> Words:
    """Return what is said of a key."""
    field = _fields(table).get(key)
    if field is None:
        return Words("a number", _SETTINGS_HELP.get(key, "a number"))
    said: Words = field.type.__metadata__[-1]
    return Words(said.expected, said.help or said.expected)
