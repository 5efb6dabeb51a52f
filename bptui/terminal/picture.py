"""A picture of the terminal's screen: the character and the style of every cell."""

from __future__ import annotations

from rich.cells import get_character_cell_size

from bptui.terminal.styles import PLAIN


class Picture:
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
            self._put(text)
            return
        for cell in _cells(text):
            self._draw_one(cell)

    def _put(self, text: str) -> None:
        row, end = self.characters[self.y], self.x + len(text)
        self._split(self.x)
        if end < self.width:
            self._split(end)
        row[self.x : end] = text
        self.styles[self.y][self.x : end] = [self.style] * len(text)
        self.x = end

    def _draw_one(self, cell: str) -> None:
        """One character with the marks that belong to it."""
        row, width = self.characters[self.y], get_character_cell_size(cell[0])
        if width == 0:  # a mark whose character was drawn before
            place = min(self.x, self.width) - 1
            place -= place > 0 and row[place] == ""
            if place >= 0:
                row[place] += cell
            return
        if self.x + width > self.width:  # lines do not wrap: what follows stays in the last cells
            self.x = max(self.width - width, 0)
        if width > self.width:
            return
        self._split(self.x)
        if self.x + width < self.width:
            self._split(self.x + width)
        row[self.x : self.x + width] = [cell] + [""] * (width - 1)
        self.styles[self.y][self.x : self.x + width] = [self.style] * width
        self.x += width

    def _split(self, x: int) -> None:
        """Make room from ``x`` on: of a character that reaches over it a blank is left."""
        row = self.characters[self.y]
        if x > 0 and row[x] == "":
            row[x - 1] = row[x] = " "


_SINGLE: set[str] = set()
"""Characters seen so far, beyond ASCII, that take one cell."""


def _are_single(text: str) -> bool:
    """Whether each character takes one cell."""
    if text.isascii() or _SINGLE.issuperset(text):
        return True
    _SINGLE.update(each for each in text if get_character_cell_size(each) == 1)
    return _SINGLE.issuperset(text)


def _cells(text: str) -> list[str]:
    """Characters, each with the marks of no width that follow it."""
    cells: list[str] = []
    for character in text:
        if cells and get_character_cell_size(character) == 0:
            cells[-1] += character
        else:
            cells.append(character)
    return cells
