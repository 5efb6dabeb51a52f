"""Textual's driver, but one that goes on after any stop and knows the terminal's last size."""

from __future__ import annotations

import os
import selectors
import signal
from codecs import getincrementaldecoder
from contextlib import suppress
from types import FrameType

from textual._xterm_parser import XTermParser
from textual.drivers.linux_driver import LinuxDriver
from textual.events import Key, Paste
from textual.message import Message

from bptui.terminal.incoming import Incoming


class ContinuingDriver(LinuxDriver):
    """After SIGSTOP, which no program sees, SIGCONT has Textual start although it has not stopped.

    It would read keys twice over from then on, and never end. The shell may have changed the
    terminal's settings meanwhile, so this driver stops in full first, then starts.

    The second of two SIGWINCH may interrupt the answer to the first, and Textual would hear of the
    sizes in the wrong order. Here the signal has the size read a moment later.
    """

    _started = False

    def start_application_mode(self) -> None:
        if self._started:
            # later: the signal may have come in the middle of a frame
            self._loop.call_soon_threadsafe(self._start_again)
            return
        self._started = True
        super().start_application_mode()  # type: ignore[no-untyped-call]  # Textual's own gap
        tell = signal.getsignal(signal.SIGWINCH)

        def resized(number: int, frame: FrameType | None) -> None:
            with suppress(RuntimeError):  # the program has ended
                self._loop.call_soon_threadsafe(self._resized, tell)

        signal.signal(signal.SIGWINCH, resized)

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
                    parts = incoming.feed(decode(os.read(self.fileno, 4096)))
                else:
                    parts = incoming.settle()
                for part in parts:
                    for each in [part] if isinstance(part, Paste) else parser.feed(part):
                        self.process_message(each)
                for each in parser.tick():
                    self.process_message(each)

    def process_message(self, message: Message) -> None:
        """Take alt and a letter for the two keys that send the same: escape, then the letter.

        Over a slow line these arrive together; nothing here is bound to alt.
        """
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
