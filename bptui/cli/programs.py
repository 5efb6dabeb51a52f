"""What the commands share that run somebody's own program."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from bptui.cli.common import Unusable, call_option, telling_signals
from bptui.cli.completion import any_file

if TYPE_CHECKING:
    from bptui.check.program.writer import Checked
    from bptui.check.reports.report import Report

SUFFIXES = (".py", ".ipynb")
"""How the names of programs end."""
arguments_option = click.argument("arguments", nargs=-1, metavar="[-- ARGUMENT...]")
"""A program's own arguments."""


def program_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Give a command the options of :func:`judged`."""
    for option in (
        click.option(
            "--python",
            metavar="PATH",
            shell_complete=any_file,
            help="The Python interpreter or environment that runs the code.",
        ),
        click.option(
            "--timeout",
            type=click.FloatRange(0.1, 86_400),
            default=10.0,
            show_default=True,
            metavar="SECONDS",
            help="Time limit for the code.",
        ),
        click.option(
            "--loss",
            default="",
            metavar="NAME",
            help="A program's loss: its variable, or one of bptui's losses.",
        ),
        click.option(
            "--step",
            type=click.IntRange(1),
            default=1,
            show_default=True,
            metavar="K",
            help="The training step to look at first, for a program.",
        ),
        call_option,
        arguments_option,
    ):
        command = option(command)
    return command


def no_arguments(arguments: Sequence[str]) -> None:
    """Raise :class:`click.UsageError` where there are any: a preset takes none."""
    if arguments:
        s = "s" * (len(arguments) > 1)
        raise click.UsageError(f"Got unexpected extra argument{s} ({' '.join(arguments)})")


def judged(
    file: Path,
    python: str | None,
    timeout: float,
    call: str = "",
    step: int = 1,
    loss: str = "",
    arguments: Sequence[str] = (),
    **recorded: int,
) -> Checked | Report:
    """Run a program with the Python that is chosen, and judge it; :func:`startable` errors."""
    from bptui.check.program.check import checked
    from bptui.check.running.interpreter import interpreter_for

    interpreter = interpreter_for(file, python)
    return checked(file, interpreter, timeout, call, step, loss, arguments=arguments, **recorded)


@contextmanager
def startable() -> Iterator[None]:
    """Raise :class:`Unusable` where a program's Python cannot be started, or has no such loss.

    And :class:`~bptui.cli.common.Signalled` where a signal ends it.
    """
    from bptui.check.running.interpreter import CannotStartError
    from bptui.presets.errors import printable
    from bptui.trace.step.possible_losses import UnknownLossError

    try:
        with telling_signals():
            yield
    except UnknownLossError as error:
        raise Unusable(printable(f"--loss: {error}")) from None
    except CannotStartError as error:
        raise Unusable(printable(str(error))) from None
