"""Records a user's code in the user's own Python: ``child.py FILE REQUESTS ANSWERS``.

The last two are descriptors: of the request, a line with the folder in which it stands, and of two
lines that answer it, when this Python is ready and when it is done. What the code prints stays on
the ordinary outputs. This Python may be an old one: it has numpy and nothing of bptui.
"""

from __future__ import annotations

import importlib
import json
import os
import resource
import select
import shutil
import signal
import sys
import types
import warnings
from contextlib import suppress
from typing import Any

try:
    import numpy as np  # noqa: F401  it has to be there
except ImportError as error:
    reason = str(error.__cause__ or error).strip().partition("\n")[0]
    sys.exit(f"bptui: it cannot import numpy: {reason}")

FLOOR = (3, 10)
HERE = os.path.dirname(os.path.realpath(__file__))
LONGEST = 2000
RECORDER = "__bptui__"
"""A name in all code that is recorded."""
LOADED: dict[str, types.ModuleType] = {}
"""The modules of bptui that the user's code does not see: of a copy of bptui's own process."""


def main(file: str, descriptors: list[int]) -> None:
    if sys.version_info < FLOOR:
        found, least = (".".join(map(str, version)) for version in (sys.version_info[:3], FLOOR))
        sys.exit(f"bptui: it is Python {found}; checking needs {least} or newer")
    beside = os.path.dirname(file) or os.sep
    sys.path[:] = [beside, *(path for path in sys.path if os.path.realpath(path) != HERE)]
    sys.argv[:] = [file]
    sys.dont_write_bytecode = True
    for descriptor in descriptors:
        os.set_inheritable(descriptor, False)
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    requests, answers = descriptors
    warnings.formatwarning = warning_text
    session = ours("bptui.trace.record.session").Session
    answer(answers, "ready")
    with open(requests, encoding="utf-8", closefd=False) as lines:
        folder = lines.readline().rstrip("\n")
    watch(requests, folder)
    ended = "done"
    try:
        record(session(file, folder))
    except BaseException as error:
        ended = f"{type(error).__name__}: {error}"[:LONGEST]
    with suppress(OSError):  # the code may have closed all descriptors
        answer(answers, ended)
    os._exit(0)  # whatever threads still run


def watch(requests: int, folder: str) -> None:
    """Leave a process that ends this group when bptui is gone, however it went, and its folder."""
    if os.fork() == 0:
        if os.fork() == 0:  # not a child of this process, which may wait for its own
            poll = select.poll()
            poll.register(requests, 0)
            poll.poll()  # until nobody can write there any more
            shutil.rmtree(folder, ignore_errors=True)
            os.killpg(0, signal.SIGKILL)
        os._exit(0)
    os.wait()


def warning_text(
    message: Warning | str,
    category: type[Warning],
    filename: str,
    lineno: int,
    line: str | None = None,
) -> str:
    """Return a warning as it is printed, to the ordinary outputs, with the line of the code."""
    frame: types.FrameType | None = sys._getframe()
    while frame and RECORDER not in frame.f_globals:
        frame = frame.f_back
    if frame:
        filename, lineno = frame.f_code.co_filename, frame.f_lineno
    return f"{os.path.basename(filename)}, line {lineno}: {category.__name__}: {message}\n"


def answer(answers: int, text: str) -> None:
    os.write(answers, json.dumps(text).encode() + b"\n")


def record(session: Any) -> None:  # noqa: ANN401  of a class that is loaded here
    """Run the file, and leave what was recorded of it."""
    process = os.getpid()
    if session.request["function"]:
        session.plays(ours("bptui.check.functions.played").Played(session))
    end = session.run()
    if os.getpid() != process:  # a fork that the code made and let return
        os._exit(0)
    session.write(end)


def ours(name: str) -> Any:  # noqa: ANN401  # a module
    """Import a module of bptui by its place, without the package, while no user's code runs."""
    if name in LOADED:
        return LOADED[name]
    package = sys.modules["bptui"] = types.ModuleType("bptui")
    package.__path__ = [os.path.dirname(os.path.dirname(HERE))]
    found = importlib.import_module(name)
    for each in [each for each in sys.modules if each.partition(".")[0] == "bptui"]:
        del sys.modules[each]  # the user's code may import bptui itself
    return found


if __name__ == "__main__":
    main(sys.argv[1], [int(number) for number in sys.argv[2:]])
