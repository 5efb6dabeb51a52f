"""``bptui list``: the shipped presets, or the user's own."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from bptui.cli.common import as_json, format_option, write

if TYPE_CHECKING:
    from bptui.presets.own import PresetEntry

SCHEMA = 1


@click.command("list", short_help="List the shipped presets, or your own.")
@click.option("--own", is_flag=True, help="List your own presets, saved in the app by name.")
@format_option()
def command(own: bool, form: str) -> None:
    """List the shipped presets, or your own: name, network, and one line about each.

    \b
    Examples:
      bptui list
      bptui list | grep softmax
      bptui list --own
      bptui list --format json | jq -r '.presets[].name'

    \b
    Exit codes: 0 fine; 2 unusable arguments.
    """
    from rich.cells import cell_len, set_cell_size

    from bptui.presets.folders import own_folder
    from bptui.presets.own import own_presets, shipped
    from bptui.presets.save import shown_path

    presets = own_presets() if own else shipped()
    if not presets:
        click.echo(f"bptui: no presets in {shown_path(own_folder())}", err=True)
    if form == "json":
        write(as_json({"schema": SCHEMA, "presets": [_record(entry) for entry in presets]}))
        return
    widest = [
        max((cell_len(text) for text in column), default=0)
        for column in ([each.name for each in presets], [each.network for each in presets])
    ]
    for each in presets:
        about = f"unusable: {each.wrong}" if each.wrong else each.summary
        columns = map(set_cell_size, (each.name, each.network), widest)
        write("  ".join([*columns, " ".join(filter(None, [each.note, about]))]) + "\n")


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
