"""Starts the app: settings that must stand before textual is imported, then the app itself."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

from bptui.core.experiment import Experiment
from bptui.terminal.capabilities import Capabilities, colour_system

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from bptui.app.session.store import Continued
    from bptui.check.program.writer import Checked
    from bptui.check.reports.report import Report

EXAMPLE_SECONDS = 60.0
"""For the tour's program, which takes a moment."""
REFRESH_RATE = 120
"""How often a second textual looks whether something is to be drawn: it delays answers to keys."""


def _set_up_textual() -> None:
    """Set what is read when Textual is imported."""
    os.environ["TEXTUAL_FPS"] = str(REFRESH_RATE)
    os.environ["TEXTUAL_COLOR_SYSTEM"] = colour_system(os.environ)
    if not os.environ.get("NO_COLOR"):
        os.environ.pop("NO_COLOR", None)  # set to nothing it says nothing, but textual obeys it


def known_themes() -> list[str]:
    """Return the names of all themes, our own first."""
    _set_up_textual()
    from textual.theme import BUILTIN_THEMES

    from bptui.app.styles import DARK, LIGHT

    return [DARK.name, LIGHT.name, *sorted(BUILTIN_THEMES)]


def driver_problem(driver: str) -> str | None:
    """Return what is wrong with the driver that is chosen for Textual: None where it is one."""
    _set_up_textual()
    from textual.app import App

    try:
        App[None]()
    except Exception as error:  # of importing whatever is named there
        return f"found {driver!r}: {error}; expected MODULE:CLASS"
    return None


def launch(
    experiment: Experiment,
    around: Capabilities,
    continued: Continued | None = None,
    tour: int | None = None,
) -> int:
    """Run the app on ``experiment``, or go on with a session, to its end; return the exit code.

    ``tour``: begin with that, at the stop in this place; then no session is kept.
    """
    _set_up_textual()
    from bptui.app.app import BptuiApp
    from bptui.app.session.shutdown import run, tell

    app = BptuiApp(experiment, around)
    app.first_stop = tour
    if tour is None:
        app.keep_session(continued)
    code = run(app)
    if app.own_code is not None:
        return _launch_example(app.own_code, around)
    if app.tour is not None and not code:
        tell(f"The tour has not ended; {app.tour.again}")
    return code


def _launch_example(file: Path, around: Capabilities) -> int:
    """Run the app on the tour's program, where the tour goes on."""
    from bptui.app.session.shutdown import tell
    from bptui.check.program.check import checked
    from bptui.check.reports.report import Report, as_plain
    from bptui.check.running.interpreter import interpreter_for

    tell(f"{file.name} is written; running it …")
    python = interpreter_for(file, None)

    def check() -> Checked | Report:
        return checked(file, python, EXAMPLE_SECONDS)

    found = check()
    if isinstance(found, Report):
        sys.exit(as_plain(found.trouble))
    return launch_program(file, found, check, around, toured=True)


def launch_program(
    file: Path,
    checked: Checked,
    check: Callable[[], Checked | Report],
    around: Capabilities,
    watch: bool = False,
    toured: bool = False,
) -> int:
    """Run the app on a program that was ``checked``, to its end; return the exit code."""
    _set_up_textual()
    from bptui.app.program.app import ProgramApp
    from bptui.app.session.shutdown import run

    return run(ProgramApp(file, checked, check, around, watch, toured))
