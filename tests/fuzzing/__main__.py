"""``python -m tests.fuzzing``: many hostile inputs, each under limits of time and memory."""

import multiprocessing
import sys

import click

from .judging import KINDS, try_some

SLICE = 500
"""Inputs that a process tries."""


@click.command()
@click.option(
    "--inputs", type=click.IntRange(1), default=4_000, show_default=True, help="How many."
)
@click.option("--kind", "kinds", multiple=True, type=click.Choice([*KINDS]), help="All, or some.")
@click.option("--first", type=click.IntRange(0), default=0, help="The first seed.")
@click.option("--workers", type=click.IntRange(1), default=2, show_default=True, help="Processes.")
def command(inputs: int, kinds: tuple[str, ...], first: int, workers: int) -> None:
    """Give the program hostile inputs: presets, CSV files, sessions, and texts in the form."""
    wanted = kinds or tuple(KINDS)
    count, faults = inputs // len(wanted), 0
    tasks = [
        (kind, first + at, min(SLICE, count - at))
        for at in range(0, count, SLICE)
        for kind in wanted
    ]
    # a new process for each slice, so that the peak of its memory is its own
    spawned = multiprocessing.get_context("spawn")
    with spawned.Pool(workers, maxtasksperchild=1) as pool:
        for (kind, seed, tried), (found, slowest) in zip(
            tasks, pool.imap(try_some, tasks), strict=True
        ):
            click.echo("\n".join(found), err=True, nl=bool(found))
            click.echo(f"{kind:10} from {seed:6}: {tried} inputs, slowest {slowest:.2f} s")
            faults += len(found)
    click.echo(f"{faults} faults")
    sys.exit(int(faults > 0))


if __name__ == "__main__":
    command()
