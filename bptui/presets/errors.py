"""The one error of presets, and values put into words for its message."""

from __future__ import annotations

import reprlib

_SHORTENER = reprlib.Repr()
_SHORTENER.maxlist = _SHORTENER.maxdict = 4
_SHORTENER.maxstring = _SHORTENER.maxother = 60
_LONGEST = 300
_INTEGER_BITS = 64


class PresetError(Exception):
    """A preset that cannot be used: ``file: key: found ...; expected ...``.

    ``key`` is the path of the culprit (``network.layers[1]``), empty where it is the whole file.
    """

    def __init__(self, file: str, key: str, found: str, expected: str) -> None:
        self.file, self.key, self.found, self.expected = map(
            printable, (file, key, found, expected)
        )
        place = f"{self.file}: {self.key}" if key else self.file
        super().__init__(f"{place}: found {self.found}; expected {self.expected}")


def printable(text: str) -> str:
    """``text`` on one line, without control characters, and not endlessly long."""
    if len(text) > _LONGEST:
        text = f"{text[:_LONGEST]}..."
    return "".join(each if each.isprintable() else ascii(each)[1:-1] for each in text)


def shown(value: object) -> str:
    """A TOML value as people write it, shortened."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, dict):
        return "a table" if value else "an empty table"
    if isinstance(value, list):
        return f"the list {_SHORTENER.repr(value)}" if value else "an empty list"
    if isinstance(value, int) and value.bit_length() > _INTEGER_BITS:
        # printing it could take for ever: Python itself refuses above 4300 digits
        return "a whole number of more than 64 bits"
    return _SHORTENER.repr(value) if isinstance(value, str) else str(value)
