"""Sessions in a real terminal: whatever ends the program, `bptui --resume` goes on."""

import os
import re
import signal
import subprocess
import sys
import termios
from pathlib import Path

from .support import SECONDS, Terminal

FAULT = """\
from msgspec.structs import replace
from bptui.app.commands import COMMANDS

def faster(app):
    for panel in app.screen.query("Panel"):
        panel.call_later([].pop)
    [][app.player.snapshot.step]

COMMANDS[:] = [replace(each, run=faster) if each.name == "faster" else each for each in COMMANDS]
"""
"""Is run when Python starts: a key of the app then has a real error in it, and others follow."""
STUCK = """\
import os, signal, tty
from bptui.app.session.shutdown import Shutdown

Shutdown(lambda code: False, lambda: print("kept", file=open("kept.txt", "w"))).watch()
tty.setraw(0)
os.kill(os.getpid(), signal.SIGTERM)
while True:
    signal.pause()
"""
"""A program that cannot be left in an orderly way."""
GO_ON = "`bptui --resume` continues it"


class Mortal(Terminal):
    """A terminal that may go away while the program runs."""

    def __init__(self, state: Path, *arguments: str, **variables: str) -> None:
        super().__init__(*arguments, columns=80, lines=24, XDG_STATE_HOME=str(state), **variables)

    def hang_up(self) -> None:
        """Close the window."""
        os.close(self.master)
        self.master = os.open(os.devnull, os.O_RDONLY)

    @property
    def words(self) -> str:
        return " ".join(self.plain.split())


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
    terminal.shows("step 0 ", "d: scalar")
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


def resumed(state: Path, step: int, loss: str, *options: str, **variables: str) -> Mortal:
    """The session again, at the same step with the same loss."""
    terminal = Mortal(state, "--resume", *options, **variables)
    terminal.shows(f"step {step} ", f"loss {loss}", f"Continued at step {step}")
    return terminal


def test_whatever_ends_it_the_session_goes_on(tmp_path: Path) -> None:
    """One session through all ends; each start is the look at what the end before has left."""
    with Mortal(tmp_path) as terminal:
        loss = works(terminal)
        terminal.hang_up()
        assert terminal.process.wait(SECONDS) == 128 + signal.SIGHUP
    with Mortal(tmp_path, "xor") as terminal:  # says so, and waits for no answer
        terminal.shows("xor", "ended unexpectedly", "--resume")
        is_stopped_and_goes_on(terminal)
        terminal.press("s")
        terminal.shows("step 1 ")
        terminal.press("q")
        assert terminal.ends() == 0
        assert terminal.is_restored()
    assert any(line.startswith(b'{"ended":true,"name":"xor"') for line in kept(tmp_path))

    with resumed(tmp_path, 4, loss) as terminal:
        ends_by_signal(terminal, signal.SIGTERM)
    for file in tmp_path.glob("bptui/sessions/session-*.json"):
        assert file.stat().st_mode & 0o777 == 0o600
        if b'"name":"xor"' in file.read_bytes():
            file.unlink()
    with resumed(tmp_path, 4, loss) as terminal:
        terminal.press("s")
        terminal.until(lambda: any(b'"step":5,' in line for line in kept(tmp_path)), "a write")
        loss = shown_loss(terminal)
        with Mortal(tmp_path, "--resume") as other:  # this one still runs
            assert other.ends() == 2
            assert "open in another terminal" in other.words
        terminal.process.kill()
        assert terminal.ends() == -signal.SIGKILL

    (tmp_path / "sitecustomize.py").write_text(FAULT)
    with resumed(tmp_path, 5, loss, PYTHONPATH=str(tmp_path)) as terminal:
        terminal.press("+")
        assert terminal.ends() == 1
        assert terminal.is_restored()
        said = "crashed: IndexError: list index out of range bptui: The session is saved:"
        assert f"{said} {GO_ON}" in terminal.words
        assert "Traceback" not in terminal.words
    assert "in faster" in (tmp_path / "bptui" / "crash.txt").read_text()

    with resumed(tmp_path, 5, loss, "--plain-driver") as terminal:
        is_stopped_and_goes_on(terminal)
        terminal.press("s")
        terminal.shows("step 6 ")
        ends_by_signal(terminal, signal.SIGHUP)
    assert any(b'{"ended":false' in line and b'"step":6,' in line for line in kept(tmp_path))


def is_stopped_and_goes_on(terminal: Mortal) -> None:
    """By a signal that it cannot see; the shell has set the terminal to its own liking since."""
    terminal.process.send_signal(signal.SIGSTOP)
    os.waitpid(terminal.process.pid, os.WUNTRACED)
    terminal.settles()
    settings, before = termios.tcgetattr(terminal.slave), len(terminal.written)
    termios.tcsetattr(terminal.slave, termios.TCSANOW, terminal.settings_before)
    terminal.process.send_signal(signal.SIGCONT)
    terminal.until(lambda: b"\x1b[?1049h" in terminal.written[before:], "another start")
    terminal.until(lambda: termios.tcgetattr(terminal.slave) == settings, "the settings of before")
    terminal.shows("step ", "Network", "Loss", "Derivation")


def ends_by_signal(terminal: Terminal, number: signal.Signals) -> None:
    terminal.process.send_signal(number)
    assert terminal.ends() == 128 + number
    assert terminal.is_restored()
    assert "Traceback" not in terminal.plain
    assert GO_ON in terminal.plain


def test_the_terminal_is_put_right_where_the_app_cannot_end(tmp_path: Path) -> None:
    """Also where messages go to a file."""
    master, slave = os.openpty()
    before, messages = termios.tcgetattr(slave), tmp_path / "messages"
    with messages.open("wb") as stream:
        ended = subprocess.run(
            [sys.executable, "-c", STUCK],
            stdin=slave,
            stdout=slave,
            stderr=stream,
            cwd=tmp_path,
            timeout=120,
            check=False,
        )
    assert ended.returncode == 128 + signal.SIGTERM
    assert (tmp_path / "kept.txt").read_text() == "kept\n"
    assert termios.tcgetattr(slave) == before
    assert b"\x1b[?1049l" in os.read(master, 10_000)
    assert messages.read_bytes() == b""
    os.close(master)
    os.close(slave)
