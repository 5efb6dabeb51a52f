"""Runs the user's own code in a process of its own, with a time limit.

:class:`Process` takes any request that ``child.py`` knows; :class:`UserCode` loads a file and calls
its functions, and starts another process where one has ended.
"""

from __future__ import annotations

import base64
import codecs
import json
import linecache
import os
import re
import select
import signal
import subprocess
import sys
import tempfile
import time
import uuid
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal, Self, TypeAlias

import numpy as np
import numpy.typing as npt

from bptui.check.interpreter import OWN, CannotStartError, Interpreter

CHILD = Path(__file__).with_name("child.py")
START, GRACE, POLL = 60.0, 5.0, 0.05
"""Seconds in which Python has to be there, by which it may be late, between looks at it."""
PIECE, MOST_OUTPUT = 1 << 16, 1 << 16
LEAST_ROOM, ROOM = 1 << 24, 32
"""An answer's arrays may have so many bytes, or so many times those of the arguments."""
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
DUMPED = re.compile(r'^  File "(?P<file>.*)", line (?P<line>\d+) in (?P<function>.*)$')

AnyArray: TypeAlias = npt.NDArray[Any]
Argument: TypeAlias = npt.NDArray[np.float64] | list[npt.NDArray[np.float64]] | float
"""x or t, a list of weights or biases, or the learning rate."""
Value: TypeAlias = "AnyArray | float | list[Value] | dict[str, Value] | Other | None"
"""What a function returned: arrays as they came, dtypes kept; tuples and iterators are lists."""


@dataclass(frozen=True)
class Other:
    """Something in a returned value that holds no numbers: "a str"."""

    text: str


@dataclass(frozen=True)
class Frame:
    """A line of the user's file (or of another file of the user's) on the way to an error."""

    file: str
    line: int
    function: str
    source: str


@dataclass(frozen=True)
class Signature:
    """Parameters taken by position, the first ``required`` without default; perhaps a *args."""

    names: Sequence[str]
    required: int
    line: int
    variable: bool = False


@dataclass(frozen=True)
class Loaded:
    """The functions of interest in the file, and the names of its others."""

    functions: Mapping[str, Signature]
    others: Sequence[str] = ()


@dataclass(frozen=True)
class Answer:
    """What a call returned, and its arguments by their places, of those that it changed."""

    given: Value
    changed: Mapping[int, Value]


@dataclass(frozen=True)
class Stopped:
    """The code gave no answer: an exception, sys.exit or os._exit, a signal, or out of time.

    ``message`` is "ValueError: ...", "sys.exit(1)", "signal SIGSEGV" or "10 s". ``while_loading``:
    not in a call but at the top level of the file. ``omitted`` outer frames are left out.
    """

    kind: Literal["raised", "exited", "crashed", "hung"]
    message: str
    frames: Sequence[Frame] = ()
    while_loading: bool = False
    omitted: int = 0

    @property
    def not_written(self) -> bool:
        """Tell whether the code ended at a blank that is still to be filled in."""
        return self.kind == "raised" and self.message.startswith("NotImplementedError")


class Process:
    """A process of ``python`` with ``file``, which answers requests of ``child.py``.

    Raises :class:`CannotStartError`.
    """

    def __init__(self, file: Path, python: Interpreter) -> None:
        if sys.platform == "win32":
            raise CannotStartError("code can be checked only on Linux and macOS")
        self.folder, self.python, self.printed = file.parent, python, bytearray()
        self.ended, self._answer, self._token = False, bytearray(), uuid.uuid4().hex
        self._trace = tempfile.TemporaryFile()  # noqa: SIM115  # closed at the end
        commands, self._requests = os.pipe()
        self._answers, answers = os.pipe()
        far = (commands, answers, self._trace.fileno())
        try:
            self._popen = subprocess.Popen(
                [python.path, "-u", str(CHILD), str(file), *map(str, far)],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                pass_fds=far,
                start_new_session=True,
                env={**os.environ, **ENVIRONMENT, MARK: self._token},
            )
        except OSError as error:
            self._close()
            raise CannotStartError(f"{python}: {error.strerror or error}") from error
        finally:
            os.close(commands)
            os.close(answers)
        assert self._popen.stdout is not None
        self._open = [self._answers, self._popen.stdout.fileno()]
        self._ready = False

    def wait_until_ready(self) -> None:
        """Raise :class:`CannotStartError` where no Python of use comes to life."""
        if self._ready or self._line(time.monotonic() + START) is not None:
            self._ready = True
            return
        last = self.printed.decode("utf-8", "replace").strip().rpartition("\n")[2]
        ours = last.startswith(REFUSED)
        told = f"it does not start like Python: {last or 'it prints nothing'}"
        why = last.removeprefix(REFUSED) if ours else told
        self.end()
        raise CannotStartError(f"{self.python}: {why}{self.python.advice}")

    def run(self, request: Mapping[str, Any], seconds: float) -> Mapping[str, Any] | Stopped:
        """Return the answer to ``request``; where it never comes, the process is ended."""
        message = json.dumps({**request, "seconds": seconds}).encode() + b"\n"
        with suppress(BrokenPipeError):
            while message:
                message = message[os.write(self._requests, message) :]
        line = self._line(time.monotonic() + seconds + GRACE)
        try:
            answer: dict[str, Any] = json.loads(line or b"")
        except ValueError:
            return self._stopped(seconds, request["do"] == "load")
        if answer["kind"] not in ("raised", "exited"):
            return answer
        return Stopped(**{**answer, "frames": [Frame(**one) for one in answer["frames"]]})

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

    def _stopped(self, seconds: float, loading: bool) -> Stopped:
        """Return how the process ended; it is ended where it has not."""
        code = self._popen.poll()
        self._trace.seek(0)
        trace = self._trace.read().decode("ascii", "replace")
        self.end()
        frames = self._frames(trace)
        if code is None or trace.startswith("Timeout"):
            return Stopped("hung", f"{seconds:g} s", frames, loading)
        if code >= 0:
            return Stopped("exited", f"os._exit({code})", frames, loading)
        name = signal.Signals(-code).name if -code in [*signal.Signals] else -code
        return Stopped("crashed", f"signal {name}", frames, loading)

    def _frames(self, trace: str) -> list[Frame]:
        """Return the user's lines in what :mod:`faulthandler` wrote of the thread of the call."""
        linecache.checkcache()
        for stack in re.split(r"\n\s*\n", trace):
            lines = [line for line in map(DUMPED.match, stack.splitlines()) if line]
            if not any(line["file"].endswith(CHILD.name) for line in lines):
                continue
            found = []
            for line in reversed(lines):
                number = int(line["line"])
                path = Path(codecs.decode(line["file"], "unicode_escape"))
                installed = {"site-packages", "dist-packages"} & set(path.parts)
                if path.is_relative_to(self.folder) and path != CHILD and not installed:
                    name = str(path.relative_to(self.folder))
                    source = linecache.getline(str(path), number).strip()
                    found.append(Frame(name, number, line["function"], source))
            return found
        return []

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
        if self._popen.stdout is not None:
            self._popen.stdout.close()
        self._close()
        self.ended = True

    def _marked(self) -> list[int]:
        found, mark = list[int](), f"{MARK}={self._token}".encode()
        for file in Path("/proc").glob("[0-9]*/environ"):
            with suppress(OSError):
                if mark in file.read_bytes():
                    found.append(int(file.parent.name))
        return found

    def _close(self) -> None:
        os.close(self._requests)
        os.close(self._answers)
        self._trace.close()


