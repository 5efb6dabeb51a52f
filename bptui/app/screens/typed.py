"""The preset as people type it: TOML, or values as on an exercise sheet; the names that keys take.

What TOML does not take is read as what it means: ``layers = 2-3-1``, ``activation = tanh``,
``bias = no``, ``learning_rate = .5``, rows of numbers below ``inputs =`` or ``weights =``, and the
weights of a layer behind ``W1 =``; a key without a value is left out.
"""

from __future__ import annotations

import csv
import re
import tomllib
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, NamedTuple

from bptui.core.activations import ACTIVATIONS
from bptui.core.data import DATASETS
from bptui.core.losses import LOSSES
from bptui.core.mistakes import MISTAKES
from bptui.core.network import INITIALIZERS
from bptui.core.optimizers import OPTIMIZERS
from bptui.presets.csv_file import delimiter
from bptui.presets.number_parsing import (
    EntryError,
    Rows,
    layers,
    matrix,
    names,
    number,
    shortened,
    switches,
    vector,
    whole,
)
from bptui.presets.schema import TABLES, default, keys, setting_names, words
from bptui.presets.toml_text import toml

BEGINS = re.compile(r"\s*(\w+)\s*=")
HEADER = re.compile(r"\s*\[\s*([a-z]+)\s*\]\s*(#.*)?")
COMMENT = re.compile(r"(^|\s+)#[^\n]*")
NESTED = re.compile(r"\[(?:[^\[\]]*\[[^\[\]]*\])+[^\[\]]*\]")
"""A matrix in the brackets of its rows and its own."""


def matrices(text: str) -> list[Rows]:
    """Return the matrices that have brackets of their own, or stand between blank lines."""
    alone = not re.search(r"\d", NESTED.sub("", text))
    blocks = NESTED.findall(text) if alone else []
    return [matrix(block) for block in blocks or re.split(r"\n\s*\n", text.strip())]


def vectors(text: str) -> Rows:
    """Return the vectors, one a line."""
    return [vector(line) for line in text.strip().splitlines()]


def activations(text: str) -> str | list[str]:
    """Return one name, or several."""
    found = names(text)
    return found[0] if len(found) == 1 else found


def listed(text: str) -> list[str]:
    """Return the names between commas."""
    return [name.strip(" \"'") for name in text.strip(" []\n").split(",")]


def option(text: str) -> str:
    """Return one name, also written ``Adam`` or ``cross entropy``."""
    return re.sub(r"[\s-]+", "_", text.strip("\"' \n").lower())


READ: Mapping[str, Callable[[str], object]] = {
    "network.layers": layers,
    "network.activation": activations,
    "parameters.weights": matrices,
    "parameters.biases": vectors,
    "training.batch_size": whole,
    "training.mistakes": names,
    **dict.fromkeys(("init.scheme", "training.loss", "training.reduction"), option),
    "training.optimizer": option,
    "data.inputs": matrix,
    "data.targets": matrix,
    "data.samples": whole,
    "data.dataset": option,
    "data.noise": number,
    "data.seed": whole,
    "data.target_columns": listed,
    "data.input_columns": listed,
}
"""What reads what is no TOML; other keys by their defaults."""
DEPTHS = {"parameters.weights": 3, "parameters.biases": 2, "data.inputs": 2, "data.targets": 2}
"""How deep lists are."""
TEXTS = ("title", "description", "source")
OPTIONS: Mapping[str, Collection[str]] = {
    "network.activation": ACTIVATIONS,
    "init.scheme": INITIALIZERS,
    "training.loss": LOSSES,
    "training.reduction": ["mean", "sum"],
    "training.optimizer": OPTIMIZERS,
    "training.mistakes": MISTAKES,
    "data.dataset": DATASETS,
}
"""The names that a key takes."""


class SheetError(Exception):
    """A value that cannot be read; ``key`` is its path in the preset."""

    def __init__(self, key: str, reason: str) -> None:
        super().__init__(f"{key}: {reason}" if key else reason)
        self.key = key


class Entry(NamedTuple):
    """A key and its value in a text, from line ``first`` to before line ``end``."""

    table: str
    key: str
    first: int
    end: int

    @property
    def path(self) -> str:
        """Its path in the preset."""
        return ".".join(filter(None, (self.table, self.key)))


