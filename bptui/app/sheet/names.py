"""What the sheet lists: names that a key takes, keys that a table has not yet; the template."""

from __future__ import annotations

import csv
from pathlib import Path

from bptui.app.sheet.typed import COMMENT, OPTIONS, Entry, entries, values_of
from bptui.core.mistakes import MISTAKES
from bptui.presets.csv_file import delimiter
from bptui.presets.schema import TABLES, default, keys, words
from bptui.presets.toml_text import toml

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
