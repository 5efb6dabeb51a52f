"""Programs in a real pseudo-terminal, read as raw bytes: no emulator slows the clock down."""

from collections.abc import Sequence
from pathlib import Path
from time import perf_counter

from ..terminal.support import Terminal as Emulated

SMALLEST = """\
import numpy as np
from textual.app import App, ComposeResult
from textual.widgets import Static


class Smallest(App):
    BINDINGS = [("s", "step"), ("n", "step"), ("q", "quit")]
    step = 0

    def compose(self) -> ComposeResult:
        yield Static(f"step {np.int64(0)}")

    def action_step(self) -> None:
        self.step += 1
        self.query_one(Static).update(f"step {self.step}")


Smallest().run()
"""
"""The smallest app that does anything with numbers."""


class Terminal(Emulated):
    """A program of Python in a terminal of 120 x 36; ``began`` is when it was started.

    Compiled modules are kept, as after an installation, in a ``folder`` that all of them share.
    Moments are those of perf_counter.
    """

    def __init__(self, command: Sequence[str], folder: Path) -> None:
        kept = {"PYTHONDONTWRITEBYTECODE": "", "PYTHONPYCACHEPREFIX": str(folder / "compiled")}
        self.began, self._before = perf_counter(), 0
        super().__init__(command=command, COLORTERM="truecolor", **kept)

    def _feed(self, text: bytes) -> None:
        """Show nothing."""

    def press(self, keys: str) -> float:  # type: ignore[override]  # and say when
        """Write the key, and return when; output so far does not count any more."""
        while self.read(0.0):
            pass
        self._before, now = len(self.written), perf_counter()
        super().press(keys)
        return now

    def wait_for(self, *texts: str) -> float:
        """Wait until all ``texts`` were written since the last key, and return when that was.

        Each must be written in one piece: no change of colour within it.
        """
        wanted = [text.encode() for text in texts]
        self.until(lambda: all(text in self.written[self._before :] for text in wanted), f"{texts}")
        return perf_counter()

    def frame(self) -> float:
        """Wait for the first output since the last key, and return when it was there."""
        self.until(lambda: len(self.written) > self._before, "a frame")
        return perf_counter()

    def quit(self, key: str) -> int:
        """Press ``key`` and return the program's exit status."""
        self.press(key)
        return self.ends()
