"""``bptui help``: the manual's pages, in the terminal."""

from __future__ import annotations

import os
import shutil
import sys
from difflib import get_close_matches
from typing import TYPE_CHECKING

import click

from bptui import COMMANDS
from bptui.cli import shows_the_app
from bptui.cli.common import Unusable, write
from bptui.cli.completion import beginning
from bptui.help import TOPICS, page, title_of

if TYPE_CHECKING:
    from click import Context, Parameter

WIDTH = 80
"""Columns where there is no terminal."""
PAGER = "-FRSX"
"""What less is told: to end after a short page, show colours, and cut what is too wide."""


def topics(context: Context, parameter: Parameter, incomplete: str) -> list[str]:
    """Offer the topics that begin so."""
    return beginning(TOPICS, incomplete)


@click.command("help", short_help="Show the manual, one page per topic.")
@click.argument("topic", required=False, metavar="[TOPIC]", shell_complete=topics)
@click.pass_context
def command(context: click.Context, topic: str | None) -> None:
    """Show the manual page about TOPIC, or the list of topics; for the name of a command, show what
    `bptui COMMAND --help` shows.

    \b
    Examples:
      bptui help
      bptui help first-steps
      bptui help presets | grep momentum

    A page longer than the terminal opens in a pager: less, or the one that PAGER names.

    \b
    Exit codes: 0 fine; 2 no such page.
    """
    if topic is None:
        widest = max(map(len, TOPICS))
        lines = [f"  {name:{widest}}  {title_of(name)}\n" for name in TOPICS]
        write("".join(["bptui help TOPIC shows one of these pages:\n\n", *lines]))
    elif topic in TOPICS:
        _show(page(topic))
    elif topic in COMMANDS:
        group = context.find_root()
        assert isinstance(group.command, click.Group)
        found = group.command.get_command(group, topic)
        assert found is not None
        with click.Context(found, info_name=topic, parent=group) as asked:
            write(f"{found.get_help(asked)}\n")
    else:
        close = get_close_matches(topic, [*TOPICS, *COMMANDS], n=1, cutoff=0.5)
        hint = f"did you mean {close[0]}?" if close else "`bptui help` lists them"
        raise Unusable(f"no page about {topic!r}: {hint}")


def _show(source: str) -> None:
    """Write a page as text, as wide as the terminal, and there in its pager."""
    from bptui.help.text import rendered

    out = sys.stdout
    if out is None or not out.isatty() or not shows_the_app(os.environ.get("TERM", "")):
        write(rendered(source, WIDTH))
        return
    text = rendered(source, shutil.get_terminal_size().columns, styled=True)
    os.environ.setdefault("LESS", PAGER)
    click.echo_via_pager(text.encode(out.encoding, out.errors or "replace").decode(out.encoding))
