"""``bptui check --watch``: again at every save, until ctrl+c."""

import os
import signal
import subprocess
import sys
from pathlib import Path
from threading import Timer

from tests.cli.test_check_program import NET, RIGHT


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
