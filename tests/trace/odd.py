"""Runs snippets with and without a recorder, and compares all that they leave."""

import dataclasses
import types
from collections.abc import Iterator

import numpy as np

from tests.trace.support import Run, unknown_to_graph

HEAD = """
import functools, itertools, math, operator
import numpy as np
x = np.array([[0.5, -1.5, 2.0], [1.0, 0.25, -0.75]])
w = np.array([0.1, 0.2, 0.3])
log = []
def say(name, value):
    log.append(name)
    return value
"""


def source(snippet: str) -> str:
    """Return a snippet as a program."""
    lines = snippet.strip("\n").splitlines()
    return HEAD + "\n".join(line[8:] for line in lines) + "\n"


def compare(snippet: str, fails: bool = False, known: bool = True) -> None:
    """Run a snippet with and without a recorder: what it prints and leaves is the same.

    So is its error, if it ``fails``. What was recorded gives the same numbers as a graph, where
    all of it is ``known`` to that.
    """
    recorded, alone = Run(source(snippet)), Run(source(snippet), recorded=False)
    assert recorded.printed == alone.printed
    assert recorded.error == alone.error
    assert fails or not alone.error
    assert names_of(recorded) == names_of(alone)
    if known:
        unknown_to_graph(recorded.recorder)


def plain(value: object) -> object:
    """Return a value as what can be compared to the last bit."""
    if isinstance(value, np.ndarray) and value.dtype.kind == "O":
        return [plain(part) for part in value.ravel()]
    if isinstance(value, np.ndarray | np.generic):
        return type(value).__name__, value.dtype.str, value.shape, value.tobytes()
    if isinstance(value, float):
        return value.hex()
    if isinstance(value, dict):
        return {key: plain(part) for key, part in value.items()}
    if isinstance(value, list | tuple):
        return type(value).__name__, [plain(part) for part in value]
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return plain(vars(value))
    if isinstance(value, bool | int | str | set | complex) or value is None:
        return repr(value)
    return "iterator" if isinstance(value, Iterator) else type(value).__name__


def names_of(run: Run) -> dict[str, object]:
    return {
        name: plain(value)
        for name, value in run.names.items()
        if not name.startswith("__") and not isinstance(value, types.ModuleType)
    }
