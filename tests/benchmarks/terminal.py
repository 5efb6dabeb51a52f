"""Programs in a real pseudo-terminal, read as raw bytes: no emulator slows the clock down."""

from __future__ import annotations

import os
import re
import select
from collections.abc import Sequence
from pathlib import Path
from time import perf_counter

from ..terminal.support import Program

ROWS, COLUMNS = 36, 120
ESCAPE = re.compile(
    rb"\x1b(?:\[[0-?]*[ -/]*[@-~]|[PX^_\]].*?(?:\x1b\\|\x07)|[^\[PX^_\]])", re.DOTALL
)


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


def environment(folder: Path) -> dict[str, str]:
    """Compiled modules are kept, as after an installation, in a folder that all of them share."""
    kept = {key: value for key, value in os.environ.items() if key != "PYTHONDONTWRITEBYTECODE"}
    terminal = {"TERM": "xterm-256color", "COLORTERM": "truecolor", "LC_ALL": "C.UTF-8"}
    return {**kept, **terminal, "PYTHONPYCACHEPREFIX": str(folder / "compiled")}


class Terminal(Program):
    """A program in a terminal of 120 x 36. ``began`` is when it was started, as perf_counter."""

    def __init__(self, command: Sequence[str], folder: Path) -> None:
        self._output = b""
        self.began = perf_counter()
        super().__init__(command, COLUMNS, ROWS, environment(folder), folder)
        os.set_blocking(self.master, False)

    def press(self, key: str) -> float:
        """Write the key, and return when; forgets all output so far."""
        while self._read(0.0):
            pass
        self._output = b""
        now = perf_counter()
        os.write(self.master, key.encode())
        return now

    def drain(self, seconds: float) -> None:
        """Read for so long: a program whose output nobody reads would stop."""
        end = perf_counter() + seconds
        while self._read(max(end - perf_counter(), 0.0)) and perf_counter() < end:
            pass

    def wait_for(self, *texts: str, seconds: float = 30.0) -> float:
        """Wait until all ``texts`` were written since the last key, and return when that was.

        Each must be written in one piece: no change of colour within it.
        """
        wanted = [text.encode() for text in texts]
        end = perf_counter() + seconds
        while True:
            now = perf_counter()
            if all(text in self._output for text in wanted):
                return now
            if now > end or self.process.poll() is not None:
                plain = ESCAPE.sub(b"", self._output).decode(errors="replace")
                raise AssertionError(f"waited for {texts} in vain:\n{plain[-2000:]}")
            self._read(0.1)

    def frame(self, seconds: float = 30.0) -> float:
        """Wait for the first output since the last key, and return when it was there."""
        end = perf_counter() + seconds
        while not self._output:
            assert perf_counter() < end, "waited for a frame in vain"
            self._read(0.1)
        return perf_counter()

    def quit(self, key: str) -> int:
        """Press ``key`` and return the program's exit status."""
        self.press(key)
        end = perf_counter() + 10.0
        while self.process.poll() is None and perf_counter() < end:
            self._read(0.05)
        return self.process.wait(timeout=0.0)

    def _read(self, seconds: float) -> bool:
        """Take what comes within ``seconds``; whether anything came."""
        if not select.select([self.master], [], [], seconds)[0]:
            return False
        try:
            data = os.read(self.master, 1 << 16)
        except OSError:  # EIO: the program has closed its side
            return False
        self._output += data
        return bool(data)
