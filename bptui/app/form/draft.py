"""What stands in the form: a text for every field, and the experiment or the problems in it."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from types import MappingProxyType
from typing import Any, NamedTuple

from msgspec import Struct

from bptui.app.form import fields
from bptui.app.form.fields import BIASES, DATA, TARGET, TYPED, WEIGHTS, Field
from bptui.app.form.texts import columns_of, columns_text, text_of
from bptui.core.errors import MOST_LAYERS, UnusableError
from bptui.core.experiment import Experiment
from bptui.presets import build, number_parsing
from bptui.presets.build import counted, origin_of
from bptui.presets.errors import cleaned
from bptui.presets.folders import working_folder
from bptui.presets.number_parsing import EntryError, shortened
from bptui.presets.save import table_of
from bptui.presets.schema import (
    SETTINGS,
    TABLES,
    DataTable,
    NetworkTable,
    PresetFile,
    default,
    keys,
    setting_names,
    value,
)

EMPTY = PresetFile(network=NetworkTable(layers=[]), data=DataTable(inputs=[], targets=[]))
"""The preset of the empty form: nothing typed, the schema's defaults."""


class Place(NamedTuple):
    """What the new experiment keeps of the one before: its name, and where it was read."""

    name: str
    folder: Path
    file: Path | None = None
    text: str = ""


class Outcome(NamedTuple):
    """Of a check of ``draft``: the experiment, or problems by field, or one of no field."""

    draft: Draft
    experiment: Experiment | None = None
    problems: Mapping[str, str] = MappingProxyType({})
    general: str = ""

    @property
    def said(self) -> str:
        """What came of it in a line, after an exclamation mark where something is wrong."""
        if self.experiment is not None:
            return summary(self.experiment)
        entries = [each for each in fields.fields(self.draft) if each.key in self.problems]
        missing, wrong = list[str](), list[str]()
        for entry in entries:
            (wrong if self.draft.chosen(entry.key) else missing).append(entry.label)
        if self.general or wrong:
            return f"! {self.general or 'Wrong: ' + ', '.join(wrong)}"
        return f"Still missing: {', '.join(missing)}"


@dataclass(frozen=True, eq=False)
class Draft:
    """The texts of all fields, of those out of sight too, by their paths in a preset.

    ``shape`` holds the units per layer as they could be read last. CSV files are looked for in the
    folder of its ``place``; ``columns`` are those of the last one found.
    """

    texts: Mapping[str, str]
    shape: tuple[int, ...]
    place: Place
    columns: tuple[str, ...]
    description: str
    """As the preset has it, whose line ends and blanks the text does not show."""

    @classmethod
    def of(cls, preset: PresetFile, place: Place) -> Draft:
        """Return the draft that ``preset`` fills; a number that is the default leaves it empty."""
        data = preset.data
        texts = {
            WEIGHTS: fields.RANDOM if preset.parameters.weights is None else TYPED,
            BIASES: fields.ZERO if preset.parameters.biases is None else TYPED,
            DATA: fields.GENERATED if data.dataset else fields.CSV if data.csv else TYPED,
            "data.dataset": "xor",
            TARGET: fields.NUMBERS if data.target_columns else fields.CLASSES,
        }
        for table in TABLES:
            part: Struct = getattr(preset, table) if table else preset
            for name in keys(table):
                key, held = f"{table}.{name}" if table else name, value(table, part, name)
                if key in (WEIGHTS, BIASES) and isinstance(held, list):
                    for layer, numbers in enumerate(held):
                        texts[f"{key}[{layer}]"] = text_of(key, numbers)
                elif key not in TABLES and held not in (None, []):
                    usual = type(held) in (int, float) and held == default(table, name)
                    texts[key] = "" if usual else text_of(key, held)
        columns = columns_of(data.csv, place.folder) if data.csv else ()
        return cls(texts, tuple(preset.network.layers), place, columns, preset.description)

    def chosen(self, key: str) -> str:
        """Return the text of a field."""
        return self.texts.get(key, "")

    def with_text(self, key: str, text: str) -> Draft:
        """Return the draft after ``text`` was typed into the field ``key``."""
        made = replace(self, texts={**self.texts, key: text})
        if key == "network.layers":
            with suppress(EntryError):
                layers = number_parsing.layers(text)
                return replace(made, shape=tuple(layers)) if len(layers) <= MOST_LAYERS else made
        return made._with_columns() if key == "data.csv" else made

    def value(self, entry: Field) -> object:
        """Return the value of a field; raises :class:`EntryError`."""
        text = self.chosen(entry.key)
        if entry.key == "description" and text == cleaned(self.description):
            return self.description
        return self._file() if entry.key == "data.csv" else entry.value(text)

    def _file(self) -> str:
        """Return what the preset calls its CSV file: in its folder, or where the program started.

        Raises :class:`EntryError` where there is none.
        """
        text = self.chosen("data.csv").strip()
        if not text:
            raise EntryError("a name is missing")
        with suppress(OSError, ValueError, RuntimeError):  # no such name, or no home folder
            path = Path(text).expanduser()
            if (self.place.folder / path).is_file():
                return str(path) if text.startswith("~") else text
            if path.is_file():
                return str(path.absolute())
        raise EntryError(f"no file {shortened(text)}")

    def _with_columns(self) -> Draft:
        """Return it with columns proposed for another CSV file: the last one as the target."""
        try:
            found = columns_of(self._file(), self.place.folder)
        except EntryError:
            return self
        if found in ((), self.columns):
            return self
        last = {"data.class_column": found[-1], "data.target_columns": columns_text(found[-1:])}
        return replace(self, texts={**self.texts, **last, "data.input_columns": ""}, columns=found)


