"""The rows of the form: which there are, in which order, what each is called and how it is read."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from textwrap import shorten
from typing import TYPE_CHECKING, NamedTuple

from bptui.app.form.texts import NO, YES, choice, columns, matrix, prose
from bptui.core.activations import ACTIVATIONS
from bptui.core.data import DATASETS
from bptui.core.losses import LOSSES
from bptui.core.mistakes import MISTAKES
from bptui.core.network import INITIALIZERS, Names
from bptui.core.optimizers import OPTIMIZERS
from bptui.presets.build import units_text
from bptui.presets.number_parsing import EntryError, layers, names, number, switches, vector, whole
from bptui.presets.number_parsing import shortened as quoted
from bptui.presets.schema import default, words

if TYPE_CHECKING:
    from bptui.app.form.draft import Draft

WEIGHTS, BIASES = "parameters.weights", "parameters.biases"
DATA, TARGET = "data", "data.target"
"""Choices that are no keys of a preset: where the samples come from, what a CSV file's targets are.
"""
TYPED, RANDOM, ZERO, GENERATED, CSV = "typed in", "random", "0", "generated", "CSV file"
CLASSES, NUMBERS = "classes", "numbers"
LONGEST_LIST = 70
"""Characters of the names of columns that are listed."""


class Field(NamedTuple):
    """A row of the form; ``key`` is the path in the preset, or the choice of a part of it.

    ``key[]`` in the table stands for a row for each layer, or for each setting of the optimizer.
    """

    key: str
    read: Callable[[str], object] = str
    """What reads its text; raises :class:`EntryError`."""
    options: Collection[str] = ()
    """What a choice chooses from, or the names that the field takes."""
    when: Mapping[str, str] = {}
    """The answers under which there is the row."""
    placeholder: str = ""
    """What an empty field means; the default of the schema where it is a number."""
    label: str = ""
    help: str = ""

    @property
    def required(self) -> bool:
        """Whether it must be filled in."""
        return not self.placeholder and self.read not in (choice, prose, str)

    @property
    def several(self) -> bool:
        """Whether more than one of the options may be named."""
        return self.key == "training.mistakes" or self.read is columns

    @property
    def title(self) -> str:
        """The label as a title."""
        return self.label[:1].upper() + self.label[1:]

    @property
    def is_choice(self) -> bool:
        """Whether it is one of a few words."""
        return self.read is choice

    @property
    def is_block(self) -> bool:
        """Whether it takes several lines."""
        return self.read in (matrix, prose)

    def value(self, text: str) -> object:
        """Return what the text says; raises :class:`EntryError`."""
        found = self.read(text)
        if found in ("", []):
            raise EntryError(f"{'names are' if self.several else 'a name is'} missing")
        if self.read is not names or not isinstance(found, list):
            return found
        for name in found:
            if name not in self.options:
                raise EntryError(f"unknown name: {quoted(name)}; f2 lists them")
        return found[0] if len(found) == 1 and not self.several else found


_RANDOM, _BIAS, _SHUFFLED = {WEIGHTS: RANDOM}, {"network.bias": YES}, {"training.shuffle": YES}
_TYPED, _GENERATED, _CSV = {DATA: TYPED}, {DATA: GENERATED}, {DATA: CSV}
_YES_NO = (YES, NO)
ROWS: Mapping[str, Sequence[Field]] = {
    "Network": (
        Field("network.layers", layers),
        Field("network.activation", names, ACTIVATIONS, placeholder="sigmoid"),
        Field("network.bias", choice, _YES_NO),
    ),
    "Start values": (
        Field(WEIGHTS, choice, (RANDOM, TYPED)),
        Field("init.scheme", choice, INITIALIZERS, _RANDOM),
        Field("init.scale", number, when=_RANDOM),
        Field("init.seed", whole, when=_RANDOM),
        Field(f"{WEIGHTS}[]", matrix, when={WEIGHTS: TYPED}),
        Field(BIASES, choice, (ZERO, TYPED), _BIAS),
        Field(f"{BIASES}[]", vector, when=_BIAS | {BIASES: TYPED}),
    ),
    "Training": (
        Field("training.loss", choice, LOSSES),
        Field("training.reduction", choice, ("mean", "sum")),
        Field("training.optimizer", choice, OPTIMIZERS),
        Field("training.learning_rate", number),
        Field("training.[]", number),
        Field("training.l2", number),
        Field("training.steps", whole),
        Field("training.batch_size", whole, placeholder="all"),
        Field("training.shuffle", choice, _YES_NO),
        Field("training.seed", whole, when=_SHUFFLED),
        Field("training.train_weights", switches, placeholder=YES),
        Field("training.train_biases", switches, when=_BIAS, placeholder=YES),
        Field("training.mistakes", names, MISTAKES, placeholder="none"),
    ),
    "Data": (
        Field(DATA, choice, (TYPED, GENERATED, CSV), label=DATA, help="where samples come from"),
        Field("data.inputs", matrix, when=_TYPED),
        Field("data.targets", matrix, when=_TYPED),
        Field("data.dataset", choice, DATASETS, _GENERATED),
        Field("data.samples", whole, when=_GENERATED, placeholder="200"),
        Field("data.noise", number, when=_GENERATED, placeholder="0.0"),
        Field("data.seed", whole, when=_GENERATED, placeholder="0"),
        Field("data.csv", str.strip, when=_CSV),
        Field(TARGET, choice, (CLASSES, NUMBERS), _CSV, "", "targets are", "classes, numbers"),
        Field("data.class_column", str.strip, when=_CSV | {TARGET: CLASSES}),
        Field("data.target_columns", columns, when=_CSV | {TARGET: NUMBERS}),
        Field("data.input_columns", columns, when=_CSV, placeholder="all others"),
        Field("data.standardize", choice, _YES_NO),
        Field("data.test_fraction", number),
        Field("data.split_seed", whole),
    ),
    "About": (
        Field("title", placeholder="the file's name"),
        Field("description", prose),
        Field("source"),
    ),
}


def sections(draft: Draft) -> list[tuple[str, list[Field]]]:
    """Return the fields there are, in order, under their headings."""
    return [
        (title, [_said(field, draft) for row in rows for field in _fields_of(row, draft)])
        for title, rows in ROWS.items()
    ]


def fields(draft: Draft) -> list[Field]:
    """Return the fields there are, in order."""
    return [found for _, group in sections(draft) for found in group]


def _fields_of(row: Field, draft: Draft) -> list[Field]:
    """Return what there is of a row: nothing, itself, or one for each of its places."""
    if any(draft.chosen(question) != answer for question, answer in row.when.items()):
        return []
    if row.key in ("data.samples", "data.noise", "data.seed"):
        return [row] if DATASETS[draft.chosen("data.dataset")].sized else []
    if row.key == "training.[]":
        defaults = OPTIMIZERS[draft.chosen("training.optimizer")].defaults
        return [
            row._replace(key=f"training.{setting}", placeholder=repr(usual))
            for setting, usual in defaults.items()
        ]
    if not row.key.endswith("[]"):
        return [row]
    made, units = list[Field](), Names(draft.shape)
    for layer in range(1, len(draft.shape)):
        key, here = f"{row.key[:-2]}[{layer - 1}]", units_text(units, layer)
        fan_in, count = draft.shape[layer - 1 : layer + 1]
        if row.read is vector:
            label, said = units.bias(layer), f"{count:,} numbers: {here}"
        else:
            source = units_text(units, layer - 1)
            label = f"{units.weights(layer)} {fan_in}x{count}"
            said = f"{source} -> {here}: rows are {source}"
        made.append(row._replace(key=key, label=label, help=said))
    return made


def _said(row: Field, draft: Draft) -> Field:
    """Return the row with the words of the schema, its default, and what ``draft`` knows of it."""
    table, _, name = row.key.rpartition(".")
    if not row.label:
        said, usual = words(table, name), default(table, name)
        row = row._replace(label=said.label, help=said.help)
        if row.read in (number, whole) and not row.placeholder:
            row = row._replace(placeholder=repr(usual))
    if row.key in ("data.inputs", "data.targets") and draft.shape:
        layer = 0 if name == "inputs" else len(draft.shape) - 1
        return row._replace(help=f"{row.help}: {units_text(Names(draft.shape), layer)}")
    if name.endswith(("_column", "_columns")) and draft.columns:
        listed = f"f2 lists them: {shorten(', '.join(draft.columns), LONGEST_LIST)}"
        return row._replace(help=listed, options=draft.columns)
    return row
