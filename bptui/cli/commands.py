"""The commands and where they are; known without click, which the app does not need."""

from __future__ import annotations

import sys

# what these modules need beyond click they import when they run: help and version stay quick
COMMANDS = {
    "list": "bptui.cli.list_presets",
    "run": "bptui.cli.run",
    "explain": "bptui.cli.explain",
    "gradcheck": "bptui.cli.gradcheck",
    "check": "bptui.cli.check",
    "export": "bptui.cli.export",
    "help": "bptui.cli.help",
    "completion": "bptui.cli.completion",
}
DEFAULT_PRESET = "article"


def shows_the_app(terminal: str) -> bool:
    """Whether a terminal of that kind, as TERM says, can show the app; Windows has no TERM."""
    return sys.platform == "win32" or terminal not in ("", "dumb", "unknown")
