"""Sessions in a real terminal: whatever ends the program, `bptui --resume` goes on."""

from __future__ import annotations

import os
import re
import signal
from pathlib import Path

import pytest

from .support import Terminal

FAULT = """\
from bptui.app import playing

playing.PlayingApp.action_faster = lambda app: [][app.player.snapshot.step]
"""
"""Is run when Python starts: a key of the app then has a real error in it."""


class Mortal(Terminal):
    """A terminal that may go away while the program runs."""

    def __init__(self, state: Path, *arguments: str, **variables: str) -> None:
        super().__init__(*arguments, columns=100, lines=30, XDG_STATE_HOME=str(state), **variables)

    def hang_up(self) -> None:
        """Close the window."""
        os.close(self._master)
        self._master = os.open(os.devnull, os.O_RDONLY)


def kept(state: Path) -> list[bytes]:
    """The lines of every session that was written."""
    files = state.glob("bptui/sessions/session-*.json")
    return [line for file in sorted(files) for line in file.read_bytes().splitlines()]


def shown_loss(terminal: Terminal) -> str:
    found = re.search(r"loss (\S+)", terminal.status)
    assert found, terminal.status
    return found[1]


def works(terminal: Terminal) -> str:
    """Do three steps and an edit of a weight, and another step; the loss then."""
    terminal.shows("step 0 ", "linear")
    terminal.press("sss")
    terminal.shows("step 3 ")
    terminal.press("\r")
    terminal.shows("from step 3 on")
    terminal.press("0.75\r")
    terminal.shows("changed from")
    before = shown_loss(terminal)
    terminal.press("s")
    terminal.until(
        lambda: "step 4 " in terminal.status and shown_loss(terminal) != before, "step 4"
    )
    return shown_loss(terminal)


def goes_on(state: Path, loss: str) -> None:
    """The session comes back; it is left in an orderly way."""
    with Mortal(state, "--resume") as terminal:
        terminal.shows("step 4 ", f"loss {loss}", "Continued at step 4")
        terminal.press("q")
        assert terminal.ends() == 0
        assert terminal.is_restored()


@pytest.mark.parametrize("number", [signal.SIGHUP, signal.SIGTERM])
def test_signals_keep_the_session(tmp_path: Path, number: signal.Signals) -> None:
    with Mortal(tmp_path) as terminal:
        loss = works(terminal)
        terminal.process.send_signal(number)
        assert terminal.ends() == 128 + number
        assert terminal.is_restored()
        assert "Traceback" not in terminal.plain
        assert "`bptui --resume` goes on" in terminal.plain
    # the next start says so, and goes on without waiting for an answer
    with Mortal(tmp_path, "xor") as terminal:
        terminal.shows("xor", "ended unexpectedly at step 4", "--resume")
        terminal.press("q")
        assert terminal.ends() == 0
    goes_on(tmp_path, loss)


def test_a_kill_loses_no_more_than_the_last_moment(tmp_path: Path) -> None:
    with Mortal(tmp_path) as terminal:
        loss = works(terminal)
        terminal.until(lambda: any(b'"step":4,' in line for line in kept(tmp_path)), "a write")
        (file,) = tmp_path.glob("bptui/sessions/session-*.json")
        assert file.stat().st_mode & 0o777 == 0o600
        # of a session that still runs nothing is said
        with Mortal(tmp_path, "--resume") as other:
            assert other.ends() == 2
            assert "no session to continue" in " ".join(other.plain.split())
        terminal.process.kill()
        assert terminal.ends() == -signal.SIGKILL
    goes_on(tmp_path, loss)
    # it has been quit now: nothing is offered, and still it can be continued
    with Mortal(tmp_path) as terminal:
        terminal.shows("step 0 ", "linear")
        assert "unexpectedly" not in terminal.settles()
        terminal.press("q")
        assert terminal.ends() == 0
    goes_on(tmp_path, loss)


def test_a_terminal_that_goes_away_keeps_the_session(tmp_path: Path) -> None:
    with Mortal(tmp_path) as terminal:
        loss = works(terminal)
        terminal.hang_up()
        terminal.process.wait(20)
        assert terminal.process.returncode == 128 + signal.SIGHUP
    goes_on(tmp_path, loss)


def test_a_crash_keeps_the_session_and_the_traceback(tmp_path: Path) -> None:
    (tmp_path / "sitecustomize.py").write_text(FAULT)
    with Mortal(tmp_path, PYTHONPATH=str(tmp_path)) as terminal:
        loss = works(terminal)
        terminal.press("+")
        assert terminal.ends() == 1
        assert terminal.is_restored()
        said = " ".join(terminal.plain.split())
        assert "IndexError: list index out of range" in said
        assert "`bptui --resume` goes on" in said
        assert "Traceback" not in said
    assert "action_faster" in (tmp_path / "bptui" / "crash.txt").read_text()
    goes_on(tmp_path, loss)


def test_where_nothing_can_be_written_the_work_goes_on(tmp_path: Path) -> None:
    (tmp_path / "bptui").write_text("a file in the place of the folder")
    with Mortal(tmp_path) as terminal:
        loss = works(terminal)
        terminal.shows("The session cannot be kept")
        terminal.press("s")
        terminal.shows("step 5 ")
        assert shown_loss(terminal) != loss
        terminal.press("q")
        assert terminal.ends() == 0
        assert terminal.is_restored()
        assert "bptui:" not in terminal.plain  # it was said once
    with Mortal(tmp_path, "--resume") as terminal:
        assert terminal.ends() == 2
