"""Reads the columns of a CSV file: numbers row by row, class names as labels."""

from __future__ import annotations

import csv
from array import array
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path
from typing import TextIO

import numpy as np

from bptui.core.arrays import Array, Integers
from bptui.core.errors import LARGEST_FILE, MOST_SAMPLES, UnusableError, require
from bptui.presets.csv_rows import KEY, Rows

MOST_CLASSES = 10_000


@dataclass(frozen=True)
class Columns:
    """Which columns to read; all that are no targets are inputs where ``inputs`` is None."""

    inputs: list[str] | None
    targets: list[str] | None
    label: str | None


@dataclass(frozen=True, eq=False)
class Content:
    """Inputs and targets (samples, columns); labels (samples,) into the sorted class names."""

    input_names: list[str]
    inputs: Array
    targets: Array
    labels: Integers | None
    class_names: list[str]


def read_csv(folder: Path, name: str, columns: Columns, most_numbers: int) -> Content:
    """The ``columns`` of the CSV file ``name`` in ``folder``.

    The first row names the columns. Raises :class:`UnusableError` with the line of what is wrong.
    """
    require(
        (columns.targets is None) != (columns.label is None),
        "data",
        "neither target_columns nor class_column"
        if columns.targets is None
        else "target_columns and class_column",
        "one of target_columns and class_column",
    )
    try:
        path = folder / name
        there = path.exists() and not path.is_file()  # a folder, or a device that never ends
        found = f"{str(path)!r}, which is not a regular file" if there else f"no file {str(path)!r}"
        require(path.is_file(), KEY, found, "the name of a CSV file")
        size = path.stat().st_size
        require(size <= LARGEST_FILE, KEY, f"{name} of {size:,} bytes", f"at most {LARGEST_FILE:,}")
        with path.open(encoding="utf-8-sig", newline="") as stream:
            return _read(stream, name, columns, most_numbers)
    except UnicodeDecodeError:
        raise UnusableError(KEY, f"bytes in {name} that are not UTF-8", "text in UTF-8") from None
    except csv.Error as error:
        raise UnusableError(KEY, f"{name} with an error ({error})", "a CSV file") from None
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        raise UnusableError(
            KEY, f"{name}, which cannot be read ({reason})", "a readable CSV file"
        ) from None
    except UnusableError:
        raise
    except ValueError:  # a NUL in the name
        raise UnusableError(KEY, repr(name), "the name of a CSV file") from None


def _read(stream: TextIO, name: str, columns: Columns, most_numbers: int) -> Content:
    rows = Rows(stream, name)
    header = rows.header
    require(any(header), KEY, f"{name} without a header", "a first row that names the columns")
    place_of = {column: place for place, column in enumerate(header)}
    if len(place_of) < len(header):
        twice = next(column for place, column in enumerate(header) if place_of[column] != place)
        raise UnusableError(KEY, f"{name} with two columns named {twice!r}", "distinct names")
    used = {*(columns.targets or []), *([columns.label] if columns.label is not None else [])}
    inputs = columns.inputs
    if inputs is None:
        inputs = [column for column in header if column not in used]
    _check_columns("input_columns", inputs, place_of, used)
    _check_columns("target_columns", columns.targets, place_of, ())
    if columns.label is not None and columns.label not in place_of:
        raise UnusableError("data.class_column", *_missing(columns.label, place_of))
    places = [place_of[column] for column in [*inputs, *(columns.targets or [])]]
    label = None if columns.label is None else place_of[columns.label]
    numbers, labels, seen = array("d"), array("q"), dict[str, int]()
    count = 0
    for part in rows.parts():
        count += len(part.rows)
        require(
            count <= MOST_SAMPLES, KEY, f"too many samples in {name}", f"at most {MOST_SAMPLES:,}"
        )
        require(
            count * len(places) <= most_numbers,
            KEY,
            f"too many numbers in {name}",
            f"at most {most_numbers:,}",
        )
        numbers.extend(part.numbers(places))
        if label is not None:
            labels.extend([seen.setdefault(row[label].strip(), len(seen)) for row in part.rows])
            most = f"at most {MOST_CLASSES:,}"
            require(
                len(seen) <= MOST_CLASSES, "data.class_column", f"too many classes in {name}", most
            )
    require(count > 0, KEY, f"{name} with only a header", "at least one row of numbers")
    table = np.frombuffer(numbers, dtype=np.float64).reshape(count, len(places))
    names = sorted(seen)
    rank = {label: index for index, label in enumerate(names)}
    order = np.array([rank[each] for each in seen], dtype=np.intp)
    return Content(
        input_names=inputs,
        inputs=table[:, : len(inputs)],
        targets=table[:, len(inputs) :],
        labels=None if label is None else order[np.frombuffer(labels, dtype=np.int64)],
        class_names=names,
    )


def _check_columns(
    key: str, names: list[str] | None, header: Collection[str], used: Collection[str]
) -> None:
    if names is None:
        return
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
