"""Preset files -> experiments: finding, reading and loading them."""

from __future__ import annotations

import difflib
import os
from pathlib import Path

from bptui.core.errors import LARGEST_FILE, UnusableError
from bptui.core.experiment import Experiment
from bptui.presets.build import experiment
from bptui.presets.errors import PresetError, printable, shown
from bptui.presets.folders import own_file, own_names, shipped_file, shipped_names
from bptui.presets.parse import at, parse
from bptui.presets.reading import read, too_large

LONGEST_NAME = 100
"""Letters that are looked at to find names that are close."""


def known_names() -> list[str]:
    """Those of the shipped presets and of the user's own."""
    return [*shipped_names(), *own_names()]


def load(name_or_file: str) -> Experiment:
    """The experiment of a shipped preset, of one of the user's own, or of a TOML file.

    They are looked for in this order, unless the name is written like a file, with a path separator
    or the ending ``.toml``. Raises :class:`PresetError`, whatever is wrong.
    """
    file = find(name_or_file)
    shown_name = name_or_file if file == Path(name_or_file) else file.name
    text = read(file, shown_name)
    return loads(text, printable(file.stem), file.parent, shown_name, file)


def find(name_or_file: str) -> Path:
    """The file of a preset; where none has that name, :class:`PresetError` says what is close."""
    file = Path(name_or_file)
    if looks_like_file(name_or_file):
        return file
    named = shipped_file(name_or_file) or own_file(name_or_file)
    if named is not None:
        return named
    if not name_or_file or not _exists(file):
        close = difflib.get_close_matches(name_or_file[:LONGEST_NAME], known_names(), 1)
        hint = f"did you mean {close[0]}?" if close else "`bptui list` shows them"
        raise PresetError(
            name_or_file or "''",
            "",
            "no preset or file of that name",
            f"the name of a preset or a TOML file; {hint}",
        )
    return file


def loads(
    text: str, name: str, folder: Path, shown_name: str | None = None, path: Path | None = None
) -> Experiment:
    """The experiment in the TOML ``text``.

    ``name`` is its name, and its title where it gives none; ``folder`` is where its CSV file is
    looked for; ``shown_name`` stands in error messages, ``name`` if it is None; ``path`` is the
    file that the text was read from, if it was.
    """
    file = name if shown_name is None else shown_name
    if len(text) > LARGEST_FILE:
        raise too_large(file)
    preset, raw = parse(text, file)
    try:
        return experiment(preset, name, folder, path, text)
    except UnusableError as error:
        value = at(raw, error.key)
        same = isinstance(value, str) and error.found in (value, repr(value))
        found = shown(value) if same else error.found
        raise PresetError(file, error.key, found, error.expected) from None


def looks_like_file(name: str) -> bool:
    """Whether it is written like a file rather than like the name of a preset."""
    separators = (os.sep, os.altsep or os.sep)
    return name.endswith(".toml") or any(each in name for each in separators)


def _exists(file: Path) -> bool:
    try:
        return file.exists()
    except (OSError, ValueError):  # a name that no file can have
        return False
