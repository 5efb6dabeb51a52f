"""Runs the user's own code and records it: a program, or functions that are called."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from bptui.check.running.interpreter import Interpreter
from bptui.check.running.process import GRACE, Process
from bptui.trace import stored
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


def recorded(
    file: Path,
    python: Interpreter,
    limit: float,
    call: str = "",
    arguments: Sequence[str] = (),
    function: Mapping[str, Any] | None = None,
    steps: int = STEPS,
    look: int = LOOK,
) -> Run:
    """Run a program for at most ``limit`` seconds and return what was recorded of it.

    It may end before that, once so many training ``steps`` were seen and ``look`` entries are on
    the tape.

    ``call`` is code that runs after it. Where it calls a ``function``, of which this has what is
    asked of its calls, the file is a module, not the main program.

    Raises :class:`NotRecordedError` where nothing was, with the reason, and
    :class:`CannotStartError` where there can be no process of ``python``.
    """
    file = file.absolute()
    with tempfile.TemporaryDirectory(prefix="bptui-") as folder:
        request = {
            "source": source_of(file),
            "name": "functions" if function else "__main__",
            "call": call,
            "arguments": [*arguments],
            "function": function,
            "limit": limit,
            "entries": ENTRIES,
            "look": look,
            "steps": steps,
        }
        stored.write(folder, "request", request)
        with Process(file, python) as process:
            ended = process.run(folder, limit + GRACE)
            printed = process.output
        run = read_run(folder, file)
    if run is not None:  # also of a program that has closed all descriptors
        run.printed = printed
        return run
    if ended is None:
        raise OutOfTimeError(limit)
    raise NotRecordedError(f"it ends with {ended}")
