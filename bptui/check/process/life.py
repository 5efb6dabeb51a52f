"""A life of the user's module: the file executed afresh, in surroundings as at the start."""

from __future__ import annotations

import ast
import functools
import inspect
import io
import linecache
import os
import signal
import sys
import types
import warnings
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from typing import Any, TextIO

import numpy as np

from bptui.check.answers import Noted, Signature
from bptui.check.process.frames import UserFiles, text_of

FUNCTIONS = {
    "gradients": ("x", "t", "weights", "biases"),
    "step": ("x", "t", "weights", "biases", "learning_rate"),
}
"""The functions of interest with the arguments they may get, of which biases may be left out."""
MOST_NOTED, MOST_OTHERS = 50, 20
HIGH = 200


def out_of_reach(descriptor: int) -> int:
    """A copy of ``descriptor`` that is not hit by accident, as 3 or 4 may be.

    Programs that the user's code starts do not have it.
    """
    import fcntl  # not on Windows, where this module need only be importable

    try:
        return fcntl.fcntl(descriptor, fcntl.F_DUPFD_CLOEXEC, HIGH)
    except OSError:  # no more than HIGH files are allowed, or fewer
        return os.dup(descriptor)


class Surroundings:
    """What user code may change in its process, and how it was before any ran."""

    def __init__(self, file: str) -> None:
        self._path, self._folder = list(sys.path), os.getcwd()
        self._environment, self._errors = dict(os.environ), np.geterr()
        self._recursion = sys.getrecursionlimit()
        self._outputs = (out_of_reach(1), out_of_reach(2))
        self._file, self._files = file, UserFiles(file)

    def restore(self) -> None:
        """As before the first life, and without the modules of the user's folder."""
        for name, module in list(sys.modules.items()):
            if isinstance(module, types.ModuleType) and self._files.owns(module):
                del sys.modules[name]
        linecache.checkcache()
        sys.path[:] = [os.path.dirname(self._file), *self._path]
        sys.argv[:] = [self._file]
        sys.path_importer_cache.clear()  # a helper module may have been written a moment ago
        sys.dont_write_bytecode = True
        sys.setrecursionlimit(self._recursion)
        sys.settrace(None)
        sys.setprofile(None)
        with suppress(OSError):
            os.chdir(self._folder)
        os.environ.clear()
        os.environ.update(self._environment)
        np.seterr(**self._errors)
        if "numpy.random" in sys.modules:
            np.random.seed()
        if "random" in sys.modules:
            sys.modules["random"].seed()
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGINT, signal.default_int_handler)
        for descriptor, output in enumerate(self._outputs, start=1):
            os.dup2(output, descriptor)
        sys.stdout = _stream(1)
        sys.stderr = _stream(2)


def _stream(descriptor: int) -> TextIO:
    """Unbuffered, so that what was printed before a crash or an endless loop is not lost."""
    # over a raw file, which is what ``python -u`` makes
    raw = io.FileIO(descriptor, "w", closefd=False)
    return io.TextIOWrapper(raw, "utf-8", "backslashreplace", write_through=True)


