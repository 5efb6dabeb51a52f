"""A real pseudo-terminal: the program in it, and what a terminal would show of it."""

import fcntl
import os
import pty
import re
import select
import signal
import struct
import subprocess
import sys
import termios
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from time import monotonic
from typing import Self

import pyte

SECONDS = 120.0
"""The longest that a condition is waited for."""
RESTS = 3
"""Looks, 0.1 s apart, at which a program that rests wants the processor at none."""


AROUND = (
    *("COLUMNS", "LINES", "NO_COLOR", "COLORTERM", "COLORFGBG", "TERMINFO"),
    *("STY", "TMUX", "WT_SESSION", "TEXTUAL_COLOR_SYSTEM", "TEXTUAL_DRIVER", "TEXTUAL_FPS"),
)
"""What the terminal in which the tests run, or the tests themselves, may have set."""


def _take_terminal() -> None:
    """In the new process: be the terminal's; notice its end also where nohup runs the tests."""
    fcntl.ioctl(0, termios.TIOCSCTTY, 0)
    signal.signal(signal.SIGHUP, signal.SIG_DFL)


class Terminal:
    """``python -m bptui ARGUMENTS`` in a terminal of ``columns`` x ``lines``; a context manager.

    ``variables`` are added to the environment; ``command`` is what Python runs. ``master`` is the
    descriptor of the terminal's side, ``slave`` that of the program's, which is killed at the end.
    """

    def __init__(
        self,
        *arguments: str,
        columns: int = 120,
        lines: int = 36,
        term: str = "xterm-256color",
        command: Sequence[str] = ("-m", "bptui"),
        **variables: str,
    ) -> None:
        self.screen = pyte.Screen(columns, lines)
        self.written, self._read, self._text = b"", -1, ""
        self._stream = pyte.ByteStream(self.screen)
        environment = {**os.environ, "TERM": term, "PYTHONUNBUFFERED": "1"}
        for name in AROUND:
            environment.pop(name, None)
        self.master, self.slave = pty.openpty()
        self.set_size(columns, lines)
        self.settings_before = termios.tcgetattr(self.slave)
        self.process = subprocess.Popen(
            [sys.executable, *command, *arguments],
            stdin=self.slave,
            stdout=self.slave,
            stderr=self.slave,
            env=environment | {"LC_ALL": "C.UTF-8", **variables},
            preexec_fn=_take_terminal,
            start_new_session=True,
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        os.close(self.master)
        os.close(self.slave)

    def set_size(self, columns: int, lines: int) -> None:
        """Tell the program of another size, as a terminal does: it gets SIGWINCH."""
        fcntl.ioctl(self.slave, termios.TIOCSWINSZ, struct.pack("HHHH", lines, columns, 0, 0))

    def resize(self, columns: int, lines: int) -> None:
        """Change the window's size, as a terminal does: the program gets SIGWINCH."""
        self.screen.resize(lines, columns)
        self._read = -1
        self.set_size(columns, lines)

    def press(self, keys: str) -> None:
        os.write(self.master, keys.encode())

    def read(self, seconds: float) -> bool:
        """Feed what arrives within ``seconds`` to the screen; whether anything did."""
        if not select.select([self.master], [], [], seconds)[0]:
            return False
        text = os.read(self.master, 65536)
        self.written += text
        for _ in range(text.count(b"\x1b[6n")):  # where is the cursor?
            os.write(self.master, b"\x1b[1;1R")
        self._feed(text)
        return bool(text)

    def read_for(self, seconds: float) -> int:
        """Show what comes for so long; how many bytes came."""
        before, end = len(self.written), monotonic() + seconds
        while (left := end - monotonic()) > 0.0:
            self.read(min(left, 0.02))
        return len(self.written) - before

    def _feed(self, text: bytes) -> None:
        # pyte takes a private marker in keyboard and mode reports for text
        self._stream.feed(re.sub(rb"\x1b\[[<>=?][0-9;]*[^0-9;hl]", b"", text))

    def until(self, holds: Callable[[], object], what: str) -> None:
        """Read until ``holds``; fails, saying ``what``, after :data:`SECONDS`.

        At once where the program has ended and all it wrote has been read.
        """
        deadline = monotonic() + SECONDS
        while not holds():
            ended = self.process.poll() is not None
            came = self.read(0.02)
            vain = ended and not came and not holds()
            assert not vain, f"the program ended before {what}; the screen:\n{self.text}"
            assert monotonic() < deadline, f"waited for {what}; the screen:\n{self.text}"

    def shows(self, *texts: str) -> None:
        """Read until all ``texts`` stand on the screen."""
        self.until(lambda: all(text in self.text for text in texts), f"{texts}")

    def settles(self) -> str:
        """Read until nothing more arrives; for screens on which nothing runs."""
        while self.read(0.1) or not self.asleep:
            pass
        return self.text

    def rests(self) -> None:
        """Wait until the program has nothing left to do, without reading what it writes."""
        asleep = 0
        while asleep < RESTS:
            select.select([], [], [], 0.1)
            asleep = asleep + 1 if self.asleep else 0

    @property
    def asleep(self) -> bool:
        """Whether no thread of the program wants the processor, which others may have taken."""
        tasks = Path(f"/proc/{self.process.pid}/task")
        with suppress(OSError):  # a thread has ended, or the program; or this is not Linux
            return not any(
                (each / "stat").read_text().rpartition(") ")[2].startswith(("R", "D"))
                for each in tasks.iterdir()
            )
        return self.process.poll() is not None or sys.platform != "linux"

    def ends(self) -> int:
        """Read until the program has ended and all it wrote has arrived; its exit status."""
        self.until(lambda: self.process.poll() is not None, "the end")
        while self.read(0.05):
            pass
        return self.process.returncode

    @property
    def text(self) -> str:
        if self._read != len(self.written):  # or else nothing has changed
            self._read, self._text = len(self.written), "\n".join(self.screen.display)
        return self._text

    @property
    def status(self) -> str:
        return self.text.partition("\n")[0]

    @property
    def plain(self) -> str:
        """Everything written, without escape sequences."""
        text = self.written.decode(errors="replace").replace("\r\n", "\n")
        return re.sub(r"\x1b(\[[0-9;?]*[ -/]*[@-~]|\][^\x07]*\x07|[()].|[=>])", "", text)

    def is_restored(self) -> bool:
        """Whether cursor, main screen, mouse and terminal settings are as they were before."""
        cursor = _last_switch(self.written, b"25") in (None, b"h")
        main_screen = _last_switch(self.written, b"1049") in (None, b"l")
        mouse = all(_last_switch(self.written, each) in (None, b"l") for each in MOUSE)
        settings = termios.tcgetattr(self.slave) == self.settings_before
        return cursor and main_screen and mouse and settings


class Filmed(Terminal):
    """One that shows frames in one piece, and has ``frames`` of what it showed, line by line."""

    def __init__(self, *arguments: str, columns: int = 120, lines: int = 36) -> None:
        self.frames: list[list[str]] = []
        super().__init__(*arguments, columns=columns, lines=lines)

    def _feed(self, text: bytes) -> None:
        if b"\x1b[?2026$p" in text:  # can it show frames in one piece? yes
            os.write(self.master, b"\x1b[?2026;2$y")
        *frames, rest = text.split(b"\x1b[?2026l")
        for frame in frames:
            super()._feed(frame)
            self.frames.append([*self.screen.display])
        super()._feed(rest)


MOUSE = (b"1000", b"1002", b"1003", b"1006", b"1015", b"1016", b"2004")
"""Modes for mouse reports and bracketed paste."""


def _last_switch(written: bytes, mode: bytes) -> bytes | None:
    """h or l: how the private ``mode`` was set last; None where it never was."""
    found = re.findall(rb"\x1b\[\?" + mode + rb"([hl])", written)
    return found[-1] if found else None
