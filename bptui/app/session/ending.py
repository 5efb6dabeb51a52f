"""Runs the app and sees it end, however that comes about: nothing lost, the terminal as before."""

from __future__ import annotations

import sys
import traceback
from io import StringIO
from typing import TYPE_CHECKING

from bptui.app.session.leaving import SIGNALLED, Leaving

if TYPE_CHECKING:
    from bptui.app.session.keeper import Keeper
    from bptui.app.session.remembering import RememberingApp

CRASHED = 1
GO_ON = "`bptui --resume` goes on where it ended."


def run(app: RememberingApp, keeper: Keeper) -> int:
    """Run ``app`` to its end; returns the exit code.

    That is 0 where the user has quit, 128 and the number of the signal that ended it, or 1 after an
    error in the program, of which a short message tells.
    """
    from rich.console import Console

    error: Exception | None = None
    quiet = StringIO()
    # where textual prints the traceback of an error: it is kept rather than shown
    app.error_console = Console(file=quiet, markup=False, highlight=False, color_system=None)

    def last() -> None:
        keeper.close(app.to_be_kept(), ended=False)

    leaving = Leaving(app.leave, last)
    leaving.watch()
    try:
        app.run()
    except Exception as raised:
        error = raised
    error = error or app._exception  # the first of all that textual has caught, but not printed
    leaving.over()
    quit_by_user = leaving.code is None and error is None
    problem = keeper.close(app.to_be_kept(), quit_by_user)
    if leaving.code is None and error is not None:
        _tell(*_after_crash(error, quiet.getvalue(), keeper.kept))
        return CRASHED
    if problem is not None and not app.told:
        _tell(f"The session could not be kept. {problem}")
    if leaving.code is not None:
        if keeper.kept:
            _tell(f"Ended by signal {leaving.code - SIGNALLED}; {GO_ON}")
        return leaving.code
    return app.return_code or 0


def _after_crash(error: Exception, printed: str, kept: bool) -> list[str]:
    """Return what to say; the traceback and what Textual printed go into a file for a report."""
    from bptui.app.session.folder import sessions_folder
    from bptui.atomic import written_whole
    from bptui.presets.errors import printable
    from bptui.presets.save import shown_path

    said = " ".join("".join(traceback.format_exception_only(error)).split())
    details = "".join([*traceback.format_exception(error), printed])
    lines = [f"An error in the program ended it: {printable(said)}"]
    if kept:
        lines.append(f"The session is kept: {GO_ON}")
    file = sessions_folder().parent / "crash.txt"
    try:
        file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        with written_whole(file, private=True) as stream:
            stream.write(details)
    except OSError:
        return [*lines, details]
    return [*lines, f"The details, for a report: {shown_path(file)}"]


def _tell(*lines: str) -> None:
    for line in lines:
        print(f"bptui: {line}", file=sys.stderr)  # noqa: T201  the app has given the terminal back
