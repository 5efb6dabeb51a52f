"""A page as text: wrapped by rich, which the app and the shell show alike."""

from __future__ import annotations

import re
from typing import ClassVar

from rich.console import Console, ConsoleOptions, RenderResult
from rich.markdown import CodeBlock, Heading, Markdown, TableElement
from rich.table import Table
from rich.text import Text
from rich.theme import Theme

INDENT = "    "
"""Before code; a screen, which is as wide as one, has none."""
BOLD = ("h1", "h2", "h3", "code", "strong", "table.header")
DIM = ("link", "link_url", "item.number", "item.bullet", "table.border")
STYLES = Theme(
    {f"markdown.{part}": "bold" for part in BOLD} | {f"markdown.{part}": "dim" for part in DIM}
)
"""No colours: every terminal has these."""
LINK = re.compile(r"\[([^\]]+)\]\(([\w-]+)\.md\)")
"""A link to another page."""
BLOCK = re.compile(r"(^```.*?^```$)", re.MULTILINE | re.DOTALL)
SPAN = re.compile(r"`[^`\n]+`")


class Title(Heading):
    """At the left, all of them."""

    LEVEL_ALIGN: ClassVar = {}


class Block(CodeBlock):
    """Code in its own lines, however long they are."""

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        indent = "" if self.lexer_name == "screen" else INDENT
        lines = (f"{indent}{line}" for line in str(self.text).splitlines())
        yield Text("\n".join(lines), no_wrap=True, overflow="ignore")


class Rows(TableElement):
    """A table in which no word is cut off."""

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        for table in super().__rich_console__(console, options):
            if isinstance(table, Table):
                table.show_edge = False
                for column in table.columns:
                    column.overflow = "fold"
            yield table


class Page(Markdown):
    """What rich draws; a link to another page is the command that shows it."""

    elements: ClassVar = Markdown.elements | {
        "heading_open": Title,
        "fence": Block,
        "table_open": Rows,
    }

    def __init__(self, source: str, backticks: bool = False) -> None:
        """``backticks`` stay around code where no style can take their place."""
        source = LINK.sub(r"\1 (`bptui help \2`)", source)
        if backticks:
            source = "".join(
                part if part.startswith("```") else SPAN.sub(r"`` \g<0> ``", part)
                for part in BLOCK.split(source)
            )
        super().__init__(source, hyperlinks=False)

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        with console.use_theme(STYLES):
            yield from super().__rich_console__(console, options)


def rendered(source: str, width: int, styled: bool = False) -> str:
    """The page as lines of ``width``; code keeps its lines, however long they are."""
    console = Console(
        width=width,
        force_terminal=styled,
        color_system="standard" if styled else None,
        legacy_windows=False,
    )
    with console.capture() as capture:
        console.print(Page(source, backticks=not styled), crop=False)
    lines = (line.rstrip() for line in capture.get().strip("\n").splitlines())
    return "".join(f"{line}\n" for line in lines)