def entries(lines: Sequence[str]) -> Iterator[Entry]:
    """Yield the keys of a text, and tables with an empty key, in order."""
    table, key, first, quoted = "", "", 0, False
    for row, line in enumerate([*lines, "[end]"]):
        header, begins = HEADER.fullmatch(line), BEGINS.match(line)
        if (header or begins) and (not quoted or row == len(lines)):
            end = row
            while end > first + 1 and lines[end - 1].lstrip()[:1] in ("", "#"):
                end -= 1
            yield Entry(table, key, first, end)
            table, key, first = (header[1], "", row) if header else (table, (begins or "=")[1], row)
        quoted ^= line.count('"""') % 2 == 1


def tidied(text: str) -> str:
    """Return a text in TOML; raises :class:`SheetError`."""
    lines = _with_lists(text.removeprefix("\ufeff").splitlines())
    found = [*entries(lines)]
    for place, entry in enumerate(found):
        if entry.path in (before.path for before in found[:place]):
            raise SheetError(entry.path, "stands twice")
        own = lines[entry.first : entry.end] * (not entry.key)
        for line in own:
            if line.strip() and not HEADER.fullmatch(line) and line.lstrip()[0] != "#":
                raise SheetError(entry.path, f"{shortened(line.strip())} is no key with a value")
    for entry in reversed(found):
        written = "\n".join(lines[entry.first : entry.end])
        if entry.key and not _is_toml(entry, written):
            typed, comments, made = written.partition("=")[2], list[str](), list[str]()
            if entry.path not in TEXTS:
                typed, comments = _commented(typed)
            if typed.strip():
                try:
                    made = f"{entry.key} = {toml(_read(entry, typed), entry.key)}".split("\n")
                except EntryError as error:
                    raise SheetError(entry.path, _reason(entry, typed, error)) from None
            if made and comments and "\n" not in typed:
                made[-1] += comments.pop()
            lines[entry.first : entry.end] = [*map(str.strip, comments), *made]
    return "\n".join(lines) + "\n" * text.endswith("\n")


def _commented(typed: str) -> tuple[str, list[str]]:
    """Return a value without its comments, and these."""
    return COMMENT.sub("", typed), [found[0] for found in COMMENT.finditer(typed)]


def _with_lists(lines: list[str]) -> list[str]:
    """Return lines with ``W1 =``, ``W2 =``, ... as ``weights =``, and b1, b2, ... as ``biases =``.

    Raises :class:`SheetError`.
    """
    for letter, key, read in (("W", "weights", matrix), ("b", "biases", vector)):
        numbered = re.compile(rf"{letter}([1-9]\d?)")
        values, comments, first = dict[int, object](), list[str](), 0
        for entry in reversed([*entries(lines)]):
            found = numbered.fullmatch(entry.key) if entry.table == "parameters" else None
            if found is not None:
                typed = "\n".join(lines[entry.first : entry.end]).partition("=")[2]
                typed, said = _commented(typed)
                try:
                    values[int(found[1])] = read(typed)
                except EntryError as error:
                    raise SheetError(entry.path, str(error)) from None
                comments, first = [*map(str.strip, said), *comments], entry.first
                del lines[entry.first : entry.end]
        if values:
            missing = [n for n in range(1, len(values) + 1) if n not in values]
            if missing:
                raise SheetError(f"parameters.{letter}{missing[0]}", "is missing")
            every = [values[n] for n in sorted(values)]
            lines[first:first] = [*comments, *f"{key} = {toml(every, key)}".split("\n")]
    return lines


def _is_toml(entry: Entry, written: str) -> bool:
    """Return whether a key and its value are TOML, and of arrays not only a part is there."""
    try:
        value = tomllib.loads(written).get(entry.key)
    except (ValueError, RecursionError):
        return False
    options = OPTIONS.get(entry.path)
    depth = 0
    while isinstance(value, list):
        depth, value = depth + 1, next(iter(value), None)
    counts = isinstance(_usual(entry), int) or READ.get(entry.path) is whole
    if isinstance(value, float) and counts:  # 1e6
        return False
    if options is not None and isinstance(value, str) and value not in options:
        return False
    return value is None or depth >= DEPTHS.get(entry.path, 0)


