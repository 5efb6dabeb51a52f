"""The commands, one module each, and their names, known without click, which the app needs not.

What the modules need beyond click they import when they run: numpy alone takes a tenth of a second,
which help, version and completion do not spend.
"""

from __future__ import annotations

import sys

COMMANDS = {
    "tutorial": "bptui.tutorial",
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
    """Return whether a terminal of that kind, as TERM says, can show the app; Windows has none."""
    return sys.platform == "win32" or terminal not in ("", "dumb", "unknown")
