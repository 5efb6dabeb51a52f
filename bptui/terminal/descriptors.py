"""Which of the program's streams is the terminal, and how the system describes it."""

from __future__ import annotations

import os
import sys
from types import ModuleType

STREAMS = (0, 1, 2)
"""Standard input, output and error."""


def terminal_descriptor() -> int:
    """The descriptor that leads to the terminal; messages or results may go to a file."""
    streams = (sys.__stderr__, sys.__stdout__, sys.__stdin__)
    descriptors = [each.fileno() for each in streams if each is not None and each.isatty()]
    return descriptors[0] if descriptors else 2


def terminal_streams() -> list[int]:
    """Those of :data:`STREAMS` that are a terminal."""
    return [each for each in STREAMS if os.isatty(each)]


def described(terminal: str) -> ModuleType | None:
    """Return curses, which answers from the terminal's description; None where there is none.

    It keeps the first one that it is asked for: only the program's own terminal is looked up.
    """
    if terminal != os.environ.get("TERM"):
        return None
    try:
        import curses

        curses.setupterm(terminal, terminal_descriptor())
    except Exception:  # no terminal database, or none that knows this one; the kinds differ
        return None
    return curses
