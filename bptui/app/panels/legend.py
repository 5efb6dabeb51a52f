"""What the marks in the loss chart stand for, in a line or two below it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from rich.cells import cell_len, set_cell_size
from rich.style import Style
from textual.strip import Strip

from bptui.app.lines import Line


class Entry(NamedTuple):
    """A mark and what it stands for."""

    mark: str
    text: str
    style: Style

    def shortened(self, room: int) -> Entry:
        """The same with a text of at most ``room`` columns."""
        if cell_len(self.text) <= room:
            return self
        cut = set_cell_size(self.text, room - 1).rstrip() + "…" if room > 1 else ""
        return Entry(self.mark, cut, self.style)

    @property
    def words(self) -> str:
        """What stands behind the mark."""
        return f" {self.text}" if self.text else ""

    @property
    def width(self) -> int:
        return cell_len(self.mark + self.words)


def arranged(entries: Sequence[Entry], width: int, most: int) -> list[list[Entry]]:
    """The entries in at most ``most`` lines, their texts shortened as far as that takes."""
    if not entries or most < 1:
        return []
    for room in range(max(cell_len(each.text) for each in entries), -1, -1):
        lines = _wrapped([each.shortened(room) for each in entries], width)
        if len(lines) <= most:
            break
    return lines[:most]


def between(entries: Sequence[Entry]) -> int:
    """Blanks between entries: fewer where marks stand alone."""
    return 3 if any(each.text for each in entries) else 1


def _wrapped(entries: Sequence[Entry], width: int) -> list[list[Entry]]:
    lines: list[list[Entry]] = []
    left, gap = 0, between(entries)
    for each in entries:
        if lines and each.width + gap <= left:
            lines[-1].append(each)
            left -= each.width + gap
        else:
            lines.append([each])
            left = width - each.width
    return lines


def painted(line: Sequence[Entry], style: Style) -> Strip:
    """A line of entries, the texts in ``style``."""
    made, gap = Line(), " " * between(line)
    for place, each in enumerate(line):
        made.add(gap if place else "", style)
        made.add(each.mark, each.style).add(each.words, style)
    return made.strip()
