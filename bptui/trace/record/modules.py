"""A program's own modules: where they are, and that they are rewritten as they are imported.

Runs in the user's Python: it imports the standard library alone.
"""

from __future__ import annotations

import ast
import importlib.machinery
import importlib.util
import os
import sys
import sysconfig
from functools import cache
from typing import Any, TypeAlias

ABOVE = 3
"""Folders above the program's in which its project may begin."""
Value: TypeAlias = Any
"""Whatever a program computes with, or another module gives."""


class Modules:
    """A finder and loader that rewrites the program's own modules as they are imported.

    They stand in its folder, on its path but not installed there, or in a folder above, from which
    the program may be meant to be run. The abstract classes of both would import half the library.
    """

    def __init__(self, folder: str, rewrite: Value) -> None:
        self.folder, self.rewrite = folder, rewrite

    def find_spec(self, name: str, path: Value = None, target: Value = None) -> Value:
        if path is None and not self._known(name):
            self._look_above(name)
        own = [self.folder, *filter(_own, map(os.path.abspath, sys.path))]
        spec: Value = importlib.machinery.PathFinder.find_spec(name, path or own)
        if spec is None or spec.origin is None or not spec.origin.endswith(".py"):
            return None
        file = os.path.abspath(spec.origin)
        if "site-packages" in file or not any(os.path.commonpath([file, r]) == r for r in own):
            return None
        spec.loader = self
        return spec

    def _known(self, name: str) -> bool:
        return any(each.find_spec(name, None) for each in sys.meta_path if each is not self)

    def _look_above(self, name: str) -> None:
        """Add the nearest folder above to the path that has a module of this name."""
        folder = self.folder
        for _ in range(ABOVE):
            folder = os.path.dirname(folder)
            if importlib.machinery.PathFinder.find_spec(name, [folder]):
                sys.path.append(folder)
                return

    def create_module(self, spec: Value) -> None:
        return None

    def exec_module(self, module: Value) -> None:
        file = module.__spec__.origin
        with open(file, "rb") as stream:
            source = importlib.util.decode_source(stream.read())
        exec(self.rewrite(source, file, module.__dict__), module.__dict__)


@cache
def _own(folder: str) -> bool:
    """Tell whether nothing is installed in a folder, so that its modules may be the user's."""
    installed = tuple(os.path.join(path, "") for path in sysconfig.get_paths().values())
    if not os.path.isdir(folder) or os.path.join(folder, "").startswith(installed):
        return False
    return not any(name.endswith((".dist-info", ".egg-info")) for name in os.listdir(folder))


def package_of(source: str, folder: str) -> str:
    """Return the package that a program is part of; empty if it imports nothing relative to it.

    The folder in which the package stands is put on the path.
    """
    levels = [
        node.level for node in ast.walk(ast.parse(source)) if isinstance(node, ast.ImportFrom)
    ]
    if not any(levels):
        return ""
    names: list[str] = []
    while len(names) < max(levels) or os.path.isfile(os.path.join(folder, "__init__.py")):
        folder, name = os.path.split(folder)
        names.insert(0, name)
    sys.path.append(folder)
    return ".".join(names)
