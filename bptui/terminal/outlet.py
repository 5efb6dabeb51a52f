"""Writes to a terminal without ever waiting for it, as long as nobody asks to wait."""

from __future__ import annotations

import asyncio
import os
import select
from collections.abc import Callable
from contextlib import suppress
from time import monotonic

PIECE = 1024
"""Bytes written at a time where a write may wait for the terminal."""


class Outlet:
    """``done`` is called when all that was given has gone to the terminal of ``descriptor``."""

    def __init__(self, descriptor: int, done: Callable[[], None]) -> None:
        self._given, self._done = descriptor, done
        self._loop = asyncio.get_running_loop()
        self._left = b""
        self._watching = False
        self.gone = False
        """Whether the terminal is there no more."""
        self._descriptor = self._own = _opened(descriptor)
        if self._own is None:
            self._descriptor = descriptor

    @property
    def busy(self) -> bool:
        """Whether something given before still waits for the terminal."""
        return bool(self._left)

    def write(self, data: bytes) -> None:
        """Write what the terminal takes now; the rest as soon as it takes it."""
        self._left += data
        self._go_on()

    def _go_on(self) -> None:
        while self._left and not self.gone and self._ready(0.0):
            self._write_some()
        if self._left and not self.gone:
            self._watch()
        elif self._watching:
            self._unwatch()
            self._done()

    def _ready(self, seconds: float) -> bool:
        assert self._descriptor is not None
        try:
            return bool(select.select([], [self._descriptor], [], seconds)[1])
        except (OSError, ValueError):
            self._lose()
            return False

    def _write_some(self) -> None:
        assert self._descriptor is not None
        piece = self._left if self._own is not None else self._left[:PIECE]
        try:
            self._left = self._left[os.write(self._descriptor, piece) :]
        except BlockingIOError:
            return
        except OSError:
            self._lose()

    def _lose(self) -> None:
        self.gone, self._left = True, b""

    def _watch(self) -> None:
        if not self._watching and self._descriptor is not None:
            self._watching = True
            self._loop.add_writer(self._descriptor, self._go_on)

    def _unwatch(self) -> None:
        if self._watching and self._descriptor is not None:
            self._watching = False
            self._loop.remove_writer(self._descriptor)

    def drain(self, seconds: float) -> None:
        """Write what is left, waiting for the terminal for so long at most."""
        deadline = monotonic() + seconds
        while self._left and not self.gone and (left := deadline - monotonic()) > 0:
            if self._ready(left):
                self._write_some()

    def finish(self, seconds: float) -> None:
        """Write what is left, waiting for so long at most; then close."""
        self.drain(seconds)
        self._unwatch()
        self._left = b""
        if self._own is not None:
            with suppress(OSError):
                os.close(self._own)
        self._own = self._descriptor = None


def _opened(descriptor: int) -> int | None:
    """The same terminal, opened anew: one's own way to it may be told never to wait.

    Setting that on the descriptor given would set it for everybody who shares it, the shell too.
    """
    with suppress(OSError):
        return os.open(os.ttyname(descriptor), os.O_WRONLY | os.O_NOCTTY | os.O_NONBLOCK)
    return None
