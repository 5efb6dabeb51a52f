"""``python -m tests.fuzzing``"""

from __future__ import annotations

import sys

import click

from .many import try_many


@click.command()
@click.option(
    "--inputs", type=click.IntRange(1), default=4_000, show_default=True, help="How many."
)
@click.option("--kind", "kinds", multiple=True, help="presets, csv, sessions, pasted.")
@click.option("--first", type=click.IntRange(0), default=0, help="The first seed.")
@click.option("--workers", type=click.IntRange(1), default=2, show_default=True, help="Processes.")
@click.option("--seconds", type=float, help="Begin nothing more after so long.")
def command(
    inputs: int, kinds: tuple[str, ...], first: int, workers: int, seconds: float | None
) -> None:
    """Give the program hostile inputs: presets, CSV files, sessions, and texts in the form."""
    sys.exit(try_many(inputs, kinds, first, workers, seconds))


if __name__ == "__main__":
    command()
