"""The driver that sends to the terminal what changes in its screen, and drops late frames.

Textual writes regions that changed as a whole. Here its frames are drawn into a buffer of what the
terminal should show; what goes out is the difference to what it does show, as soon as the terminal
has taken the frame before. So a slow line carries the latest picture only. The idea is that of mosh
(K. Winstein, H. Balakrishnan, "Mosh: An interactive remote shell for mobile clients", 2012).
"""

from __future__ import annotations

import os
import shutil
import termios
import threading

from textual.app import App
from textual.events import CursorPosition
from textual.message import Message

from bptui.terminal.capabilities import described, terminal_descriptor
from bptui.terminal.continuing import ContinuingDriver
from bptui.terminal.display import Display
from bptui.terminal.writer import FlowControl, NonBlockingWriter

PATIENCE = 2.0
"""Seconds at the end for a terminal that has stopped taking anything."""


class DifferenceDriver(ContinuingDriver):
    """Textual's own driver, but for the way its frames take to the terminal."""

    def __init__(
        self,
        app: App[object],
        *,
        debug: bool = False,
        mouse: bool = True,
        size: tuple[int, int] | None = None,
    ) -> None:
        super().__init__(app, debug=debug, mouse=mouse, size=size)
        self._thread = threading.get_ident()
        self._writer: NonBlockingWriter | None = None
        self._flow = FlowControl(self._send)
        self._erases = _erases(os.environ.get("TERM", ""))
        self._display = self._empty_display()
        self._asked = False

    def _empty_display(self) -> Display:
        returns = _returns(terminal_descriptor())
        return Display(*shutil.get_terminal_size(), self._erases, returns)

    def start_application_mode(self) -> None:
        if self._writer is not None:  # stopped and continued without having been suspended
            super().start_application_mode()
            return
        self._display = self._empty_display()
        self._writer = NonBlockingWriter(terminal_descriptor(), self._send)
        self._flow = FlowControl(self._send)
        super().start_application_mode()

    def _resized(self, tell: object) -> None:
        """Write every cell anew; where the size is another one, Textual does so."""
        super()._resized(tell)
        if self._display.size == shutil.get_terminal_size():
            self._display.repaint()
            self._send()

    def write(self, data: str) -> None:
        """Take ``data`` over into the buffer; another thread's is taken a moment later."""
        if threading.get_ident() != self._thread:
            self._loop.call_soon_threadsafe(self.write, data)
            return
        size = shutil.get_terminal_size()
        if size != self._display.size:
            self._display.resize(*size)
            # sizes that come and go within a moment have Textual lay out nothing anew
            self._loop.call_soon(self._app.refresh)
        self._display.write(data)
        if self._display.owes and not self._asked:  # not every such write is followed by a flush
            self._asked = True
            self._loop.call_soon(self._send)

    def flush(self) -> None:
        """Make a frame of what was written so far."""
        if threading.get_ident() == self._thread:
            self._send()

    def _send(self) -> None:
        """Send what is owed, and the latest frame where the terminal keeps up."""
        self._asked = False
        if self._writer is None or self._writer.busy:
            return
        out = self._display.owed()
        if self._flow.ready and (frame := self._display.frame()):
            out += frame + self._flow.question()
        if out:
            self._writer.write(out.encode(errors="replace"))

    def process_message(self, message: Message) -> None:
        if isinstance(message, CursorPosition):
            self._flow.answered()
        else:
            super().process_message(message)

    def stop_application_mode(self) -> None:
        if self._writer is not None and not self._writer.gone:
            self._writer.drain(PATIENCE)
            self._flow.settle()
        super().stop_application_mode()

    def close(self) -> None:
        if self._writer is not None:
            self._writer.write(self._display.owed().encode(errors="replace"))
            self._writer.finish(PATIENCE)
            self._writer = None
        self._flow.stop()
        super().close()


def _erases(terminal: str) -> bool:
    """Return whether erased cells take the background's colour, by the terminal's description."""
    curses = described(terminal)
    if curses is None:
        return False
    return bool(curses.tigetflag("bce") > 0 and curses.tigetstr("ech") == b"\x1b[%p1%dX")


def _returns(descriptor: int) -> bool:
    """Return whether a line feed is sent with a carriage return, as is usual."""
    try:
        flags = termios.tcgetattr(descriptor)[1]
    except termios.error:  # it is no terminal any more
        return False
    return bool(flags & termios.OPOST and flags & termios.ONLCR)
