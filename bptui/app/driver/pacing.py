"""Keeps pace with the terminal: it is asked after each frame, and answers when it has come to it.

A network takes in more than a slow line can carry, so that writing never waits for long; what the
user sees comes late all the same. The answer tells how far the terminal itself has come.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable

QUESTION = "\x1b[6n"
"""Where is the cursor? All terminals know it; the answer is one that Textual reads."""
AHEAD = 2
"""Frames on their way at once: one is drawn while the answer to the one before travels."""
PATIENCE = 5.0
"""Seconds after which an answer is taken to be lost, or the terminal to give none."""


class Pacing:
    """``go_on`` is called in the event loop of the maker when the next frame may be sent."""

    def __init__(self, go_on: Callable[[], None]) -> None:
        self._go_on, self._loop = go_on, asyncio.get_running_loop()
        self._lock, self._caught_up = threading.Lock(), threading.Event()
        self._waiting = 0
        self._answers: bool | None = None
        self._timer: asyncio.TimerHandle | None = None

    @property
    def ready(self) -> bool:
        """Whether the next frame may be sent; yes where the terminal does not answer."""
        return not self._answers or self._waiting < AHEAD

    def question(self) -> str:
        """What to write after a frame."""
        if self._answers is False or (self._answers is None and self._waiting):
            return ""
        with self._lock:
            self._waiting += 1
            self._caught_up.clear()
        if self._timer is None:
            self._timer = self._loop.call_later(PATIENCE, self._give_up)
        return QUESTION

    def answered(self) -> None:
        """The terminal has come to the end of a frame; may be called in any thread."""
        with self._lock:
            self._answers = True
            self._waiting = max(self._waiting - 1, 0)
            if not self._waiting:
                self._caught_up.set()
        self._loop.call_soon_threadsafe(self._answer_came)

    def _answer_came(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if self._waiting:
            self._timer = self._loop.call_later(PATIENCE, self._give_up)
        self._go_on()

    def _give_up(self) -> None:
        self._timer = None
        with self._lock:
            self._answers = bool(self._answers)
            self._waiting = 0
        self._go_on()

    def settle(self, seconds: float) -> None:
        """Wait so long at most for answers under way, which would otherwise reach the shell."""
        if self._answers and self._waiting:
            self._caught_up.wait(seconds)
        self.stop()

    def stop(self) -> None:
        """Wait for nothing any more."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        with self._lock:
            self._waiting = 0
