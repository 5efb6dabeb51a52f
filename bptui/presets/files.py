"""Preset files -> experiments: finding, reading and parsing them, with errors that name the key."""

from __future__ import annotations

import difflib
import os
import re
import stat
import tomllib
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import msgspec

from bptui.core.errors import LARGEST_FILE, MOST_NUMBERS, UnusableError, reason_of, require
from bptui.core.experiment import Experiment
from bptui.presets.build import experiment
from bptui.presets.errors import PresetError, blamed_on, printable, shown
from bptui.presets.folders import named_file, own_names, shipped_names
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
_KINDS = {
    "int": "a whole number",
    "float": "a number",
    "str": "text in quotes",
    "bool": "true or false",
    "array": "a list",
    "object": "a table",
}
"""msgspec's names of types in words."""


def load(name_or_file: str) -> Experiment:
    """Return the experiment of a shipped preset, of one of the user's own, or of a TOML file.

    They are looked for in this order, unless the name is written like a file, with a path separator
    or the ending ``.toml``. Raises :class:`PresetError`, whatever is wrong.
    """
    file = find(name_or_file)
    shown_name = name_or_file if file == Path(name_or_file) else file.name
    with blamed_on(shown_name):
        text = text_of(file)
    return loads(text, printable(file.stem), file.parent, shown_name, file)


def find(name_or_file: str, commands: Iterable[str] = ()) -> Path:
    """Return the file of a preset; where there is none, :class:`PresetError` says what is close.

    That may be one of the ``commands`` too.
    """
    file = Path(name_or_file)
    if looks_like_file(name_or_file):
        return file
    named = named_file(name_or_file)
    if named is None and not os.path.exists(name_or_file):
        known = [*commands, *shipped_names(), *own_names()]
        close = difflib.get_close_matches(name_or_file[:LONGEST_NAME], known, 1)
        hint = f"did you mean {close[0]}?" if close else "`bptui list` shows them"
        expected = f"the name of a preset or a TOML file; {hint}"
        found = f"no {'command, ' if commands else ''}preset or file of that name"
        raise PresetError(name_or_file or "''", "", found, expected)
    return named or file


def looks_like_file(name: str) -> bool:
    """Return whether it is written like a file rather than like the name of a preset."""
    return name.endswith(".toml") or os.path.basename(name) != name


def loads(
    text: str, name: str, folder: Path, shown_name: str | None = None, path: Path | None = None
) -> Experiment:
    """Return the experiment in the TOML ``text``.

    ``name`` is its name, and its title where it gives none; ``folder`` is where its CSV file is
    looked for; ``shown_name`` stands in error messages, ``name`` if it is None; ``path`` is the
    file that the text was read from, if it was. Raises :class:`PresetError`.
    """
    with blamed_on(name if shown_name is None else shown_name):
        preset, raw = parse(text)
        try:
            return experiment(preset, name, folder, path, text)
        except UnusableError as error:
            value = _at(raw, error.key)
            if isinstance(value, str) and error.found in (value, repr(value)):
                error.found = shown(value)
            raise


def text_of(file: Path) -> str:
    """Return the text in a regular file; :class:`UnusableError` says why it cannot be read."""
    reason = "not a regular file; - reads standard input"
    try:
        mode = file.stat().st_mode
        # what the shell makes of <(...) has somebody who writes; to open other pipes may take
        # for ever, and some devices never end
        if stat.S_ISREG(mode) or stat.S_ISDIR(mode) or file.is_relative_to("/dev/fd"):
            with file.open("rb") as stream:
                data = stream.read(LARGEST_FILE + 1)
            return decoded(data)
    except OSError as error:
        reason = reason_of(error)
    except UnusableError:
        raise
    except ValueError:
        reason = "not a valid file name"
    raise UnusableError("", f"a file that cannot be read ({reason})", "a readable file")


def decoded(data: bytes) -> str:
    """Return the text in ``data``, byte order mark and line ends as they are."""
    most = f"{LARGEST_FILE:,} bytes"
    require(len(data) <= LARGEST_FILE, "", f"more than {most}", f"at most {most}")
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError as error:
        found = f"bytes that are not UTF-8, at offset {error.start}"
        raise UnusableError("", found, "text in UTF-8") from None


def parse(text: str) -> tuple[PresetFile, Raw]:
    """Return the preset in ``text``, and the same as plain values; raises :class:`UnusableError`.

    What would take long or much memory is refused before it is parsed.
    """
    _check_size(text)
    try:
        raw = tomllib.loads(text.removeprefix("\ufeff"))
    except RecursionError:
        raise UnusableError("", "lists nested too deeply", "a preset in TOML") from None
    except tomllib.TOMLDecodeError as error:
        raise UnusableError("", f"invalid TOML ({error})", "a preset in TOML") from None
    except ValueError:  # Python's limit for integers
        found = "a number with thousands of digits"
        raise UnusableError("", found, "shorter numbers") from None
    _check_keys(raw)
    try:
        return msgspec.convert(_with_settings(raw), PresetFile), raw
    except msgspec.ValidationError as error:
        raise _translated(str(error), raw) from None


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


def _check_keys(raw: Raw) -> None:
    """Refuse keys that the schema does not have."""
    for table in TABLES:
        found, known = raw.get(table) if table else raw, keys(table)
        for key in found if isinstance(found, Mapping) else ():
            if key not in known:
                close = difflib.get_close_matches(key[:LONGEST_NAME], known, 1)
                hint = f" (did you mean {close[0]}?)" if close else ""
                expected = f"one of {', '.join(known)}{hint}"
                raise UnusableError(_path(table, key), "an unknown key", expected)


def _path(table: str, key: str) -> str:
    return f"{table}.{key}" if table else key


def _with_settings(raw: Raw) -> Raw:
    """Return ``raw`` with the settings of optimizers in a table of their own, all of them numbers.

    msgspec would not say which of them is none.
    """
    training = raw.get("training")
    if not isinstance(training, Mapping):
        return raw
    settings = {name: training[name] for name in setting_names() if name in training}
    for name, value in settings.items():
        number = type(value) in (int, float) and abs(value) < 2**63
        require(number, f"training.{name}", shown(value), words("training", name).expected)
    rest = {key: value for key, value in training.items() if key not in settings}
    return {**raw, "training": {**rest, SETTINGS: settings}}


def _at(raw: Raw, path: str) -> object:
    """Return the plain value at a path such as ``network.layers[1]``; None where there is none."""
    value: Any = raw
    for part in re.findall(r"[^.\[\]]+", path):
        try:
            value = value[int(part) if isinstance(value, list) else part]
        except (LookupError, TypeError, ValueError):
            return None
    return value


def _translated(message: str, raw: Raw) -> UnusableError:
    """Return msgspec's message in our words."""
    place = re.search(r" - at `\$\.?(.*)`$", message)
    path, names = place[1] if place else "", re.findall("`(.*?)`", message)
    if message.startswith("Object missing required field"):
        return UnusableError(_path(path, names[0]), "nothing", words(path, names[0]).expected)
    found = shown(_at(raw, path))
    if re.search("[<>]=|out of range", message):
        return UnusableError(path, found, "a finite number of at most 64 bits")
    kinds = " or ".join(_KINDS[name] for name in names[0].split(" | ") if name in _KINDS)
    table, _, key = re.sub(r"\[.*", "", path).rpartition(".")
    said = words(table, key).expected
    return UnusableError(path, found, said if kinds in said else f"{kinds} ({said})")
