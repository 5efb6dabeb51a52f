"""A terminal at the end of a slow line: it shows what comes through, and answers as xterm does."""

import os
import re
import select
from collections import deque
from time import perf_counter

from ..terminal.support import Terminal

QUESTIONS = {b"\x1b[6n": b"\x1b[1;1R", b"\x1b[?2026$p": b"\x1b[?2026;2$y"}
BUCKET = 0.05
"""Seconds' worth of bytes that may come through at once."""


class SlowLine(Terminal):
    """``rate`` bytes a second come through; keys and answers take ``round_trip`` seconds."""

    def __init__(self, *arguments: str, rate: float, round_trip: float, **variables: str) -> None:
        self._rate, self._round_trip = rate, round_trip
        self._under_way: deque[tuple[float, bytes]] = deque()
        self._budget, self._counted = 0.0, perf_counter()
        self._tail = b""
        super().__init__(*arguments, lines=40, COLORTERM="truecolor", **variables)

    def press(self, keys: str) -> None:
        self._under_way.append((perf_counter() + self._round_trip, keys.encode()))

    def read(self, seconds: float) -> bool:
        """Let through what comes within ``seconds`` and the line can carry."""
        while self._under_way and self._under_way[0][0] <= perf_counter():
            os.write(self.master, self._under_way.popleft()[1])
        ready = select.select([self.master], [], [], seconds)[0]
        now = perf_counter()
        self._budget += (now - self._counted) * self._rate
        self._budget, self._counted = min(self._budget, BUCKET * self._rate), now
        if not ready or self._budget < 64:
            if ready:  # the line is full
                select.select([], [], [], min(seconds, 0.004))
            return False
        data = os.read(self.master, int(self._budget))
        self._budget -= len(data)
        self.written += data
        self._take(data)
        return bool(data)

    def _take(self, data: bytes) -> None:
        data = self._tail + data
        begun = data.rfind(b"\x1b")
        whole = begun < 0 or re.match(rb"\x1b(\[[^@-~]*[@-~]|[^\[])", data[begun:])
        data, self._tail = (data, b"") if whole else (data[:begun], data[begun:])
        for question, answer in QUESTIONS.items():
            for _ in range(data.count(question)):
                self._under_way.append((perf_counter() + self._round_trip, answer))
        self._feed(data)
