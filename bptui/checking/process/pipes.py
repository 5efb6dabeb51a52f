"""The user's process and the pipes to it: started, spoken with until a deadline, killed."""

from __future__ import annotations

import os
import selectors
import signal
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path
from typing import Literal

from bptui.checking.interpreter import CannotStartError, Interpreter
from bptui.checking.process.escaped import kill_marked, new_mark
from bptui.checking.process.output import Output
from bptui.checking.process.server import REPLY

CHILD = Path(__file__).with_name("child.py")
PIECE = 1 << 16
POLL = 0.05
"""Seconds after which it is looked whether the process still lives: a pipe need not tell."""
MOST_TRACE = 1 << 18
TRACE = 3.0
"""Seconds in which the process has to say where it is; it takes milliseconds on an idle machine."""

_LIBRARIES = ("OPENBLAS", "OMP", "MKL", "NUMEXPR")


class NoAnswerError(Exception):
    """No answer came: the process ended with ``code`` (negative: a signal's number), or hung."""

    def __init__(self, code: int | Literal["hung", "unreadable"], trace: str = "") -> None:
        super().__init__(str(code))
        self.code, self.trace = code, trace


class Pipes:
    """A process of ``python`` that runs ``child.py`` on ``file``; it prints to ``output``.

    Raises :class:`CannotStartError`.
    """

    def __init__(self, file: Path, output: Output, python: Interpreter) -> None:
        if sys.platform == "win32":
            raise CannotStartError("code can be checked only on Linux and macOS")
        if not python.path:
            raise CannotStartError("the Python interpreter that runs bptui is not known")
        self._output, self._answer, self._trace = output, bytearray(), bytearray()
        self._readers: dict[int, Literal["answer", "output", "trace"]] = {}
        self._mark = new_mark()
        far: list[int] = []
        near: list[int] = []
        try:
            for _ in range(2):  # commands and the lifeline lead there
                reader, writer = os.pipe()
                far.append(reader)
                near.append(writer)
            for _ in range(3):  # answers, the trace and what is printed come back
                reader, writer = os.pipe()
                far.append(writer)
                near.append(reader)
            commands, lifeline, answers, trace, printed = far
            self._process = subprocess.Popen(
                [python.path, "-u", str(CHILD), str(file)]
                + [str(each) for each in (commands, answers, trace, lifeline)],
                stdin=subprocess.DEVNULL,
                stdout=printed,
                stderr=printed,
                pass_fds=(commands, answers, trace, lifeline),
                start_new_session=True,
                env={**_environment(), **self._mark},
            )
        except OSError as error:
            _close(near)
            raise CannotStartError(f"{python}: {error.strerror or error}") from error
        finally:
            _close(far)
        self._near = near
        self._commands = near[0]
        self._readers = {near[2]: "answer", near[3]: "trace", near[4]: "output"}
        for descriptor in (self._commands, *self._readers):
            os.set_blocking(descriptor, False)

    def exchange(self, request: bytes, deadline: float, most: int) -> tuple[bytes, bytes]:
        """Send ``request`` and return the next answer, of at most ``most`` bytes: text, numbers.

        ``deadline`` by :func:`time.monotonic`. Raises :class:`NoAnswerError` where there is none;
        then the process is to be killed.
        """
        rest = memoryview(request)
        with selectors.DefaultSelector() as selector:
            for descriptor in self._readers:
                selector.register(descriptor, selectors.EVENT_READ)
            if rest:
                selector.register(self._commands, selectors.EVENT_WRITE)
            idle = False
            while True:
                answer = self._taken(most)
                if answer is None and (idle or "answer" not in self._readers.values()):
                    answer = self._last(selector, most)
                if answer is not None:
                    self._read_on(selector, rounds=16)  # what was printed before the answer
                    return answer
                left = deadline - time.monotonic()
                if left <= 0:
                    raise NoAnswerError("hung", self._stack(selector))
                ready = selector.select(min(left, POLL))
                idle = not ready
                for key, _ in ready:
                    if key.fd != self._commands:
                        self._read(selector, key.fd)
                        continue
                    try:
                        rest = rest[os.write(key.fd, rest[:PIECE]) :]
                    except BrokenPipeError:
                        rest = rest[:0]
                    if not rest:
                        selector.unregister(key.fd)

    def _taken(self, most: int) -> tuple[bytes, bytes] | None:
        """The first answer, taken out of what has come, if all of it is there."""
        if len(self._answer) < REPLY.size:
            return None
        text, numbers = REPLY.unpack_from(self._answer)
        if text + numbers > most:
            raise NoAnswerError("unreadable")
        end = REPLY.size + text + numbers
        if len(self._answer) < end:
            return None
        whole = bytes(memoryview(self._answer)[REPLY.size : end])
        del self._answer[:end]
        return whole[:text], whole[text:]

    def _last(self, selector: selectors.BaseSelector, most: int) -> tuple[bytes, bytes] | None:
        """The answer left by a process that has ended, which may be none; None while it lives."""
        code = self._process.poll()
        if code is None:
            if "answer" not in self._readers.values():
                time.sleep(POLL / 10)  # it closed the pipe and has not ended yet
            return None
        self._read_on(selector, rounds=64)  # a pipe holds no more
        answer = self._taken(most)
        if answer is None:
            raise NoAnswerError(code, self._traced())
        return answer

    def _read(self, selector: selectors.BaseSelector, descriptor: int) -> None:
        try:
            data = os.read(descriptor, PIECE)
        except BlockingIOError:
            return
        purpose = self._readers[descriptor]
        if not data:
            selector.unregister(descriptor)
            del self._readers[descriptor]
        elif purpose == "answer":
            self._answer += data
        elif purpose == "output":
            self._output.add(data)
        elif len(self._trace) < MOST_TRACE:
            self._trace += data

    def _read_on(self, selector: selectors.BaseSelector, rounds: int) -> None:
        """Take in what is there already, in so many pieces at most."""
        for _ in range(rounds):
            keys = [key for key, _ in selector.select(0) if key.fd != self._commands]
            if not keys:
                return
            for key in keys:
                self._read(selector, key.fd)

    def _stack(self, selector: selectors.BaseSelector) -> str:
        """Where the process is just now, as :mod:`faulthandler` writes it."""
        self._trace.clear()
        with suppress(ProcessLookupError):
            self._process.send_signal(signal.SIGUSR1)
        end = time.monotonic() + TRACE
        while time.monotonic() < end:
            before = len(self._trace)
            for key, _ in selector.select(POLL):
                if key.fd != self._commands:
                    self._read(selector, key.fd)
            if before and len(self._trace) == before:
                break  # begun, and nothing more for a while
        return self._traced()

    def _traced(self) -> str:
        return self._trace.decode("utf-8", "replace")

    def kill(self) -> None:
        """End the process and all that it started; no error if there are none."""
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.kill()
        self._process.wait()
        kill_marked(self._mark)
        _close(self._near)
        self._near = []


def _environment() -> dict[str, str]:
    """That of bptui, with one thread for matrix products, plain output and no windows of plots."""
    threads = {f"{library}_NUM_THREADS": "1" for library in _LIBRARIES}
    fixed = {"VECLIB_MAXIMUM_THREADS": "1", "PYTHONIOENCODING": "utf-8", "MPLBACKEND": "Agg"}
    return {**os.environ, **threads, **fixed}


def _close(descriptors: list[int]) -> None:
    for each in descriptors:
        with suppress(OSError):
            os.close(each)
