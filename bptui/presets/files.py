"""Preset files -> experiments: finding, reading and parsing them, with errors that name the key."""

from __future__ import annotations

import difflib
import math
import os
import re
import stat
import tomllib
from collections.abc import Mapping
from pathlib import Path

import msgspec

from bptui.core.errors import LARGEST_FILE, MOST_NUMBERS, UnusableError, require
from bptui.core.experiment import Experiment
from bptui.presets.build import experiment
from bptui.presets.errors import PresetError, printable, shown
from bptui.presets.folders import own_file, own_names, shipped_file, shipped_names
from bptui.presets.schema import SETTINGS, TABLES, PresetFile, keys, setting_names, words

Raw = Mapping[str, object]

LONGEST_NAME = 100
"""Characters that are looked at to find names that are close."""
MOST_WORDS = 250_000
"""Characters that are no part of numbers and lists."""
MOST_LINES = 1_000_000
"""Lines, and also lists."""
_OF_NUMBERS = b"0123456789+-.eE,[] \t\r\n"
_DEEP_KEY = re.compile(r"""(?<![\w.-])(?:(?:[\w-]++|"[^"\n]*+"|'[^'\n]*+')[ \t]*+\.[ \t]*+){32}""")
"""Takes tomllib the square of its length."""
_PLACE = re.compile(r" - at `\$\.?(.*)`$")
_PART = re.compile(r"[^.\[\]]+")
_KINDS = {
    "int": "a whole number",
    "float": "a number",
    "str": "text in quotes",
    "bool": "true or false",
    "array": "a list",
    "object": "a table",
}
"""msgspec's names of types in words."""


def known_names() -> list[str]:
    """Return the names of the shipped presets and of the user's own."""
    return [*shipped_names(), *own_names()]


def load(name_or_file: str) -> Experiment:
    """Return the experiment of a shipped preset, of one of the user's own, or of a TOML file.

    They are looked for in this order, unless the name is written like a file, with a path separator
    or the ending ``.toml``. Raises :class:`PresetError`, whatever is wrong.
    """
    file = find(name_or_file)
    shown_name = name_or_file if file == Path(name_or_file) else file.name
    text = read(file, shown_name)
    return loads(text, printable(file.stem), file.parent, shown_name, file)


def find(name_or_file: str) -> Path:
    """Return the file of a preset; where there is none, :class:`PresetError` says what is close."""
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


def looks_like_file(name: str) -> bool:
    """Return whether it is written like a file rather than like the name of a preset."""
    separators = (os.sep, os.altsep or os.sep)
    return name.endswith(".toml") or any(separator in name for separator in separators)


def _exists(file: Path) -> bool:
    try:
        return file.exists()
    except (OSError, ValueError):  # a name that no file can have
        return False


def loads(
    text: str, name: str, folder: Path, shown_name: str | None = None, path: Path | None = None
) -> Experiment:
    """Return the experiment in the TOML ``text``.

    ``name`` is its name, and its title where it gives none; ``folder`` is where its CSV file is
    looked for; ``shown_name`` stands in error messages, ``name`` if it is None; ``path`` is the
    file that the text was read from, if it was. Raises :class:`PresetError`.
    """
    file = name if shown_name is None else shown_name
    preset, raw = parse(text, file)
    try:
        return experiment(preset, name, folder, path, text)
    except UnusableError as error:
        value = _at(raw, error.key)
        same = isinstance(value, str) and error.found in (value, repr(value))
        found = shown(value) if same else error.found
        raise PresetError(file, error.key, found, error.expected) from None


def read(file: Path, name: str) -> str:
    """Return the text in ``file``, which error messages call ``name``."""
    try:
        mode = file.stat().st_mode
        # what the shell makes of <(...) has somebody who writes; to open other pipes may take
        # for ever, and some devices never end
        if stat.S_ISREG(mode) or stat.S_ISDIR(mode) or file.is_relative_to("/dev/fd"):
            with file.open("rb") as stream:
                return decoded(stream.read(LARGEST_FILE + 1), name)
        reason = "not a regular file; - reads standard input"
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
    except ValueError:
        reason = "not a valid file name"
    raise PresetError(name, "", f"a file that cannot be read ({reason})", "a preset in TOML")


def decoded(data: bytes, file: str) -> str:
    """Return the text of a preset file, byte order mark and line ends as they are."""
    if len(data) > LARGEST_FILE:
        found = f"more than {LARGEST_FILE:,} bytes"
        raise PresetError(file, "", found, f"a preset of at most {LARGEST_FILE:,} bytes")
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError as error:
        found = f"bytes that are not UTF-8, at offset {error.start}"
        raise PresetError(file, "", found, "a preset in TOML") from None


