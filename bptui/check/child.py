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
import functools
import inspect
import itertools
import json
import linecache
import os
import resource
import sys
import sysconfig
import traceback
import types
import warnings
from collections.abc import Callable, Iterable, Iterator, KeysView, Mapping, ValuesView
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any

try:
    import numpy as np
except ImportError as error:
    reason = str(error.__cause__ or error).strip().partition("\n")[0]
    sys.exit(f"bptui: it cannot import numpy: {reason}")

if TYPE_CHECKING:
    from typing import TypeAlias  # not in Pythons that are too old

FLOOR = (3, 10)
HERE = os.path.dirname(os.path.realpath(__file__))
ARGUMENTS = {
    "gradients": ("x", "t", "weights", "biases"),
    "step": ("x", "t", "weights", "biases", "learning_rate"),
}
"""The functions of interest, and what they may get; biases may be left out."""
DEEPEST, MOST_WARNINGS, MOST_OTHERS, LONGEST = 16, 50, 20, 2000
WARNING = ("message", "category", "file", "line")
FIRST, LAST = 4, 6
"""Of a long way to an error, as in endless recursion, the outer and inner frames that are kept."""
Message: TypeAlias = "dict[str, Any]"
LAZY = (Iterator, range, collections.deque, KeysView, ValuesView)


def main() -> None:
    if sys.version_info < FLOOR:
        found, least = (".".join(map(str, each)) for each in (sys.version_info[:3], FLOOR))
        sys.exit(f"bptui: it is Python {found}; checking needs {least} or newer")
    sys.path[:] = [each for each in sys.path if os.path.realpath(each) != HERE]
    file, descriptors = sys.argv[1], [int(each) for each in sys.argv[2:]]
    for each in descriptors:
        os.set_inheritable(each, False)
    die_with_the_parent()
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    serve(UserCode(file), *descriptors)


def die_with_the_parent() -> None:
    """Let the kernel end this process when bptui is killed; only Linux does."""
    with suppress(ImportError, OSError, AttributeError):
        import ctypes  # numpy has imported it, where there is one

        ctypes.CDLL(None).prctl(1, 9, 0, 0, 0)  # PR_SET_PDEATHSIG, SIGKILL


def serve(code: UserCode, requests: int, answers: int, trace: int) -> None:
    """Answer requests until there are no more."""
    process = os.getpid()
    faulthandler.enable(trace)
    send(answers, {"kind": "ready"})
    with open(requests, encoding="utf-8") as lines:
        for line in lines:
            request = json.loads(line)
            faulthandler.dump_traceback_later(request["seconds"], exit=True, file=trace)
            answer = guarded(code, request)
            if os.getpid() != process:
                os._exit(0)  # a fork that the code made and let return
            faulthandler.cancel_dump_traceback_later()
            send(answers, answer)
    os._exit(0)  # whatever threads still run


def send(answers: int, answer: Message) -> None:
    rest = memoryview(json.dumps(answer).encode() + b"\n")
    while rest:
        rest = rest[os.write(answers, rest) :]


def guarded(code: UserCode, request: Message) -> Message:
    """Return the answer to a request, or how the user's code ended it."""
    try:
        with code.noting() as noted:
            answer = DO[request["do"]](code, request)
        return dict(answer, warnings=list(noted.values()))
    except SystemExit as error:
        value = "" if error.code is None else repr(error.code)
        return ended(code, request, error, "exited", f"sys.exit({text_of(value, 200)})")
    except BaseException as error:
        # a private name, such as numpy's _ArrayMemoryError, stands for the public one above it
        names = (each.__name__ for each in type(error).__mro__)
        name = next(each for each in names if not each.startswith("_"))
        text = text_of(error.msg if isinstance(error, SyntaxError) else error)
        return ended(code, request, error, "raised", f"{name}: {text}" if text else name)


def ended(
    code: UserCode, request: Message, error: BaseException, kind: str, message: str
) -> Message:
    frames = code.frames(error)
    omitted = max(len(frames) - FIRST - LAST, 0)
    if omitted:
        frames = frames[:FIRST] + frames[-LAST:]
    return {
        "kind": kind,
        "message": message,
        "frames": frames,
        "omitted": omitted,
        "while_loading": request["do"] == "load",
    }


