"""What the first screen does not show is not loaded before it, so that it comes soon."""

import json
from pathlib import Path

import pytest

from bptui.app.session.state import Session, SessionState, written
from bptui.app.session.store import SessionFile
from bptui.core.timeline import Timeline
from bptui.presets.files import load

from ..processes import python

PROGRAM = """
import json, sys
from bptui.main import main
from bptui.presets.files import load
from bptui.app.app import BptuiApp
from bptui.terminal.driver import DifferenceDriver
from bptui.app.session import shutdown
BptuiApp(load("article"))
print(json.dumps(sorted(sys.modules)))
"""
ON_WINDOWS = """
import os, select, signal, sys
import click, plotext, textual.pilot
from textual.app import App
from textual.drivers.headless_driver import HeadlessDriver

sys.platform = "win32"  # what is imported by now has looked at it
missing = {
    os: "fchmod fchown fork getpgid getpgrp getuid killpg mkfifo pread register_at_fork setsid"
    " set_blocking statvfs sysconf ttyname uname"
    " O_ASYNC O_CLOEXEC O_NOCTTY O_NOFOLLOW O_NONBLOCK WNOHANG",
    select: "epoll poll",
    signal: "SIGALRM SIGCHLD SIGCONT SIGHUP SIGKILL SIGPIPE SIGQUIT SIGSTOP SIGTSTP SIGUSR1 SIGUSR2"
    " SIGWINCH alarm pthread_sigmask setitimer",
}
for module, names in missing.items():
    for name in names.split():
        vars(module).pop(name, None)  # some are not everywhere
for name in "curses fcntl grp pty pwd resource termios tty".split():
    sys.modules[name] = None  # importing it fails
for name in ("TERM", "COLORTERM"):
    os.environ.pop(name, None)
for stream in (sys.stdin, sys.stdout):
    stream.isatty = lambda: True

run = App.run
async def work(pilot):
    await pilot.press("s", "c", "escape", "p", "escape", "w", "escape", "e", "escape")
    while not (pilot.app.autosave and pilot.app.autosave.written):
        await pilot.pause(0.01)
    print(pilot.app.theme, pilot.app.screen._compositor.render_strips()[0].text)
    await pilot.press("q")

App.get_driver_class = lambda app: HeadlessDriver
App.run = lambda app: run(app, headless=True, size=(120, 36), auto_pilot=work)
from bptui.main import main
main()
"""
LATER = {
    *("click", "plotext", "numpy.typing", "shlex", "csv", "hashlib", "textual.widgets._text_area"),
    *("textual.widgets._data_table", "bptui.program", "bptui.charts", "bptui.export"),
    *("bptui.check", "bptui.explain", "bptui.presets.csv_file", "bptui.presets.save"),
    *("bptui.app.screens.sheet", "bptui.app.panels.learned", "bptui.app.panels.samples"),
    *("bptui.app.playback.breakpoints", "bptui.app.playback.search"),
    *("bptui.app.screens.dialog", "bptui.app.session.state", "bptui.app.session.store"),
}


def test_only_what_the_first_screen_needs_is_loaded_before_it() -> None:
    done = python("-c", PROGRAM)
    loaded = json.loads(done.stdout)
    assert {"bptui.app.panels.network", "numpy", "textual.app"} <= set(loaded)
    assert not LATER & set(loaded)


def test_it_goes_on_with_what_windows_has(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Python 3.11 for Windows lacks much of what there is for Linux and macOS."""
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    timeline, file = Timeline(load("xor")), SessionFile.new()
    state = SessionState(False, "xor", 1, None, [], "1 step/s", None)
    file.write(written(Session(state, timeline), ended=False))
    file.release()
    done = python("-c", ON_WINDOWS, "--resume")
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("bptui-dark  xor ")
    assert "step 2 " in done.stdout
