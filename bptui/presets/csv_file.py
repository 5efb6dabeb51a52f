"""The samples in a CSV file: numbers row by row, class names as labels."""

from __future__ import annotations

import csv
import io
import math
import re
from array import array
from collections.abc import Collection
from pathlib import Path

import numpy as np

from bptui.core.data import class_targets
from bptui.core.errors import MOST_SAMPLES, UnusableError, require
from bptui.core.network import Network
from bptui.presets.build import Samples, check_size, check_width
from bptui.presets.errors import printable
from bptui.presets.files import text_of
from bptui.presets.schema import DataTable

KEY = "data.csv"
DELIMITERS = ",;\t"


def delimiter(header: str) -> str:
    """Return what separates the columns, judged by the line that names them: commas, if any."""
    plain = re.sub(r'"[^"]*"', "", header)
    return next((found for found in DELIMITERS if found in plain), ",")


def samples(table: DataTable, network: Network, folder: Path) -> Samples:
    """Return the samples in the CSV file in ``folder`` that [data] names.

    The first row names the columns, which commas, semicolons or tabs separate; all that are no
    targets are inputs unless [data] says which. Raises :class:`UnusableError` with the line of what
    is wrong.
    """
    name, label = table.csv or "", table.class_column
    given = [key for key in ("target_columns", "class_column") if getattr(table, key) is not None]
    expected = "one of target_columns and class_column"
    require(len(given) == 1, "data", " and ".join(given) or "neither of them", expected)
    try:
        text = text_of(folder / name).removeprefix("\ufeff")
    except UnusableError as error:
        found = f"{folder / name}, {error.found}"
        raise UnusableError(KEY, found, error.expected) from None
    try:
        inputs, targets, numbers, labels = _read(text, table)
    except csv.Error as error:
        raise UnusableError(KEY, f"an error in {name} ({error})", "a CSV file") from None
    count, outputs = len(labels), network.layers[-1]
    check_width(KEY, f"input columns in {name}", len(inputs), network, 0)
    check_size(count, network, KEY)
    made = np.frombuffer(numbers, dtype=np.float64).reshape(count, -1)
    names = tuple(map(printable, inputs))  # every panel and program shows them
    if label is None:
        what = f"target columns in {name}"
        check_width("data.target_columns", what, len(targets), network, -1)
        return Samples(made[:, : len(inputs)], made[:, len(inputs) :], names)
    classes = sorted(set(labels))
    rank = {found: place for place, found in enumerate(classes)}
    order = np.array([rank[found] for found in labels], dtype=np.intp)
    require(
        len(classes) == outputs or (len(classes), outputs) == (2, 1),
        "data.class_column",
        f"{len(classes):,} classes in {name}",
        f"{outputs}, one per output unit, as in network.layers"
        if outputs > 1
        else "2 classes for a single output unit",
    )
    return Samples(made, class_targets(order, outputs), names, tuple(map(printable, classes)))


def _read(text: str, table: DataTable) -> tuple[list[str], list[str], array[float], list[str]]:
    """Return the columns of inputs and of targets, their numbers row by row, the classes."""
    name, label, first = table.csv, table.class_column, text.partition("\n")[0]
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter(first), strict=True)
    header = [cell.strip() for cell in next(reader, [])]
    place_of = {column: place for place, column in enumerate(header)}
    require(any(header), KEY, f"{name} without a header", "a first row that names the columns")
    for place, column in enumerate(header):
        if place_of[column] != place:
            raise UnusableError(KEY, f"{name} with two columns named {column!r}", "distinct names")
    targets = table.target_columns or []
    used = targets if label is None else [label]
    inputs = table.input_columns
    if inputs is None:
        inputs = [column for column in header if column not in used]
    _check_columns("input_columns", inputs, place_of, used)
    _check_columns("target_columns" if label is None else "class_column", used, place_of)
    places = [place_of[column] for column in [*inputs, *targets]]
    numbers, labels = array("d"), list[str]()
    for row in filter(None, reader):
        if len(row) != len(header):
            found = f"{len(row)} cells in line {reader.line_num} of {name}"
            raise UnusableError(KEY, found, f"{len(header)} cells")
        for place in places:
            try:
                number = float(row[place])
            except ValueError:
                number = math.nan
            if not math.isfinite(number):
                where = f"line {reader.line_num} of {name}, column {header[place]}"
                raise UnusableError(KEY, f"{row[place]!r} in {where}", "a finite number")
            numbers.append(number)
        labels.append("" if label is None else row[place_of[label]].strip())
        if len(labels) > MOST_SAMPLES:
            raise UnusableError(KEY, f"too many samples in {name}", f"at most {MOST_SAMPLES:,}")
    require(bool(labels), KEY, f"{name} with only a header", "at least one row of numbers")
    return inputs, targets, numbers, labels


def _check_columns(
    key: str, names: list[str], known: Collection[str], used: Collection[str] = ()
) -> None:
    require(bool(names), f"data.{key}", "no columns", "at least one column")
    before = set[str]()
    for index, column in enumerate(names):
        place = f"data.{key}" if key == "class_column" else f"data.{key}[{index}]"
        if column not in known:
            found = f"{column!r}, which is not a column"
            raise UnusableError(place, found, f"one of {', '.join(map(printable, known))}")
        require(column not in before, place, f"{column!r} twice", "each column once")
        require(column not in used, place, f"{column!r}, also a target", "input or target")
        before.add(column)