def empty() -> Draft:
    """Return the form with nothing in it."""
    return Draft.of(EMPTY, Place("untitled", working_folder()))


def filled(experiment: Experiment) -> Draft:
    """Return the form filled with an experiment."""
    origin, place = origin_of(experiment), Place(experiment.name, working_folder())
    if origin is not None:
        place = Place(experiment.name, origin.folder, origin.file, origin.text)
    return Draft.of(table_of(experiment), place)


def checked(draft: Draft) -> Outcome:
    """Make the experiment; this may take as long as reading its data does.

    What is wrong with one field is found beside what is wrong with others: the experiment is made
    again without it.
    """
    values, problems, known = dict[str, Any](), dict[str, str](), list[str]()
    for entry in fields.fields(draft):
        known.append(entry.key)
        text = draft.chosen(entry.key)
        if entry.required or text.strip():
            try:
                values[entry.key] = draft.value(entry)
            except EntryError as error:
                if entry.required or text.strip() != entry.placeholder:  # "all", "none"
                    problems[entry.key] = str(error)
    while "network.layers" not in problems:
        usable = {key: held for key, held in values.items() if key not in problems}
        try:
            made = build.experiment(_preset(draft, usable), *draft.place)
        except UnusableError as error:
            key = nearest(error.key, known)
            if not problems and key in ("", DATA):
                return Outcome(draft, general=str(error))
            if key in ("", DATA, *problems):
                break
            problems[key] = f"{error.found}; expected {error.expected}"
        else:
            if not problems:
                return Outcome(draft, made)
            break
    return Outcome(draft, problems={key: problems[key] for key in known if key in problems})


def _preset(draft: Draft, values: Mapping[str, Any]) -> PresetFile:
    """Return the preset of what could be read."""
    plain: dict[str, Any] = {table: {} for table in TABLES}
    for key, held in values.items():
        table, _, name = key.rpartition(".")
        if key not in (WEIGHTS, BIASES, DATA, TARGET) and "[" not in key:
            plain[table][name] = held
    for key in (WEIGHTS, BIASES):
        layers = [values.get(f"{key}[{layer}]") for layer in range(len(draft.shape) - 1)]
        if values.get(key) == TYPED and all(layers):
            plain["parameters"][key.partition(".")[2]] = layers
    training = plain["training"]
    settings = {name: training.pop(name) for name in setting_names() if name in training}
    training[SETTINGS] = settings
    made = plain.pop("") | {table: TABLES[table](**held) for table, held in plain.items()}
    return PresetFile(**made)


def nearest(key: str, known: Collection[str]) -> str:
    """Return the longest known key that ``key`` begins with; empty if there is none."""
    found = [own for own in known if key == own or key.startswith((f"{own}.", f"{own}["))]
    return max(found, key=len, default="")


def summary(experiment: Experiment) -> str:
    """Return ``2-2-2 sigmoid: 12 weights and biases, 1 sample``."""
    network, data = experiment.network, experiment.data
    what = "weights and biases" if network.bias else "weights"
    tested = len(data.test_inputs)
    tests = f" and {counted(tested, 'test sample')}" if tested else ""
    samples = counted(data.samples, "sample")
    return f"{network}: {network.parameter_count:,} {what}, {samples}{tests}"
