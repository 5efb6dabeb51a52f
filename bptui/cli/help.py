"""``bptui help``: the manual's pages, in the terminal."""

from __future__ import annotations

import os
import re
import shutil
import sys
from difflib import get_close_matches
from typing import TYPE_CHECKING, ClassVar

import click

from bptui.cli.commands import COMMANDS, shows_the_app
from bptui.cli.errors import Unusable
from bptui.cli.output import opened
from bptui.help import TOPICS, page, title_of

if TYPE_CHECKING:
    from click import Context, Parameter
    from rich.console import Console, ConsoleOptions, RenderResult
    from rich.markdown import Markdown

WIDTH = 80
"""Columns where there is no terminal."""
INDENT = "    "
"""Before code; a screen, which is as wide as one, has none."""
PAGER = "-FRSX"
"""What less is told: to end after a short page, show colours, and cut what is too wide."""
LINK = re.compile(r"\[([^\]]+)\]\(([\w-]+)\.md\)")
"""A link to another page."""
STYLES = dict.fromkeys(("h1", "h2", "h3", "code", "strong", "table.header"), "bold")
STYLES |= dict.fromkeys(("link", "link_url", "item.number", "item.bullet", "table.border"), "dim")
BLOCK = re.compile(r"(^```.*?^```$)", re.MULTILINE | re.DOTALL)
SPAN = re.compile(r"`[^`\n]+`")


def topics(context: Context, parameter: Parameter, incomplete: str) -> list[str]:
    """The topics that begin so, for a shell to complete."""
    return [topic for topic in TOPICS if topic.startswith(incomplete)]


@click.command(
    "help",
    short_help="The manual, a page a topic.",
    help="""Show the manual's page about TOPIC, or the list of topics; the name of a command shows
what `bptui COMMAND --help` does.

\b
Examples:
  bptui help
  bptui help first-steps
  bptui help presets | grep momentum

A page is shown in a pager where it is longer than the terminal (PAGER names another than less).

\b
Exit codes: 0 fine; 2 there is no such page.
""",
)
@click.argument("topic", required=False, metavar="[TOPIC]", shell_complete=topics)
@click.pass_context
def command(context: click.Context, topic: str | None) -> None:
    if topic is None:
        widest = max(map(len, TOPICS))
        lines = [f"  {each:{widest}}  {title_of(each)}\n" for each in TOPICS]
        _write("".join(["bptui help TOPIC shows one of these pages:\n\n", *lines]))
    elif topic in TOPICS:
        _show(page(topic))
    elif topic in COMMANDS:
        group = context.find_root()
        assert isinstance(group.command, click.Group)
        found = group.command.get_command(group, topic)
        assert found is not None
        with click.Context(found, info_name=topic, parent=group) as asked:
            _write(f"{found.get_help(asked)}\n")
    else:
        close = get_close_matches(topic, [*TOPICS, *COMMANDS], n=1, cutoff=0.5)
        hint = f"did you mean {close[0]}?" if close else "`bptui help` lists them"
        raise Unusable(f"no page about {topic!r}: {hint}")


def _write(text: str) -> None:
    with opened(None) as stream:
        stream.write(text)


def _show(source: str) -> None:
    """Write a page as text, as wide as the terminal, and there in its pager."""
    out = sys.stdout
    if out is None or not out.isatty() or not shows_the_app(os.environ.get("TERM", "")):
        _write(rendered(source, WIDTH))
        return
    text = rendered(source, shutil.get_terminal_size().columns, styled=True)
    os.environ.setdefault("LESS", PAGER)
    click.echo_via_pager(text.encode(out.encoding, out.errors or "replace").decode(out.encoding))


def rendered(source: str, width: int, styled: bool = False) -> str:
    """Markdown as text, ``width`` wide; blocks of code keep their lines.

    Styles are bold and dim, which every terminal has; without them code in the text keeps its
    backticks.
    """
    from rich.console import Console
    from rich.theme import Theme

    source = LINK.sub(r"\1 (`bptui help \2`)", source)
    if not styled:
        source = "".join(
            part if part.startswith("```") else SPAN.sub(r"`` \g<0> ``", part)
            for part in BLOCK.split(source)
        )
    console = Console(
        width=width,
        force_terminal=styled,
        color_system="standard" if styled else None,
        theme=Theme({f"markdown.{part}": style for part, style in STYLES.items()}),
        legacy_windows=False,
    )
    with console.capture() as capture:
        console.print(_page(source), crop=False)
    lines = (line.rstrip() for line in capture.get().strip("\n").splitlines())
    return "".join(f"{line}\n" for line in lines)


def _page(source: str) -> Markdown:
    """For rich, with titles at the left, code in lines as it stands, and no word of a table cut."""
    from rich.markdown import CodeBlock, Heading, Markdown, TableElement
    from rich.table import Table
    from rich.text import Text

    class Title(Heading):
        LEVEL_ALIGN: ClassVar = {}

    class Block(CodeBlock):
        def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
            indent = "" if self.lexer_name == "screen" else INDENT
            lines = (f"{indent}{line}" for line in str(self.text).splitlines())
            yield Text("\n".join(lines), no_wrap=True, overflow="ignore")

    class Rows(TableElement):
        def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
            for table in super().__rich_console__(console, options):
                if isinstance(table, Table):
                    table.show_edge = False
                    for column in table.columns:
                        column.overflow = "fold"
                yield table

    class Page(Markdown):
        elements: ClassVar = Markdown.elements | {
            "heading_open": Title,
            "fence": Block,
            "table_open": Rows,
        }

    return Page(source, hyperlinks=False)
