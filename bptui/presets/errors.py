"""The one error of presets, and what others wrote made fit to be shown in a terminal."""

from __future__ import annotations

import re
import reprlib
import unicodedata
from collections.abc import Iterator
from contextlib import contextmanager

from bptui.core.errors import UnusableError

_SHORTENER = reprlib.Repr()
_SHORTENER.maxlist = _SHORTENER.maxdict = 4
_SHORTENER.maxstring = _SHORTENER.maxother = 60
_OF_ONE_WIDTH: dict[int, str | None] = {
    **dict.fromkeys(range(0xFE00, 0xFE10)),  # a picture in colours, or not
    **dict.fromkeys(range(0x1F3FB, 0x1F400)),  # the tone of a skin
    **{0x1F1E6 + place: chr(ord("A") + place) for place in range(26)},  # two make a flag
}
"""What joins with others to pictures: terminals do not agree on how wide that makes them."""
# seldom needed, and compiled then
_ESCAPE_SEQUENCE = r"\x1b\[[0-?]*[ -/]*[@-~]|\x1b\][^\x07\x1b\n]*(?:\x07|\x1b\\)?"


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


@contextmanager
def blamed_on(file: str) -> Iterator[None]:
    """Raise :class:`PresetError` about ``file`` for every :class:`UnusableError`."""
    try:
        yield
    except UnusableError as error:
        raise PresetError(file, error.key, error.found, error.expected) from None


def printable(text: str, longest: int = 300) -> str:
    """Return ``text`` on one line and not endlessly long; control characters are spelt out.

    For names and messages, where it matters what is really there.
    """
    text = text.translate(_OF_ONE_WIDTH)
    if len(text) > longest:
        text = f"{text[:longest]}..."
    return "".join(
        character if character.isprintable() else ascii(character)[1:-1] for character in text
    )


def cleaned(text: str) -> str:
    """Return ``text`` without anything that a terminal would obey; its lines stay.

    For prose: blanks of any kind are kept, tabs become blanks, and escape sequences, control
    characters, marks of direction and the like are left out.
    """
    text = text.translate(_OF_ONE_WIDTH)
    if "\x1b" in text:
        text = re.sub(_ESCAPE_SEQUENCE, "", text)
    kept = (
        character
        for character in "\n".join(text.replace("\t", " ").splitlines())
        if character == "\n" or unicodedata.category(character)[0] != "C"
    )
    return "".join(kept)


def shown(value: object) -> str:
    """Return a TOML value as people write it, shortened."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, dict):
        return "a table"
    if isinstance(value, list):
        return f"the list {_SHORTENER.repr(value)}" if value else "an empty list"
    if isinstance(value, int) and value.bit_length() > 64:
        # printing it could take for ever: Python itself refuses above 4300 digits
        return "a whole number of more than 64 bits"
    return _SHORTENER.repr(value) if isinstance(value, str) else str(value)
