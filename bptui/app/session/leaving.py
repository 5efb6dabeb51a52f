"""Ends that the user did not ask for: signals, and a terminal that goes away."""

from __future__ import annotations

import os
import signal
import sys
import threading
from collections.abc import Callable
from contextlib import suppress
from types import FrameType

NAMES = ("SIGHUP", "SIGINT", "SIGQUIT", "SIGTERM")
HANG_UP = 1
"""The number of SIGHUP, also where a system has none."""
SIGNALLED = 128
"""Added to the number of the signal, it is the exit code."""
PATIENCE = 4.0
"""Seconds to leave in an orderly way; then the program ends at once."""
RESTORE = (
    b"\x1b[?1000l\x1b[?1002l\x1b[?1003l\x1b[?1006l\x1b[?1015l\x1b[?1016l"  # mouse
    b"\x1b[?1004l\x1b[?2004l\x1b[?2048l\x1b[<u\x1b[?7h"  # focus, paste, sizes, keys, line ends
    b"\x1b[?1049l\x1b[0m\x1b[?25h"  # main screen, colours, cursor
)


class Leaving:
    """Notices such an end and calls ``leave`` with the exit code, on a thread of its own.

    Where that cannot end the program, or has not in time, ``last`` is called, the terminal is put
    right without the app, and the program ends.
    """

    def __init__(self, leave: Callable[[int], bool], last: Callable[[], None]) -> None:
        self._leave, self._last = leave, last
        self._restore_settings = _restoring()
        self._over = threading.Event()
        self._signals, self._signalled = os.pipe()
        os.set_blocking(self._signalled, False)
        self.code: int | None = None
        """The exit code, once there is reason to leave."""

    def watch(self) -> None:
        """Begin; a signal that was ignored before, as by nohup, still is."""
        for name in NAMES:
            number = getattr(signal, name, None)
            if number is not None and signal.getsignal(number) != signal.SIG_IGN:
                signal.signal(number, self._signal)
        threading.Thread(target=self._watch, name="leaving", daemon=True).start()

    def over(self) -> None:
        """The app has ended: nothing but the exit is left."""
        self._over.set()
        if terminal_is_gone():
            self.code = self.code or SIGNALLED + HANG_UP
            _let_go_of_terminal()

    def _signal(self, number: int, frame: FrameType | None) -> None:
        # all else is done by the thread: this may interrupt the app anywhere
        with suppress(BlockingIOError):
            os.write(self._signalled, bytes([number]))

    def _watch(self) -> None:
        """Wait, without work, for a signal or until the terminal hangs up."""
        number = self._next()
        self.code = SIGNALLED + number
        if terminal_is_gone():
            _let_go_of_terminal()
        if not self._leave(self.code) or not self._over.wait(PATIENCE):
            self._end_at_once(self.code)

    def _next(self) -> int:
        """The number of the signal that comes next; that of SIGHUP where the terminal hangs up."""
        import select

        if hasattr(select, "poll"):
            waiting = select.poll()
            waiting.register(self._signals, select.POLLIN)
            waiting.register(0, 0)  # hanging up is always reported
            while True:
                for descriptor, event in waiting.poll():
                    if descriptor == self._signals:
                        break
                    if event & (select.POLLHUP | select.POLLERR):
                        return HANG_UP
                    waiting.unregister(0)  # a system that cannot tell
                else:
                    continue
                break
        return os.read(self._signals, 1)[0]

    def _end_at_once(self, code: int) -> None:
        self._last()
        self._restore_terminal()
        os._exit(code)

    def _restore_terminal(self) -> None:
        import select

        self._restore_settings()
        with suppress(OSError):  # a terminal that takes nothing any more is not waited for
            if select.select([], [2], [], 0.5)[1]:
                os.write(2, RESTORE)


def terminal_is_gone() -> bool:
    """Whether it has hung up. False where that cannot be told."""
    import select

    if not hasattr(select, "poll"):
        return False
    asking = select.poll()
    asking.register(0, 0)
    return any(event & (select.POLLHUP | select.POLLERR) for _, event in asking.poll(0))


def _let_go_of_terminal() -> None:
    """Have what is still to be written go nowhere, as a dead terminal would only give errors."""
    with suppress(OSError):
        nowhere = os.open(os.devnull, os.O_RDWR)
        for descriptor in (0, 1, 2):
            os.dup2(nowhere, descriptor)
        os.close(nowhere)


def _restoring() -> Callable[[], None]:
    """What gives the terminal the settings that it has now."""
    if sys.platform == "win32":
        return lambda: None
    import termios

    try:
        settings = termios.tcgetattr(0)
    except termios.error:
        return lambda: None

    def restore() -> None:
        with suppress(termios.error):
            termios.tcsetattr(0, termios.TCSANOW, settings)

    return restore
