"""``bptui list``: the shipped presets."""

from __future__ import annotations

import shutil
import sys

import click

from bptui.cli.errors import Unusable
from bptui.cli.output import opened


@click.command(
    "list",
    short_help="The shipped presets.",
    help="""List the shipped presets: name, network, and a line about each.

\b
Examples:
  bptui list
  bptui list | grep softmax
""",
)
def command() -> None:
    from bptui.presets import PresetError, shipped

    try:
        presets = shipped()
    except PresetError as error:
        raise Unusable(str(error)) from None
    rows = [(each.name, each.network, each.summary) for each in presets]
    names, networks = (max((len(row[column]) for row in rows), default=0) for column in (0, 1))
    # a terminal would break a long line in the middle of a word; files and pipes get all of it
    to_terminal = sys.stdout is not None and sys.stdout.isatty()
    width = shutil.get_terminal_size().columns if to_terminal else None
    with opened(None) as stream:
        for name, network, summary in rows:
            stream.write(f"{name:{names}}  {network:{networks}}  {summary}"[:width] + "\n")
