"""What the commands share that run somebody's own program."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import reduce
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from bptui.cli.common import Unusable
from bptui.cli.completion import any_file

if TYPE_CHECKING:
    from bptui.check.interpreter import Interpreter

SUFFIXES = (".py", ".ipynb")
"""How the names of programs end."""


def _seconds(seconds: float) -> float:
    if math.isnan(seconds):  # which is in every range, by its comparisons
        raise click.BadParameter("not a number of seconds: nan")
    return seconds


PROGRAM_OPTIONS = (
    click.option(
        "--call",
        default="",
        metavar="EXPRESSION",
        help="What runs a training step, for a program that runs none by itself.",
    ),
    click.option(
        "--step",
        type=click.IntRange(1),
        default=1,
        show_default=True,
        metavar="K",
        help="The training step to look at first, for a program.",
    ),
    click.option(
        "--loss",
        default="",
        metavar="NAME",
        help="A program's loss: its variable, or one of bptui's losses.",
    ),
    click.option(
        "--timeout",
        type=click.FloatRange(0.1, 86_400),
        callback=lambda context, option, seconds: _seconds(seconds),
        default=10.0,
        show_default=True,
        metavar="SECONDS",
        help="Time limit for the code.",
    ),
    click.option(
        "--python",
        metavar="PATH",
        shell_complete=any_file,
        help="The Python interpreter or environment that runs the code.",
    ),
)


def program_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Give a command the options of how a program is run and judged."""
    return reduce(lambda made, option: option(made), reversed(PROGRAM_OPTIONS), command)


def interpreter_of(path: Path, python: str | None) -> Interpreter:
    """Return the Python that runs a file."""
    from bptui.check.interpreter import interpreter_for

    return interpreter_for(path, python)


@contextmanager
def startable() -> Iterator[None]:
    """Raise :class:`Unusable` where a program's Python cannot be started, or has no such loss."""
    from bptui.check.interpreter import CannotStartError
    from bptui.presets.errors import printable
    from bptui.trace.losses import UnknownLossError

    try:
        yield
    except UnknownLossError as error:
        raise Unusable(printable(f"--loss: {error}")) from None
    except CannotStartError as error:
        raise Unusable(printable(str(error))) from None