def _usual(entry: Entry) -> object:
    """Return the default of a key."""
    return default(entry.table, entry.key) if entry.table in TABLES else None


def _read(entry: Entry, typed: str) -> object:
    """Return what a text means as the value of a key; raises :class:`EntryError`."""
    usual, read = _usual(entry), READ.get(entry.path)
    if read is not None or isinstance(usual, bool):
        return (read or switches)(typed)
    if entry.key in setting_names() or isinstance(usual, float):
        return number(typed)
    return whole(typed) if isinstance(usual, int) else typed.strip().strip("\"'")


def _reason(entry: Entry, typed: str, error: EntryError) -> str:
    """Return what is wrong: maybe the line below a value, which is none of a key."""
    value, *more = typed.strip().splitlines()
    if more and entry.path not in DEPTHS:
        with suppress(EntryError):
            _read(entry, value)
            return f"{shortened(more[0].strip())} below {value} is no key with a value"
    return str(error)


def values_of(text: str) -> Mapping[str, Any]:
    """Return the values in a text by their tables, as far as it can be read."""
    try:
        return tomllib.loads(tidied(text))
    except (SheetError, ValueError, RecursionError):
        return {}


COLUMNS = ("class_column", "target_columns", "input_columns")
LONGEST_HEADER = 1_000_000
"""Characters that are looked for names of columns."""


def takes_names(entry: Entry) -> bool:
    """Return whether a key takes names that can be listed."""
    return entry.path in OPTIONS or (entry.table == "data" and entry.key in COLUMNS)


def names_for(entry: Entry, text: str, folder: Path) -> dict[str, str]:
    """Return the names that a key takes, each with what it means; of a table its other keys."""
    if not entry.key:
        there = {each.key for each in entries(text.splitlines()) if each.table == entry.table}
        known = keys(entry.table) if entry.table in TABLES else []
        return {
            key: words(entry.table, key).help
            for key in known
            if key not in there and key not in TABLES
        }
    if entry.table == "data" and entry.key in COLUMNS:
        named = values_of(text).get("data", {}).get("csv", "")
        return dict.fromkeys(columns_of(str(named), folder), "")
    names = OPTIONS.get(entry.path, ())
    return {name: MISTAKES[name].summary if name in MISTAKES else "" for name in names}


def with_name(entry: Entry, name: str, text: str) -> str:
    """Return the lines of a key with a name for its value; of several it is added, or taken out.

    A comment stays; a key that a table has not yet stands below the line that it is put to.
    """
    lines = text.split("\n")[entry.first : entry.end]
    if not entry.key:
        usual = default(entry.table, name)
        new = f"{name} = {toml([] if usual is None else usual, name)}"
        return "\n".join([*filter(str.strip, lines), new])
    held = values_of(text).get(entry.table, {}).get(entry.key)
    value: object = name
    if entry.key == "mistakes" or entry.key.endswith("_columns"):
        before = held if isinstance(held, list) else []
        value = [one for one in before if one != name] + [name] * (name not in before)
    comment = COMMENT.search(lines[-1])
    return f"{entry.key} = {toml(value, entry.key)}{comment[0] if comment else ''}"


def columns_of(name: str, folder: Path) -> tuple[str, ...]:
    """Return the columns of the CSV file ``name``; none where it cannot be read."""
    try:
        with (folder / name).open(encoding="utf-8-sig", newline="") as stream:
            line = stream.readline(LONGEST_HEADER)
        header = next(csv.reader([line], delimiter=delimiter(line)), [])
    except (OSError, ValueError, csv.Error):
        return ()
    return tuple(filter(str.isprintable, map(str.strip, header)))


def template() -> str:
    """Return the text of a new experiment: every key with its default, or with nothing."""
    lines = ["# f2 lists names, in an empty line keys; a key without a value is left out"]
    for table in TABLES:
        lines += ["", f"[{table}]"] if table else []
        for key in keys(table):
            if key not in TABLES:
                usual = default(table, key)
                value = "" if usual in (None, "", []) else f" {toml(usual, key)}"
                lines.append(f"{f'{key} ={value}':<28} # {words(table, key).help}")
    return "\n".join(lines) + "\n"
