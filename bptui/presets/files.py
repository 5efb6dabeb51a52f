"""Preset files -> experiments: finding, reading and loading them."""

from __future__ import annotations

import difflib
import os
from pathlib import Path

from bptui.core.errors import UnusableError
from bptui.core.experiment import Experiment
from bptui.presets.build import experiment
from bptui.presets.errors import PresetError, shown
from bptui.presets.parse import at, parse
from bptui.presets.shipped import shipped_file, shipped_names

LARGEST_FILE = 20_000_000
"""Bytes; the numbers of about a million parameters."""


def load(name_or_file: str) -> Experiment:
    """The experiment of a shipped preset or of a TOML file.

    A shipped name wins over a file unless it is written like a file, with a path separator or the
    ending ``.toml``. Raises :class:`PresetError`, whatever is wrong.
    """
    file = Path(name_or_file)
    if not _looks_like_file(name_or_file):
        found = shipped_file(name_or_file)
        if found is not None:
            file = found
        elif not name_or_file or not _exists(file):
            close = difflib.get_close_matches(name_or_file, shipped_names(), 3)
            hint = f"did you mean {' or '.join(close)}?" if close else "`bptui list` names them"
            raise PresetError(
                name_or_file or "''",
                "",
                "no shipped preset and no file of that name",
                f"a shipped preset or a TOML file; {hint}",
            )
    shown_name = name_or_file if file == Path(name_or_file) else file.name
    text = decoded(_read(file, shown_name), shown_name)
    return loads(text, file.stem, file.parent, shown_name, file)


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
        raise _too_large(file)
    preset, raw = parse(text, file)
    try:
        return experiment(preset, name, folder, path, text)
    except UnusableError as error:
        value = at(raw, error.key)
        same = isinstance(value, str) and error.found in (value, repr(value))
        found = shown(value) if same else error.found
        raise PresetError(file, error.key, found, error.expected) from None


def decoded(data: bytes, file: str) -> str:
    """The text of a preset file."""
    if len(data) > LARGEST_FILE:
        raise _too_large(file)
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise PresetError(
            file, "", f"bytes that are not UTF-8, at offset {error.start}", "a preset in TOML"
        ) from None


def _looks_like_file(name: str) -> bool:
    separators = (os.sep, os.altsep or os.sep)
    return name.endswith(".toml") or any(each in name for each in separators)


def _exists(file: Path) -> bool:
    try:
        return file.exists()
    except (OSError, ValueError):  # a name that no file can have
        return False


def _read(file: Path, name: str) -> bytes:
    try:
        with file.open("rb") as stream:
            return stream.read(LARGEST_FILE + 1)
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
    except ValueError:
        reason = "a name that no file can have"
    raise PresetError(name, "", f"a file that cannot be read ({reason})", "a preset in TOML")


def _too_large(file: str) -> PresetError:
    return PresetError(
        file, "", f"more than {LARGEST_FILE:,} bytes", f"a preset of at most {LARGEST_FILE:,} bytes"
    )
