"""The text of a field <-> its value in a preset; what is wrong with a text is an EntryError."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable
from functools import lru_cache
from pathlib import Path

from bptui.presets import number_parsing
from bptui.presets.csv_file import delimiter
from bptui.presets.errors import cleaned
from bptui.presets.number_parsing import EntryError

YES, NO = "yes", "no"
_LONGEST_LINE = 1_000_000
"""Characters that are looked for names of columns."""

# huge texts are read once, however often the form is checked
matrix = lru_cache(maxsize=4)(number_parsing.matrix)


def choice(text: str) -> bool | str:
    """Return what an option stands for: itself, unless it is yes or no."""
    return {YES: True, NO: False}.get(text, text)


def prose(text: str) -> str:
    """Return a text of several lines as it is."""
    return text


def columns(text: str) -> list[str]:
    """Return the names between commas in ``text``, quotes around those with commas in them."""
    try:
        row = next(csv.reader([text.replace("，", ",")], skipinitialspace=True), [])  # noqa: RUF001  the comma of Chinese input methods
    except csv.Error:
        raise EntryError("expected names separated by commas") from None
    return [name.strip() for name in row if name.strip()]


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
    """Return ``rows`` a line each, in columns."""
    texts = [[repr(value) for value in row] for row in rows]
    widths = [max(map(len, column)) for column in zip(*texts, strict=True)]
    return "\n".join("  ".join(map(str.ljust, row, widths)).rstrip() for row in texts)


def columns_text(listed: Iterable[str]) -> str:
    """Return names of columns between commas, in quotes where they hold commas themselves."""
    stream = io.StringIO()
    csv.writer(stream, lineterminator="").writerow(listed)
    return stream.getvalue().replace("\n", " ")


def columns_of(name: str, folder: Path) -> tuple[str, ...]:
    """Return the columns of the CSV file ``name``; none where it cannot be read."""
    try:
        with (folder / name).open(encoding="utf-8-sig", newline="") as stream:
            line = stream.readline(_LONGEST_LINE)
        header = next(csv.reader([line], delimiter=delimiter(line)), [])
    except (OSError, ValueError, csv.Error):
        return ()
    return tuple(filter(str.isprintable, map(str.strip, header)))
