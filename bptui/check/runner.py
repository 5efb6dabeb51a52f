"""Runs the user's own code: a program that is recorded, or functions that are called."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

from bptui.check.interpreter import OWN, Interpreter
from bptui.check.process import GRACE, Process, StoppedError
from bptui.check.values import Value, decoded, encoded
from bptui.trace.run import (
    ENTRIES,
    LOOK,
    STEPS,
    NotRecordedError,
    OutOfTimeError,
    Run,
    read_run,
    source_of,
)


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
    """What a call returned, its arguments as it left them, and the places of those it changed."""

    given: Value
    arguments: Sequence[Value]
    changed: Sequence[int]


def recorded(
    file: Path,
    python: Interpreter,
    limit: float,
    call: str = "",
    arguments: Sequence[str] = (),
    given: Mapping[str, Any] | None = None,
    steps: int = STEPS,
    look: int = LOOK,
) -> Run:
    """Run a program for at most ``limit`` seconds and return what was recorded of it.

    It may end before that, once so many training ``steps`` were seen and ``look`` entries are on
    the tape.

    ``call`` is code that runs after it. Where arrays are ``given`` to that code, the file is a
    module of functions, not the main program.

    Raises :class:`~bptui.trace.run.NotRecordedError` where nothing was, with the reason, and
    :class:`~bptui.check.interpreter.CannotStartError` where there can be no process of ``python``.
    """
    with tempfile.TemporaryDirectory(prefix="bptui-") as folder:
        request: dict[str, Any] = {"do": "record", "folder": folder, "source": source_of(file)}
        request |= {"name": "__main__", "given": {}, "call": call, "arguments": [*arguments]}
        request |= {"entries": ENTRIES, "look": look, "steps": steps, "limit": limit}
        if given is not None:
            arrays = {name: encoded(array) for name, array in given.items()}
            request |= {"name": "functions", "given": arrays}
        try:
            with UserCode(file, limit + GRACE, python) as code:
                code.ask(request)
        except StoppedError as error:
            stopped = error
        run = read_run(Path(folder), file)
    if run is not None:  # also of a program that has closed all descriptors
        return run
    line = stopped.frames[-1].line if stopped.frames else None
    if stopped.kind == "hung":
        raise OutOfTimeError(limit, line)
    raise NotRecordedError(f"it ends with {stopped.message}", line)


class UserCode:
    """The functions of ``file``, which may take ``limit`` seconds in all, loading included.

    A context manager: when it is left, no process is left. Raises :class:`CannotStartError`, here
    and from its methods, where there can be no process of ``python``; they raise
    :class:`StoppedError` where the code does not come to their end.
    """

    def __init__(self, file: Path, limit: float = 10.0, python: Interpreter = OWN) -> None:
        self.limit, self.elapsed, self.answered = limit, 0.0, 0
        self._file, self._python, self._before = file.absolute(), python, ""

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

    def load(self) -> Loaded:
        """Execute the file afresh; what earlier lives of the module left is gone."""
        reply = self.ask({"do": "load"})
        functions = reply["functions"].items()
        return Loaded({name: Signature(**one) for name, one in functions}, reply["others"])

    def call(self, function: str, arguments: Sequence[Value]) -> Answer:
        """Call one of the functions that :meth:`load` found, with copies of ``arguments``."""
        before = [encoded(argument) for argument in arguments]
        reply = self.ask({"do": "call", "function": function, "arguments": before})
        self.answered += 1
        after = reply["arguments"]
        changed = [place for place, one in enumerate(before) if one != after[place]]
        return Answer(decoded(reply["given"]), [*map(decoded, after)], changed)

    def ask(self, request: Mapping[str, Any]) -> Mapping[str, Any]:
        """Return the answer to a request of ``child.py``, within what is left of the time."""
        limit, left = f"{self.limit:g} s", self.limit - self.elapsed
        if left <= 0.0:
            raise StoppedError("hung", limit, while_loading=request["do"] == "load")
        if self._process.ended:
            self._before = self.output
            self._process = Process(self._file, self._python)
        self._process.wait_until_ready()
        began = time.monotonic()
        try:
            return self._process.run(request, left)
        except StoppedError as error:
            if error.kind == "hung":
                error.message = limit
            raise
        finally:
            self.elapsed += time.monotonic() - began
