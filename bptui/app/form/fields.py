"""The rows of the form: which there are, in which order, and what each is called and takes."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from textwrap import shorten
from typing import Any, Literal, NamedTuple, Protocol

from bptui.core.activations import ACTIVATIONS
from bptui.core.data import DATASETS
from bptui.core.losses import LOSSES
from bptui.core.mistakes import MISTAKES
from bptui.core.network import INITIALIZERS, Names
from bptui.core.optimizers import OPTIMIZERS
from bptui.presets.build import units_text
from bptui.presets.number_parsing import EntryError, number
from bptui.presets.schema import default, hints, keys, setting_names, words

WEIGHTS, BIASES = "parameters.weights", "parameters.biases"
DATA, TARGET = "data", "data.target"
"""Choices that are no keys of a preset: where the samples come from, what a CSV file's targets are.
"""
TYPED, RANDOM, ZERO, GENERATED, CSV = "typed", "random", "0", "generated", "CSV file"
CLASSES, NUMBERS, YES, NO = "classes", "numbers", "yes", "no"
_COLUMNS = 70
"""Characters of the names of columns that are listed."""


class Field(NamedTuple):
    """A row of the form; ``key`` is the path in the preset, or the choice of a part of it."""

    key: str
    label: str
    help: str
    kind: Literal["line", "choice", "block"] = "line"
    options: tuple[str, ...] = ()
    """What a choice chooses from, or names that complete what is typed into a line."""
    placeholder: str = ""
    """What an empty field means."""
    required: bool = False
    """Whether it must be filled in."""
    several: bool = False
    """Whether more than one of the options may be named."""
    meanings: tuple[str, ...] = ()
    """What each of the options does, where that is worth a word."""


class Answers(Protocol):
    """What decides which rows there are: the choices made so far, and the units per layer."""

    @property
    def shape(self) -> tuple[int, ...]: ...

    @property
    def column_names(self) -> tuple[str, ...]: ...

    def chosen(self, key: str) -> str: ...


CHOICES: Mapping[str, Iterable[str]] = {
    WEIGHTS: (RANDOM, TYPED),
    BIASES: (ZERO, TYPED),
    "init.scheme": INITIALIZERS,
    "training.loss": LOSSES,
    "training.reduction": ("mean", "sum"),
    "training.optimizer": OPTIMIZERS,
    DATA: (TYPED, GENERATED, CSV),
    "data.dataset": DATASETS,
    TARGET: (CLASSES, NUMBERS),
}
NAMES: Mapping[str, Iterable[str]] = {
    "network.activation": ACTIVATIONS,
    "training.mistakes": MISTAKES,
}
BLOCKS = ("data.inputs", "data.targets", "description")
SEVERAL = ("training.mistakes", "data.target_columns", "data.input_columns")
"""Fields in which more than one of the names may stand."""
COLUMNS = ("data.class_column", "data.target_columns", "data.input_columns")
OF_A_SIZE = ("data.samples", "data.noise", "data.seed")
"""What datasets have whose size is not fixed."""
PLACEHOLDERS = {
    "training.batch_size": "all",
    "training.train_weights": YES,
    "training.train_biases": YES,
    "training.mistakes": "none",
    "data.samples": "200",
    "data.noise": "0.0",
    "data.seed": "0",
    "data.input_columns": "all others",
    "title": "the file's name",
}
"""What an empty field means where it is not the default of the schema."""
REQUIRED = (
    "network.layers",
    "network.activation",
    "data.inputs",
    "data.targets",
    "data.csv",
    "data.class_column",
    "data.target_columns",
)
CONDITIONS: Mapping[str, Mapping[str, str]] = {
    **{key: {WEIGHTS: RANDOM} for key in ("init.scheme", "init.scale", "init.seed")},
    f"{WEIGHTS}[]": {WEIGHTS: TYPED},
    **{key: {"network.bias": YES} for key in (BIASES, "training.train_biases")},
    f"{BIASES}[]": {"network.bias": YES, BIASES: TYPED},
    "training.seed": {"training.shuffle": YES},
    **{key: {DATA: TYPED} for key in ("data.inputs", "data.targets")},
    **{key: {DATA: GENERATED} for key in ("data.dataset", *OF_A_SIZE)},
    **{key: {DATA: CSV} for key in ("data.csv", TARGET, "data.input_columns")},
    "data.class_column": {DATA: CSV, TARGET: CLASSES},
    "data.target_columns": {DATA: CSV, TARGET: NUMBERS},
}
"""The answers under which there is a row."""


def sections(answers: Answers) -> list[tuple[str, list[Field]]]:
    """Return the fields there are, in order, under their headings."""
    network, init, training, data = (
        [f"{table}.{name}" for name in keys(table)]
        for table in ("network", "init", "training", "data")
    )
    after_file = data.index("data.csv") + 1
    rows = {
        "Network": network,
        "Start values": [WEIGHTS, *init, f"{WEIGHTS}[]", BIASES, f"{BIASES}[]"],
        "Training": training,
        "Data": [DATA, *data[:after_file], TARGET, *data[after_file:]],
        "About": ["title", "description", "source"],
    }
    made = list[tuple[str, list[Field]]]()
    for title, known in rows.items():
        group = list[Field]()
        for key in known:
            if _is_there(key, answers):
                group += _layers(key, answers) if key.endswith("[]") else [field(key, answers)]
        made.append((title, group))
    return made


def fields(answers: Answers) -> list[Field]:
    """Return the fields there are, in order."""
    return [found for _, group in sections(answers) for found in group]


def _is_there(key: str, answers: Answers) -> bool:
    wanted = CONDITIONS.get(key, {})
    if any(answers.chosen(question) != answer for question, answer in wanted.items()):
        return False
    name = key.rpartition(".")[2]
    if key in OF_A_SIZE:
        return DATASETS[answers.chosen("data.dataset")].sized
    if key.startswith("training.") and name in setting_names():
        return name in OPTIMIZERS[answers.chosen("training.optimizer")].defaults
    return key != "data.split_seed" or _splits(answers)


def _splits(answers: Answers) -> bool:
    """Return whether there are test samples; what cannot be read may become a number above 0."""
    text = answers.chosen("data.test_fraction")
    try:
        return text.strip() != "" and number(text) != 0.0
    except EntryError:
        return True


def field(key: str, answers: Answers) -> Field:
    """Return the row of a key, made from the schema."""
    table, _, name = key.rpartition(".")
    if key == DATA:
        return Field(key, key, "where the samples come from", "choice", tuple(CHOICES[key]))
    if key == TARGET:
        return Field(key, "targets are", "a class, or numbers", "choice", tuple(CHOICES[key]))
    said, usual = words(table, name), default(table, name)
    made = Field(key, said.label, said.help, required=key in REQUIRED)
    if isinstance(usual, bool) and key not in PLACEHOLDERS:
        return made._replace(kind="choice", options=(YES, NO))
    if key in CHOICES:
        return made._replace(kind="choice", options=tuple(CHOICES[key]))
    if key in BLOCKS:
        units = _units(answers, 0 if name == "inputs" else -1)
        explanation = f"{said.help}: {units}" if table and units else said.help
        return made._replace(kind="block", help=explanation)
    if name not in hints(table):  # the setting of an optimizer
        usual = OPTIMIZERS[answers.chosen("training.optimizer")].defaults.get(name)
    if key in COLUMNS and answers.column_names:
        listed = f"f2 lists them: {shorten(', '.join(answers.column_names), _COLUMNS)}"
        made = made._replace(help=listed, options=answers.column_names)
    numeric = isinstance(usual, int | float)
    return made._replace(
        options=tuple(NAMES.get(key, made.options)),
        placeholder=PLACEHOLDERS.get(key, repr(usual) if numeric else ""),
        several=key in SEVERAL,
        meanings=tuple(each.summary for each in MISTAKES.values()) if name == "mistakes" else (),
    )


def _layers(key: str, answers: Answers) -> list[Field]:
    """Return a row for the weights, or the biases, of each layer."""
    names, made = Names(answers.shape), list[Field]()
    for layer in range(1, len(answers.shape)):
        units = units_text(names, layer)
        place = f"{key[:-1]}{layer - 1}]"
        if key.startswith(BIASES):
            explanation = f"{answers.shape[layer]:,} numbers: {units}"
            made.append(Field(place, names.bias(layer), explanation, required=True))
            continue
        source = units_text(names, layer - 1)
        rows, columns = answers.shape[layer - 1 : layer + 1]
        label = f"{names.weights(layer)} {rows}x{columns}"
        explanation = f"{source} -> {units}: rows are {source}"
        made.append(Field(place, label, explanation, "block", required=True))
    return made


def _units(answers: Answers, layer: int) -> str:
    shape = answers.shape
    return units_text(Names(shape), layer % len(shape)) if shape else ""


def type_of(key: str) -> Any:  # noqa: ANN401  a type, or a union of types
    """Return the type of a key's value; that of a number for the setting of an optimizer."""
    table, _, name = key.rpartition(".")
    hint = hints(table).get(name)
    return float if hint is None else hint.__origin__
