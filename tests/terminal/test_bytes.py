"""How much is written to a terminal: the cells that changed, and the latest frame only."""

import sys
from statistics import median

from .support import Terminal

KB = 1000
TRUECOLOR = {"COLORTERM": "truecolor"}


def written(terminal: Terminal, key: str, *texts: str) -> int:
    """The bytes that a key leads to."""
    before = len(terminal.written)
    terminal.press(key)
    terminal.shows(*texts)
    terminal.settles()
    return len(terminal.written) - before


def test_cells_that_changed_and_after_a_stall_the_latest_frame_alone() -> None:
    with Terminal("article", columns=120, lines=40, **TRUECOLOR) as terminal:
        terminal.shows("step 0 ", "linear")
        terminal.settles()
        assert len(terminal.written) <= 15 * KB
        assert not terminal.read(0.3)  # at rest nothing is written
        steps = [written(terminal, "s", f"step {each} ") for each in range(1, 6)]
        assert median(steps) <= 1.3 * KB
        operations = [written(terminal, "n", f"{each}/12") for each in range(1, 8)]
        assert median(operations) <= 1.3 * KB  # three forms of what they compute among them
        if sys.platform == "linux":  # where /proc tells what rests
            before = len(terminal.written)
            terminal.press("s" * 100)  # and nothing is read meanwhile
            terminal.rests()
            terminal.shows("step 105 ")
            terminal.settles()
            assert len(terminal.written) - before < 40 * KB
        terminal.press("q")
        assert terminal.ends() == 0
