"""The text of a field <-> its value in a preset; what is wrong with a text is an EntryError."""

from __future__ import annotations

import csv
import difflib
import io
from collections.abc import Callable, Collection, Mapping, Sequence
from functools import lru_cache
from itertools import groupby, islice
from pathlib import Path
from typing import NamedTuple, get_args

from bptui.app.form.fields import BIASES, CHOICES, NAMES, NO, WEIGHTS, YES, type_of
from bptui.core.errors import UnusableError
from bptui.core.network import Network
from bptui.presets import number_parsing
from bptui.presets.csv_file import delimiter, is_number
from bptui.presets.errors import cleaned
from bptui.presets.number_parsing import EntryError, names, number, shortened, whole

MOST_ALIGNED = 2000
"""Numbers that are written in columns."""
_REPEATED = 4
"""Equal names in a row that are written as one with a count."""
_LONGEST_NAME = 100
"""Characters of a name that are compared with those known."""
_ROWS, _BYTES = 200, 1_000_000
"""How much of a CSV file is looked at to tell numbers from names."""

# huge texts are read once, however often the form is checked
matrix = lru_cache(maxsize=4)(number_parsing.matrix)


class Columns(NamedTuple):
    """The columns of a CSV file, and those among them that hold numbers alone."""

    names: tuple[str, ...]
    numeric: tuple[str, ...]


def value_of(key: str, text: str) -> object:
    """Return what the text of the field ``key`` says; raises :class:`EntryError`."""
    if key.startswith((f"{WEIGHTS}[", f"{BIASES}[")):
        return (matrix if key.startswith(WEIGHTS) else number_parsing.vector)(text)
    if key in READERS:
        return READERS[key](text)
    if key in CHOICES:
        return text
    types = get_args(type_of(key)) or (type_of(key),)
    if bool in types:
        return text == YES
    return whole(text) if int in types else number(text) if float in types else text


def _layers(text: str) -> list[int]:
    found = number_parsing.layers(text)
    if len(found) < 2:
        raise EntryError("a network has at least two layers, such as 2-3-1")
    try:
        Network(tuple(found), ("identity",) * (len(found) - 1))
    except UnusableError as error:
        raise EntryError(f"{error.found}; expected {error.expected}") from None
    return found


def _known(found: list[str], known: Collection[str], what: str) -> list[str]:
    for name in found:
        if name not in known:
            close = difflib.get_close_matches(name[:_LONGEST_NAME], known, 1)
            hint = f"did you mean {close[0]}?" if close else "f2 lists them"
            raise EntryError(f"unknown {what}: {shortened(name)}; {hint}")
    return found


def _activation(text: str) -> str | list[str]:
    found = _known(names(text), [*NAMES["network.activation"]], "activation")
    if not found:
        raise EntryError("a name is missing, such as sigmoid")
    return found[0] if len(found) == 1 else found


def _mistakes(text: str) -> list[str]:
    found = names(text)
    return [] if found == ["none"] else _known(found, [*NAMES["training.mistakes"]], "mistake")


def _switches(text: str) -> bool | list[bool]:
    found = number_parsing.switches(text)
    return found[0] if len(found) == 1 else found


def _batch_size(text: str) -> int | None:
    return None if text.strip().lower() == "all" else whole(text)


def _columns(text: str) -> list[str]:
    found = column_names(text)
    if not found:
        raise EntryError("column names are missing")
    return found


def _column(text: str) -> str:
    if not text.strip():
        raise EntryError("a column name is missing")
    return text.strip()


READERS: Mapping[str, Callable[[str], object]] = {
    "network.layers": _layers,
    "network.activation": _activation,
    "training.batch_size": _batch_size,
    "training.train_weights": _switches,
    "training.train_biases": _switches,
    "training.mistakes": _mistakes,
    "data.inputs": matrix,
    "data.targets": matrix,
    "data.input_columns": _columns,
    "data.target_columns": _columns,
    "data.class_column": _column,
}
"""What reads texts that are no plain numbers, names or switches."""


