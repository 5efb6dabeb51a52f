"""Tells in which line of the file checked a place is, and what stands in its other modules."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from bptui.trace.lines import Repair
from bptui.trace.run import Run

Place = tuple[str, int, int, int, int]


class LineOf:
    """Tells the line of a place; 0 for places in other files."""

    def __init__(self, run: Run, file: Path) -> None:
        self.places, self.file = run.places, str(file.absolute())

    def __call__(self, place: int) -> int:
        if place < 0 or self.places[place][0] != self.file:
            return 0
        return self.places[place][1]


def wrong_elsewhere(repairs: Sequence[Repair], line_of: LineOf) -> str | None:
    """Return the first wrong lines in other files than the one checked; None without any."""
    other = [one.place for one in repairs if one.place >= 0 and not line_of(one.place)]
    found = [*filter(None, (told_line(line_of.places[place]) for place in other))]
    return f"first wrong in {'; '.join(found)}" if found else None


def told_line(place: Place) -> str:
    """Return the line of a place with its file and number; nothing for code that is in no file."""
    file, line = place[:2]
    if not Path(file).is_file():  # it may be code that calls it
        return ""
    rows = Path(file).read_text(encoding="utf-8", errors="replace").splitlines()
    return f"{Path(file).name}, line {line}: {rows[line - 1].strip()}"
