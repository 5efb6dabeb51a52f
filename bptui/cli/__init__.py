"""The commands, one module each; here is what the app knows of them, which needs no click.

What the modules need beyond click they import when they run: numpy alone takes a tenth of a second,
which help, version and completion do not spend.
"""

from __future__ import annotations

import sys

DEFAULT_PRESET = "article"


def in_terminal() -> bool:
    """Return whether keys come from a terminal, and what is printed goes to one."""
    return all(stream is not None and stream.isatty() for stream in (sys.stdin, sys.stdout))


def shows_the_app(terminal: str) -> bool:
    """Return whether a terminal of that kind, as TERM says, can show the app; Windows has none."""
    return sys.platform == "win32" or terminal not in ("", "dumb", "unknown")
