"""A grid of styled characters: text over braille dots."""

from __future__ import annotations

from itertools import groupby

from rich.segment import Segment
from rich.style import Style
from textual.strip import Strip


class Canvas:
    """``width`` x ``height`` cells; dots of several edges in one cell are laid over each other."""

    def __init__(self, width: int, height: int, blank: Style) -> None:
        self.width, self.height = width, height
        self._text = [[" "] * width for _ in range(height)]
        self._styles = [[blank] * width for _ in range(height)]
        self._dots: dict[tuple[int, int], int] = {}
        self._strips: dict[int, Strip] = {}

    def copy(self) -> Canvas:
        """One more with the same cells."""
        other = Canvas(self.width, 0, Style())
        other.height = self.height
        other._text = [row[:] for row in self._text]
        other._styles = [row[:] for row in self._styles]
        other._dots = dict(self._dots)
        return other

    def write(self, row: int, column: int, text: str, style: Style) -> None:
        """Write ``text``, cut off at the edges, over whatever is there."""
        if not 0 <= row < self.height:
            return
        start, stop = max(column, 0), min(column + len(text), self.width)
        if start < stop:
            self._text[row][start:stop] = text[start - column : stop - column]
            self._styles[row][start:stop] = [style] * (stop - start)

    def dot(self, row: int, column: int, bits: int, style: Style, *, alone: bool = False) -> None:
        """Add braille dots to a cell, or put them there ``alone``, in the colour of their edge."""
        if bits and 0 <= row < self.height and 0 <= column < self.width:
            merged = bits if alone else self._dots.get((row, column), 0) | bits
            self._dots[row, column] = merged
            self._text[row][column] = chr(0x2800 + merged)
            self._styles[row][column] = style

    def strip(self, row: int, before: Canvas | None = None) -> Strip:
        """A row; the very strip of the canvas ``before`` where that had the same row."""
        text, styles = self._text[row], self._styles[row]
        made = None
        if before is not None and row in before._strips:
            same = text == before._text[row] and styles == before._styles[row]
            made = before._strips[row] if same else None
        self._strips[row] = _strip(text, styles) if made is None else made
        return self._strips[row]


def _strip(text: list[str], styles: list[Style]) -> Strip:
    segments, end = [], 0
    for _, same in groupby(styles, id):  # styles are few, so that equal ones are the same
        run = [*same]
        segments.append(Segment("".join(text[end : end + len(run)]), run[0]))
        end += len(run)
    return Strip(segments, end)
