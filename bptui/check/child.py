"""Runs a user's code in the user's own Python: ``child.py FILE REQUESTS ANSWERS``.

The last two are descriptors. A request and its answer are one line of JSON each: ``{"do": NAME,
"seconds": LIMIT, ...}`` calls that function of ``DO``. What the code prints stays on the ordinary
outputs. This Python may be an old one: it has numpy and nothing of bptui.
"""

from __future__ import annotations

import importlib
import inspect
import json
import linecache
import os
import resource
import select
import signal
import sys
import sysconfig
import traceback
import types
import warnings
from collections.abc import Callable
from contextlib import suppress
from typing import Any

try:
    import numpy as np
except ImportError as error:
    reason = str(error.__cause__ or error).strip().partition("\n")[0]
    sys.exit(f"bptui: it cannot import numpy: {reason}")

FLOOR = (3, 10)
HERE = os.path.dirname(os.path.realpath(__file__))
FUNCTIONS = ("gradients", "step")
MOST_FRAMES, LONGEST = 6, 2000
LOADED: dict[str, types.ModuleType] = {}
"""The modules of bptui that the user's code does not see: of a copy of bptui's own process."""


def main(file: str, descriptors: list[int]) -> None:
    if sys.version_info < FLOOR:
        found, least = (".".join(map(str, version)) for version in (sys.version_info[:3], FLOOR))
        sys.exit(f"bptui: it is Python {found}; checking needs {least} or newer")
    sys.path[:] = [folder for folder in sys.path if os.path.realpath(folder) != HERE]
    for descriptor in descriptors:
        os.set_inheritable(descriptor, False)
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    watch(descriptors[0])
    serve(UserCode(file), *descriptors)


def watch(requests: int) -> None:
    """Leave a process that ends this group when bptui is gone, in whatever way it went."""
    if os.fork() == 0:
        if os.fork() == 0:  # not a child of this process, which may wait for its own
            poll = select.poll()
            poll.register(requests, 0)
            poll.poll()  # until nobody can write there any more
            os.killpg(0, signal.SIGKILL)
        os._exit(0)
    os.wait()


def serve(code: UserCode, requests: int, answers: int) -> None:
    """Answer requests until there are no more."""
    process = os.getpid()
    warnings.formatwarning = warning_text
    send(answers, {"kind": "ready"})
    # the code may have closed these descriptors
    with suppress(OSError), open(requests, encoding="utf-8") as lines:
        for line in lines:
            answer = guarded(code, json.loads(line))
            if os.getpid() != process:
                os._exit(0)  # a fork that the code made and let return
            send(answers, answer)
    os._exit(0)  # whatever threads still run


def warning_text(
    message: Warning | str,
    category: type[Warning],
    filename: str,
    lineno: int,
    line: str | None = None,
) -> str:
    """Return a warning as it is printed, to the ordinary outputs."""
    return f"{os.path.basename(filename)}, line {lineno}: {category.__name__}: {message}\n"


def send(answers: int, answer: dict[str, Any]) -> None:
    rest = memoryview(json.dumps(answer).encode() + b"\n")
    while rest:
        rest = rest[os.write(answers, rest) :]


class OutOfTime(BaseException):
    """Ends a call whose time is over; no Exception, which code may catch."""


def time_is_up(number: int, frame: Any) -> None:  # noqa: ANN401  # of a signal
    raise OutOfTime


def guarded(code: UserCode, request: dict[str, Any]) -> dict[str, Any]:
    """Return the answer to a request, or how the user's code ended it."""
    signal.signal(signal.SIGALRM, time_is_up)
    try:
        signal.setitimer(signal.ITIMER_REAL, request["seconds"], 1.0)
        try:
            return DO[request["do"]](code, request)
        finally:
            signal.setitimer(signal.ITIMER_REAL, 0.0)
    except BaseException as error:
        # a private name, such as numpy's _ArrayMemoryError, stands for the public one above it
        names = (kind.__name__ for kind in type(error).__mro__)
        name = next(name for name in names if not name.startswith("_"))
        text = str(error.msg if isinstance(error, SyntaxError) else error)[:LONGEST]
        kind, message = "raised", f"{name}: {text}" if text else name
        if isinstance(error, SystemExit):
            value = "" if error.code is None else repr(error.code)[:LONGEST]
            kind, message = "exited", f"sys.exit({value})"
        elif isinstance(error, OutOfTime):
            kind, message = "hung", f"{request['seconds']:g} s"
        frames = code.frames(error)
        return {
            "kind": kind,
            "message": message,
            "frames": frames[-MOST_FRAMES:],
            "omitted": max(len(frames) - MOST_FRAMES, 0),
            "while_loading": request["do"] == "load",
        }


def load(code: UserCode, request: dict[str, Any]) -> dict[str, Any]:
    """Execute the file afresh and tell of its functions."""
    code.restore()
    code.execute()
    names = vars(code.module)
    functions = [name for name in FUNCTIONS if callable(names.get(name))]
    others = [
        name
        for name, value in names.items()
        if isinstance(value, types.FunctionType)
        and value.__module__ == code.module.__name__
        and name not in FUNCTIONS
    ]
    signatures = {name: code.signature(names[name]) for name in functions}
    return {"kind": "loaded", "functions": signatures, "others": others}


