"""A process of the user's own Python, which does one thing within a time limit."""

from __future__ import annotations

import json
import os
import select
import signal
import subprocess
import sys
import time
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Self

from bptui.check.running.copied import Copy, become_child, is_alike
from bptui.check.running.interpreter import CannotStartError, Interpreter

CHILD = Path(__file__).with_name("child.py")
START, GRACE, POLL = 60.0, 5.0, 0.05
"""Seconds in which Python has to be there, by which it may be late, between looks at it."""
PIECE, MOST_OUTPUT = 1 << 16, 1 << 16
ENVIRONMENT = {
    **dict.fromkeys((f"{library}_NUM_THREADS" for library in ("OPENBLAS", "OMP", "MKL")), "1"),
    "VECLIB_MAXIMUM_THREADS": "1",
    "PYTHONIOENCODING": "utf-8",
    "MPLBACKEND": "Agg",
}
"""One thread for matrix products, plain output and no windows of plots."""
MARK = "BPTUI_PROCESS"
"""The variable by which processes that the code started are known."""
REFUSED = "bptui: "
"""In front of the reason why an interpreter will not do."""


def _path() -> dict[str, str]:
    """Return where modules are, told from here: the process runs in another folder."""
    told = os.environ.get("PYTHONPATH")
    folders = map(os.path.abspath, told.split(os.pathsep)) if told else ()
    return {"PYTHONPATH": os.pathsep.join(folders)} if told else {}


class Process:
    """A process of ``python`` that does one thing with ``file``, as ``child.py`` says.

    When it is left, no process is left. Raises :class:`CannotStartError`.
    """

    def __init__(self, file: Path, python: Interpreter) -> None:
        if sys.platform == "win32":
            raise CannotStartError("code can be checked only on Linux and macOS")
        self.folder, self.python, self.printed = file.parent, python, bytearray()
        self.ended, self._answer, self._token = False, bytearray(), f"bptui-{os.urandom(4).hex()}"
        commands, self._requests = os.pipe()
        self._answers, answers = os.pipe()
        self._output, output = os.pipe()
        far = (commands, answers)
        environment = {**_path(), **ENVIRONMENT, MARK: self._token}
        self._popen: Copy | subprocess.Popen[bytes]
        try:
            if is_alike(python, file):
                as_child = partial(become_child, file, far, output, environment, self._token)
                self._popen = Copy(as_child)
            else:
                self._popen = subprocess.Popen(
                    [python.path, "-u", str(CHILD), str(file), *map(str, far)],
                    cwd=self.folder,
                    stdin=subprocess.DEVNULL,
                    stdout=output,
                    stderr=output,
                    pass_fds=far,
                    start_new_session=True,
                    env={**os.environ, **environment},
                )
        except OSError as error:
            self._close()
            raise CannotStartError(f"{python}: {error.strerror or error}") from error
        finally:
            for descriptor in (commands, answers, output):
                os.close(descriptor)
        self._open = [self._answers, self._output]

    def __enter__(self) -> Self:
        """Raise :class:`CannotStartError` where no Python of use comes to life."""
        if self._line(time.monotonic() + START) is not None:
            return self
        last = self.printed.decode("utf-8", "replace").strip().rpartition("\n")[2]
        ours = last.startswith(REFUSED)
        told = f"it does not start like Python: {last or 'it prints nothing'}"
        why = last.removeprefix(REFUSED) if ours else told
        self.end()
        raise CannotStartError(f"{self.python}: {why}{self.python.advice}")

    def __exit__(self, *_: object) -> None:
        self.end()

    def run(self, folder: str, seconds: float) -> str | None:
        """Let it do what a folder asks for; return how it ended, None where it has not in time."""
        with suppress(BrokenPipeError):
            os.write(self._requests, f"{folder}\n".encode())
        line = self._line(time.monotonic() + seconds)
        if line is not None:
            ended: str = json.loads(line)
            return ended
        code = self._popen.poll()
        if code is None or code >= 0:
            return None if code is None else f"os._exit({code})"
        name = signal.Signals(-code).name if -code in [*signal.Signals] else -code
        return f"signal {name}"

    @property
    def output(self) -> str:
        """Return what was printed, the first of much; escape sequences are still in it."""
        return self.printed.decode("utf-8", "backslashreplace").replace("\r\n", "\n")

    def _line(self, deadline: float) -> bytes | None:
        """Return the next line of the answers; None where the process ended, or out of time."""
        while b"\n" not in self._answer:
            ended = self._popen.poll() is not None
            if (not self._read(0.0 if ended else POLL) and ended) or time.monotonic() > deadline:
                return None
        for _ in range(16):  # what was printed before the answer
            self._read(0.0)
        line, _, self._answer = self._answer.partition(b"\n")
        return bytes(line)

    def _read(self, seconds: float) -> bool:
        """Take in what has come from the process; return whether there was anything."""
        ready, _, _ = select.select(self._open, [], [], seconds)
        for descriptor in ready:
            data = os.read(descriptor, PIECE)
            if not data:
                self._open.remove(descriptor)
            elif descriptor == self._answers:
                self._answer += data
            else:
                self.printed += data[: MOST_OUTPUT - len(self.printed)]
        return bool(ready)

    def end(self) -> None:
        """End the process and all that came of it; on Linux also what has left its group."""
        if self.ended:
            return
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(self._popen.pid, signal.SIGKILL)
        self._popen.wait()
        while left := self._marked():
            for process in left:
                with suppress(ProcessLookupError, PermissionError):
                    os.kill(process, signal.SIGKILL)
        self._close()
        self.ended = True

    def _marked(self) -> list[int]:
        """Return the processes that have the mark: copies, and what was begun as a program."""
        found, token = list[int](), self._token.encode()
        for folder in Path("/proc").glob("[0-9]*"):
            with suppress(OSError):
                name, _, rest = (folder / "stat").read_bytes().partition(b"(")[2].rpartition(b")")
                copied = name == token and rest.split()[0] not in (b"Z", b"X")  # not dead
                if copied or b"%s=%s" % (MARK.encode(), token) in (folder / "environ").read_bytes():
                    found.append(int(folder.name))
        return found

    def _close(self) -> None:
        os.close(self._requests)
        os.close(self._answers)
        os.close(self._output)
