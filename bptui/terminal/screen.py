"""The screen buffer: the character and the style of every cell, and the codes for styles."""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache
from itertools import takewhile
from typing import NamedTuple

from rich.cells import get_character_cell_size
from rich.color import Color, ColorSystem
from rich.style import Style as RichStyle

ATTRIBUTES = dict(
    zip(
        ("bold", "dim", "italic", "underline", "blink", "blink2", "reverse", "conceal", "strike"),
        "123456789",
        strict=True,
    )
) | {"underline2": "21", "frame": "51", "encircle": "52", "overline": "53"}
"""By rich's names: what switches an attribute on."""
SHOWS_ON_BLANKS = {"4", "7", "9", "21", "53"}
"""Attributes that a blank shows, and an erased cell does not."""


class Style(NamedTuple):
    """The parameters that select colours and attributes; "" is the terminal's own colour."""

    foreground: str = ""
    background: str = ""
    attributes: tuple[str, ...] = ()

    @property
    def shows_on_blanks(self) -> bool:
        """Whether more than the background is seen where nothing but blanks is written."""
        return not SHOWS_ON_BLANKS.isdisjoint(self.attributes)


PLAIN = Style()


@lru_cache(maxsize=8192)
def style_of(style: RichStyle | None, colours: ColorSystem) -> Style:
    """Return rich's ``style`` as a terminal of so many ``colours`` shows it."""
    if style is None:
        return PLAIN

    def parameters(colour: Color | None, foreground: bool) -> str:
        if colour is None or colour.is_default:
            return ""
        return ";".join(colour.downgrade(colours).get_ansi_codes(foreground))

    attributes = tuple(on for name, on in ATTRIBUTES.items() if getattr(style, name))
    return Style(parameters(style.color, True), parameters(style.bgcolor, False), attributes)


@lru_cache(maxsize=8192)
def of_blanks(style: Style, before: Style) -> Style:
    """Return in which style blanks are written: in the one ``before`` where they look the same."""
    alike = style.background == before.background
    hidden = not (style.shows_on_blanks or before.shows_on_blanks)
    return before if alike and hidden else style


@lru_cache(maxsize=8192)
def change(before: Style | None, after: Style) -> str:
    """Return the codes that lead from one style to another; from None: from any."""
    if before == after:
        return ""
    if before is None or after == PLAIN or not set(before.attributes).issubset(after.attributes):
        codes, before = ["0"], PLAIN  # switching off singly seldom takes less
    else:
        codes = []
    codes += [code for code in after.attributes if code not in before.attributes]
    if before.foreground != after.foreground:
        codes.append(after.foreground or "39")
    if before.background != after.background:
        codes.append(after.background or "49")
    return f"\x1b[{'' if codes == ['0'] else ';'.join(codes)}m"


class ScreenBuffer:
    """``height`` rows of ``width`` cells.

    A character of two cells stands in the first; the second holds "". ``changed`` are the rows that
    were drawn on since it was emptied last, each with the first cell and the one after the last.
    """

    def __init__(self, width: int, height: int) -> None:
        self.width, self.height = max(width, 1), max(height, 1)
        self.characters = [[" "] * self.width for _ in range(self.height)]
        self.styles = [[PLAIN] * self.width for _ in range(self.height)]
        self.changed = dict[int, tuple[int, int]]()

    def note(self, y: int, x: int, end: int) -> None:
        """Take note that these cells are drawn on, and perhaps those beside them."""
        first, last = self.changed.get(y, (x, end))
        self.changed[y] = max(min(first, x - 1), 0), min(max(last, end + 1), self.width)

    def draw(self, x: int, y: int, pieces: Iterable[tuple[str, Style]]) -> None:
        """Put pieces of text behind each other into the cells from ``x`` on, as far as they fit."""
        cells: list[str] = []
        styles: list[Style] = []
        for text, style in pieces:
            drawn = text if _are_single(text) else _cells(text)
            cells += drawn
            blanks = sum(1 for _ in takewhile(" ".__eq__, drawn))
            styles += [of_blanks(style, styles[-1] if styles else PLAIN)] * blanks
            styles += [style] * (len(cells) - len(styles))
        cells = cells[: max(self.width - x, 0)]
        row, end = self.characters[y], x + len(cells)
        for edge in (x, end):  # of a character that reaches over it a blank is left
            if 0 < edge < self.width and row[edge] == "":
                row[edge - 1] = row[edge] = " "
        row[x:end] = cells
        self.styles[y][x:end] = styles[: len(cells)]


_SINGLE: set[str] = set()
"""Characters seen so far, beyond ASCII, that take one cell."""


def _are_single(text: str) -> bool:
    """Return whether each character takes one cell."""
    if (text.isascii() and text.isprintable()) or _SINGLE.issuperset(text):
        return True
    _SINGLE.update(character for character in text if get_character_cell_size(character) == 1)
    return _SINGLE.issuperset(text)


def _cells(text: str) -> list[str]:
    """Return the characters, each with the marks of no width that follow it."""
    cells: list[str] = []
    for character in text:
        if width := get_character_cell_size(character):
            cells += [character, *[""] * (width - 1)]
        elif cells and character >= "\xa0":  # no control character
            cells[-1 if cells[-1] else -2] += character
    return cells
