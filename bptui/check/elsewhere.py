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
        other, line = places[repair.place][:2] if repair.place >= 0 else (str(file.absolute()), 0)
        if other != str(file.absolute()) and Path(other).is_file():  # it may be code that calls it
            rows = Path(other).read_text(encoding="utf-8", errors="replace").splitlines()
            found.append(f"{Path(other).name}, line {line}: {rows[line - 1].strip()}")
    return f"first wrong in {'; '.join(found)}" if found else None
