"""Runs a user's code in the user's own Python: ``child.py FILE REQUESTS ANSWERS TRACE``.

The last three are descriptors. A request and its answer are one line of JSON each: ``{"do": NAME,
"seconds": LIMIT, ...}`` calls that function of ``DO``. What the code prints stays on the ordinary
outputs; when the limit is over, the stack is written to TRACE and the process ends. This Python may
be an old one: it has numpy and nothing of bptui.

Values travel as trees: numbers, lists and None as they are, ``{"array": [dtype, shape, base64]}``,
``{"dict": {...}}``, and ``{"other": "a str"}`` for what holds no numbers.
"""

from __future__ import annotations

import base64
import collections
import faulthandler
import inspect
import itertools
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
from collections.abc import Callable, Iterator, KeysView, Mapping, ValuesView
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
DEEPEST, MOST_FRAMES, LONGEST = 16, 6, 2000
LAZY = (Iterator, range, collections.deque, KeysView, ValuesView)


def main() -> None:
    if sys.version_info < FLOOR:
        found, least = (".".join(map(str, version)) for version in (sys.version_info[:3], FLOOR))
        sys.exit(f"bptui: it is Python {found}; checking needs {least} or newer")
    sys.path[:] = [folder for folder in sys.path if os.path.realpath(folder) != HERE]
    file, descriptors = sys.argv[1], [int(number) for number in sys.argv[2:]]
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


def serve(code: UserCode, requests: int, answers: int, trace: int) -> None:
    """Answer requests until there are no more."""
    process = os.getpid()
    warnings.formatwarning = warning_text
    faulthandler.enable(trace)
    send(answers, {"kind": "ready"})
    # the code may have closed these descriptors
    with suppress(OSError), open(requests, encoding="utf-8") as lines:
        for line in lines:
            request = json.loads(line)
            faulthandler.dump_traceback_later(request["seconds"], exit=True, file=trace)
            answer = guarded(code, request)
            if os.getpid() != process:
                os._exit(0)  # a fork that the code made and let return
            faulthandler.cancel_dump_traceback_later()
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


def guarded(code: UserCode, request: dict[str, Any]) -> dict[str, Any]:
    """Return the answer to a request, or how the user's code ended it."""
    try:
        return DO[request["do"]](code, request)
    except BaseException as error:
        # a private name, such as numpy's _ArrayMemoryError, stands for the public one above it
        names = (kind.__name__ for kind in type(error).__mro__)
        name = next(name for name in names if not name.startswith("_"))
        text = str(error.msg if isinstance(error, SyntaxError) else error)[:LONGEST]
        kind, message = "raised", f"{name}: {text}" if text else name
        if isinstance(error, SystemExit):
            value = "" if error.code is None else repr(error.code)[:LONGEST]
            kind, message = "exited", f"sys.exit({value})"
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
    """Call a function of the file; tell what it returned and how it changed its arguments."""
    before, after = ([decoded(one) for one in request["arguments"]] for _ in range(2))
    given, most = getattr(code.module, request["function"])(*after), request["most"]
    pairs = enumerate(zip(before, after, strict=True))
    changed = {place: tree(new, most) for place, (old, new) in pairs if not same(old, new)}
    return {"kind": "answer", "given": tree(given, most), "changed": changed}


def record(code: UserCode, request: dict[str, Any]) -> dict[str, Any]:
    """Run the file as a program, and leave what was recorded of it in the request's folder."""
    code.restore()
    session = recording().Session({**request, "file": code.file})
    session.write(request["folder"], session.run())
    return {"kind": "recorded"}


def recording() -> Any:  # noqa: ANN401  # a module
    """Import what records a program by its place, without the packages that it stands in."""
    for name, folder in (("bptui", ()), ("bptui.trace", (os.path.join(HERE, "..", "trace"),))):
        package = sys.modules[name] = types.ModuleType(name)
        package.__path__ = [*folder]
    import bptui.trace.session as session  # not before there is a program to record

    for name in [name for name in sys.modules if name.partition(".")[0] == "bptui"]:
        del sys.modules[name]  # the user's code may import bptui itself
    return session


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


def decoded(argument: Any) -> Any:  # noqa: ANN401  # lists of arrays, arrays, floats
    """Return the argument of a call, fresh and writable."""
    if isinstance(argument, list):
        return [decoded(one) for one in argument]
    if isinstance(argument, float):
        return argument
    dtype, shape, data = argument["array"]
    return np.frombuffer(base64.b64decode(data), dtype).reshape(shape).copy()


def same(old: Any, new: Any) -> bool:  # noqa: ANN401  # as above
    """Tell whether an argument is as it was before the call."""
    if isinstance(old, list):
        return isinstance(new, list) and len(old) == len(new) and all(map(same, old, new))
    return isinstance(new, type(old)) and np.array_equal(old, new, equal_nan=True)


def tree(value: Any, most: int, depth: int = 0) -> object:  # noqa: ANN401  # whatever it is
    """Return ``value`` as a tree; arrays may have ``most`` bytes."""
    if value is None:
        return None
    if type(value) in (bool, int, float):
        too_large = isinstance(value, int) and abs(value) > sys.float_info.max
        return {"other": "a whole number too large for a float"} if too_large else value
    if depth > DEEPEST:
        return {"other": "nested too deeply"}
    if isinstance(value, Mapping):
        if all(isinstance(name, str) for name in value):
            return {"dict": {name: tree(one, most, depth + 1) for name, one in value.items()}}
        return {"other": "a dict whose keys are not names"}
    if isinstance(value, LAZY) and not hasattr(value, "__array__"):
        value = list(itertools.islice(value, most // 8))
    if isinstance(value, (list, tuple)):
        return [tree(one, most, depth + 1) for one in value]
    numeric = hasattr(value, "__array__") or hasattr(value, "__float__")
    if not numeric or isinstance(value, (str, bytes, complex, type)):
        return {"other": described(value)}
    if hasattr(value, "detach"):  # a torch tensor that remembers its gradient
        value = value.detach().cpu()
    found = np.asarray(value)
    if found.dtype.kind == "O":  # fractions, or arrays of different shapes
        return tree(found.tolist() if found.ndim else float(value), most, depth + 1)
    if found.dtype.kind not in "biuf":
        return {"other": described(found)}
    if found.nbytes > most:
        return {"other": f"{described(found)}, more numbers than expected"}
    found = found.astype("f8") if found.itemsize > 8 else found
    data = base64.b64encode(found.tobytes()).decode("ascii")
    return {"array": [found.dtype.str, found.shape, data]}


def described(value: object) -> str:
    """Say what ``value`` is: "a str", "an array of complex numbers"."""
    if isinstance(value, np.ndarray):
        if value.dtype.kind in "biuf":
            return f"an array of {value.size:,} numbers"
        kind = "complex numbers" if value.dtype.kind == "c" else f"dtype {value.dtype}"
        return f"an array of {kind}"
    name = type(value).__name__
    return f"{'an' if name[:1].lower() in 'aeiou' else 'a'} {name}"


if __name__ == "__main__":
    main()
