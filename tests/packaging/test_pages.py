"""What the first page and the manual show and say is so: screens, commands, keys, names, links."""

import re
import shlex
from collections import Counter
from collections.abc import Iterator
from itertools import takewhile
from pathlib import Path
from urllib.parse import unquote

import click
import msgspec
import pytest
from click.testing import CliRunner

from bptui import COMMANDS as MODULES
from bptui.core.activations import ACTIVATIONS
from bptui.core.losses import LOSSES
from bptui.core.optimizers import OPTIMIZERS
from bptui.help import TOPICS
from bptui.presets.schema import TABLES, keys
from bptui.program import cli, open_app

from ..app.support import opened
from . import renew, walk_through

ROOT = Path(__file__).parents[2]
PAGES = {path: path.read_text(encoding="utf-8") for path in (ROOT / "bptui/help").glob("*.md")}
README = (ROOT / "README.md").read_text(encoding="utf-8")
TEXTS = PAGES | {ROOT / "README.md": README}
RENEW = "python -m tests.packaging.renew"
"""Lines of the first page."""
BLOCK = re.compile(r"^```(\S*)[^\n]*\n(.*?)^```$", re.MULTILINE | re.DOTALL)
LINK = re.compile(r"\]\(([^)]+)\)")
SHELLS = ("sh", "console")
ENDS = {"|", ">", "<", "&&", ";", "#", ")"}
"""What ends a command for the program that reads its arguments."""


def page(topic: str) -> str:
    return PAGES[ROOT / "bptui" / "help" / f"{topic}.md"]


def code(*languages: str) -> list[str]:
    found = (each for text in TEXTS.values() for each in BLOCK.findall(text))
    return [text for language, text in found if language in languages]


def table(text: str, heading: str) -> list[list[str]]:
    """The cells of the first table after ``heading``, without its head."""
    rest = f"\n{text}".split(f"\n{heading}\n", 1)[1].splitlines()
    lines = rest[next(at for at, line in enumerate(rest) if line.startswith("|")) :]
    rows = list(takewhile(lambda line: line.startswith("|"), lines))[2:]
    return [[cell.strip() for cell in re.split(r"(?<!\\)\|", row)[1:-1]] for row in rows]


def spans(text: str) -> list[str]:
    """What stands between backticks."""
    return re.findall(r"`([^`]+)`", text)


def commands() -> Iterator[str]:
    """Every command line of bptui in blocks and in the text."""
    for line in "\n".join(code(*SHELLS)).splitlines():
        yield from re.findall(r"(?:^|\$ |&& |<\(|bin/)(bptui\b[^)]*)", line)
    for text in TEXTS.values():
        yield from (span for span in spans(BLOCK.sub("", text)) if re.match(r"bptui( |$)", span))


def test_every_topic_has_a_page_and_the_first_page_leads_to_it() -> None:
    assert {path.stem for path in PAGES} == set(TOPICS)
    assert all(text.startswith("# ") for text in PAGES.values())
    assert {f"bptui/help/{topic}.md" for topic in TOPICS} <= set(LINK.findall(README))


def test_nothing_is_told_twice() -> None:
    told = Counter(
        sentence
        for text in TEXTS.values()
        for paragraph in BLOCK.sub("", text).split("\n\n")
        for sentence in re.split(r"(?<=[.:;])\s", paragraph)
        if len(sentence) > 40
    )
    assert [sentence for sentence, times in told.items() if times > 1] == []


@pytest.mark.parametrize("line", sorted(set(commands())))
def test_every_command_exists_with_its_options(line: str) -> None:
    words = shlex.split(line.replace("\\|", "|"), comments=True)[1:]
    arguments = [*takewhile(lambda word: word not in ENDS, words)]
    command: click.Command | None = open_app
    if arguments and arguments[0] in MODULES:
        command = cli.get_command(click.Context(cli), arguments.pop(0))
    elif arguments and arguments[0] in ("--help", "--version", "COMMAND"):
        return
    with click.Context(command, resilient_parsing=True) as context:
        parser = command.make_parser(context)
        parser.allow_interspersed_args = True
        values, rest, _ = parser.parse_args(arguments)
    assert not rest
    for each in command.params:
        value = values.get(each.name or "")
        if isinstance(each.type, click.Choice) and isinstance(value, str):
            assert value in (*each.type.choices, each.metavar)


@pytest.mark.parametrize("block", code("console"), ids=lambda block: "-".join(block.split()[2:4]))
def test_what_a_command_prints(block: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A line ``...`` stands for any number of lines."""
    monkeypatch.chdir(tmp_path)
    for text in code("python"):
        if text.startswith("# my_"):
            name = text.partition("\n")[0].removeprefix("# ")
            (tmp_path / name).write_text(text, encoding="utf-8")
    line, expected = block.split("\n", 1)
    result = CliRunner().invoke(cli, shlex.split(line.removeprefix("$ bptui ")))
    parts = [re.escape(part) for part in re.split(r"^\.\.\.\n", expected, flags=re.MULTILINE)]
    assert re.fullmatch(r"(?:.*\n)*?".join(parts), result.stdout), result.output


async def test_the_first_session() -> None:
    screens = walk_through.blocks(page("first-steps"))
    assert len(screens) > 3
    async with opened("article", walk_through.SIZE) as session:
        for keys, screen in screens:
            await walk_through.play(session, keys)
            await session.until(
                lambda: walk_through.shown(session) == screen,  # noqa: B023  used up at once
                f"the page's screen after {keys!r}; {RENEW} records what there is now",
            )


@pytest.mark.parametrize(("topic", "heading"), renew.tables())
def test_a_table_is_what_the_program_knows(topic: str, heading: str) -> None:
    text, rows = page(topic), renew.tables()[topic, heading]
    assert len(table(text, heading)) == len(rows)
    assert text == renew.with_table(text, heading, rows), f"{RENEW} writes the table"


@pytest.mark.parametrize("path", sorted(TEXTS), ids=lambda path: path.stem)
def test_links_lead_somewhere(path: Path) -> None:
    for link in LINK.findall(BLOCK.sub("", TEXTS[path])):
        if not link.startswith("https://"):
            assert (path.parent / unquote(link)).exists(), link


def test_every_key_of_a_preset_is_named() -> None:
    told = {
        span.rpartition(".")[2]
        for row in table(page("presets"), "## All keys")
        for cell in row[:2]
        for span in spans(cell)
    }
    for part in TABLES:
        assert {*keys(part)} - {*TABLES} <= told


def test_defaults_of_a_preset() -> None:
    defaults = {row[0]: row[2] for row in table(page("presets"), "## All keys")}
    for part, struct in TABLES.items():
        for field in msgspec.structs.fields(struct):
            row = f"`{part}.{field.name}`"
            if row in defaults and isinstance(field.default, str | bool):
                assert spans(defaults[row])[:1] == [str(field.default).replace("True", "true")]


def test_every_function_is_in_the_manual() -> None:
    page = (renew.PAGES / "presets.md").read_text(encoding="utf-8")
    for name in (*ACTIVATIONS, *LOSSES, *OPTIMIZERS):
        assert f"`{name}`" in page, name
