"""What the commands share: errors, arguments, the preset that is named, the way to the output."""

from __future__ import annotations

import os
import signal
import stat
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext, suppress
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING, Any, TextIO

import click

from bptui.cli.completion import any_file, presets
from bptui.core.errors import LARGEST_FILE, MOST_STEPS, reason_of

if TYPE_CHECKING:
    from bptui.core.experiment import Experiment

STDIN = "-"
WIDTH, NARROWEST = 100, 60
"""Columns of text where there is no terminal, and the fewest where there is one."""
TOO_LARGE = "not enough memory for a network and samples of this size"
Decorator = Callable[[Callable[..., Any]], Callable[..., Any]]


class Unusable(click.ClickException):
    """Input or arguments that cannot be used."""

    exit_code = 2


class Unjudged(click.ClickException):
    """The user's code, of which there is no verdict: it does not run to its end."""

    exit_code = 3


class Signalled(Unjudged):
    """A signal is to end bptui while the user's code runs, which may have sent it."""


class Diverged(click.ClickException):
    """Training whose loss stopped being a finite number."""


@contextmanager
def _handled(
    names: Sequence[str], handler: Callable[[int, FrameType | None], object]
) -> Iterator[None]:
    """Have signals that would end the process handled, as far as the system has them."""
    known = [getattr(signal, name) for name in names if hasattr(signal, name)]
    numbers = [each for each in known if signal.getsignal(each) == signal.SIG_DFL]
    for each in numbers:
        signal.signal(each, handler)
    try:
        yield
    finally:
        for each in numbers:
            signal.signal(each, signal.SIG_DFL)


def interruptible() -> AbstractContextManager[None]:
    """Let Ctrl+C raise KeyboardInterrupt, for there may be something to clean up."""
    return _handled(["SIGINT"], signal.default_int_handler)


def telling_signals() -> AbstractContextManager[None]:
    """Say which signal ended it: somebody's code that runs meanwhile may have sent it."""

    def ended(number: int, _: object) -> None:
        name = signal.Signals(number).name
        raise Signalled(f"no verdict: {name} was sent to bptui while your code ran")

    return _handled(["SIGTERM", "SIGHUP", "SIGALRM", "SIGUSR1", "SIGUSR2"], ended)


@contextmanager
def fit_for_terminals() -> Iterator[None]:
    """Spell out control characters in messages, which may repeat names of files as they are."""
    try:
        yield
    except click.ClickException as error:
        # click calls it final for type checkers; in a new exception its context would be lost
        vars(error)["message"] = "".join(
            character if character.isprintable() or character == "\n" else ascii(character)[1:-1]
            for character in error.message
        )
        raise


preset_argument = click.argument("name_or_file", shell_complete=presets)
output_option = click.option(
    "-o",
    "--output",
    metavar="FILE",
    shell_complete=any_file,
    help="Write to FILE instead of standard output.",
)
call_option = click.option(
    "--call",
    default="",
    metavar="EXPRESSION",
    help="What runs a training step, for a program that runs none by itself.",
)


def step_option(verb: str) -> Decorator:
    """Return the option ``--step`` of a preset's training."""
    return click.option(
        "--step",
        type=click.IntRange(0, MOST_STEPS),
        default=0,
        metavar="K",
        show_default=True,
        help=f"The step to {verb}.",
    )


def format_option(
    forms: Sequence[str] = ("text", "json"),
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
    from bptui.presets.errors import PresetError, blamed_on
    from bptui.presets.files import decoded, load, loads
    from bptui.presets.folders import working_folder

    if name_or_file == STDIN and sys.stdin is None:
        raise Unusable("standard input is closed")
    try:
        if name_or_file == STDIN:
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
        raise Unusable(f"{file!r}: cannot be read: {reason_of(error)}") from None


def text_width(stream: TextIO | None) -> int:
    """Return the columns of text on ``stream``: those of the terminal, if it is one."""
    if stream is not None and stream is sys.stdout and stream.isatty():
        import shutil  # which loads three libraries for archives

        return max(shutil.get_terminal_size().columns, NARROWEST)
    return WIDTH


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
    to_stdout = output is None or output == "-"
    if to_stdout and sys.stdout is None:
        raise Unusable("standard output is closed")
    try:
        with nullcontext(sys.stdout) if to_stdout else _file(Path(output or "")) as stream:
            yield stream
            stream.flush()
    except (OSError, UnicodeError) as error:
        if to_stdout and isinstance(error, OSError):
            discard_output()
        if isinstance(error, BrokenPipeError):
            raise
        place = "standard output" if to_stdout else f"--output {output!r}"
        raise Unusable(f"{place}: cannot be written: {reason_of(error)}") from None


def discard_output() -> None:
    """Let what the interpreter flushes once more when it ends go nowhere."""
    with suppress(OSError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)


def _file(path: Path) -> AbstractContextManager[TextIO]:
    from bptui.atomic import written_whole

    mode = path.stat().st_mode if path.exists() else stat.S_IFREG
    if stat.S_ISREG(mode) or stat.S_ISDIR(mode):
        return written_whole(path)
    return path.open("w", encoding="utf-8", newline="")  # a device or a pipe


def write(text: str, output: str | None = None) -> None:
    """Write ``text`` as :func:`opened` does."""
    with opened(output) as stream:
        stream.write(text)


def as_json(record: object) -> str:
    """Return ``record`` as a line of JSON; see :func:`bptui.core.arrays.as_json`."""
    from bptui.core import arrays  # with numpy, which most commands do without at first

    return f"{arrays.as_json(record)}\n"
