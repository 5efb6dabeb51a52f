"""``bptui list``: the shipped presets, or the user's own."""

from __future__ import annotations

import math
import shutil
import sys
from typing import TYPE_CHECKING

import click

from bptui.cli.common import Unusable, format_option, opened, write_json

if TYPE_CHECKING:
    from bptui.presets.own import PresetEntry

FORMATS = ("text", "json")
SCHEMA = 1


@click.command(
    "list",
    short_help="List the shipped presets, or your own.",
    help="""List the shipped presets, or your own: name, network, and one line about each.

\b
Examples:
  bptui list
  bptui list | grep softmax
  bptui list --own
  bptui list --format json | jq -r '.presets[].name'

\b
Exit codes: 0 fine; 2 unusable arguments.
""",
)
@click.option("--own", is_flag=True, help="List your own presets, saved in the app by name.")
@format_option(FORMATS)
def command(own: bool, form: str) -> None:
    from rich.cells import cell_len, set_cell_size

    from bptui.presets import PresetError
    from bptui.presets.folders import own_folder
    from bptui.presets.own import own_presets, shipped
    from bptui.presets.save import shown_path

    try:
        presets = own_presets() if own else shipped()
    except PresetError as error:
        raise Unusable(str(error)) from None
    if not presets:
        click.echo(f"bptui: no presets in {shown_path(own_folder())}", err=True)
    if form == "json":
        write_json({"schema": SCHEMA, "presets": [_record(entry) for entry in presets]})
        return
    rows = [
        (each.name, each.network, " ".join(filter(None, [each.note, _about(each)])))
        for each in presets
    ]
    names, networks = (max((cell_len(row[at]) for row in rows), default=0) for at in (0, 1))
    # a terminal would break a long line in the middle of a word; files and pipes get all of it
    to_terminal = sys.stdout is not None and sys.stdout.isatty()
    width = shutil.get_terminal_size().columns if to_terminal else math.inf
    with opened(None) as stream:
        for name, network, summary in rows:
            line = f"{set_cell_size(name, names)}  {set_cell_size(network, networks)}  {summary}"
            if cell_len(line) > width:
                line = set_cell_size(line, int(width))
            stream.write(f"{line}\n")


def _record(entry: PresetEntry) -> dict[str, object]:
    return {
        "name": entry.name,
        "file": str(entry.file),
        "title": entry.title,
        "network": entry.network or None,
        "description": entry.description,
        "source": entry.source or None,
        "mistakes": entry.mistakes,
        "unusable": entry.wrong or None,
        "note": entry.note or None,
    }


def _about(entry: PresetEntry) -> str:
    return f"unusable: {entry.wrong}" if entry.wrong else entry.summary
