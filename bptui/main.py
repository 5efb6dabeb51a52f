"""The entry point: a plain start opens the app at once, everything else is click's."""

from __future__ import annotations

import gc
import os
import sys
from collections.abc import Mapping, Sequence

from bptui import COMMANDS
from bptui.cli import DEFAULT_PRESET, in_terminal, shows_the_app
from bptui.terminal.ascii import prepare_output
from bptui.terminal.capabilities import capabilities, is_served

# One thread for numpy's matrix products, set before numpy is imported: on matrices of this size
# more threads only wait for each other, and one order of summation gives the same bits every time.
for _library in ("OPENBLAS", "MKL", "OMP"):
    os.environ.setdefault(f"{_library}_NUM_THREADS", "1")


def main() -> None:
    """Run ``bptui``."""
    prepare_output(os.environ)
    preset = plainly_opened(sys.argv[1:], os.environ)
    if preset is not None:
        _open_app(preset)
    from bptui import program

    program.main()


def plainly_opened(arguments: Sequence[str], environment: Mapping[str, str]) -> str | None:
    """Return the preset to open; None where the command line says more than that."""
    preset = arguments[0] if arguments else DEFAULT_PRESET
    if len(arguments) > 1 or preset.startswith("-") or preset in COMMANDS:
        return None
    if "_BPTUI_COMPLETE" in environment or is_served(environment):
        return None
    return preset if in_terminal() and shows_the_app(environment.get("TERM", "")) else None


def _open_app(preset: str) -> None:
    """Open the app and exit with it; returns where that cannot be, for click to say why."""
    gc.disable()  # starting makes much and drops little; the app turns it on after the first paint
    from bptui.app import launch
    from bptui.presets.errors import PresetError
    from bptui.presets.files import load

    try:
        code = launch(load(preset), capabilities(os.environ, sys.stdout.encoding))
    except (PresetError, MemoryError):
        return
    except BrokenPipeError:
        code = 0
    except KeyboardInterrupt:
        code = 130
    sys.exit(code)