def parse(text: str, file: str) -> tuple[PresetFile, Raw]:
    """Return the preset in ``text``, and the same as plain values; raises :class:`PresetError`.

    What would take long or much memory is refused before it is parsed.
    """
    found, expected = "", "a preset in TOML"
    try:
        _check_size(text)
        raw = tomllib.loads(text.removeprefix("\ufeff"))
        _check_numbers(raw, "")
        _check_keys(raw)
        return msgspec.convert(_with_settings(raw), PresetFile), raw
    except UnusableError as error:
        raise PresetError(file, error.key, error.found, error.expected) from None
    except msgspec.ValidationError as error:
        raise _translated(error, raw, file) from None
    except RecursionError:
        found = "lists nested too deeply"
    except tomllib.TOMLDecodeError as error:
        found = f"invalid TOML ({error})"
    except ValueError:  # Python's limit for integers
        found, expected = "a number with thousands of digits", "shorter numbers"
    raise PresetError(file, "", found, expected)


def _check_size(text: str) -> None:
    data = text.encode(errors="replace")
    for count, most, what in (
        (len(data), LARGEST_FILE, "bytes"),
        (len(data.translate(None, _OF_NUMBERS)), MOST_WORDS, "characters beside numbers"),
        (data.count(b","), MOST_NUMBERS, "numbers"),
        (data.count(b"["), MOST_LINES, "lists"),
        (data.count(b"\n"), MOST_LINES, "lines"),
    ):
        require(count <= most, "", f"more than {most:,} {what}", f"at most {most:,}")
    if deep := _DEEP_KEY.search(text):
        raise UnusableError("", f"a key with many parts ({deep[0][:20]}...)", "keys with two parts")


def _check_numbers(value: object, path: str) -> None:
    """Refuse nan, inf and integers of any size, which TOML knows: no key has a use for them."""
    if isinstance(value, dict):
        for key, inner in value.items():
            _check_numbers(inner, f"{path}.{key}" if path else key)
    elif isinstance(value, list):
        for index, inner in enumerate(value):
            if isinstance(inner, list | dict) or not _is_usable(inner):
                _check_numbers(inner, f"{path}[{index}]")
    elif not _is_usable(value):
        finite = "a finite number" if isinstance(value, float) else "a number of at most 64 bits"
        raise UnusableError(path, shown(value), finite)


def _is_usable(value: object) -> bool:
    if isinstance(value, float):
        return math.isfinite(value)
    return not isinstance(value, int) or -(2**63) <= value < 2**63


def _check_keys(raw: Raw) -> None:
    """Refuse keys that the schema does not have, and settings that are no numbers."""
    for table in TABLES:
        found = raw.get(table) if table else raw
        if not isinstance(found, Mapping):
            continue
        known = keys(table)
        for key in found:
            if key not in known:
                close = difflib.get_close_matches(key[:LONGEST_NAME], known, 1)
                hint = f" (did you mean {close[0]}?)" if close else ""
                expected = f"one of {', '.join(known)}{hint}"
                raise UnusableError(_path(table, key), "an unknown key", expected)


def _path(table: str, key: str) -> str:
    return f"{table}.{key}" if table else key


def _with_settings(raw: Raw) -> Raw:
    """Return ``raw`` with the settings of optimizers in a table of their own."""
    training = raw.get("training")
    if not isinstance(training, Mapping):
        return raw
    settings = {name: training[name] for name in setting_names() if name in training}
    for name, value in settings.items():
        number = isinstance(value, int | float) and not isinstance(value, bool)
        require(number, f"training.{name}", shown(value), words("training", name).expected)
    rest = {key: value for key, value in training.items() if key not in settings}
    return {**raw, "training": {**rest, SETTINGS: settings}}


def _at(raw: Raw, path: str) -> object:
    """Return the plain value at a path such as ``network.layers[1]``; None where there is none."""
    value: object = raw
    for part in _PART.findall(path):
        if isinstance(value, Mapping):
            value = value.get(part)
        elif isinstance(value, list) and part.isdecimal() and int(part) < len(value):
            value = value[int(part)]
        else:
            return None
    return value


def _translated(error: msgspec.ValidationError, raw: Raw, file: str) -> PresetError:
    """Return msgspec's message in our words."""
    text = str(error)
    place = _PLACE.search(text)
    path, names = place[1] if place else "", re.findall("`(.*?)`", text)
    if text.startswith("Object missing required field"):
        return PresetError(file, _path(path, names[0]), "nothing", words(path, names[0]).expected)
    kinds = " or ".join(_KINDS[name] for name in names[0].split(" | ") if name in _KINDS)
    table, _, key = re.sub(r"\[.*", "", path).rpartition(".")
    said = words(table, key).expected
    if path != _path(table, key):
        said = f"{kinds} ({_path(table, key)} is {said})"
    elif kinds not in said:
        said = f"{kinds} ({said})" if said not in kinds else kinds
    return PresetError(file, path, shown(_at(raw, path)), said)