def load(code: UserCode, request: Message) -> Message:
    """Execute the file afresh and tell of its functions."""
    code.restore()
    code.execute()
    names = vars(code.module)
    functions = {
        name: code.signature(names[name], ARGUMENTS[name])
        for name in ARGUMENTS
        if callable(names.get(name))
    }
    others = [
        name
        for name, value in names.items()
        if isinstance(value, types.FunctionType)
        and value.__module__ == code.module.__name__
        and name not in ARGUMENTS
    ]
    return {"kind": "loaded", "functions": functions, "others": others[:MOST_OTHERS]}


def call(code: UserCode, request: Message) -> Message:
    """Call a function of the file; tell what it returned and how it changed its arguments."""
    name, most = request["function"], request["most"]
    before, after = ([decoded(each) for each in request["arguments"]] for _ in range(2))
    given = tree(code.call(name, after), most)
    pairs = enumerate(zip(before, after, strict=True))
    changed = {place: tree(new, most) for place, (old, new) in pairs if not same(old, new)}
    return {"kind": "answer", "given": given, "changed": changed}


DO: dict[str, Callable[[UserCode, Message], Message]] = {"load": load, "call": call}


class UserCode:
    """The module of ``file``, and which lines are the user's own."""

    def __init__(self, file: str) -> None:
        self.file, self.folder = file, os.path.join(os.path.dirname(file), "")
        self.path, self.working, self.errors = list(sys.path), os.getcwd(), np.geterr()
        paths = sysconfig.get_paths()
        self.not_own = tuple(os.path.join(each, "") for each in (HERE, paths["stdlib"]))
        stem = os.path.splitext(os.path.basename(file))[0]
        # not "__main__", so a guarded main program does not run; never in the place of a library
        taken = stem in sys.modules or stem in sys.stdlib_module_names
        self.name = "user_" + stem if taken else stem
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

    def call(self, name: str, arguments: list[Any]) -> object:
        """Call the function; what it takes only by name it gets by name."""
        function, biases = getattr(self.module, name), len(arguments) == len(ARGUMENTS[name])
        names = [each for each in ARGUMENTS[name] if biases or each != "biases"]
        given = dict(zip(names, arguments, strict=True))
        by_name = {
            each: given.pop(each) for each in self.signature(function, names)["keyword_only"]
        }
        return function(*given.values(), **by_name)

    def signature(self, function: Callable[..., object], names: Iterable[str]) -> Message:
        """Tell which of ``names`` and others the function takes, and where it is defined."""
        code = getattr(inspect.unwrap(function), "__code__", None)
        line = code.co_firstlineno if code and code.co_filename == self.file else 0
        try:
            parameters = list(inspect.signature(function).parameters.values())
        except (ValueError, TypeError):  # written in C
            parameters = [inspect.Parameter("arguments", inspect.Parameter.VAR_POSITIONAL)]
        filled_in = function.keywords if isinstance(function, functools.partial) else ()
        kinds = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)
        only = [
            each
            for each in parameters
            if each.kind is each.KEYWORD_ONLY and each.name in names and each.name not in filled_in
        ]
        taken = [each for each in parameters if each.kind in kinds] + only
        return {
            "names": [each.name for each in taken],
            "required": sum(each.default is each.empty for each in taken),
            "line": line,
            "variable": any(each.kind is each.VAR_POSITIONAL for each in parameters),
            "keyword_only": [each.name for each in only],
        }

    def own(self, path: str) -> bool:
        """Tell whether a file is the user's: in that folder, and not installed there."""
        installed = (os.sep + "site-packages" + os.sep, os.sep + "dist-packages" + os.sep)
        inside = path.startswith(self.folder) and not path.startswith(self.not_own)
        return inside and not any(each in path for each in installed)

    def frames(self, error: BaseException) -> list[Message]:
        """Return the user's lines on the way to an error, outermost first."""
        found: list[tuple[str, int, str, str | None]] = [
            (frame.f_code.co_filename, line, frame.f_code.co_name, None)
            for frame, line in traceback.walk_tb(error.__traceback__)
        ]
        if isinstance(error, SyntaxError) and error.filename:
            found.append((str(error.filename), error.lineno or 0, "", error.text))
        return [
            {
                "file": text_of(path[len(self.folder) :]),
                "line": line,
                "function": function,
                "source": text_of((source or linecache.getline(path, line)).strip(), 300),
            }
            for path, line, function, source in found
            if self.own(path)
        ]

    @contextmanager
    def noting(self) -> Iterator[dict[object, Message]]:
        """Collect Python's and numpy's warnings meanwhile, each message once a line."""
        noted: dict[object, Message] = {}

        def note(
            message: object, category: type, filename: str, lineno: int, *_: object, **__: object
        ) -> None:
            frame: types.FrameType | None = sys._getframe(1)
            while not self.own(filename) and frame is not None:
                filename, lineno, frame = frame.f_code.co_filename, frame.f_lineno, frame.f_back
            if not self.own(filename):
                filename, lineno = "", 0
            key = (text_of(message), category.__name__, os.path.basename(filename), lineno)
            if len(noted) < MOST_WARNINGS:
                noted[key] = dict(zip(WARNING, key, strict=True))

        with warnings.catch_warnings():
            warnings.simplefilter("always")
            warnings.showwarning = note
            yield noted


