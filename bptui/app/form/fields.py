"""The fields of the form: what each is called, what it takes, and when it is there."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from textwrap import shorten
from typing import Literal, Protocol

from bptui.core.activations import ACTIVATIONS
from bptui.core.data import DATASETS
from bptui.core.losses import LOSSES
from bptui.core.mistakes import MISTAKES
from bptui.core.network import INITIALIZERS, Names
from bptui.core.optimizers import OPTIMIZERS
from bptui.presets.number_parsing import EntryError, number

WEIGHTS, BIASES = "parameters.weights", "parameters.biases"
TYPED, RANDOM, ZERO, GENERATED, CSV = "typed", "random", "0", "generated", "CSV file"
CLASSES, NUMBERS = "classes", "numbers"
_LISTED = 3
"""Units of a layer that are all named; of more than that the first and the last."""
_COLUMNS = 70
"""Characters of the names of columns that are listed."""


@dataclass(frozen=True)
class Field:
    """A row of the form; ``key`` is the path in the preset, or the choice of a part of it."""

    key: str
    label: str
    help: str
    kind: Literal["line", "choice", "block"] = "line"
    options: tuple[str, ...] = ()
    """What a choice chooses from, or names that complete what is typed into a line."""
    placeholder: str = ""
    several: bool = False
    """Whether more than one of the options may be named."""
    meanings: tuple[str, ...] = ()
    """What each of the options does, where that is worth a word."""


class Answers(Protocol):
    """What decides which fields there are: the choices made so far, and the units per layer."""

    @property
    def shape(self) -> tuple[int, ...]: ...

    @property
    def column_names(self) -> tuple[str, ...]: ...

    def chosen(self, key: str) -> str: ...


def sections(answers: Answers) -> list[tuple[str, list[Field]]]:
    """The fields there are, in order, under their headings."""
    return [
        ("Network", _network()),
        ("Start values", _start(answers)),
        ("Training", _training(answers)),
        ("Data", _data(answers)),
        ("About", _about()),
    ]


def fields(answers: Answers) -> list[Field]:
    return [each for _, group in sections(answers) for each in group]


def units_text(names: Names, layer: int) -> str:
    """i1, i2 or i1..i784"""
    count = names.layers[layer]
    if count > _LISTED:
        return f"{names.unit(layer, 0)}..{names.unit(layer, count - 1)}"
    return ", ".join(names.unit(layer, unit) for unit in range(count))


def _choice(key: str, label: str, explanation: str, options: Sequence[str]) -> Field:
    return Field(key, label, explanation, "choice", tuple(options))


def _yes_no(key: str, label: str, explanation: str) -> Field:
    return _choice(key, label, explanation, ("yes", "no"))


def _network() -> list[Field]:
    return [
        Field("network.layers", "layers", "units per layer, input first: 2-3-1"),
        Field(
            "network.activation",
            "activation",
            "one name, or a list; f2 lists them",
            options=tuple(ACTIVATIONS),
        ),
        _yes_no("network.bias", "biases", "do units have a bias?"),
    ]


def _start(answers: Answers) -> list[Field]:
    made = [_choice(WEIGHTS, "start weights", "random from a seed, or typed in", (RANDOM, TYPED))]
    names, depth = Names(answers.shape), max(len(answers.shape) - 1, 0)
    if answers.chosen(WEIGHTS) == RANDOM:
        made += [
            _choice("init.scheme", "scheme", "how random weights are drawn", tuple(INITIALIZERS)),
            Field("init.scale", "scale", "half-width, deviation or constant", placeholder="1.0"),
            Field("init.seed", "seed", "another seed gives other weights", placeholder="0"),
        ]
    else:
        for layer in range(1, depth + 1):
            source, destination = units_text(names, layer - 1), units_text(names, layer)
            rows, columns = answers.shape[layer - 1 : layer + 1]
            made.append(
                Field(
                    f"{WEIGHTS}[{layer - 1}]",
                    f"{names.weights(layer)} {rows}x{columns}",
                    f"{source} -> {destination}: rows are {source}",
                    "block",
                )
            )
    if answers.chosen("network.bias") == "no":
        return made
    made.append(_choice(BIASES, "start biases", "all 0, or typed in", (ZERO, TYPED)))
    if answers.chosen(BIASES) == TYPED:
        made += [
            Field(
                f"{BIASES}[{layer - 1}]",
                names.bias(layer),
                f"{answers.shape[layer]:,} numbers: {units_text(names, layer)}",
            )
            for layer in range(1, depth + 1)
        ]
    return made


_SETTINGS = {
    "momentum": "share of the last step that is kept",
    "beta1": "decay of the mean gradient",
    "beta2": "decay of the mean squared gradient",
    "rho": "decay of the mean squared gradient",
    "epsilon": "keeps the divisor above 0",
}


def _training(answers: Answers) -> list[Field]:
    optimizer = OPTIMIZERS[answers.chosen("training.optimizer")]
    made = [
        _choice("training.loss", "loss", "for one sample", tuple(LOSSES)),
        _choice("training.reduction", "reduction", "over the samples of a batch", ("mean", "sum")),
        _choice("training.optimizer", "optimizer", "how weights are updated", tuple(OPTIMIZERS)),
        Field("training.learning_rate", "learning rate", "a number, 0 or more", placeholder="0.1"),
    ]
    made += [
        Field(f"training.{name}", name, _SETTINGS.get(name, "a number"), placeholder=repr(value))
        for name, value in optimizer.defaults.items()
    ]
    made += [
        Field("training.l2", "L2", "adds L2 * sum(W**2) to the loss", placeholder="0.0"),
        Field("training.steps", "steps", "where a run stops", placeholder="1000"),
        Field("training.batch_size", "batch size", "samples per step", placeholder="all"),
        _yes_no("training.shuffle", "shuffle", "a new order every epoch"),
    ]
    if answers.chosen("training.shuffle") == "yes":
        made.append(Field("training.seed", "shuffle seed", "seed of the order", placeholder="0"))
    switch = "yes, no, or a list: yes, no"
    made.append(Field("training.train_weights", "train weights", switch, placeholder="yes"))
    if answers.chosen("network.bias") == "yes":
        made.append(Field("training.train_biases", "train biases", switch, placeholder="yes"))
    made.append(
        Field(
            "training.mistakes",
            "mistakes",
            "deliberate mistakes; f2 lists them",
            options=tuple(MISTAKES),
            placeholder="none",
            several=True,
            meanings=tuple(each.summary for each in MISTAKES.values()),
        )
    )
    return made


def _data(answers: Answers) -> list[Field]:
    kinds: Mapping[str, Callable[[Answers], list[Field]]] = {
        TYPED: _typed,
        GENERATED: _generated,
        CSV: _csv,
    }
    chosen = answers.chosen("data")
    made = [_choice("data", "data", "where the samples come from", tuple(kinds))]
    made += kinds[chosen](answers)
    made += [
        _yes_no("data.standardize", "standardize", "inputs with mean 0 and deviation 1"),
        Field("data.test_fraction", "test fraction", "share of test samples", placeholder="0.0"),
    ]
    if _is_more_than_0(answers.chosen("data.test_fraction")):
        made.append(
            Field("data.split_seed", "split seed", "picks the test samples", placeholder="0")
        )
    return made


def _is_more_than_0(text: str) -> bool:
    """Whether the number in ``text`` may be; what cannot be read may become one."""
    try:
        return text.strip() != "" and number(text) != 0.0
    except EntryError:
        return True


def _typed(answers: Answers) -> list[Field]:
    names, shape = Names(answers.shape), answers.shape
    inputs, targets = (units_text(names, at) if shape else "" for at in (0, len(shape) - 1))
    return [
        Field(f"data.{key}", key, f"one row per sample{f': {units}' if units else ''}", "block")
        for key, units in (("inputs", inputs), ("targets", targets))
    ]


def _generated(answers: Answers) -> list[Field]:
    made = [_choice("data.dataset", "dataset", "generated data", tuple(DATASETS))]
    if DATASETS[answers.chosen("data.dataset")].sized:
        made += [
            Field("data.samples", "samples", "number of samples", placeholder="200"),
            Field("data.noise", "noise", "standard deviation", placeholder="0.0"),
            Field("data.seed", "seed", "another seed gives other samples", placeholder="0"),
        ]
    return made


def _csv(answers: Answers) -> list[Field]:
    names = answers.column_names
    listed = "names separated by commas"
    if names:
        listed = f"f2 lists them: {shorten(', '.join(names), _COLUMNS)}"
    made = [
        Field("data.csv", "file", "its first row names the columns"),
        _choice("data.target", "targets are", "a class, or numbers", (CLASSES, NUMBERS)),
    ]
    if answers.chosen("data.target") == CLASSES:
        made.append(Field("data.class_column", "class column", listed, options=names))
    else:
        made.append(
            Field("data.target_columns", "target columns", listed, options=names, several=True)
        )
    made.append(
        Field(
            "data.input_columns",
            "input columns",
            "separated by commas; f2 lists them" if names else "separated by commas",
            options=names,
            placeholder="all others",
            several=True,
        )
    )
    return made


def _about() -> list[Field]:
    return [
        Field("title", "title", "one line", placeholder="the file's name"),
        Field("description", "description", "a few lines, Markdown", "block"),
        Field("source", "source", "where the numbers come from"),
    ]
