"""The error that ends a command: one message on standard error, exit code 2."""

from __future__ import annotations

import click


class Unusable(click.ClickException):
    """Input or arguments that cannot be used."""

    exit_code = 2


class Diverged(click.ClickException):
    """Training whose loss stopped being a finite number."""

    exit_code = 1
