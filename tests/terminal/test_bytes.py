"""How much is written to a terminal: the cells that changed, and the latest frame only."""

from __future__ import annotations

import select
import sys
from pathlib import Path
from statistics import median
from time import monotonic

import pytest

from .support import SECONDS, Terminal

KB = 1000
TRUECOLOR = {"COLORTERM": "truecolor"}
TICKS = 3
"""Looks at the clock of a process, 0.1 s apart, between which it must not have moved."""


def rests(process: int) -> None:
    """Wait until a process has nothing left to do, without reading what it writes."""
    seen: list[str] = []
    deadline = monotonic() + SECONDS
    while len(seen) < TICKS or len(set(seen[-TICKS:])) > 1:
        assert monotonic() < deadline, "it never comes to rest"
        seen.append(Path(f"/proc/{process}/stat").read_text().rsplit(")")[1].split()[11])
        select.select([], [], [], 0.1)


def written(terminal: Terminal, key: str, *texts: str) -> int:
    """The bytes that a key leads to."""
    before = len(terminal.written)
    terminal.press(key)
    terminal.shows(*texts)
    terminal.settles()
    return len(terminal.written) - before


def test_cells_that_changed() -> None:
    with Terminal("article", columns=120, lines=40, **TRUECOLOR) as terminal:
        terminal.shows("step 0 ", "linear", "0.18")
        terminal.settles()
        assert len(terminal.written) <= 15 * KB
        assert not terminal.read(0.5)  # at rest nothing is written
        steps = [written(terminal, "s", f"step {each} ") for each in range(1, 10)]
        assert median(steps) <= 2 * KB
        operations = [written(terminal, "n", f"{each}/12") for each in range(1, 13)]
        assert median(operations) <= KB
        terminal.press("q")
        assert terminal.ends() == 0


@pytest.mark.skipif(sys.platform != "linux", reason="reads the clock of a process from /proc")
def test_a_terminal_that_stalls_gets_the_latest_frame_alone() -> None:
    with Terminal("article", columns=120, lines=40, **TRUECOLOR) as terminal:
        terminal.shows("step 0 ", "linear")
        terminal.settles()
        before = len(terminal.written)
        terminal.press("s" * 300)  # and nothing is read meanwhile
        rests(terminal.process.pid)
        terminal.shows("step 300 ")
        terminal.settles()
        assert len(terminal.written) - before < 60 * KB
        terminal.press("q")
        assert terminal.ends() == 0
