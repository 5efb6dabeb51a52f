"""What the marks in a chart or a picture stand for, in a line or two below it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from rich.cells import cell_len
from rich.style import Style
from textual.strip import Strip

from bptui.app.lines import Line, fitted


class Entry(NamedTuple):
    """A mark and what it stands for."""

    mark: str
    text: str
    style: Style

    @property
    def width(self) -> int:
        return cell_len(f"{self.mark} {self.text}".rstrip())


def arranged(entries: Sequence[Entry], width: int, most: int) -> list[list[Entry]]:
    """Return the entries in at most ``most`` lines, their texts cut as far as that takes."""
    if not entries or most < 1:
        return []
    lines: list[list[Entry]] = []
    for room in range(max(cell_len(entry.text) for entry in entries), -1, -1):
        lines = _wrapped([entry._replace(text=_cut(entry.text, room)) for entry in entries], width)
        if len(lines) <= most:
            break
    return lines[:most]


def _cut(text: str, room: int) -> str:
    if cell_len(text) <= room:
        return text
    return fitted(text, room).removesuffix("…").rstrip() + "…" if room > 1 else ""


def between(entries: Sequence[Entry]) -> int:
    """Return the blanks between entries: fewer where marks stand alone."""
    return 3 if any(entry.text for entry in entries) else 1


def _wrapped(entries: Sequence[Entry], width: int) -> list[list[Entry]]:
    lines: list[list[Entry]] = []
    left, gap = 0, between(entries)
    for entry in entries:
        if not lines or entry.width + gap > left:
            lines.append([])
            left = width + gap
        lines[-1].append(entry)
        left -= entry.width + gap
    return lines


def painted(line: Sequence[Entry], style: Style) -> Strip:
    """Return a line of entries, the texts in ``style``."""
    made, gap = Line(), " " * between(line)
    for place, entry in enumerate(line):
        made.add(gap if place else "", style)
        made.add(entry.mark, entry.style).add(f" {entry.text}" if entry.text else "", style)
    return made.strip()
