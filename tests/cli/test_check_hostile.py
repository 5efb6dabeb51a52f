"""``bptui check`` on a program that does all that a program may do, and at every save of one."""

import os
import signal
import subprocess
import sys
from pathlib import Path
from threading import Timer

import pytest

from tests.cli.test_check_program import NET, RIGHT

from .support import bptui

HOSTILE = """\
import atexit, os, signal, subprocess, sys, threading, time
import numpy as np

assert not {"bptui", "click", "pytest"} & {*sys.modules}
open("pid", "w").write(str(subprocess.Popen(["sleep", "300"]).pid))
if os.fork() == 0:
    time.sleep(300)
threading.Thread(target=time.sleep, args=(300,)).start()
atexit.register(time.sleep, 300)
for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
    signal.signal(number, signal.SIG_IGN)
sys.settrace(lambda *event: None)
sys.stdout.write("x" * 10**7)
print(sys.stdin.read(), sys.argv)
dot = np.dot
np.dot = lambda *parts: dot(*parts)
np.exp = None
os.chdir("/")
os.closerange(0, 64)
x = np.arange(6.0).reshape(3, 2)
w = np.ones(2)
for _ in range(3):
    e = np.dot(x, w) - 1
    loss = np.dot(e, e)
    w -= 0.01 * 2 * x.T.dot(e)
sys.exit("done")
"""


def test_a_program_that_does_all_it_may_is_judged_and_leaves_no_process(tmp_path: Path) -> None:
    file = tmp_path / "net.py"
    file.write_text(HOSTILE)
    result = bptui("check", str(file))
    assert (result.exit_code, result.stderr) == (0, "")
    assert f"{file}: right" in result.stdout
    assert not _is_alive(int((tmp_path / "pid").read_text()))


def test_what_a_fork_of_the_program_computes_is_not_the_programs(tmp_path: Path) -> None:
    file = tmp_path / "net.py"
    file.write_text(f"import os\nif os.fork():\n    os.wait(), os.kill(os.getpid(), 9)\n{RIGHT}")
    result = bptui("check", str(file))
    assert (result.exit_code, result.stdout) == (3, "")
    assert result.stderr == f"Error: {file}: it ends with signal SIGKILL\n"


@pytest.mark.parametrize("told", ["SIGTERM", "SIGTERM --watch", "SIGHUP", "SIGALRM", "SIGUSR1"])
def test_a_program_that_sends_its_parent_a_signal_has_no_verdict(told: str, tmp_path: Path) -> None:
    name, *options = told.split()
    file = tmp_path / "net.py"
    file.write_text(
        "import os, signal, time\nopen('pid', 'w').write(str(os.getpid()))\n"
        f"os.kill(os.getppid(), signal.{name})\ntime.sleep(300)\n"
    )
    command = [sys.executable, "-m", "bptui", "check", "--timeout", "300", *options, str(file)]
    former = signal.signal(signal.Signals[name], signal.SIG_DFL)  # nohup has it ignored
    try:
        ended = subprocess.run(command, capture_output=True, text=True, check=False)
    finally:
        signal.signal(signal.Signals[name], former)
    assert (ended.returncode, ended.stdout) == (3, "")
    assert ended.stderr == f"Error: no verdict: {name} was sent to bptui while your code ran\n"
    assert not _is_alive(int((tmp_path / "pid").read_text()))


def _is_alive(pid: int) -> bool:
    """Whether a process runs: one that has ended may still wait for its parent."""
    found = subprocess.run(
        ["ps", "-o", "stat=", "-p", str(pid)], capture_output=True, text=True, check=False
    )
    return found.stdout.strip()[:1] not in ("", "Z")


def test_every_save_is_checked_until_ctrl_c(tmp_path: Path) -> None:
    file = tmp_path / "net.py"
    file.write_text("x = (\n")
    command = [sys.executable, "-m", "bptui", "check", "--watch", "--timeout", "600", str(file)]
    with subprocess.Popen(
        command,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        env={**os.environ, "PYTHONUNBUFFERED": "1"},
    ) as process:
        assert process.stdout is not None
        late = Timer(600, process.kill)  # what is waited for never comes
        late.daemon = True
        late.start()

        def until(said: str) -> str:
            assert process.stdout is not None
            rows: list[str] = []
            for row in process.stdout:
                rows.append(row)
                if said in row:
                    break
            return "".join(rows)

        assert "Error" in until("line 1")  # a message ends nothing
        file.write_text(NET)
        assert "saved at" in until("net.py: wrong")
        until("for example")
        new = tmp_path / "new.py"  # as editors save that keep the old file until the end
        new.write_text(RIGHT)
        new.replace(file)
        assert "saved at" in until("net.py: right")
        head, slope = "import numpy as np\n", "def sigmoid(x):\n    return 1 / (1 + np.exp(-x))\n"
        (tmp_path / "slopes.py").write_text(head + slope)
        file.write_text(RIGHT.replace(slope, "from slopes import sigmoid\n"))
        assert "saved at" in until("net.py: right")
        (tmp_path / "slopes.py").write_text(head + slope.replace("np.exp(-x)", "np.exp(-2 * x)"))
        assert "saved at" in until("net.py: wrong")  # a module of the program is watched, too
        process.send_signal(signal.SIGINT)
        process.stdout.read()
        assert process.wait(60) == 0
        late.cancel()