def text_of(key: str, value: object) -> str:
    """Return the text that stands for a value in the field ``key``."""
    if isinstance(value, list):
        if key == "network.layers":
            return "-".join(map(str, value))
        if key.endswith("_columns"):
            return columns_text(value)
        if value and isinstance(value[0], list):
            return matrix_text(value)
        if value and isinstance(value[0], float):
            return " ".join(map(repr, value))
        return _names_text([text_of(key, item) for item in value])
    if isinstance(value, bool):
        return YES if value else NO
    return cleaned(value) if isinstance(value, str) else repr(value)


def matrix_text(rows: list[list[float]]) -> str:
    """Return ``rows`` a line each, in columns where there are few of them."""
    texts = [[repr(value) for value in row] for row in rows]
    if sum(map(len, texts)) > MOST_ALIGNED:
        return "\n".join(" ".join(row) for row in texts)
    widths = [max(map(len, column)) for column in zip(*texts, strict=True)]
    return "\n".join(
        "  ".join(text.ljust(width) for text, width in zip(row, widths, strict=True)).rstrip()
        for row in texts
    )


def _names_text(listed: Sequence[str]) -> str:
    """Return ``relu*7, sigmoid``."""
    parts = list[str]()
    for name, group in groupby(listed):
        count = len([*group])
        parts += [f"{name}*{count}"] if count >= _REPEATED else [name] * count
    return ", ".join(parts)


def columns_text(listed: Sequence[str]) -> str:
    """Return names of columns between commas, in quotes where they hold commas themselves."""
    stream = io.StringIO()
    csv.writer(stream, lineterminator="").writerow(listed)
    return stream.getvalue().replace("\n", " ")


def column_names(text: str) -> list[str]:
    """Return the names between commas in ``text``, quotes around those with commas in them."""
    try:
        row = next(csv.reader([text.replace("，", ",")], skipinitialspace=True), [])  # noqa: RUF001  the comma of Chinese input methods
    except csv.Error:
        raise EntryError("expected names separated by commas") from None
    return [name.strip() for name in row if name.strip()]


def file_name(text: str, folder: Path) -> str:
    """Return what a preset in ``folder`` calls the CSV file that ``text`` names.

    A relative name is looked for in that folder, then where the program was started. Raises
    :class:`EntryError`.
    """
    name = text.strip()
    if not name:
        raise EntryError("the name of a CSV file is missing")
    try:
        path = Path(name).expanduser()
        if not path.is_absolute() and not (folder / path).exists() and path.is_file():
            return str(path.absolute())
        if not (folder / path).is_file():
            said = "is a folder" if (folder / path).is_dir() else "does not exist"
            raise EntryError(f"{shortened(name)} {said}")
        return str(path) if name.startswith("~") else name
    except EntryError:
        raise
    except (OSError, ValueError, RuntimeError):  # a name that no file can have; no home folder
        raise EntryError(f"not a file name: {shortened(name)}") from None


def columns_of(text: str, folder: Path) -> Columns | None:
    """Return the columns of the file that ``text`` names; None where it cannot be read."""
    try:
        with (folder / file_name(text, folder)).open(encoding="utf-8-sig", newline="") as stream:
            lines = stream.read(_BYTES).splitlines(keepends=True)
        rows = csv.reader(lines[: _ROWS + 1], delimiter=delimiter("".join(lines[:1])))
        header = [cell.strip() for cell in next(rows, [])]
        sample = [*islice((row for row in rows if len(row) == len(header)), _ROWS)]
    except (EntryError, OSError, ValueError, csv.Error):
        return None
    numeric = [
        name
        for place, name in enumerate(header)
        if sample and all(is_number(row[place]) for row in sample)
    ]
    return Columns(tuple(header), tuple(numeric))
