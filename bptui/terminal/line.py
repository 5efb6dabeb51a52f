"""The line to the terminal: what comes over it, what goes, and how far the terminal has come.

Textual's parser takes pasted text apart again where an escape sequence stands in it, and a report
of the terminal's may: from there on the text would be keys. So it gets what is typed alone.

A network takes in more than a slow line can carry, so that writing never waits for long; what the
user sees comes late all the same. So the terminal is asked after each frame where its cursor is:
the answer tells how far it has come.
"""

from __future__ import annotations

import asyncio
import os
import re
import select
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import suppress
from time import monotonic, sleep
from typing import TypeAlias

from textual.events import Key, Paste

Part: TypeAlias = str | Key | Paste
BEGIN, END = "\x1b[200~", "\x1b[201~"
"""Around pasted text, as terminals of today send it."""
WAIT, SHORT_WAIT = 0.1, 0.01
"""Seconds to wait for what comes next; for the rest of a mark, which escape may be, not so long."""
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")
_REPORT = re.compile(r"\x1b\[\d+;\d+R")
"""Where the cursor is: the answer to a question of the driver's."""
_ALONE = re.compile(r"\x1b(?=[ -~])(?![\[\]OPX^_])")
"""An escape and what begins no sequence: two keys, or one with alt, to which nothing is bound."""


class Incoming:
    """Tells what is typed from what is pasted."""

    def __init__(self) -> None:
        self._held = ""
        """Ends as a mark begins."""
        self._pasted: list[str] | None = None
        """The pieces so far of what is being pasted."""

    @property
    def wait(self) -> float:
        """Return the seconds after which nothing more is expected: :meth:`settle` then."""
        return SHORT_WAIT if self._held and self._pasted is None else WAIT

    def feed(self, data: str) -> Iterator[Part]:
        """Take what was read; give what is for the parser, and text that was pasted."""
        return filter(None, self._fed(data))

    def settle(self) -> Iterator[Part]:
        """Give what was held back: nothing has followed it."""
        if self._pasted is None and self._held:
            held, self._held = self._held, ""
            yield held

    def _fed(self, data: str) -> Iterator[Part]:
        data, self._held = self._held + data, ""
        while data:
            mark = BEGIN if self._pasted is None else END
            before, found, data = data.partition(mark)
            if not found:
                sizes = range(len(mark) - 1, 0, -1)
                self._held = next((mark[:n] for n in sizes if before.endswith(mark[:n])), "")
                before = before.removesuffix(self._held)
            if self._pasted is None:
                yield from _typed(before)
            else:
                self._pasted.append(before)
            if found and self._pasted is None:
                self._pasted = []
            elif found:
                yield from self._ended()

    def _ended(self) -> Iterator[Part]:
        text, self._pasted = "".join(self._pasted or ()), None
        yield "".join(_REPORT.findall(text))
        yield Paste(_CONTROL.sub("", _REPORT.sub("", text)))


def _typed(text: str) -> Iterator[Part]:
    first, *others = _ALONE.split(text)
    yield first
    for part in others:
        yield Key("escape", "\x1b")
        yield part


PIECE = 1024
"""Bytes written at a time where a write may wait for the terminal."""
QUESTION = "\x1b[6n"
"""Where is the cursor? All terminals know it; the answer is one that Textual reads."""
AHEAD = 2
"""Frames on their way at once: one is drawn while the answer to the one before travels."""
LONGEST = 5.0
"""Seconds after which an answer is taken to be lost, or the terminal to give none."""
LEAST, LOOK = 0.5, 0.005
"""Seconds for an answer under way at the end, or more after slower ones; seconds between looks."""


class NonBlockingWriter:
    """``done`` is called when all that was given has gone to the terminal of ``descriptor``."""

    def __init__(self, descriptor: int, done: Callable[[], None]) -> None:
        self._done, self._loop, self._left = done, asyncio.get_running_loop(), b""
        self.gone = False
        """Whether the terminal is there no more."""
        self._waits = False
        """Whether a write may have to wait: only pieces are written then, where they have room."""
        try:  # opened again: set on the one given, not to wait would count for the shell, too
            flags = os.O_WRONLY | os.O_NOCTTY | os.O_NONBLOCK
            self._descriptor = os.open(os.ttyname(descriptor), flags)
        except OSError:
            self._descriptor, self._waits = os.dup(descriptor), True

    @property
    def busy(self) -> bool:
        """Return whether something given before still waits for the terminal."""
        return bool(self._left)

    def write(self, data: bytes) -> None:
        """Write what the terminal takes now; the rest as soon as it takes it."""
        self._left += data
        self._go_on()

    def _go_on(self) -> None:
        self._write_some()
        if self._left:
            self._loop.add_writer(self._descriptor, self._go_on)
        elif self._loop.remove_writer(self._descriptor):
            self._done()

    def _write_some(self) -> None:
        try:
            while self._left and not (self._waits and not self._has_room(0.0)):
                piece = self._left[:PIECE] if self._waits else self._left
                self._left = self._left[os.write(self._descriptor, piece) :]
        except BlockingIOError:
            return
        except OSError:
            self.gone, self._left = True, b""

    def _has_room(self, seconds: float) -> bool:
        return bool(select.select([], [self._descriptor], [], seconds)[1])

    def drain(self, seconds: float) -> None:
        """Write what is left, waiting for the terminal for so long at most."""
        deadline = monotonic() + seconds
        while self._left and self._has_room(max(deadline - monotonic(), 0.0)):
            self._write_some()

    def finish(self, seconds: float) -> None:
        """Write what is left, waiting for so long at most; then close."""
        self.drain(seconds)
        self._left = b""
        self._loop.remove_writer(self._descriptor)
        os.close(self._descriptor)


class FlowControl:
    """Knows from the terminal's answers how many frames are still on their way."""

    def __init__(self) -> None:
        self._asked = deque[float]()
        """When the questions were put that have no answer yet."""
        self._trip = 0.0
        """Seconds that the last answer took."""
        self._answers: bool | None = None

    @property
    def ready(self) -> bool:
        """Return whether the next frame may be sent; yes where the terminal does not answer.

        One that gave answers before is asked again after a long wait, but not waited for.
        """
        with suppress(IndexError):  # none is awaited, or it comes just now, in another thread
            if monotonic() - self._asked[0] > LONGEST:
                self._asked.clear()
                self._answers = None if self._answers else False
        return not self._answers or len(self._asked) < AHEAD

    def question(self) -> str:
        """Return what to write after a frame."""
        if self._answers is False or (self._answers is None and self._asked):
            return ""
        self._asked.append(monotonic())
        return QUESTION

    def answered(self) -> None:
        """Take note that the terminal has come to the end of a frame; in any thread."""
        with suppress(IndexError):  # some keys look like an answer
            self._trip = monotonic() - self._asked.popleft()
            self._answers = True

    def settle(self) -> None:
        """Wait for answers under way, which would otherwise reach the shell, and ask no more."""
        end = monotonic() + min(max(LEAST, 3.0 * self._trip), LONGEST)
        while self._asked and monotonic() < end:
            sleep(LOOK)
        self._answers = False
