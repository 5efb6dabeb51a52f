"""The user's code in its own process: what it gives comes back, and nothing it does gets out."""

import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest

from bptui.check.running.interpreter import OWN
from bptui.check.running.runner import recorded
from bptui.trace.run import NotRecordedError, Run

from .lively_code import HELPER, LIVELY

SHORT = 1.5
"""The limit in seconds of code that hangs: a busy machine has begun it by then."""


def script(folder: Path, text: str, name: str = "solution.py") -> Path:
    file = folder / name
    file.write_text(text, encoding="utf-8")
    return file


def gone(pid: int) -> bool:
    """Tell whether no such process runs; a dead one that nobody has waited for does not."""
    try:
        os.kill(pid, 0)
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] in "ZX"
    except (FileNotFoundError, ProcessLookupError):
        return True


def wait_until(condition: Callable[[], bool], seconds: float = 120.0) -> None:
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "waited too long"
        os.sched_yield()


@pytest.fixture(scope="module", params=["copied", "started"], autouse=True)
def way(request: pytest.FixtureRequest) -> Iterator[str]:
    """In which way the processes come to be."""
    if request.param == "copied" and sys.platform != "linux":
        pytest.skip("processes are copied on Linux only")
    with pytest.MonkeyPatch.context() as patch:
        copied = request.param == "copied"
        patch.setattr("bptui.check.running.process.is_alike", lambda python, file: copied)
        yield request.param


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("täglich neu")  # a name that needs quoting everywhere
    script(made, HELPER, "helper.py")
    script(made, LIVELY.partition("\nif __name__")[0])
    return made


def called(folder: Path, function: str, limit: float = 600.0) -> Run:
    """What was recorded of one of the functions above; its result is ``made``, where it is one."""
    call = f"made = {function}(numpy.ones((2, 1)), [numpy.ones((3, 2)), numpy.ones((2, 1))])"
    return recorded(folder / "solution.py", OWN, limit, f"import numpy\n{call}")


def numbers(run: Run) -> list[object]:
    return [value for _, _, name, value in run.recording.plain if name == "made"]


def test_errors_tell_the_programs_line(folder: Path) -> None:
    lines = (folder / "solution.py").read_text().splitlines()
    for function, message in (
        ("fail", "ValueError: matmul: "),
        ("deep", "RecursionError: maximum recursion depth exceeded"),
        ("memory", "MemoryError: Unable to allocate"),
        ("ask", "EOFError: EOF when reading a line"),
        ("leave", "sys.exit"),
    ):
        run = called(folder, function)
        assert message.split(":")[0] in run.message or "MemoryError" in run.message
        assert run.end == ("exit" if function == "leave" else "error")
        assert run.line is not None
        assert f"def {function}(" in lines[run.line - 1]
    assert numbers(called(folder, "counted")) == [1]


def test_no_two_processes_draw_the_same_numbers(folder: Path) -> None:
    np.random.rand()  # which begins what copies would go on with
    drawn = [
        {binding.name: run.recording.values[binding.entry] for binding in run.recording.bindings}
        for run in (called(folder, "draw"), called(folder, "draw"))
    ]
    assert all(drawn[0][f"made[{at}]"] != drawn[1][f"made[{at}]"] for at in (0, 1))


def test_what_is_printed_is_kept_with_warnings_and_their_lines(way: str, folder: Path) -> None:
    assert "from print from write\nto stderr\nfrom a program\n" in called(folder, "say").printed
    if way == "copied":
        pytest.skip("pytest catches the warnings of this process")
    lines = [line.strip() for line in LIVELY.splitlines()]
    warned = re.findall(r"solution.py, line (\d+): (\w+): (.*)", called(folder, "warn").printed)
    assert [(lines[int(line) - 1], kind, text) for line, kind, text in warned] == [
        ("np.log(np.zeros(2) - 1)", "RuntimeWarning", "invalid value encountered in log"),
        ('warnings.warn("mind the gap")', "UserWarning", "mind the gap"),
    ]


def test_hangs_and_crashes_end_the_process(folder: Path) -> None:
    for function, message in (("crash", "signal SIGSEGV"), ("hard_exit", r"os._exit\(3\)")):
        with pytest.raises(NotRecordedError, match=f"it ends with {message}"):
            called(folder, function)
    run = called(folder, "printing", SHORT)
    assert run.end == "time"
    assert "x" * 79 in run.printed
    assert len(run.printed) < 200_000
    stuck = script(
        folder, "while True:\n    try:\n        while 1: pass\n    except: pass\n", "s.py"
    )
    assert recorded(stuck, OWN, SHORT / 3).end == "time"


@pytest.mark.skipif(sys.platform != "linux", reason="others have nothing to find sessions by")
def test_nothing_that_the_code_started_is_left(folder: Path) -> None:
    call = "for one in [*family(0, 0), thread(0, 0)]:\n    made = one"
    family = numbers(recorded(folder / "solution.py", OWN, 600.0, call))
    assert len(family) == 5
    wait_until(lambda: all(gone(pid) for pid in family if type(pid) is int))


@pytest.mark.parametrize("sent", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_a_caller_that_ends_leaves_nothing(sent: signal.Signals, tmp_path: Path) -> None:
    endless = (
        "import os, subprocess\nchild = subprocess.Popen(['sleep', '1000']).pid\n"
        f"with open({str(tmp_path / 'made')!r}, 'w') as file:\n"
        "    print(os.getpid(), child, file=file)\n"
        f"os.rename({str(tmp_path / 'made')!r}, {str(tmp_path / 'pids')!r})\nwhile True: pass\n"
    )
    program = (
        "from pathlib import Path\nfrom bptui.check.running.interpreter import OWN\n"
        "from bptui.check.running.runner import recorded\n"
        f"recorded(Path({str(script(tmp_path, endless))!r}), OWN, 1000.0)\n"
    )
    pids = tmp_path / "pids"
    left = tmp_path / "left"
    left.mkdir()
    started = [sys.executable, "-c", program]
    at = {**os.environ, "TMPDIR": str(left)}
    with subprocess.Popen(started, stderr=subprocess.PIPE, env=at) as caller:
        wait_until(pids.exists)
        processes = [*map(int, pids.read_text().split())]
        assert not any(map(gone, processes))
        caller.send_signal(sent)
    wait_until(lambda: all(map(gone, processes)))
    assert not [*left.iterdir()]
