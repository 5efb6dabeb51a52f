"""Ends what takes too long, where the system lets it be ended."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager


class LateError(Exception):
    """Ends a block that has taken too long."""


@contextmanager
def within(seconds: float) -> Iterator[None]:
    """Raise :class:`LateError` in a block after so many seconds; only in the main thread."""
    if threading.current_thread() is not threading.main_thread() or not hasattr(
        signal, "setitimer"
    ):
        yield
        return

    def end(number: int, frame: object) -> None:
        raise LateError

    before = signal.signal(signal.SIGALRM, end)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0.0)
        signal.signal(signal.SIGALRM, before)
