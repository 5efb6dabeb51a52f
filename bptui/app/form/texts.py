"""The values of a preset -> the texts that stand for them in the form."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby

from bptui.app.key_queue import LONGEST_LINE

MOST_SHOWN = 2000
"""Numbers that a text area shows without being asked."""
LONGEST_SHOWN = LONGEST_LINE
"""Characters, likewise."""
_REPEATED = 4
"""Equal names in a row that are written as one with a count."""


@dataclass(frozen=True, eq=False)
class Kept:
    """Rows of numbers that stay as they are, without a text: there are too many of them."""

    rows: list[list[float]]


def matrix_text(rows: list[list[float]]) -> str:
    """``rows`` a line each, in columns where there are few of them; reads back to the same bits."""
    texts = [[repr(value) for value in row] for row in rows]
    if sum(map(len, texts)) > MOST_SHOWN:
        return "\n".join(" ".join(row) for row in texts)
    widths = [max(map(len, column)) for column in zip(*texts, strict=True)]
    return "\n".join(
        "  ".join(text.ljust(width) for text, width in zip(row, widths, strict=True)).rstrip()
        for row in texts
    )


def kept_or_text(rows: list[list[float]]) -> str | Kept:
    """The text of ``rows``, or the rows themselves where nobody would read it."""
    if sum(map(len, rows)) > MOST_SHOWN or len({len(row) for row in rows}) > 1:
        return Kept(rows)
    return matrix_text(rows)


def vector_text(values: Sequence[float]) -> str:
    return " ".join(map(repr, values))


def names_text(names: str | Sequence[str]) -> str:
    """``relu*7, sigmoid``"""
    if isinstance(names, str):
        return names
    parts = list[str]()
    for name, group in groupby(names):
        count = len([*group])
        parts += [f"{name}*{count}"] if count >= _REPEATED else [name] * count
    return ", ".join(parts)


def switches_text(switches: bool | Sequence[bool]) -> str:
    if isinstance(switches, bool):
        return yes_or_no(switches)
    return names_text([yes_or_no(each) for each in switches])


def yes_or_no(switch: bool) -> str:
    return "yes" if switch else "no"


def columns_text(names: Sequence[str]) -> str:
    """Names of columns between commas, in quotes where they hold commas themselves."""
    stream = io.StringIO()
    csv.writer(stream, lineterminator="").writerow(names)
    return stream.getvalue().replace("\n", " ")


def printable(text: str) -> str:
    """``text`` without what a terminal would obey; its lines stay."""
    if text.isprintable():
        return text
    lines = text.splitlines()
    return "\n".join(
        "".join(each if each.isprintable() else " " for each in line) for line in lines
    )
