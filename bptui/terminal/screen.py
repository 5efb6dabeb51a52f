"""The screen buffer: the character and the style of every cell, and the codes for styles."""

from __future__ import annotations

from functools import lru_cache
from typing import NamedTuple

from rich.cells import get_character_cell_size

_OFF = {
    "22": ("1", "2"),
    "23": ("3",),
    "24": ("4", "21"),
    "25": ("5", "6"),
    "27": ("7",),
    "28": ("8",),
    "29": ("9",),
    "54": ("51", "52"),
    "55": ("53",),
}
"""What switches attributes off that are switched on."""
_CLEARED_BY = {on: off for off, several in _OFF.items() for on in several}
_COLOURS = set(map(str, (*range(30, 38), *range(40, 48), *range(90, 98), *range(100, 108))))


class Style(NamedTuple):
    """Colours and attributes as the parameters that select them; "" is the terminal's own colour.

    ``link`` is the whole parameter of a hyperlink (OSC 8), or "".
    """

    foreground: str = ""
    background: str = ""
    attributes: tuple[str, ...] = ()
    link: str = ""


PLAIN = Style()


@lru_cache(maxsize=8192)
def selected(style: Style, parameters: str) -> Style | None:
    """Return ``style`` after ``ESC [ parameters m``; None where a parameter is not known."""
    foreground, background, attributes, link = style
    left = [code.lstrip("0") or "0" for code in parameters.split(";")]
    while left:
        code = left.pop(0)
        if code == "0":
            foreground, background, attributes = "", "", ()
        elif code in _CLEARED_BY:
            attributes = tuple(sorted({*attributes, code}))
        elif code in _OFF:
            attributes = tuple(other for other in attributes if _CLEARED_BY[other] != code)
        elif code in ("39", "49"):
            foreground, background = ("", background) if code == "39" else (foreground, "")
        elif code in ("38", "48"):
            size = {"5": 2, "2": 4}.get(left[0] if left else "", 0)
            if not size or len(left) < size:
                return None
            colour = ";".join((code, *left[:size]))
            left = left[size:]
            foreground, background = (colour, background) if code == "38" else (foreground, colour)
        elif code in _COLOURS:
            is_background = code[-2] == "4" or len(code) == 3
            foreground, background = (foreground, code) if is_background else (code, background)
        else:
            return None
    return Style(foreground, background, attributes, link)


@lru_cache(maxsize=8192)
def change(before: Style | None, after: Style) -> str:
    """Return the shortest codes that lead from one style to another; from None: from any."""
    link = ""
    if before is None or before.link != after.link:
        link = f"\x1b]8;{after.link or ';'}\x1b\\" if after.link or before else ""
    whole = ("0", *after.attributes, *filter(None, (after.foreground, after.background)))
    parameters = ";".join(whole).removeprefix("0;") if before == PLAIN else ";".join(whole)
    if before is not None:
        parameters = min(parameters, ";".join(_steps(before, after)), key=len)
        if before[:3] == after[:3]:
            return link
        if parameters == "0":
            parameters = ""
    return f"{link}\x1b[{parameters}m"


def _steps(before: Style, after: Style) -> list[str]:
    """Return the parameters for what differs alone."""
    gone = {_CLEARED_BY[code] for code in before.attributes if code not in after.attributes}
    kept = {code for code in before.attributes if _CLEARED_BY[code] not in gone}
    codes = sorted(gone) + [code for code in after.attributes if code not in kept]
    if before.foreground != after.foreground:
        codes.append(after.foreground or "39")
    if before.background != after.background:
        codes.append(after.background or "49")
    return codes


class ScreenBuffer:
    """``height`` rows of ``width`` cells, and where the next character goes.

    A character of two cells stands in the first; the second holds "". ``changed`` are the rows that
    were drawn on since it was emptied last.
    """

    def __init__(self, width: int, height: int) -> None:
        self.width, self.height = max(width, 1), max(height, 1)
        self.characters = [[" "] * self.width for _ in range(self.height)]
        self.styles = [[PLAIN] * self.width for _ in range(self.height)]
        self.changed = set[int]()
        self.x = self.y = 0
        self.style = PLAIN

    def move(self, x: int, y: int) -> None:
        """Go to a cell, or to the nearest one there is."""
        self.x = min(max(x, 0), self.width - 1)
        self.y = min(max(y, 0), self.height - 1)

    def draw(self, text: str) -> None:
        """Put printable characters into the cells from here on; what has no room ends the row."""
        if not text:
            return
        self.changed.add(self.y)
        if self.x + len(text) <= self.width and _are_single(text):
            self._place(list(text))
            return
        for cell in _cells(text):
            width = get_character_cell_size(cell[0])
            if width == 0:
                self._mark(cell)
                continue
            if self.x + width > self.width:  # lines do not wrap: the rest stays in the last cells
                self.x = max(self.width - width, 0)
            if width <= self.width:
                self._place([cell, *[""] * (width - 1)])

    def _place(self, cells: list[str]) -> None:
        row, end = self.characters[self.y], self.x + len(cells)
        for edge in (self.x, end):  # of a character that reaches over it a blank is left
            if 0 < edge < self.width and row[edge] == "":
                row[edge - 1] = row[edge] = " "
        row[self.x : end] = cells
        self.styles[self.y][self.x : end] = [self.style] * len(cells)
        self.x = end

    def _mark(self, mark: str) -> None:
        """Add a mark of no width to the character that was drawn before."""
        row, place = self.characters[self.y], min(self.x, self.width) - 1
        place -= place > 0 and row[place] == ""
        if place >= 0:
            row[place] += mark


_SINGLE: set[str] = set()
"""Characters seen so far, beyond ASCII, that take one cell."""


def _are_single(text: str) -> bool:
    """Return whether each character takes one cell."""
    if text.isascii() or _SINGLE.issuperset(text):
        return True
    _SINGLE.update(character for character in text if get_character_cell_size(character) == 1)
    return _SINGLE.issuperset(text)


def _cells(text: str) -> list[str]:
    """Return the characters, each with the marks of no width that follow it."""
    cells: list[str] = []
    for character in text:
        if cells and get_character_cell_size(character) == 0:
            cells[-1] += character
        else:
            cells.append(character)
    return cells
