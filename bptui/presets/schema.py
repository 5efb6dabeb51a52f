"""The schema of a preset file: one struct a table, each field with what it expects in words."""

from __future__ import annotations

from typing import Annotated, get_type_hints

from msgspec import Meta, Struct

MOST_SAMPLES = 1_000_000


class NetworkTable(Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """[network]"""

    layers: Annotated[
        list[int], Meta(description="units per layer, input layer first, such as [2, 4, 1]")
    ]
    activation: Annotated[
        str | list[str],
        Meta(description="one name, or a list with one for every layer after the input"),
    ] = "sigmoid"
    bias: Annotated[bool, Meta(description="true or false")] = True


class ParametersTable(Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """[parameters]"""

    weights: Annotated[
        list[list[list[float]]] | None,
        Meta(description="one matrix a layer; weights[l][i][j] leads from unit i to unit j"),
    ] = None
    biases: Annotated[
        list[list[float]] | None, Meta(description="one list of numbers for every layer")
    ] = None


class InitTable(Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """[init]"""

    scheme: Annotated[str, Meta(description="the name of a scheme")] = "glorot_uniform"
    scale: Annotated[float, Meta(description="a number")] = 1.0
    seed: Annotated[int, Meta(description="a whole number, 0 or more")] = 0


class TrainingTable(Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """[training]; optimizer settings are None where the optimizer's own default holds."""

    loss: Annotated[str, Meta(description="the name of a loss")] = "half_squared_error"
    reduction: Annotated[str, Meta(description="mean or sum")] = "mean"
    optimizer: Annotated[str, Meta(description="the name of an optimizer")] = "sgd"
    learning_rate: Annotated[float, Meta(description="a number, 0 or more")] = 0.1
    momentum: Annotated[float | None, Meta(description="a number")] = None
    beta1: Annotated[float | None, Meta(description="a number")] = None
    beta2: Annotated[float | None, Meta(description="a number")] = None
    rho: Annotated[float | None, Meta(description="a number")] = None
    epsilon: Annotated[float | None, Meta(description="a number")] = None
    l2: Annotated[float, Meta(description="a number, 0 or more")] = 0.0
    steps: Annotated[int, Meta(description="a whole number, 0 or more")] = 1000
    batch_size: Annotated[int | None, Meta(description="a whole number, 1 or more")] = None
    shuffle: Annotated[bool, Meta(description="true or false")] = False
    seed: Annotated[int, Meta(description="a whole number, 0 or more")] = 0
    train_weights: Annotated[
        bool | list[bool], Meta(description="true, false or a list with one of them a layer")
    ] = True
    train_biases: Annotated[
        bool | list[bool], Meta(description="true, false or a list with one of them a layer")
    ] = True
    mistakes: Annotated[list[str], Meta(description="a list of names of mistakes")] = []


class DataTable(Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """[data]: inputs with targets, a dataset or a CSV file, and what may be done to any of them."""

    inputs: Annotated[
        list[list[float]] | None, Meta(description="a list with one list of numbers a sample")
    ] = None
    targets: Annotated[
        list[list[float]] | None, Meta(description="a list with one list of numbers a sample")
    ] = None
    dataset: Annotated[str | None, Meta(description="the name of a dataset")] = None
    samples: Annotated[int | None, Meta(description="a whole number, 1 or more")] = None
    noise: Annotated[float | None, Meta(description="a number, 0 or more")] = None
    seed: Annotated[int | None, Meta(description="a whole number, 0 or more")] = None
    csv: Annotated[str | None, Meta(description="the name of a CSV file")] = None
    input_columns: Annotated[list[str] | None, Meta(description="a list of names of columns")] = (
        None
    )
    target_columns: Annotated[list[str] | None, Meta(description="a list of names of columns")] = (
        None
    )
    class_column: Annotated[str | None, Meta(description="the name of a column")] = None
    standardize: Annotated[bool, Meta(description="true or false")] = False
    test_fraction: Annotated[float, Meta(description="a number from 0 to below 1")] = 0.0
    split_seed: Annotated[int, Meta(description="a whole number, 0 or more")] = 0


class PresetFile(Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """A whole preset file."""

    network: Annotated[NetworkTable, Meta(description="a table [network] with the key layers")]
    data: Annotated[
        DataTable,
        Meta(description="a table [data] with inputs and targets, with dataset or with csv"),
    ]
    title: Annotated[str | None, Meta(description="text")] = None
    description: Annotated[str, Meta(description="text")] = ""
    source: Annotated[str, Meta(description="text")] = ""
    parameters: Annotated[ParametersTable, Meta(description="a table")] = ParametersTable()
    init: Annotated[InitTable, Meta(description="a table")] = InitTable()
    training: Annotated[TrainingTable, Meta(description="a table")] = TrainingTable()


TABLES: dict[str, type[Struct]] = {
    "": PresetFile,
    "network": NetworkTable,
    "parameters": ParametersTable,
    "init": InitTable,
    "training": TrainingTable,
    "data": DataTable,
}
"""The struct of every table by its name, "" for the top of the file."""


def expectation(table: str, key: str) -> str:
    """What ``key`` of ``table`` expects, in words."""
    hint = get_type_hints(TABLES[table], include_extras=True)[key]
    (meta,) = hint.__metadata__
    return str(meta.description)
