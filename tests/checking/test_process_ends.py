"""Code that hangs, crashes or ends the program, and callers that end: no process is left."""

from __future__ import annotations

import re
import signal
import subprocess
import sys
from contextlib import ExitStack
from pathlib import Path
from types import FrameType

import pytest

from bptui.check.answers import Loaded, Stopped
from bptui.check.process.output import KEPT
from bptui.check.process.user_code import UserCode

from .process_support import SHORT, answer, gone, script, stopped, wait_until

DANGEROUS = """\
import atexit, ctypes, os, signal, subprocess, sys, threading, time

DAEMON = (
    "import os; os.setsid(); process = os.fork(); process and print(process, flush=True);"
    "process and os._exit(0); os.close(1); os.execv('/bin/sleep', ['sleep', '3000'])"
)

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
    group = subprocess.Popen(["sleep", "1000"], preexec_fn=lambda: os.setpgid(0, 0), env={})
    session = subprocess.Popen(["sleep", "2000"], start_new_session=True, env={})
    daemon = subprocess.check_output([sys.executable, "-c", DAEMON], env={})
    return [os.getpid(), child.pid, group.pid, session.pid, int(daemon)]

def own():
    return [os.getpid()]

def ignoring():
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    atexit.register(time.sleep, 1000)
    threading.Thread(target=time.sleep, args=(1000,)).start()
    return [os.getpid()]

def send(number):
    os.kill(os.getppid(), int(number))
    time.sleep(1000)
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


def processes(code: UserCode, function: str) -> list[int]:
    return [int(each) for each in answer(code, function).given.arrays]


@pytest.mark.skipif(sys.platform != "linux", reason="others have nothing to find them by")
def test_nothing_that_the_code_started_is_left_and_what_hid_is_named(tmp_path: Path) -> None:
    with UserCode(script(tmp_path, DANGEROUS), 600.0) as code:
        assert isinstance(code.load(), Loaded)
        *_, session, daemon = family = processes(code, "family")
        assert not any(map(gone, family))
    assert all(map(gone, family))
    assert f"sleep 2000 (process {session})" in code.escaped
    assert sorted(re.findall(r"process (\d+)", " ".join(code.escaped))) == sorted(
        map(str, (session, daemon))
    )
    with UserCode(script(tmp_path, DANGEROUS), 600.0) as code:
        assert isinstance(code.load(), Loaded)
        alone = processes(code, "ignoring")
    assert all(map(gone, alone))
    assert code.escaped == []


def test_a_signal_to_the_parent_is_an_end_of_the_code_and_not_of_the_program(
    tmp_path: Path,
) -> None:
    with UserCode(script(tmp_path, DANGEROUS), 600.0) as code:
        for name in ("SIGTERM", "SIGINT", "SIGHUP", "SIGKILL"):
            assert isinstance(code.load(), Loaded)
            (process,) = processes(code, "own")
            sent = stopped(code, "send", float(signal.Signals[name]))
            assert (sent.kind, sent.message) == ("exited", f"os.kill(os.getppid(), {name})")
            wait_until(lambda process=process: gone(process))  # type: ignore[misc]  # bound early


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
        script(tmp_path, "def f(): pass\n" * 30_000)  # to compile these takes longer than all else
        code.limit, code.elapsed = SHORT, 0.0
        end = code.load()
        assert isinstance(end, Stopped)
        assert (end.kind, end.compiling, end.frames) == ("hung", True, ())
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


def test_a_killed_caller_leaves_no_process(tmp_path: Path) -> None:
    file = script(
        tmp_path, "import os\nprint(os.getpid())\ndef gradients():\n    while True: pass\n"
    )
    program = (
        "import sys\nfrom pathlib import Path\n"
        "from bptui.check.process.user_code import UserCode\n"
        f"with UserCode(Path({str(file)!r}), 1000.0) as code:\n"
        "    code.load()\n    print(code.output, flush=True)\n"
        "    code.call('gradients', [])\n"
    )
    with subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE) as caller:
        assert caller.stdout is not None
        pid = int(caller.stdout.readline())
        assert not gone(pid)
        caller.kill()
    wait_until(lambda: gone(pid))