def call(code: UserCode, request: dict[str, Any]) -> dict[str, Any]:
    """Call a function of the file; tell what it returned, and what it left of its arguments."""
    arguments = code.values.decoded(request["arguments"])
    given = code.values.encoded(getattr(code.module, request["function"])(*arguments))
    return {"kind": "answer", "given": given, "arguments": code.values.encoded(arguments)}


def record(code: UserCode, request: dict[str, Any]) -> dict[str, Any]:
    """Run the file as a program, and leave what was recorded of it in the request's folder."""
    code.restore()
    request["given"] = {n: code.values.decoded(array) for n, array in request["given"].items()}
    session = ours("bptui.trace.session").Session({**request, "file": code.file})
    session.write(request["folder"], session.run())
    return {"kind": "recorded"}


def ours(name: str) -> Any:  # noqa: ANN401  # a module
    """Import a module of bptui by its place, without the package, while no user's code runs."""
    if name in LOADED:
        return LOADED[name]
    package = sys.modules["bptui"] = types.ModuleType("bptui")
    package.__path__ = [os.path.dirname(HERE)]
    found = importlib.import_module(name)
    for each in [each for each in sys.modules if each.partition(".")[0] == "bptui"]:
        del sys.modules[each]  # the user's code may import bptui itself
    return found


DO: dict[str, Callable[[UserCode, dict[str, Any]], dict[str, Any]]] = {
    "load": load,
    "call": call,
    "record": record,
}


class UserCode:
    """The module of ``file``, and which lines are the user's own."""

    def __init__(self, file: str) -> None:
        self.file, self.folder = file, os.path.join(os.path.dirname(file), "")
        self.path, self.working, self.errors = list(sys.path), os.getcwd(), np.geterr()
        paths = (HERE, sysconfig.get_paths()["stdlib"])
        self.not_own = tuple(os.path.join(path, "") for path in paths)
        stem = os.path.splitext(os.path.basename(file))[0]
        # not "__main__", so a guarded main program does not run; never in the place of a library
        taken = stem in sys.modules or stem in sys.stdlib_module_names
        self.name = f"user_{stem}" if taken else stem
        self.module = types.ModuleType(self.name)
        self.values = ours("bptui.check.values")

    def restore(self) -> None:
        """Let nothing stay of an earlier life of the module that could show in the next one."""
        for name, module in list(sys.modules.items()):
            with suppress(Exception):  # not every entry is a module, and lazy ones may raise
                if self.own(vars(module).get("__file__") or ""):
                    del sys.modules[name]
        linecache.checkcache()
        sys.path_importer_cache.clear()
        sys.path[:] = [self.folder[:-1] or os.sep, *self.path]
        sys.argv[:] = [self.file]
        sys.dont_write_bytecode = True
        sys.stdout, sys.stderr = sys.__stdout__, sys.__stderr__
        os.chdir(self.working)
        np.seterr(**self.errors)

    def execute(self) -> None:
        """Run the file; raise whatever it raises."""
        self.module = sys.modules[self.name] = types.ModuleType(self.name)
        self.module.__file__ = self.file
        with open(self.file, "rb") as stream:
            source = stream.read()
        exec(compile(source, self.file, "exec", dont_inherit=True), self.module.__dict__)

    def signature(self, function: Callable[..., object]) -> dict[str, Any]:
        """Tell what a function takes by position, and where it is defined."""
        code = getattr(inspect.unwrap(function), "__code__", None)
        line = code.co_firstlineno if code and code.co_filename == self.file else 0
        try:
            parameters = list(inspect.signature(function).parameters.values())
        except (ValueError, TypeError):  # written in C
            parameters = [inspect.Parameter("arguments", inspect.Parameter.VAR_POSITIONAL)]
        kinds = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)
        taken = [one for one in parameters if one.kind in kinds]
        return {
            "names": [one.name for one in taken],
            "required": sum(one.default is one.empty for one in taken),
            "line": line,
            "variable": any(one.kind is one.VAR_POSITIONAL for one in parameters),
        }

    def own(self, path: str) -> bool:
        """Tell whether a file is the user's: in that folder, and not installed there."""
        inside = path.startswith(self.folder) and not path.startswith(self.not_own)
        return inside and "site-packages" not in path and "dist-packages" not in path

    def frames(self, error: BaseException) -> list[dict[str, Any]]:
        """Return the user's lines on the way to an error, outermost first."""
        found: list[tuple[str, int, str, str | None]] = [
            (frame.f_code.co_filename, line, frame.f_code.co_name, None)
            for frame, line in traceback.walk_tb(error.__traceback__)
        ]
        if isinstance(error, SyntaxError) and error.filename:
            found.append((str(error.filename), error.lineno or 0, "", error.text))
        return [
            {
                "file": path[len(self.folder) :],
                "line": line,
                "function": function,
                "source": (source or linecache.getline(path, line)).strip(),
            }
            for path, line, function, source in found
            if self.own(path)
        ]


if __name__ == "__main__":
    main(sys.argv[1], [int(number) for number in sys.argv[2:]])