def text_of(value: object, longest: int = LONGEST) -> str:
    """Return ``str(value)``, whatever it is, without lone surrogates and not endless."""
    try:
        text = str(value)
    except Exception:  # a __str__ of the user's own
        text = f"a {type(value).__name__} that cannot be printed"
    text = text if len(text) <= longest else f"{text[:longest]}..."
    return text.encode("utf-8", "backslashreplace").decode("utf-8")


def decoded(argument: Any) -> Any:  # noqa: ANN401  # lists of arrays, arrays, floats
    """Return the argument of a call, fresh and writable."""
    if isinstance(argument, list):
        return [decoded(each) for each in argument]
    if isinstance(argument, float):
        return argument
    dtype, shape, data = argument["array"]
    return np.frombuffer(base64.b64decode(data), dtype).reshape(shape).copy()


def same(old: Any, new: Any) -> bool:  # noqa: ANN401  # as above
    """Tell whether an argument is as it was before the call."""
    if isinstance(old, list):
        return isinstance(new, list) and len(old) == len(new) and all(map(same, old, new))
    return isinstance(new, type(old)) and np.array_equal(old, new, equal_nan=True)


class TooLargeError(Exception):
    """More numbers than anybody asked for."""


def tree(value: object, most: int) -> object:
    """Return ``value`` as a tree, whose numbers may take ``most`` bytes."""
    try:
        return Planter(most).branch(value)
    except TooLargeError:
        return {"other": f"{described(value)}, more numbers than expected"}


class Planter:
    """Makes trees of values until their numbers have taken ``left`` bytes."""

    def __init__(self, left: int) -> None:
        self.left = left

    def take(self, size: int) -> None:
        self.left -= size
        if self.left < 0:
            raise TooLargeError

    def branch(self, value: Any, depth: int = 0) -> object:  # noqa: ANN401  # whatever it is
        if value is None:
            return None
        if type(value) in (bool, int, float):
            self.take(8)
            too_large = isinstance(value, int) and abs(value) > sys.float_info.max
            return {"other": "a whole number too large for a float"} if too_large else value
        if depth > DEEPEST:
            return {"other": "nested too deeply"}
        if isinstance(value, Mapping):
            if all(isinstance(each, str) for each in value):
                return {"dict": {k: self.branch(each, depth + 1) for k, each in value.items()}}
            return {"other": "a dict whose keys are not names"}
        if isinstance(value, LAZY) and not hasattr(value, "__array__"):
            value = list(itertools.islice(value, self.left // 8 + 2))
        if isinstance(value, (list, tuple)):
            return [self.branch(each, depth + 1) for each in value]
        return self.array(value, depth)

    def array(self, value: Any, depth: int) -> object:  # noqa: ANN401  # whatever it is
        numeric = hasattr(value, "__array__") or hasattr(value, "__float__")
        if not numeric or isinstance(value, (str, bytes, complex, type)):
            return {"other": described(value)}
        if hasattr(value, "detach"):  # a torch tensor that remembers its gradient
            value = value.detach().cpu()
        found = np.asarray(value)
        if found.dtype.kind == "O":  # fractions, or arrays of different shapes
            return self.branch(found.tolist() if found.ndim else float(value), depth + 1)
        if found.dtype.kind not in "biuf":
            return {"other": described(found)}
        self.take(found.size * found.itemsize)
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
