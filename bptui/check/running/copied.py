"""A copy of this process where a new one would be just like it: numpy is there already."""

from __future__ import annotations

import gc
import os
import signal
import sys
import traceback
from collections.abc import Callable, Collection, Mapping
from contextlib import suppress
from io import TextIOWrapper
from pathlib import Path

import numpy as np

from bptui.check.running import child
from bptui.check.running.interpreter import Interpreter


def is_alike(python: Interpreter, file: Path) -> bool:
    """Tell whether a copy of this process could pass for a new one of ``python`` to a program.

    Beside the program there must be no module that would be loaded instead of one that is loaded
    here; and only what has no threads can be copied.
    """
    if sys.platform != "linux" or not python.is_own or sys.gettrace() or sys.getprofile():
        return False
    loaded = {name.partition(".")[0] for name in sys.modules} - {file.stem}
    try:
        beside = {name.partition(".")[0] for name in os.listdir(file.parent)}
    except OSError:  # it may be a folder that shows nobody what is in it
        return False
    return loaded.isdisjoint(beside) and len(os.listdir("/proc/self/task")) == 1


class Copy:
    """A copy of this process that does one thing; what a Popen has that is of use here."""

    def __init__(self, do: Callable[[], None]) -> None:
        self.returncode: int | None = None
        for stream in filter(None, (sys.stdout, sys.stderr)):
            stream.flush()
        self.pid = os.fork()
        if not self.pid:
            try:
                do()
            except BaseException:
                traceback.print_exc()
            finally:
                os._exit(1)

    def poll(self) -> int | None:
        """Return how the process ended; None where it has not."""
        return self.wait(os.WNOHANG)

    def wait(self, options: int = 0) -> int | None:
        """Wait for the end of the process, and return how it ended."""
        if self.returncode is None:
            process, status = os.waitpid(self.pid, options)
            self.returncode = os.waitstatus_to_exitcode(status) if process else None
        return self.returncode


def become_child(
    file: Path, far: Collection[int], output: int, environment: Mapping[str, str], known_as: str
) -> None:
    """Be what ``child.py`` would be in a process of its own, which is ``known_as``."""
    os.setsid()
    os.chdir(file.parent)
    os.environ.update(environment)
    Path("/proc/self/comm").write_text(known_as, encoding="ascii")
    for target, source in enumerate((os.open(os.devnull, os.O_RDONLY), output, output)):
        os.dup2(source, target)
    for descriptor in map(int, os.listdir("/proc/self/fd")):
        if descriptor > 2 and descriptor not in far:
            with suppress(OSError):
                os.close(descriptor)
    for name, descriptor, mode in (("stdin", 0, "rb"), ("stdout", 1, "wb"), ("stderr", 2, "wb")):
        raw = open(descriptor, mode, 0 if descriptor else -1, closefd=False)  # noqa: SIM115
        errors = "backslashreplace" if name == "stderr" else "strict"
        stream = TextIOWrapper(raw, "utf-8", errors, write_through=True)
        setattr(sys, name, stream)
        setattr(sys, f"__{name}__", stream)
    for number in signal.valid_signals():
        if callable(signal.getsignal(number)):
            signal.signal(number, signal.SIG_DFL)
    if signal.getsignal(signal.SIGINT) == signal.SIG_DFL:
        signal.signal(signal.SIGINT, signal.default_int_handler)
    gc.freeze()  # what this process shares with the one before is not looked through
    gc.enable()
    np.seterr(divide="warn", over="warn", under="ignore", invalid="warn")  # as numpy begins
    if "numpy.random" in sys.modules:
        np.random.seed()  # not as in other copies
    del sys.path[: not sys.flags.safe_path]  # the folder of the script that began this process
    sys.setrecursionlimit(sys.getrecursionlimit() + len([*traceback.walk_stack(None)]))
    for module in [*sys.modules]:
        top = module.partition(".")[0]
        if top == "bptui":
            child.LOADED[module] = sys.modules[module]
        if top not in sys.stdlib_module_names and top not in ("numpy", "__main__"):
            del sys.modules[module]
    child.main(str(file), [*far])
