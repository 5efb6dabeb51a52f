"""Renew what the manual shows of the program: ``python -m tests.packaging.renew``.

These are the screens of the first session, the tables of commands, options, presets and mistakes,
and the first page's picture.
"""

import asyncio
import re
from collections.abc import Iterable
from pathlib import Path

import click

from bptui import COMMANDS
from bptui.core.mistakes import MISTAKES
from bptui.presets.own import shipped
from bptui.program import cli, open_app

from . import picture, walk_through

PAGES = Path(__file__).parents[2] / "bptui" / "help"
FIRST_STEPS = PAGES / "first-steps.md"
PICTURE = Path(__file__).with_name("bptui.svg")
BAR = r"\|"
"""A bar within a cell of a table."""


def tables() -> dict[tuple[str, str], list[tuple[str, ...]]]:
    """The rows of the tables that the program knows, by page and by the heading before them."""
    with click.Context(cli, info_name="bptui") as context:
        commands = [cli.get_command(context, name) for name in COMMANDS]
        options = [each for each in open_app.params if isinstance(each, click.Option)]
        rows = [("`bptui [PRESET]`", "Open the app; PRESET is `article` unless given.")]
        rows += [(_usage(each, context), each.short_help or "") for each in commands if each]
        records = [each.get_help_record(context) for each in options]
    return {
        ("commands", "# Commands, options, exit codes"): rows,
        ("commands", "## Options of the app"): [
            (f"`{option[0]}`", option[1]) for option in records if option
        ],
        ("presets", "# Presets and their files"): [
            (f"`{each.name}`", each.network, each.summary) for each in shipped()
        ],
        ("mistakes", "# Mistakes that training can make"): [
            (f"`{each.name}`", each.summary) for each in MISTAKES.values()
        ],
    }


def _usage(command: click.Command, context: click.Context) -> str:
    arguments = command.collect_usage_pieces(context)[1:]  # after the options
    return f"`{' '.join(['bptui', command.name or '', *arguments])}`"


def with_table(text: str, heading: str, rows: Iterable[tuple[str, ...]]) -> str:
    """``text`` with ``rows`` in the first table after ``heading``."""
    before, found, rest = f"\n{text}".partition(f"\n{heading}\n")
    lines = "".join(f"{_line(row)}\n" for row in rows)
    rest = re.sub(r"(\n\|(?: ---\ \|)+\n)(?:\|.*\n)*", lambda kept: kept[1] + lines, rest, count=1)
    return (before + found + rest)[1:]


def _line(row: Iterable[str]) -> str:
    return f"| {' | '.join(cell.replace('|', BAR) for cell in row)} |"


async def _renew() -> None:
    for (topic, heading), rows in tables().items():
        page = PAGES / f"{topic}.md"
        text = with_table(page.read_text(encoding="utf-8"), heading, rows)
        page.write_text(text, encoding="utf-8")
    text = FIRST_STEPS.read_text(encoding="utf-8")
    FIRST_STEPS.write_text(await walk_through.recorded(text), encoding="utf-8")
    PICTURE.write_text(await picture.recorded(), encoding="utf-8")


if __name__ == "__main__":
    asyncio.run(_renew())
