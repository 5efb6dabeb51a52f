"""The text of a field <-> its value in a preset; what is wrong with a text is an EntryError."""

from __future__ import annotations

import csv
import difflib
import io
from collections.abc import Callable, Iterable, Mapping
from functools import lru_cache
from itertools import islice
from pathlib import Path
from typing import Any, NamedTuple

from bptui.app.form.fields import NO, YES, Field, Kind
from bptui.presets import number_parsing
from bptui.presets.csv_file import delimiter, is_number
from bptui.presets.errors import cleaned
from bptui.presets.number_parsing import EntryError, shortened

_MOST_ALIGNED = 2000
"""Numbers that are written in columns."""
_ROWS, _BYTES = 200, 1_000_000
"""How much of a CSV file is looked at to tell numbers from names."""
_LONGEST_NAME = 100
"""Characters of a name that are compared with those known."""

# huge texts are read once, however often the form is checked
matrix = lru_cache(maxsize=4)(number_parsing.matrix)


def _one_or_more(read: Callable[[str], list[Any]]) -> Callable[[str], object]:
    """Return what reads a list, of which a single item stands for itself."""

    def read_one(text: str) -> object:
        found = read(text)
        return found[0] if len(found) == 1 else found

    return read_one


def columns(text: str) -> list[str]:
    """Return the names between commas in ``text``, quotes around those with commas in them."""
    try:
        row = next(csv.reader([text.replace("，", ",")], skipinitialspace=True), [])  # noqa: RUF001  the comma of Chinese input methods
    except csv.Error:
        raise EntryError("expected names separated by commas") from None
    return [name.strip() for name in row if name.strip()]


READERS: Mapping[Kind, Callable[[str], object]] = {
    "number": number_parsing.number,
    "whole": number_parsing.whole,
    "layers": number_parsing.layers,
    "switches": _one_or_more(number_parsing.switches),
    "names": number_parsing.names,
    "matrix": matrix,
    "vector": number_parsing.vector,
    "columns": columns,
    "column": str.strip,
    "file": str.strip,
}
"""What reads the text of a field; texts and choices stand for themselves."""


def value_of(entry: Field, text: str) -> object:
    """Return what the text of a field says; raises :class:`EntryError`."""
    if entry.key in ("network.bias", "training.shuffle", "data.standardize"):
        return text == YES
    found = READERS.get(entry.kind, str)(text)
    if found in ("", []):
        raise EntryError(f"{'names are' if entry.several else 'a name is'} missing")
    if entry.kind != "names" or not isinstance(found, list):
        return found
    known = [*entry.options]
    for name in found:
        if name not in known:
            close = difflib.get_close_matches(name[:_LONGEST_NAME], known, 1)
            hint = f"did you mean {close[0]}?" if close else "f2 lists them"
            raise EntryError(f"unknown name: {shortened(name)}; {hint}")
    return found[0] if len(found) == 1 and not entry.several else found


def text_of(key: str, value: object) -> str:
    """Return the text that stands for a value in the field ``key``."""
    if isinstance(value, list):
        if key == "network.layers":
            return "-".join(map(str, value))
        if key.endswith("_columns"):
            return columns_text(value)
        if value and isinstance(value[0], list):
            return _matrix_text(value)
        between = " " if value and isinstance(value[0], float) else ", "
        return between.join(text_of(key, item) for item in value)
    if isinstance(value, bool):
        return YES if value else NO
    return cleaned(value) if isinstance(value, str) else repr(value)


def _matrix_text(rows: list[list[float]]) -> str:
    """Return ``rows`` a line each, in columns where there are few of them."""
    texts = [[repr(value) for value in row] for row in rows]
    if sum(map(len, texts)) > _MOST_ALIGNED:
        return "\n".join(" ".join(row) for row in texts)
    widths = [max(map(len, column)) for column in zip(*texts, strict=True)]
    return "\n".join(
        "  ".join(text.ljust(width) for text, width in zip(row, widths, strict=True)).rstrip()
        for row in texts
    )


def columns_text(listed: Iterable[str]) -> str:
    """Return names of columns between commas, in quotes where they hold commas themselves."""
    stream = io.StringIO()
    csv.writer(stream, lineterminator="").writerow(listed)
    return stream.getvalue().replace("\n", " ")


class Columns(NamedTuple):
    """The columns of a CSV file, and those among them that hold numbers alone."""

    names: tuple[str, ...]
    numeric: tuple[str, ...]


def columns_of(name: str, folder: Path) -> Columns | None:
    """Return the columns of the CSV file ``name``; None where it cannot be read."""
    try:
        with (folder / name).open(encoding="utf-8-sig", newline="") as stream:
            lines = stream.read(_BYTES).splitlines(keepends=True)
        rows = csv.reader(lines[: _ROWS + 1], delimiter=delimiter("".join(lines[:1])))
        header = [cell.strip() for cell in next(rows, [])]
        sample = [*islice((row for row in rows if len(row) == len(header)), _ROWS)]
    except (OSError, ValueError, csv.Error):
        return None
    columns = zip(header, zip(*sample, strict=True), strict=False)
    return Columns(
        names=tuple(name for name in header if name.isprintable()),
        numeric=tuple(name for name, cells in columns if all(map(is_number, cells))),
    )
