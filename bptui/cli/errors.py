"""The error that ends a command: one message on standard error, exit code 2."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from contextlib import contextmanager

import click


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
        vars(error)["message"] = "".join(
            each if each.isprintable() or each == "\n" else ascii(each)[1:-1]
            for each in error.message
        )
        raise
