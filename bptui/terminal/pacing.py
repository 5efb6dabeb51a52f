"""Keeps pace with the terminal: it is asked after each frame, and answers when it has come to it.

A network takes in more than a slow line can carry, so that writing never waits for long; what the
user sees comes late all the same. The answer tells how far the terminal itself has come.
"""

from __future__ import annotations

import asyncio
import threading
from collections import deque
from collections.abc import Callable
from time import monotonic

QUESTION = "\x1b[6n"
"""Where is the cursor? All terminals know it; the answer is one that Textual reads."""
AHEAD = 2
"""Frames on their way at once: one is drawn while the answer to the one before travels."""
PATIENCE = 5.0
"""Seconds after which an answer is taken to be lost, or the terminal to give none."""
LEAST = 0.5
"""Seconds, at the end, for an answer under way; more where they have taken longer."""


class Pacing:
    """``go_on`` is called in the event loop of the maker when the next frame may be sent."""

    def __init__(self, go_on: Callable[[], None]) -> None:
        self._go_on, self._loop = go_on, asyncio.get_running_loop()
        # a signal may be handled in the midst of one's own work, hence one that may be taken twice
        self._lock, self._caught_up = threading.RLock(), threading.Event()
        self._asked = deque[float]()
        """When the questions were put that have no answer yet."""
        self._trip = 0.0
        """Seconds that the last answer took."""
        self._answers: bool | None = None
        self._timer: asyncio.TimerHandle | None = None

    @property
    def ready(self) -> bool:
        """Whether the next frame may be sent; yes where the terminal does not answer."""
        return not self._answers or len(self._asked) < AHEAD

    def question(self) -> str:
        """What to write after a frame."""
        if self._answers is False or (self._answers is None and self._asked):
            return ""
        with self._lock:
            self._asked.append(monotonic())
            self._caught_up.clear()
        if self._timer is None:
            self._timer = self._loop.call_later(PATIENCE, self._give_up)
        return QUESTION

    def answered(self) -> None:
        """The terminal has come to the end of a frame; may be called in any thread."""
        with self._lock:
            if not self._asked:
                return  # some keys look like an answer
            self._answers = True
            self._trip = monotonic() - self._asked.popleft()
            if not self._asked:
                self._caught_up.set()
        self._loop.call_soon_threadsafe(self._answer_came)

    def _answer_came(self) -> None:
        self._set_timer()
        self._go_on()

    def _give_up(self) -> None:
        """Wait no more; a terminal that gave answers before is asked again, but not waited for."""
        with self._lock:
            self._answers = None if self._answers else False
            self._asked.clear()
        self._set_timer()
        self._go_on()

    def _set_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self._timer = self._loop.call_later(PATIENCE, self._give_up) if self._asked else None

    def settle(self) -> None:
        """Wait for answers under way, which would otherwise reach the shell, and ask no more."""
        if self._asked:
            self._caught_up.wait(min(max(LEAST, 3.0 * self._trip), PATIENCE))
        self.stop()

    def stop(self) -> None:
        """Ask nothing and wait for nothing any more."""
        with self._lock:
            self._answers = False
            self._asked.clear()
        self._set_timer()
