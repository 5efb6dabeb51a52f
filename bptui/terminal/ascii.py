"""Text for terminals that show ASCII only, or little more: each character by one as wide.

Nothing moves by it: a character is replaced by as many as it takes cells, combining marks and
everything else without a width by nothing.
"""

# ruff: noqa: RUF001  the characters that are easily mistaken are those to be replaced

from __future__ import annotations

import codecs
import re
import sys
import unicodedata
from collections.abc import Mapping
from io import TextIOWrapper

LIKENESSES = {
    "…": "~",
    "·•∘○◦◇◆●◉⊙⊗": ".*ooo*#@@**",
    "▸▹►▶▷→⇒›»↳": ">>>>>>>>>>",
    "◂◃◄◀◁←⇐‹«": "<<<<<<<<<",
    "▲△▴↑⇑": "^^^^^",
    "▼▽▾↓⇓": "vvvvv",
    "■□★☆✓✔✗✘": "#o**vvxx",
    "−–—‒―×÷√∂∇≈≤≥≠±∞∙⋅": "-----x/Vdd~<>!+8..",
    "‘’‚“”„′″": "'''\"\"\"'\"",
    "█▓▒░▀▄▌▐▔▁▂▃▅▆▇": '##:."_||-___=##',
    "▉▊▋▍▎▏▕▖▗▘▝": "#||||||..''",
    "⎡⎢⎣⎤⎥⎦": "[[[]]]",
    "╱╲╳┆┊": "/\\X::",
    "，。、": (", ", ". ", ", "),
    "🔎": (" >",),
}
"""Characters by what looks most like them, each at the same place of the other text."""
COERCED = ("C.UTF-8", "C.utf8", "UTF-8")
"""What Python itself puts into LC_CTYPE where it finds the locale C (PEP 538)."""
LOCALE = ("LC_ALL", "LC_CTYPE", "LANG")
"""Where the locale's encoding stands; the first that is set counts."""
CONSOLE = "─│┌┐└┘├┤┬┴┼█▀▄▌▐░▒▓·°²±»«"
"""What every font of the Linux console has beyond ASCII."""
ROUNDED = dict(zip("╭╮╰╯", "┌┐└┘", strict=True))
FIRST_BRAILLE, LAST_BRAILLE = 0x2800, 0x28FF
ROWS = (0x09, 0x12, 0x24, 0xC0)
"""The bits of the four rows of a braille character's dots, from the top."""
LEFT, RIGHT = 0x47, 0xB8
"""The bits of its columns."""
UPRIGHT, LEVEL = {"VERTICAL", "UP", "DOWN"}, {"HORIZONTAL", "LEFT", "RIGHT"}
"""The ways in which lines lead, in the names of the characters that draw boxes."""
_FOREIGN = re.compile(r"[ -~]?[^\x00-\x7f]+[ -~]?")
_JOINING = re.compile("[\u200d\ufe0f]")


def locale_is_utf8(environment: Mapping[str, str]) -> bool:
    """Return whether the locale's encoding is UTF-8.

    Where no locale is set at all, as in most containers, the terminal around is nearly always one
    of today, and it is. A name without an encoding (C, POSIX, en_US) stands for an older one.
    """
    named = next(filter(None, map(environment.get, LOCALE)), "UTF-8")
    if named == environment.get("LC_CTYPE") and named in COERCED:
        named = environment.get("LANG") or named
    encoding = named.partition("@")[0].rpartition(".")[2]
    return is_utf8(encoding)


def is_utf8(encoding: str | None) -> bool:
    """Return whether ``encoding`` is a name of UTF-8; without one ASCII is safe."""
    return (encoding or "").lower().replace("-", "").replace("_", "") == "utf8"


