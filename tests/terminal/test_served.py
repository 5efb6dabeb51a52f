"""The app in a browser, as textual-serve starts it: no terminal, Textual's driver in a variable."""

import json
import os
import subprocess
import sys

import pyte
import pytest

from ..processes import python
from .support import SECONDS, Terminal

DRIVER = "textual.drivers.web_driver:WebDriver"
AROUND = {"TERM": "linux", "LC_ALL": "C", "COLORFGBG": "0;15"}
"""Of the terminal in which the server was started: they say nothing of the browser."""
SERVED = {"TEXTUAL_DRIVER": DRIVER, "TEXTUAL_FPS": "60", "TEXTUAL_COLOR_SYSTEM": "truecolor"}


class Browser(Terminal):
    """The program, and what a browser would show of it: it writes packets into a pipe."""

    def __init__(self, *arguments: str, columns: int = 120, lines: int = 36) -> None:
        self.screen = pyte.Screen(columns, lines)
        self._stream = pyte.ByteStream(self.screen)
        self.written, self._read, self._text = b"", -1, ""
        self.told, self._left = list[dict[str, object]](), b""
        size = {"COLUMNS": str(columns), "ROWS": str(lines)}
        self.process = subprocess.Popen(
            [sys.executable, "-m", "bptui", *arguments],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env={**os.environ, **AROUND, **SERVED, **size},
        )
        self.master = self.process.stdout.fileno()

    def __exit__(self, *_: object) -> None:
        self.process.kill()
        self.process.communicate()

    def send(self, kind: bytes, data: str) -> None:
        payload = data.encode()
        self.process.stdin.write(kind + len(payload).to_bytes(4, "big") + payload)
        self.process.stdin.flush()

    def _feed(self, text: bytes) -> None:
        """Take packets, after the greeting."""
        self._left = (self._left + text).removeprefix(b"__GANGLION__\n")
        while len(self._left) >= 5 and self._left[:1] in b"DM":
            kind, size = self._left[:1], int.from_bytes(self._left[1:5], "big")
            if len(self._left) < 5 + size:
                return
            payload, self._left = self._left[5 : 5 + size], self._left[5 + size :]
            if kind == b"D":
                super()._feed(payload.replace(b"\x1b[?2026$p", b""))
            else:
                self.told.append(json.loads(payload))


def test_the_app_in_a_browser() -> None:
    with Browser("xor") as browser:
        browser.shows("linear", "step 0 ", "╭", "⠈")
        assert b"\x1b[38;2;" in browser.written
        assert browser.screen.buffer[5][2].bg == "101216"  # the dark theme's background
        browser.send(b"D", "s")
        browser.shows("step 1 ")
        browser.screen.resize(24, 80)
        browser.send(b"M", json.dumps({"type": "resize", "width": 80, "height": 24}))
        browser.until(lambda: "q quit" in browser.screen.display[23], "the app in the new size")
        browser.send(b"D", "q")
        browser.until(lambda: {"type": "exit"} in browser.told, "the end")
        assert browser.process.wait(SECONDS) == 0
        assert browser.process.stderr.read() == b""


def test_the_tour_in_a_browser() -> None:
    with Browser("tutorial") as browser:
        browser.shows("Welcome")


@pytest.mark.parametrize(("driver", "arguments"), [("os:path", []), ("nonsense", ["tutorial"])])
def test_what_is_no_driver_is_refused_in_one_message(driver: str, arguments: list[str]) -> None:
    done = python("-m", "bptui", *arguments, env={"TEXTUAL_DRIVER": driver})
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith(f"Error: TEXTUAL_DRIVER: found {driver!r}")
