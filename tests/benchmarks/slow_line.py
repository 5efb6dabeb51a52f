"""A terminal at the end of a slow line: it shows what comes through, and answers as xterm does."""

from __future__ import annotations

import os
import re
import select
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from time import perf_counter

import pyte

from ..terminal.program import Program

QUESTIONS = {b"\x1b[6n": b"\x1b[1;1R", b"\x1b[?2026$p": b"\x1b[?2026;2$y"}
BUCKET = 0.05
"""Seconds' worth of bytes that may come through at once."""
_UNREADABLE = re.compile(rb"\x1b\[[<>=?][0-9;]*[^0-9;hl]")


class SlowLine(Program):
    """A program in a terminal of ``columns`` x ``lines``.

    ``rate`` bytes a second come through, or all with inf; every key and every answer is
    ``round_trip`` seconds on its way.
    """

    def __init__(
        self,
        command: Sequence[str],
        folder: Path,
        environment: Mapping[str, str],
        *,
        columns: int = 120,
        lines: int = 40,
        rate: float = float("inf"),
        round_trip: float = 0.0,
    ) -> None:
        self._rate, self._round_trip = rate, round_trip
        self.written = 0
        self._screen = pyte.Screen(columns, lines)
        self._stream = pyte.ByteStream(self._screen)
        self._under_way: deque[tuple[float, bytes]] = deque()
        self._budget, self._counted = 0.0, perf_counter()
        self._tail = b""
        super().__init__(command, columns, lines, environment, folder)

    @property
    def text(self) -> str:
        return "\n".join(self._screen.display)

    def press(self, keys: str) -> float:
        """Press keys, and return when."""
        now = perf_counter()
        self._under_way.append((now + self._round_trip, keys.encode()))
        return now

    def wait_for(self, holds: Callable[[str], object], seconds: float = 30.0) -> float:
        """Wait until the screen is as it must be, and return when that was."""
        end = perf_counter() + seconds
        while not holds(self.text):
            assert perf_counter() < end, f"waited in vain; the screen:\n{self.text}"
            self.read(0.02)
        return perf_counter()

    def read_for(self, seconds: float) -> int:
        """Read for so long; how many bytes came."""
        before, end = self.written, perf_counter() + seconds
        while (left := end - perf_counter()) > 0:
            self.read(min(left, 0.02))
        return self.written - before

    def quit(self) -> int:
        """Press q and return the program's exit status."""
        self.press("q")
        end = perf_counter() + 10.0
        while self.process.poll() is None and perf_counter() < end:
            self.read(0.02)
        return self.process.wait(timeout=0.0)

    def read(self, seconds: float) -> None:
        """Let through what comes within ``seconds`` and the line can carry."""
        while self._under_way and self._under_way[0][0] <= perf_counter():
            os.write(self.master, self._under_way.popleft()[1])
        ready = select.select([self.master], [], [], seconds)[0]
        size = self._allowed()
        if not ready or not size:
            if ready:  # the line is full
                select.select([], [], [], min(seconds, 0.004))
            return
        try:
            data = os.read(self.master, size)
        except OSError:  # EIO: the program has closed its side
            return
        self._budget -= len(data)
        self.written += len(data)
        self._take(data)

    def _allowed(self) -> int:
        """How many bytes the line can carry now."""
        if self._rate == float("inf"):
            return 1 << 16
        now = perf_counter()
        self._budget = min(self._budget + (now - self._counted) * self._rate, BUCKET * self._rate)
        self._counted = now
        return int(self._budget) if self._budget >= 64 else 0

    def _take(self, data: bytes) -> None:
        data = self._tail + data
        begun = data.rfind(b"\x1b")
        whole = begun < 0 or re.match(rb"\x1b(\[[^@-~]*[@-~]|[^\[])", data[begun:])
        data, self._tail = (data, b"") if whole else (data[:begun], data[begun:])
        for question, answer in QUESTIONS.items():
            for _ in range(data.count(question)):
                self._under_way.append((perf_counter() + self._round_trip, answer))
        self._stream.feed(_UNREADABLE.sub(b"", data))
