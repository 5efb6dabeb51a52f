"""Processes that the user's code started and took out of its group: found by a mark, and killed."""

from __future__ import annotations

import os
import secrets
import signal
from contextlib import suppress
from pathlib import Path

VARIABLE = "BPTUI_CHECK"
ROUNDS = 5
"""How often it is looked again for what has been started meanwhile."""


def new_mark() -> dict[str, str]:
    """For the environment of the process, from which all that it starts has it too."""
    return {VARIABLE: secrets.token_hex(16)}


def kill_marked(mark: dict[str, str]) -> None:
    """End every process with ``mark`` in its environment; on Linux only, others have no /proc."""
    ((name, value),) = mark.items()
    for _ in range(ROUNDS):
        found = _with(f"{name}={value}".encode())
        for each in found:
            with suppress(ProcessLookupError, PermissionError):
                os.kill(each, signal.SIGKILL)
        if not found:
            return


def _with(entry: bytes) -> list[int]:
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        # of a process that has ended, or is somebody else's, there is nothing to read
        with suppress(OSError):
            if entry in (folder / "environ").read_bytes().split(b"\0"):
                found.append(int(folder.name))
    return found
