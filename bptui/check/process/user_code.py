"""The user's own code, run in a process of its own with a time limit."""

from __future__ import annotations

import pickle
import signal
import time
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from types import TracebackType
from typing import Self

import numpy as np

from bptui.check.answers import Answer, Argument, Loaded, Stopped
from bptui.check.interpreter import OWN, CannotStartError, Interpreter
from bptui.check.process.child import REFUSED
from bptui.check.process.frames import UserFiles
from bptui.check.process.messages import OwnError, Reply, UnreadableError, read
from bptui.check.process.output import Output
from bptui.check.process.pipes import NoAnswerError, Pipes
from bptui.check.process.server import HEADER

START = 60.0
"""Seconds in which the interpreter has to be there; they are not the user's."""
LEAST_ROOM, ROOM = 1 << 24, 32
"""An answer's arrays may have so many bytes, or so many times those of the arguments."""


class UserCode:
    """The functions of ``file``, which may take ``limit`` seconds in all, loading included.

    A context manager: when it is left, no process is left. Raises :class:`CannotStartError`, here
    and from its methods, where there can be no process of ``python``, and from its methods
    :class:`OwnError` where bptui's own part of it failed. Not for several threads at once.
    """

    def __init__(self, file: Path, limit: float = 10.0, python: Interpreter = OWN) -> None:
        self.limit, self.elapsed, self.python = limit, 0.0, python
        self.answered = 0
        self.escaped: list[str] = []
        """What the code has put into sessions of their own, by command lines; it was ended."""
        self._file, self._output = file.resolve(), Output()
        self._pipes: Pipes | None = None
        self._ready, self._loaded, self._number = False, False, 0

    def __enter__(self) -> Self:
        # it starts while the caller prepares
        self._pipes = Pipes(self._file, self._output, self.python)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._end()

    @property
    def output(self) -> str:
        """What was printed so far on both outputs, in its order; the middle of much left out.

        As it came: escape sequences are still in it.
        """
        return str(self._output)

    def load(self) -> Loaded | Stopped:
        """Execute the file afresh; what earlier lives of the module left is gone."""
        reply = self._ask("load")
        assert not isinstance(reply, Answer)
        self._loaded = isinstance(reply, Loaded)
        return reply

    def call(self, function: str, arguments: Sequence[Argument]) -> Answer | Stopped:
        """Call one of the functions that :meth:`load` found, with copies of ``arguments``."""
        assert self._loaded, "load first"
        packed = [_packed(each) for each in arguments]
        reply = self._ask(function, packed, max(LEAST_ROOM, ROOM * sum(map(_size, arguments))))
        assert not isinstance(reply, Loaded)
        self.answered += isinstance(reply, Answer)
        return reply

    def _ask(self, what: str, arguments: object = None, room: int = LEAST_ROOM) -> Reply:
        loading = arguments is None
        if self.elapsed >= self.limit:
            return self._stopped(NoAnswerError("hung"), loading)
        self._number += 1
        request = (self._number, what) if loading else (self._number, what, arguments, room)
        payload = pickle.dumps(request, protocol=5)
        pipes = self._started()
        began = time.monotonic()
        deadline = began + self.limit - self.elapsed
        try:
            message = HEADER.pack(len(payload)) + payload
            # the returned value and the arguments may take so much each, and their description
            return self._answer(pipes, message, deadline, 2 * room + LEAST_ROOM)
        except NoAnswerError as error:
            self._end()
            return self._stopped(error, loading)
        except UnreadableError:
            self._end()
            return self._stopped(NoAnswerError("unreadable"), loading)
        except OwnError as error:
            self._end()
            raise OwnError(
                f"internal error of bptui in the process of the checked code: {error}"
            ) from None
        finally:
            self.elapsed += time.monotonic() - began

    def _answer(self, pipes: Pipes, message: bytes, deadline: float, most: int) -> Reply:
        while True:
            number, reply = read(*pipes.exchange(message, deadline, most))
            if number == self._number and reply is not None:
                return reply
            message = b""  # the answer to an earlier request, from a fork perhaps: wait on

    def _started(self) -> Pipes:
        if self._pipes is None:
            self._pipes = Pipes(self._file, self._output, self.python)
            self._ready = False
        if not self._ready:
            try:
                read(*self._pipes.exchange(b"", time.monotonic() + START, LEAST_ROOM))
            except (NoAnswerError, UnreadableError):
                self._end()
                raise CannotStartError(
                    f"{self.python}: {self._why_not()}{self.python.advice}"
                ) from None
            self._ready = True
        return self._pipes

    def _why_not(self) -> str:
        """Why no process came to life, by what it printed."""
        lines = self.output.strip().splitlines()
        last = lines[-1] if lines else ""
        if last.startswith(REFUSED):
            return last.removeprefix(REFUSED)
        return f"it does not start like Python{f': {last}' if last else ''}"

    def _end(self) -> None:
        self._loaded = self._ready = False
        if self._pipes is not None:
            self.escaped += self._pipes.end().escaped
            self._pipes = None

    def _stopped(self, error: NoAnswerError, loading: bool) -> Stopped:
        frames, omitted = UserFiles(str(self._file)).of_dump(error.trace)
        made = partial(Stopped, frames=frames, while_loading=loading, omitted=omitted)
        if error.code == "hung":
            compiling = loading and bool(error.trace) and not frames
            return made("hung", f"{self.limit:g} s", compiling=compiling)
        if error.code == "unreadable":
            return made("crashed", "an answer that cannot be read")
        if error.sent:
            return made("exited", f"os.kill(os.getppid(), {_signal(error.sent)})")
        assert isinstance(error.code, int)
        if error.code >= 0:
            return made("exited", f"os._exit({error.code})")
        return made("crashed", f"signal {_signal(-error.code)}")


def _signal(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:
        return str(number)


def _packed(argument: Argument) -> object:
    """Arrays as their shapes and bytes: how numpy pickles them differs with its version."""
    if isinstance(argument, list):
        return [_packed(each) for each in argument]
    if isinstance(argument, float):
        return argument
    array = np.ascontiguousarray(argument, dtype=np.float64)
    return np.shape(argument), array.tobytes()


def _size(argument: Argument) -> int:
    return sum(map(_size, argument)) if isinstance(argument, list) else np.asarray(argument).nbytes
