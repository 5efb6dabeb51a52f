"""A forced end, which the app itself has no part in."""

from __future__ import annotations

import os
import pty
import signal
import subprocess
import sys
import termios
from pathlib import Path

STUCK = """\
import os, signal, tty
from bptui.app.session.shutdown import Shutdown

def cannot_leave(code):
    return False

Shutdown(cannot_leave, lambda: print("kept", file=open("kept.txt", "w"))).watch()
tty.setraw(0)
os.kill(os.getpid(), signal.SIGTERM)
while True:
    signal.pause()
"""


def test_the_terminal_is_put_right_also_where_messages_go_to_a_file(tmp_path: Path) -> None:
    master, slave = pty.openpty()
    before = termios.tcgetattr(slave)
    with (tmp_path / "messages").open("wb") as messages:
        ended = subprocess.run(
            [sys.executable, "-c", STUCK],
            stdin=slave,
            stdout=slave,
            stderr=messages,
            cwd=tmp_path,
            timeout=120,
            check=False,
        )
    assert ended.returncode == 128 + signal.SIGTERM
    assert (tmp_path / "kept.txt").read_text() == "kept\n"
    assert termios.tcgetattr(slave) == before
    assert b"\x1b[?1049l" in os.read(master, 10_000)
    assert (tmp_path / "messages").read_bytes() == b""
    os.close(master)
    os.close(slave)
