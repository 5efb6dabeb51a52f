"""The rows of a CSV file -> numbers, many at a time, with limits that hold while it is read."""

from __future__ import annotations

import csv
import math
from collections.abc import Iterator, Sequence
from itertools import chain, islice
from operator import itemgetter
from typing import TextIO

import msgspec

from bptui.core.errors import LARGEST_FILE, MOST_SAMPLES, UnusableError

KEY = "data.csv"
LONGEST_LINE = 2_000_000
"""Characters: a hundred thousand columns with names or numbers."""
MOST_LINES = 2 * MOST_SAMPLES
_AT_ONCE = 500
"""Rows that are turned into numbers together."""
_DECODER = msgspec.json.Decoder(list[float])


class Rows:
    """The rows of ``stream`` that hold anything; error messages call it ``name``.

    The reader raises ``csv.Error``, and everything here :class:`UnusableError`.
    """

    def __init__(self, stream: TextIO, name: str) -> None:
        self._reader = csv.reader(_lines(stream, name), strict=True)
        self._name = name
        self.header = [cell.strip() for cell in next(self._reader, [])]

    def parts(self) -> Iterator[Part]:
        """The rows after the header, some at a time."""
        reader, width = self._reader, len(self.header)
        # quoted cells may span lines, so that the reader knows the line better than a count does
        while found := [(row, reader.line_num) for row in islice(reader, _AT_ONCE)]:
            part = Part([row for row, _ in found if row], self.header, self._name)
            part.lines = [line for row, line in found if row]
            for row, line in zip(part.rows, part.lines, strict=True):
                if len(row) != width:
                    place = f"line {line} of {self._name}"
                    raise UnusableError(KEY, f"{len(row)} cells in {place}", f"{width} cells")
            if reader.line_num > MOST_LINES:
                raise UnusableError(
                    KEY, f"too many lines in {self._name}", f"at most {MOST_LINES:,}"
                )
            if part.rows:
                yield part


class Part:
    """Some ``rows`` of cells, as many in each as ``header`` has, and the ``lines`` they end in."""

    def __init__(self, rows: list[list[str]], header: Sequence[str], name: str) -> None:
        self.rows = rows
        self.lines = list[int]()
        self._header, self._name = header, name

    def numbers(self, places: Sequence[int]) -> list[float]:
        """The numbers in the columns at ``places``, row by row."""
        if len(places) < 2:  # of which itemgetter makes no tuples
            cells = [row[place] for row in self.rows for place in places]
        else:
            cells = [*chain.from_iterable(map(itemgetter(*places), self.rows))]
        try:
            # several times as fast as one by one; what JSON does not know is looked at below
            values = _DECODER.decode(f"[{','.join(cells)}]")
        except msgspec.MsgspecError:
            values = []
        if len(values) == len(cells):  # a comma in a cell makes two of one
            return values
        return [
            self._number(row[place], line, place)
            for row, line in zip(self.rows, self.lines, strict=True)
            for place in places
        ]

    def _number(self, cell: str, line: int, place: int) -> float:
        try:
            value = float(cell)
        except ValueError:
            value = math.nan
        if not math.isfinite(value):
            where = f"line {line} of {self._name}, column {self._header[place]}"
            raise UnusableError(KEY, f"{cell!r} in {where}", "a finite number")
        return value


def _lines(stream: TextIO, name: str) -> Iterator[str]:
    """The lines, none of them too long; not every file says truly how large it is."""
    size = 0
    while line := stream.readline(LONGEST_LINE + 1):
        size += len(line)
        if len(line) > LONGEST_LINE:
            found = f"a line of more than {LONGEST_LINE:,} characters in {name}"
            raise UnusableError(KEY, found, "shorter lines")
        if size > LARGEST_FILE:
            raise UnusableError(
                KEY, f"more than {LARGEST_FILE:,} bytes in {name}", "a shorter file"
            )
        yield line