def prepare_output(environment: Mapping[str, str]) -> None:
    """Have what standard output and standard error cannot encode written in ASCII.

    On a terminal with a locale of another encoding that is all, even where Python would write
    UTF-8.
    """
    codecs.register_error("ascii-likeness", _encodable)
    for stream in (sys.stdout, sys.stderr):
        if not isinstance(stream, TextIOWrapper):
            continue
        stream.reconfigure(errors="ascii-likeness")
        if stream.isatty() and not locale_is_utf8(environment):
            stream.reconfigure(encoding="ascii")


def _encodable(error: UnicodeError) -> tuple[str, int]:
    if not isinstance(error, UnicodeEncodeError):
        raise error
    return to_ascii(error.object[error.start : error.end]), error.end


class _Table(dict[int, str]):
    """What stands for each character, found when it first occurs."""

    def __init__(self, kept: str) -> None:
        super().__init__((code, chr(code)) for code in range(128))
        self._lines = "─" in kept
        self.update((ord(character), character) for character in kept)
        if kept:
            self.update((ord(each), square) for each, square in ROUNDED.items())
        for characters, likenesses in LIKENESSES.items():
            for character, likeness in zip(characters, likenesses, strict=True):
                self.setdefault(ord(character), likeness)

    def __missing__(self, code: int) -> str:
        from rich.cells import get_character_cell_size  # not for commands that write ASCII anyway

        character = chr(code)
        width = get_character_cell_size(character)
        likeness = _likeness(character)[:width].ljust(width, "?")
        if self._lines and 0x2500 <= code < 0x2580:  # heavy and double lines become light ones
            likeness = {"-": "─", "|": "│", "=": "─", "+": "┼"}.get(likeness, likeness)
        self[code] = likeness
        return likeness

    def replaced(self, text: str) -> str:
        """Return ``text`` in these characters, as wide as before; ASCII stays as it is."""
        if text.isascii():
            return text
        if _JOINING.search(text) is None:
            return text.translate(self)
        # these make one picture of several characters: only the width of all of them is known
        return _FOREIGN.sub(self._as_wide, text)

    def _as_wide(self, found: re.Match[str]) -> str:
        from rich.cells import cell_len

        width = cell_len(found[0])
        return found[0].translate(self)[:width].ljust(width, "?")


def _likeness(character: str) -> str:
    """Return one or more ASCII characters that resemble ``character``; ? where nothing is known."""
    if FIRST_BRAILLE <= ord(character) <= LAST_BRAILLE:
        return _braille(ord(character) - FIRST_BRAILLE)
    name = unicodedata.name(character, "")
    if name.startswith("BOX DRAWINGS"):
        words = set(name.split())
        if words & UPRIGHT:
            return "+" if words & LEVEL else "|"
        return "=" if "DOUBLE" in words and "DASH" not in words else "-"
    if name.startswith("GREEK") and "LETTER" in name:
        letter = name.partition("LETTER ")[2][:1]
        return letter if "CAPITAL" in name else letter.lower()
    plain = unicodedata.normalize("NFKD", character).encode("ascii", "ignore").decode()
    return plain if plain.isprintable() and plain else "?"


def _braille(dots: int) -> str:
    """Return the character for up to eight dots: a direction, or a height where they are level."""
    sides = [[row for row, bits in enumerate(ROWS) if dots & bits & side] for side in (LEFT, RIGHT)]
    rows = sorted(sides[0] + sides[1])
    if not rows:
        return " "
    left, right = (sum(side) / len(side) if side else None for side in sides)
    if left is not None and right is not None and abs(right - left) >= 1.5:
        return "\\" if right > left else "/"
    if len(rows) >= 7:
        return "#"
    level = {*sides[0]} & {*sides[1]} if len(rows) <= 4 else set[int]()  # what others lead into
    if rows[-1] - rows[0] >= 2 and not level:
        return "|"
    height = sum(level or rows) / len(level or rows)
    if height < 1.0:
        return "'"
    return "-" if height <= 2.0 else "_" if all(sides) else "."


to_ascii, to_console = _Table("").replaced, _Table(CONSOLE).replaced
