"""Text -> schema: TOML, then every value's type, with errors that name the key."""

from __future__ import annotations

import difflib
import math
import re
import tomllib
from collections.abc import Mapping

import msgspec

from bptui.core.errors import UnusableError
from bptui.presets.errors import PresetError, shown
from bptui.presets.outline import TooLongError, outline
from bptui.presets.schema import TABLES, PresetFile, expectation

Raw = Mapping[str, object]

_LONGEST_NAME = 100
"""Characters of a key that are compared with those known."""
# compiled when there is an error to be told
_PLACE = r" - at `\$\.?(.*)`$"
_PART = r"[^.\[\]]+"
_WORDS = {
    "int": "a whole number",
    "float": "a number",
    "str": "text in quotes",
    "bool": "true or false",
    "array": "a list",
    "object": "a table",
}


def parse(text: str, file: str) -> tuple[PresetFile, Raw]:
    """The preset in ``text``, and the same as plain values; :class:`PresetError` if unusable."""
    try:
        raw = outline(text.removeprefix("\ufeff")).loaded(_check_number)
        _check_keys(raw)
        return msgspec.convert(raw, PresetFile), raw
    except UnusableError as error:
        raise PresetError(file, error.key, error.found, error.expected) from None
    except TooLongError as error:
        raise PresetError(file, "", error.found, error.expected) from None
    except RecursionError:
        raise PresetError(file, "", "lists nested too deeply", "a preset in TOML") from None
    except msgspec.ValidationError as error:
        raise _translated(error, raw, file) from None
    except tomllib.TOMLDecodeError as error:
        raise PresetError(file, "", f"invalid TOML ({error})", "a preset in TOML") from None
    except ValueError:  # Python's limit for integers
        raise PresetError(
            file, "", "a number with thousands of digits", "shorter numbers"
        ) from None


def at(raw: Raw, key: str) -> object:
    """The plain value at a key path such as ``network.layers[1]``; None where there is none."""
    value: object = raw
    for part in re.findall(_PART, key):
        if isinstance(value, Mapping):
            value = value.get(part)
        elif isinstance(value, list) and part.isdecimal() and int(part) < len(value):
            value = value[int(part)]
        else:
            return None
    return value


def _check_number(key: str, value: object) -> None:
    """TOML knows nan, inf, and (read leniently) integers of any size: no key has a use for them."""
    if isinstance(value, float) and not math.isfinite(value):
        raise UnusableError(key, shown(value), "a finite number")
    if isinstance(value, int) and not -(2**63) <= value < 2**63:
        raise UnusableError(key, shown(value), "a number of at most 64 bits")


def _check_keys(raw: Raw) -> None:
    for table, struct in TABLES.items():
        found = raw.get(table) if table else raw
        if not isinstance(found, Mapping):
            continue
        known = struct.__struct_fields__
        for key in found:
            if key not in known:
                close = difflib.get_close_matches(key[:_LONGEST_NAME], known, 1)
                hint = f" (did you mean {close[0]}?)" if close else ""
                raise UnusableError(
                    f"{table}.{key}" if table else key,
                    "an unknown key",
                    f"one of {', '.join(known)}{hint}",
                )


def _translated(error: msgspec.ValidationError, raw: Raw, file: str) -> PresetError:
    """msgspec's message in our words."""
    text = str(error)
    place = re.search(_PLACE, text)
    path = place[1] if place else ""
    text = re.sub(_PLACE, "", text)
    names = re.findall("`(.*?)`", text)
    if text.startswith("Object missing required field"):
        key = f"{path}.{names[0]}" if path else names[0]
        return PresetError(file, key, "nothing", expectation(path, names[0]))
    types = [_WORDS[each] for each in names[0].split(" | ") if each in _WORDS]
    expected = " or ".join(types) or text
    parts = re.findall(_PART, path)
    if len(parts) > 1 and "." in path:
        whole = f"{parts[0]}.{parts[1]}"
        words = expectation(parts[0], parts[1])
        if path == whole and (words.startswith(expected) or words in expected):
            expected = words
        elif words not in expected:
            expected += f" ({words})" if path == whole else f" ({whole} is {words})"
    return PresetError(file, path, shown(at(raw, path)), expected)
