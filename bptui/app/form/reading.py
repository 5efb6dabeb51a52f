"""The text of one field -> its value, by the field's key; what is wrong is an EntryError."""

from __future__ import annotations

import difflib
import re
from collections.abc import Callable, Collection
from typing import Any

from bptui.app.form.columns import column_names
from bptui.core.activations import ACTIVATIONS
from bptui.core.errors import MOST_SAMPLES, UnusableError
from bptui.core.experiment import Training
from bptui.core.mistakes import MISTAKES
from bptui.core.network import Network
from bptui.core.optimizers import OPTIMIZERS
from bptui.presets.build import LARGEST_NOISE, LARGEST_SCALE
from bptui.presets.number_parsing import (
    EntryError,
    layers,
    matrix,
    names,
    normalized,
    number,
    shortened,
    switches,
    vector,
    whole,
)
from bptui.presets.schema import setting_names

LONGEST_NAME = 100
"""Characters of a name that are compared with those known."""
Reader = Callable[[str], object]
OPTIONAL = {
    "init.scale",
    "init.seed",
    "training.learning_rate",
    *(f"training.{name}" for name in setting_names()),
    "training.l2",
    "training.steps",
    "training.batch_size",
    "training.seed",
    "training.train_weights",
    "training.train_biases",
    "training.mistakes",
    "data.samples",
    "data.noise",
    "data.seed",
    "data.test_fraction",
    "data.split_seed",
    "data.input_columns",
    "title",
    "description",
    "source",
}
"""Fields that may be empty: the default of the preset's schema holds."""


def reader(key: str) -> Reader:
    """What reads the text of the field ``key``; for the cells of a list, that of the list."""
    return READERS[re.sub(r"\[\d+\]$", "[]", key)]


def said(error: UnusableError) -> str:
    """The error in a form, where its key is plain to see."""
    return f"{error.found}; expected {error.expected}"


def _layers(text: str) -> list[int]:
    found = layers(text)
    if len(found) < 2:
        raise EntryError("a network has at least two layers, such as 2-3-1")
    try:
        Network(tuple(found), ("identity",) * (len(found) - 1))
    except UnusableError as error:
        raise EntryError(said(error)) from None
    return found


def _known(found: list[str], known: Collection[str], what: str) -> list[str]:
    for name in found:
        if name not in known:
            close = difflib.get_close_matches(name[:LONGEST_NAME], known, 1)
            hint = f"did you mean {close[0]}?" if close else "f2 lists them"
            raise EntryError(f"unknown {what}: {shortened(name)}; {hint}")
    return found


def _activation(text: str) -> str | list[str]:
    found = _known(names(text), ACTIVATIONS, "activation")
    if not found:
        raise EntryError("a name is missing, such as sigmoid")
    return found[0] if len(found) == 1 else found


def _mistakes(text: str) -> list[str]:
    found = names(text)
    return [] if found == ["none"] else _known(found, MISTAKES, "mistake")


def _switches(text: str) -> bool | list[bool]:
    found = switches(text)
    return found[0] if len(found) == 1 else found


def _batch_size(text: str) -> int | None:
    if normalized(text).strip().lower() == "all":
        return None
    return _whole(1)(text)


def _whole(least: int, most: int = 2**63 - 1) -> Callable[[str], int]:
    def read(text: str) -> int:
        value = whole(text)
        if value < least:
            raise EntryError(f"{value}; expected a whole number, {least} or more")
        if value > most:
            raise EntryError(f"{value:,}; expected at most {most:,}")
        return value

    return read


def _number(least: float, most: float) -> Reader:
    def read(text: str) -> float:
        value = number(text)
        if not least <= value <= most:
            raise EntryError(f"{value:g}; expected a number from {least:g} to {most:g}")
        return value

    return read


def _of_training(name: str, read: Reader) -> Reader:
    """``read`` with the core's own rule for this value."""

    def checked(text: str) -> object:
        value = read(text)
        values: dict[str, Any] = {name: value}
        if name in setting_names():
            optimizer = next(each.name for each in OPTIMIZERS.values() if name in each.defaults)
            values = {"optimizer": optimizer, "settings": ((name, value),)}
        try:
            Training(**values)
        except UnusableError as error:
            raise EntryError(said(error)) from None
        return value

    return checked


def _test_fraction(text: str) -> float:
    value = number(text)
    if not 0.0 <= value < 1.0:
        raise EntryError(f"{value:g}; expected a number from 0 to below 1")
    return value


def _columns(text: str) -> list[str]:
    found = column_names(text)
    if not found:
        raise EntryError("column names are missing")
    return found


def _column(text: str) -> str:
    if not text.strip():
        raise EntryError("a column name is missing")
    return text.strip()


def _yes(text: str) -> bool:
    return text == "yes"


def _text(text: str) -> str:
    return text


READERS: dict[str, Reader] = {
    "network.layers": _layers,
    "network.activation": _activation,
    "network.bias": _yes,
    "parameters.weights[]": matrix,
    "parameters.biases[]": vector,
    "init.scheme": _text,
    "init.scale": _number(-LARGEST_SCALE, LARGEST_SCALE),
    "init.seed": _whole(0),
    **{f"training.{name}": _text for name in ("loss", "reduction", "optimizer")},
    **{
        f"training.{name}": _of_training(name, number)
        for name in ("learning_rate", "l2", *setting_names())
    },
    "training.steps": _of_training("steps", whole),
    "training.batch_size": _batch_size,
    "training.shuffle": _yes,
    "training.seed": _whole(0),
    "training.train_weights": _switches,
    "training.train_biases": _switches,
    "training.mistakes": _mistakes,
    "data.inputs": matrix,
    "data.targets": matrix,
    "data.dataset": _text,
    "data.samples": _whole(1, MOST_SAMPLES),
    "data.noise": _number(0.0, LARGEST_NOISE),
    "data.seed": _whole(0),
    "data.csv": _text,
    "data.class_column": _column,
    "data.target_columns": _columns,
    "data.input_columns": _columns,
    "data.standardize": _yes,
    "data.test_fraction": _test_fraction,
    "data.split_seed": _whole(0),
    "title": _text,
    "description": _text,
    "source": _text,
}
