"""Tells of first wrong lines that stand in a program's own modules, not in the file checked."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from bptui.trace.lines import Repair

Place = tuple[str, int, int, int, int]


def wrong_elsewhere(repairs: Sequence[Repair], places: Sequence[Place], file: Path) -> str | None:
    """Return the first wrong lines in other files than the one checked; None without any."""
    found: list[str] = []
    for repair in repairs:
        if repair.place >= 0 and places[repair.place][0] != str(file.absolute()):
            found.append(told_line(places[repair.place]))
    found = list(filter(None, found))
    return f"first wrong in {'; '.join(found)}" if found else None


def told_line(place: Place) -> str:
    """Return the line of a place with its file and number; nothing for code that is in no file."""
    file, line = place[:2]
    if not Path(file).is_file():  # it may be code that calls it
        return ""
    rows = Path(file).read_text(encoding="utf-8", errors="replace").splitlines()
    return f"{Path(file).name}, line {line}: {rows[line - 1].strip()}"
