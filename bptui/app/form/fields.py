"""The rows of the form: which there are, in which order, what each is called and how it is read."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from textwrap import shorten
from typing import Literal, NamedTuple, Protocol

from bptui.core.activations import ACTIVATIONS
from bptui.core.data import DATASETS
from bptui.core.losses import LOSSES
from bptui.core.mistakes import MISTAKES
from bptui.core.network import INITIALIZERS, Names
from bptui.core.optimizers import OPTIMIZERS
from bptui.presets.build import units_text
from bptui.presets.number_parsing import EntryError, number
from bptui.presets.schema import default, words

WEIGHTS, BIASES = "parameters.weights", "parameters.biases"
DATA, TARGET = "data", "data.target"
"""Choices that are no keys of a preset: where the samples come from, what a CSV file's targets are.
"""
TYPED, RANDOM, ZERO, GENERATED, CSV = "typed", "random", "0", "generated", "CSV file"
CLASSES, NUMBERS, YES, NO = "classes", "numbers", "yes", "no"
LONGEST_LIST = 70
"""Characters of the names of columns that are listed."""

Kind = Literal[
    "choice",
    "column",
    "columns",
    "file",
    "layers",
    "matrix",
    "names",
    "number",
    "prose",
    "switches",
    "text",
    "vector",
    "whole",
]


class Field(NamedTuple):
    """A row of the form; ``key`` is the path in the preset, or the choice of a part of it.

    ``key[]`` in the table stands for a row for each layer, or for each setting of the optimizer.
    """

    key: str
    kind: Kind = "text"
    options: Iterable[str] = ()
    """What a choice chooses from, or the names that the field takes."""
    when: Mapping[str, str] = {}
    """The answers under which there is the row."""
    placeholder: str = ""
    """What an empty field means; the default of the schema where it is a number."""
    required: bool = False
    """Whether it must be filled in."""
    label: str = ""
    help: str = ""
    meanings: tuple[str, ...] = ()
    """What each of the options does, where that is worth a word."""

    @property
    def several(self) -> bool:
        """Whether more than one of the options may be named."""
        return self.key == "training.mistakes" or self.kind == "columns"

    @property
    def is_block(self) -> bool:
        """Whether it takes several lines."""
        return self.kind in ("matrix", "prose")


class Answers(Protocol):
    """What decides which rows there are: the choices made so far, and the units per layer."""

    @property
    def shape(self) -> tuple[int, ...]: ...

    @property
    def column_names(self) -> tuple[str, ...]: ...

    def chosen(self, key: str) -> str: ...


_RANDOM, _BIAS, _SHUFFLED = {WEIGHTS: RANDOM}, {"network.bias": YES}, {"training.shuffle": YES}
_TYPED, _GENERATED, _CSV = {DATA: TYPED}, {DATA: GENERATED}, {DATA: CSV}
ROWS: Mapping[str, Sequence[Field]] = {
    "Network": (
        Field("network.layers", "layers", required=True),
        Field("network.activation", "names", ACTIVATIONS, required=True),
        Field("network.bias", "choice", (YES, NO)),
    ),
    "Start values": (
        Field(WEIGHTS, "choice", (RANDOM, TYPED)),
        Field("init.scheme", "choice", INITIALIZERS, _RANDOM),
        Field("init.scale", "number", when=_RANDOM),
        Field("init.seed", "whole", when=_RANDOM),
        Field(f"{WEIGHTS}[]", "matrix", when={WEIGHTS: TYPED}, required=True),
        Field(BIASES, "choice", (ZERO, TYPED), _BIAS),
        Field(f"{BIASES}[]", "vector", when=_BIAS | {BIASES: TYPED}, required=True),
    ),
    "Training": (
        Field("training.loss", "choice", LOSSES),
        Field("training.reduction", "choice", ("mean", "sum")),
        Field("training.optimizer", "choice", OPTIMIZERS),
        Field("training.learning_rate", "number"),
        Field("training.[]", "number"),
        Field("training.l2", "number"),
        Field("training.steps", "whole"),
        Field("training.batch_size", "whole", placeholder="all"),
        Field("training.shuffle", "choice", (YES, NO)),
        Field("training.seed", "whole", when=_SHUFFLED),
        Field("training.train_weights", "switches", placeholder=YES),
        Field("training.train_biases", "switches", when=_BIAS, placeholder=YES),
        Field("training.mistakes", "names", MISTAKES, placeholder="none"),
    ),
    "Data": (
        Field(DATA, "choice", (TYPED, GENERATED, CSV), label=DATA, help="where samples come from"),
        Field("data.inputs", "matrix", when=_TYPED, required=True),
        Field("data.targets", "matrix", when=_TYPED, required=True),
        Field("data.dataset", "choice", DATASETS, _GENERATED),
        Field("data.samples", "whole", when=_GENERATED, placeholder="200"),
        Field("data.noise", "number", when=_GENERATED, placeholder="0.0"),
        Field("data.seed", "whole", when=_GENERATED, placeholder="0"),
        Field("data.csv", "file", when=_CSV, required=True),
        Field(
            TARGET, "choice", (CLASSES, NUMBERS), _CSV, label="targets are", help="classes, numbers"
        ),
        Field("data.class_column", "column", when=_CSV | {TARGET: CLASSES}, required=True),
        Field("data.target_columns", "columns", when=_CSV | {TARGET: NUMBERS}, required=True),
        Field("data.input_columns", "columns", when=_CSV, placeholder="all others"),
        Field("data.standardize", "choice", (YES, NO)),
        Field("data.test_fraction", "number"),
        Field("data.split_seed", "whole"),
    ),
    "About": (
        Field("title", placeholder="the file's name"),
        Field("description", "prose"),
        Field("source"),
    ),
}


def sections(answers: Answers) -> list[tuple[str, list[Field]]]:
    """Return the fields there are, in order, under their headings."""
    return [
        (title, [field for row in rows for field in _fields_of(row, answers)])
        for title, rows in ROWS.items()
    ]


def fields(answers: Answers) -> list[Field]:
    """Return the fields there are, in order."""
    return [found for _, group in sections(answers) for found in group]


def _fields_of(row: Field, answers: Answers) -> list[Field]:
    """Return what there is of a row: nothing, itself, or one for each of its places."""
    table, _, name = row.key.rpartition(".")
    if any(answers.chosen(question) != answer for question, answer in row.when.items()):
        return []
    if row.key in ("data.samples", "data.noise", "data.seed"):
        if not DATASETS[answers.chosen("data.dataset")].sized:
            return []
    elif row.key == "data.split_seed" and not _splits(answers):
        return []
    elif row.key == f"{WEIGHTS}[]":
        return [_weights(row, answers, layer) for layer in range(1, len(answers.shape))]
    elif row.key == f"{BIASES}[]":
        return [_biases(row, answers, layer) for layer in range(1, len(answers.shape))]
    elif name == "[]":
        defaults = OPTIMIZERS[answers.chosen("training.optimizer")].defaults
        return [
            _said(row._replace(key=f"{table}.{setting}", placeholder=repr(usual)))
            for setting, usual in defaults.items()
        ]
    made = _said(row)
    if row.key in ("data.inputs", "data.targets") and answers.shape:
        layer = 0 if name == "inputs" else len(answers.shape) - 1
        return [made._replace(help=f"{made.help}: {units_text(Names(answers.shape), layer)}")]
    if row.kind in ("column", "columns") and answers.column_names:
        listed = f"f2 lists them: {shorten(', '.join(answers.column_names), LONGEST_LIST)}"
        return [made._replace(help=listed, options=answers.column_names)]
    return [made]


def _said(row: Field) -> Field:
    """Return the row with the words of the schema, and its default."""
    table, _, name = row.key.rpartition(".")
    if not row.label:
        said, usual = words(table, name), default(table, name)
        row = row._replace(label=said.label, help=said.help)
        if row.kind in ("number", "whole") and not row.placeholder:
            row = row._replace(placeholder=repr(usual))
    does = tuple(found.summary for found in MISTAKES.values()) if name == "mistakes" else ()
    return row._replace(options=tuple(row.options), meanings=does)


def _splits(answers: Answers) -> bool:
    """Return whether there are test samples; what cannot be read may become a number above 0."""
    text = answers.chosen("data.test_fraction")
    try:
        return text.strip() != "" and number(text) != 0.0
    except EntryError:
        return True


def _weights(row: Field, answers: Answers, layer: int) -> Field:
    names = Names(answers.shape)
    source, units = units_text(names, layer - 1), units_text(names, layer)
    rows, columns = answers.shape[layer - 1 : layer + 1]
    return row._replace(
        key=f"{WEIGHTS}[{layer - 1}]",
        label=f"{names.weights(layer)} {rows}x{columns}",
        help=f"{source} -> {units}: rows are {source}",
    )


def _biases(row: Field, answers: Answers, layer: int) -> Field:
    names = Names(answers.shape)
    return row._replace(
        key=f"{BIASES}[{layer - 1}]",
        label=names.bias(layer),
        help=f"{answers.shape[layer]:,} numbers: {units_text(names, layer)}",
    )
