"""Code to run in a process of its own, asking it, and whether a process is gone."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from pathlib import Path

from bptui.check.answers import Answer, Argument, Stopped
from bptui.check.process.user_code import UserCode

SHORT = 1.5
"""The limit in seconds of code that hangs: a busy machine has begun it by then."""


def script(folder: Path, text: str, name: str = "solution.py") -> Path:
    file = folder / name
    file.write_text(text, encoding="utf-8")
    return file


def answer(code: UserCode, function: str, *arguments: Argument) -> Answer:
    given = code.call(function, arguments)
    assert isinstance(given, Answer), given
    return given


def stopped(code: UserCode, function: str, *arguments: Argument) -> Stopped:
    given = code.call(function, arguments)
    assert isinstance(given, Stopped), given
    return given


def number(code: UserCode, function: str, *arguments: Argument) -> float:
    (value,) = answer(code, function, *arguments).given.arrays
    return float(value.ravel()[0])


def gone(pid: int) -> bool:
    """Whether no such process runs; a dead one that nobody has waited for does not."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return True
    return stat.rsplit(")", 1)[1].split()[0] in "ZX"


def wait_until(condition: Callable[[], bool], seconds: float = 120.0) -> None:
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "waited too long"
        os.sched_yield()
