"""The driver that sends to the terminal what changes in its screen, and drops late frames.

Textual writes regions that changed as a whole. Here they are drawn into a buffer of what the
terminal should show; what goes out is the difference to what it does show, as soon as the terminal
has taken the frame before. So a slow line carries the latest picture only. The idea is that of mosh
(K. Winstein, H. Balakrishnan, "Mosh: An interactive remote shell for mobile clients", 2012).
"""

from __future__ import annotations

import os
import selectors
import shutil
import signal
import threading
from codecs import getincrementaldecoder
from collections.abc import Callable
from contextlib import suppress
from typing import Any

from rich.color import ColorSystem
from textual._compositor import CompositorUpdate
from textual._xterm_parser import XTermParser
from textual.app import App
from textual.drivers.linux_driver import LinuxDriver
from textual.events import CursorPosition, Key, Paste
from textual.geometry import Offset
from textual.message import Message

from bptui.terminal.capabilities import described, terminal_descriptor
from bptui.terminal.display import Display
from bptui.terminal.line import LONGEST, FlowControl, Incoming, NonBlockingWriter

PATIENCE = 2.0
"""Seconds at the end for a terminal that has stopped taking anything."""


class ContinuingDriver(LinuxDriver):
    """After SIGSTOP, which no program sees, SIGCONT has Textual start although it has not stopped.

    It would read keys twice over from then on, and never end. The shell may have changed the
    terminal's settings meanwhile, so this driver stops in full first, then starts.

    The second of two SIGWINCH may interrupt the answer to the first, and Textual would hear of the
    sizes in the wrong order. Here the signal has the size read a moment later.
    """

    spelling: Callable[[str], str] | None = None
    """Gives text in the characters that the terminal has; None: it has all."""
    _started = False

    def write(self, data: str) -> None:
        super().write(data if self.spelling is None else self.spelling(data))

    def start_application_mode(self) -> None:
        if self._started:
            # later: the signal may have come in the middle of a frame
            self._loop.call_soon_threadsafe(self._start_again)
            return
        self._started = True
        super().start_application_mode()  # type: ignore[no-untyped-call]  # Textual's own gap
        tell = signal.getsignal(signal.SIGWINCH)
        self._loop.add_signal_handler(signal.SIGWINCH, self._resized, tell)

    def _resized(self, tell: object) -> None:
        """Have Textual read the size with its own handler, ``tell``."""
        if callable(tell):
            tell(signal.SIGWINCH, None)

    def run_input_thread(self) -> None:
        """Read what the terminal sends, until the app ends; pasted text in one piece."""
        parser, incoming = XTermParser(self._debug), Incoming()
        decode = getincrementaldecoder("utf-8")().decode
        with selectors.SelectSelector() as selector:
            selector.register(self.fileno, selectors.EVENT_READ)
            while not self.exit_event.is_set():
                if selector.select(incoming.wait):
                    data = self._read()
                    if not data:
                        return
                    parts = incoming.feed(decode(data))
                else:
                    parts = incoming.settle()
                for part in parts:
                    for each in [part] if isinstance(part, Key | Paste) else parser.feed(part):
                        self.process_message(each)
                for each in parser.tick():
                    self.process_message(each)

    def _read(self) -> bytes:
        """Return what the terminal has sent; nothing once it is gone, which ends the program."""
        with suppress(OSError):
            if data := os.read(self.fileno, 4096):
                return data
        os.kill(os.getpid(), signal.SIGHUP)
        return b""

    def process_message(self, message: Message) -> None:
        """Take alt and a letter for escape, then the letter, as other terminals send it."""
        if isinstance(message, Key) and message.key.startswith("alt+") and message.is_printable:
            super().process_message(Key("escape", "\x1b"))
            message = Key(message.character or "", message.character)
        elif isinstance(message, Key) and message.key == "ctrl+j":
            message = Key("enter", "\r")  # typed before the terminal passed keys on as they are
        super().process_message(message)

    def stop_application_mode(self) -> None:
        self._started = False
        super().stop_application_mode()

    def _start_again(self) -> None:
        if self._started:
            self.suspend_application_mode()
            self.resume_application_mode()
            self._app.refresh(layout=True)


class DifferenceDriver(ContinuingDriver):
    """Textual's own driver, but for the way its frames take to the terminal."""

    def __init__(self, app: App[object], **how: Any) -> None:  # noqa: ANN401  Textual's options
        super().__init__(app, **how)
        self._thread = threading.get_ident()
        self._writer: NonBlockingWriter | None = None
        self._flow = FlowControl()
        self._owed = ""
        """What does not wait for a frame."""
        self._waits = False
        """Whether a frame waits for an answer."""
        curses = described(os.environ.get("TERM", ""))
        erases = False
        if curses is not None and curses.tigetflag("bce") > 0:
            erases = curses.tigetstr("ech") == b"\x1b[%p1%dX"
        self._display = Display(*shutil.get_terminal_size(), erases, self.spelling)

    def start_application_mode(self) -> None:
        if self._writer is None:  # or it was stopped and continued without having been suspended
            self._writer = NonBlockingWriter(terminal_descriptor(), self._send)
            self._flow = FlowControl()
        super().start_application_mode()

    def _resized(self, tell: object) -> None:
        """Write every cell anew."""
        super()._resized(tell)
        self._display.forget()
        self._app.refresh()

    def write(self, data: str) -> None:
        """Send what is no part of a frame; another thread's goes a moment later."""
        if threading.get_ident() != self._thread:
            self._loop.call_soon_threadsafe(self.write, data)
            return
        if "\x1b[?1049" in data:
            self._owed += self._display.left()
        self._owed += data
        self._send()

    def show(self, update: CompositorUpdate, cursor: Offset) -> None:
        """Make a frame of what Textual gives anew."""
        size = shutil.get_terminal_size()
        if size != self._display.size:
            self._display.resize(*size)
            # sizes that come and go within a moment have Textual lay out nothing anew
            self._loop.call_soon(self._app.refresh)
        self._display.draw(update, self._app.console._color_system or ColorSystem.TRUECOLOR)
        self._display.cursor = cursor
        self._send()

    def _send(self) -> None:
        """Send what is owed, and the latest frame where the terminal keeps up."""
        if self._writer is None or self._writer.busy:
            return
        out, self._owed, self._waits = self._owed, "", True  # before an answer may come
        if not self._flow.ready:
            self._loop.call_later(LONGEST, self._send)
        elif frame := self._display.frame():
            if self._app._sync_available:  # the terminal can show it in one piece
                frame = f"\x1b[?2026h{frame}\x1b[?2026l"
            out += frame + self._flow.question()
        self._waits = not self._flow.ready
        if out:
            self._writer.write(out.encode(errors="replace"))

    def process_message(self, message: Message) -> None:
        if isinstance(message, CursorPosition):
            self._flow.answered()
            if self._waits:
                self._loop.call_soon_threadsafe(self._send)
        else:
            super().process_message(message)

    def stop_application_mode(self) -> None:
        if self._writer is not None and not self._writer.gone:
            self._writer.drain(PATIENCE)
            self._flow.settle()
        super().stop_application_mode()

    def close(self) -> None:
        if self._writer is not None:
            self._writer.finish(PATIENCE)
            self._writer = None
        super().close()
