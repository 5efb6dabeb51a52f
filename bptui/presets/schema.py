"""The schema of a preset file: one struct a table, and what each of its keys expects in words."""

from __future__ import annotations

from msgspec import Struct


class NetworkTable(Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """[network]"""

    layers: list[int]
    activation: str | list[str] = "sigmoid"
    bias: bool = True


class ParametersTable(Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """[parameters]"""

    weights: list[list[list[float]]] | None = None
    biases: list[list[float]] | None = None


class InitTable(Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """[init]"""

    scheme: str = "glorot_uniform"
    scale: float = 1.0
    seed: int = 0


class TrainingTable(Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """[training]; optimizer settings are None where the optimizer's own default holds."""

    loss: str = "half_squared_error"
    reduction: str = "mean"
    optimizer: str = "sgd"
    learning_rate: float = 0.1
    momentum: float | None = None
    beta1: float | None = None
    beta2: float | None = None
    rho: float | None = None
    epsilon: float | None = None
    l2: float = 0.0
    steps: int = 1000
    batch_size: int | None = None
    shuffle: bool = False
    seed: int = 0
    train_weights: bool | list[bool] = True
    train_biases: bool | list[bool] = True
    mistakes: list[str] = []


class DataTable(Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """[data]: inputs with targets, a dataset or a CSV file, and what may be done to any of them."""

    inputs: list[list[float]] | None = None
    targets: list[list[float]] | None = None
    dataset: str | None = None
    samples: int | None = None
    noise: float | None = None
    seed: int | None = None
    csv: str | None = None
    input_columns: list[str] | None = None
    target_columns: list[str] | None = None
    class_column: str | None = None
    standardize: bool = False
    test_fraction: float = 0.0
    split_seed: int = 0


class PresetFile(Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """A whole preset file."""

    network: NetworkTable
    data: DataTable
    title: str | None = None
    description: str = ""
    source: str = ""
    parameters: ParametersTable = ParametersTable()
    init: InitTable = InitTable()
    training: TrainingTable = TrainingTable()


TABLES: dict[str, type[Struct]] = {
    "": PresetFile,
    "network": NetworkTable,
    "parameters": ParametersTable,
    "init": InitTable,
    "training": TrainingTable,
    "data": DataTable,
}
"""The struct of every table by its name, "" for the top of the file."""

# beside the types rather than in them: msgspec takes several times as long to read annotated ones
EXPECTATIONS: dict[str, dict[str, str]] = {
    "": {
        "network": "a table [network] with the key layers",
        "data": "a table [data] with inputs and targets, with dataset or with csv",
        "title": "text",
        "description": "text",
        "source": "text",
        "parameters": "a table",
        "init": "a table",
        "training": "a table",
    },
    "network": {
        "layers": "units per layer, input layer first, such as [2, 4, 1]",
        "activation": "one name, or a list with one for every layer after the input",
        "bias": "true or false",
    },
    "parameters": {
        "weights": "one matrix per layer; weights[l][i][j] leads from unit i to unit j",
        "biases": "one list of numbers for every layer",
    },
    "init": {
        "scheme": "the name of a scheme",
        "scale": "a number",
        "seed": "a whole number, 0 or more",
    },
    "training": {
        "loss": "the name of a loss",
        "reduction": "mean or sum",
        "optimizer": "the name of an optimizer",
        "learning_rate": "a number, 0 or more",
        "momentum": "a number",
        "beta1": "a number",
        "beta2": "a number",
        "rho": "a number",
        "epsilon": "a number",
        "l2": "a number, 0 or more",
        "steps": "a whole number, 0 or more",
        "batch_size": "a whole number, 1 or more",
        "shuffle": "true or false",
        "seed": "a whole number, 0 or more",
        "train_weights": "true, false, or a list with one per layer",
        "train_biases": "true, false, or a list with one per layer",
        "mistakes": "a list of mistake names",
    },
    "data": {
        "inputs": "a list with one list of numbers per sample",
        "targets": "a list with one list of numbers per sample",
        "dataset": "the name of a dataset",
        "samples": "a whole number, 1 or more",
        "noise": "a number, 0 or more",
        "seed": "a whole number, 0 or more",
        "csv": "the name of a CSV file",
        "input_columns": "a list of column names",
        "target_columns": "a list of column names",
        "class_column": "the name of a column",
        "standardize": "true or false",
        "test_fraction": "a number from 0 to below 1",
        "split_seed": "a whole number, 0 or more",
    },
}


def expectation(table: str, key: str) -> str:
    """What ``key`` of ``table`` expects, in words."""
    return EXPECTATIONS[table][key]
