"""The user's process and the pipes to it: started, spoken with until a deadline, ended."""

from __future__ import annotations

import os
import selectors
import signal
import socket
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path
from typing import Literal

import msgspec

from bptui.check.interpreter import OWN, CannotStartError, Interpreter
from bptui.check.process.output import Output
from bptui.check.process.server import REPLY

SUPERVISOR, CHILD = (Path(__file__).with_name(each) for each in ("supervisor.py", "child.py"))
PIECE = 1 << 16
POLL = 0.05
"""Seconds after which it is looked whether the process still lives: a pipe need not tell."""
MOST_TRACE = 1 << 18
TRACE = 3.0
"""Seconds in which the process has to say where it is; it takes milliseconds on an idle machine."""
PATIENCE = 5.0
"""Seconds in which all that the code started has to be gone; a fork bomb may take longer."""

_LIBRARIES = ("OPENBLAS", "OMP", "MKL", "NUMEXPR")


class NoAnswerError(Exception):
    """No answer came: the process ended with ``code`` (negative: a signal's number), or hung.

    Or it has ``sent`` its parent a signal.
    """

    def __init__(
        self, code: int | Literal["hung", "unreadable"] | None, trace: str = "", sent: int = 0
    ) -> None:
        super().__init__(str(code))
        self.code, self.trace, self.sent = code, trace, sent


class End(msgspec.Struct):
    """How a process went: with which exit code, if it ended itself, or by which signal ``sent``.

    ``escaped`` names the processes that it had put into sessions of their own.
    """

    code: int | None
    sent: int = 0
    escaped: list[str] = []


class Pipes:
    """A process of ``python`` that runs ``child.py`` on ``file``; it prints to ``output``.

    Raises :class:`CannotStartError`.
    """

    def __init__(self, file: Path, output: Output, python: Interpreter) -> None:
        if sys.platform == "win32":
            raise CannotStartError("code can be checked only on Linux and macOS")
        if not python.path or not OWN.path:
            raise CannotStartError("the Python interpreter that runs bptui is not known")
        self._output, self._answer, self._trace = output, bytearray(), bytearray()
        self._readers: dict[int, Literal["answer", "output", "trace"]] = {}
        far: list[int] = []
        near: list[int] = []
        try:
            reader, writer = os.pipe()  # commands lead there
            far.append(reader)
            near.append(writer)
            for _ in range(3):  # answers, the trace and what is printed come back
                reader, writer = os.pipe()
                far.append(writer)
                near.append(reader)
            *pipes, printed = far
            self._lifeline, end = socket.socketpair()
            far.append(lifeline := end.detach())
            numbers = [str(each) for each in pipes]
            self._supervisor = subprocess.Popen(
                [
                    *(OWN.path, "-I", "-S", str(SUPERVISOR), str(lifeline), ",".join(numbers)),
                    *(python.path, "-u", str(CHILD), str(file), *numbers),
                ],
                stdin=subprocess.DEVNULL,
                stdout=printed,
                stderr=printed,
                pass_fds=(*pipes, lifeline),
                start_new_session=True,
                env=_environment(),
            )
        except OSError as error:
            _close(near)
            raise CannotStartError(f"{python}: {error.strerror or error}") from error
        finally:
            _close(far)
        self._near, self._said = near, b""
        self._end: End | None = None
        self._lifeline.setblocking(False)
        self._commands, *back = near
        self._readers = dict(zip(back, ("answer", "trace", "output"), strict=True))
        for descriptor in (self._commands, *self._readers):
            os.set_blocking(descriptor, False)

    def exchange(self, request: bytes, deadline: float, most: int) -> tuple[bytes, bytes]:
        """Send ``request`` and return the next answer, of at most ``most`` bytes: text, numbers.

        ``deadline`` by :func:`time.monotonic`. Raises :class:`NoAnswerError` where there is none;
        then the process is to be ended.
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
        if self._supervisor.poll() is None:
            if "answer" not in self._readers.values():
                time.sleep(POLL / 10)  # it closed the pipe and has not ended yet
            return None
        self._read_on(selector, rounds=64)  # a pipe holds no more
        answer = self._taken(most)
        if answer is None:
            end = self.end()
            raise NoAnswerError(end.code, self._traced(), end.sent)
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
            os.kill(int(self._heard()[0]), signal.SIGUSR1)
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

    def end(self) -> End:
        """End the process and all that came of it, where they live, and tell how it went."""
        if self._end is None:
            with suppress(OSError):
                self._lifeline.shutdown(socket.SHUT_WR)
            self._supervisor.send_signal(signal.SIGCONT)  # it may have been stopped
            try:
                self._supervisor.wait(PATIENCE)
            except subprocess.TimeoutExpired:
                self._supervisor.kill()
                self._supervisor.wait()
            self._end = self._ended()
            self._lifeline.close()
            _close(self._near)
        return self._end

    def _ended(self) -> End:
        lines = self._heard()
        if len(lines) == 2:
            return msgspec.json.decode(lines[1], type=End)
        if lines:  # the process has killed its parent
            with suppress(ProcessLookupError, PermissionError):
                os.killpg(int(lines[0]), signal.SIGKILL)
        return End(None, signal.SIGKILL)

    def _heard(self) -> list[bytes]:
        """The lines of the supervisor so far: the number of the process, and the end."""
        with suppress(BlockingIOError):
            while part := self._lifeline.recv(PIECE):
                self._said += part
        return self._said.splitlines()


def _environment() -> dict[str, str]:
    """That of bptui, with one thread for matrix products, plain output and no windows of plots."""
    threads = {f"{library}_NUM_THREADS": "1" for library in _LIBRARIES}
    fixed = {"VECLIB_MAXIMUM_THREADS": "1", "PYTHONIOENCODING": "utf-8", "MPLBACKEND": "Agg"}
    return {**os.environ, **threads, **fixed}


def _close(descriptors: list[int]) -> None:
    for each in descriptors:
        with suppress(OSError):
            os.close(each)
