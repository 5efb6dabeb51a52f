"""The app in a browser, as textual-serve starts it: no terminal, Textual's driver in a variable."""

import json
import os
import selectors
import subprocess
import sys
from collections.abc import Callable
from time import monotonic

import pyte
import pytest

from ..processes import python
from .support import SECONDS

DRIVER = "textual.drivers.web_driver:WebDriver"
AROUND = {"TERM": "linux", "LC_ALL": "C", "COLORFGBG": "0;15"}
"""Of the terminal in which the server was started: they say nothing of the browser."""
SERVED = {"TEXTUAL_DRIVER": DRIVER, "TEXTUAL_FPS": "60", "TEXTUAL_COLOR_SYSTEM": "truecolor"}


class Browser:
    """The program, and what a browser would show of it."""

    def __init__(self, *arguments: str, columns: int = 120, lines: int = 36) -> None:
        self.screen = pyte.Screen(columns, lines)
        self._stream = pyte.Stream(self.screen)
        self.written, self.told, self._left = "", list[dict[str, object]](), b""
        size = {"COLUMNS": str(columns), "ROWS": str(lines)}
        self.process = subprocess.Popen(
            [sys.executable, "-m", "bptui", *arguments],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env={**os.environ, **AROUND, **SERVED, **size},
        )
        self._output = self.process.stdout.fileno()
        self._ready = selectors.DefaultSelector()
        self._ready.register(self._output, selectors.EVENT_READ)

    def send(self, kind: bytes, data: str) -> None:
        payload = data.encode()
        self.process.stdin.write(kind + len(payload).to_bytes(4, "big") + payload)
        self.process.stdin.flush()

    def until(self, holds: Callable[[], object], what: str) -> None:
        deadline = monotonic() + SECONDS
        while not holds():
            assert monotonic() < deadline, f"waited for {what}; the screen:\n{self.text}"
            if self._ready.select(0.1):
                data = os.read(self._output, 65536)
                assert data or holds(), f"the program ended before {what}"
                self._left += data
                self._take()

    def _take(self) -> None:
        greeting = b"__GANGLION__\n"
        if not self.written and not self._left.startswith((b"D", b"M")):
            if not self._left.startswith(greeting):
                return
            self._left = self._left.removeprefix(greeting)
        while len(self._left) >= 5:
            kind, size = self._left[:1], int.from_bytes(self._left[1:5], "big")
            if len(self._left) < 5 + size:
                return
            payload, self._left = self._left[5 : 5 + size].decode(), self._left[5 + size :]
            if kind == b"D":
                self.written += payload
                self._stream.feed(payload.replace("\x1b[?2026$p", ""))
            else:
                assert kind == b"M"
                self.told.append(json.loads(payload))

    @property
    def text(self) -> str:
        return "\n".join(self.screen.display)


def test_the_app_in_a_browser() -> None:
    browser = Browser("xor")
    try:
        texts = ("linear", "step 0 ", "╭", "⠈")
        browser.until(lambda: all(text in browser.text for text in texts), "the app")
        assert "\x1b[38;2;" in browser.written
        assert browser.screen.buffer[5][2].bg == "101216"  # the dark theme's background
        browser.send(b"D", "s")
        browser.until(lambda: "step 1 " in browser.text, "the next step")
        browser.screen.resize(24, 80)
        browser.send(b"M", json.dumps({"type": "resize", "width": 80, "height": 24}))
        browser.until(lambda: "q quit" in browser.screen.display[23], "the app in the new size")
        browser.send(b"D", "q")
        browser.until(lambda: {"type": "exit"} in browser.told, "the end")
        assert browser.process.wait(SECONDS) == 0
        assert browser.process.stderr.read() == b""
    finally:
        browser.process.kill()
        browser.process.communicate()


def test_the_tour_in_a_browser() -> None:
    browser = Browser("tutorial")
    try:
        browser.until(lambda: "Welcome" in browser.text, "the tour")
    finally:
        browser.process.kill()
        browser.process.communicate()


@pytest.mark.parametrize(("driver", "arguments"), [("os:path", []), ("nonsense", ["tutorial"])])
def test_what_is_no_driver_is_refused_in_one_message(driver: str, arguments: list[str]) -> None:
    done = python("-m", "bptui", *arguments, env={"TEXTUAL_DRIVER": driver})
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith(f"Error: TEXTUAL_DRIVER: found {driver!r}")
