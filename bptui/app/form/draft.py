"""What stands in the form: a text for every field, and the preset or the problems in it."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from bptui.app.form import texts
from bptui.app.form.columns import Header, header, resolved
from bptui.app.form.fields import (
    BIASES,
    CLASSES,
    CSV,
    GENERATED,
    NUMBERS,
    RANDOM,
    TYPED,
    WEIGHTS,
    ZERO,
    fields,
    units_text,
)
from bptui.app.form.reading import OPTIONAL, READERS, reader, said
from bptui.app.form.texts import LONGEST_SHOWN, Kept
from bptui.core.errors import UnusableError
from bptui.core.network import Names, Network
from bptui.presets.number_parsing import EntryError
from bptui.presets.schema import (
    TABLES,
    DataTable,
    NetworkTable,
    PresetFile,
    default,
    keys,
    setting_names,
)
from bptui.presets.schema import value as held

Text = str | Kept
EMPTY = PresetFile(
    network=NetworkTable(layers=[]), data=DataTable(inputs=[], targets=[]), title=None
)
"""The preset of the empty form: nothing typed, the schema's defaults."""


@dataclass(frozen=True, eq=False)
class Draft:
    """The texts of all fields, of those out of sight too.

    A text that is still as it was made stands for the very value it was made of. ``shape`` holds
    the units per layer as they could be read last. CSV files are looked for in ``folder``.
    """

    texts: Mapping[str, Text]
    shape: tuple[int, ...]
    folder: Path
    header: Header | None = None
    _proposed: Mapping[str, Text] = field(default_factory=dict)
    """What stands in some fields without anyone having chosen it."""
    _given: Mapping[str, tuple[Text, object]] = field(default_factory=dict)
    _read: dict[str, tuple[Text, object]] = field(default_factory=dict)
    """What was read of the latest texts, to read none twice."""

    @classmethod
    def of(cls, table: PresetFile, folder: Path) -> Draft:
        """The draft that ``table`` fills."""
        given = {key: (text, value) for key, text, value in _filled(table)}
        filled = {key: text for key, (text, _) in given.items()}
        named, choices = filled.get("data.csv", ""), _choices(table)
        return cls(
            texts={**choices, **filled},
            shape=tuple(table.network.layers),
            folder=folder,
            header=header(str(named), folder) if named else None,
            _proposed={} if named else {"data.target": choices["data.target"]},
            _given=given,
        )

    @property
    def column_names(self) -> tuple[str, ...]:
        return self.header.shown if self.header else ()

    def text(self, key: str) -> Text:
        return self.texts.get(key, "")

    def chosen(self, key: str) -> str:
        text = self.text(key)
        return text if isinstance(text, str) else ""

    def with_text(self, key: str, text: Text) -> Draft:
        """The draft after ``text`` was typed into the field ``key``."""
        made = replace(self, texts={**self.texts, key: text})
        if key == "network.layers":
            layers = made._value(key)
            if isinstance(layers, list):
                return replace(made, shape=tuple(layers))
        return made._with_columns() if key == "data.csv" else made

    def changed(self, other: Draft) -> bool:
        """Whether any text differs from ``other``'s."""
        keys = self.texts.keys() | other.texts.keys()
        return any(self.text(key) != other.text(key) for key in keys)

    def problems(self, at_once: bool = False) -> dict[str, str]:
        """What is wrong with single fields, by their keys.

        ``at_once`` leaves out long texts that have not been read before.
        """
        shown = [each.key for each in fields(self)]
        late = {key for key in shown if at_once and self._takes_time(key)}
        found = dict[str, str]()
        for key in shown:
            value = None if key in late else self._value(key)
            if isinstance(value, EntryError):
                found[key] = str(value)
        if "data.csv" in shown and self.header and self.header.problem:
            now = header(self.chosen("data.csv"), self.folder)  # it may have been mended meanwhile
            if now and now.problem:
                found.setdefault("data.csv", now.problem)
        return {**self._misfits(late), **found}

    def _takes_time(self, key: str) -> bool:
        """Whether the text of a field is long and has not been read yet."""
        text = self.text(key)
        long = isinstance(text, str) and len(text) > LONGEST_SHOWN
        return long and all(known.get(key, ("",))[0] != text for known in (self._given, self._read))

    def table(self) -> PresetFile:
        """The preset; there must be no problems."""
        plain: dict[str, Any] = {"network": {}, "parameters": {}, "init": {}, "training": {}}
        plain["data"], depth = {}, len(self.shape) - 1
        shown = [each.key for each in fields(self)]
        for key in [*shown, *(each for each in _ALSO_OUT_OF_SIGHT if each not in shown)]:
            value = self._value(key)
            if key not in READERS or isinstance(value, EntryError) or value is None:
                continue
            if key not in shown and isinstance(value, list) and len(value) != depth:
                continue  # switches of layers that are gone
            name, _, rest = key.rpartition(".")
            (plain[name] if name else plain)[rest] = value
        for key, choice in ((WEIGHTS, TYPED), (BIASES, TYPED)):
            if self.chosen(key) == choice and key in shown:
                plain["parameters"][key.partition(".")[2]] = [
                    self._value(f"{key}[{layer}]") for layer in range(depth)
                ]
        training = plain["training"]
        names = setting_names()
        training["settings"] = {name: training.pop(name) for name in names if name in training}
        made = {name: TABLES[name](**values) for name, values in plain.items() if name in TABLES}
        return PresetFile(**{**plain, **made})

    def value(self, key: str) -> object:
        """The value of a field; None where there is none or it cannot be read."""
        value = self._value(key)
        return None if isinstance(value, EntryError) else value

    def _value(self, key: str) -> object:
        """The value of a field, or the error with it."""
        text = self.text(key)
        for known in (self._given, self._read):
            if key in known and known[key][0] == text:
                return known[key][1]
        value: object
        if isinstance(text, Kept):
            return text.rows
        if not text.strip() and key in OPTIONAL:
            return None
        try:
            if key == "data.csv":  # which comes and goes with the file, so that nothing is kept
                return resolved(text, self.folder)
            value = reader(key)(text)
        except EntryError as error:
            value = error
        except KeyError:  # the choice of a part, which is no value of the preset
            return text
        self._read[key] = (text, value)
        return value

    def _with_columns(self) -> Draft:
        """With columns proposed for the file that was named, unless those chosen fit already."""
        found = header(self.chosen("data.csv"), self.folder)
        if found is None or found == self.header or found.problem:
            return replace(self, header=found or self.header)
        target = found.proposed_target
        proposed: dict[str, Text] = {
            "data.class_column": found.proposed_class or target,
            "data.target_columns": texts.columns_text([target]) if target else "",
            "data.input_columns": "",
            "data.target": CLASSES if found.proposed_class else NUMBERS,
        }
        targets = "class_column" if self.chosen("data.target") == CLASSES else "target_columns"
        fit = {key: self._fits(key, found) for key in proposed if key != "data.target"}
        fit["data.target"] = fit[f"data.{targets}"] or self._is_proposed(f"data.{targets}")
        kept = [key for key, fits in fit.items() if fits and not self._is_proposed(key)]
        proposed = {key: text for key, text in proposed.items() if key not in kept}
        return replace(self, texts={**self.texts, **proposed}, header=found, _proposed={**proposed})

    def _is_proposed(self, key: str) -> bool:
        """Whether a field is empty or as it was proposed, so that nobody has chosen it."""
        return self.text(key) in ("", self._proposed.get(key, ""))

    def _fits(self, key: str, columns: Header) -> bool:
        """Whether a field names columns of a file, if it names any."""
        value = self.value(key)
        named = [value] if isinstance(value, str) else value
        return isinstance(named, list) and set(named) <= set(columns.names)

    def _misfits(self, late: Collection[str]) -> dict[str, str]:
        """Where numbers that can be read do not fit the layers, or each other."""
        shape, found = self.shape, dict[str, str]()
        if not isinstance(self.value("network.layers"), list):
            return found
        names, depth = Names(shape), len(shape) - 1
        self._misfit_activation(found)
        for name in ("weights", "biases"):
            switches = self.value(f"training.train_{name}")
            if isinstance(switches, list) and len(switches) != depth:
                message = f"{len(switches)} switches; expected {depth}, one per layer"
                found[f"training.train_{name}"] = message
        typed = self.chosen(WEIGHTS) == TYPED
        for layer in range(1, depth + 1):
            key = f"{WEIGHTS}[{layer - 1}]"
            rows = self._rows(key) if typed and key not in late else None
            if rows and (len(rows), len(rows[0])) != shape[layer - 1 : layer + 1]:
                expected = f"{_rows(*shape[layer - 1 : layer + 1])}: "
                expected += f"{units_text(names, layer - 1)} -> {units_text(names, layer)}"
                found[key] = f"{_rows(len(rows), len(rows[0]))}; expected {expected}"
            key = f"{BIASES}[{layer - 1}]"
            row = self.value(key) if self.chosen(BIASES) == TYPED else None
            if isinstance(row, list) and len(row) != shape[layer]:
                units = units_text(names, layer)
                found[key] = f"{_numbers(len(row))}; expected {shape[layer]}: {units}"
        if self.chosen("data") == TYPED:
            self._misfit_samples(found, names, late)
        return found

    def _misfit_activation(self, found: dict[str, str]) -> None:
        value = self.value("network.activation")
        if isinstance(value, str | list):
            listed = [value] * (len(self.shape) - 1) if isinstance(value, str) else value
            try:
                Network(self.shape, tuple(listed))
            except UnusableError as error:
                found["network.activation"] = said(error)

    def _misfit_samples(self, found: dict[str, str], names: Names, late: Collection[str]) -> None:
        counts = dict[str, int]()
        for key, layer in (("data.inputs", 0), ("data.targets", len(self.shape) - 1)):
            rows, units = None if key in late else self._rows(key), self.shape[layer]
            if not rows:
                continue
            counts[key] = len(rows)
            if len(rows[0]) != units:
                message = f"{_numbers(len(rows[0]))} per row; expected {units}"
                found[key] = f"{message}: {units_text(names, layer)}"
        if len(set(counts.values())) > 1 and "data.targets" not in found:
            inputs, targets = counts.values()
            found["data.targets"] = f"{targets} samples; expected {inputs}, one row per input"

    def _rows(self, key: str) -> list[list[float]] | None:
        value = self.value(key)
        return value if isinstance(value, list) and value and value[0] else None


