"""Runs the app and sees it end, however that comes about: nothing lost, the terminal as before.

An end that the user did not ask for is a signal, a terminal that goes away, or an error.
"""

from __future__ import annotations

import os
import select
import signal
import sys
import threading
import time
import traceback
from collections.abc import Callable
from contextlib import suppress
from io import StringIO
from queue import SimpleQueue
from typing import TYPE_CHECKING, Any

from bptui.terminal.capabilities import terminal_descriptor, terminal_streams

try:
    import termios
except ImportError:  # on Windows
    termios = None  # type: ignore[assignment]  # every use asks for it

if TYPE_CHECKING:
    from bptui.app.base import TerminalApp

CRASHED = 1
GO_ON = "`bptui --resume` continues it."
HANG_UP = 1
"""The number of SIGHUP, also where a system has none."""
NAMES = ("SIGHUP", "SIGINT", "SIGQUIT", "SIGTERM")
SIGNALLED = 128
"""Added to the number of the signal, it is the exit code."""
PATIENCE = 4.0
"""Seconds to leave in an orderly way; then the program ends at once."""
LAST_WORDS = 2.0
"""Seconds that the rest may take, which a terminal that takes nothing any more could hold up."""
RESTORE = (
    b"\x1b[?1000l\x1b[?1002l\x1b[?1003l\x1b[?1006l\x1b[?1015l\x1b[?1016l"  # mouse
    b"\x1b[?1004l\x1b[?2004l\x1b[?2048l\x1b[<u\x1b[?7h"  # focus, paste, sizes, keys, line ends
    b"\x1b[?1049l\x1b[0m\x1b[?25h"  # main screen, colours, cursor
)


def run(app: TerminalApp[Any]) -> int:
    """Run ``app`` to its end; return the exit code.

    That is 0 where the user has quit, 128 and the number of the signal that ended it, or 1 after an
    error in the program, of which a short message tells.
    """
    from rich.console import Console

    error: Exception | None = None
    quiet = StringIO()
    # where textual prints the traceback of an error: it is kept rather than shown
    app.error_console = Console(file=quiet, markup=False, highlight=False, color_system=None)

    def close(ended: bool) -> str | None:
        return None if app.autosave is None else app.autosave.close(ended)

    shutdown = Shutdown(lambda code: app.call_later(app.exit, None, code), lambda: close(False))
    shutdown.watch()
    try:
        app.run()
    except Exception as raised:
        error = raised
    error = error or app._exception  # the first of all that textual has caught, but not printed
    shutdown.over()
    problem = close(ended=shutdown.code is None and error is None)
    kept = app.autosave is not None and app.autosave.kept
    if shutdown.code is None and error is not None:
        tell(*_after_crash(error, quiet.getvalue(), kept))
        return CRASHED
    if problem is not None and app.autosave is not None and not app.autosave.told:
        tell(f"The session could not be saved. {problem}")
    if shutdown.code is None:
        return app.return_code or 0
    if kept:
        tell(f"The session was ended by signal {shutdown.code - SIGNALLED}; {GO_ON}")
    return shutdown.code


class Shutdown:
    """Notices a signal and calls ``leave`` with the exit code, on a thread of its own.

    Where that cannot end the program, or has not in time, ``last`` is called, the terminal is put
    right without the app, and the program ends.
    """

    def __init__(self, leave: Callable[[int], bool], last: Callable[[], object]) -> None:
        self._leave, self._last = leave, last
        self._terminal, self._streams = terminal_descriptor(), terminal_streams()
        self._settings = None
        if termios is not None:
            with suppress(termios.error):
                self._settings = termios.tcgetattr(0)
        self._over, self._signals = threading.Event(), SimpleQueue[int]()
        self.code: int | None = None
        """The exit code, once there is reason to leave."""

    def watch(self) -> None:
        """Begin."""
        for number in (getattr(signal, name, None) for name in NAMES):
            if number is not None:
                # all else is done by the thread: a signal may interrupt the app anywhere
                signal.signal(number, lambda number, frame: self._signals.put(number))
        threading.Thread(target=self._watch, name="shutdown", daemon=True).start()

    def over(self) -> None:
        """Note that the app has ended: nothing but the exit is left."""
        self._over.set()
        if self._hung_up:
            self.code = self.code or SIGNALLED + HANG_UP
            self._let_go_of_terminal()
        elif not _takes_text(self._terminal):  # nor did it take what should have restored it
            self._restore_terminal()

    @property
    def _hung_up(self) -> bool:
        """Whether the terminal has gone away."""
        return not set(self._streams).issubset(terminal_streams())

    def _watch(self) -> None:
        self.code = SIGNALLED + self._signals.get()
        if self._hung_up:
            self._let_go_of_terminal()
        if self._leave(self.code) and self._over.wait(PATIENCE):
            time.sleep(LAST_WORDS)  # the program ends meanwhile, and this thread with it
        # on a thread: neither an error there nor a lock that nobody gives back holds up the end
        last = threading.Thread(target=self._last, name="last", daemon=True)
        last.start()
        last.join(LAST_WORDS)
        self._restore_terminal()
        os._exit(self.code)

    def _restore_terminal(self) -> None:
        terminal = os.dup(self._terminal)
        self._let_go_of_terminal()  # whoever still writes to it
        if self._settings is not None:
            with suppress(termios.error):
                termios.tcflush(terminal, termios.TCOFLUSH)  # what it does not take any more
                termios.tcsetattr(terminal, termios.TCSANOW, self._settings)
        if _takes_text(terminal):
            with suppress(OSError):
                os.write(terminal, RESTORE)

    def _let_go_of_terminal(self) -> None:
        """Have what is still to be written there go nowhere; a dead one would only give errors."""
        nowhere = os.open(os.devnull, os.O_RDWR)
        for descriptor in self._streams:
            os.dup2(nowhere, descriptor)


def _takes_text(terminal: int) -> bool:
    """Return whether a terminal takes text within a moment; one that does not is not waited for."""
    try:
        return bool(select.select([], [terminal], [], 0.5)[1])
    except (OSError, ValueError):  # on Windows, where this is for sockets alone
        return True


def _after_crash(error: Exception, printed: str, kept: bool) -> list[str]:
    """Return what to say; the traceback and what Textual printed go into a file for a report."""
    from bptui.app.session.store import sessions_folder
    from bptui.atomic import written_whole
    from bptui.presets.errors import printable
    from bptui.presets.save import shown_path

    said = " ".join("".join(traceback.format_exception_only(error)).split())
    details = "".join([*traceback.format_exception(error), printed])
    lines = [f"The program crashed: {printable(said)}"]
    if kept:
        lines.append(f"The session is saved: {GO_ON}")
    file = sessions_folder().parent / "crash.txt"
    try:
        file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        with written_whole(file, private=True) as stream:
            stream.write(details)
    except OSError:
        return [*lines, details]
    return [*lines, f"Details for a bug report: {shown_path(file)}"]


def tell(*lines: str) -> None:
    """Say something below the shell's prompt, once the app has given the terminal back."""
    for line in lines:
        print(f"bptui: {line}", file=sys.stderr)  # noqa: T201  the app has given the terminal back
