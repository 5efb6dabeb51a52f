"""Does something again whenever a file is saved, until ctrl+c."""

from __future__ import annotations

import io
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import redirect_stdout
from datetime import datetime
from pathlib import Path
from typing import NoReturn

import click

from bptui.cli.common import interruptible

PAUSE = 0.25
"""Seconds between two looks at the file, which cost microseconds."""
HOME, REST_OF_LINE, REST_OF_SCREEN = "\x1b[H", "\x1b[K", "\x1b[J"


def watched(path: Path, once: Callable[[], None], plain: bool) -> NoReturn:
    """Call ``once`` for every version of a file, and show what it writes and raises.

    On a terminal each report takes the place of the one before; elsewhere a line with the time
    stands between them, unless they are ``plain``. Ends with exit code 0, by ctrl+c.
    """
    shown = sys.stdout is not None and sys.stdout.isatty()
    with interruptible():
        try:
            for version in _versions(path):
                text = _written(once)
                if shown:
                    _in_place(f"{text}\nWatching {path.name}; ctrl+c ends.\n")
                else:
                    between = f"\n--- saved at {datetime.now():%H:%M:%S} ---\n\n"
                    sys.stdout.write(f"{between if version and not plain else ''}{text}")
                    sys.stdout.flush()
        except KeyboardInterrupt:
            pass
    raise click.exceptions.Exit(0)


def _versions(path: Path) -> Iterator[int]:
    """Yield the number of each version of a file, from 0, once it is there and has settled."""
    known, number = None, 0
    while True:
        found = _signature(path)
        if found is not None and found != known:
            while (later := _signature(path)) != found or later is None:
                found = later
                time.sleep(PAUSE)
            known = found
            yield number
            number += 1
        time.sleep(PAUSE)


def _signature(path: Path) -> tuple[int, int, int] | None:
    try:
        status = path.stat()
    except OSError:  # some editors put another file in its place
        return None
    return status.st_mtime_ns, status.st_size, status.st_ino


class _Kept(io.StringIO):
    """Keeps what is written, for a stream that is a terminal or not."""

    def __init__(self, terminal: bool) -> None:
        super().__init__()
        self.terminal = terminal

    def isatty(self) -> bool:
        return self.terminal


def _written(once: Callable[[], None]) -> str:
    """Return what a call writes; a message of what it raises is part of it on a terminal."""
    kept = _Kept(sys.stdout.isatty())
    try:
        with redirect_stdout(kept):
            once()
    except click.exceptions.Exit:
        pass
    except click.ClickException as error:
        if not kept.terminal:
            error.show()
            return kept.getvalue()
        return f"{kept.getvalue()}Error: {error.format_message()}\n"
    return kept.getvalue()


def _in_place(text: str) -> None:
    """Write over the screen line by line, so that nothing flickers."""
    rows = text.replace("\n", f"{REST_OF_LINE}\n")
    sys.stdout.write(f"{HOME}{rows}{REST_OF_SCREEN}")
    sys.stdout.flush()
