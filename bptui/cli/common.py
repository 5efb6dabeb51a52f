"""What the commands share: errors, arguments, the preset that is named, the way to the output."""

from __future__ import annotations

import os
import shutil
import signal
import stat
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from functools import partial
from pathlib import Path
from textwrap import wrap
from typing import TYPE_CHECKING, Any, TextIO, cast

import click

from bptui.cli.completion import any_file, presets

if TYPE_CHECKING:
    from bptui.core.experiment import Experiment

STDIN = "-"
WIDTH, NARROWEST = 100, 60
"""Columns of text where there is no terminal, and the fewest where there is one."""
Decorator = Callable[[Callable[..., Any]], Callable[..., Any]]


class Unusable(click.ClickException):
    """Input or arguments that cannot be used."""

    exit_code = 2


class Unjudged(click.ClickException):
    """The user's code, of which there is no verdict: it does not run to its end."""

    exit_code = 3


class TooLarge(Unusable):
    """What was asked for needs more memory than there is."""

    def __init__(self) -> None:
        super().__init__("not enough memory for a network and samples of this size")


class Diverged(click.ClickException):
    """Training whose loss stopped being a finite number."""

    exit_code = 1


@contextmanager
def interruptible() -> Iterator[None]:
    """Let Ctrl+C raise KeyboardInterrupt, for there may be something to clean up."""
    ends_at_once = signal.getsignal(signal.SIGINT) == signal.SIG_DFL
    if ends_at_once:
        signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        yield
    finally:
        if ends_at_once:
            signal.signal(signal.SIGINT, signal.SIG_DFL)


@contextmanager
def fit_for_terminals() -> Iterator[None]:
    """Spell out control characters in messages, which may repeat names of files as they are."""
    try:
        yield
    except click.ClickException as error:
        # click calls it final for type checkers; in a new exception its context would be lost
        message = "".join(
            each if each.isprintable() or each == "\n" else ascii(each)[1:-1]
            for each in error.message
        )
        vars(error)["message"] = _filled(message)
        raise


def _filled(message: str) -> str:
    """Return a message without a word that the terminal would break."""
    if sys.stderr is None or not sys.stderr.isatty():
        return message
    width, head = shutil.get_terminal_size().columns, "Error: "
    rows = f"{head}{message}".split("\n")
    whole = partial(wrap, width=width, break_long_words=False, break_on_hyphens=False)
    folded = (whole(row) if len(row) > width else [row] for row in rows)
    return "\n".join(row for part in folded for row in part).removeprefix(head)


preset_argument = click.argument("name_or_file", shell_complete=presets)
output_option = click.option(
    "-o",
    "--output",
    metavar="FILE",
    shell_complete=any_file,
    help="Write to FILE instead of standard output.",
)


def step_option(verb: str) -> Decorator:
    return click.option(
        "--step", type=int, default=0, metavar="K", show_default=True, help=f"The step to {verb}."
    )


def format_option(
    forms: Sequence[str],
    says: str = "Text for people; JSON for other programs, see `bptui help json`.",
) -> Decorator:
    """Return the option ``--format``; the first of ``forms`` is the default."""
    return click.option(
        "--format", "form", type=click.Choice(forms), default=forms[0], show_default=True, help=says
    )


def load_preset(name_or_file: str, output: str | None = None) -> Experiment:
    """Return the experiment that is named; ``-`` is TOML on standard input.

    Raises :class:`Unusable` with the reason, also where ``output`` is the preset itself.
    """
    from bptui.core.errors import LARGEST_FILE
    from bptui.presets.errors import PresetError, blamed_on
    from bptui.presets.files import decoded, load, loads
    from bptui.presets.folders import working_folder

    try:
        if name_or_file == STDIN:
            if sys.stdin is None:
                raise Unusable("standard input is closed")
            with blamed_on("stdin"):
                text = decoded(sys.stdin.buffer.read(LARGEST_FILE + 1))
            return loads(text, "stdin", working_folder())
        experiment = load(name_or_file)
    except PresetError as error:
        raise Unusable(str(error)) from None
    with suppress(OSError, ValueError):
        if output is not None and os.path.samefile(output, name_or_file):
            raise Unusable(f"--output {output!r}: this is the preset itself; choose another file")
    return experiment


def readable(file: str) -> Path:
    """Return the path of a program; :class:`Unusable` where it cannot be read."""
    path = Path(file)
    try:
        if path.is_dir():
            raise Unusable(f"{file!r} is a folder; expected a Python file")
        if not stat.S_ISREG(path.stat().st_mode):  # to open a pipe may take for ever
            raise Unusable(f"{file!r} is not a regular file; expected a Python file")
        with path.open("rb"):
            return path
    except (OSError, ValueError) as error:
        reason = (getattr(error, "strerror", None) or str(error)).lower()
        raise Unusable(f"{file!r}: cannot be read: {reason}") from None


def checked_step(step: int) -> int:
    """Return a step that there may be, or raise :class:`Unusable`."""
    from bptui.core.errors import MOST_STEPS

    if not 0 <= step <= MOST_STEPS:
        raise Unusable(f"--step: found {step}; expected 0 to {MOST_STEPS:,}")
    return step


def text_width(stream: TextIO | None, otherwise: int = WIDTH) -> int:
    """Return the columns of text on ``stream``: those of the terminal, if it is one."""
    if stream is not None and stream is sys.stdout and stream.isatty():
        return max(shutil.get_terminal_size().columns, NARROWEST)
    return otherwise


def styled(stream: TextIO | None) -> bool:
    """Tell whether ``stream`` is a terminal on which colours are wanted."""
    plain = os.environ.get("NO_COLOR") or os.environ.get("TERM", "") in ("", "dumb")
    return stream is not None and stream.isatty() and not plain


@contextmanager
def opened(output: str | None) -> Iterator[TextIO]:
    """Give the stream to write to; standard output for None and ``-``.

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
    from bptui.atomic import written_whole

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
    """Return ``record`` as a line of JSON; see :func:`bptui.core.arrays.as_json`."""
    from bptui.core import arrays  # with numpy, which most commands do without at first

    return f"{arrays.as_json(record)}\n"


def write_json(record: object) -> None:
    """Write ``record`` to standard output."""
    with opened(None) as stream:
        stream.write(as_json(record))
