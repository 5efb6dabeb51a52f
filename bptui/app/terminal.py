"""Which of the program's streams is the terminal."""

from __future__ import annotations

import os
import sys

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
