"""A CSV file that someone names in the form: where it lies, its columns, what they may be."""

from __future__ import annotations

import csv
import math
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from bptui.presets.number_parsing import EntryError, shortened

_ROWS = 200
"""Rows that are looked at to tell numbers from names."""
_BYTES = 1_000_000
_OTHERS = {";": "semicolons", "\t": "tabs"}
"""What stands between the columns of files that are no CSV files here."""


@dataclass(frozen=True)
class Header:
    """The names of the columns, and those among them that hold numbers alone."""

    names: tuple[str, ...]
    numeric: tuple[str, ...]

    @property
    def problem(self) -> str:
        """What is wrong with the way the columns are separated, as far as one can tell."""
        other = next((each for each in _OTHERS if each in "".join(self.names)), "")
        if len(self.names) > 1 or not other:
            return ""
        return f"columns must be separated by commas, not by {_OTHERS[other]}"

    @property
    def proposed_class(self) -> str:
        """The last column that holds names, or else nothing."""
        names = [each for each in self.shown if each not in self.numeric and not self.problem]
        return names[-1] if names else ""

    @property
    def proposed_target(self) -> str:
        """The last column of numbers."""
        return next((each for each in self.shown[::-1] if each in self.numeric), "")

    @property
    def shown(self) -> tuple[str, ...]:
        """The names that can be written to a terminal."""
        return tuple(each for each in self.names if each.isprintable())


def resolved(text: str, folder: Path) -> str:
    """What a preset in ``folder`` calls the file that ``text`` names; raises :class:`EntryError`.

    A relative name is looked for in that folder, then where the program was started.
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


def header(text: str, folder: Path) -> Header | None:
    """The columns of the file that ``text`` names; None where it cannot be read."""
    try:
        with (folder / resolved(text, folder)).open(encoding="utf-8-sig", newline="") as stream:
            lines = stream.read(_BYTES).splitlines(keepends=True)
        rows = csv.reader(lines[: _ROWS + 1])
        names = [cell.strip() for cell in next(rows, [])]
        sample = [*islice((row for row in rows if len(row) == len(names)), _ROWS)]
    except (EntryError, OSError, ValueError, csv.Error):
        return None
    numeric = [
        name
        for place, name in enumerate(names)
        if sample and all(_is_number(row[place]) for row in sample)
    ]
    return Header(tuple(names), tuple(numeric))


def column_names(text: str) -> list[str]:
    """The names between commas in ``text``, quotes around those with commas in them."""
    try:
        row = next(csv.reader([text.replace("，", ",")], skipinitialspace=True), [])  # noqa: RUF001  the comma of Chinese input methods
    except csv.Error:
        raise EntryError("expected names separated by commas") from None
    return [name.strip() for name in row if name.strip()]


def _is_number(cell: str) -> bool:
    try:
        return math.isfinite(float(cell))
    except ValueError:
        return False
