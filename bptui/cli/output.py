"""Where a command writes: standard output, a device, or a file that appears when it is whole."""

from __future__ import annotations

import json
import math
import os
import stat
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TextIO, cast

from bptui.atomic import written_whole
from bptui.cli.errors import Unusable


@contextmanager
def opened(output: str | None) -> Iterator[TextIO]:
    """The stream to write to; standard output for None and ``-``.

    A regular file is replaced at the end, and only if all went well. Raises :class:`Unusable`, at
    once where nothing can be written; a closed pipe stays a :class:`BrokenPipeError`.
    """
    writer = _standard_output() if output in (None, "-") else _file(output or "")
    try:
        with writer as stream:
            yield stream
            stream.flush()
    except BrokenPipeError:
        raise
    except (OSError, UnicodeError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        place = "standard output" if output in (None, "-") else f"--output {output!r}"
        raise Unusable(f"{place}: cannot be written: {reason.lower()}") from None


@contextmanager
def _standard_output() -> Iterator[TextIO]:
    if sys.stdout is None:
        raise Unusable("standard output is closed")
    try:
        yield sys.stdout
    except OSError:
        # the interpreter flushes once more when it ends: let that go nowhere
        with suppress(OSError):
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        raise


@contextmanager
def _file(output: str) -> Iterator[TextIO]:
    if not output:
        raise FileNotFoundError(2, "no file name")
    if "\0" in output:
        raise OSError(22, "a name cannot contain a null character")
    path = Path(output)
    mode = path.stat().st_mode if path.exists() else None
    if mode is None or stat.S_ISREG(mode) or stat.S_ISDIR(mode):
        with written_whole(path) as stream:
            yield stream
    else:  # a device or a pipe
        with path.open("w", encoding="utf-8", newline="") as stream:
            yield cast(TextIO, stream)


def as_json(record: object) -> str:
    """``record`` on one line, in which every number reads back to the same bits.

    Arrays are lists of lists; JSON has no number that is not finite: "nan", "inf" and "-inf".
    """
    return f"{json.dumps(_plain(record), allow_nan=False)}\n"


def write_json(record: object) -> None:
    """Write ``record`` to standard output."""
    with opened(None) as stream:
        stream.write(as_json(record))


def _plain(value: object) -> object:
    import numpy as np

    if isinstance(value, dict):
        return {name: _plain(each) for name, each in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(each) for each in value]
    if isinstance(value, np.ndarray | np.generic):
        return _plain(value.tolist())
    if isinstance(value, float) and not math.isfinite(value):
        return str(value)
    return value