class Life:
    """The module of ``file`` from one load to the next."""

    def __init__(self, file: str) -> None:
        self.file, self.files = file, UserFiles(file)
        stem = os.path.splitext(os.path.basename(file))[0]
        # not "__main__", so a guarded main program does not run; never in the place of a library
        taken = stem in sys.modules or stem in sys.stdlib_module_names
        self.module = types.ModuleType(f"user_{stem}" if taken else stem)

    def execute(self) -> None:
        """Run the file; raises whatever it raises."""
        with open(self.file, "rb") as stream:
            source = stream.read()
        sys.modules[self.module.__name__] = self.module
        self.module.__file__ = self.file
        exec(compile(source, self.file, "exec", dont_inherit=True), self.module.__dict__)

    def functions(self) -> tuple[dict[str, Signature], tuple[str, ...]]:
        """The functions of interest, and the names of the others that the file defines."""
        names = vars(self.module)
        wanted = {
            name: _signature(names[name], arguments, self._line(name))
            for name, arguments in FUNCTIONS.items()
            if callable(names.get(name))
        }
        others = [
            text_of(name)
            for name, value in list(names.items())
            if isinstance(value, types.FunctionType)
            and value.__module__ == self.module.__name__
            and name not in FUNCTIONS
        ]
        return wanted, tuple(others[:MOST_OTHERS])

    def function(self, name: str) -> Callable[..., object]:
        function: Callable[..., object] = getattr(self.module, name)
        return function

    def bound(self, name: str, arguments: list[Any]) -> tuple[list[Any], dict[str, Any]]:
        """``arguments`` by position and, where the function takes them only so, by name."""
        names = FUNCTIONS.get(name, ())
        if len(arguments) == len(names) - 1:
            names = tuple(each for each in names if each != "biases")
        if len(arguments) != len(names):
            return arguments, {}
        only = _signature(self.function(name), names, 0).keyword_only
        given = list(zip(names, arguments, strict=True))
        by_name = {each: value for each, value in given if each in only}
        return [value for each, value in given if each not in only], by_name

    def _line(self, name: str) -> int:
        """Where the file defines ``name``; 0 where it is not seen, as after ``import *``."""
        function = self.module.__dict__[name]
        with suppress(ValueError):  # wrapped in itself
            function = inspect.unwrap(function)
        code = getattr(function, "__code__", None)
        if isinstance(code, types.CodeType) and code.co_filename == self.file:
            return code.co_firstlineno
        with open(self.file, "rb") as stream:
            tree = ast.parse(stream.read())
        return max((each.lineno for each in tree.body if name in _bound_by(each)), default=0)

    @contextmanager
    def noting(self) -> Iterator[Mapping[object, Noted]]:
        """Python's and numpy's warnings meanwhile, each message once a line."""
        noted: dict[object, Noted] = {}

        def note(
            message: Warning | str,
            category: type[Warning],
            filename: str,
            lineno: int,
            file: TextIO | None = None,
            line: str | None = None,
        ) -> None:
            if self.files.name(filename) is None:
                filename, lineno = self.files.of_stack(sys._getframe(1)) or ("", 0)
            text = text_of(message)
            key = (text, category, filename, lineno)
            if key not in noted and len(noted) < MOST_NOTED:
                shown = self.files.name(filename) or ""
                noted[key] = Noted(text, text_of(category.__name__), text_of(shown), lineno)

        with warnings.catch_warnings():
            warnings.simplefilter("always")
            warnings.showwarning = note
            yield noted


def _bound_by(statement: ast.stmt) -> list[str]:
    """The names that a statement at the top of a file gives a value."""
    match statement:
        case ast.FunctionDef() | ast.AsyncFunctionDef() | ast.ClassDef():
            return [statement.name]
        case ast.Import() | ast.ImportFrom():
            return [each.asname or each.name for each in statement.names]
    return [
        each.id
        for each in ast.walk(statement)
        if isinstance(each, ast.Name) and isinstance(each.ctx, ast.Store)
    ]


def _signature(function: Callable[..., object], arguments: tuple[str, ...], line: int) -> Signature:
    try:
        parameters = list(inspect.signature(function).parameters.values())
    except (ValueError, TypeError):  # written in C
        return Signature((), 0, line, variable=True)
    kinds = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)
    positional = [each for each in parameters if each.kind in kinds]
    # what functools.partial has filled in by name is shown as keyword-only too
    filled_in = function.keywords if isinstance(function, functools.partial) else {}
    by_name = {each.name: each for each in parameters if each.kind is each.KEYWORD_ONLY}
    only = [by_name[each] for each in arguments if each in by_name and each not in filled_in]
    named = [*positional, *only]
    return Signature(
        tuple(text_of(each.name) for each in named),
        sum(each.default is each.empty for each in named),
        line,
        any(each.kind is each.VAR_POSITIONAL for each in parameters),
        tuple(each.name for each in only),
    )