class UserCode:
    """The functions of ``file``, which may take ``limit`` seconds in all, loading included.

    A context manager: when it is left, no process is left. Raises :class:`CannotStartError`, here
    and from its methods, where there can be no process of ``python``.
    """

    def __init__(self, file: Path, limit: float = 10.0, python: Interpreter = OWN) -> None:
        self.limit, self.elapsed, self.answered = limit, 0.0, 0
        self._file, self._python, self._before = file.resolve(), python, ""

    def __enter__(self) -> Self:
        self._process = Process(self._file, self._python)  # it starts while the caller prepares
        return self

    def __exit__(self, *_: object) -> None:
        self._process.end()

    @property
    def output(self) -> str:
        """Return what was printed so far, the first of much; escape sequences are still in it."""
        printed = self._process.printed.decode("utf-8", "backslashreplace")
        return self._before + printed.replace("\r\n", "\n")

    def load(self) -> Loaded | Stopped:
        """Execute the file afresh; what earlier lives of the module left is gone."""
        reply = self._ask({"do": "load"})
        if isinstance(reply, Stopped):
            return reply
        functions = reply["functions"].items()
        return Loaded({name: Signature(**one) for name, one in functions}, reply["others"])

    def call(self, function: str, arguments: Sequence[Argument]) -> Answer | Stopped:
        """Call one of the functions that :meth:`load` found, with copies of ``arguments``."""
        packed = [_packed(argument) for argument in arguments]
        most = max(LEAST_ROOM, ROOM * sum(map(_size, arguments)))
        reply = self._ask({"do": "call", "function": function, "arguments": packed, "most": most})
        if isinstance(reply, Stopped):
            return reply
        self.answered += 1
        changed = {int(place): value_of(one) for place, one in reply["changed"].items()}
        return Answer(value_of(reply["given"]), changed)

    def _ask(self, request: Mapping[str, Any]) -> Mapping[str, Any] | Stopped:
        out_of_time = Stopped("hung", f"{self.limit:g} s", while_loading=request["do"] == "load")
        left = self.limit - self.elapsed
        if left <= 0.0:
            return out_of_time
        if self._process.ended:
            self._before = self.output
            self._process = Process(self._file, self._python)
        self._process.wait_until_ready()
        began = time.monotonic()
        reply = self._process.run(request, left)
        self.elapsed += time.monotonic() - began
        if isinstance(reply, Stopped) and reply.kind == "hung":
            return replace(out_of_time, frames=reply.frames)
        return reply


def _packed(argument: Argument) -> object:
    """Return the argument as a tree."""
    if isinstance(argument, list):
        return [_packed(one) for one in argument]
    if isinstance(argument, float):
        return argument
    array = np.asarray(argument, dtype=np.float64)
    data = base64.b64encode(array.tobytes()).decode("ascii")
    return {"array": [array.dtype.str, array.shape, data]}


def _size(argument: Argument) -> int:
    return sum(map(_size, argument)) if isinstance(argument, list) else np.asarray(argument).nbytes


def value_of(tree: Any) -> Value:  # noqa: ANN401  # JSON
    """Return what a tree of ``child.py`` stands for."""
    if isinstance(tree, list):
        return [value_of(one) for one in tree]
    if not isinstance(tree, dict):
        return tree  # type: ignore[no-any-return]  # a number, or None
    if "dict" in tree:
        return {name: value_of(one) for name, one in tree["dict"].items()}
    if "other" in tree:
        return Other(tree["other"])
    dtype, shape, data = tree["array"]
    return np.frombuffer(base64.b64decode(data), dtype).reshape(shape).copy()
