"""Code that hangs, crashes or ends the program, and callers that end: no process is left."""

from __future__ import annotations

import signal
import subprocess
import sys
from contextlib import ExitStack
from pathlib import Path
from types import FrameType

import pytest

from bptui.checking.answers import Loaded, Stopped
from bptui.checking.process.output import KEPT
from bptui.checking.process.user_code import UserCode

from .process_support import SHORT, answer, gone, script, stopped, wait_until

DANGEROUS = """\
import os, sys, time, ctypes, subprocess

def printing():
    while True:
        print("x" * 79)

def sleeping():
    print("before")
    time.sleep(1000)

def crash():
    ctypes.string_at(0)

def hard_exit():
    os._exit(3)

def close_all():
    os.closerange(3, 300)
    return 1.0

def garbage():
    for descriptor in range(200, 230):
        try:
            os.write(descriptor, b'{"kind": "answer", "number": 1}\\n')
        except OSError:
            pass
    return 1.0

def family():
    child = subprocess.Popen(["sleep", "1000"])
    daemon = subprocess.Popen(["sleep", "1000"], start_new_session=True)
    fork = os.fork()
    if fork == 0:
        os.setsid()
        time.sleep(1000)
    return [os.getpid(), child.pid, daemon.pid, fork]
"""


def test_hangs_and_crashes_end_the_process_and_the_next_life_starts_another(tmp_path: Path) -> None:
    file = script(tmp_path, DANGEROUS)
    lines = DANGEROUS.splitlines()
    with ExitStack() as stack:
        # all of them are started before the first is asked, as that takes a while
        codes = {
            each: stack.enter_context(UserCode(file, SHORT)) for each in ("printing", "sleeping")
        }
        for function, code in codes.items():
            assert isinstance(code.load(), Loaded)
            hung = stopped(code, function)
            assert (hung.kind, hung.message, hung.while_loading) == ("hung", "1.5 s", False)
            assert hung.frames[-1].function == function
            assert hung.frames[-1].source == lines[hung.frames[-1].line - 1].strip()
            assert code.elapsed >= SHORT
            assert code.load() == Stopped("hung", "1.5 s", while_loading=True), "no time is left"
            if function == "sleeping":
                assert code.output == "before\n"
            if function == "printing":
                assert len(code.output) < 2 * KEPT + 100
                assert "bytes left out ...]" in code.output
    with UserCode(file, 30.0) as code:
        assert isinstance(code.load(), Loaded)
        crashed = stopped(code, "crash")
        assert (crashed.kind, crashed.message) == ("crashed", "signal SIGSEGV")
        assert crashed.frames[-1].source == "ctypes.string_at(0)"
        assert isinstance(code.load(), Loaded)
        left = stopped(code, "hard_exit")
        assert (left.kind, left.message) == ("exited", "os._exit(3)")
        assert isinstance(code.load(), Loaded)
        assert stopped(code, "close_all").kind == "crashed"
        assert isinstance(code.load(), Loaded)
        spoilt = stopped(code, "garbage")
        assert (spoilt.kind, spoilt.message) == ("crashed", "an answer that cannot be read")
        assert isinstance(code.load(), Loaded)
        family = [int(each) for each in answer(code, "family").given.arrays]
        assert not any(map(gone, family))
    for pid in family:
        wait_until(lambda pid=pid: gone(pid))  # type: ignore[misc]  # bound early on purpose


def test_what_happens_while_the_file_is_loaded(tmp_path: Path) -> None:
    cases = [
        ("x = 1\ndef f(:\n", "raised", "SyntaxError: invalid syntax"),
        ("import sys\nsys.exit()\n", "exited", "sys.exit()"),
        ("a = 1\nb = a / 0\n", "raised", "ZeroDivisionError: division by zero"),
        ("import no_such\n", "raised", "ModuleNotFoundError: No module named 'no_such'"),
        ("raise NotImplementedError\n", "raised", "NotImplementedError"),
        ("import time\nwhile True:\n    time.sleep(1)\n", "hung", "1.5 s"),
    ]
    file = tmp_path / "solution.py"
    with UserCode(file) as code:
        for text, kind, message in cases:
            script(tmp_path, text)
            code.limit, code.elapsed = SHORT if kind == "hung" else 600.0, 0.0
            end = code.load()
            assert isinstance(end, Stopped)
            assert (end.kind, end.message, end.while_loading) == (kind, message, True)
            assert end.frames[-1].file == "solution.py"
            assert end.frames[-1].source in text
            assert end.frames[-1].source
    with UserCode(script(tmp_path, "import numpy as np\nnp.log(0.0)\n", "statistics.py")) as code:
        loaded = code.load()
        assert isinstance(loaded, Loaded)
        assert loaded.functions == {}
        assert [(each.file, each.line) for each in loaded.warnings] == [("statistics.py", 2)]


def test_an_interrupted_caller_leaves_no_process(tmp_path: Path) -> None:
    def interrupt(signum: int, frame: FrameType | None) -> None:
        raise KeyboardInterrupt

    file = script(
        tmp_path, "import os\nprint(os.getpid())\ndef gradients():\n    while True: pass\n"
    )
    before = signal.signal(signal.SIGALRM, interrupt)
    try:
        with UserCode(file) as code:
            assert isinstance(code.load(), Loaded)
            signal.setitimer(signal.ITIMER_REAL, 0.05)
            with pytest.raises(KeyboardInterrupt):
                code.call("gradients", [])
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
    assert gone(int(code.output))


@pytest.mark.skipif(sys.platform != "linux", reason="the lifeline is a means of Linux")
def test_a_killed_caller_leaves_no_process(tmp_path: Path) -> None:
    file = script(tmp_path, "import os\ndef gradients():\n    while True: pass\n")
    program = (
        "import sys\nfrom pathlib import Path\n"
        "from bptui.checking.process.user_code import UserCode\n"
        f"with UserCode(Path({str(file)!r}), 1000.0) as code:\n"
        "    code.load()\n    print(code._pipes._process.pid, flush=True)\n"
        "    code.call('gradients', [])\n"
    )
    with subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE) as caller:
        assert caller.stdout is not None
        pid = int(caller.stdout.readline())
        assert not gone(pid)
        caller.kill()
    wait_until(lambda: gone(pid))
