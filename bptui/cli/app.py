"""``bptui [NAME_OR_FILE]``: opens the app, or prints a run where there is no terminal for it."""

from __future__ import annotations

import os
import sys

import click

from bptui.cli.errors import Unusable
from bptui.cli.loading import STDIN, load_preset

DEFAULT = "article"


@click.command(help="Open PRESET in the app; `bptui --help` says more.")
@click.argument("name_or_file", metavar="[PRESET]", default=DEFAULT)
@click.option(
    "--fps",
    type=click.IntRange(1, 240),
    metavar="N",
    help="Frames a second to draw at most while training.",
)
@click.option("--theme", metavar="NAME", help="Colour theme, such as textual-light or nord.")
def command(name_or_file: str, fps: int | None, theme: str | None) -> None:
    if not _is_terminal():
        from bptui.cli.run import run

        experiment = load_preset(name_or_file)
        click.echo(
            f"bptui: no terminal to open the app in; this is `bptui run {name_or_file}`", err=True
        )
        run(experiment)
        return
    if os.environ.get("TERM") == "dumb":
        raise Unusable(
            "this terminal (TERM=dumb) cannot show the app; "
            f"`bptui run {name_or_file}` prints the numbers instead"
        )
    if name_or_file == STDIN:
        raise Unusable("the app needs standard input for the keys; give it a file instead of -")
    experiment = load_preset(name_or_file)
    from bptui.app.launch import launch

    launch(experiment, fps=fps, theme=theme)


def _is_terminal() -> bool:
    return all(stream is not None and stream.isatty() for stream in (sys.stdin, sys.stdout))
