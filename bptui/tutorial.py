"""``bptui tutorial``: the tour through one training step, in the app."""

from __future__ import annotations

import gc
import os
import sys

import click

from bptui.cli import DEFAULT_PRESET, in_terminal, shows_the_app
from bptui.cli.common import Unusable, load_preset
from bptui.program import is_served_here, refuse_unknown_theme


@click.command("tutorial", short_help="Learn backpropagation, step by step, in the app.")
@click.argument("stop", type=click.IntRange(min=1), default=1)
@click.option("--theme", metavar="NAME", help="Colour theme, such as bptui-light.")
@click.option("--ascii", "ascii_only", is_flag=True, help="Draw with ASCII characters only.")
def command(stop: int, theme: str | None, ascii_only: bool) -> None:
    """Take the tour: one training step of a small network, operation by operation.

    It says of each operation what it computes and why, and names the key that leads on. Then you
    change the experiment, stop at a breakpoint, find the mistake of a published program, and fix a
    program of your own. N goes back; esc, twice, leaves the tour. All you need is Python.

    STOP is where to begin, such as the stop that you left it at.

    \b
    Examples:
      bptui tutorial
      bptui tutorial 9
      bptui tutorial --theme bptui-light

    \b
    Exit codes: 0 fine; 2 no terminal to open the app in.
    """
    from bptui.app import launch
    from bptui.app.session.store import first_start
    from bptui.app.tour.stops import every_stop
    from bptui.terminal.capabilities import capabilities

    if stop > every_stop():
        raise Unusable(f"found stop {stop}; the tour has stops 1 to {every_stop()}")
    refuse_unknown_theme(theme)
    if not (is_served_here() or (in_terminal() and shows_the_app(os.environ.get("TERM", "")))):
        raise Unusable(
            "the tour needs a terminal; `bptui help first-steps` shows its first screens"
        )
    around = capabilities(os.environ, sys.stdout.encoding, theme=theme, ascii_only=ascii_only)
    first_start()  # who knows the tour is not offered it any more
    gc.disable()  # as the app does at every start
    raise click.exceptions.Exit(launch(load_preset(DEFAULT_PRESET), around, tour=stop - 1))