_ALSO_OUT_OF_SIGHT = (
    "init.scheme",
    "init.scale",
    "init.seed",
    "training.seed",
    "training.train_biases",
    "data.split_seed",
)
"""Fields whose values a preset may hold although nothing depends on them."""


def _rows(rows: int, columns: int) -> str:
    return f"{rows} {'row' if rows == 1 else 'rows'} of {columns}"


def _numbers(count: int) -> str:
    return f"{count} {'number' if count == 1 else 'numbers'}"


def _choices(table: PresetFile) -> dict[str, Text]:
    """Which of the ways to give a part the preset takes."""
    form = GENERATED if table.data.dataset is not None else CSV if table.data.csv else TYPED
    classes = table.data.csv is None or table.data.class_column is not None
    return {
        WEIGHTS: RANDOM if table.parameters.weights is None else TYPED,
        BIASES: ZERO if table.parameters.biases is None else TYPED,
        "data": form,
        "data.dataset": "xor",
        "data.target": CLASSES if classes else NUMBERS,
    }


def _filled(table: PresetFile) -> list[tuple[str, Text, object]]:
    """(key, text, value) of each field that has one."""
    made = list[tuple[str, Text, object]]()
    for name in TABLES:
        part = getattr(table, name) if name else table
        for entry in keys(name):
            key = f"{name}.{entry}" if name else entry
            value = held(name, part, entry)
            if key in (WEIGHTS, BIASES) and isinstance(value, list):
                made += [(f"{key}[{at}]", _text(key, each), each) for at, each in enumerate(value)]
            elif key in READERS and value is not None and (value != [] or key in OPTIONAL):
                silent = key in OPTIONAL and value == default(name, entry) and key not in _TOLD
                made.append((key, "" if silent else _text(key, value), value))
    return made


_TOLD = (
    "training.learning_rate",
    "training.steps",
    "training.train_weights",
    "training.train_biases",
)
"""Fields that show their value although it is the default."""


_WRITERS: Mapping[str, Callable[[Any], Text]] = {
    WEIGHTS: texts.kept_or_text,
    BIASES: texts.vector_text,
    "data.inputs": texts.kept_or_text,
    "data.targets": texts.kept_or_text,
    "network.layers": lambda layers: "-".join(map(str, layers)),
    "network.activation": texts.names_text,
    "training.mistakes": texts.names_text,
    "training.train_weights": texts.switches_text,
    "training.train_biases": texts.switches_text,
    "data.input_columns": texts.columns_text,
    "data.target_columns": texts.columns_text,
}
"""What makes a text of a value that is neither text itself, nor a number, nor a switch."""


def _text(key: str, value: object) -> Text:
    if key in _WRITERS:
        return _WRITERS[key](value)
    if isinstance(value, bool):
        return texts.yes_or_no(value)
    return texts.printable(value) if isinstance(value, str) else repr(value)
