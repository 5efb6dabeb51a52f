"""TOML with its long lists of numbers set aside.

Parsers of TOML take seconds for some megabytes. Long lists of numbers are read as JSON, which is
hundreds of times as fast; what is left is short in every preset that people or the app write.
All limits hold before anything is built of the text.
"""

from __future__ import annotations

import itertools
import re
import tomllib
from collections.abc import Callable, Iterator

import msgspec

from bptui.core.errors import MOST_NUMBERS

LONGEST_REST = 250_000
"""Characters beside the lists that are set aside; to rewrite them takes up to two seconds."""
MOST_LISTS = 1_000_000
"""In lists that are set aside, all together."""
LONG = 500
"""Characters from which on a list is set aside."""
_DEEPEST_KEY = 8

_BLANKS, _DIGITS = r"[ \t\r\n,]*+", r"[0-9eE.+\-, \t\r\n]*+"
_FLAT = rf"\[{_DIGITS}\]"
_ROWS = rf"\[(?:{_BLANKS}{_FLAT})*+{_BLANKS}\]"
_MATRICES = rf"\[(?:{_BLANKS}{_ROWS})*+{_BLANKS}\]"
# longer strings are not gone through to their end: they are beyond the limit
_SOME = f"{{0,{LONGEST_REST}}}+"
_STRING = "|".join(
    (
        rf'"""(?:[^"\\]++|\\.|"(?!"")){_SOME}"{{3,5}}',
        rf"'''(?:[^']++|'(?!'')){_SOME}'{{3,5}}",
        rf'"(?:[^"\\\n]++|\\.){_SOME}"',
        r"'[^'\n]*+'",
    )
)
_PART = re.compile(
    rf"(?P<string>{_STRING})|(?P<comment>\#[^\n]*+)"
    rf"|(?P<numbers>{_MATRICES}|{_ROWS}|{_FLAT})|[^\"'\#\[]++|\[|(?P<open>.++)",
    re.DOTALL,
)
_DEEP_KEY = re.compile(rf"(?:\.[ \t]*(?:[\w-]+|\"\")[ \t]*){{{_DEEPEST_KEY}}}")
# seldom needed, and compiled then
_TRAILING_COMMA = r",([ \t\r\n]*\])"
_LARGE_WHOLE = r"(?<![.\d])\d{19,}(?![.\deE])"
_PLACE = r"\(at line (\d+), column (\d+)\)$"


class TooLongError(ValueError):
    """A text beyond the limits: what was ``found``, and what is ``expected``."""

    def __init__(self, found: str, expected: str) -> None:
        super().__init__(f"found {found}; expected {expected}")
        self.found, self.expected = found, expected


class Aside(msgspec.Struct, frozen=True):
    """A list of numbers that was set aside: its text and its value."""

    text: str
    value: object


class Outline(msgspec.Struct, frozen=True):
    """A text in which marks stand for the lists set aside.

    A mark is a number in TOML that ends in ``ending``, as nothing else in the text does.
    """

    text: str
    ending: str
    aside: dict[str, Aside]

    def loaded(self, check: Callable[[str, object], None] | None = None) -> dict[str, object]:
        """The values of the whole text; raises what ``tomllib.loads`` does.

        ``check`` gets the key path and the value of every number and text that is not set aside.
        """
        try:
            plain = tomllib.loads(self.text, parse_float=self._number)
        except tomllib.TOMLDecodeError as error:
            if not self.aside:
                raise
            raise tomllib.TOMLDecodeError(re.sub(_PLACE, self._place, str(error))) from None
        for key, value in _filled(plain):
            if check is not None:
                check(key, value)
        return plain

    def restored(self, text: str) -> str:
        """``text`` with the lists in the places of their marks."""
        marks = rf"\d+{re.escape(self.ending)}"
        return re.sub(marks, lambda found: self.aside[found[0]].text, text) if self.aside else text

    def text_of(self, mark: str) -> str | None:
        """The list that ``mark`` stands for; None if it is no mark."""
        aside = self.aside.get(mark)
        return None if aside is None else aside.text

    def mark(self, text: str) -> str:
        """A new mark, for the list ``text``."""
        made = f"{len(self.aside)}{self.ending}"
        self.aside[made] = Aside(text, None)
        return made

    def _number(self, text: str) -> float | Aside:
        return self.aside.get(text) or float(text)

    def _place(self, found: re.Match[str]) -> str:
        """The line of the whole text for that of the outline."""
        before = self.text.split("\n")[: int(found[1])]
        before[-1] = before[-1][: int(found[2]) - 1]
        return f"(at line {self.restored(chr(10).join(before)).count(chr(10)) + 1})"


def outline(text: str) -> Outline:
    """The outline of the TOML ``text``; raises :class:`TooLongError`."""
    ending = next(each for each in map(".5e{}".format, itertools.count(777)) if each not in text)
    made = Outline("", ending, {})
    parts, keys = list[str](), list[str]()
    rest = numbers = lists = 0
    for found in _PART.finditer(text):
        part = found[0]
        if found.lastgroup == "numbers" and len(part) >= LONG:
            numbers, lists = numbers + part.count(","), lists + part.count("[")
            _limited(numbers, MOST_NUMBERS, "numbers")
            _limited(lists, MOST_LISTS, "nested lists")
            value = _decoded(part)
            if value is not None:
                mark = f"{len(made.aside)}{ending}"
                made.aside[mark] = Aside(part, value)
                parts.append(mark)
                keys.append(mark)
                continue
        rest += len(part)
        _limited(rest, LONGEST_REST, "characters outside long lists of plain numbers")
        parts.append(part)
        if found.lastgroup != "comment":
            keys.append('""' if found.lastgroup == "string" else part)
    if deep := _DEEP_KEY.search("".join(keys)):
        raise TooLongError(f"a key with many parts (...{deep[0][:20]}...)", "keys with two parts")
    return Outline("".join(parts), ending, made.aside)


def _limited(count: int, most: int, what: str) -> None:
    if count > most:
        raise TooLongError(f"more than {most:,} {what}", f"at most {most:,}")


def _decoded(text: str) -> object:
    """The value of a list of numbers, or None where TOML and JSON may not agree about it."""
    if re.search(_LARGE_WHOLE, text) or text.count("\r") != text.count("\r\n"):
        return None
    try:
        return msgspec.json.decode(re.sub(_TRAILING_COMMA, r"\1", text))
    except msgspec.MsgspecError:
        return None


def _filled(plain: dict[str, object]) -> Iterator[tuple[str, object]]:
    """Put the lists set aside into ``plain``; the key paths and values of all else."""
    left: list[tuple[str, dict[str, object] | list[object]]] = [("", plain)]
    while left:
        path, container = left.pop()
        items = container.items() if isinstance(container, dict) else enumerate(container)
        for key, value in [*items]:
            place = f"{path}[{key}]" if isinstance(key, int) else f"{path}.{key}" if path else key
            if isinstance(value, Aside):
                container[key] = value.value
            elif isinstance(value, dict | list):
                left.append((place, value))
            else:
                yield place, value
