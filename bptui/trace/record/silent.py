"""Stands for libraries that show something and compute nothing, where they are not installed.

Runs in the user's Python: it imports the standard library alone.
"""

from __future__ import annotations

import dis
import importlib.machinery
import sys
from collections.abc import Iterator
from typing import Any, TypeAlias

LIBRARIES = ("matplotlib", "mpl_toolkits", "pylab", "seaborn", "plotly", "IPython", "tqdm")
UNPACKS = [dis.opmap["UNPACK_SEQUENCE"], dis.opmap["UNPACK_EX"]]
Value: TypeAlias = Any
"""Whatever a program hands over, or asks for."""


class Silent:
    """Takes every call and shows nothing: a function, a figure, axes, IPython's shell."""

    def __getattr__(self, name: str) -> Value:
        if name.startswith("__"):  # it is no array, and has no length
            raise AttributeError(name)
        return self

    def __call__(self, *given: Value, **_: Value) -> Value:
        return self

    def __getitem__(self, index: Value) -> Value:
        return self

    def __setitem__(self, index: Value, value: Value) -> None: ...

    def __enter__(self) -> Value:
        return self

    def __exit__(self, *_: object) -> None: ...

    def __iter__(self) -> Iterator[Value]:
        """Yield as many as there are names to unpack it to, as in ``fig, ax = plt.subplots()``."""
        frame = sys._getframe(1)
        call, count = frame.f_code.co_code[frame.f_lasti :][:2]
        return iter([self] * (count if call in UNPACKS else 1))


class Bar(Silent):
    """A progress bar of tqdm, which gives back what it is given."""

    def __init__(self, *given: Value) -> None:
        self.given = given

    def __call__(self, *given: Value, **named: Value) -> Value:
        return Bar(*given, *(named[name] for name in named if name == "iterable"))

    def __iter__(self) -> Iterator[Value]:
        counts = self.given and isinstance(self.given[0], int)  # trange(10)
        return iter(range(*self.given) if counts else self.given[0])


class Missing:
    """A finder, the last to be asked, and a loader of what stands for these libraries."""

    def find_spec(self, name: str, path: Value = None, target: Value = None) -> Value:
        if name.partition(".")[0] not in LIBRARIES:
            return None
        return importlib.machinery.ModuleSpec(name, self, is_package=True)  # type: ignore[arg-type]

    def create_module(self, spec: Value) -> None:
        return None

    def exec_module(self, module: Value) -> None:
        shown = Bar() if module.__name__.startswith("tqdm") else Silent()
        module.__getattr__ = shown.__getattr__
