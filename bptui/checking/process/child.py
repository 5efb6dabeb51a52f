"""The program of the process in which the user's code runs; started by path, as ``child.py``.

``child.py FILE COMMANDS ANSWERS TRACE LIFELINE`` with the descriptors of four pipes. The process
dies at once when the far end of the last one is closed, so it cannot outlive the program it works
for.
"""

from __future__ import annotations

import importlib
import os
import sys
from contextlib import suppress


def main() -> None:
    # whatever numpy needs is imported before the user's folder, which may hold a random.py, counts
    importlib.import_module("numpy")
    root = os.path.abspath(os.path.join(os.path.dirname(__file__), *[os.pardir] * 3))
    sys.path.insert(0, root)
    from bptui.checking.process.life import out_of_reach
    from bptui.checking.process.server import serve

    sys.path.remove(root)
    file, *descriptors = sys.argv[1:]
    low = [int(each) for each in descriptors]
    commands, answers, trace, lifeline = map(out_of_reach, low)
    for each in low:
        os.close(each)
    _bind(lifeline)
    _limit()
    serve(file, commands, answers, trace)


def _bind(lifeline: int) -> None:
    """Let the system kill the whole process group when the far end of ``lifeline`` is closed.

    Needs no thread, so it also works while the user's code holds the interpreter's lock.
    """
    import fcntl
    import signal

    if not hasattr(fcntl, "F_SETSIG"):
        return  # not Linux: the ordinary end, by the program itself, has to do
    with suppress(OSError):
        fcntl.fcntl(lifeline, fcntl.F_SETOWN, -os.getpgrp())
        fcntl.fcntl(lifeline, fcntl.F_SETSIG, signal.SIGKILL)
        flags = fcntl.fcntl(lifeline, fcntl.F_GETFL)
        fcntl.fcntl(lifeline, fcntl.F_SETFL, flags | os.O_ASYNC)


def _limit() -> None:
    """No core dumps; and where memory runs out it is this process that has to go."""
    import resource

    with suppress(OSError, ValueError):
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    with suppress(OSError), open("/proc/self/oom_score_adj", "w") as file:
        file.write("1000")


if __name__ == "__main__":
    main()
