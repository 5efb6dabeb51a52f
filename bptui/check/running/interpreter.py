"""Finds the Python that runs the user's code: that of the environment in which the user works."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

IMPORTS = ("ModuleNotFoundError", "ImportError")
"""How the messages begin that another interpreter may help against."""


class CannotStartError(Exception):
    """The process in which the user's code would run could not be started."""


@dataclass(frozen=True)
class Interpreter:
    """``path`` of a Python, and what chose it: ``VIRTUAL_ENV``, ``--python``, ..."""

    path: str
    origin: str

    def __str__(self) -> str:
        return f"{self.path} ({self.origin})"

    @property
    def advice(self) -> str:
        """Return how to have another one, as the end of a message."""
        if self.is_own:
            return "; activate an environment or use --python PATH for another one"
        return f"; use --python PATH for another one, such as bptui's own {OWN.path}"

    @property
    def is_own(self) -> bool:
        """Tell whether it runs bptui itself, perhaps by its other name: python, python3."""
        return all(of(self.path) == of(OWN.path) for of in (os.path.dirname, os.path.realpath))


OWN = Interpreter(sys.executable or "", "bptui's own")


def interpreter_for(
    file: Path, chosen: str | None = None, environment: Mapping[str, str] = os.environ
) -> Interpreter:
    """Return the first of ``chosen``, the active environment and ``.venv`` by ``file`` that exists.

    Else bptui's own. ``chosen`` is a path, the name of a command, or the folder of an environment.
    Raises :class:`CannotStartError` where no Python is in that place.
    """
    beside = file.resolve().parent / ".venv"
    places = {
        "--python": chosen,
        "VIRTUAL_ENV": environment.get("VIRTUAL_ENV") or None,
        "CONDA_PREFIX": environment.get("CONDA_PREFIX") or None,
        ".venv beside the file": str(beside) if beside.is_dir() else None,
    }
    for origin, place in places.items():
        if place is not None:
            inside = os.path.join(place, "bin", "python")
            found = shutil.which(inside if os.path.isdir(place) else place)
            if found is None:
                missing = Interpreter(place, origin)
                raise CannotStartError(f"{missing}: there is no Python{missing.advice}")
            # not resolved: a link in an environment's folder is what makes it that environment's
            return Interpreter(os.path.abspath(found), origin)
    return OWN
