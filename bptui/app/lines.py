"""Lines of styled text for the line API: runs of equal style are merged."""

from __future__ import annotations

from rich.cells import cell_len, set_cell_size
from rich.segment import Segment
from rich.style import Style
from textual.strip import Strip


class Line:
    """Collects text with styles into a strip."""

    def __init__(self) -> None:
        self._parts: list[tuple[str, Style]] = []
        self.width = 0

    def add(self, text: str, style: Style) -> Line:
        if text:
            if self._parts and self._parts[-1][1] is style:
                self._parts[-1] = (self._parts[-1][0] + text, style)
            else:
                self._parts.append((text, style))
            self.width += len(text) if text.isascii() else cell_len(text)
        return self

    def pad(self, column: int, style: Style) -> Line:
        """Blanks up to ``column``."""
        return self.add(" " * max(column - self.width, 0), style)

    def strip(self) -> Strip:
        return Strip([Segment(text, style) for text, style in self._parts], self.width)


BLANK = Strip([], 0)


def fitted(text: str, room: int) -> str:
    """``text`` cut to ``room`` cells, the cut shown."""
    if cell_len(text) <= room:
        return text
    return set_cell_size(text, room - 1) + "…" if room > 0 else ""


def justified(text: str, room: int) -> str:
    """``text`` at the right end of ``room`` cells."""
    text = fitted(text, room)
    return " " * (room - cell_len(text)) + text
