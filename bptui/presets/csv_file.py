"""Reads the columns of a CSV file: numbers row by row, class names as labels."""

from __future__ import annotations

import csv
import math
import re
from array import array
from collections.abc import Collection, Iterator
from pathlib import Path
from typing import NamedTuple, TextIO

import numpy as np

from bptui.core.arrays import Array, Integers
from bptui.core.errors import LARGEST_FILE, MOST_NUMBERS, MOST_SAMPLES, UnusableError, require
from bptui.presets.schema import DataTable

KEY = "data.csv"
MOST_CLASSES = 10_000
LONGEST_LINE = 2_000_000
"""Characters: a hundred thousand columns with names or numbers."""
MOST_LINES = 2 * MOST_SAMPLES
DELIMITERS = ",;\t"


class Content(NamedTuple):
    """Inputs and targets (samples, columns); labels (samples,) into the sorted class names."""

    input_names: list[str]
    inputs: Array
    targets: Array
    labels: Integers | None
    class_names: list[str]


def read_csv(folder: Path, table: DataTable) -> Content:
    """Return the columns of the CSV file in ``folder`` that [data] names.

    The first row names the columns, which commas, semicolons or tabs separate; all that are no
    targets are inputs unless [data] says which. Raises :class:`UnusableError` with the line of what
    is wrong.
    """
    both = table.target_columns is not None and table.class_column is not None
    neither = table.target_columns is None and table.class_column is None
    require(
        not (both or neither),
        "data",
        f"{'target_columns and' if both else 'neither target_columns nor'} class_column",
        "one of target_columns and class_column",
    )
    name = table.csv or ""
    try:
        path = folder / name
        there = path.exists() and not path.is_file()  # a folder, or a device that never ends
        found = f"{str(path)!r}, which is not a regular file" if there else f"no file {str(path)!r}"
        require(path.is_file(), KEY, found, "the name of a CSV file")
        size = path.stat().st_size
        require(size <= LARGEST_FILE, KEY, f"{name} of {size:,} bytes", f"at most {LARGEST_FILE:,}")
        with path.open(encoding="utf-8-sig", newline="") as stream:
            return _read(stream, name, table)
    except UnicodeDecodeError:
        raise UnusableError(KEY, f"bytes in {name} that are not UTF-8", "text in UTF-8") from None
    except csv.Error as error:
        raise UnusableError(KEY, f"{name} with an error ({error})", "a CSV file") from None
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        found = f"{name}, which cannot be read ({reason})"
        raise UnusableError(KEY, found, "a readable CSV file") from None
    except UnusableError:
        raise
    except ValueError:  # a NUL in the name
        raise UnusableError(KEY, repr(name), "the name of a CSV file") from None


def delimiter(header: str) -> str:
    """Return what separates the columns, judged by the line that names them: commas, if any."""
    plain = re.sub(r'"[^"]*"', "", header)
    return next((found for found in DELIMITERS if found in plain), ",")


def _read(stream: TextIO, name: str, table: DataTable) -> Content:
    first = stream.readline(LONGEST_LINE + 1)
    stream.seek(0)
    reader = csv.reader(_lines(stream, name), strict=True, delimiter=delimiter(first))
    header = [cell.strip() for cell in next(reader, [])]
    place_of = {column: place for place, column in enumerate(header)}
    inputs, targets, label = _chosen(header, place_of, name, table)
    places = [place_of[column] for column in [*inputs, *targets]]
    most = min(MOST_SAMPLES, MOST_NUMBERS // max(len(places), 1))
    numbers, labels, seen, count = array("d"), array("q"), dict[str, int](), 0
    for row in reader:
        if len(row) != len(header):
            if not row:
                continue
            found = f"{len(row)} cells in line {reader.line_num} of {name}"
            raise UnusableError(KEY, found, f"{len(header)} cells")
        count += 1
        if count > most:
            raise UnusableError(KEY, f"too many samples in {name}", f"at most {most:,}")
        try:
            values = [float(row[place]) for place in places]
        except ValueError:
            values = [math.nan]
        if not all(map(math.isfinite, values)):
            place = next(place for place in places if not is_number(row[place]))
            where = f"line {reader.line_num} of {name}, column {header[place]}"
            raise UnusableError(KEY, f"{row[place]!r} in {where}", "a finite number")
        numbers.extend(values)
        if label is not None:
            labels.append(seen.setdefault(row[place_of[label]].strip(), len(seen)))
            if len(seen) > MOST_CLASSES:
                found = f"too many classes in {name}"
                raise UnusableError("data.class_column", found, f"at most {MOST_CLASSES:,}")
    require(count > 0, KEY, f"{name} with only a header", "at least one row of numbers")
    table_of_numbers = np.frombuffer(numbers, dtype=np.float64).reshape(count, len(places))
    names = sorted(seen)
    rank = {found: index for index, found in enumerate(names)}
    order = np.array([rank[found] for found in seen], dtype=np.intp)
    return Content(
        input_names=inputs,
        inputs=table_of_numbers[:, : len(inputs)],
        targets=table_of_numbers[:, len(inputs) :],
        labels=None if label is None else order[np.frombuffer(labels, dtype=np.int64)],
        class_names=names,
    )


def is_number(cell: str) -> bool:
    """Return whether a cell holds a finite number."""
    try:
        return math.isfinite(float(cell))
    except ValueError:
        return False


def _lines(stream: TextIO, name: str) -> Iterator[str]:
    """Yield the lines within the limits; not every file says truly how large it is."""
    size = count = 0
    while line := stream.readline(LONGEST_LINE + 1):
        size, count = size + len(line), count + 1
        if len(line) > LONGEST_LINE:
            found = f"a line of more than {LONGEST_LINE:,} characters in {name}"
            raise UnusableError(KEY, found, "shorter lines")
        if size > LARGEST_FILE or count > MOST_LINES:
            most = f"at most {LARGEST_FILE:,} bytes and {MOST_LINES:,} lines"
            raise UnusableError(KEY, f"too many lines in {name}", most)
        yield line


def _chosen(
    header: list[str], place_of: dict[str, int], name: str, table: DataTable
) -> tuple[list[str], list[str], str | None]:
    """Return the columns of the inputs and of the targets, and that of the classes."""
    require(any(header), KEY, f"{name} without a header", "a first row that names the columns")
    for place, column in enumerate(header):
        if place_of[column] != place:
            raise UnusableError(KEY, f"{name} with two columns named {column!r}", "distinct names")
    targets, label = table.target_columns or [], table.class_column
    used = {*targets, *([] if label is None else [label])}
    inputs = table.input_columns
    if inputs is None:
        inputs = [column for column in header if column not in used]
    _check_columns("input_columns", inputs, place_of, used)
    if table.target_columns is not None:
        _check_columns("target_columns", targets, place_of, ())
    if label is not None and label not in place_of:
        raise UnusableError("data.class_column", *_missing(label, header))
    return inputs, targets, label


def _check_columns(
    key: str, names: list[str], header: Collection[str], used: Collection[str]
) -> None:
    require(bool(names), f"data.{key}", "no columns", "at least one column")
    before = set[str]()
    for index, column in enumerate(names):
        place = f"data.{key}[{index}]"
        if column not in header:
            raise UnusableError(place, *_missing(column, header))
        require(column not in before, place, f"{column!r} twice", "each column once")
        require(column not in used, place, f"{column!r}, also a target", "input or target")
        before.add(column)


def _missing(column: str, header: Collection[str]) -> tuple[str, str]:
    return f"{column!r}, which is not a column", f"one of {', '.join(header)}"
