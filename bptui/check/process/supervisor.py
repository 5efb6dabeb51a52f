"""The parent of the user's process: what that sends its parent meets this, and it ends the family.

``supervisor.py LIFELINE PIPES PYTHON ARGUMENT ...`` starts that Python in a session of its own; the
pipes, as in 5,7,8, are for it alone. Its number is written into the lifeline, a socket. When it has
ended, or has sent a signal here, or when the far end of the lifeline is closed, all that came of it
is killed, and how it went is written as a line of JSON:
:class:`bptui.check.process.pipes.End`.
"""

import json
import os
import select
import signal
import sys
from contextlib import suppress

SUBREAPER = 36
"""From <linux/prctl.h>: processes whose parent has ended become this one's children."""
HARMLESS = ("SIGCHLD", "SIGCONT", "SIGURG", "SIGWINCH")
"""Signals that end no process that knows nothing of them."""
MOST, LONGEST = 5, 60
"""Processes that are named, and characters of a command line."""


def main() -> None:
    lifeline, pipes, command = int(sys.argv[1]), sys.argv[2].split(","), sys.argv[3:]
    os.set_inheritable(lifeline, False)
    woken, wake = os.pipe()
    os.set_blocking(wake, False)
    signal.set_wakeup_fd(wake, warn_on_full_buffer=False)
    for each in signal.valid_signals():
        with suppress(OSError, ValueError):  # SIGKILL, SIGSTOP, and those of the C library
            signal.signal(each, lambda *_: None)
    process = os.fork()
    if process == 0:
        _become(command)
    nothing = os.open(os.devnull, os.O_RDWR)
    for descriptor in (0, 1, 2, *map(int, pipes)):
        os.dup2(nothing, descriptor)  # so the pipes end where the process closes them
    _say(lifeline, process)
    _adopt()
    code, sent = _watched(process, lifeline, woken)
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(process, signal.SIGKILL)
    _say(lifeline, {"code": code, "sent": sent, "escaped": _swept(process)})


def _become(command: list[str]) -> None:
    """Run ``command`` in this process; the handlers of signals are the ordinary ones again."""
    os.setsid()
    try:
        os.execv(command[0], command)
    except OSError as error:
        os.write(1, f"bptui: {error.strerror}\n".encode())
    os._exit(127)


def _adopt() -> None:
    with suppress(ImportError, OSError, AttributeError):  # not on Linux
        import ctypes  # takes as long as all the rest, while the process starts

        ctypes.CDLL(None).prctl(SUBREAPER, 1, 0, 0, 0)


def _watched(process: int, lifeline: int, woken: int) -> tuple[int | None, int]:
    """The exit code of ``process``, or the signal that was sent here, once there is either."""
    harmless = {getattr(signal, each) for each in HARMLESS}
    while True:
        ready, _, _ = select.select([lifeline, woken], [], [])
        if woken in ready:
            sent = [each for each in os.read(woken, 512) if each not in harmless]
            if sent:
                return None, sent[0]
            found, status = os.waitpid(process, os.WNOHANG)
            if found:
                return os.waitstatus_to_exitcode(status), 0
        if lifeline in ready:
            return None, 0


def _swept(process: int) -> list[str]:
    """End all that is left; the command lines of what was in another session than ``process``."""
    escaped: dict[int, str] = {}
    with suppress(ChildProcessError):  # there is none any more
        while True:
            for child, session in _children():
                if session != process and child not in escaped:
                    escaped[child] = f"{_named(child)} (process {child})"
                with suppress(ProcessLookupError, PermissionError):
                    os.kill(child, signal.SIGKILL)
            os.waitpid(-1, 0)
    names = [*escaped.values()]
    more = len(names) - MOST
    return [*names[:MOST], f"{more} more"] if more > 0 else names


def _children() -> list[tuple[int, int]]:
    """The children that run, with their sessions; what these leave become children later."""
    found = []
    with suppress(FileNotFoundError):  # no /proc, and nobody was adopted
        for each in filter(str.isdigit, os.listdir("/proc")):
            with suppress(OSError), open(f"/proc/{each}/stat", "rb") as file:
                state, parent, _, session = file.read().rpartition(b")")[2].split()[:4]
                if int(parent) == os.getpid() and state not in b"ZX":
                    found.append((int(each), int(session)))
    return found


def _named(process: int) -> str:
    try:
        with open(f"/proc/{process}/cmdline", "rb") as file:
            return file.read().replace(b"\0", b" ").decode("utf-8", "replace").strip()[:LONGEST]
    except OSError:
        return "?"


def _say(lifeline: int, what: object) -> None:
    with suppress(OSError):  # nobody is there to listen
        os.write(lifeline, json.dumps(what).encode() + b"\n")


if __name__ == "__main__":
    main()
