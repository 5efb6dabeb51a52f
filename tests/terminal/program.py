"""A program in a real pseudo-terminal, whatever is made of what it writes."""

from __future__ import annotations

import fcntl
import os
import pty
import signal
import struct
import subprocess
import termios
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Self


def _take_terminal() -> None:
    """In the new process: be the terminal's; notice its end also where nohup runs the tests."""
    fcntl.ioctl(0, termios.TIOCSCTTY, 0)
    signal.signal(signal.SIGHUP, signal.SIG_DFL)


class Program:
    """``command`` in a terminal of ``columns`` x ``lines``; killed at the end of the ``with``.

    ``master`` is the descriptor of the terminal's side, ``slave`` that of the program's.
    """

    def __init__(
        self,
        command: Sequence[str],
        columns: int,
        lines: int,
        environment: Mapping[str, str],
        folder: Path | None = None,
    ) -> None:
        self.master, self.slave = pty.openpty()
        self.set_size(columns, lines)
        self.settings_before = termios.tcgetattr(self.slave)
        self.process = subprocess.Popen(
            command,
            stdin=self.slave,
            stdout=self.slave,
            stderr=self.slave,
            cwd=folder,
            env=dict(environment),
            preexec_fn=_take_terminal,
            start_new_session=True,
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        os.close(self.master)
        os.close(self.slave)

    def set_size(self, columns: int, lines: int) -> None:
        """Tell the program of another size, as a terminal does: it gets SIGWINCH."""
        fcntl.ioctl(self.slave, termios.TIOCSWINSZ, struct.pack("HHHH", lines, columns, 0, 0))
