"""The schema of a preset file: every key once, with its type, its default and its words.

The loader, the writer and the form are made from it.
"""

from __future__ import annotations

from functools import cache
from typing import Annotated, Any, NamedTuple, get_type_hints

from msgspec import Struct, structs

from bptui.core.optimizers import OPTIMIZERS

Weights = list[list[list[float]]]
Matrix = list[list[float]]


class Words(NamedTuple):
    """What is said of a key: what it expects in a file, and its help and label in the form."""

    expected: str
    help: str = ""
    label: str = ""
    """The key's own name where it is empty."""


TEXT, YES_NO, SWITCHES = "text", "true or false", "true, false, or a list with one per layer"
SAMPLES, COLUMNS = "a list with one list of numbers per sample", "a list of column names"
COUNT, NATURAL, POSITIVE = "a whole number, 1 or more", "a whole number, 0 or more", "0 or more"
BELOW_1 = "a number from 0 to below 1"
COLUMNS_HELP, SWITCHES_HELP = "names separated by commas", "yes, no, or a list: yes, no"


class NetworkTable(Struct, frozen=True, forbid_unknown_fields=True):
    """[network]"""

    layers: Annotated[
        list[int],
        Words(
            "units per layer, input layer first, such as [2, 4, 1]",
            "units per layer, input first: 2-3-1",
        ),
    ]
    activation: Annotated[
        str | list[str],
        Words(
            "one name, or a list with one for every layer after the input",
            "one name, or a list; f2 lists them",
        ),
    ] = "sigmoid"
    bias: Annotated[bool, Words(YES_NO, "do units have a bias?", "biases")] = True


class ParametersTable(Struct, frozen=True, forbid_unknown_fields=True):
    """[parameters]"""

    weights: Annotated[
        Weights | None,
        Words(
            "one matrix per layer; weights[l][i][j] leads from unit i to unit j",
            "random from a seed, or typed in",
            "start weights",
        ),
    ] = None
    biases: Annotated[
        Matrix | None,
        Words("one list of numbers for every layer", "all 0, or typed in", "start biases"),
    ] = None


class InitTable(Struct, frozen=True, forbid_unknown_fields=True):
    """[init]"""

    scheme: Annotated[str, Words("the name of a scheme", "how random weights are drawn")] = (
        "glorot_uniform"
    )
    scale: Annotated[float, Words("a number", "half-width, deviation or constant")] = 1.0
    seed: Annotated[int, Words(NATURAL, "another seed gives other weights")] = 0


class TrainingTable(Struct, frozen=True, forbid_unknown_fields=True):
    """[training]"""

    loss: Annotated[str, Words("the name of a loss", "for one sample")] = "half_squared_error"
    reduction: Annotated[str, Words("mean or sum", "over the samples of a batch")] = "mean"
    optimizer: Annotated[str, Words("the name of an optimizer", "how weights are updated")] = "sgd"
    learning_rate: Annotated[
        float, Words(f"a number, {POSITIVE}", f"a number, {POSITIVE}", "learning rate")
    ] = 0.1
    settings: dict[str, float] = {}
    """The optimizer's, beside the other keys in a file; its own defaults hold for those missing."""
    l2: Annotated[
        float, Words(f"a number, {POSITIVE}", "adds L2 * sum(W**2) to the loss", "L2")
    ] = 0.0
    steps: Annotated[int, Words(NATURAL, "where a run stops")] = 1000
    batch_size: Annotated[int | None, Words(COUNT, "samples per step")] = None
    shuffle: Annotated[bool, Words(YES_NO, "a new order every epoch")] = False
    seed: Annotated[int, Words(NATURAL, "seed of the order", "shuffle seed")] = 0
    train_weights: Annotated[bool | list[bool], Words(SWITCHES, SWITCHES_HELP)] = True
    train_biases: Annotated[bool | list[bool], Words(SWITCHES, SWITCHES_HELP)] = True
    mistakes: Annotated[
        list[str], Words("a list of mistake names", "deliberate mistakes; f2 lists them")
    ] = []


class DataTable(Struct, frozen=True, forbid_unknown_fields=True):
    """[data]: inputs with targets, a dataset or a CSV file, and what may be done to any of them."""

    inputs: Annotated[Matrix | None, Words(SAMPLES, "one row per sample")] = None
    targets: Annotated[Matrix | None, Words(SAMPLES, "one row per sample")] = None
    dataset: Annotated[str | None, Words("the name of a dataset", "generated data")] = None
    samples: Annotated[int | None, Words(COUNT, "number of samples")] = None
    noise: Annotated[float | None, Words(f"a number, {POSITIVE}", "standard deviation")] = None
    seed: Annotated[int | None, Words(NATURAL, "another seed gives other samples")] = None
    csv: Annotated[
        str | None, Words("the name of a CSV file", "its first row names the columns", "file")
    ] = None
    class_column: Annotated[str | None, Words("the name of a column", "the name of a column")] = (
        None
    )
    target_columns: Annotated[list[str] | None, Words(COLUMNS, COLUMNS_HELP)] = None
    input_columns: Annotated[list[str] | None, Words(COLUMNS, COLUMNS_HELP)] = None
    standardize: Annotated[bool, Words(YES_NO, "inputs with mean 0 and deviation 1")] = False
    test_fraction: Annotated[float, Words(BELOW_1, "share of test samples")] = 0.0
    split_seed: Annotated[int, Words(NATURAL, "picks the test samples")] = 0


class PresetFile(Struct, frozen=True, forbid_unknown_fields=True):
    """A whole preset file; its tables are written in this order."""

    network: Annotated[NetworkTable, Words("a table [network] with the key layers")]
    data: Annotated[
        DataTable, Words("a table [data] with inputs and targets, with dataset or with csv")
    ]
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
def default(table: str, key: str) -> object:
    """Return the default of a key; None where it has none, or depends on other keys."""
    for field in structs.fields(TABLES[table]):
        if field.name == key and not field.required and key not in TABLES:
            made = field.default_factory
            return made() if callable(made) else field.default
    return None


def value(table: str, part: Struct, key: str) -> object:
    """Return what ``part``, a table of that name, holds for a key."""
    if table == "training" and key not in TrainingTable.__struct_fields__:
        return getattr(part, SETTINGS).get(key)
    return getattr(part, key)


def words(table: str, key: str) -> Words:
    """Return what is said of a key."""
    hint = hints(table).get(key)
    if hint is None:
        return Words("a number", _SETTINGS_HELP.get(key, "a number"), key)
    (said,) = hint.__metadata__
    assert isinstance(said, Words)
    return said if said.label else said._replace(label=key.replace("_", " "))


@cache
def hints(table: str) -> dict[str, Any]:
    """Return the annotated type of each key, without the settings of optimizers."""
    found = get_type_hints(TABLES[table], include_extras=True)
    found.pop(SETTINGS, None)
    return found
